"""An optimizer's step and zero_grad without the way there: options are read, kernels called."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from minitorch_clf.kernels import optim as kernels
from minitorch_clf.kernels.sqrt import mkl_estimates
from minitorch_clf.nn import Module
from minitorch_clf.optim import SGD, Adam, AdamW, hooks
from minitorch_clf.optim.adam import Options
from minitorch_clf.optim.optimizer import Optimizer
from minitorch_clf.optim.rules import count_step, number
from minitorch_clf.replay import calls
from minitorch_clf.replay.program import Call, Live
from minitorch_clf.tape import Array
from minitorch_clf.tensor import Tensor


def zero_grad(params: tuple[Tensor, ...]) -> None:
    """Take the gradients away."""
    for p in params:
        p._grad = None


def fast_zero(call: Call) -> tuple[Tensor, ...] | None:
    """The parameters that zero_grad() clears; None if `call` is nothing of it."""
    if call.function is Optimizer.zero_grad:
        optimizer = call.args[0]
        params = [p for group in optimizer.param_groups for p in group["params"]]
    elif call.function is Module.zero_grad:
        params = list(call.args[0].parameters())
    elif call.function is calls.clear_grad and isinstance(call.args[0], Live):
        params = [call.args[0].tensor]
    else:
        return None
    if call.args[-1] is not True and call.function is not calls.clear_grad:
        return None
    return tuple(params)


def fast_step(call: Call, grads: dict[int, Array]) -> Callable[[], None] | None:
    """optimizer.step() as a function.   grads: id of a parameter -> the buffer of its gradient

    None where it must be called as it stands.
    """
    if call.function is not calls.step:
        return None
    optimizer = call.args[0]
    kind = RULES.get(type(optimizer))
    if kind is None or "step" in vars(optimizer):
        return None
    for group in optimizer.param_groups:
        for p in group["params"]:
            if id(p) not in grads or not p.array.flags.c_contiguous or not p.array.size:
                return None
    return kind(optimizer, grads).run


class Fast:
    """One step of one optimizer; the eager step where something is not as it was."""

    def __init__(self, optimizer: Optimizer, grads: dict[int, Array]) -> None:
        self.optimizer = optimizer
        self.hooks = (
            hooks._global_pre_hooks,
            hooks._global_post_hooks,
            optimizer._optimizer_step_pre_hooks,
            optimizer._optimizer_step_post_hooks,
        )
        self.groups = [
            (group, [self.bound(p, grads[id(p)]) for p in group["params"]])
            for group in optimizer.param_groups
        ]

    def bound(self, p: Tensor, grad: Array) -> Any:
        raise NotImplementedError

    def run(self) -> None:
        raise NotImplementedError


class FastSGD(Fast):
    """Plain descent, as a function written for these parameters; with momentum, a loop over them.

    For small parameters a loop in Python costs more than the kernels.
    """

    def __init__(self, optimizer: Optimizer, grads: dict[int, Array]) -> None:
        super().__init__(optimizer, grads)
        self.kernel: Any = kernels.sgd_momentum.compiled  # type: ignore[attr-defined]  # a Kernel
        self.kept = [[Kept(p, grad) for p, _, grad, _ in bound] for _, bound in self.groups]
        names: dict[str, Any] = {"o": optimizer, "number": number, "roll": self.roll}
        names |= {f"hooks{k}": hooks for k, hooks in enumerate(self.hooks)}
        names["kernel"] = kernels.sgd.compiled  # type: ignore[attr-defined]  # a Kernel
        eager, momenta, lines = ["hooks0", "hooks1", "hooks2", "hooks3"], [], []
        k = 0
        for n, (group, bound) in enumerate(self.groups):
            names[f"group{n}"] = group
            momenta.append(f"group{n}['momentum']")
            lines.append(f"up = bool(group{n}['maximize'])")
            for option in ("lr", "weight_decay"):
                lines += [
                    f"{option} = group{n}['{option}']",
                    f"if type({option}) is not float: {option} = number({option})",
                ]
            for p, vector, grad, g in bound:
                names |= {f"p{k}": p, f"v{k}": vector, f"grad{k}": grad, f"g{k}": g}
                eager.append(f"p{k}._grad is None or p{k}._grad.array is not grad{k}")
                lines.append(f"kernel(v{k}, g{k}, lr, weight_decay, up)")
                lines.append(f"p{k}._writes.value += 1")
                k += 1
        source = f"""
