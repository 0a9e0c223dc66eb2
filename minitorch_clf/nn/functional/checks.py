"""What several functions do before they compute: check, in PyTorch's words."""

from __future__ import annotations

import warnings
from itertools import zip_longest
from typing import Any

from minitorch_clf.functions.joins import broadcast_tensors
from minitorch_clf.grad_mode import is_grad_enabled
from minitorch_clf.tape import Function
from minitorch_clf.tensor import Tensor, apply


def run(op: type[Function], *inputs: Any, **options: Any) -> Tensor:
    """`apply`, for an op with one result."""
    result: Tensor = apply(op, *inputs, **options)
    return result


def check_tensor(name: str, value: object, argument: str = "input", position: int = 1) -> None:
    """Raise if `value` is no Tensor.

    TypeError  "relu(): argument 'input' (position 1) must be Tensor, not list"
    """
    if not isinstance(value, Tensor):
        raise TypeError(
            f"{name}(): argument '{argument}' (position {position}) must be Tensor, "
            f"not {type(value).__name__}"
        )


def refuse_gradient(function: str, **constants: Tensor | None) -> None:
    """RuntimeError  if one of `constants` requires grad: the function has no derivative for it."""
    for name, tensor in constants.items():
        if tensor is not None and tensor.requires_grad and is_grad_enabled():
            raise RuntimeError(
                f"The function '{function}' is not differentiable with respect to argument "
                f"'{name}'. This input cannot have requires_grad True."
            )


def check_reduction(
    reduction: str, size_average: bool | None = None, reduce: bool | None = None
) -> str:
    """The reduction asked for: "mean", "sum" or "none".

    size_average, reduce  the old spelling, which wins and warns

    ValueError  "foo is not a valid value for reduction"
    """
    if size_average is not None or reduce is not None:
        averages, reduces = size_average in (None, True), reduce in (None, True)
        reduction = ("mean" if averages else "sum") if reduces else "none"
        warnings.warn(
            "size_average and reduce args will be deprecated, please use "
            f"reduction='{reduction}' instead.",
            stacklevel=3,
        )
    if reduction == "elementwise_mean":
        warnings.warn(
            "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.",
            stacklevel=3,
        )
        return "mean"
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def broadcast(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """x and y, expanded to one shape.

    RuntimeError  "The size of tensor a (3) must match the size of tensor b (2) at non-singleton
                  dimension 1"
    """
    if x.shape == y.shape:
        return x, y
    dim = max(x.dim(), y.dim())
    for a, b in zip_longest(reversed(x.shape), reversed(y.shape), fillvalue=1):
        dim -= 1
        if a != b and 1 not in (a, b):
            raise RuntimeError(
                f"The size of tensor a ({a}) must match the size of tensor b ({b}) at "
                f"non-singleton dimension {dim}"
            )
    return broadcast_tensors(x, y)  # type: ignore[return-value]  # two in, two out
