"""RMSprop: each parameter's step is divided by the size of its recent gradients."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from minitorch_clf.kernels import adaptive as kernels
from minitorch_clf.kernels.sqrt import mkl_estimates
from minitorch_clf.optim.optimizer import Optimizer, Params
from minitorch_clf.optim.rules import (
    check_options,
    count_step,
    number,
    refuse_capturable,
    start_state,
    steps_as_tensors,
    update,
)
from minitorch_clf.tensor import Tensor


class RMSprop(Optimizer):
    """Divide by a running root mean square (Hinton, lecture 6e of "Neural Networks", 2012).

        g = grad + weight_decay * p
        v = alpha * v + (1 - alpha) * g**2                     square_avg
        d = sqrt(v) + eps
        p = p - lr * g / d                                     with momentum > 0:
                                                               b = momentum * b + g / d
                                                               p = p - lr * b

    lr              0 <= lr; a number or a one-element Tensor
    alpha           0 <= alpha
    eps             0 <= eps; outside the root
    weight_decay    0 <= weight_decay; L2 penalty: it enters the gradient
    momentum        0 <= momentum; b is momentum_buffer
    centered        divide by an estimate of the standard deviation instead: sqrt(v - a**2), where a
                    is the running mean of g, grad_avg (Graves, "Generating Sequences ...", 2013)
    maximize        climb: grad is negated first, then decay is added
    foreach         None, False, True: PyTorch's three give the same numbers on a CPU
    capturable      False; with True a step fails, as PyTorch's on a CPU: AssertionError
    differentiable  NotImplementedError names it

    Each step's numbers are PyTorch's, bit for bit, on processors with fused multiply-add (where
    centered and alpha is 0, up to the sign of zeros in grad_avg, as in Adam).

    ValueError  "Invalid learning rate: -1", "Invalid alpha value: ...", ...

    >>> import minitorch_clf as torch
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.RMSprop([w], lr=0.1, alpha=0.75)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()  # the first step is lr / sqrt(1 - alpha) long, whatever the gradient
    tensor([0.8000, 1.8000])
    """

    _absent: ClassVar[dict[str, Any]] = {
        "momentum": 0,
        "centered": False,
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(lr, epsilon=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "alpha": alpha,
                "eps": eps,
                "centered": centered,
                "weight_decay": weight_decay,
                "capturable": capturable,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
            },
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        steps_as_tensors(self.state)

    def _step_group(self, group: dict[str, Any]) -> None:
        momentum, centered = float(group["momentum"]), bool(group["centered"])
        names = ["square_avg"]
        names += ["momentum_buffer"] if momentum > 0 else []
        names += ["grad_avg"] if centered else []
        params = [p for p in group["params"] if p.grad is not None]
        states = [start_state(self.state[p], p, *names) for p in params]
        for p, state in zip(params, states, strict=True):
            refuse_capturable(group)
            count_step(state)
            unused = np.empty(0, p.array.dtype)
            update(
                kernels.rmsprop,
                p,
                [
                    state["square_avg"].array,
                    state["momentum_buffer"].array if momentum > 0 else unused,
                    state["grad_avg"].array if centered else unused,
                ],
                number(group["lr"]),
                float(group["alpha"]),
                float(group["eps"]),
                float(group["weight_decay"]),
                momentum,
                centered,
                bool(group["maximize"]),
                mkl_estimates(p.array.dtype),
            )
