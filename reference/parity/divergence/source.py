"""Calls as text: what was called, with which arguments, so that a script can call it again."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

_BINARY = {
    "__add__": "+",
    "__sub__": "-",
    "__mul__": "*",
    "__truediv__": "/",
    "__matmul__": "@",
    "__pow__": "**",
    "__floordiv__": "//",
    "__mod__": "%",
    "__eq__": "==",
    "__ne__": "!=",
    "__lt__": "<",
    "__le__": "<=",
    "__gt__": ">",
    "__ge__": ">=",
}


_OTHERS = {"__getitem__": "[]", "__setitem__": "[] =", "__neg__": "-"}
_PROPERTIES = (".T", ".mT", ".H", ".mH")
LONGEST = 100  # of a list that is written out


def shown(name: str) -> str:
    """What a method is called in a report.

    >>> shown("__radd__"), shown("__isub__"), shown("__getitem__"), shown("relu")
    ('operator +', 'operator -=', 'operator []', 'relu')
    """
    bare = name.strip("_")
    plain, reflected = f"__{bare}__", f"__{bare[1:]}__"
    if name in _OTHERS:
        return f"operator {_OTHERS[name]}"
    if name == plain and name in _BINARY:
        return f"operator {_BINARY[name]}"
    if name == plain and reflected in _BINARY and bare[0] in "ri":
        return f"operator {_BINARY[reflected]}{'=' * (bare[0] == 'i')}"
    return name


class NoSource(ValueError):
    """A value that no expression is known for: a generator, a function, a list of thousands."""


def expression(value: Any, tensor: Callable[[Any], str | None]) -> str:
    """Python text for `value`; `tensor` gives the text of tensors, and None for all else.

    >>> expression((1, float("inf"), slice(0, None), ...), lambda value: None)
    "(1, float('inf'), slice(0, None, None), ...)"
    """
    if (text := tensor(value)) is not None:
        return text
    if isinstance(value, bool | int | str | None):
        return repr(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else f"float('{value}')"
    if isinstance(value, np.generic):
        return expression(value.item(), tensor)
    if value is ...:
        return "..."
    if isinstance(value, slice):
        parts = [expression(part, tensor) for part in (value.start, value.stop, value.step)]
        return f"slice({', '.join(parts)})"
    if isinstance(value, tuple):
        parts = [expression(part, tensor) for part in value]
        return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
    if isinstance(value, list) and len(value) <= LONGEST:
        return f"[{', '.join(expression(part, tensor) for part in value)}]"
    if isinstance(value, dict):
        parts = [f"{key!r}: {expression(part, tensor)}" for key, part in value.items()]
        return f"{{{', '.join(parts)}}}"
    if type(value).__name__ == "dtype" and str(value).startswith("torch."):
        return f"t.{str(value).removeprefix('torch.')}"
    if type(value).__name__ == "device":
        return repr(str(value))
    raise NoSource(type(value).__name__)


def call(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], tensor: Callable[[Any], str | None]
) -> str:
    """The text of a call of a function, "t.relu"; or of a method, ".relu"; or of an operator.

    >>> call("t.sum", (1,), {"dim": 0}, lambda value: None)
    't.sum(1, dim=0)'
    >>> call(".__mul__", (2, 3), {}, lambda value: None)
    '2 * 3'
    """
    texts = [expression(arg, tensor) for arg in args]
    if (sign := _BINARY.get(name[1:])) and len(texts) == 2:
        return f"{texts[0]} {sign} {texts[1]}"
    texts += [f"{key}={expression(value, tensor)}" for key, value in kwargs.items()]
    if name in _PROPERTIES:
        return f"{texts[0]}{name}"
    if name == ".__getitem__":
        return f"{texts[0]}[{texts[1]}]"
    if not name.startswith("."):
        return f"{name}({', '.join(texts)})"
    return f"{texts[0]}{name}({', '.join(texts[1:])})"
