"""LRScheduler: one learning rate per parameter group, set anew at each step of the schedule."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from minitorch_clf.optim.optimizer import Optimizer
from minitorch_clf.optim.rules import scalar
from minitorch_clf.tensor import Tensor

Rate: TypeAlias = "float | Tensor"

EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being "
    "deprecated where possible. Please use `scheduler.step()` to step the "
    "scheduler. During the deprecation, if epoch is different from None, the "
    "closed form is used instead of the new chainable form, where available. "
    "Please open an issue if you are unable to replicate your use case: "
    "https://github.com/pytorch/pytorch/issues/new/choose."
)
HOW_TO = "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"
OVERRIDDEN = (
    "Seems like `optimizer.step()` has been overridden after learning rate scheduler "
    "initialization. Please, make sure to call `optimizer.step()` before "
    f"`lr_scheduler.step()`. See more details at {HOW_TO}"
)
WRONG_ORDER = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. "
    "In PyTorch 1.1.0 and later, you should call them in the opposite order: "
    "`optimizer.step()` before `lr_scheduler.step()`.  Failure to do this "
    "will result in PyTorch skipping the first value of the learning rate schedule. "
    f"See more details at {HOW_TO}"
)


class LRScheduler:
    """The base of the schedulers; a subclass defines `get_lr`.

    optimizer     its param_groups' "lr" is what is set, the first time at once
    last_epoch    -1 to start; else where to resume, with "initial_lr" in every group

    base_lrs      the groups' "initial_lr", which is their "lr" when the scheduler is made
    last_epoch    how often `step` was called

    Schedulers are recursive: a new rate is made from the present one, not from base_lrs, so that
    several can act on one optimizer. `step(epoch)`, deprecated, uses the closed form where there is
    one; the two differ in their last bits.
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = checked(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", unshared(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming "
                    "scheduler with last_epoch >= 0.\n"
                    "This typically happens when:\n"
                    "1. You're trying to resume training from a checkpoint but haven't properly "
                    "loaded the optimizer state\n"
                    "2. You're using last_epoch >= 0 for a fresh training run (not recommended)"
                )
        self.base_lrs = group_values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        if optimizer._opt_called is None:  # from now on the optimizer keeps count
            optimizer._opt_called = False
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_last_lr(self) -> list[Rate]:
        """The present learning rate of each group."""
        return self._last_lr

    def get_lr(self) -> list[Rate]:
        """The next learning rate of each group, computed from the present ones.

        Meant for `step` to call: to look at the present rates, use `get_last_lr`.
        """
        raise NotImplementedError

    def _get_closed_form_lr(self) -> list[Rate]:
        """The learning rates at last_epoch, computed from base_lrs, if there is such a formula."""
        return self.get_lr()

    def step(self, epoch: int | None = None) -> None:
        """Set the next learning rates. Call it after optimizer.step()."""
        if self._step_count == 1:
            if not getattr(self.optimizer.step, "hooked", False):
                warnings.warn(OVERRIDDEN, UserWarning, stacklevel=2)
            elif not self.optimizer._opt_called:
                warnings.warn(WRONG_ORDER, UserWarning, stacklevel=2)
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        with self._within_step():
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                rates = self._get_closed_form_lr()
        self._set_lrs(rates)

    def _set_lrs(self, rates: list[Rate]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            set_value(group, "lr", rate)
        self._last_lr: list[Rate] = group_values(self.optimizer, "lr")

    @contextmanager
    def _within_step(self) -> Iterator[None]:
        self._get_lr_called_within_step = True
        try:
            yield
        finally:
            self._get_lr_called_within_step = False

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, "
                "please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    # --- saving -------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Every attribute but the optimizer, under PyTorch's names."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.__dict__.update(state_dict)


class FactorLR(LRScheduler):
    """Rates that all groups multiply by one factor.

    lr = lr * _factor()                         no change where it is None
    lr = base_lr * _closed_form_factor()        after step(epoch)
    """

    def _factor(self) -> float | None:
        raise NotImplementedError

    def _closed_form_factor(self) -> float:
        raise NotImplementedError

    def get_lr(self) -> list[Rate]:
        self._warn_outside_step()
        factor = self._factor()
        if factor is None:
            return group_values(self.optimizer, "lr")
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def _get_closed_form_lr(self) -> list[Rate]:
        factor = self._closed_form_factor()
        return [base_lr * factor for base_lr in self.base_lrs]


# --- values in groups; a Tensor there is written into, never shared -------------------------------


def unshared(value: Any) -> Any:
    """`value`, as a copy if it is a Tensor."""
    return value.clone() if isinstance(value, Tensor) else value


def group_values(optimizer: Optimizer, key: str) -> list[Any]:
    """group[key] of every group."""
    return [unshared(group[key]) for group in optimizer.param_groups]


def set_value(group: dict[str, Any], key: str, value: Any) -> None:
    """group[key] = value."""
    if isinstance(group[key], Tensor):
        group[key].fill_(scalar(value))
    else:
        group[key] = value


def one_per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """`value` for each group, or the list it is.

    ValueError  "max_lr must have the same length as optimizer.param_groups. ..."
    """
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        value = [value] * groups
    elif len(value) != groups:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. "
            f"{name} has {len(value)} values, param_groups has {groups}."
        )
    return [unshared(v) for v in value]


def checked(optimizer: object) -> Optimizer:
    """`optimizer`, if it is one; else TypeError, "int is not an Optimizer"."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


Lambda: TypeAlias = Callable[[int], float]
