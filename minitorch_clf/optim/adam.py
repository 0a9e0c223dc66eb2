"""Adam: each parameter's step is scaled by its gradient's own running moments."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from minitorch_clf.kernels import optim as kernels
from minitorch_clf.kernels.sqrt import mkl_estimates
from minitorch_clf.optim.optimizer import Optimizer, Params
from minitorch_clf.optim.rules import (
    count_step,
    number,
    refuse_capturable,
    scalar,
    step_dtype,
    steps_as_tensors,
    write_back,
    zeros_like,
)
from minitorch_clf.tensor import Tensor, wrap


class Adam(Optimizer):
    """Adaptive moments (Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014).

        g = grad + weight_decay * p
        m = beta1 * m + (1 - beta1) * g                            exp_avg
        v = beta2 * v + (1 - beta2) * g**2                         exp_avg_sq
        p = p - lr / (1 - beta1**t) * m / (sqrt(v) / sqrt(1 - beta2**t) + eps)      t = 1, 2, ...

    lr              0 <= lr; a number or a one-element Tensor (not together with foreach=True)
    betas           0 <= beta < 1, both floats
    eps             0 <= eps; outside the root and after the bias correction, so a gradient much
                    smaller than eps hardly moves p
    weight_decay    0 <= weight_decay; L2 penalty: it enters the gradient, and so the moments
    amsgrad         divide by the largest v so far (before its bias correction) instead of v
                    (Reddi et al., "On the Convergence of Adam and Beyond", 2018)
    maximize        climb: grad is negated first, then decay is added
    decoupled_weight_decay
                    True is AdamW: p shrinks by 1 - lr * weight_decay before the step instead
    foreach         None, False, True: PyTorch's three give the same numbers on a CPU, so it
                    changes nothing here
    capturable      False; with True a step fails, as PyTorch's on a CPU: AssertionError
    differentiable, fused, betas as Tensors
                    NotImplementedError names them

    state[p]        step (0-dim float32), exp_avg, exp_avg_sq, and with amsgrad max_exp_avg_sq

    Each step's numbers are PyTorch's, bit for bit, on processors with fused multiply-add (where
    beta1 is 0, up to the sign of zeros in exp_avg: PyTorch's vector loop and its scalar tail
    differ there).

    ValueError  "Invalid learning rate: -1", "Invalid beta parameter at index 0: 1.0", ...

    >>> import minitorch_clf as torch
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()  # the first step is lr long, whatever the gradient
    tensor([0.9000, 1.9000])
    """

    _absent: ClassVar[dict[str, Any]] = {
        "amsgrad": False,
        "maximize": False,
        "foreach": None,
        "capturable": False,
        "differentiable": False,
        "decoupled_weight_decay": False,
        "fused": None,
    }

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if isinstance(lr, Tensor):
            if foreach and not capturable:
                raise ValueError(
                    "lr as a Tensor is not supported for capturable=False and foreach=True"
                )
            if lr.numel() != 1:
                raise ValueError("Tensor lr must be 1-element")
        if not lr >= 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps >= 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for i, beta in enumerate(betas[:2]):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
        if not weight_decay >= 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if all(isinstance(beta, Tensor) for beta in betas[:2]):
            raise NotImplementedError(f"{type(self).__name__}(betas=...) as Tensors: give floats")
        if not all(isinstance(beta, float) for beta in betas[:2]):
            raise ValueError("betas must be either both floats or both Tensors")
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
                "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        steps_as_tensors(self.state)

    def _init_state(self, p: Tensor, amsgrad: bool) -> dict[str, Any]:
        """The state of p, all zeros if it has none yet."""
        state: dict[str, Any] = self.state[p]
        if not state:
            state["step"] = wrap(np.zeros((), step_dtype().numpy))
            state["exp_avg"] = zeros_like(p)
            state["exp_avg_sq"] = zeros_like(p)
            if amsgrad:
                state["max_exp_avg_sq"] = zeros_like(p)
        return state

    def _step_group(self, group: dict[str, Any]) -> None:
        options = Options.of(group)
        t, scalars = 1.0, options.at(1.0)
        for p in group["params"]:
            if p.grad is None:
                continue
            state = self._init_state(p, options.amsgrad)
            refuse_capturable(group)
            taken = count_step(state)
            if taken != t:  # nearly always all parameters have taken as many
                t, scalars = taken, options.at(taken)
            arrays = [p.array, state["exp_avg"].array, state["exp_avg_sq"].array]
            if options.amsgrad:
                arrays.append(state["max_exp_avg_sq"].array)
            vectors = [array.ravel() for array in arrays]
            kernels.adam(
                vectors[0],
                p.grad.array.ravel(),
                vectors[1],
                vectors[2],
                vectors[-1],
                *scalars,
                mkl_estimates(p.array.dtype),
            )
            for vector, array in zip(vectors, arrays, strict=True):
                write_back(vector, array)
            p._bump_version()


class Options(NamedTuple):
    """The options of a group as numbers.

    decay    part of the gradient
    shrink   what the parameter itself is multiplied with
    """

    lr: Any
    beta1: float
    beta2: float
    eps: float
    decay: float
    shrink: float
    amsgrad: bool
    maximize: bool

    @classmethod
    def of(cls, group: dict[str, Any]) -> Options:
        lr, weight_decay = scalar(group["lr"]), group["weight_decay"]
        decay, shrink = float(weight_decay), 1.0
        if group["decoupled_weight_decay"]:
            decay, shrink = 0.0, number(1 - lr * weight_decay) if weight_decay != 0 else 1.0
        beta1, beta2 = group["betas"]
        flags = bool(group["amsgrad"]), bool(group["maximize"])
        return cls(lr, float(beta1), float(beta2), float(group["eps"]), decay, shrink, *flags)

    def at(self, t: float) -> tuple[float, float, float, float, float, float, float, bool, bool]:
        """What kernels.adam takes after the arrays, in step t."""
        return (
            number(self.lr / (1 - self.beta1**t)),
            self.beta1,
            self.beta2,
            (1 - self.beta2**t) ** 0.5,
            self.eps,
            self.decay,
            self.shrink,
            self.amsgrad,
            self.maximize,
        )
