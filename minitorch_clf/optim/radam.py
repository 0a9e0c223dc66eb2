"""RAdam: Adam that trusts its second moment only once it has seen enough gradients."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch_clf.kernels import adaptive as kernels
from minitorch_clf.kernels.sqrt import mkl_estimates
from minitorch_clf.optim.optimizer import Optimizer, Params
from minitorch_clf.optim.rules import (
    check_betas,
    check_options,
    count_step,
    number,
    refuse_capturable,
    scalar,
    start_state,
    steps_as_tensors,
    update,
)
from minitorch_clf.tensor import Tensor


class RAdam(Optimizer):
    """Rectified Adam (Liu et al., "On the Variance of the Adaptive Learning Rate", 2019).

        g = grad + weight_decay * p
        m = beta1 * m + (1 - beta1) * g                                     exp_avg
        v = beta2 * v + (1 - beta2) * g**2                                  exp_avg_sq
        rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)                   t = 1, 2, ...
        p = p - lr * m / (1 - beta1**t) * adapt

    adapt = r * sqrt(1 - beta2**t) / (sqrt(v) + eps), and 1 while rho <= 5

    rho_inf = 2 / (1 - beta2) - 1
    r**2 = (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho).

    lr, betas, eps, weight_decay, decoupled_weight_decay, maximize, capturable
                    as in Adam, betas as numbers
    foreach         None or False; NotImplementedError for True, whose loop rounds differently
    differentiable  NotImplementedError names it

    Each step's numbers are PyTorch's, bit for bit, on processors with fused multiply-add (where
    beta1 is 0, up to the sign of zeros in exp_avg, as in Adam).

    ValueError  "Invalid learning rate: -1", "Invalid beta parameter at index 0: 1.0", ...

    >>> import minitorch_clf as torch
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.RAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()  # at first, plain descent
    tensor([0.8000, 1.6000])
    """

    _absent: ClassVar[dict[str, Any]] = {
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "decoupled_weight_decay": False,
        "capturable": False,
    }
    _unsupported: ClassVar[dict[str, str]] = {
        **Optimizer._unsupported,
        "foreach": "it rounds differently; leave it None for the bits of the plain loop",
    }

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(lr, epsilon=eps)
        check_betas(betas)
        check_options(lr, weight_decay=weight_decay)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "decoupled_weight_decay": decoupled_weight_decay,
                "differentiable": differentiable,
            },
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        steps_as_tensors(self.state)

    def _step_group(self, group: dict[str, Any]) -> None:
        lr, (beta1, beta2) = scalar(group["lr"]), group["betas"]
        decay, shrink = float(group["weight_decay"]), 1.0
        if group["decoupled_weight_decay"]:
            decay, shrink = 0.0, number(1 - lr * group["weight_decay"]) if decay != 0 else 1.0
        params = [p for p in group["params"] if p.grad is not None]
        states = [start_state(self.state[p], p, "exp_avg", "exp_avg_sq") for p in params]
        for p, state in zip(params, states, strict=True):
            refuse_capturable(group)
            step = count_step(state)
            update(
                kernels.radam,
                p,
                [state["exp_avg"].array, state["exp_avg_sq"].array],
                number(lr),
                float(beta1),
                float(beta2),
                1 - beta1**step,
                (1 - beta2**step) ** 0.5,
                rectification(beta2, step),
                float(group["eps"]),
                decay,
                shrink,
                bool(group["maximize"]),
                mkl_estimates(p.array.dtype),
            )


def rectification(beta2: float, step: float) -> float:
    """r in RAdam's formula; 0 where too few gradients were seen."""
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * step * (beta2**step) / (1 - beta2**step)
    if rho <= 5.0:
        return 0.0
    ratio = (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)
    return float(ratio**0.5)
