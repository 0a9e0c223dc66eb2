"""The walk that backward takes over the tape: newest ready node first, no recursion."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from typing import Any, TypeVar

import numpy as np

from minitorch_clf import anomaly
from minitorch_clf.tape import (
    ERRORS,
    QUIET,
    Array,
    Edge,
    Gradients,
    Hooks,
    Node,
    Recordable,
    Recorder,
)

R = TypeVar("R")


def run_backward(
    roots: Sequence[Edge],
    grads: Sequence[Array],
    *,
    retain_graph: bool = False,
    recorder: Recorder | None = None,
    inputs: Sequence[Edge] | None = None,
    accumulate: bool = True,
) -> list[Array | None]:
    """Carry `grads`, the gradients of `roots`, to the leaves: newest ready node first.

    A node is ready when every node that feeds it has run. Newest first is PyTorch's order, and so
    the floating-point sums of gradients that meet are PyTorch's too.

    recorder     not None under create_graph: gradients are Tensors and the walk records itself
    inputs       visit only what leads to these edges
    accumulate   whether leaves collect; if not, the gradients of `inputs` are returned
    """
    walk = Walk(roots, grads, inputs, accumulate=accumulate)
    captured: dict[Edge, Array | None] = dict.fromkeys(inputs or ())
    partial = inputs is not None
    outer, _current.walk = _current.walk, walk
    errors = ERRORS.set(QUIET)
    try:
        while walk.ready:
            node, buffer = walk.pop()
            if partial and not walk.visits(node):
                continue
            if node.hooks is not None:
                _run_tensor_hooks(node.hooks, buffer)
            if partial and node in walk.ends:
                for output_nr, grad in enumerate(buffer):
                    if (node, output_nr) in captured:
                        captured[node, output_nr] = grad
            if not partial or walk.runs(node):
                walk.pass_on(node, _run(node, buffer, recorder))
                if not retain_graph:
                    node.free()
    finally:
        ERRORS.reset(errors)
        _current.walk = outer
    return [captured[edge] for edge in inputs or ()]


def as_outside(function: Callable[..., R], *args: Any) -> R:
    """function(*args), user's code, with NumPy's warnings as they were before the walk."""
    walk = _current.walk
    if walk is None:
        return function(*args)
    errors = ERRORS.set(walk.errors)
    try:
        return function(*args)
    finally:
        ERRORS.reset(errors)


class _Current(threading.local):
    walk: Walk | None = None


_current = _Current()


def current_walk() -> Walk:
    """The walk that this thread is on: for hooks that ask what else it will visit."""
    if _current.walk is None:
        raise AssertionError("expected this hook to be called inside a backward call")
    return _current.walk


class Walk:
    """The state of one run_backward.

    waiting   node -> how many nodes that feed it have not run yet
    arrived   node -> the gradients of its outputs, as far as they have been summed
    ready     a heap of the nodes that wait for nobody, newest first
    ends      the nodes whose gradients are asked for
    wanted    the nodes that must run, None for all
    errors    what NumPy did about overflow and the like before
    """

    __slots__ = ("__weakref__", "arrived", "ends", "errors", "ready", "waiting", "wanted")

    def __init__(
        self,
        roots: Sequence[Edge],
        grads: Sequence[Array],
        inputs: Sequence[Edge] | None,
        *,
        accumulate: bool,
    ) -> None:
        self.errors = ERRORS.get()
        self.waiting = _count_consumers(roots)
        self.ends = {node for node, _ in inputs or ()}
        self.wanted = None if inputs is None else _leading_to(self.ends, self.waiting)
        if self.wanted is not None and accumulate:
            self.wanted |= self.ends
        self.arrived: dict[Node, list[Array | None]] = {}
        self.ready: list[tuple[float, int, Node]] = []
        for edge, grad in zip(roots, grads, strict=True):
            self._add(edge, grad)
        for node in self.arrived:
            if self.waiting[node] == 0:
                heappush(self.ready, (-node.sequence_nr, id(node), node))

    def runs(self, node: Node) -> bool:
        """Whether the gradients of the inputs of `node` are needed."""
        return self.wanted is None or node in self.wanted

    def visits(self, node: Node) -> bool:
        """Whether the gradients of the outputs of `node` are needed."""
        return node in self.waiting and (self.runs(node) or node in self.ends)

    def pop(self) -> tuple[Node, list[Array | None]]:
        """The newest ready node, and the gradients of its outputs."""
        node = heappop(self.ready)[2]
        return node, self.arrived.pop(node, None) or [None] * len(node.outputs)

    def pass_on(self, node: Node, grads: Gradients) -> None:
        """Hand the gradients of node's inputs to the nodes these came from."""
        waiting, arrived = self.waiting, self.arrived
        for edge, grad in zip(node.next_functions, grads):  # noqa: B905 - _run has compared
            successor = edge[0]
            if successor is None:
                continue
            if grad is not None:
                if successor not in arrived and len(successor.outputs) == 1:  # nearly always
                    arrived[successor] = [grad]
                else:
                    self._add(edge, grad)
            if waiting[successor] > 1:
                waiting[successor] -= 1
            else:
                heappush(self.ready, (-successor.sequence_nr, id(successor), successor))

    def _add(self, edge: Edge, grad: Array) -> None:
        node, output_nr = edge
        if node is not None:
            buffer = self.arrived.get(node)
            if buffer is None:
                buffer = self.arrived[node] = [None] * len(node.outputs)
            old = buffer[output_nr]
            buffer[output_nr] = grad if old is None else old + grad


