"""`backward` and `grad`: the walk over the tape from any Tensors to all leaves, or to some."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from minitorch_clf.methods.gradient import backward as _backward
from minitorch_clf.methods.gradient import meta_of, walk
from minitorch_clf.methods.graph import GradientEdge
from minitorch_clf.tensor import Tensor, wrap

__all__ = ["backward", "grad"]


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of `tensors`, each times its `grad_tensors`, to the leaves behind them."""
    if grad_variables is not None:
        warnings.warn(
            "`grad_variables` is deprecated. Use `grad_tensors` instead.",
            FutureWarning,
            stacklevel=2,
        )
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to "
                "`backward()`. Please only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    outputs = _sequence(tensors)
    upstream = None if grad_tensors is None else _sequence(grad_tensors)
    _backward(outputs, upstream, retain_graph, create_graph, inputs)


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """The gradients of `outputs`, summed with weights `grad_outputs`, with respect to `inputs`.

    allow_unused       None instead of an error for an input that no output depends on
    materialize_grads  zeros instead of that None
    create_graph       record the walk, so that the result can be differentiated again

    RuntimeError  "One of the differentiated Tensors does not require grad"; an unused input

    >>> import minitorch_clf as torch
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> (first,) = torch.autograd.grad(x**3, x, create_graph=True)
    >>> (second,) = torch.autograd.grad(first, x)
    >>> first.item(), second.item()
    (27.0, 18.0)
    """
    if is_grads_batched:
        raise NotImplementedError("grad: is_grads_batched=True is not supported")
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To "
            "accumulate gradient for other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    outputs, inputs = _sequence(outputs), _sequence(inputs)
    upstream: Sequence[Any] = (
        [None] * len(outputs) if grad_outputs is None else _sequence(grad_outputs)
    )
    if not inputs:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    for tensor in inputs:
        if not isinstance(tensor, GradientEdge) and not tensor.requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    found = walk(outputs, upstream, retain_graph, create_graph, inputs, accumulate=False)
    grads: list[Tensor | None] = []
    for k, (tensor, array) in enumerate(zip(inputs, found, strict=True)):
        if array is None and materialize_grads:
            grads.append(wrap(np.zeros(*meta_of(tensor))))
        elif array is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {k} appears to not have been used in the "
                "graph. Set allow_unused=True if this is the desired behavior."
            )
        elif array is None or isinstance(array, Tensor):
            grads.append(array)
        else:
            grads.append(wrap(np.array(array, order="C")))  # others may hold it too
    return tuple(cast("list[Tensor]", grads))  # None only for who asked for it with allow_unused


def _sequence(tensors: Any) -> tuple[Any, ...]:
    return (tensors,) if isinstance(tensors, Tensor | GradientEdge) else tuple(tensors)
