"""Engines under test: what can be asked to run a case, and how one is found by its name.

load_engine("minitorch_clf")          a module with PyTorch's names
load_engine("torch")                  PyTorch against itself
load_engine("my/engine.py")           a file: such a module, or one whose `engine` is an Engine
load_engine("package.module:name")    what is called `name` in there
load_engine("mygrad")                 the adapter in adapters/mygrad.py
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from types import ModuleType
from typing import Any

from reference.parity import outcome
from reference.parity.case import ErrorCase, OpCase
from reference.parity.outcome import NotOffered, Outcome

__all__ = ["Engine", "EngineError", "NotOffered", "TorchLike", "load_engine"]

ADAPTERS = Path(__file__).with_name("adapters")

#: Without these no case runs at all.
_NEEDED = ("tensor", "Tensor", "autograd")


class EngineError(Exception):
    """An engine cannot be had; the text says what was tried, and the way out."""


class Engine(ABC):
    """Anything that can run a case.

    name, version   as they stand in reports
    """

    name: str
    version: str = ""

    @abstractmethod
    def run(self, case: OpCase, dtype: str = "float32", variant: str = "plain") -> Outcome:
        """What it answers; an error, or what it does not offer, is an answer too."""

    def run_error(self, case: ErrorCase) -> str:
        """The error that it raises, "ErrorClass: text", "" if none. NotOffered: is not asked."""
        raise NotOffered(f"{self.name} is not asked for PyTorch's words in {case.name!r}")


class TorchLike(Engine):
    """A module with PyTorch's names, torch itself among them.

    It may offer fewer of them: a case that needs more fails by the AttributeError it runs into.
    """

    def __init__(self, module: Any, name: str = "", version: str = "") -> None:
        self.module = module
        self.name = name or getattr(module, "__name__", "engine")
        self.version = version or version_of(module)

    def run(self, case: OpCase, dtype: str = "float32", variant: str = "plain") -> Outcome:
        return outcome.run_case(case, self.module, dtype, variant)

    def run_error(self, case: ErrorCase) -> str:
        return outcome.run_error(case, self.module)


def version_of(module: Any) -> str:
    """The version of a module: its own word, or its package's; "" if neither has one."""
    if isinstance(version := getattr(module, "__version__", None), str):
        return version
    top = str(getattr(module, "__name__", "")).partition(".")[0]
    if isinstance(version := getattr(sys.modules.get(top), "__version__", None), str):
        return version
    try:
        return importlib.metadata.version(top)
    except (importlib.metadata.PackageNotFoundError, ValueError):  # the latter for no name
        return ""


def load_engine(spec: str) -> Engine:
    """The engine that `spec` names, in one of the ways above; EngineError if it cannot be had."""
    source, _, attribute = spec.rpartition(":") if _has_attribute(spec) else (spec, "", "")
    module = _module(source)
    if not attribute:
        found = getattr(module, "engine", None)
        return found if isinstance(found, Engine) else _torch_like(module, spec)
    try:
        found = getattr(module, attribute)
    except AttributeError:
        raise EngineError(f"{source} has no {attribute!r}") from None
    if isinstance(found, type) and issubclass(found, Engine):
        found = found()
    return found if isinstance(found, Engine) else _torch_like(found, spec)


def _has_attribute(spec: str) -> bool:
    """Whether the text behind the last colon is a name: it is not in C:\\engine.py."""
    return spec.rpartition(":")[2].isidentifier() and ":" in spec


def _module(source: str) -> ModuleType:
    if source.isidentifier() and (ADAPTERS / f"{source}.py").exists():
        return _import(f"{__package__}.adapters.{source}", f"the adapter for {source}")
    if source.endswith(".py") or "/" in source or "\\" in source:
        return _file(Path(source))
    if not all(part.isidentifier() for part in source.split(".")):
        raise EngineError(
            f"{source!r} is no engine: give a module (my.engine), a file (my/engine.py) or an "
            f"adapter ({', '.join(adapters())})"
        )
    return _import(source, source)


def adapters() -> list[str]:
    """The names of the adapters in the repository."""
    return sorted(path.stem for path in ADAPTERS.glob("[!_]*.py"))


def _import(name: str, title: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        wanted = str(error.name)
        if name == wanted or name.startswith(f"{wanted}."):
            raise EngineError(
                f"cannot import {title}: there is no module {wanted!r}. It must be installed, or "
                f"lie in the current folder; a file is given by its path, my/engine.py"
            ) from error
        raise EngineError(
            f"cannot import {title}: it needs {wanted!r}, which is not installed. Try: "
            f"pip install {wanted.partition('.')[0]}"
        ) from error
    except (Exception, SystemExit) as error:  # a stranger's module may do anything
        raise EngineError(f"cannot import {title}: {outcome.told(error)}") from error


def _file(path: Path) -> ModuleType:
    """Run a file as a module; like a script, it can import its neighbours."""
    path = path.resolve()
    if not path.is_file():
        raise EngineError(f"there is no file {path}")
    name = f"engine_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise EngineError(f"{path} is no Python file")
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a stranger's module may do anything
        del sys.modules[name]
        raise EngineError(f"cannot run {path}: {outcome.told(error)}") from error
    return module


def _torch_like(found: Any, spec: str) -> TorchLike:
    missing = [name for name in _NEEDED if not hasattr(found, name)]
    if missing:
        raise EngineError(
            f"{spec} has no {', '.join(missing)}: an engine is a module with PyTorch's names, or "
            f"has an `engine` that is an Engine (see the adapters in {ADAPTERS.name}/)"
        )
    name = spec if isinstance(found, ModuleType) and not spec.endswith(".py") else Path(spec).stem
    return TorchLike(found, name)
