"""Losses that are minus the log of a likelihood, of counts and of measurements."""

from __future__ import annotations

import math

from minitorch_clf.creation import ones_like
from minitorch_clf.grad_mode import no_grad
from minitorch_clf.nn.functional.checks import check_reduction
from minitorch_clf.nn.functional.loss import reduce_losses
from minitorch_clf.tensor import Tensor


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """exp(input) - target * input: input is the log of the rate at which target is counted.

    log_input  False: input is the rate itself; input - target * log(input + eps)
    full       add Stirling's estimate of log(target!), where target > 1

    >>> import minitorch_clf as torch
    >>> poisson_nll_loss(torch.tensor([0.0]), torch.tensor([2.0]))
    tensor(1.)
    """
    reduction = check_reduction(reduction, size_average, reduce)
    if log_input:
        losses = input.exp() - target * input
    else:
        losses = input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        losses = losses + stirling.masked_fill(target <= 1, 0)
    return reduce_losses(losses, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """(log(var) + (input - target)**2 / var) / 2: input and var are mean and variance of target.

    var   of input's shape, or with a last size of 1, or without the last dimension; at least eps
          counts (not so for the gradient)
    full  add log(2 * pi) / 2

    ValueError  "var has negative entry/entries", "var is of incorrect size", "foo is not valid"

    >>> import minitorch_clf as torch
    >>> gaussian_nll_loss(torch.tensor([0.0]), torch.tensor([2.0]), torch.tensor([1.0]))
    tensor(2.)
    """
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * ones_like(input)
    elif (var < 0).any():
        raise ValueError("var has negative entry/entries")
    if var.size() != input.size():
        differing = [m for n, m in zip(input.size(), var.size(), strict=False) if n != m]
        if input.size()[:-1] == var.size():
            var = var.unsqueeze(-1)
        elif input.dim() != var.dim() or sum(differing) != 1:
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    var = var.clone()
    with no_grad():
        var.clamp_(min=eps)
    losses = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduce_losses(losses, reduction)
