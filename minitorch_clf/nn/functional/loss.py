"""Losses that compare input and target element by element.

reduction             "mean" and "sum" give a number, "none" one loss per element
size_average, reduce  the old spelling of it: deprecated, they warn
"""

from __future__ import annotations

import warnings

import numpy as np

from minitorch_clf.dtypes import promote_types
from minitorch_clf.methods.activation import require_float
from minitorch_clf.methods.shape import broadcast_shapes
from minitorch_clf.nn.functional.checks import broadcast, check_reduction, refuse_gradient, run
from minitorch_clf.ops import loss as ops
from minitorch_clf.tensor import Tensor

# --- distances ------------------------------------------------------------------------------------


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(input - target)**2.   input, target: one shape; another is broadcast, with a warning

    weight  same shape as input: multiplies the losses; their mean then divides by its sum

    >>> import minitorch_clf as torch
    >>> mse_loss(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 3.0]))
    tensor(5.)
    """
    _warn_about_sizes(input, target)
    if size_average is not None or reduce is not None:
        reduction = check_reduction(reduction, size_average, reduce)
    x, y = broadcast(input, target)
    if weight is not None:
        return _weighted((x - y).pow(2), input, weight, reduction)
    reduction = check_reduction(reduction)
    return run(ops.MseLoss, *_same_dtype("mse_cpu", x, y), reduction=reduction)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """abs(input - target); otherwise as mse_loss. The gradient at 0 is 0.

    >>> import minitorch_clf as torch
    >>> l1_loss(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 3.0]))
    tensor(2.)
    """
    _warn_about_sizes(input, target)
    if size_average is not None or reduce is not None:
        reduction = check_reduction(reduction, size_average, reduce)
    x, y = broadcast(input, target)
    if weight is not None:
        return _weighted((x - y).abs(), input, weight, reduction)
    return reduce_losses((x - y).abs(), check_reduction(reduction))


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """z - beta / 2 with z = abs(input - target), and z**2 / (2 * beta) where z < beta.

    RuntimeError  "smooth_l1_loss does not support negative values for beta."

    >>> import minitorch_clf as torch
    >>> smooth_l1_loss(torch.tensor([0.0, 0.0]), torch.tensor([0.5, 3.0]), reduction="none")
    tensor([0.1250, 2.5000])
    """
    _warn_about_sizes(input, target)
    reduction = check_reduction(reduction, size_average, reduce)
    x, y = broadcast(input, target)
    if beta == 0:
        return reduce_losses((x - y).abs(), reduction)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    x, y = _same_dtype("smooth_l1_cpu", x, y)
    return run(ops.SmoothL1Loss, x, y, reduction=reduction, beta=beta)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """delta * (z - delta / 2) with z = abs(input - target), and z**2 / 2 where z < delta.

    weight  same shape as input: multiplies the losses, whose mean still divides by their number

    RuntimeError  "huber_loss does not support non-positive values for delta."

    >>> import minitorch_clf as torch
    >>> huber_loss(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 3.0]), "none", delta=2.0)
    tensor([0.5000, 4.0000])
    """
    _warn_about_sizes(input, target)
    x, y = broadcast(input, target)
    x, y = require_float("huber_cpu", x), y._cast(x.dtype)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is None:
        reduction = check_reduction(reduction)
        return run(ops.HuberLoss, x, y, reduction=reduction, delta=delta)
    _check_weight(input, weight)
    losses = run(ops.HuberLoss, x, y, reduction="none", delta=delta) * weight
    return reduce_losses(losses, _weighted_reduction(reduction))


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """target * (log(target) - input), with input the log of a distribution; 0 where target is 0.

    reduction   also "batchmean", the sum divided by the first size; "mean" warns that it is not
    log_target  target is given as its log

    >>> import minitorch_clf as torch
    >>> p = torch.tensor([0.5, 0.5])
    >>> kl_div(p.log(), p, reduction="sum")
    tensor(0.)
    """
    if size_average is not None or reduce is not None:
        kind = check_reduction(reduction, size_average, reduce)
    else:
        if reduction == "mean":
            warnings.warn(
                "reduction: 'mean' divides the total loss by both the batch size and the support "
                "size.'batchmean' divides only by the batch size, and aligns with the KL div math "
                "definition.'mean' will be changed to behave the same as 'batchmean' in the next "
                "major release.",
                stacklevel=2,
            )
        kind = "sum" if reduction == "batchmean" else check_reduction(reduction)
    if not (input.is_floating_point() or target.is_floating_point()):
        raise RuntimeError("kl_div: Integral inputs not supported.")
    if log_target:
        losses = target.exp() * (target - input)
    else:
        losses = run(ops.Xlogy, target, target) - target * input
    total = reduce_losses(losses, kind)
    return total / input.size(0) if reduction == "batchmean" and input.dim() else total


# --- yes or no ------------------------------------------------------------------------------------


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-(target * log(input) + (1 - target) * log(1 - input)), the logs at least -100.

    input    any shape, probabilities
    target   the same shape and dtype, from 0 to 1
    weight   broadcasts to that shape: multiplies the losses; the mean divides by their number

    ValueError    "Using a target size (...) that is different to the input size (...) is
                  deprecated. Please ensure they have the same size."
    RuntimeError  "all elements of input should be between 0 and 1", and so for target

    >>> import minitorch_clf as torch
    >>> binary_cross_entropy(torch.tensor([0.5, 0.0]), torch.tensor([1.0, 1.0]), reduction="none")
    tensor([  0.6931, 100.0000])
    """
    reduction = check_reduction(reduction, size_average, reduce)
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size "
            f"({input.size()}) is deprecated. Please ensure they have the same size."
        )
    require_float("binary_cross_entropy", input)
    if target.dtype is not input.dtype:
        raise RuntimeError(f"Found dtype {target.dtype.legacy} but expected {input.dtype.legacy}")
    refuse_gradient("binary_cross_entropy", weight=weight)
    if weight is not None:
        weight = _fitting(input, weight.expand(broadcast_shapes(target.shape, weight.shape)))
    return run(ops.BinaryCrossEntropy, input, target, weight, reduction=reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """binary_cross_entropy(sigmoid(input), target), for logits of any size.

        (1 - target) * input - (1 + (pos_weight - 1) * target) * log(sigmoid(input))

    input       any shape, logits
    target      the same shape, from 0 to 1
    weight      broadcasts to that shape: multiplies the losses
    pos_weight  broadcasts too: multiplies the part of target only, to value recall over precision

    The mean divides by the number of losses, whatever the weights.

    ValueError  "Target size (...) must be the same as input size (...)"

    >>> import minitorch_clf as torch
    >>> logits, target = torch.tensor([0.0, -1000.0]), torch.tensor([1.0, 1.0])
    >>> binary_cross_entropy_with_logits(logits, target, reduction="none")
    tensor([6.9315e-01, 1.0000e+03])
    """
    reduction = check_reduction(reduction, size_average, reduce)
    if target.size() != input.size():
        raise ValueError(
            f"Target size ({target.size()}) must be the same as input size ({input.size()})"
        )
    require_float("log_sigmoid_cpu", input)
    if not target.is_floating_point():
        target - target  # a bool target raises here
        raise RuntimeError(
            f"result type {input.dtype.legacy} can't be cast to the desired output type "
            f"{target.dtype.legacy}"
        )
    refuse_gradient("binary_cross_entropy_with_logits", weight=weight, pos_weight=pos_weight)
    if weight is not None:
        broadcast(input, weight)
        weight = _fitting(target, weight)
    if pos_weight is not None:
        broadcast(pos_weight, target)
        pos_weight = _fitting(target, pos_weight)
    op = ops.BinaryCrossEntropyWithLogits
    return run(op, input, target, weight, pos_weight, reduction=reduction)


# --- helpers --------------------------------------------------------------------------------------


def _warn_about_sizes(input: Tensor, target: Tensor) -> None:
    if target.size() != input.size():
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size "
            f"({input.size()}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=3,
        )


