"""The whole case table, every dtype and variant, against PyTorch."""

from __future__ import annotations

import pytest

import minitorch_clf
from reference.parity.cases import all_cases, all_errors
from reference.parity.check import check, check_error

CASES, ERRORS = all_cases(), all_errors()
RUNS = [(name, dtype, variant) for name, case in CASES.items() for dtype, variant in case.runs()]


@pytest.mark.parametrize(
    ("name", "dtype", "variant"), RUNS, ids=[f"{n}-{d}-{v}" for n, d, v in RUNS]
)
def test_case(name: str, dtype: str, variant: str) -> None:
    check(CASES[name], minitorch_clf, dtype, variant).raise_if_failed()


@pytest.mark.parametrize("name", ERRORS)
def test_error(name: str) -> None:
    check_error(ERRORS[name], minitorch_clf).raise_if_failed()
