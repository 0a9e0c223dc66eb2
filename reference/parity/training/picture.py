"""The picture of a training-parity run: both loss curves, the noise band, and what lies between.

One column a dtype. Above, the loss by step: smoothed, over the faint range of single batches.
Below, how far each curve is from PyTorch's: the engine's, and PyTorch's own when disturbed. Colours
that colour-blind readers tell apart (Okabe and Ito's), and lines that differ without colour.

Drawn on matplotlib's Figure, never through pyplot, which would pick a backend and keep state. The
same comparisons give the same bytes, in SVG as in PNG.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from reference.experiments.noise_floor import differences
from reference.parity.training.curves import FLOAT64_TOLERANCE, NOISE_FLOORS, Comparison, Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"
Line: TypeAlias = dict[str, Any]  # plot's arguments

BLUE, ORANGE, BAND, INK = "#0072B2", "#D55E00", "#C9CDD2", "#3A3F45"
PYTORCH_LINE: Line = {"color": BLUE, "lw": 3.2, "alpha": 0.55}
DISTURBED_LINE: Line = {"color": BLUE, "lw": 1.0, "alpha": 0.8}
ENGINE_LINE: Line = {"color": ORANGE, "lw": 1.2, "ls": (0, (4, 2))}
LIMIT_LINE: Line = {"color": INK, "lw": 1.0, "ls": (0, (1, 2))}
POINTS = 70  # windows that a curve is split into: an SVG stays below 200 KB
SMOOTHING = 5  # windows that the smooth line averages over
STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so it is there
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#9AA0A6",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": "#E6E8EB",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.hashsalt": "training parity",  # names inside an SVG are random without it
    "path.simplify": False,
}


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write name.png and name.svg into the folder; the same picture gives the same bytes."""
    paths = [folder / f"{name}.png", folder / f"{name}.svg"]
    with mpl.rc_context(STYLE):
        figure.savefig(paths[0], dpi=160, metadata={"Software": None})
        figure.savefig(paths[1], metadata={"Date": None, "Creator": None})
    return paths


def draw(comparisons: Sequence[Comparison], title: str, engine: str, unit: str) -> Figure:
    """Draw the comparisons that came to an end, in one column for each dtype.

    unit    "epoch" if that is what the parts of a curve are, else "step"
    """
    dtypes = list(dict.fromkeys(c.dtype for c in comparisons))
    seeds = list(dict.fromkeys(c.seed for c in comparisons))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.5 + 4.9 * len(dtypes), 6.6), layout="constrained")
        axes = figure.subplots(2, len(dtypes), squeeze=False, sharex="col", height_ratios=(1.15, 1))
        for column, dtype in enumerate(dtypes):
            of_dtype = [c for c in comparisons if c.dtype == dtype]
            scale = of_dtype[0].part_length if unit == "epoch" else 1
            _losses(axes[0, column], of_dtype, engine, scale)
            _differences(axes[1, column], of_dtype, engine, scale)
            axes[0, column].set_title(dtype)
            axes[1, column].set_xlabel(unit)
            axes[1, column].xaxis.set_major_locator(MaxNLocator(integer=True))
        axes[0, 0].set_ylabel("loss of a batch")
        axes[1, 0].set_ylabel("difference from PyTorch's loss")
        plural = "seed" if len(seeds) == 1 else "seeds"
        figure.suptitle(
            f"{title}\n{plural} {', '.join(map(str, seeds))}",
            x=0.012,
            ha="left",
            fontsize=11,
            linespacing=1.5,
        )
    return figure


def _losses(axes: Axes, comparisons: Sequence[Comparison], engine: str, scale: int) -> None:
    """The curves themselves, PyTorch's with the band to either side."""
    for c in comparisons:
        x, smooth = _windows(c.pytorch, np.mean)
        x, smooth = x / scale, _smooth(smooth)
        floor = np.interp(x * scale, *_stairs(c.floor, c.part_length))
        low = np.maximum(smooth - floor, smooth / 50)  # a log scale has no zero to reach
        axes.fill_between(x, low, smooth + floor, color=BAND, alpha=0.6, lw=0)
        axes.fill_between(x, *_range(c.pytorch), color=BLUE, alpha=0.15 / len(comparisons), lw=0)
        for edge in _range(c.engine):
            axes.plot(x, edge, color=ORANGE, alpha=0.3, lw=0.5)
        axes.plot(x, smooth, **PYTORCH_LINE)
        axes.plot(x, _smooth(_windows(c.engine, np.mean)[1]), **ENGINE_LINE)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))  # not ten to the -1
    bottom, top = axes.get_ylim()
    decades = math.log10(top / bottom)  # the fewer, the more labels in between
    digits = "23456789" if decades < 0.8 else "25" if decades < 2.5 else ""
    axes.yaxis.set_minor_formatter(
        FuncFormatter(lambda y, _: f"{y:g}" if f"{y:e}"[0] in digits else "")
    )
    axes.grid(axis="y")
    _legend(axes, [("PyTorch", PYTORCH_LINE), (engine, ENGINE_LINE)], "PyTorch ± noise band")


