"""Losses whose target is a class, or a distribution over classes: nll_loss and cross_entropy."""

from __future__ import annotations

import math

import numpy as np

from minitorch_clf.methods.activation import require_float
from minitorch_clf.nn.functional.checks import check_reduction, check_tensor, refuse_gradient, run
from minitorch_clf.ops.loss import DivScalar, NllLoss, NllLoss2d
from minitorch_clf.tensor import Tensor


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-probability of the true class.

        loss[n] = -weight[target[n]] * input[n, target[n]]

    input         (N, C), (C,) or (N, C, d1, ...)  float, log-probabilities
    target        (N,), () or (N, d1, ...)  int64, 0 <= target < C
    weight        (C,)  of input's dtype; ones if None
    ignore_index  a target that counts for nothing
    returns       ()  the mean divides by the sum of the targets' weights: nan if there is none;
                  the shape of target if reduction="none"

    IndexError    "Target 7 is out of bounds."
    ValueError    "Expected input batch_size (3) to match target batch_size (2)."
    RuntimeError  other shapes or dtypes that do not fit

    >>> import minitorch_clf as torch
    >>> log_p = torch.tensor([[0.25, 0.75], [0.5, 0.5]]).log()
    >>> nll_loss(log_p, torch.tensor([1, 0]), reduction="none")
    tensor([0.2877, 0.6931])
    """
    reduction = check_reduction(reduction, size_average, reduce)
    check_tensor("nll_loss_nd", target, "target", 2)
    return _nll_loss(input, target, weight, reduction, ignore_index)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """How surprised softmax(input) is by the true class, in nats: nll_loss of log_softmax(input).

        loss[n] = -weight[t] * log(softmax(input[n])[t]), t = target[n]

    input            (N, C), (C,) or (N, C, d1, ...)  float, logits of any size
    target           classes, as in nll_loss; or of input's shape, the probability of each class:
                     loss[n] = -sum over c of weight[c] * target[n, c] * log(softmax(input[n])[c])
    weight           (C,)
    ignore_index     a target class that counts for nothing; it stays in the softmax
    label_smoothing  from 0 to 1: so much of the target is spread over all classes evenly
    returns          ()  the mean divides by the sum of the targets' weights; by N if target holds
                     probabilities; the losses if reduction="none"

    IndexError    "Target 7 is out of bounds."
    RuntimeError  "label_smoothing must be between 0.0 and 1.0. Got: 1.1"; shapes or dtypes

    >>> import minitorch_clf as torch
    >>> cross_entropy(torch.tensor([[0.0, 0.0]]), torch.tensor([1])).item()  # 2 equal classes: ln 2
    0.6931471824645996
    """
    reduction = check_reduction(reduction, size_average, reduce)
    check_tensor("cross_entropy_loss", input, "self")
    check_tensor("cross_entropy_loss", target, "target", 2)
    if input.shape == target.shape:
        return _with_probabilities(input, target, weight, reduction, ignore_index, label_smoothing)
    log_p = input.log_softmax(_class_dim(input))
    loss = _nll_loss(log_p, target, weight, reduction, ignore_index)
    if label_smoothing <= 0:
        return loss
    _check_smoothing(label_smoothing)
    smooth = _uniform_loss(log_p, target, weight, reduction, ignore_index)
    C: int = log_p.size(_class_dim(log_p))
    return loss * (1 - label_smoothing) + smooth * (label_smoothing / C)


def _nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, ignore_index: int
) -> Tensor:
    """nll_loss, with 3 or more than 4 dimensions viewed as 4: (N, C, 1, d1 * d2 * ...)."""
    if weight is None and _is_usual(input, target):
        return run(NllLoss, input, target, None, reduction=reduction, ignore_index=ignore_index)
    if input.dim() < 1:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    batch = target.size(0) if target.dim() else 0
    if input.dim() > 1 and input.size(0) != batch:
        raise ValueError(
            f"Expected input batch_size ({input.size(0)}) to match target batch_size ({batch})."
        )
    if input.dim() in (1, 2, 4):
        return _nll_of_plain_shape(input, target, weight, reduction, ignore_index)
    N, C, *rest = input.shape
    if list(target.shape) != [N, *rest]:
        raise RuntimeError(f"Expected target size {[N, *rest]}, got {list(target.shape)}")
    M = math.prod(rest)
    input = input.contiguous().view(N, C, 1, M)
    flat = target.contiguous().view(N, 1, M)
    loss = _nll_of_plain_shape(input, flat, weight, reduction, ignore_index)
    return loss.view(target.shape) if reduction == "none" else loss


def _is_usual(input: Tensor, target: Tensor) -> bool:
    """Whether they are (N, C) and (N,) of a dtype that nobody can complain about."""
    return bool(
        input.array.ndim == 2
        and input.array.dtype.kind == "f"
        and target.array.ndim == 1
        and target.array.dtype == np.int64
        and target.array.size == input.array.shape[0]
    )


def _nll_of_plain_shape(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, ignore_index: int
) -> Tensor:
    """nll_loss of (N, C), (C,) or (N, C, H, W).   The checks come in PyTorch's order."""
    spatial = input.dim() == 4
    forward = "nll_loss2d_forward" if spatial else "nll_loss_forward"
    refuse_gradient(forward, weight=weight)
    _check_target(input, target)
    _check_weight(input, weight)
    if spatial and target.shape != (input.size(0), *input.shape[2:]):
        raise RuntimeError(
            f"size mismatch (got input: {list(input.shape)} , target: {list(target.shape)}"
        )
    require_float(f"{forward}_out_frame" if spatial else "nll_loss_out_frame", input)
    if weight is not None and weight.dtype is not input.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype.legacy} but found {weight.dtype.legacy}"
        )
    if spatial and target.dtype.legacy == "Byte":
        raise RuntimeError("expected scalar type Long but found Byte")
    op = NllLoss2d if spatial else NllLoss
    return run(op, input, target, weight, reduction=reduction, ignore_index=ignore_index)