def run():
    if {" or ".join(momenta)}:
        roll()
        return
    if {" or ".join(eager)}:
        o.step()
        return
    if o._opt_called is not None:
        o._opt_called = True
    {chr(10).join(lines).replace(chr(10), chr(10) + "    ")}
"""
        exec(source, names)
        self.run = names["run"]  # type: ignore[method-assign]

    def bound(self, p: Tensor, grad: Array) -> Any:
        return p, p.array.reshape(-1), grad, grad.reshape(-1)

    def roll(self) -> None:
        """A step with momentum, if all groups have it and all velocities are there."""
        optimizer = self.optimizer
        plain = not any(self.hooks)
        for (group, _), kept in zip(self.groups, self.kept, strict=True):
            plain = plain and bool(group["momentum"])
            for one in kept:
                plain = plain and one.ready(optimizer.state, VELOCITY)
        if not plain:
            optimizer.step()
            return
        if optimizer._opt_called is not None:
            optimizer._opt_called = True
        for (group, _), kept in zip(self.groups, self.kept, strict=True):
            options = (
                number(group["lr"]),
                float(group["momentum"]),
                float(group["dampening"]),
                number(group["weight_decay"]),
                bool(group["nesterov"]),
                bool(group["maximize"]),
            )
            for one in kept:
                self.kernel(*one.vectors, False, *options)
                one.p._writes.value += 1


class FastAdam(Fast):
    """Adam and AdamW."""

    def __init__(self, optimizer: Optimizer, grads: dict[int, Array]) -> None:
        super().__init__(optimizer, grads)
        self.kernel: Any = kernels.adam.compiled  # type: ignore[attr-defined]  # a Kernel

    def bound(self, p: Tensor, grad: Array) -> Any:
        return Kept(p, grad), mkl_estimates(p.array.dtype)

    def run(self) -> None:
        optimizer = self.optimizer
        plain = not any(self.hooks)
        for group, bound in self.groups:
            plain = plain and not group["capturable"]
            names = LARGEST if group["amsgrad"] else MOMENTS
            for one, _ in bound:
                plain = plain and one.ready(optimizer.state, names)
        if not plain:
            optimizer.step()
            return
        if optimizer._opt_called is not None:
            optimizer._opt_called = True
        for group, bound in self.groups:
            options, at = Options.of(group), math.nan
            for one, estimates in bound:
                t = count_step(one.state)
                if t != at:
                    at, numbers = t, options.at(t)
                self.kernel(*one.vectors, *numbers, estimates)
                one.p._writes.value += 1


VELOCITY = ("momentum_buffer",)
MOMENTS = ("step", "exp_avg", "exp_avg_sq", "exp_avg_sq")
LARGEST = ("step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq")
"""What an optimizer keeps of each parameter, in the order of its kernel's arguments."""


class Kept:
    """A parameter, its gradient and what is kept of it, flat, as long as these are the same."""

    __slots__ = ("fixed", "grad", "names", "p", "state", "tensors", "vectors")

    def __init__(self, p: Tensor, grad: Array) -> None:
        self.p = p
        self.grad = grad
        self.state: Any = None
        self.names: tuple[str, ...] = ()
        self.tensors: list[tuple[str, Tensor, Array]] = []
        self.vectors: tuple[Array, ...] = ()
        self.fixed = p.array.reshape(-1), grad.reshape(-1)

    def ready(self, states: Any, names: tuple[str, ...]) -> bool:
        """Whether the gradient is the one it was, and the state is there, and bound."""
        g = self.p._grad
        if g is None or g.array is not self.grad:
            return False
        state = states.get(self.p)
        if state is self.state and state is not None and names is self.names:
            for name, tensor, array in self.tensors:
                if state.get(name) is not tensor or tensor.array is not array:
                    break
            else:
                return True
        return self.bind(state, names)

    def bind(self, state: Any, names: tuple[str, ...]) -> bool:
        if not state or any(state.get(name) is None for name in names):
            return False
        arrays = [state[name].array for name in names if name != "step"]
        like = self.grad.dtype, self.grad.size
        if not all(a.flags.c_contiguous and (a.dtype, a.size) == like for a in arrays):
            return False
        self.state, self.names = state, names
        self.tensors = [(name, state[name], state[name].array) for name in dict.fromkeys(names)]
        self.vectors = (*self.fixed, *[a.reshape(-1) for a in arrays])
        return True


RULES: dict[type[Optimizer], type[Fast]] = {SGD: FastSGD, Adam: FastAdam, AdamW: FastAdam}
