"""HTML from Python values. What is not Markup already is text, and escaped: an engine's, above all.

>>> print(tag("td", "a < b", tag("b", "!"), class_="wide"))
<td class="wide">a &lt; b<b>!</b></td>
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from reference.parity.report.summary import clean

_VOID = frozenset(("meta", "input", "br"))


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | float | bool) -> Markup:
    """An element: `class_` and `aria_label` are its attributes class and aria-label.

    True stands for an attribute without a value, False for none.

    >>> print(tag("input", type="checkbox", checked=True), tag("i", aria_hidden="true"))
    <input type="checkbox" checked> <i aria-hidden="true"></i>
    """
    head = "".join(
        f" {key}" if value is True else f' {key}="{text(str(value))}"'
        for key, value in ((k.rstrip("_").replace("_", "-"), v) for k, v in attributes.items())
        if value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{head}>")
    return Markup(f"<{name}{head}>{joined(children)}</{name}>")


def text(value: str) -> Markup:
    """Escaped, unless it is Markup; what a page cannot show is spelled out."""
    return value if isinstance(value, Markup) else Markup(escape(clean(value)))


def joined(children: Iterable[str], between: str = "") -> Markup:
    return Markup(between.join(map(text, children)))


def table(
    heads: Sequence[str],
    rows: Sequence[Markup],
    label: str,
    class_: str = "",
    roles: bool = False,
) -> Markup:
    """A table that scrolls in a box of its own when it is too wide, also by keyboard.

    roles   say what is a row and a cell, where page.css lays it out as blocks on a phone
    """

    def part(name: str, role: str, *children: str, **attributes: str | bool) -> Markup:
        return tag(name, *children, **attributes, **({"role": role} if roles else {}))

    first, *others = heads
    row_of_heads = part(
        "tr",
        "row",
        part("th", "columnheader", first, scope="col", class_="text"),
        *(part("th", "columnheader", head, scope="col") for head in others),
    )
    head = part("thead", "rowgroup", row_of_heads)
    content = part("table", "table", head, part("tbody", "rowgroup", *rows), class_=class_ or False)
    return tag("div", content, class_="scroll", tabindex=0, role="region", aria_label=label)


def row(first: str, cells: Sequence[str], class_: str = "") -> Markup:
    """A row of a table, with its name first."""
    return tag(
        "tr",
        tag("th", first, scope="row", class_="text"),
        *(tag("td", cell) for cell in cells),
        class_=class_ or False,
    )
