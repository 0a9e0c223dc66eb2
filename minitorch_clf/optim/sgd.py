"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from minitorch_clf.kernels import optim as kernels
from minitorch_clf.optim.optimizer import Optimizer, Params
from minitorch_clf.optim.rules import number, write_back
from minitorch_clf.tensor import Tensor, wrap


class SGD(Optimizer):
    """Stochastic gradient descent, optionally with momentum.

        g = grad + weight_decay * p
        v = momentum * v + (1 - dampening) * g         v = g in the first step: no dampening
        p = p - lr * v                                 p - lr * (g + momentum * v) with nesterov

    lr              0 <= lr; a number or a one-element Tensor. It is outside v (Sutskever et al. and
                    some frameworks put it inside), so a new lr acts at once.
    momentum        0 <= momentum
    dampening       the part of each gradient that momentum leaves out
    weight_decay    0 <= weight_decay; L2 penalty: it enters the gradient, and so the momentum
    nesterov        look ahead along v; needs momentum > 0 and dampening == 0
    maximize        climb: grad is negated first, then decay is added
    foreach         None, False, True: PyTorch's three give the same numbers on a CPU, so it
                    changes nothing here. (PyTorch's foreach=True with nesterov also overwrites
                    p.grad; here a step never changes p.grad.)
    differentiable, fused
                    may only be False or None; NotImplementedError names the option else

    Each step's numbers are PyTorch's, bit for bit, on processors with fused multiply-add.

    ValueError  "Invalid learning rate: -1", "Invalid momentum value: ...",
                "Nesterov momentum requires a momentum and zero dampening", ...

    >>> import minitorch_clf as torch
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    tensor([0.8000, 1.6000])
    """

    _absent: ClassVar[dict[str, Any]] = {
        "nesterov": False,
        "maximize": False,
        "foreach": None,
        "differentiable": False,
        "fused": False,
    }

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
            },
        )

    def _step_group(self, group: dict[str, Any]) -> None:
        lr, weight_decay = number(group["lr"]), number(group["weight_decay"])
        momentum, maximize = float(group["momentum"]), bool(group["maximize"])
        params = [p for p in group["params"] if p.grad is not None]
        if momentum == 0:
            for p in params:
                vector = p.array.ravel()
                kernels.sgd(vector, p.grad.array.ravel(), lr, weight_decay, maximize)
                write_back(vector, p.array)
                p._bump_version()
            return
        dampening, nesterov = float(group["dampening"]), bool(group["nesterov"])
        # All buffers first: a parameter listed twice finds no buffer twice, as in PyTorch.
        buffers = [self.state[p].get("momentum_buffer") for p in params]
        for p, old in zip(params, buffers, strict=True):
            buffer = wrap(np.empty_like(p.grad.array)) if old is None else old
            vector, velocity = p.array.ravel(), buffer.array.ravel()
            kernels.sgd_momentum(
                vector,
                p.grad.array.ravel(),
                velocity,
                old is None,
                lr,
                momentum,
                dampening,
                weight_decay,
                nesterov,
                maximize,
            )
            write_back(vector, p.array)
            write_back(velocity, buffer.array)
            p._bump_version()
            self.state[p]["momentum_buffer"] = buffer
