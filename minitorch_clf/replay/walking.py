"""What the recorder does while backward walks: each node that runs becomes an instruction."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minitorch_clf import walk
from minitorch_clf.replay.codes import code_of, line_of
from minitorch_clf.replay.program import Accumulate, Add, Backward, CannotReplay, Constant
from minitorch_clf.tape import FunctionNode, Meta
from minitorch_clf.tensor import AccumulateGrad, Tensor

if TYPE_CHECKING:
    from minitorch_clf.replay.recorder import Recorder


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
    if hooks is not None and (
        any(hooks.tensor.values()) or hooks.retain or hooks.pre or hooks.post
    ):
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
            raise CannotReplay(
                f"backward goes on into a graph made outside the step: {node.name()}"
            )
        return
    variable = getattr(node, "variable", None)
    if not isinstance(node, AccumulateGrad) or not isinstance(variable, Tensor):
        raise CannotReplay(f"{node.name()} is on the graph")
    hooks = variable._hooks
    if hooks is not None and (hooks.accumulated or hooks.gradient):
        raise CannotReplay("a hook sits on a leaf")


def on_pass_on(recorder: Recorder, frame: types.FrameType) -> None:
    """A node has run: the gradients of its inputs."""
    if recorder.node is None:
        return
    node, buffer = recorder.node
    recorder.node = None
    given = [None if g is None else recorder.slots[id(g)] for g in buffer]
    if isinstance(node, AccumulateGrad):
        variable: Any = node.variable
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
    if all(g is None for g in given) or not isinstance(node, FunctionNode):
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


WALK_HANDLERS: dict[tuple[types.CodeType, str], Callable[[Recorder, types.FrameType], None]] = {
    (code_of(walk.Walk.__init__), "call"): on_walk,
    (code_of(walk.Walk.pop), "return"): on_pop,
    (code_of(walk._run), "call"): on_run,
    (code_of(walk.Walk.pass_on), "call"): on_pass_on,
    (code_of(walk.Walk._add), "return"): on_add,
}
