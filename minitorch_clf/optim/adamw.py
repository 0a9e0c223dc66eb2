"""AdamW: Adam whose weight decay shrinks the parameter itself."""

from __future__ import annotations

from typing import Any

from minitorch_clf.optim.adam import Adam
from minitorch_clf.optim.optimizer import Params
from minitorch_clf.tensor import Tensor


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, "Decoupled Weight Decay", 2017).

        p = p - lr * weight_decay * p
        then Adam's step, from the gradient alone

    Options, state and numbers are those of Adam(decoupled_weight_decay=True); weight_decay is
    0.01 by default.

    >>> import minitorch_clf as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> w.grad = torch.zeros(1)  # no gradient to follow, so only the decay is left
    >>> torch.optim.AdamW([w], lr=0.1, weight_decay=0.1).step()
    >>> w.detach()
    tensor([0.9900])
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True  # also in what Adam, or an older AdamW, saved
