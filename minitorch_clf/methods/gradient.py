"""Asking for gradients: backward, hooks, retain_grad."""

from __future__ import annotations

import math
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from minitorch_clf import anomaly
from minitorch_clf.dtypes import Size
from minitorch_clf.grad_mode import grad_mode
from minitorch_clf.handles import RemovableHandle
from minitorch_clf.methods.base import Methods
from minitorch_clf.methods.graph import GradientEdge, on_gradient
from minitorch_clf.tape import Array, Edge, Hook, Meta, Recorder, hooks_of
from minitorch_clf.walk import run_backward

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


_hooks_lock = threading.Lock()


class LeafHooks:
    """What is called when a gradient arrives at a leaf, and after it was added to `grad`."""

    __slots__ = ("accumulated", "gradient")

    def __init__(self) -> None:
        self.gradient: OrderedDict[int, Hook] = OrderedDict()
        self.accumulated: OrderedDict[int, Callable[[Any], None]] = OrderedDict()


class GradientMethods(Methods):
    """backward() and what listens to it."""

    __slots__ = ()

    _recorder: ClassVar[Recorder]
    grad_fn: Any
    requires_grad: Any

    def accumulate_grad(self, grad: Array) -> None:
        raise NotImplementedError

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the gradient of this Tensor, times `gradient`, to the `grad` of every leaf behind it.

        gradient      1 if left out, which only a Tensor of one element allows
        retain_graph  keep saved values for another backward; defaults to create_graph
        create_graph  record the walk, so that gradients can be differentiated again
        inputs        collect into these leaves only
        """
        tensors: Any = (self,)
        backward(tensors, (gradient,), retain_graph, create_graph, inputs)

    def retain_grad(self) -> None:
        """Collect `grad` also here, though this Tensor is not a leaf."""
        node = self.grad_fn
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if node is None or self._retains_grad:
            return
        self._retains_grad = True
        kept = weakref.ref(self)

        def keep(grad: Array) -> None:
            tensor = kept()
            if tensor is not None:
                tensor.accumulate_grad(grad)

        hooks_of(node).retain[self._output_nr] = keep

    @property
    def retains_grad(self) -> bool:
        """Whether retain_grad() was called on a Tensor that is not a leaf."""
        return self._retains_grad

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook` with this Tensor's gradient whenever it is known; it may return another."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        node = self.grad_fn
        if node is not None:
            hooks = hooks_of(node).tensor.setdefault(self._output_nr, OrderedDict())
        else:
            hooks = self._leaf_hooks().gradient
            accumulator = None if self._accumulator is None else self._accumulator()
            if accumulator is not None:
                hooks_of(accumulator).tensor[0] = hooks
        handle = RemovableHandle(hooks)
        hooks[handle.id] = on_gradient(self._wrap, hook)
        return handle

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call `hook` with this leaf after backward has added to its `grad`."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self.grad_fn is not None:
            raise RuntimeError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors"
            )
        hooks = self._leaf_hooks().accumulated
        handle = RemovableHandle(hooks)
        hooks[handle.id] = hook
        return handle

    def _leaf_hooks(self) -> LeafHooks:
        with _hooks_lock:  # of several threads one makes it
            if self._hooks is None:
                self._hooks = LeafHooks()
            hooks: LeafHooks = self._hooks
            return hooks


# --- backward and grad ----------------------------------------------------------------------------


def backward(
    tensors: Sequence[Tensor],
    grad_tensors: Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """The walk from several Tensors at once: see Tensor.backward and autograd.backward."""
    upstream = [None] * len(tensors) if grad_tensors is None else list(grad_tensors)
    if inputs is not None:
        inputs = (inputs,) if isinstance(inputs, Methods | GradientEdge) else tuple(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        for t in inputs:
            if isinstance(t, GradientMethods):
                t.retain_grad()
            elif not isinstance(t, GradientEdge):
                raise RuntimeError(
                    f"all inputs have to be Tensors or GradientEdges, but got {type(t).__name__}"
                )
    walk(tensors, upstream, retain_graph, create_graph, inputs, accumulate=True)


def walk(
    tensors: Sequence[Any],
    upstream: Sequence[Tensor | None],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Sequence[Tensor] | None,
    *,
    accumulate: bool,
) -> list[Any]:
    """run_backward between Tensors, or edges: `upstream` are the gradients of `tensors`."""
    recorder = _recorder_of(tensors) if create_graph else None
    grads = [
        _upstream(k, t, g, recorder)
        for k, (t, g) in enumerate(zip(tensors, upstream, strict=False))
    ]
    if len(grads) < len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(grads)} gradients")
    roots = []
    for k, tensor in enumerate(tensors):
        if isinstance(tensor, GradientMethods) and not tensor.requires_grad:
            raise RuntimeError(
                f"element {k} of tensors does not require grad and does not have a grad_fn"
            )
        roots.append(edge_of(tensor))
    if anomaly.mode.enabled and anomaly.mode.check_nan:
        values = [getattr(tensor, "array", None) for tensor in tensors]
        anomaly.refuse_nan(values, [node for node, _ in roots])
    retain = create_graph if retain_graph is None else retain_graph
    before = grad_mode.wanted
    grad_mode.set(create_graph)
    try:
        return run_backward(
            roots,
            grads,
            retain_graph=retain,
            recorder=recorder,
            inputs=None if inputs is None else [edge_of(t) for t in inputs],
            accumulate=accumulate,
        )
    finally:
        grad_mode.set(before)


def _recorder_of(tensors: Sequence[Any]) -> Recorder | None:
    for tensor in tensors:
        owner: Any = tensor.node if isinstance(tensor, GradientEdge) else tensor
        recorder: Recorder = owner._recorder
        return recorder
    return None


def edge_of(tensor: Any) -> Edge:
    """Where the gradient of a Tensor, or of an edge itself, goes."""
    if isinstance(tensor, GradientEdge):
        return tensor.node, tensor.output_nr
    edge: Edge = tensor._edge()
    return edge


def meta_of(tensor: Any) -> Meta:
    """The shape and dtype of a Tensor, or of the gradient that passes an edge."""
    if isinstance(tensor, GradientEdge):
        return tensor.node.outputs[tensor.output_nr]
    return Meta(tensor.array.shape, tensor.array.dtype)


def _upstream(k: int, tensor: Any, grad: Any, recorder: Recorder | None) -> Array:
    shape, dtype = meta_of(tensor)
    if grad is None:
        if isinstance(tensor, GradientMethods) and not tensor.requires_grad:
            return None
        if math.prod(shape) != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        ones = np.empty(shape, dtype)
        ones.fill(1)
        return ones if recorder is None else recorder.constant(ones)
    if not isinstance(grad, Methods):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(grad).__name__}")
    if grad.array.shape != shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{k}] has a shape of {grad.shape} and output[{k}] has "
            f"a shape of {Size(shape)}."
        )
    if recorder is not None:
        return recorder.cast(grad, dtype)
    return grad.array.astype(dtype, copy=False)
