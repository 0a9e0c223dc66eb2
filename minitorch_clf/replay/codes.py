"""What can be told of functions and code objects without running them."""

from __future__ import annotations

import abc
import builtins
import contextlib
import dataclasses
import dis
import enum
import functools
import types
import typing
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from minitorch_clf import dtypes

PACKAGE = str(Path(dtypes.__file__).parent)
REPLAY = str(Path(__file__).parent)

# --- whose code it is -----------------------------------------------------------------------------


def is_engine(code: types.CodeType) -> bool:
    """Whether code is of this package, the programs in experiments/ aside."""
    name = code.co_filename
    return name.startswith(PACKAGE) and not name.startswith(f"{PACKAGE}/experiments")


STANDARD = {
    "builtins", "math", "operator", "functools", "itertools", "contextlib", "collections", "typing",
    "numpy", "abc", "enum", "dataclasses", "types", "time", "os", "sys", "random", "warnings",
}  # fmt: skip
"""Modules that nobody changes; what is not pure in them the recorder notices when it is called."""


def is_engine_class(kind: type) -> bool:
    """Whether a class is of this package, the programs in experiments/ aside."""
    module = kind.__module__
    return module.startswith("minitorch_clf.") and not module.startswith(
        "minitorch_clf.experiments"
    )


def nested(code: types.CodeType) -> list[types.CodeType]:
    """Code, and that of the functions defined in it."""
    found = [code]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found += nested(constant)
    return found


@functools.cache
def imports_of(code: types.CodeType) -> tuple[str, ...]:
    """The modules that code imports as it runs."""
    steps = [i for c in nested(code) for i in dis.get_instructions(c)]
    return tuple(str(i.argval) for i in steps if i.opname == "IMPORT_NAME")


@functools.cache
def globals_of(code: types.CodeType) -> frozenset[str]:
    """The globals that code, or a function defined in it, reads."""
    return frozenset(
        str(i.argval)
        for c in nested(code)
        for i in dis.get_instructions(c)
        if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    )


def line_of(frame: types.FrameType | None) -> str:
    """The user's line that a frame belongs to, as "train.py:12"."""
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    if frame is None:
        return "unknown line"
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


# --- what it does ---------------------------------------------------------------------------------

METADATA = {"shape", "ndim", "dtype", "size", "flags", "strides", "nbytes", "itemsize"}


@functools.cache
def reads_array(code: types.CodeType) -> bool:
    """Whether the code uses `x.array` for more than its shape, dtype and the like."""
    steps = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "EXTENDED_ARG")]
    for step, after in zip(steps, [*steps[1:], steps[-1]], strict=True):
        if step.argval != "array":
            continue
        if step.opname == "STORE_ATTR":
            return True
        attribute = after.opname in ("LOAD_ATTR", "LOAD_METHOD") and after.argval in METADATA
        if step.opname == "LOAD_ATTR" and not attribute and not _is_function_of_numpy(step, steps):
            return True
    return False


def _is_function_of_numpy(step: dis.Instruction, steps: list[dis.Instruction]) -> bool:
    before = steps[max(steps.index(step) - 1, 0)]
    return before.opname == "LOAD_GLOBAL" and before.argval in ("np", "numpy")


def code_of(function: Any, part: str = "fget") -> types.CodeType:
    """The code of a function, or of this part of a property."""
    function = getattr(function, "__func__", function)
    function = getattr(function, part) if isinstance(function, property) else function
    code: types.CodeType = function.__code__
    return code


PURE_OWNERS = (str, bytes, int, float, bool, tuple, list, dict, set, frozenset, slice, range, type)
PURE_MODULES = {"math", "_operator", "_functools", "itertools", "_struct"}
IMPURE_BUILTINS = {
    "print", "input", "open", "exec", "eval", "compile", "globals", "locals", "vars",
    "setattr", "delattr", "__import__", "breakpoint",
}  # fmt: skip
OPAQUE_NAMES = {"random", "environ", "getenv", "default_rng", "urandom", "now", "perf_counter"}


def is_pure(function: Any) -> bool:
    """Whether a function in C does nothing but compute from what it is given."""
    owner = getattr(function, "__self__", None)
    if owner is builtins:
        return function.__name__ not in IMPURE_BUILTINS
    if (getattr(function, "__module__", None) or "").partition(".")[0] == "numpy":
        return True  # not its random numbers: those give themselves away by their name
    if isinstance(owner, types.ModuleType):
        return owner.__name__ in PURE_MODULES
    if owner is None:
        kind = getattr(function, "__objclass__", None)
        return kind in PURE_OWNERS or (kind is not None and issubclass(kind, np.ndarray | dict))
    kind = owner if isinstance(owner, type) else type(owner)
    return issubclass(kind, (*PURE_OWNERS, np.ndarray, np.generic)) or kind is object


HARMLESS_FILES = {
    module.__file__ for module in (contextlib, functools, typing, enum, dataclasses, abc, warnings)
}
NUMPY = str(Path(np.__file__).parent)
"""Of Python and NumPy: what they keep to themselves is not the step's business."""
