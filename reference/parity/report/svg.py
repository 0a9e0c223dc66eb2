"""The pictures of the page, as inline SVG.

Their colours are classes of page.css, for light, dark and paper; their numbers stand in a label or
in a table beside them, for those who do not see them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from reference.parity.report.markup import Markup, tag
from reference.parity.report.summary import ORDER, Tally, bin_names, percent
from reference.parity.result import Verdict

#: The class of each verdict in page.css.
CLASSES = {
    Verdict.BIT_EQUAL: "equal",
    Verdict.WITHIN_FLOOR: "floor",
    Verdict.WITHIN_BUDGET: "budget",
    Verdict.FAILS: "fails",
    Verdict.NOT_OFFERED: "missing",
}


def bar(tally: Tally) -> Markup:
    """One bar, divided as the runs are by verdict; a part that is not nothing can be seen."""
    shown = [verdict for verdict in ORDER if tally[verdict]]
    widths = {v: max(100 * tally[v] / tally.runs, 0.7) for v in shown}
    scale = 100 / sum(widths.values(), start=1e-9)
    parts, x = [], 0.0
    for verdict in shown:
        width = widths[verdict] * scale
        parts.append(
            tag("rect", x=f"{x:.2f}", y=0, width=f"{width:.2f}", height=8, class_=CLASSES[verdict])
        )
        x += width
    label = ", ".join(f"{tally[verdict]} {verdict}" for verdict in shown)
    return tag(
        "svg",
        *parts,
        class_="bar",
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        role="img",
        aria_label=label or "no runs",
    )


def histogram(counts: Sequence[int], name: str, small: bool = False) -> Markup:
    """Elements by distance in ULP, on a logarithmic scale: one among a million can be seen."""
    width, height, left, right, top, bottom = (
        (200, 112, 30, 4, 8, 26) if small else (420, 230, 42, 6, 30, 40)
    )
    decades = max(1, math.ceil(math.log10(max(*counts, 1) + 1)))
    base = height - bottom
    unit = (base - top) / (decades + 0.4)  # the first 0.4 are for a count of 1, else unseen
    slot = (width - left - right) / len(counts)

    def y(count: float) -> float:
        return base - unit * (math.log10(count) + 0.4)

    parts: list[Markup] = []
    for decade in range(0, decades + 1, 1 + decades // 5):
        parts.append(_line(left, width - right, y(10**decade)))
        parts.append(_label(left - 4, y(10**decade) + 3.5, _power(decade), "end"))
    total = sum(counts)
    for k, (count, bound) in enumerate(zip(counts, bin_names(), strict=True)):
        x = left + k * slot
        if not small or k % 2 == 0:
            parts.append(_label(x + slot / 2, base + 13, bound))
        if count:
            parts.append(
                tag(
                    "rect",
                    tag("title", f"{_bin(k)}: {count} elements, {percent(count, total)}"),
                    x=f"{x + slot * 0.12:.1f}",
                    y=f"{y(count):.1f}",
                    width=f"{slot * 0.76:.1f}",
                    height=f"{base - y(count):.1f}",
                    class_="apart" if k else "equal",
                )
            )
            if not small:
                parts.append(_label(x + slot / 2, y(count) - 4, percent(count, total)[:-2]))
    parts.append(_line(left, width - right, base, "axis"))
    if not small:
        parts.append(
            _label(left + (width - left - right) / 2, height - 8, "distance in ULP, up to")
        )
        parts.append(_label(2, 10, "elements (above the bars: %)", "start"))
    told = ", ".join(f"{_bin(k)}: {percent(c, total)}" for k, c in enumerate(counts) if c)
    return tag(
        "svg",
        *parts,
        class_="histogram",
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=f"{name}, {total} elements by distance: {told or 'none compared'}",
    )


def _bin(k: int) -> str:
    """What a bin is called in a sentence: "0 ULP", "up to 8 ULP", "farther"."""
    name = bin_names()[k]
    return f"{name} ULP" if k < 3 else "farther" if name == "more" else f"up to {name} ULP"


def _power(decade: int) -> str:
    """10**decade: plain up to 100, then in powers.

    >>> [_power(d) for d in (0, 2, 12)]
    ['1', '100', '10¹²']
    """
    superscripts = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    return str(10**decade) if decade < 3 else "10" + str(decade).translate(superscripts)


def _line(x1: float, x2: float, y: float, kind: str = "grid") -> Markup:
    return tag("line", x1=x1, x2=x2, y1=f"{y:.1f}", y2=f"{y:.1f}", class_=kind)


def _label(x: float, y: float, words: str, anchor: str = "middle") -> Markup:
    return tag("text", words, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor)
