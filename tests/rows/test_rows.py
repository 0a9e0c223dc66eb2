"""Every row of reference/parity/rows.py is proved by a case or a test, or says why it is not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference.parity.cases import all_cases, all_errors
from reference.parity.rows import NOT_TESTED, ROWS

TESTS = Path(__file__).parents[1]


def numbers(text: str | None) -> set[int]:
    """The rows that a text names, as T25.

    >>> sorted(numbers("T25 T26 maximum: not TF32, nor T3x"))
    [25, 26]
    """
    return {int(number) for number in re.findall(r"\bT(\d+)\b", text or "")}


def claims(source: str) -> Iterator[int]:
    """The rows that the tests of a file prove: by test_t25_..., or in the test's docstring."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            named = re.match(r"test_t(\d+)_", node.name)
            yield from {int(named[1])} if named else ()
            yield from numbers(ast.get_docstring(node))


def proved() -> set[int]:
    by_cases = numbers(" ".join([*all_cases(), *all_errors()]))
    by_tests = {
        row
        for path in TESTS.rglob("test_*.py")
        if path != Path(__file__)
        for row in claims(path.read_text(encoding="utf-8"))
    }
    return by_cases | by_tests


def test_there_are_128_rows() -> None:
    assert list(ROWS) == list(range(1, 129))
    assert len(set(ROWS.values())) == 128


def test_every_row_is_proved_or_says_why_not() -> None:
    assert sorted(set(ROWS) - proved() - set(NOT_TESTED)) == []


def test_what_is_proved_has_no_excuse_and_a_row() -> None:
    assert sorted(proved() & set(NOT_TESTED)) == []
    assert sorted(proved() - set(ROWS)) == []


@pytest.mark.parametrize("row", NOT_TESTED)
def test_an_excuse_is_for_a_row_and_is_a_sentence(row: int) -> None:
    assert row in ROWS
    assert re.fullmatch(r"[A-Z][\w\W]{20,}\.", NOT_TESTED[row])


def test_claims_are_tests_not_comments_nor_helpers() -> None:
    source = '''
# T1 in a comment
"""T2 in a module's docstring."""
def helper():
    """T3 in a helper."""
def test_t4_by_name():
    """T5 and T6 in a docstring."""
def test_tensor():
    "no T-number: TF32"
'''
    assert sorted(claims(source)) == [4, 5, 6]
