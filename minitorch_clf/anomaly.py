"""Anomaly mode: where a nan comes from. Costs one test per node while it is off.

While it is on, every node notes the lines that built it and the ranges of what went in and out.
A backward that starts from nan, or makes one, then says which operation made the first value that
is not finite, out of what, and in which line.
"""

from __future__ import annotations

import threading
import traceback
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minitorch_clf.tape import Array, Gradients, Node, Recorder


class _Mode:
    """For all threads, as in PyTorch.   check_nan: also look for nan, not only at errors."""

    enabled = False
    check_nan = True


class _Current(threading.local):
    """The node whose backward this thread runs, and what first went wrong in this backward."""

    node: Node | None = None
    first: str | None = None


mode = _Mode()
_current = _Current()


class Values(NamedTuple):
    """What a node saw in forward: ranges in words, and which arrays were not finite."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    inputs_finite: bool
    bad_output: int | None


# --- forward --------------------------------------------------------------------------------------


def note(node: Node, inputs: Iterable[Any], outputs: Sequence[Any]) -> None:
    """Keep with `node` who built it, and from what."""
    given = [x for x in inputs if isinstance(x, np.ndarray)]
    bad = [k for k, out in enumerate(outputs) if not is_finite(out)]
    node.metadata["traceback_"] = _lines()
    node.metadata["values_"] = Values(
        tuple(map(describe, given)),
        tuple(map(describe, outputs)),
        all(map(is_finite, given)),
        bad[0] if bad else None,
    )
    if _current.node is not None:
        node.metadata["parent_"] = _current.node


_HERE = Path(__file__).parent
_PLUMBING = tuple(
    str(_HERE / name) for name in ("anomaly", "tensor", "methods", "functions", "autograd")
)


def _lines() -> list[str]:
    """The stack, outermost first, down to the line that asked for the operation."""
    stack = traceback.extract_stack()
    while len(stack) > 1 and stack[-1].filename.startswith(_PLUMBING):
        stack.pop()
    return traceback.format_list(stack)


def is_finite(x: Any) -> bool:
    """Whether `x` holds neither inf nor nan; True for what is no array of floats."""
    return not _is_float(x) or bool(np.isfinite(x).all())


def has_nan(x: Any) -> bool:
    """Whether `x` holds nan."""
    return _is_float(x) and bool(np.isnan(x).any())


def _is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def describe(x: Any) -> str:
    """The shape and range of an array in words.

    >>> describe(np.array([0.5, 2.0, np.inf]))
    '[3], 0.5 to 2, 1 inf'
    """
    if not _is_float(x):
        return f"{list(np.shape(x))}" if isinstance(x, np.ndarray) else repr(x)
    finite = x[np.isfinite(x)]
    parts = [f"{list(x.shape)}"]
    if finite.size:
        parts.append(f"{finite.min():.6g} to {finite.max():.6g}")
    for word, count in (("inf", np.isinf(x).sum()), ("nan", np.isnan(x).sum())):
        if count:
            parts.append(f"{count} {word}")
    return ", ".join(parts)


# --- backward -------------------------------------------------------------------------------------


def refuse_nan(values: Sequence[Array], nodes: Sequence[Node | None]) -> None:
    """Complain if a backward is to start from nan, and say where that came from."""
    _current.first = None
    for k, (value, node) in enumerate(zip(values, nodes, strict=True)):
        if has_nan(value):
            origin = "" if node is None else _forward_origin(node)
            raise RuntimeError(
                f"element {k} of tensors holds nan ({describe(value)}), so its gradients mean "
                f"nothing.{origin}"
            )


def run(node: Node, grads: Gradients, recorder: Recorder | None) -> Gradients:
    """node.run(grads), with the forward lines of `node` in a warning if it fails or makes nan."""
    outer, _current.node = _current.node, node
    try:
        results = node.run(grads, recorder)
        if mode.check_nan:
            _check(node, grads, results)
    except Exception:
        _warn(node)
        raise
    finally:
        _current.node = outer
    return results


def _check(node: Node, grads: Gradients, results: Gradients) -> None:
    before = list(map(_array, grads))
    for k, result in enumerate(map(_array, results)):
        if _current.first is None and not is_finite(result) and all(map(is_finite, before)):
            _current.first = (
                f"\nThe first value in this backward that is not finite: output {k} of "
                f"'{node.name()}' ({describe(result)}), from upstream gradients "
                f"({_listed(map(describe, before))}).{_where(node)}"
            )
        if has_nan(result):
            raise RuntimeError(
                f"Function '{node.name()}' returned nan values in its {k}th output."
                f"{_forward_origin(node)}{_current.first or ''}"
            )


def _array(x: Any) -> Any:
    """The array of a gradient, which is a Tensor under create_graph."""
    return getattr(x, "array", x)


def _forward_origin(node: Node) -> str:
    """Which node behind `node` made the first value in forward that was not finite."""
    first: Node | None = None
    stack, seen = [node], {node}
    while stack:
        at = stack.pop()
        values = at.metadata.get("values_")
        if values is not None and values.bad_output is not None:
            if first is None or at.sequence_nr < first.sequence_nr:
                first = at
        for successor, _ in at.next_functions:
            if successor is not None and successor not in seen:
                seen.add(successor)
                stack.append(successor)
    if first is None:
        return ""
    values = first.metadata["values_"]
    k = values.bad_output
    already = "" if values.inputs_finite else " An input was not finite already."
    return (
        f"\nThe first value in forward that is not finite: output {k} of '{first.name()}' "
        f"({values.outputs[k]}), from ({_listed(values.inputs)}).{already}{_built(first)}"
    )


def _listed(texts: Iterable[str]) -> str:
    return "; ".join(texts)


def _where(node: Node) -> str:
    values = node.metadata.get("values_")
    if values is None:
        return ""
    return f" Its inputs in forward: ({_listed(values.inputs)}).{_built(node)}"


def _built(node: Node) -> str:
    lines = node.metadata.get("traceback_")
    return f" Built at\n{lines[-1].rstrip()}" if lines else ""


def _warn(node: Node) -> None:
    """PyTorch's warnings: the forward call behind the node that failed, and behind its parents."""
    lines = node.metadata.get("traceback_")
    if lines is None:
        text = "No forward pass information available. Enable detect anomaly during forward pass "
        text += "for more information."
    else:
        text = "Traceback of forward call that caused the error:\n" + "".join(lines)
    warnings.warn(f"Error detected in {node.name()}. {text}", stacklevel=3)
    parent = node.metadata.get("parent_")
    while parent is not None:
        lines = parent.metadata.get("traceback_") or ["No forward pass information available.\n"]
        warnings.warn(
            f"\n\nPrevious calculation was induced by {parent.name()}. Traceback of forward call "
            "that induced the previous calculation:\n" + "".join(lines),
            stacklevel=3,
        )
        parent = parent.metadata.get("parent_")
