"""Adadelta: steps as large as the recent ones, in the units of the parameter."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch_clf.kernels import adaptive as kernels
from minitorch_clf.kernels.sqrt import mkl_estimates
from minitorch_clf.optim.optimizer import Optimizer, Params
from minitorch_clf.optim.rules import (
    CAPTURABLE_DEVICES,
    check_options,
    count_step,
    number,
    refuse_capturable,
    start_state,
    steps_as_tensors,
    update,
)
from minitorch_clf.tensor import Tensor


class Adadelta(Optimizer):
    """A rule without a rate to choose (Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012).

        g = grad + weight_decay * p
        v = rho * v + (1 - rho) * g**2                      square_avg
        d = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d**2                      acc_delta
        p = p - lr * d

    lr              0 <= lr; a number or a one-element Tensor
    rho             0 <= rho <= 1
    eps             0 <= eps; inside the roots, so that it also makes the first step possible
    weight_decay    0 <= weight_decay; L2 penalty: it enters the gradient
    maximize        climb: grad is negated first, then decay is added
    foreach         None, False, True: PyTorch's three give the same numbers on a CPU
    capturable      False; with True a step fails, as PyTorch's on a CPU: AssertionError
    differentiable  NotImplementedError names it

    Each step's numbers are PyTorch's, bit for bit, on processors with fused multiply-add.

    ValueError  "Invalid learning rate: -1", "Invalid rho value: 2", ...

    >>> import minitorch_clf as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.Adadelta([w], eps=1e-4, rho=0.0)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()  # the first step is sqrt(eps) long
    tensor([0.9900])
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
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_options(lr, epsilon=eps, weight_decay=weight_decay)
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "capturable": capturable,
                "foreach": foreach,
                "differentiable": differentiable,
            },
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        steps_as_tensors(self.state)

    def _step_group(self, group: dict[str, Any]) -> None:
        params = [p for p in group["params"] if p.grad is not None]
        states = [start_state(self.state[p], p, "square_avg", "acc_delta") for p in params]
        for p, state in zip(params, states, strict=True):
            refuse_capturable(
                group, devices=CAPTURABLE_DEVICES[:-1]
            )  # xla, last, is not in its list
            count_step(state)
            update(
                kernels.adadelta,
                p,
                [state["square_avg"].array, state["acc_delta"].array],
                number(group["lr"]),
                float(group["rho"]),
                float(group["eps"]),
                float(group["weight_decay"]),
                bool(group["maximize"]),
                mkl_estimates(p.array.dtype),
            )
