"""linear, dropout and one_hot."""

from __future__ import annotations

import math

import numpy as np

from minitorch_clf import random
from minitorch_clf.nn.functional.checks import check_tensor
from minitorch_clf.tape import Array
from minitorch_clf.tensor import Tensor, wrap


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input @ weight.T + bias, in one step.

    input    (*, in_features)
    weight   (out_features, in_features)
    bias     (out_features,)
    returns  (*, out_features)

    RuntimeError  shapes or dtypes that do not fit

    >>> import minitorch_clf as torch
    >>> linear(torch.tensor([1.0, 2.0]), torch.tensor([[10.0, 1.0]]), torch.tensor([0.5]))
    tensor([12.5000])
    """
    check_tensor("linear", input)
    check_tensor("linear", weight, "weight", 2)
    if bias is not None and input.array.ndim == 2 and weight.array.ndim:  # nearly always
        return bias.addmm(input, weight.t())
    if input.dim() == 0 or weight.dim() == 0:
        raise RuntimeError(
            "both arguments to linear need to be at least 1D, but they are "
            f"{input.dim()}D and {weight.dim()}D"
        )
    if bias is None:
        return input.matmul(weight.t())
    if not input.is_contiguous():
        return input.matmul(weight.t()).add(bias)
    *lead, in_features = input.shape
    rows = input.view(math.prod(lead), in_features)
    return bias.addmm(rows, weight.t()).view(*lead, weight.size(0))


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """input with each element set to 0 with probability p, the others divided by 1 - p.

    The random stream is PyTorch's: the same seed drops the same elements. Outside training, and
    for p = 0, it is `input` itself.

    ValueError  "dropout probability has to be between 0 and 1, but got 1.5"

    >>> import minitorch_clf as torch
    >>> _ = torch.manual_seed(0)
    >>> dropout(torch.ones(6))
    tensor([0., 0., 2., 0., 0., 0.])
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    check_tensor("dropout", input)
    if p == 0 or not training or input.numel() == 0:
        return input
    if p == 1:
        noise = wrap(np.zeros((), input.array.dtype))
    elif not input.is_floating_point():
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {input.dtype.legacy}"
        )
    else:
        noise = wrap(_keep_or_drop(input, p))
    return input.mul_(noise) if inplace else input.mul(noise)


def _keep_or_drop(input: Tensor, p: float) -> Array:
    """0 with probability p, else 1 / (1 - p), drawn in the order in which input lies in memory."""
    noise: Array = np.empty_like(input.array, subok=False)
    noise[...] = random.laid_out_like(
        noise, lambda shape: random.bernoulli(random.default(), shape, 1 - p)
    )
    noise /= 1 - p
    return noise


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """Rows of zeros with a 1 at the class.   input: (*) int64 -> (*, num_classes) int64

    num_classes  -1: one more than the largest class in input

    RuntimeError  other dtypes; "Class values must be non-negative."; "Class values must be smaller
                  than num_classes."; nothing to infer num_classes from

    >>> import minitorch_clf as torch
    >>> one_hot(torch.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    check_tensor("one_hot", input, "tensor")
    classes = input.array
    if classes.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if classes.size == 0:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return wrap(np.zeros((*classes.shape, num_classes), np.int64))
    if classes.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = int(classes.max()) + 1
    elif num_classes <= classes.max():
        raise RuntimeError("Class values must be smaller than num_classes.")
    return wrap((classes[..., None] == np.arange(num_classes)).astype(np.int64))
