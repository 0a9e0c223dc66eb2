"""Losses that ask for a margin: between classes, ranks, or distances.

reduction             "mean" and "sum" give a number, "none" one loss per sample or element
size_average, reduce  the old spelling of it: deprecated, they warn
"""

from __future__ import annotations

from minitorch_clf.creation import zeros_like
from minitorch_clf.methods.activation import require_float
from minitorch_clf.methods.choice import where
from minitorch_clf.nn.functional.activation import logsigmoid
from minitorch_clf.nn.functional.checks import broadcast, check_reduction, refuse_gradient, run
from minitorch_clf.nn.functional.loss import reduce_losses
from minitorch_clf.ops import margins as ops
from minitorch_clf.tensor import Tensor


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """input where target is 1, max(margin - input, 0) where it is -1: input is a distance.

    >>> import minitorch_clf as torch
    >>> hinge_embedding_loss(torch.tensor([0.25, 0.25]), torch.tensor([1, -1]), reduction="none")
    tensor([0.2500, 0.7500])
    """
    reduction = check_reduction(reduction, size_average, reduce)
    far = (margin - input).clamp_min(0)
    zeros = zeros_like(input)
    losses = where(target != 1, far, zeros) + where(target != -1, input, zeros)
    return reduce_losses(losses, reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + exp(-target * input)), for a target of 1 and -1.   inf below an input of -88

    RuntimeError  other than float; a target that requires grad

    >>> import minitorch_clf as torch
    >>> soft_margin_loss(torch.tensor([0.0]), torch.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = check_reduction(reduction, size_average, reduce)
    if not input.is_floating_point():
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {input.dtype.legacy}"
        )
    refuse_gradient("soft_margin_loss", target=target)
    x, y = broadcast(input, target)
    return run(ops.SoftMarginLoss, x, y._cast(x.dtype), reduction=reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(-target * (input1 - input2) + margin, 0): a target of 1 wants input1 larger, -1 smaller.

    RuntimeError  different numbers of dimensions

    >>> import minitorch_clf as torch
    >>> margin_ranking_loss(torch.tensor([1.0]), torch.tensor([3.0]), torch.tensor([1.0]))
    tensor(2.)
    """
    reduction = check_reduction(reduction, size_average, reduce)
    if not input1.dim() == input2.dim() == target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    losses = (-target * (input1 - input2) + margin).clamp_min(0)
    return reduce_losses(losses, reduction)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """sum over c != t of weight[t] * max(margin - input[t] + input[c], 0)**p / C, t = target[n].

    input   (N, C) or (C,)  float, scores: the true class is to lead by the margin
    target  (N,) or ()  int64, 0 <= target < C
    p       1 or 2
    weight  (C,)

    ValueError    "only p == 1 and p == 2 supported"
    RuntimeError  "target out of range"; shapes and dtypes

    >>> import minitorch_clf as torch
    >>> multi_margin_loss(torch.tensor([[0.5, 0.0]]), torch.tensor([0]))
    tensor(0.2500)
    """
    reduction = check_reduction(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    refuse_gradient("multi_margin_loss", weight=weight)
    N, C = (input.size(0), input.size(1)) if input.dim() == 2 else (1, input.numel())
    if target.dim() > 1 or target.numel() != N:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input "
            f"samples (batch size). Expected target size [{N}], but got "
            f"{list(target.shape)}. Input has shape {list(input.shape)}."
        )
    if weight is not None and weight.numel() != C:
        raise RuntimeError(f"inconsistent weight size, expected {C} but got {list(weight.shape)}")
    require_float("multi_margin_loss_cpu_kernel", input)
    if target.dtype.legacy != "Long":
        raise RuntimeError(f"expected scalar type Long but found {target.dtype.legacy}")
    if target.numel() and not bool((target >= 0).all() and (target < C).all()):
        raise RuntimeError("target out of range")
    losses_of = {"p": p, "margin": margin, "reduction": reduction}
    loss = run(ops.MultiMarginLoss, input.reshape(N, C), target.reshape(N), weight, **losses_of)
    return loss.reshape(target.shape) if reduction == "none" else loss


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Binary cross-entropy of sigmoid(input), averaged over the classes.   input, target: (N, C)

    weight  (C,)

    ValueError  "foo is not valid"

    >>> import minitorch_clf as torch
    >>> multilabel_soft_margin_loss(torch.tensor([[0.0, 0.0]]), torch.tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """
    if size_average is not None or reduce is not None:
        reduction = check_reduction(reduction, size_average, reduce)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    last = input.dim() - 1
    losses = losses.sum(dim=last) / input.size(last)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    return reduce_losses(losses, reduction)


# --- distances ------------------------------------------------------------------------------------


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos where target is 1, max(cos - margin, 0) where it is -1; cos of input1 and input2.

    input1, input2  (N, D) or (D,)
    target          (N,) or ()

    RuntimeError  other numbers of dimensions

    >>> import minitorch_clf as torch
    >>> x, y = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    >>> cosine_embedding_loss(x, y, torch.tensor([1]))
    tensor(1.)
    """
    reduction = check_reduction(reduction, size_average, reduce)
    dim = target.dim()
    if dim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if not input1.dim() == input2.dim() == dim + 1:
        raise RuntimeError(
            f"{dim}D target tensor expects {dim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    squares = [(x * x).sum(dim) + 1e-12 for x in (input1, input2)]
    cos = (input1 * input2).sum(dim) / (squares[0] * squares[1]).sqrt()
    zeros = zeros_like(cos)
    alike = where(target == 1, 1 - cos, zeros)
    return reduce_losses(alike + where(target == -1, (cos - margin).clamp_min(0), zeros), reduction)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of x1 - x2 + eps, along the last dimension.

    >>> import minitorch_clf as torch
    >>> pairwise_distance(torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 0.0]]))
    tensor([5.0000])
    """
    return (x1 - x2 + eps).norm(p, -1, keepdim=keepdim)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(d(anchor, positive) - d(anchor, negative) + margin, 0), d the pairwise_distance.

    swap  where negative is nearer to positive than to anchor, that distance counts

    ValueError    "margin must be greater than 0, got 0"
    RuntimeError  different numbers of dimensions

    >>> import minitorch_clf as torch
    >>> a, b, c = (torch.tensor([[x]]) for x in (0.0, 1.0, 3.0))
    >>> triplet_margin_loss(a, b, c, margin=4.0)
    tensor(2.)
    """
    reduction = check_reduction(reduction, size_average, reduce)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.dim() == positive.dim() == negative.dim():
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor.dim()}D, positive {positive.dim()}D, and "
            f"negative {negative.dim()}D inputs"
        )
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = far.minimum(pairwise_distance(positive, negative, p, eps))
    return reduce_losses((margin + near - far).clamp_min(0), reduction)
