"""The case table: every module in this folder holds `CASES` or `ERRORS`, and is found by itself."""

from __future__ import annotations

import pkgutil
from dataclasses import replace
from importlib import import_module

from reference.parity.case import ErrorCase, OpCase


def all_cases() -> dict[str, OpCase]:
    """Every case by its id, "pointwise/mul"."""
    return {f"{family}/{case.name}": case for family, case in _table("CASES")}


def all_errors() -> dict[str, ErrorCase]:
    """Every error case by its id, "errors/view wrong size"."""
    return {f"{family}/{case.name}": case for family, case in _table("ERRORS")}


def _table(attribute: str) -> list[tuple[str, OpCase | ErrorCase]]:
    rows = []
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        names = set()
        for case in vars(import_module(f"{__name__}.{module}")).get(attribute, ()):
            if case.name in names:
                raise ValueError(f"two cases in {module} are called {case.name!r}")
            names.add(case.name)
            rows.append((module, replace(case, family=module)))
    return rows
