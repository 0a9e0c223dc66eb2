"""Asking for gradients: backward, hooks, retain_grad."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from minitorch_clf import tape
from minitorch_clf.grad_mode import set_grad_enabled
from minitorch_clf.handles import RemovableHandle
from minitorch_clf.methods.base import Methods
from minitorch_clf.tape import Array, Hook, Node

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor

# --- hooks ----------------------------------------------------------------------------------------

RETAIN = -1


def hooks_of(node: Node, output_nr: int) -> OrderedDict[int, Hook]:
    """The hooks on one output of a node."""
    if node.hooks is None:
        node.hooks = {}
    return node.hooks.setdefault(output_nr, OrderedDict())


class GradientMethods(Methods):
    """backward() and what listens to it."""

    __slots__ = ()

    _recorder: ClassVar[tape.Recorder]
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

        # after all other hooks of this output, so that it sees what they make of the gradient
        hooks_of(node, self._output_nr)[RETAIN] = keep

    @property
    def retains_grad(self) -> bool:
        """Whether retain_grad() was called on a Tensor that is not a leaf."""
        return self._retains_grad

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook` with this Tensor's gradient whenever it is known; it may return another."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")

        def on_arrays(grad: Array) -> Array | None:
            given: Any = grad if isinstance(grad, Methods) else self._wrap(grad)
            replaced = hook(given)
            if replaced is None:
                return None
            return replaced if isinstance(grad, Methods) else replaced.array

        node = self.grad_fn
        if node is not None:
            hooks = hooks_of(node, self._output_nr)
        else:
            if self._hooks is None:
                self._hooks = OrderedDict()
            hooks = self._hooks
            accumulator = None if self._accumulator is None else self._accumulator()
            if accumulator is not None:
                accumulator.hooks = {0: hooks}
        keep = hooks.pop(RETAIN, None)
        handle = RemovableHandle(hooks)
        hooks[handle.id] = on_arrays
        if keep is not None:
            hooks[RETAIN] = keep
        return handle


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
        return tape.run_backward(
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
