"""The public names: torch's, listed once, and whatever is not supported refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import minitorch_clf
from minitorch_clf import linalg
from minitorch_clf.functions import joins, methods

ONE = minitorch_clf.ones(2, 2)


def _functions(module: Any) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if callable(value)
        and not name.startswith("_")
        and getattr(value, "__module__", "").startswith("minitorch_clf")
        and not isinstance(value, type)
        and name in minitorch_clf.__all__
    ]


@pytest.mark.parametrize("name", [*_functions(methods), *_functions(joins)])
def test_name_is_torchs(name: str) -> None:
    assert callable(getattr(torch, name))
    assert getattr(minitorch_clf, name).__doc__ or name.endswith("_")


@pytest.mark.parametrize("name", linalg.__all__)
def test_name_is_torch_linalgs(name: str) -> None:
    assert callable(getattr(torch.linalg, name))


@pytest.mark.parametrize("name", minitorch_clf.__all__)
def test_listed_name_exists(name: str) -> None:
    assert hasattr(minitorch_clf, name)


@pytest.mark.parametrize("name", ["exp", "add", "matmul", "sum", "cumsum", "sort", "clamp", "tan"])
def test_out_is_refused_by_name(name: str) -> None:
    with pytest.raises(NotImplementedError, match=rf"{name}: out=\.\.\. is not supported"):
        getattr(minitorch_clf, name)(ONE, out=ONE)


@pytest.mark.parametrize("name", ["cat", "stack"])
def test_out_of_joins_is_refused_by_name(name: str) -> None:
    with pytest.raises(NotImplementedError, match=rf"{name}: out=\.\.\. is not supported"):
        getattr(minitorch_clf, name)([ONE, ONE], out=ONE)


REFUSED: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("reduce='add'", lambda: ONE.scatter(0, ONE.long() * 0, 1.0, reduce="add")),
    ("reduce='prod'", lambda: ONE.scatter_reduce(0, ONE.long() * 0, ONE, "prod")),
    ("wrap=True", lambda: ONE.clone().fill_diagonal_(1, wrap=True)),
    ("n=-1", lambda: ONE.matrix_power(-1)),
    ("ord='nuc'", lambda: linalg.matrix_norm(ONE, "nuc")),
    ("ord=2", lambda: linalg.norm(ONE, 2)),
    ("compute_mode=", lambda: minitorch_clf.cdist(ONE, ONE, compute_mode="use_mm")),
)


@pytest.mark.parametrize(("option", "call"), REFUSED, ids=[option for option, _ in REFUSED])
def test_option_is_refused_by_name(option: str, call: Callable[[], Any]) -> None:
    with pytest.raises(NotImplementedError, match=option):
        call()
