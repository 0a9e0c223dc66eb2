"""An optimizer's step and zero_grad without the way there: options are read, kernels called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch_clf.kernels import optim as kernels
from minitorch_clf.kernels.sqrt import mkl_estimates
from minitorch_clf.nn import Module
from minitorch_clf.optim import SGD, Adam, AdamW, hooks
from minitorch_clf.optim.adam import Options
from minitorch_clf.optim.optimizer import Optimizer
from minitorch_clf.optim.rules import number
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
    """Plain descent, as a function written for these parameters; with momentum, the eager step.

    For small parameters a loop in Python would cost more than the kernels.
    """

    def __init__(self, optimizer: Optimizer, grads: dict[int, Array]) -> None:
        super().__init__(optimizer, grads)
        names: dict[str, Any] = {"o": optimizer, "number": number}
        names |= {f"hooks{k}": hooks for k, hooks in enumerate(self.hooks)}
        names["kernel"] = kernels.sgd.compiled  # type: ignore[attr-defined]  # a Kernel
        eager, lines = ["hooks0", "hooks1", "hooks2", "hooks3"], []
        k = 0
        for n, (group, bound) in enumerate(self.groups):
            names[f"group{n}"] = group
            eager.append(f"group{n}['momentum']")
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


class FastAdam(Fast):
    """Adam and AdamW."""

    def __init__(self, optimizer: Optimizer, grads: dict[int, Array]) -> None:
        super().__init__(optimizer, grads)
        self.kernel: Any = kernels.adam.compiled  # type: ignore[attr-defined]  # a Kernel

    def bound(self, p: Tensor, grad: Array) -> Any:
        return Moments(p, grad)

    def run(self) -> None:
        optimizer = self.optimizer
        plain = not any(self.hooks)
        for group, bound in self.groups:
            plain = plain and not group["capturable"]
            for moments in bound:
                plain = plain and moments.ready(optimizer.state, group["amsgrad"])
        if not plain:
            optimizer.step()
            return
        if optimizer._opt_called is not None:
            optimizer._opt_called = True
        for group, bound in self.groups:
            options = Options.of(group)
            for moments in bound:
                step = moments.step
                step += 1
                self.kernel(*moments.vectors, *options.at(float(step)), moments.estimates)
                moments.p._writes.value += 1


class Moments:
    """A parameter and its state as flat arrays, for as long as the state is the same."""

    __slots__ = ("estimates", "fixed", "grad", "p", "state", "step", "tensors", "vectors")

    def __init__(self, p: Tensor, grad: Array) -> None:
        self.p = p
        self.grad = grad
        self.state: Any = None
        self.tensors: list[tuple[str, Tensor, Array]] = []
        self.vectors: tuple[Array, ...] = ()
        self.step: Any = None
        self.fixed = p.array.reshape(-1), grad.reshape(-1)
        self.estimates = mkl_estimates(p.array.dtype)

    def ready(self, states: Any, amsgrad: bool) -> bool:
        """Whether the state is there, and bound."""
        g = self.p._grad
        if g is None or g.array is not self.grad:
            return False
        state = states.get(self.p)
        if state is self.state and state is not None:
            for name, tensor, array in self.tensors:
                if state.get(name) is not tensor or tensor.array is not array:
                    break
            else:
                if ("max_exp_avg_sq" in state) is bool(amsgrad):
                    return True
        return self.bind(state, amsgrad)

    def bind(self, state: Any, amsgrad: bool) -> bool:
        names = ["step", "exp_avg", "exp_avg_sq", *(["max_exp_avg_sq"] if amsgrad else [])]
        if not state or any(name not in state for name in names):
            return False
        arrays = [state[name].array for name in names[1:]]
        if not all(a.flags.c_contiguous and a.dtype == self.grad.dtype for a in arrays):
            return False
        if ("max_exp_avg_sq" in state) is not bool(amsgrad):
            return False
        self.state, self.step = state, state["step"].array
        self.tensors = [(name, state[name], state[name].array) for name in names]
        vectors = [a.reshape(-1) for a in arrays]
        self.vectors = (*self.fixed, vectors[0], vectors[1], vectors[-1])
        return True


RULES: dict[type[Optimizer], type[Fast]] = {SGD: FastSGD, Adam: FastAdam, AdamW: FastAdam}
