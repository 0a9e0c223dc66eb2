"""What the recorder does where the engine's few central functions are entered.

A handler sees the function's frame as it is entered. What there is to do when it returns, it leaves
in `recorder.handler`, which is called with the frame and the result.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf import anomaly
from minitorch_clf.autograd import functions as autograd
from minitorch_clf.grad_mode import grad_mode
from minitorch_clf.methods import gradient
from minitorch_clf.methods.history import HistoryMethods
from minitorch_clf.nn import Module
from minitorch_clf.replay import calls
from minitorch_clf.replay.codes import code_of, line_of
from minitorch_clf.replay.program import (
    Alias,
    Call,
    CannotReplay,
    Constant,
    Copy,
    Forward,
    Live,
    Slot,
    Write,
)
from minitorch_clf.tape import Context, Meta
from minitorch_clf.tensor import Tensor, apply

if TYPE_CHECKING:
    from minitorch_clf.replay.recorder import Recorder


def on_apply(recorder: Recorder, frame: types.FrameType) -> None:
    """An operation."""
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
    """A write in place, of a value that is on no graph."""
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
    """detach() and .data: the same memory under another name."""
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
    """backward(): what the walk inside it does is for walking.py."""
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
            outs: tuple[int, ...] = ()
            if isinstance(results[0], Tensor | np.ndarray):
                arrays = [r.array if isinstance(r, Tensor) else r for r in results]
                outs = tuple([recorder.new_slot(a) for a in arrays])
            recorder.emit(Call(again, tuple(what[0]), what[1], outs, line))
            recorder.touched |= calls.cleared(function, args, kwargs)

        recorder.handler = done

    return handler


def objects(recorder: Recorder, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments of a call."""
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


START = Tensor._start.__code__
MODULE_START = Module.__init__.__code__

HANDLERS: dict[types.CodeType, Callable[[Recorder, types.FrameType], None]] = {
    code_of(apply): on_apply,
    code_of(HistoryMethods._become): on_become,
    code_of(Tensor.detach): on_detach,
    code_of(Tensor.data): on_detach,
    code_of(Tensor.grad, "fget"): on_read_grad,
    code_of(Tensor.grad, "fset"): on_set_grad,
    code_of(Tensor.grad, "fdel"): on_set_grad,
    code_of(Tensor.requires_grad, "fset"): on_flag,
    code_of(autograd.grad): on_grad,
    code_of(gradient.backward): on_backward,
    calls.STEP: on_call(calls.step),
    **{code_of(f): on_call(f) for f in map(inspect.unwrap, calls.REPEATED)},
}

VETTED: dict[types.CodeType, Callable[[dict[str, Any]], bool] | None] = {
    code_of(f): allowed for f, allowed in calls.VETTED
}
