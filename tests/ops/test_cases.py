"""The whole case table against PyTorch: one test a case, every dtype and variant inside.

pytest tests/ops/test_cases.py -k activation/relu
PARITY_VARIANTS="plain special" pytest tests/ops/test_cases.py     # these variants only
"""

from __future__ import annotations

import os

import pytest

import minitorch_clf
from reference.parity.case import VARIANTS, OpCase
from reference.parity.cases import all_cases, all_errors
from reference.parity.check import check, check_error

CASES, ERRORS = all_cases(), all_errors()


def chosen(text: str | None) -> list[str]:
    """The variants that PARITY_VARIANTS names, all if it is not set.

    A name of two words is written with an underscore.

    >>> chosen("plain second_order")
    ['plain', 'second order']
    """
    names = [name.replace("_", " ") for name in (text or "").split()] or list(VARIANTS)
    if unknown := set(names) - set(VARIANTS):
        raise pytest.UsageError(f"PARITY_VARIANTS: no variant {sorted(unknown)}, only {VARIANTS}")
    return names


WANTED = chosen(os.environ.get("PARITY_VARIANTS"))


def compared(case: OpCase) -> str:
    """What is wrong with any run of the case, all in one text."""
    runs = [(dtype, variant) for dtype, variant in case.runs() if variant in WANTED]
    reports = [check(case, minitorch_clf, dtype, variant) for dtype, variant in runs]
    return "\n".join(str(report) for report in reports if not report.ok)


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    if text := compared(CASES[name]):
        pytest.fail(text, pytrace=False)


@pytest.mark.parametrize("name", ERRORS)
def test_error(name: str) -> None:
    check_error(ERRORS[name], minitorch_clf).raise_if_failed()
