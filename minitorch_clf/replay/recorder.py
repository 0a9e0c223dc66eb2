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

import dis
import gc
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch_clf.dtypes import get_default_dtype
from minitorch_clf.grad_mode import grad_mode
from minitorch_clf.replay import calls
from minitorch_clf.replay.codes import (
    HARMLESS_FILES,
    NUMPY,
    OPAQUE_NAMES,
    REPLAY,
    is_engine,
    is_pure,
    line_of,
    reads_array,
)
from minitorch_clf.replay.handlers import HANDLERS, MODULE_START, START, VETTED
from minitorch_clf.replay.program import (
    Accumulate,
    CannotReplay,
    Constant,
    Instruction,
    Live,
    LoadGrad,
    Program,
    Slot,
    Write,
)
from minitorch_clf.replay.walking import WALK_HANDLERS
from minitorch_clf.tape import Node
from minitorch_clf.tensor import Tensor


class _Current(threading.local):
    """The recorder that watches this thread."""

    recorder: Recorder | None = None


current = _Current()


class Recorder:
    """One run of a step, watched.

    codes     the user's code that ran
    touched   variables whose gradient the step has set or cleared, by id
    entry     id of a variable -> (it, whether it had no gradient), where the step looks at it
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
        self.codes: set[types.CodeType] = set()
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
        collects = gc.isenabled()
        gc.disable()  # what runs when garbage is collected is not the step's
        sys.setprofile(self._event)
        try:
            return step(*args, **kwargs)
        finally:
            sys.setprofile(None)
            if collects:
                gc.enable()
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
        in_order(self.instructions)
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
            self.codes.add(code)
            if reads_array(code):
                self.fail("it reads the .array of a tensor", frame)
            if code.co_flags & 0x0380:  # coroutines and async generators
                self.fail("it is asynchronous", frame)
            if any(
                i.opname in ("CHECK_EXC_MATCH", "CHECK_EG_MATCH")
                for i in dis.get_instructions(code)
            ):
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


def in_order(instructions: list[Instruction]) -> None:
    """Sort gradients that are collected one after the other: the walk's order among them varies."""
    start = 0
    for k, instruction in enumerate([*instructions, None]):
        if not isinstance(instruction, Accumulate):
            run = [i for i in instructions[start:k] if isinstance(i, Accumulate)]
            run.sort(key=lambda i: i.grad)
            instructions[start:k] = run
            start = k + 1
