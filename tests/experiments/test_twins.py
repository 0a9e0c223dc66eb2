"""A program and its twin differ in their imports, and in nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ROOT / "minitorch_clf" / "experiments"
PYTORCH = ROOT / "reference" / "experiments"
PROGRAMS = sorted(path.name for path in OURS.glob("*.py") if path.name != "__init__.py")


def without_imports(source: str) -> list[str]:
    """Return the lines of a program, less the block of imports at its head."""
    imports = [n for n in ast.parse(source).body if isinstance(n, ast.Import | ast.ImportFrom)]
    lines = source.splitlines()
    return lines[: imports[0].lineno - 1] + lines[imports[-1].end_lineno :]


def test_both_programs_are_there() -> None:
    assert {"logistic.py", "mnist.py"} <= set(PROGRAMS)


@pytest.mark.parametrize("program", PROGRAMS)
def test_twins_differ_in_import_lines_only(program: str) -> None:
    ours = (OURS / program).read_text(encoding="utf-8")
    pytorch = (PYTORCH / program).read_text(encoding="utf-8")

    assert without_imports(ours) == without_imports(pytorch)


@pytest.mark.parametrize("program", PROGRAMS)
def test_imports_stand_at_the_head_and_name_the_same_things(program: str) -> None:
    """The block that the comparison leaves out holds imports only, and binds the same names."""
    bound = []
    for folder in (OURS, PYTORCH):
        body = ast.parse((folder / program).read_text(encoding="utf-8")).body
        kinds = [isinstance(node, ast.Import | ast.ImportFrom) for node in body]
        first, last = kinds.index(True), len(kinds) - kinds[::-1].index(True)
        assert all(kinds[first:last])
        bound.append({a.asname or a.name for n in body[first:last] for a in n.names})

    assert bound[0] == bound[1]


def test_a_changed_line_is_seen() -> None:
    program = "import torch\n\nlr = 0.01\n"

    assert without_imports(program) == without_imports(
        "import minitorch_clf as torch\n\nlr = 0.01\n"
    )
    assert without_imports(program) != without_imports("import torch\n\nlr = 0.02\n")
