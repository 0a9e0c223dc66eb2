"""Adagrad: each parameter's step is divided by the size of all its gradients so far."""

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
    scalar,
    start_state,
    steps_as_tensors,
    update,
)
from minitorch_clf.tensor import Tensor, wrap


class Adagrad(Optimizer):
    """Adaptive gradient (Duchi et al., "Adaptive Subgradient Methods", 2011).

        g = grad + weight_decay * p
        s = s + g**2                                                        sum
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)         t = 1, 2, ...

    lr              0 <= lr; a number or a one-element Tensor
    lr_decay        0 <= lr_decay; the step size falls by it, besides by s
    weight_decay    0 <= weight_decay; L2 penalty: it enters the gradient
    initial_accumulator_value
                    0 <= value; where s starts
    eps             0 <= eps; outside the root
    maximize        climb: grad is negated first, then decay is added
    foreach         None, False, True: PyTorch's three give the same numbers on a CPU
    differentiable, fused
                    NotImplementedError names them

    The state is there from the beginning, not only after the first gradient. Each step's numbers
    are PyTorch's, bit for bit, on processors with fused multiply-add.

    ValueError  "Invalid learning rate: -1", "Invalid lr_decay value: ...", ...

    >>> import minitorch_clf as torch
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()  # the first step is lr long, whatever the gradient
    tensor([0.9000, 1.9000])
    """

    _absent: ClassVar[dict[str, Any]] = {
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "fused": None,
    }

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_options(
            lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            epsilon=eps,
        )
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "fused": fused,
            },
        )
        for group in self.param_groups:
            for p in group["params"]:
                self._restart(self.state[p], p)

    def _restart(self, state: dict[str, Any], p: Tensor) -> dict[str, Any]:
        start_state(state, p)
        state["sum"] = wrap(np.full_like(p.array, self.defaults["initial_accumulator_value"]))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        steps_as_tensors(self.state)

    def _step_group(self, group: dict[str, Any]) -> None:
        lr, lr_decay = scalar(group["lr"]), group["lr_decay"]
        for p in group["params"]:
            if p.grad is None:
                continue
            state = self.state[p] or self._restart(self.state[p], p)
            step = count_step(state)
            update(
                kernels.adagrad,
                p,
                [state["sum"].array],
                number(lr / (1 + (step - 1) * lr_decay)),
                float(group["eps"]),
                float(group["weight_decay"]),
                bool(group["maximize"]),
                mkl_estimates(p.array.dtype),
            )
