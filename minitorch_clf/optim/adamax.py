"""Adamax: Adam that divides by the largest recent gradient instead of their root mean square."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch_clf.kernels import adaptive as kernels
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


class Adamax(Optimizer):
    """Adam with the infinity norm (Kingma and Ba, "Adam", section 7, 2014).

        g = grad + weight_decay * p
        m = beta1 * m + (1 - beta1) * g                       exp_avg
        u = max(beta2 * u, abs(g) + eps)                      exp_inf
        p = p - lr / (1 - beta1**t) * m / u                   t = 1, 2, ...

    lr              0 <= lr; a number or a one-element Tensor
    betas           0 <= beta < 1
    eps             0 <= eps
    weight_decay    0 <= weight_decay; L2 penalty: it enters the gradient
    maximize        climb: grad is negated first, then decay is added
    foreach         None, False, True: PyTorch's three give the same numbers on a CPU
    capturable      False; with True a step fails, as PyTorch's on a CPU: AssertionError
    differentiable  NotImplementedError names it

    Each step's numbers are PyTorch's, bit for bit, on processors with fused multiply-add (where
    beta1 is 0, up to the sign of zeros in exp_avg, as in Adam).

    ValueError  "Invalid learning rate: -1", "Invalid beta parameter at index 0: 1.0", ...

    >>> import minitorch_clf as torch
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.Adamax([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()  # the first step is lr long, whatever the gradient
    tensor([0.9000, 1.9000])
    """

    _absent: ClassVar[dict[str, Any]] = {
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
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
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        steps_as_tensors(self.state)

    def _step_group(self, group: dict[str, Any]) -> None:
        lr, (beta1, beta2) = scalar(group["lr"]), group["betas"]
        params = [p for p in group["params"] if p.grad is not None]
        states = [start_state(self.state[p], p, "exp_avg", "exp_inf") for p in params]
        for p, state in zip(params, states, strict=True):
            refuse_capturable(group)
            step = count_step(state)
            update(
                kernels.adamax,
                p,
                [state["exp_avg"].array, state["exp_inf"].array],
                number(lr / (1 - beta1**step)),
                float(beta1),
                float(beta2),
                float(group["eps"]),
                float(group["weight_decay"]),
                bool(group["maximize"]),
            )
