"""Watching one step run: what it computes becomes a Program, what cannot be repeated a reason.

The engine has no hooks for this. Python tells a profiler of every call on its thread, and the
recorder is one: it knows the few functions through which everything passes (HANDLERS: `apply`, the
walk, an optimizer's step) and notes what they were given and gave back. Everything else is either

  Python of the engine    harmless as long as it looks at shapes and dtypes only. A function that
                          reads `.array` in another way may look at values, and what Python
                          decides by a value cannot be repeated: unless VETTED says otherwise, the
                          step is not replayed. So are draws from a generator.
  Python of the user      may read variables, which `watch` then guards, and may call what is pure.
                          A call of anything else in C (print, time, random) ends the recording.

While a handled function runs, what it calls is its own business.
"""

from __future__ import annotations

import abc
import builtins
import contextlib
import dataclasses
import dis
import enum
import functools
import inspect
import sys
import threading
import types
import typing
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minitorch_clf import anomaly, walk
from minitorch_clf.autograd import functions as autograd
from minitorch_clf.dtypes import get_default_dtype
from minitorch_clf.grad_mode import grad_mode
from minitorch_clf.methods import gradient
from minitorch_clf.methods.history import HistoryMethods
from minitorch_clf.nn import Module
from minitorch_clf.replay import calls
from minitorch_clf.replay.program import (
    Accumulate,
    Add,
    Alias,
    Backward,
    Call,
    CannotReplay,
    Constant,
    Copy,
    Forward,
    Instruction,
    Live,
    LoadGrad,
    Program,
    Slot,
    Write,
)
from minitorch_clf.replay.watch import PACKAGE, is_engine
from minitorch_clf.tape import Context, FunctionNode, Meta, Node
from minitorch_clf.tensor import AccumulateGrad, Tensor, apply

REPLAY = str(Path(__file__).parent)


# --- what the recorder knows of the engine's functions ----------------------------------------------

METADATA = {"shape", "ndim", "dtype", "size", "flags", "strides", "nbytes", "itemsize"}


@functools.cache
def reads_array(code: types.CodeType) -> bool:
    """Whether the code uses `x.array` for more than its shape, dtype and the like."""
    steps = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "EXTENDED_ARG")]
    for step, after in zip(steps, [*steps[1:], steps[-1]], strict=True):
        if step.argval != "array":
            continue
        if step.opname == "STORE_ATTR":
            return True
        attribute = after.opname in ("LOAD_ATTR", "LOAD_METHOD") and after.argval in METADATA
        if step.opname == "LOAD_ATTR" and not attribute and not _is_function_of_numpy(step, steps):
            return True
    return False


def _is_function_of_numpy(step: dis.Instruction, steps: list[dis.Instruction]) -> bool:
    before = steps[max(steps.index(step) - 1, 0)]
    return before.opname == "LOAD_GLOBAL" and before.argval in ("np", "numpy")


def code_of(function: Any) -> types.CodeType:
    """The code of a function, a property's getter, or what a decorator wrapped."""
    function = getattr(function, "__func__", function)
    function = function.fget if isinstance(function, property) else function
    code: types.CodeType = function.__code__
    return code


PURE_OWNERS = (str, bytes, int, float, bool, tuple, list, dict, set, frozenset, slice, range, type)
PURE_MODULES = {"math", "_operator", "_functools", "itertools", "_struct"}
IMPURE_BUILTINS = {
    "print", "input", "open", "exec", "eval", "compile", "globals", "locals", "vars",
    "setattr", "delattr", "__import__", "breakpoint",
}  # fmt: skip
OPAQUE_NAMES = {"random", "environ", "getenv", "default_rng", "urandom", "now", "perf_counter"}


def is_pure(function: Any) -> bool:
    """Whether a function in C does nothing but compute from what it is given."""
    owner = getattr(function, "__self__", None)
    if owner is builtins:
        return function.__name__ not in IMPURE_BUILTINS
    if (getattr(function, "__module__", None) or "").partition(".")[0] == "numpy":
        return True  # not its random numbers: those give themselves away by their name
    if isinstance(owner, types.ModuleType):
        return owner.__name__ in PURE_MODULES
    if owner is None:
        kind = getattr(function, "__objclass__", None)
        return kind in PURE_OWNERS or (kind is not None and issubclass(kind, np.ndarray | dict))
    kind = owner if isinstance(owner, type) else type(owner)
    return issubclass(kind, (*PURE_OWNERS, np.ndarray, np.generic)) or kind is object


