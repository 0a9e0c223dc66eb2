"""How a Tensor prints: PyTorch's text to the last space.

Elements share one width and one notation, chosen from all finite elements: integers as "2.", plain
decimals, or scientific where the range is too wide. More than `threshold` elements are summarised
by `edgeitems` at each end of each dimension.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minitorch_clf.dtypes import get_default_dtype

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


@dataclass(frozen=True)
class PrintOptions:
    """What torch.set_printoptions sets."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}
_options = PrintOptions()


def set_printoptions(
    precision: int | None = None,
    threshold: int | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how Tensors print.

    precision  digits after the point; threshold  elements above which the middle is left out;
    edgeitems  how many are shown at each end; linewidth  characters; sci_mode  always or never;
    profile    "default", "short" or "full"
    """
    global _options  # noqa: PLW0603 - one setting for the process, as in PyTorch
    options = _options if profile is None else PROFILES[profile]
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    _options = replace(
        options, **{k: v for k, v in given.items() if v is not None}, sci_mode=sci_mode
    )


class Formatter:
    """One width and one notation for all elements of an array.

    PyTorch measures the finite elements that are not 0: wider ones (-0., -inf) stick out.
    """

    def __init__(self, array: NDArray[Any], options: PrintOptions) -> None:
        self.options = options
        self.kind = array.dtype.kind
        self.sci = False
        self.whole = True
        self.width = 1
        if self.kind != "f":
            self.width = max([self.width, *(len(str(v)) for v in array.ravel().tolist())])
            return
        shown = array[np.isfinite(array) & (array != 0)].astype(np.float64)
        if shown.size == 0:
            return
        largest, smallest = float(np.abs(shown).max()), float(np.abs(shown).min())
        self.whole = bool((shown == np.ceil(shown)).all())
        ratio = _divide(largest, smallest)
        self.sci = ratio > 1000.0 or largest > 1.0e8 or (not self.whole and smallest < 1.0e-4)
        if options.sci_mode is not None:
            self.sci = options.sci_mode
        self.width = max(len(self.text(v)) for v in shown.tolist())

    def text(self, value: Any) -> str:
        """`value` without padding."""
        if self.kind != "f":
            return str(value)
        p = self.options.precision
        if self.sci:
            return f"{value:.{p}e}"
        if self.whole:
            return f"{value:.0f}" if not math.isfinite(value) else f"{value:.0f}."
        return f"{value:.{p}f}"

    def __call__(self, value: Any) -> str:
        return self.text(value).rjust(self.width)


def _divide(a: float, b: float) -> float:
    return math.inf if b == 0 or (b < 1 and a > b * 1.7e308) else a / b


def _lines(array: NDArray[Any], indent: int, summarize: bool, format_one: Formatter) -> str:
    edge = format_one.options.edgeitems
    n = int(array.shape[0]) if array.ndim else 0
    if array.ndim == 0:
        return format_one(array.item())
    if array.ndim == 1:
        return _row(array, indent, summarize, format_one)
    if summarize and n > 2 * edge:
        parts = [_lines(array[k], indent + 1, summarize, format_one) for k in range(edge)]
        parts.append("...")
        parts += [_lines(array[k], indent + 1, summarize, format_one) for k in range(n - edge, n)]
    else:
        parts = [_lines(array[k], indent + 1, summarize, format_one) for k in range(n)]
    gap = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
    return "[" + gap.join(parts) + "]"


def _row(array: NDArray[Any], indent: int, summarize: bool, format_one: Formatter) -> str:
    options = format_one.options
    per_line = max(1, (options.linewidth - indent) // (format_one.width + 2))
    edge = options.edgeitems
    values = array.tolist()
    if summarize and len(values) > 2 * edge:
        texts = [*map(format_one, values[:edge]), " ...", *map(format_one, values[-edge:])]
    else:
        texts = [format_one(v) for v in values]
    lines = [texts[k : k + per_line] for k in range(0, len(texts), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(", ".join(line) for line in lines) + "]"


def _edges(array: NDArray[Any], edge: int) -> NDArray[Any]:
    """The elements that a summary shows."""
    if array.ndim == 0:
        return array
    n = array.shape[0]
    if n > 2 * edge:
        array = np.concatenate([array[:edge], array[n - edge :]])
    if array.ndim == 1 or array.shape[0] == 0:
        return array
    return np.stack([_edges(part, edge) for part in array])


def tensor_repr(tensor: Tensor) -> str:
    """What repr(tensor) and print(tensor) show."""
    prefix = "tensor("
    array, options = tensor.array, _options
    suffixes = []
    default = tensor.dtype in (get_default_dtype(), *_INFERRED)
    if array.size == 0:
        if array.ndim != 1:
            suffixes.append(f"size={tuple(array.shape)}")
        if tensor.dtype is not get_default_dtype():
            suffixes.append(f"dtype={tensor.dtype}")
        text = "[]"
    else:
        if not default:
            suffixes.append(f"dtype={tensor.dtype}")
        summarize = array.size > options.threshold
        shown = _edges(array, options.edgeitems) if summarize else array
        text = _lines(array, len(prefix), summarize, Formatter(shown, options))
    node = tensor.grad_fn
    if node is not None:
        suffixes.append(f"grad_fn=<{type(node).__name__}>")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    return _with_suffixes(prefix + text, suffixes, len(prefix), options.linewidth)


_INFERRED = tuple(
    d for d in type(get_default_dtype()).by_numpy.values() if d.name in ("int64", "bool")
)


def _with_suffixes(text: str, suffixes: list[str], indent: int, width: int) -> str:
    last = len(text) - text.rfind("\n") + 1
    pieces = [text]
    for suffix in suffixes:
        if last + len(suffix) + 2 > width:
            pieces.append(",\n" + " " * indent + suffix)
            last = indent + len(suffix)
        else:
            pieces.append(", " + suffix)
            last += len(suffix) + 2
    return "".join(pieces) + ")"
