"""The table, and the bar chart."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.result import OURS, Line
from benchmarks.row import Row, Target


def quantity(value: float, unit: str = "s") -> str:
    """Three digits and a unit that suits.

    >>> quantity(0.000123), quantity(1.5), quantity(2.5e8, "bytes")
    ('123 µs', '1.5 s', '250 MB')
    """
    if unit == "bytes":
        return f"{value / 1e6:.3g} MB"
    for factor, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= factor:
            return f"{value / factor:.3g} {name}"
    return f"{value / 1e-9:.3g} ns"


def show(row: Row, found: list[Line], console: Console) -> None:
    """One row of the benchmark: a line per race and side, then each target with pass or miss."""
    unit = "bytes" if row.unit == "bytes" else "s"
    table = Table(title=f"{row.name}: {row.title}", title_justify="left", title_style="bold")
    for heading in ("", "side", f"per {row.unit}", "theirs / ours", "theirs / replay", "x floor"):
        table.add_column(heading, justify="left" if heading in ("", "side") else "right")
    for line in found:
        for k, (name, value) in enumerate(line.times.items()):
            cells = [
                "" if (us, name) not in line.ratios else _ratio(line.ratios[us, name])
                for us in ("ours", "replay")
            ]
            above = "" if line.floor is None else f"{value / line.floor:.3g}"
            table.add_row("" if k else line.label, name, quantity(value, unit), *cells, above)
        for name, why in line.skipped.items():
            table.add_row("", name, "skipped", escape(why), "", "")
    console.print(table)
    for line in found:
        for target, got, met in line.targets(row):
            of = f" ({line.label})" if line.label else ""
            shown = f"{1 / got:.2f}x" if target.peer == "floor" else f"{got:.2f}x"
            limit = "" if met else _limit(line, target)
            text = f"  {'pass' if met else 'MISS'}  {target}{of}: {shown}{limit}"
            console.print(text, highlight=False)


def _limit(line: Line, target: Target) -> str:
    """What the floor itself would reach, where that is less than the target asks for."""
    if line.floor is None or target.peer == "floor":
        return ""
    best = line.times[target.peer] / line.floor
    return "" if best >= target.times else f"; out of reach here: the floor is at {best:.2f}x"


def _ratio(value: tuple[float, float, float]) -> str:
    middle, low, high = value
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]"


TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def chart(found: list[Line], path: Path) -> None:
    """Bars: how many times as long each peer takes as ours, on a log scale; 1 is a draw."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    bars = []
    for line in found:
        for (us, peer), (middle, low, high) in line.ratios.items():
            if peer != "floor" and us in OURS:
                name = " ".join(filter(None, (line.row, line.label)))
                bars.append((f"{name}: {us} against {peer}", middle, low, high))
    bars.reverse()
    figure = Figure(figsize=(9, 1.2 + 0.24 * len(bars)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for y, (_, middle, low, high) in enumerate(bars):
        axes.barh(y, middle - 1, left=1, color="#0072b2" if middle >= 1 else "#d55e00")
        axes.plot([low, high], [y, y], color="black", linewidth=1)
        axes.text(max(middle, high, 1) * 1.04, y, f"{middle:.2f}", va="center", fontsize=7)
    axes.set_yticks(range(len(bars)), [name for name, *_ in bars], fontsize=7)
    axes.set_ylim(-0.6, len(bars) - 0.4)
    axes.set_xscale("log")
    low, high = min(b[2] for b in bars), max(b[3] for b in bars)
    axes.set_xlim(min(low, 1) / 1.2, max(high, 1) * 1.5)  # room for the number beside a bar
    axes.set_xticks([t for t in TICKS if low / 1.2 <= t <= high * 1.5], minor=False)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel(
        "how many times as long the peer takes; right of 1 ours is faster (95 % interval)"
    )
    metadata = {"Date": None} if path.suffix == ".svg" else None
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "bars"}):  # text as text, one id a run
        figure.savefig(path, dpi=130, metadata=metadata)
