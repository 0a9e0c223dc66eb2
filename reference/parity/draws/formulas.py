"""Operations as text: a line of Python of t and x, y, z, made into a function; and the table's own.

Elementwise operations are those of the case table, with their budgets; their text is read from its
source.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from reference.parity.case import OpCase
from reference.parity.cases import all_cases

NAMES = ("x", "y", "z")


@dataclass(frozen=True)
class Formula:
    """An elementwise operation as text, and the case whose budget it has."""

    body: str
    like: OpCase


@functools.lru_cache(maxsize=1024)
def function(body: str, inputs: int) -> Callable[..., Any]:
    """The function of t and so many inputs.

    >>> function("return x + t", 1)(2, 3)
    5
    """
    scope: dict[str, Any] = {}
    exec(f"def f(t, {', '.join(NAMES[:inputs])}): {body}", scope)
    found: Callable[..., Any] = scope["f"]
    return found


@functools.cache
def written() -> dict[str, tuple[int, str]]:
    """The cases of the table whose function is a lambda of t and x, y, z only: inputs, and text.

    >>> written()["pointwise/add alpha"]
    (2, 'return t.add(x, y, alpha=0.3)')
    >>> written()["choice/mul_"]
    (2, 'out = x.clone(); same = out.mul_(y); return out, same is out, out._version')
    """
    found = {}
    for family in ("pointwise", "choice"):
        source = Path(str(import_module(f"reference.parity.cases.{family}").__file__))
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name("OpCase"), args=[ast.Constant(str(name)), ast.Lambda() as fn, *_]
                ):
                    names = tuple(argument.arg for argument in fn.args.args)
                    used = {n.id for n in ast.walk(fn.body) if isinstance(n, ast.Name)}
                    if names == ("t", *NAMES[: len(names) - 1]) and used <= set(names):
                        body = f"return {ast.unparse(fn.body)}"
                        found[f"{family}/{name}"] = (len(names) - 1, body)
                case ast.Call(
                    func=ast.Name("_in_place"),
                    args=[ast.Constant(str(name)), ast.Lambda() as write, *_],
                ):
                    body = f"out = x.clone(); same = {ast.unparse(write.body)}; "
                    body += "return out, same is out, out._version"
                    found[f"{family}/{name}"] = (2, body)
    return found


#: Made in a loop in the table.
_POWERS = (0, 1, 2, 3, 4, 5, -1, -2, -3, 0.5, -0.5, 1.7, -1.3, 2.0, 3.0)


@functools.cache
def elementwise(inputs: int) -> dict[str, Formula]:
    """The elementwise operations of the table, right for any shapes that broadcast.

    Those with integer or boolean draws have a dtype of their own and are left to the table.
    """
    table = all_cases()
    found = {
        name: Formula(body, table[name])
        for name, (count, body) in written().items()
        if count == inputs == len(table[name].shapes)
        and "float32" in table[name].dtypes
        and isinstance(table[name].draw, str)
        and table[name].draw != "bool"
    }
    if inputs == 1:
        for e in _POWERS:
            found[f"pow {e}"] = Formula(f"return x ** {e}", table[f"pointwise/pow {e}"])
    else:
        body = "out = x * 1; out += y; out -= 0.5; out *= y; out /= 3; return out"
        found["augmented"] = Formula(body, table["choice/augmented operators"])
    return dict(sorted(found.items()))
