"""Runs one program on both engines and compares everything it returns.

    same(lambda t: t.nn.Linear(2, 3).extra_repr())

A program takes the engine as `t` and returns tensors, modules, numbers, texts, or nestings of them.
What it raises and what it warns about count as results too. Tensors must have the same dtype, shape
and bits, or be at most `ulp` apart, or `steps` roundings of the largest value (where terms cancel).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

import minitorch_clf
from reference.parity.ulp import rounding_steps, ulp_distance

Program = Callable[[Any], Any]


def attempt(action: Callable[[], Any]) -> Any:
    """What the action returns, or the error it raises as "Class: text"."""
    try:
        return action()
    except Exception as error:  # noqa: BLE001 - any error is a result here
        return f"{type(error).__name__}: {error}"


def run(engine: Any, program: Program) -> Any:
    """The program's results in plain Python and NumPy, with its warnings."""
    engine.manual_seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = plain(attempt(lambda: program(engine)))
    return [result, [f"{w.category.__name__}: {w.message}" for w in caught]]


def plain(value: Any) -> Any:
    """The value without a trace of the engine it came from."""
    if isinstance(value, torch.Tensor | minitorch_clf.Tensor):
        kind = "Parameter" if type(value).__name__ == "Parameter" else "Tensor"
        return {
            "kind": kind,
            "dtype": str(value.dtype),
            "requires_grad": value.requires_grad,
            "array": np.array(value.detach().numpy()),
        }
    if isinstance(value, Mapping):
        return {"keys": list(value), **{key: plain(item) for key, item in value.items()}}
    if isinstance(value, tuple | list) and type(value) in (tuple, list):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return (
        str(value)
        .replace("minitorch_clf.nn.module.", "torch.nn.modules.module.")
        .replace("minitorch_clf", "torch")
    )


def short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]} ..."


def compare(ours: Any, theirs: Any, ulp: float, steps: float, where: str = "result") -> None:
    assert type(ours) is type(theirs), f"{where}: {short(ours)}, PyTorch {short(theirs)}"
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs), f"{where}: {list(ours)}, PyTorch {list(theirs)}"
        for key in theirs:
            compare(ours[key], theirs[key], ulp, steps, f"{where}.{key}")
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), f"{where}: {short(ours)}, PyTorch {short(theirs)}"
        for i, pair in enumerate(zip(ours, theirs, strict=True)):
            compare(*pair, ulp, steps, f"{where}[{i}]")
    elif isinstance(theirs, np.ndarray):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), where
        both = f"{where}:\n{ours}\nPyTorch\n{theirs}"
        if theirs.dtype.kind != "f" or not (ulp or steps):
            assert ours.tobytes() == theirs.tobytes(), both
        elif ulp:
            assert np.max(ulp_distance(theirs, ours), initial=0) <= ulp, both
        else:
            assert np.max(rounding_steps(theirs, ours), initial=0) <= steps, both
    else:
        assert ours == theirs, f"{where}: {short(ours)}, PyTorch {short(theirs)}"


def same(program: Program, ulp: float = 0, steps: float = 0) -> None:
    """The program does the same on both engines."""
    compare(run(minitorch_clf, program), run(torch, program), ulp, steps)