HARMLESS_FILES = {
    module.__file__ for module in (contextlib, functools, typing, enum, dataclasses, abc, warnings)
}
NUMPY = str(Path(np.__file__).parent)
"""Of Python and NumPy: what they keep to themselves is not the step's business."""


# --- the recorder -----------------------------------------------------------------------------------


class _Current(threading.local):
    """The recorder that watches this thread."""

    recorder: Recorder | None = None


current = _Current()


class Recorder:
    """One run of a step, watched.

    codes     the user's code that ran
    touched   variables whose gradient the step has set or cleared, by id
    entry     id of a variable -> (it, whether it had no gradient), where the step looked before that
    failure   the first reason why the run cannot be repeated
    """

    def __init__(self, arguments: list[Tensor]) -> None:
        self.instructions: list[Instruction] = []
        self.arguments: dict[int, Slot] = {}
        self.slots: dict[int, int] = {}
        for k, t in enumerate(arguments):
            self.arguments.setdefault(id(t), Slot(k))
            self.slots.setdefault(id(t.array), k)
        self.given = self.size = len(arguments)
        self.contexts: dict[int, int] = {}
        self.keep: list[Any] = [*arguments]  # ids stay taken while these live
        self.born: set[int] = set()
        self.lives: dict[int, tuple[int, Tensor]] = {}
        self.accumulated: list[Tensor] = []
        self.visited: set[int] = set()
        self.touched: set[int] = set()
        self.entry: dict[int, tuple[Tensor, bool]] = {}
        self.codes: dict[types.CodeType, dict[str, Any]] = {}
        self.selves: dict[int, Any] = {}
        self.failure: str | None = None
        self.handled: types.FrameType | None = None
        self.handler: Callable[..., None] | None = None
        self.walking: types.FrameType | None = None
        self.node: tuple[Node, list[Any]] | None = None
        self.retained = False

    # --- running ---

    def record(self, step: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """step(*args, **kwargs), watched."""
        outer, current.recorder = current.recorder, self
        before = (grad_mode.wanted, grad_mode.inference, get_default_dtype())
        sys.setprofile(self._event)
        try:
            return step(*args, **kwargs)
        finally:
            sys.setprofile(None)
            current.recorder = outer
            if (grad_mode.wanted, grad_mode.inference, get_default_dtype()) != before:
                self.fail("it leaves the grad mode or the default dtype changed")

    def program(self, result: Any) -> Program:
        """The program of a finished run that returned `result`."""
        returned = self._returned(result)
        if self.failure is not None:
            raise CannotReplay(self.failure)
        if any(isinstance(i, Write) and isinstance(i.target, Slot) for i in self.instructions):
            for instruction in self.instructions:
                if isinstance(instruction, Constant):
                    instruction.shared = False
        lives = list(self.lives.values())
        entry = list(self.entry.values())
        return Program(self.size, self.given, lives, self.instructions, returned, entry)

    def fail(self, reason: str, frame: types.FrameType | None = None) -> None:
        """Note why this run cannot be repeated; the first reason counts."""
        if self.failure is None:
            self.failure = reason + (f" ({line_of(frame)})" if frame is not None else "")

    # --- events ---

    def _event(self, frame: types.FrameType, event: str, arg: Any) -> None:
        if self.handled is not None:
            if frame is self.handled and event == "return":
                handler, self.handled, self.handler = self.handler, None, None
                if handler is not None:
                    self._guarded(handler, frame, arg)
            elif self.walking is not None:
                self._walk_event(frame, event)
            return
        code = frame.f_code
        if event == "call":
            known = HANDLERS.get(code)
            if known is not None:
                self.handled = frame
                self._guarded(known, self, frame)
            elif is_engine(code):
                if not code.co_filename.startswith(REPLAY):
                    self._engine_code(code, frame)
            elif self._is_users(code):
                self._user_code(code, frame)
        elif event == "c_call" and self._is_users(code) and not is_pure(arg):
            name = getattr(arg, "__qualname__", None) or repr(arg)
            self.fail(f"it calls {name}, which replay cannot repeat", frame)

    def _is_users(self, code: types.CodeType) -> bool:
        name = code.co_filename
        return not (is_engine(code) or name in HARMLESS_FILES or name.startswith(NUMPY))

    def _guarded(self, function: Callable[..., None], *args: Any) -> None:
        """Call a handler; an error in it must not become the step's."""
        try:
            function(*args)
        except CannotReplay as reason:
            self.fail(str(reason))
        except Exception as error:  # noqa: BLE001 - whatever it is, eager is right
            self.fail(f"the recorder does not understand it: {error!r}")

    def _engine_code(self, code: types.CodeType, frame: types.FrameType) -> None:
        if code is START:
            self.born.add(id(frame.f_locals["self"]))
            self.keep.append(frame.f_locals["self"])
        elif code in VETTED:
            allowed = VETTED[code]
            if allowed is not None and not allowed(frame.f_locals):
                self.fail(f"{code.co_name}() reads the values of a tensor", frame)
        elif code.co_filename in calls.SETTINGS:
            self.fail(f"it changes a setting with {code.co_name}()", frame)
        elif code.co_filename == calls.RANDOM_FILE and code not in calls.HARMLESS_RANDOM:
            self.fail(f"it draws random numbers through {code.co_name}()", frame)
        elif reads_array(code):
            self.fail(f"{code.co_name}() reads the values of a tensor", frame)
        if code.co_argcount and code.co_varnames[0] == "self":
            owner = frame.f_locals["self"]
            if code is MODULE_START:
                self.born.add(id(owner))
                self.keep.append(owner)
                self.selves.pop(id(owner), None)
            if id(owner) not in self.selves and id(owner) not in self.born:
                self.selves[id(owner)] = owner

    def _user_code(self, code: types.CodeType, frame: types.FrameType) -> None:
        if code not in self.codes:
            self.codes[code] = {n: frame.f_locals[n] for n in code.co_freevars if n in frame.f_locals}
            if reads_array(code):
                self.fail("it reads the .array of a tensor", frame)
            if code.co_flags & 0x0380:  # coroutines and async generators
                self.fail("it is asynchronous", frame)
            if any(i.opname in ("CHECK_EXC_MATCH", "CHECK_EG_MATCH") for i in dis.get_instructions(code)):
                self.fail("it catches errors, which a replay raises where they come up", frame)
            names = OPAQUE_NAMES.intersection(code.co_names)
            if names and not code.co_filename.startswith("<frozen"):
                self.fail(f"it uses {min(names)}, whose value replay cannot know", frame)

    def _walk_event(self, frame: types.FrameType, event: str) -> None:
        handler = WALK_HANDLERS.get((frame.f_code, event))
        if handler is not None:
            self._guarded(handler, self, frame)

    # --- slots ---

    def new_slot(self, array: Any) -> int:
        """A slot for `array`, or the one it has."""
        known = self.slots.get(id(array))
        if known is not None:
            return known
        self.slots[id(array)] = k = self.size
        self.keep.append(array)
        self.size += 1
        return k

    def slot_of(self, x: Tensor) -> int:
        """The slot that holds the value of `x`."""
        argument = self.arguments.get(id(x))
        if argument is not None:
            return argument.index
        if id(x) in self.lives:
            return self.lives[id(x)][0]
        if id(x.array) in self.slots:
            return self.slots[id(x.array)]
        for variable in self.accumulated:
            if variable._grad is x:
                out = self.size
                self.size += 1
                self.emit(LoadGrad(variable, out))
                return out
        k = self.new_slot(x.array)
        if id(x) in self.born:
            self.emit(Constant(x.array.copy(), k))
        else:
            self.lives[id(x)] = (k, x)
            self.keep.append(x)
        return k

    def reference(self, x: Any) -> Any:
        """An argument of an instruction: Slots in the place of Tensors and known arrays."""
        if isinstance(x, Tensor):
            return Slot(self.slot_of(x))
        if isinstance(x, np.ndarray):
            return Slot(self.slots[id(x)]) if id(x) in self.slots else x.copy()
        if type(x) in (tuple, list):
            return type(x)([self.reference(v) for v in x])
        return x

    def object(self, x: Any) -> Any:
        """An argument of a call: itself if it outlives the step, else a Slot."""
        if isinstance(x, Tensor):
            k = self.slot_of(x)
            return Live(x) if id(x) in self.lives else Slot(k)
        if type(x) in (tuple, list):
            return type(x)([self.object(v) for v in x])
        if isinstance(x, types.GeneratorType):
            raise CannotReplay("a generator was given to a function that replay calls again")
        return x

    def emit(self, instruction: Instruction) -> None:
        self.instructions.append(instruction)

    def _returned(self, result: Any) -> Any:
        if isinstance(result, Tensor):
            node = result._node
            if node is not None and id(node) not in self.visited:
                self.fail(
                    "it returns a tensor whose graph is not used up: call backward() in the step, "
                    "or run it under no_grad()"
                )
            if id(result) not in self.arguments and id(result) not in self.lives:
                for variable in self.accumulated:
                    if variable._grad is result:
                        return ("grad", Live(variable))
            return self.object(result)
        if type(result) in (tuple, list):
            return type(result)([self._returned(v) for v in result])
        if type(result) is dict:
            return {key: self._returned(v) for key, v in result.items()}
        if result is None or isinstance(result, (bool, int, float, str)):
            return result
        self.fail(f"it returns a {type(result).__name__}")
        return None


def line_of(frame: types.FrameType | None) -> str:
    """The user's line that a frame belongs to, as "train.py:12"."""
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    if frame is None:
        return "unknown line"
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


# --- handlers: called at entry, they leave what is to be done at the return in recorder.handler -----


def on_apply(recorder: Recorder, frame: types.FrameType) -> None:
    given = frame.f_locals
    op, options, line = given["op"], given["options"], line_of(frame)
    if grad_mode.pack_hooks or anomaly.mode.enabled:
        raise CannotReplay(f"hooks on saved tensors or anomaly mode are on ({line})")
    if op.__module__ not in calls.OPS or op.__name__ in calls.REFUSED_OPS:
        raise CannotReplay(f"{op.__name__} cannot be replayed ({line})")
    inputs = tuple([recorder.reference(x) for x in given["inputs"]])
    options = {key: recorder.reference(value) for key, value in options.items()}

    def done(frame: types.FrameType, result: Any) -> None:
        if result is None:
            raise CannotReplay(f"{op.__name__} raised an error ({line})")
        tensors = result if isinstance(result, tuple) else (result,)
        ctx: Context = frame.f_locals["ctx"]
        recorder.keep.append(ctx)
        recorder.contexts[id(ctx)] = context = recorder.size
        recorder.size += 1
        outs = tuple([recorder.new_slot(t.array) for t in tensors])
        metas = tuple([Meta(t.array.shape, t.array.dtype) for t in tensors])
        needs = ctx.needs_input_grad
        recorder.emit(Forward(op, inputs, options, needs, context, outs, metas, line))

    recorder.handler = done


def on_become(recorder: Recorder, frame: types.FrameType) -> None:
    target, result, line = frame.f_locals["self"], frame.f_locals["result"], line_of(frame)
    x = recorder.slot_of(result)
    k = recorder.slot_of(target)
    if result._node is not None or (target.requires_grad and grad_mode.enabled):
        raise CannotReplay(f"it writes in place into the graph ({line})")
    place = Live(target) if id(target) in recorder.lives else Slot(k)
    if id(target) in recorder.arguments:
        raise CannotReplay(f"it writes in place into an argument ({line})")
    recorder.emit(Write(place, x))


def on_detach(recorder: Recorder, frame: types.FrameType) -> None:
    x = recorder.slot_of(frame.f_locals["self"])

    def done(frame: types.FrameType, result: Any) -> None:  # noqa: ARG001
        recorder.emit(Alias(x, recorder.new_slot(result.array)))

    recorder.handler = done


def on_grad(recorder: Recorder, frame: types.FrameType) -> None:
    """autograd.grad: copies of what the walk inside it found."""
    recorder.walking = frame

    def done(frame: types.FrameType, result: Any) -> None:
        recorder.walking = None
        if result is None:
            raise CannotReplay("autograd.grad() raised an error")
        for array, t in zip(frame.f_locals["found"], result, strict=True):
            if t is None:
                continue
            if array is None:
                recorder.emit(Constant(t.array.copy(), recorder.new_slot(t.array)))
            else:
                x = recorder.slots[id(array)]
                recorder.emit(Copy(x, recorder.new_slot(t.array)))

    recorder.handler = done


def on_backward(recorder: Recorder, frame: types.FrameType) -> None:
    recorder.walking = frame

    def done(frame: types.FrameType, result: Any) -> None:  # noqa: ARG001
        recorder.walking = None

    recorder.handler = done


def on_call(function: Callable[..., Any]) -> Callable[[Recorder, types.FrameType], None]:
    """A handler that has `function` called again in a replay, as it was called here."""

    def handler(recorder: Recorder, frame: types.FrameType) -> None:
        again, args, kwargs = calls.arguments(function, frame)
        line = line_of(frame)
        late = calls.makes_lists(function)
        given = None if late else ([recorder.object(x) for x in args], objects(recorder, kwargs))

        def done(frame: types.FrameType, result: Any) -> None:
            _, now, named = calls.arguments(function, frame)
            what = given or ([recorder.object(x) for x in now], objects(recorder, named))
            results = result if isinstance(result, tuple) else (result,)
            outs = ()
            if isinstance(results[0], Tensor | np.ndarray):
                arrays = [r.array if isinstance(r, Tensor) else r for r in results]
                outs = tuple([recorder.new_slot(a) for a in arrays])
            recorder.emit(Call(again, tuple(what[0]), what[1], outs, line))
            recorder.touched |= calls.cleared(function, args, kwargs)

        recorder.handler = done

    return handler


def objects(recorder: Recorder, kwargs: dict[str, Any]) -> dict[str, Any]:
    return {key: recorder.object(x) for key, x in kwargs.items()}


def on_flag(recorder: Recorder, frame: types.FrameType) -> None:
    """requires_grad = ...: of a Tensor that the step made, no one else's business."""
    x = frame.f_locals["self"]
    if id(x) not in recorder.born and bool(frame.f_locals["mode"]) != x.requires_grad:
        if id(x.array) not in recorder.slots or id(x) in recorder.arguments:
            raise CannotReplay(f"it changes requires_grad ({line_of(frame)})")


def on_read_grad(recorder: Recorder, frame: types.FrameType) -> None:
    """x.grad: whether there is one may decide what the step does."""
    x = frame.f_locals["self"]
    if id(x) not in recorder.touched and id(x) not in recorder.born:
        recorder.entry.setdefault(id(x), (x, x._grad is None))
        recorder.keep.append(x)


def on_set_grad(recorder: Recorder, frame: types.FrameType) -> None:
    """x.grad = None can be repeated; another value comes from who knows where."""
    x = frame.f_locals["self"]
    if frame.f_locals.get("grad") is not None:
        raise CannotReplay(f"it assigns to .grad ({line_of(frame)})")
    recorder.slot_of(x)
    recorder.touched.add(id(x))
    recorder.emit(Call(calls.clear_grad, (recorder.object(x),), {}))


# --- the walk ---------------------------------------------------------------------------------------


def on_walk(recorder: Recorder, frame: types.FrameType) -> None:
    """A walk begins: where the gradients of its roots come from."""
    run: Any = frame.f_back
    upstream = run.f_back.f_locals["upstream"]
    recorder.retained = run.f_locals["retain_graph"]
    if run.f_locals["recorder"] is not None:
        raise CannotReplay(f"backward records a graph ({line_of(frame)})")
    for array, given in zip(frame.f_locals["grads"], upstream, strict=False):
        if array is None or id(array) in recorder.slots:
            continue
        if given is None:
            recorder.emit(Constant(array.copy(), recorder.new_slot(array)))
        elif given.array is array:
            recorder.slot_of(given)
        else:
            raise CannotReplay(f"backward() casts the gradient that it is given ({line_of(frame)})")


def on_pop(recorder: Recorder, frame: types.FrameType) -> None:
    """A node is about to run."""
    node = frame.f_locals.get("node")
    if node is None:
        return
    hooks = node.hooks
    if hooks is not None and (any(hooks.tensor.values()) or hooks.retain or hooks.pre or hooks.post):
        raise CannotReplay(f"a hook, or retain_grad(), sits on {node.name()}")
    recorder.keep.append(node)
    if not recorder.retained:
        recorder.visited.add(id(node))


def on_run(recorder: Recorder, frame: types.FrameType) -> None:
    """walk._run begins: a node, and the gradients of its outputs."""
    node, buffer = frame.f_locals["node"], frame.f_locals["buffer"]
    recorder.node = (node, list(buffer))
    if isinstance(node, FunctionNode):
        if id(node.ctx) not in recorder.contexts:
            raise CannotReplay(f"backward goes on into a graph made outside the step: {node.name()}")
    elif not isinstance(node, AccumulateGrad):
        raise CannotReplay(f"{node.name()} is on the graph")
    elif node.variable._hooks is not None and (
        node.variable._hooks.accumulated or node.variable._hooks.gradient
    ):
        raise CannotReplay("a hook sits on a leaf")


def on_pass_on(recorder: Recorder, frame: types.FrameType) -> None:
    """A node has run: the gradients of its inputs."""
    if recorder.node is None:
        return
    node, buffer = recorder.node
    recorder.node = None
    given = [None if g is None else recorder.slots[id(g)] for g in buffer]
    if isinstance(node, AccumulateGrad):
        variable = node.variable
        if given[0] is None:
            return
        recorder.slot_of(variable)
        if id(variable) not in recorder.lives:
            raise CannotReplay("a gradient collects in a tensor that the step made or was given")
        recorder.emit(Accumulate(variable, given[0]))
        recorder.touched.add(id(variable))
        if not any(v is variable for v in recorder.accumulated):
            recorder.accumulated.append(variable)
        return
    if all(g is None for g in given):
        return
    grads = frame.f_locals["grads"]
    outs = tuple([None if g is None else recorder.new_slot(g) for g in grads])
    metas = tuple([None if g is None else Meta(g.shape, g.dtype) for g in grads])
    fill = node.ctx.materialize_grads
    zeros = tuple(
        meta if g is None and fill else None for g, meta in zip(given, node.outputs, strict=True)
    )
    context = recorder.contexts[id(node.ctx)]
    recorder.emit(Backward(node.op, context, tuple(given), zeros, outs, metas))


def on_add(recorder: Recorder, frame: types.FrameType) -> None:
    """walk._add has ended: two gradients met, if there was an old one."""
    seen = frame.f_locals
    if seen.get("old") is not None:
        total = seen["buffer"][seen["output_nr"]]
        x, y = recorder.slots[id(seen["old"])], recorder.slots[id(seen["grad"])]
        recorder.emit(Add(x, y, recorder.new_slot(total)))


START = Tensor._start.__code__
MODULE_START = Module.__init__.__code__

HANDLERS: dict[types.CodeType, Callable[[Recorder, types.FrameType], None]] = {
    code_of(apply): on_apply,
    code_of(HistoryMethods._become): on_become,
    code_of(Tensor.detach): on_detach,
    code_of(Tensor.data): on_detach,
    Tensor.grad.fget.__code__: on_read_grad,
    Tensor.grad.fset.__code__: on_set_grad,
    Tensor.grad.fdel.__code__: on_set_grad,
    Tensor.requires_grad.fset.__code__: on_flag,
    code_of(autograd.grad): on_grad,
    code_of(gradient.backward): on_backward,
    calls.STEP: on_call(calls.step),
    **{code_of(f): on_call(f) for f in map(inspect.unwrap, calls.REPEATED)},
}

WALK_HANDLERS: dict[tuple[types.CodeType, str], Callable[[Recorder, types.FrameType], None]] = {
    (code_of(walk.Walk.__init__), "call"): on_walk,
    (code_of(walk.Walk.pop), "return"): on_pop,
    (code_of(walk._run), "call"): on_run,
    (code_of(walk.Walk.pass_on), "call"): on_pass_on,
    (code_of(walk.Walk._add), "return"): on_add,
}

VETTED: dict[types.CodeType, Callable[[dict[str, Any]], bool] | None] = {
    code_of(f): allowed for f, allowed in calls.VETTED
}
