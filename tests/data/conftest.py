"""One lambda, two engines: what it returns, or raises, must be the same."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

import minitorch_clf
import minitorch_clf.utils.data


def plain(value: Any) -> Any:
    """Tensors as (dtype, shape, bytes), in whatever they are nested in, with the type of it."""
    if isinstance(value, (torch.Tensor, minitorch_clf.Tensor)):
        array = value.detach().numpy()
        return str(value.dtype), tuple(value.shape), array.tobytes()
    if isinstance(value, Mapping):
        return type(value).__name__, [(key, plain(item)) for key, item in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return type(value).__name__, [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.tolist()
    return type(value).__name__, value


def outcome(run: Callable[[ModuleType], Any], engine: ModuleType) -> Any:
    """Value, error and warnings of a run, and what the default generator draws after it."""
    engine.manual_seed(2024)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = plain(run(engine))
        except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
            result = type(error).__name__, str(error).replace("minitorch_clf.", "torch.")
    told = [(warning.category, str(warning.message)) for warning in caught]
    return result, told, engine.randint(0, 1 << 20, (4,)).tolist()


def assert_same(run: Callable[[ModuleType], Any]) -> None:
    assert outcome(run, minitorch_clf) == outcome(run, torch)


@pytest.fixture(scope="session")
def same() -> Callable[[Callable[[ModuleType], Any]], None]:
    return assert_same
