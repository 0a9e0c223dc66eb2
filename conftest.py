"""The Python examples in README.md and docs/ run as tests; those of one file share their names."""

from __future__ import annotations

import doctest

import pytest
from sybil import Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import PythonCodeBlockParser

import reference.parity  # noqa: F401 - before anything imports torch: see ask_for_avx2

# They import engines that need not be installed; tests/parity/test_adapters.py knows.
collect_ignore_glob = ["reference/parity/adapters/[!_]*.py"]

pytest_collect_file = Sybil(
    parsers=[
        PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    ],
    patterns=["README.md", "docs/*.md"],
).pytest()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A document's examples run in reading order, last, whatever order pytest-randomly chose."""
    items.sort(
        key=lambda item: (
            (str(item.path), item.example.line) if isinstance(item, SybilItem) else ("", 0)
        )
    )
