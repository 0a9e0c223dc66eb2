"""How an engine is found by its name, and what is said when it cannot be."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
import torch

import minitorch_clf
from reference.parity.case import ErrorCase, OpCase
from reference.parity.engines import (
    Engine,
    EngineError,
    NotOffered,
    TorchLike,
    adapters,
    load_engine,
)

EXP = OpCase("exp", lambda t, x: t.exp(x), ((2, 3),))

TORCH_LIKE = """
    from minitorch_clf import Tensor, autograd, tensor
    from helper import exp
"""
OWN = """
    from reference.parity.engines import Engine, NotOffered

    class Mine(Engine):
        name, version = "mine", "7"

        def run(self, case, dtype="float32", variant="plain"):
            raise NotOffered(case.name)

    engine = Mine()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder from which modules can be imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [str(tmp_path), *__import__("sys").path])
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")


@pytest.mark.parametrize("module", [minitorch_clf, torch])
def test_a_module_with_pytorchs_names(module: Any) -> None:
    engine = load_engine(module.__name__)
    assert (engine.name, engine.version) == (module.__name__, module.__version__)
    outcome = engine.run(EXP, "float64", "second order")
    assert not outcome.error
    assert len(outcome.gradients) == 3
    mistake = ErrorCase("view", lambda t: t.ones(2).view(3))
    assert engine.run_error(mistake) == ("RuntimeError: shape '[3]' is invalid for input of size 2")


def test_a_file_with_its_neighbours(folder: Path) -> None:
    write(folder / "somewhere" / "engine_a.py", TORCH_LIKE)
    write(folder / "somewhere" / "helper.py", "from minitorch_clf import exp")
    engine = load_engine("somewhere/engine_a.py")
    assert engine.name == "engine_a"
    assert not engine.run(EXP).error
    missing = engine.run(OpCase("log", lambda t, x: t.log(x), ((2,),))).error
    assert missing.startswith("AttributeError: module 'engine_engine_a' has no attribute 'log'")


@pytest.mark.parametrize("spec", ["own/it.py", "own.it", "own.it:engine", "own.it:Mine"])
def test_an_engine_of_its_own_kind(folder: Path, spec: str) -> None:
    write(folder / "own" / "__init__.py", "")
    write(folder / "own" / "it.py", OWN)
    engine = load_engine(spec)
    assert isinstance(engine, Engine)
    assert (engine.name, engine.version) == ("mine", "7")
    with pytest.raises(NotOffered, match="is not asked for PyTorch's words in 'view'"):
        engine.run_error(ErrorCase("view", lambda t: t))


def test_a_namespace_in_a_module(folder: Path) -> None:
    write(folder / "names.py", "import minitorch_clf as inner")
    assert not load_engine("names:inner").run(EXP).error


def test_every_adapter_goes_by_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "adapters"
    write(folder / "zzz.py", "")
    write(folder / "_helper.py", "")
    monkeypatch.setattr("reference.parity.engines.ADAPTERS", folder)
    assert adapters() == ["zzz"]
    with pytest.raises(EngineError, match=r"the adapter for zzz"):
        load_engine("zzz")  # it is looked for as reference.parity.adapters.zzz, which is not there


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("nowhere.at_all", "there is no module 'nowhere'.*the current folder"),
        ("bad.needs", "it needs 'numpty', which is not installed. Try: pip install numpty"),
        ("bad.raises", "cannot import bad.raises: ZeroDivisionError: division by zero"),
        ("bad.exits", "cannot import bad.exits: SystemExit: 3"),
        ("bad/syntax.py", r"cannot run .*syntax.py: SyntaxError"),
        ("bad/none.py", "there is no file .*none.py"),
        ("bad.empty", "bad.empty has no tensor, Tensor, autograd"),
        ("bad.empty:engine", "bad.empty has no 'engine'"),
        ("bad.empty:three", "bad.empty:three has no tensor, Tensor, autograd"),
        ("--engine", "'--engine' is no engine: give a module"),
        ("", "'' is no engine"),
    ],
)
def test_what_cannot_be_had_is_explained(folder: Path, spec: str, text: str) -> None:
    write(folder / "bad" / "__init__.py", "")
    write(folder / "bad" / "needs.py", "import numpty.linalg")
    write(folder / "bad" / "raises.py", "1 / 0")
    write(folder / "bad" / "exits.py", "raise SystemExit(3)")
    write(folder / "bad" / "syntax.py", "def")
    write(folder / "bad" / "empty.py", "three = 3")
    with pytest.raises(EngineError, match=text):
        load_engine(spec)


def test_a_version_is_the_modules_or_its_packages_or_unknown() -> None:
    from types import SimpleNamespace

    assert TorchLike(minitorch_clf.nn).version == minitorch_clf.__version__
    assert TorchLike(SimpleNamespace(__version__="3")).version == "3"
    assert TorchLike(SimpleNamespace()).version == ""
    assert TorchLike(SimpleNamespace()).name == "engine"
