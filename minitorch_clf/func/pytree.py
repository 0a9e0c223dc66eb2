"""Nests of tuples, lists, dicts and named tuples, taken apart and put together again."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Structure:
    """A nest without its leaves.

    Two nests have the same one if their containers are of the same types and sizes, and their dicts
    have the same keys in the same order.

    kind      the type of the container; None: a leaf
    context   the keys of a dict, the class of a named tuple
    """

    kind: Any = None
    context: Any = None
    children: tuple[Structure, ...] = ()

    def build(self, leaves: Iterable[Any]) -> Any:
        """The nest of this structure with these leaves."""
        return self._take(iter(leaves))

    def _take(self, leaves: Iterator[Any]) -> Any:
        if self.kind is None:
            return next(leaves)
        values = [child._take(leaves) for child in self.children]
        if self.kind is namedtuple:
            return self.context(*values)
        return self.kind(zip(self.context, values, strict=True) if self.context else values)

    def __str__(self) -> str:
        """The nest with an asterisk for each leaf: {'a': *, 'b': [*]}."""
        return repr(self.build(iter(_Asterisk, None)))

    def __repr__(self, indent: int = 2) -> str:
        if self.kind is None:
            return "*"
        children = [child.__repr__(indent + 2) for child in self.children]
        separator = ",\n" + " " * indent
        return f"TreeSpec({self.kind.__name__}, {self.context}, [{separator.join(children)}])"


class _Asterisk:
    def __repr__(self) -> str:
        return "*"


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves of a nest from left to right, and what puts them together again.

    A leaf is all that is not exactly a tuple, list, dict or OrderedDict, nor a named tuple; so is
    None.

    >>> leaves, structure = flatten({"a": (1, 2), "b": [3]})
    >>> leaves
    [1, 2, 3]
    >>> structure.build([10, 20, 30])
    {'a': (10, 20), 'b': [30]}
    """
    kind = type(tree)
    if kind in (dict, OrderedDict):
        return _joined(kind, list(tree), tree.values())
    if kind in (tuple, list):
        return _joined(kind, None, tree)
    if isinstance(tree, tuple) and "_fields" in kind.__dict__:
        return _joined(namedtuple, kind, tree)
    return [tree], Structure()


def _joined(kind: Any, context: Any, values: Iterable[Any]) -> tuple[list[Any], Structure]:
    leaves, children = [], []
    for value in values:
        below, child = flatten(value)
        leaves += below
        children.append(child)
    return leaves, Structure(kind, context, tuple(children))


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """The nest with function(leaf) for each leaf."""
    leaves, structure = flatten(tree)
    return structure.build([function(leaf) for leaf in leaves])