def reduce_losses(losses: Tensor, reduction: str) -> Tensor:
    """The mean or the sum of `losses`, or themselves."""
    if reduction == "mean":
        return losses.mean()
    return losses.sum() if reduction == "sum" else losses


def _same_dtype(kernel: str, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """x and y in the dtype that holds both, which must be a floating one."""
    dtype = promote_types(x.dtype, y.dtype)
    x, y = x._cast(dtype), y._cast(dtype)
    return require_float(kernel, x), y


def _weighted(losses: Tensor, input: Tensor, weight: Tensor, reduction: str) -> Tensor:
    """losses * weight, reduced; the mean divides by the sum of the weights."""
    _check_weight(input, weight)
    losses = losses * weight
    if _weighted_reduction(reduction) == "mean":
        return losses.sum() / weight.sum()
    return reduce_losses(losses, reduction)


def _check_weight(input: Tensor, weight: Tensor) -> None:
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")


def _weighted_reduction(reduction: str) -> str:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'."
        )
    return reduction


def _fitting(x: Tensor, weight: Tensor) -> Tensor:
    """weight in the dtype of x; more dimensions than x has would make more losses than x has."""
    shape = np.broadcast_shapes(x.shape, weight.shape)
    if shape != x.shape:
        raise RuntimeError(
            f"output with shape {list(x.shape)} doesn't match the broadcast shape {list(shape)}"
        )
    return weight._cast(x.dtype)
