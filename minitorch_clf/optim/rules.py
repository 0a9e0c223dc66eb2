"""What the update rules share: checks of options, state, and running a kernel on flat arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch_clf.dtypes import dtype, float32, float64, get_default_dtype
from minitorch_clf.tape import Array
from minitorch_clf.tensor import Tensor, wrap


def check_options(lr: float | Tensor, **others: float) -> None:
    """ValueError  if one is negative (or nan), or lr is a Tensor of several elements.

    others   the option's name in the error -> its value
    """
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not lr >= 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")
    for name, value in others.items():
        if not value >= 0.0:
            raise ValueError(f"Invalid {name} value: {value}")


def check_betas(betas: tuple[float, float]) -> None:
    """ValueError  unless both are in [0, 1)."""
    for i, beta in enumerate(betas[:2]):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")


def scalar(value: Any) -> Any:
    """An option that may be a one-element Tensor: 0-dim then, as PyTorch's promotion wants it."""
    return value.squeeze() if isinstance(value, Tensor) else value


def number(value: Any) -> float:
    """A Python number or one-element Tensor as a float."""
    return float(value.item() if isinstance(value, Tensor) else value)


def step_dtype() -> dtype:
    """The dtype of the count of steps: float32, or float64 where that is the default dtype."""
    return float64 if get_default_dtype() is float64 else float32


def steps_as_tensors(state: dict[Any, Any]) -> None:
    """Counts of steps that an older state dict holds as numbers become 0-dim Tensors."""
    for p_state in state.values():
        if "step" in p_state and not isinstance(p_state["step"], Tensor):
            p_state["step"] = wrap(np.array(float(p_state["step"]), step_dtype().numpy))


def zeros_like(p: Tensor) -> Tensor:
    """State of p: its shape, dtype and layout, all zeros."""
    return wrap(np.zeros_like(p.array))


def start_state(state: dict[str, Any], p: Tensor, *names: str) -> dict[str, Any]:
    """`state` of p, filled if it is empty: a step count of 0, and zeros under the names."""
    if not state:
        state["step"] = wrap(np.zeros((), step_dtype().numpy))
        for name in names:
            state[name] = zeros_like(p)
    return state


def count_step(state: dict[str, Any]) -> float:
    """Add 1 to state["step"], and return it."""
    step = state["step"].array
    step.fill(step.item() + 1)  # a third of what step += 1 takes
    return float(step.item())


CAPTURABLE_DEVICES = ("cuda", "xpu", "hpu", "privateuseone", "xla")


def refuse_capturable(
    group: dict[str, Any],
    what: str = "params and state_steps",
    devices: Sequence[str] = CAPTURABLE_DEVICES,
) -> None:
    """AssertionError  as PyTorch's on a CPU, if the group has capturable=True."""
    if group["capturable"]:
        raise AssertionError(
            f"If capturable=True, {what} must be on supported devices: {list(devices)}."
        )


def update(kernel: Callable[..., None], p: Tensor, states: Sequence[Array], *scalars: Any) -> None:
    """kernel(p, p.grad, *states, *scalars), on arrays made flat; p and states are changed."""
    arrays = [p.array, *states]
    vectors = [array.ravel() for array in arrays]
    grad: Any = p.grad
    kernel(vectors[0], grad.array.ravel(), *vectors[1:], *scalars)
    for vector, array in zip(vectors, arrays, strict=True):
        write_back(vector, array)
    p._bump_version()


def write_back(vector: Array, array: Array) -> None:
    """Put `vector`, once array.ravel(), back into an array whose memory it could not share."""
    if vector.base is None:
        array[...] = vector.reshape(array.shape)
