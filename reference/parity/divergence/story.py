"""Two events of two processes: is it the same program that they tell of? In words, if not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reference.parity.case import Array
from reference.parity.divergence.events import Ended, Event, Given, Gradients, Op, Update


def title_of(op: Op) -> str:
    """The operation, with its place in the program."""
    return f"{op.name} ({op.where})" if op.where else op.name


def different(mine: Event, theirs: Event, name: str, titles: Mapping[int, str]) -> str:
    """A sentence if two events are not the same but for values, else "".   name  the other side

    >>> different(Gradients({}), Ended(), "mine", {})
    'PyTorch sends gradients back; mine is done'
    """
    if isinstance(theirs, Ended) and theirs.error and not isinstance(mine, Ended):
        return f"{name} {_does(theirs)}\nand PyTorch does not."
    if type(mine) is not type(theirs) or _name(mine) != _name(theirs):
        return f"PyTorch {_does(mine)}; {name} {_does(theirs)}"
    if isinstance(mine, Ended) and isinstance(theirs, Ended) and mine.error != theirs.error:
        return f"PyTorch {_does(mine)}; {name} {_does(theirs)}"
    if isinstance(mine, Gradients) and isinstance(theirs, Gradients):
        for number in mine.of.keys() ^ theirs.of.keys():
            no, yes = (name, "PyTorch") if number in mine.of else ("PyTorch", name)
            return f"{no} sends no gradient to {titles.get(number, 'a tensor')}; {yes} does"
    for one, other in zip(_values(mine), _values(theirs), strict=False):
        if one is not None and other is not None:
            if one.shape != other.shape or one.dtype != other.dtype:
                return f"PyTorch {_does(mine)} and has {_kind(one)}; {name} has {_kind(other)}"
    return ""


def _name(event: Event) -> tuple[Any, ...]:
    if isinstance(event, Op):
        return event.name, len(event.outputs)
    if isinstance(event, Update):
        return event.optimizer, [row.parameter for row in event.rows]
    return ()


def _values(event: Event) -> list[Array | None]:
    if isinstance(event, Given):
        return [event.array]
    if isinstance(event, Op):
        return [array for _, array in event.outputs]
    if isinstance(event, Gradients):
        return [event.of[number] for number in sorted(event.of)]
    return [row.after for row in event.rows] if isinstance(event, Update) else []


def _does(event: Event) -> str:
    if isinstance(event, Given):
        return f"gives {event.title} to {event.used_by}"
    if isinstance(event, Op):
        return f"calls {title_of(event)}"
    if isinstance(event, Update):
        return f"takes a step of {event.optimizer} with {len(event.rows)} parameters"
    if isinstance(event, Ended):
        at = f"\n  {event.where}" if event.where else ""
        return f"raises\n  {event.error}{at}" if event.error else "is done"
    return "sends gradients back" if isinstance(event, Gradients) else "ends the step"


def _kind(array: Array) -> str:
    return f"{array.dtype} {list(array.shape)}"
