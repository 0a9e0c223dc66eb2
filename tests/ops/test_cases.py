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


def wanted(case: OpCase) -> list[tuple[str, str]]:
    """The (dtype, variant) of the case that are asked for."""
    variants = chosen(os.environ.get("PARITY_VARIANTS"))
    return [(dtype, variant) for dtype, variant in case.runs() if variant in variants]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if wanted(case)])
def test_case(name: str) -> None:
    case = CASES[name]
    reports = [check(case, minitorch_clf, dtype, variant) for dtype, variant in wanted(case)]
    if failed := [str(report) for report in reports if not report.ok]:
        pytest.fail("\n".join(failed), pytrace=False)


@pytest.mark.parametrize("name", ERRORS)
def test_error(name: str) -> None:
    check_error(ERRORS[name], minitorch_clf).raise_if_failed()
