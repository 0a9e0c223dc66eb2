"""A drawn example as a script of a few lines that needs only PyTorch and the engine.

    import minitorch_clf as engine
    import torch
    from numpy import array
    def f(t, x): return t.sigmoid(x)
    for t in (torch, engine):
        x = t.tensor(array([1.0], 'float32')).requires_grad_()
        out = f(t, x)
        print(out.dtype, out.tolist())

It prints what differs and nothing else: one tensor of the result, or one gradient for the upstream
gradient that showed it. Numbers are written so that they have the same bits when read back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from reference.parity.case import Array
from reference.parity.draws.formulas import NAMES
from reference.parity.draws.strategies import Example
from reference.parity.outcome import Outcome, Value, is_float, upstream


def literal(array: Array) -> str:
    """The array as an expression of `array`, `inf` and `nan`, to the bit.

    >>> literal(np.array([[0.1, -0.0], [np.inf, np.nan]], np.float32))
    "array([[0.1, -0.0], [inf, nan]], 'float32')"
    >>> literal(np.zeros((2, 0)))
    "array([[], []], 'float64')"
    >>> literal(np.zeros((0, 2)))
    "array([], 'float64').reshape(0, 2)"
    """
    numbers = _short(array).tolist()
    text = f"array({numbers}, '{array.dtype}')"
    return text if np.shape(numbers) == array.shape else f"{text}.reshape{array.shape}"


def _short(array: Array) -> Array:
    """float32 as the float64 of fewest digits that round to the same bits."""
    if array.dtype != np.float32:
        return array
    short = np.array([float(str(x)) for x in array.ravel()]).reshape(array.shape)
    return short if short.astype(np.float32).tobytes() == array.tobytes() else array


def import_line(engine: str) -> str:
    """How a script imports what load_engine finds under this name, as `engine`.

    >>> import_line("minitorch_clf")
    'import minitorch_clf as engine'
    >>> import_line("my.engine:flavour")
    'from my.engine import flavour as engine'
    """
    source, _, attribute = engine.rpartition(":") if ":" in engine else (engine, "", "")
    lines = []
    if source.endswith(".py") or "/" in source:
        path = Path(source).resolve()
        lines.append(f"import sys; sys.path.insert(0, {str(path.parent)!r})")
        source = path.stem
    named = f"from {source} import {attribute}" if attribute else f"import {source}"
    return "\n".join([*lines, f"{named} as engine"])


def script(
    example: Example, where: str, expected: Outcome, actual: Outcome, import_engine: str
) -> str:
    """The script that shows the difference at `where`, a name of compare.py ("result[1]").

    import_engine   binds `engine` to a module with PyTorch's names
    """
    arrays = example.case.inputs(example.dtype, example.layout)
    names = NAMES[: len(arrays)]
    inputs = [f"{name} = {_leaf(a, example.layout)}" for name, a in zip(names, arrays, strict=True)]
    call = f"out = f(t, {', '.join(names)})"
    if expected.error or actual.error:
        shown = [f"try: {call}; print(out)", "except Exception as error: print(repr(error))"]
        if (known := actual if expected.error else expected).gradients:
            shown[0] = f"try: {call}; print(out, {_gradients(example, known)})"
    elif match := re.fullmatch(r"gradient of input (\d+)", where):
        shown = [call, *_gradient_shown(example, int(match[1]), expected, actual)]
    else:
        shown = [call, f"print({_leaf_shown(where, expected)})"]
    return "\n".join(
        [
            import_engine,
            "import torch",
            _import_numpy([*inputs, *shown]),
            f"def f(t, {', '.join(names)}): {example.body}",
            "for t in (torch, engine):",
            *(f"    {line}" for line in [*inputs, *shown]),
        ]
    )


def plain_script(example: Example, import_engine: str) -> str:
    """The script that only calls: for an engine that did not come back from it."""
    nothing = Outcome()
    return script(example, "", nothing, nothing, import_engine)


def adapter_script(example: Example, spec: str) -> str:
    """The same for an engine behind an adapter, which is a part of this suite: both outcomes."""
    case, names = example.case, NAMES[: len(example.case.values)]
    values = "".join(f"{literal(x)}, " for x in case.inputs(example.dtype))
    return "\n".join(
        [
            "import torch",
            "from reference.parity.case import OpCase",
            "from reference.parity.engines import TorchLike, load_engine",
            _import_numpy([values]),
            f"def f(t, {', '.join(names)}): {example.body}",
            f"case = OpCase({case.name!r}, f, values=({values.strip()}))",
            f"for engine in (TorchLike(torch), load_engine({spec!r})):",
            f"    print(engine.run(case, {example.dtype!r}, {example.layout!r}))",
        ]
    )


def _import_numpy(lines: list[str]) -> str:
    used = [name for name in ("inf", "nan") if re.search(rf"\b{name}\b", " ".join(lines))]
    return f"from numpy import {', '.join(['array', *used])}"


def _leaf(array: Array, layout: str) -> str:
    """An input as outcome.leaves makes it."""
    text = f"t.tensor({literal(array)})"
    if layout == "transposed" and array.ndim >= 2:
        text = f"t.tensor({literal(array.swapaxes(0, -1))}).transpose(0, -1).detach()"
    elif layout == "strided" and array.ndim >= 1:
        wide = np.repeat(array, 2, axis=-1)
        wide[..., 1::2] = 7
        text = f"t.tensor({literal(wide)})[..., ::2].detach()"
    return text + (".requires_grad_()" if array.dtype.kind == "f" else "")


def _leaf_shown(where: str, expected: Outcome) -> str:
    """What is printed of one place of the result."""
    match = re.fullmatch(r"result((?:\[[^\]]*\])*)", where)
    if match is None:  # a warning, an input written into
        return "out"
    path = f"out{match[1]}"
    found = dict(_places(expected.result, "out")).get(path)
    if not isinstance(found, Value):
        return path
    return f"{path}.dtype, {path}.requires_grad, {path}.tolist()"


def _gradient_shown(
    example: Example, k: int, expected: Outcome, actual: Outcome
) -> tuple[str, str]:
    name = f"gradient of input {k}"
    either = [dict(outcome.gradients).get(name) for outcome in (expected, actual)]
    shown = "grad" if any(grad is None for grad in either) else "grad.dtype, grad.tolist()"
    nth = [n for n, _ in expected.gradients].index(name)
    return f"grad = {_gradients(example, expected)}[{nth}]", f"print({shown})"


def _gradients(example: Example, outcome: Outcome) -> str:
    """The call that takes all gradients, with the upstream gradients that the case has."""
    draw = upstream(example.case)
    outputs, weights = [], []
    for path, value in _places(outcome.result, "out"):
        if isinstance(value, Value) and is_float(value.dtype):
            weight = draw(value.array.shape, value.dtype)
            if value.requires_grad:
                outputs.append(path)
                weights.append(f"t.tensor({literal(weight)})")
    wanted = [
        name
        for name, a in zip(NAMES, example.case.inputs(example.dtype), strict=False)
        if a.dtype.kind == "f"
    ]
    lists = (", ".join(part) for part in (outputs, wanted, weights))
    return "t.autograd.grad([{}], [{}], [{}], allow_unused=True)".format(*lists)


def _places(result: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every leaf of the result with the expression that reads it, in order."""
    if isinstance(result, dict):
        for key, value in result.items():
            yield from _places(value, f"{path}[{key!r}]")
    elif isinstance(result, tuple | list):
        for k, value in enumerate(result):
            yield from _places(value, f"{path}[{k}]")
    else:
        yield path, result
