"""NAdam: Adam that looks ahead along its momentum, as Nesterov's does."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

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
    step_dtype,
    steps_as_tensors,
    update,
    zeros_like,
)
from minitorch_clf.tensor import Tensor, wrap


class NAdam(Optimizer):
    """Adam with Nesterov momentum (Dozat, "Incorporating Nesterov Momentum into Adam", 2016).

        g = grad + weight_decay * p
        mu[t] = beta1 * (1 - 0.96**(t * momentum_decay) / 2)               t = 1, 2, ...
        m = beta1 * m + (1 - beta1) * g                                    exp_avg
        v = beta2 * v + (1 - beta2) * g**2                                 exp_avg_sq
        d = sqrt(v / (1 - beta2**t)) + eps
        p = p - lr * (1 - mu[t]) / (1 - mu[1] * ... * mu[t]) * g / d
              - lr * mu[t + 1] / (1 - mu[1] * ... * mu[t + 1]) * m / d

    lr, betas, eps, weight_decay, decoupled_weight_decay, maximize, capturable
                    as in Adam, betas as numbers
    momentum_decay  0 <= momentum_decay; how fast mu rises to beta1
    foreach         None or False; NotImplementedError for True, whose loop rounds differently
    differentiable  NotImplementedError names it

    Each step's numbers are PyTorch's, bit for bit, on processors with fused multiply-add (where
    beta1 is 0, up to the sign of zeros in exp_avg, as in Adam). state[p] also holds mu_product.

    ValueError  "Invalid learning rate: -1", "Invalid momentum_decay value: ...", ...

    >>> import minitorch_clf as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.NAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w < 1
    tensor([True])
    """

    _absent: ClassVar[dict[str, Any]] = {
        "maximize": False,
        "foreach": None,
        "capturable": False,
        "differentiable": False,
        "decoupled_weight_decay": False,
    }
    _unsupported: ClassVar[dict[str, str]] = {
        **Optimizer._unsupported,
        "foreach": "it rounds differently; leave it None for the bits of the plain loop",
    }

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(lr, epsilon=eps)
        check_betas(betas)
        check_options(lr, weight_decay=weight_decay, momentum_decay=momentum_decay)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
            },
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        steps_as_tensors(self.state)
        for p_state in self.state.values():
            if "mu_product" in p_state and not isinstance(p_state["mu_product"], Tensor):
                p_state["mu_product"] = wrap(np.array(p_state["mu_product"], step_dtype().numpy))

    def _start(self, p: Tensor) -> dict[str, Any]:
        state: dict[str, Any] = self.state[p]
        if not state:
            start_state(state, p)
            state["mu_product"] = wrap(np.ones((), step_dtype().numpy))
            state["exp_avg"] = zeros_like(p)
            state["exp_avg_sq"] = zeros_like(p)
        return state

    def _step_group(self, group: dict[str, Any]) -> None:
        lr, (beta1, beta2) = scalar(group["lr"]), group["betas"]
        decay, shrink = float(group["weight_decay"]), 1.0
        if group["decoupled_weight_decay"]:
            decay, shrink = 0.0, number(1 - lr * group["weight_decay"]) if decay != 0 else 1.0
        params = [p for p in group["params"] if p.grad is not None]
        states = [self._start(p) for p in params]
        for p, state in zip(params, states, strict=True):
            refuse_capturable(group, "params, mu_products and state_steps")
            step = count_step(state)
            mu, mu_next = (
                beta1 * (1.0 - 0.5 * (0.96 ** (t * group["momentum_decay"])))
                for t in (step, step + 1)
            )
            product = state["mu_product"].array
            product *= product.dtype.type(mu)
            mu_product = float(product)
            update(
                kernels.nadam,
                p,
                [state["exp_avg"].array, state["exp_avg_sq"].array],
                number(lr * (1.0 - mu) / (1.0 - mu_product)),
                number((lr * mu_next) / (1.0 - mu_product * mu_next)),
                float(beta1),
                float(beta2),
                1 - beta2**step,
                float(group["eps"]),
                decay,
                shrink,
                bool(group["maximize"]),
                mkl_estimates(p.array.dtype),
            )