def _differences(axes: Axes, comparisons: Sequence[Comparison], engine: str, scale: int) -> None:
    """How far from PyTorch's curve: the engine, and PyTorch itself when it is disturbed."""
    drawn = []
    for c in comparisons:
        noise = np.max([differences(c.pytorch, each) for each in c.disturbed.values()], axis=0)
        for curve, line in ((list(noise), DISTURBED_LINE), (c.differences, ENGINE_LINE)):
            drawn.append((*_windows(curve, np.max), line))
    bottom, top = _decades([y for _, y, _ in drawn])
    lines = [(engine, ENGINE_LINE), ("PyTorch, disturbed", DISTURBED_LINE)]
    for x, y, line in drawn:
        axes.plot(x / scale, np.maximum(y, bottom), **line)
    band = np.max([c.floor for c in comparisons], axis=0)
    x, y = _stairs(band, comparisons[0].part_length)
    axes.fill_between(x / scale, bottom, y, color=BAND, alpha=0.6, lw=0)
    if comparisons[0].dtype == "float64":
        limit, name = np.full_like(y, FLOAT64_TOLERANCE), f"limit, {FLOAT64_TOLERANCE:g}"
    else:
        limit, name = NOISE_FLOORS * y, "limit, five times the band"
    axes.plot(x / scale, limit, **LIMIT_LINE)
    axes.set_yscale("log")
    top = max(top, *limit)
    axes.set_ylim(bottom, top * (top / bottom) ** 0.28)  # room for the legend
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda y, _: "0" if y <= bottom * 1.01 else f"$10^{{{math.log10(y):.0f}}}$")
    )
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(axis="y")
    _legend(axes, [*lines, (name, LIMIT_LINE)], "noise band, the largest of all seeds")


def _legend(axes: Axes, lines: Sequence[tuple[str, dict[str, Any]]], band: str) -> None:
    handles: list[Any] = [Line2D([], [], label=label, **line) for label, line in lines]
    handles.append(Patch(color=BAND, alpha=0.6, lw=0, label=band))
    axes.legend(handles=handles, loc="upper right", ncols=2, handlelength=2.6)


def _windows(curve: Curve, of: Callable[[Array], Any]) -> tuple[Array, Array]:
    """The curve in at most POINTS windows: the step in the middle of each, and `of` its values.

    >>> _windows([3.0, 1.0], np.max)
    (array([1., 2.]), array([3., 1.]))
    """
    ends = np.linspace(0, len(curve), min(POINTS, len(curve)) + 1).astype(int)
    values = [of(np.asarray(curve[a:b])) for a, b in pairwise(ends)]
    return (ends[:-1] + ends[1:] + 1) / 2, np.asarray(values, dtype=np.float64)


def _range(curve: Curve) -> tuple[Array, Array]:
    """The least and the largest loss in each window."""
    return _windows(curve, np.min)[1], _windows(curve, np.max)[1]


def _smooth(y: Array) -> Array:
    """The mean over SMOOTHING neighbours, fewer at the ends.

    >>> _smooth(np.array([1.0, 1.0, 4.0])).tolist()
    [1.0, 2.0, 2.5]
    """
    kernel = np.ones(min(SMOOTHING, len(y)))
    return np.convolve(y, kernel, "same") / np.convolve(np.ones_like(y), kernel, "same")


def _stairs(parts: Sequence[float], length: int) -> tuple[Array, Array]:
    """A value for each part as a line of steps.

    >>> _stairs([0.5, 2.0], 10)
    (array([ 0., 10., 10., 20.]), array([0.5, 0.5, 2. , 2. ]))
    """
    ends = np.arange(len(parts) + 1) * float(length)
    return np.repeat(ends, 2)[1:-1], np.repeat(np.asarray(parts), 2)


def _decades(curves: Sequence[Array]) -> tuple[float, float]:
    """Powers of ten around all that is above zero, with one more below, where zero is drawn.

    >>> _decades([np.array([0.0, 2e-7, 3e-2, np.inf])])
    (1e-08, 0.1)
    """
    values = np.concatenate(curves)
    values = values[(values > 0) & np.isfinite(values)]
    if not values.size:
        values = np.array([1e-16])
    low, high = math.floor(math.log10(values.min())), math.ceil(math.log10(values.max()))
    return 10.0 ** (low - 1), 10.0**high