def _count_consumers(roots: Iterable[Edge]) -> dict[Node, int]:
    """How many edges lead to each node that can be reached from the roots."""
    counts: dict[Node, int] = {node: 0 for node, _ in roots if node is not None}
    stack = list(counts)
    while stack:
        for successor, _ in stack.pop().next_functions:
            if successor is None:
                continue
            if successor in counts:
                counts[successor] += 1
            else:
                counts[successor] = 1
                stack.append(successor)
    return counts


def _leading_to(ends: set[Node | None], nodes: Iterable[Node]) -> set[Node | None]:
    """The nodes that must run so that gradients reach `ends`."""
    wanted: set[Node | None] = set()
    for node in sorted(nodes, key=lambda node: node.sequence_nr):  # older first: edges point back
        if any(n in wanted or n in ends for n, _ in node.next_functions):
            wanted.add(node)
    return wanted


# --- one node -------------------------------------------------------------------------------------


def _run(node: Node, buffer: list[Array | None], recorder: Recorder | None) -> Gradients:
    """The gradients of the inputs of `node`, checked, its hooks run around it."""
    hooks = node.hooks
    given: Gradients = buffer
    if hooks is not None:
        for pre in list(hooks.pre.values()):
            replaced = as_outside(pre, given)
            given = given if replaced is None else replaced
    if anomaly.mode.enabled:
        grads = anomaly.run(node, given, recorder)
    else:
        grads = node.run(given, recorder)
    if hooks is None and recorder is None and _fits(grads, node.next_functions):
        return grads
    grads = _conform(node, grads, recorder)
    if hooks is not None:
        for post in list(hooks.post.values()):
            replaced = as_outside(post, grads, given)
            grads = grads if replaced is None else replaced
    return grads


def _run_tensor_hooks(hooks: Hooks, buffer: list[Array | None]) -> None:
    for output_nr, functions in hooks.tensor.items():
        for function in list(functions.values()):
            grad = buffer[output_nr]
            if grad is not None:
                replaced = as_outside(function, grad)
                buffer[output_nr] = grad if replaced is None else replaced
    for output_nr, keep in hooks.retain.items():
        grad = buffer[output_nr]
        if grad is not None:
            keep(grad)


def _fits(grads: Gradients, edges: tuple[Edge, ...]) -> bool:
    """Whether _conform would change nothing that matters: so it is nearly always."""
    if len(grads) != len(edges):
        return False
    for grad, (successor, input_nr) in zip(grads, edges):  # noqa: B905 - of one length
        if grad is not None and successor is not None:
            shape, dtype = successor.outputs[input_nr]
            if type(grad) is not np.ndarray or grad.shape != shape or grad.dtype is not dtype:
                return False
    return True


def _conform(node: Node, grads: Gradients, recorder: Recorder | None) -> Gradients:
    """`grads` in the shapes and dtypes of the inputs they belong to, or an error naming the op."""
    if len(grads) != len(node.next_functions):
        raise RuntimeError(
            f"function {node.name()} returned an incorrect number of gradients "
            f"(expected {len(node.next_functions)}, got {len(grads)})"
        )
    conformed: list[Array | None] = []
    for k, (grad, edge) in enumerate(zip(grads, node.next_functions, strict=True)):
        successor, input_nr = edge
        if grad is None or successor is None:
            conformed.append(None)
            continue
        shape, dtype = successor.outputs[input_nr]
        if recorder is None:
            if type(grad) is not np.ndarray:
                grad = np.asarray(grad)  # a 0-d result of NumPy arithmetic is a scalar
            got_shape, got_dtype = grad.shape, grad.dtype
        else:
            grad = grad if isinstance(grad, Recordable) else recorder.constant(grad)
            got_shape, got_dtype = recorder.meta(grad)
        if got_shape != shape:
            raise RuntimeError(
                f"Function {node.name()} returned an invalid gradient at index {k} - got "
                f"{list(got_shape)} but expected shape compatible with {list(shape)}"
            )
        if got_dtype is not dtype and got_dtype != dtype:
            grad = np.asarray(grad, dtype) if recorder is None else recorder.cast(grad, dtype)
        conformed.append(grad)
    return conformed
