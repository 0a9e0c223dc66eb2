"""Asking for gradients: backward, hooks, retain_grad."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from minitorch_clf.grad_mode import set_grad_enabled
from minitorch_clf.handles import RemovableHandle
from minitorch_clf.methods.base import Methods
from minitorch_clf.methods.graph import on_gradient
from minitorch_clf.tape import Array, Hook, Recorder, hooks_of
from minitorch_clf.walk import run_backward

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor

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

    def register_post_accumulate_grad_hook(
        self, hook: Callable[[Tensor], None]
    ) -> RemovableHandle:
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
        inputs = (inputs,) if isinstance(inputs, Methods) else tuple(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward` cannot be empty.")
        if any(not t.is_leaf for t in inputs):
            raise NotImplementedError(
                "backward(inputs=...) is supported for leaf tensors; use autograd.grad for others"
            )
    walk(tensors, upstream, retain_graph, create_graph, inputs, accumulate=True)


def walk(
    tensors: Sequence[Tensor],
    upstream: Sequence[Tensor | None],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Sequence[Tensor] | None,
    *,
    accumulate: bool,
) -> list[Any]:
    """run_backward between Tensors: `upstream` are the gradients of `tensors`, None for ones."""
    grads = [_upstream(t, g, create_graph) for t, g in zip(tensors, upstream, strict=True)]
    roots = []
    for k, tensor in enumerate(tensors):
        if not tensor.requires_grad:
            raise RuntimeError(
                f"element {k} of tensors does not require grad and does not have a grad_fn"
            )
        roots.append(tensor._edge())
    retain = create_graph if retain_graph is None else retain_graph
    with set_grad_enabled(create_graph):
        return run_backward(
            roots,
            grads,
            retain_graph=retain,
            recorder=tensors[0]._recorder if create_graph else None,
            inputs=None if inputs is None else [t._edge() for t in inputs],
            accumulate=accumulate,
        )


def _upstream(tensor: Tensor, grad: Any, create_graph: bool) -> Array:
    if grad is None:
        if not tensor.requires_grad:
            return None
        if tensor.array.size != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        ones = np.ones_like(tensor.array)
        return tensor._wrap(ones) if create_graph else ones
    if not isinstance(grad, Methods):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(grad).__name__}")
    if grad.array.shape != tensor.array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of {grad.shape} and output[0] has a "
            f"shape of {tensor.shape}."
        )
    if create_graph:
        return grad._cast(tensor.dtype)
    return grad.array.astype(tensor.array.dtype, copy=False)
