"""Optimizer: parameters in groups with options, the state of each parameter, and saving both.

A subclass says what one step does to a group (`_step_group`); closures, hooks, groups and state
dicts are here. The loops that change the numbers are in kernels/optim.py and
kernels/adaptive.py.
"""

from __future__ import annotations

import copy
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeAlias

from minitorch_clf.grad_mode import enable_grad, no_grad
from minitorch_clf.optim.hooks import (
    HookMethods,
    hooked,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from minitorch_clf.tensor import Tensor

__all__ = [
    "Optimizer",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "required",
]

Params: TypeAlias = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
StateDict: TypeAlias = dict[str, Any]


class _Required:
    """A default that says: every group must name this option itself."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


class Optimizer(HookMethods):
    """The base of all optimizers.

    params      Tensors, or (name, Tensor) pairs, or dicts {"params": ..., option: value, ...}:
                one dict is one group, with options of its own
    defaults    option -> value, for what a group does not say itself

    param_groups    one dict per group: its "params", every option, and "param_names" if named
    state           parameter -> dict, filled by the first step that finds a gradient

    A parameter whose grad is None is left alone, and its step is not counted.

    ValueError  "optimizer got an empty parameter list", "can't optimize a non-leaf Tensor", ...
    """

    _absent: ClassVar[dict[str, Any]] = {}
    """The value of an option in a state dict that was saved before the option existed."""

    _unsupported: ClassVar[dict[str, str]] = {
        "differentiable": "a step records no graph, so nothing can be differentiated through it",
        "fused": "the fused loop rounds differently; leave it None for the bits of the plain loop",
    }
    """Options of PyTorch that may not be True, and why."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = hooked(cls.step)  # type: ignore[method-assign]

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._init_hooks()
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {_typename(params)}"
            )
        self.state: defaultdict[Any, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    # --- a step -------------------------------------------------------------------------------

    @hooked
    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient, once.

        closure     clears the gradients, computes the loss, calls backward, returns the loss; it
                    runs first, with gradients recorded
        returns     what closure returned
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._step_group(group)
        return loss

    def _step_group(self, group: dict[str, Any]) -> None:
        raise NotImplementedError

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; with set_to_none=False, fill them with zeros.

        The two differ: a step skips a parameter without gradient, but a zero gradient still moves
        it, by momentum and weight decay.
        """
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if set_to_none:
                    p.grad = None
                else:
                    if p.grad.grad_fn is not None:
                        p.grad.detach_()
                    else:
                        p.grad.requires_grad_(False)
                    p.grad.zero_()

    # --- groups -------------------------------------------------------------------------------

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Let the optimizer change more parameters, with options of their own.

        >>> import minitorch_clf as torch
        >>> body, head = torch.zeros(3, requires_grad=True), torch.zeros(2, requires_grad=True)
        >>> optimizer = torch.optim.SGD([body], lr=0.1)
        >>> optimizer.add_param_group({"params": head, "lr": 1.0})
        >>> [group["lr"] for group in optimizer.param_groups]
        [0.1, 1.0]
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        _separate_names(param_group)
        params = param_group["params"]
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {_typename(p)}"
                )
            if not (p.is_leaf or p.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    "parameter group didn't specify a value of required optimization parameter "
                    f"{name}"
                )
            param_group.setdefault(name, default)
        self._refuse_unsupported(param_group)
        if len(params) != len(set(params)):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; "
                "in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        for group in self.param_groups:
            if ("param_names" in param_group) != ("param_names" in group):
                names = "with names" if "param_names" in param_group else "without names"
                raise ValueError(
                    "all optimizer param groups should be with/without names. "
                    f"cannot add param group {names} to the optimizer"
                )
        known = {p for group in self.param_groups for p in group["params"]}
        if not known.isdisjoint(params):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    def _refuse_unsupported(self, group: dict[str, Any]) -> None:
        for option, why in self._unsupported.items():
            if group.get(option):
                raise NotImplementedError(f"{type(self).__name__}({option}=True): {why}")

    def __repr__(self) -> str:
        groups = []
        for i, group in enumerate(self.param_groups):
            lines = [f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params"]
            groups.append(f"\nParameter Group {i}\n{''.join(lines)}")
        return f"{type(self).__name__} ({''.join(groups)})"

    # --- saving -------------------------------------------------------------------------------

    def state_dict(self) -> StateDict:
        """Groups and state in PyTorch's layout, with parameters numbered through all groups.

        {"state": {0: {"momentum_buffer": ...}, ...}, "param_groups": [{"lr": ..., "params": [0]}]}

        The Tensors in it are the state itself, not copies.
        """
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        numbers: dict[int, int] = {}
        groups, start = [], 0
        for group in self.param_groups:
            places = enumerate(group["params"], start)
            numbers |= {id(p): i for i, p in places if id(p) not in numbers}
            start += len(group["params"])
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [numbers[id(p)] for p in group["params"]]
            groups.append(packed)
        state = {
            numbers[id(key)] if isinstance(key, Tensor) else key: value
            for key, value in self.state.items()
        }
        result = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            changed = hook(self, result)
            result = result if changed is None else changed
        return result

    def load_state_dict(self, state_dict: StateDict) -> None:
        """Take over the groups' options and the state from a state dict, PyTorch's too.

        Parameters are matched by their order. Tensors of the right dtype are taken as they are,
        without a copy; others are converted to the parameter's dtype.

        ValueError  "loaded state dict has a different number of parameter groups",
                    "loaded state dict contains a parameter group that doesn't match the size of
                    optimizer's group"
        """
        state_dict = state_dict.copy()
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            changed = hook(self, state_dict)
            state_dict = state_dict if changed is None else changed
        saved = copy.deepcopy(state_dict["param_groups"])
        if len(self.param_groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        pairs = list(zip(self.param_groups, saved, strict=True))
        if any(len(group["params"]) != len(new["params"]) for group, new in pairs):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of "
                "optimizer's group"
            )
        parameters: dict[Any, Tensor] = {}
        for group, new in pairs:
            self._refuse_unsupported(new)
            parameters.update(zip(new["params"], group["params"], strict=True))
            new["params"] = group["params"]
            if "param_names" in group:
                new.setdefault("param_names", group["param_names"])
        state: defaultdict[Any, Any] = defaultdict(dict)
        for number, value in state_dict["state"].items():
            if number in parameters:
                p = parameters[number]
                state[p] = _as_state_of(p, value)
            else:
                state[number] = value
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "_optimizer_step_pre_hooks" not in self.__dict__:
            self._init_hooks()
        for group in self.param_groups:
            for option, value in self._absent.items():
                group.setdefault(option, value)


def _separate_names(group: dict[str, Any]) -> None:
    """Make group["params"] a list of parameters; names of (name, parameter) go to "param_names"."""
    params = group["params"]
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of "
            "tensors in sets will change between runs. Please use a list instead."
        )
    params = [params] if isinstance(params, Tensor) else list(params)
    names = [p[0] for p in params if isinstance(p, tuple)]
    group["params"] = [p[1] if isinstance(p, tuple) else p for p in params]
    if names:
        if len(names) != len(params):
            raise ValueError(
                "all optimizer params should be with/without names. Some param names are missing"
            )
        group["param_names"] = names


def _as_state_of(p: Tensor, value: Any, key: object = None) -> Any:
    """A loaded value as state of p: Tensors take p's dtype, except the count of steps."""
    if isinstance(value, Tensor):
        return value.to(p.dtype) if p.is_floating_point() and key != "step" else value
    if isinstance(value, dict):
        return {k: _as_state_of(p, v, k) for k, v in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return type(value)(_as_state_of(p, v) for v in value)  # type: ignore[call-arg]
    return value


def _typename(value: object) -> str:
    """How PyTorch names a type in an error: torch.FloatTensor, int, collections.Counter."""
    if isinstance(value, Tensor):
        return f"torch.{value.dtype.legacy}Tensor"
    module = getattr(value, "__module__", None)
    name = getattr(value, "__qualname__", None) or type(value).__name__
    return name if module in (None, "builtins") else f"{module}.{name}"