def _check_target(input: Tensor, target: Tensor) -> None:
    """Raise unless target has the right number of dimensions and holds int64 or uint8."""
    if input.dim() == 4 and target.dim() != 3:
        raise RuntimeError(
            "only batches of spatial targets supported (3D tensors) but got targets of dimension: "
            f"{target.dim()}"
        )
    if input.dim() < 4 and target.dim() > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    kind = target.dtype.legacy
    if kind not in ("Long", "Byte"):
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {kind}")
    if input.dim() == 1 and target.numel() != 1:
        raise ValueError(
            f"For 1D input, 1D target must have size 1, but got target size: {target.numel()}"
        )


def _check_weight(input: Tensor, weight: Tensor | None) -> None:
    """RuntimeError  unless weight has one element per class."""
    C = input.size(1 if input.dim() > 1 else 0)
    if weight is None or weight.shape == (C,):
        return
    if input.dim() == 4:
        raise RuntimeError("weight tensor should be defined either for all or no classes")
    raise RuntimeError(
        f"weight tensor should be defined either for all {C} classes or no classes but got weight "
        f"tensor of shape: {list(weight.shape)}"
    )


def _with_probabilities(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    reduction: str,
    ignore_index: int,
    label_smoothing: float,
) -> Tensor:
    """-sum of target * log(softmax(input)) over the classes, for a target of input's shape."""
    if not target.is_floating_point():
        raise RuntimeError(
            "Expected floating point type for target with class probabilities, got "
            f"{target.dtype.legacy}"
        )
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    dim = _class_dim(input)
    C = input.size(dim)
    if weight is not None and weight.shape != (C,):
        raise RuntimeError(
            f"cross_entropy: weight tensor should be defined either for all {C} classes or no "
            f"classes but got weight tensor of shape: {list(weight.shape)}"
        )
    log_p = input.log_softmax(dim)
    if label_smoothing > 0:
        _check_smoothing(label_smoothing)
        target = target * (1 - label_smoothing) + label_smoothing / C
    losses = log_p * target
    if weight is not None:
        losses = losses * _along_classes(weight, input)
    if reduction == "none":
        return -losses.sum(dim)
    total = -losses.sum()
    return run(DivScalar, total, input.numel() / C) if reduction == "mean" else total


def _uniform_loss(
    log_p: Tensor, target: Tensor, weight: Tensor | None, reduction: str, ignore_index: int
) -> Tensor:
    """The loss of a target spread evenly: -sum of weight * log_p over the classes."""
    if weight is not None:
        log_p = log_p * _along_classes(weight, log_p)
    ignored = target == ignore_index
    losses = (-log_p.sum(_class_dim(log_p))).masked_fill(ignored, 0.0)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    counted = ~ignored
    divisor = counted if weight is None else weight[target[counted]]
    return losses.sum() / divisor.sum()


def _class_dim(input: Tensor) -> int:
    return 0 if input.dim() == 1 else 1


def _along_classes(weight: Tensor, input: Tensor) -> Tensor:
    """weight (C,) as (1, C, 1, ...), to multiply input with."""
    return weight.view(*[-1 if k == _class_dim(input) else 1 for k in range(input.dim())])


def _check_smoothing(label_smoothing: float) -> None:
    if label_smoothing > 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")
