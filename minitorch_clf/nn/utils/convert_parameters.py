"""All parameters of a model as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from minitorch_clf.functions.joins import cat
from minitorch_clf.nn.module import typename
from minitorch_clf.tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The values of all parameters, one after the other: (sum of numels,). Gradients flow through.

    >>> import minitorch_clf as torch
    >>> torch.nn.utils.parameters_to_vector(torch.nn.Linear(784, 128).parameters()).shape
    torch.Size([100480])
    """
    return cat([param.view(-1) for param in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Make the parameters' values slices of `vec`, in order; they share its memory.

    TypeError  "expected torch.Tensor, but got: ndarray"
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {typename(vec)}")
    start = 0
    for param in parameters:
        end = start + param.numel()
        param.data = vec[start:end].view_as(param).data
        start = end
