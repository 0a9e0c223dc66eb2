"""Modules that hold modules: in a chain (Sequential), in a list, in a dict."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import chain, groupby
from typing import Any, Self, overload

from minitorch_clf.nn.module import Module, indent


class _Indexed(Module):
    """What Sequential and ModuleList share: children found by index, named "0", "1", ..."""

    _modules: dict[str, Any]

    def _key(self, index: int) -> str:
        index = operator.index(index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of range")
        return list(self._modules)[index]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __setitem__(self, idx: int, module: Module) -> None:
        setattr(self, self._key(idx), module)

    def __delitem__(self, idx: int | slice) -> None:
        """Remove children; those behind move up, and all are numbered again."""
        keys = list(self._modules)[idx] if isinstance(idx, slice) else [self._key(idx)]
        kept = [module for key, module in self._modules.items() if key not in keys]
        self._modules = {str(i): module for i, module in enumerate(kept)}

    def append(self, module: Module) -> Self:
        self.add_module(str(len(self)), module)
        return self

    def pop(self, key: int | slice) -> Any:
        """Remove and return a child, or the children of a slice."""
        popped = self[key]
        del self[key]
        return popped

    def __getitem__(self, idx: Any) -> Any:
        raise NotImplementedError

    def _insert(self, index: int, module: Module) -> None:
        for i in range(len(self), index, -1):
            self._modules[str(i)] = self._modules[str(i - 1)]
        self._modules[str(index)] = module


class Sequential(_Indexed):
    """Modules in a chain: the output of each is the input of the next.

    Given modules, they are named "0", "1", ...; given one OrderedDict, by its keys. A slice is
    again a Sequential and shares the modules; `+` chains two, `*` repeats (the same modules, not
    copies).

    >>> import minitorch_clf as torch
    >>> from minitorch_clf import nn
    >>> nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    Sequential(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): Linear(in_features=784, out_features=128, bias=True)
      (2): ReLU()
      (3): Linear(in_features=128, out_features=10, bias=True)
    )
    """

    @overload
    def __init__(self, *args: Module) -> None: ...

    @overload
    def __init__(self, arg: OrderedDict[str, Module], /) -> None: ...

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            self.extend(args)

    def forward(self, input: Any) -> Any:
        for module in self._modules.values():
            input = module(input)
        return input

    def __getitem__(self, idx: int | slice) -> Any:
        if isinstance(idx, slice):
            return type(self)(OrderedDict(list(self._modules.items())[idx]))
        return self._modules[self._key(idx)]

    def extend(self, sequential: Iterable[Module]) -> Self:
        for module in sequential:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Put `module` before the child at `index`.

        AssertionError  (PyTorch's class) not a Module
        IndexError      "Index out of range: 7"
        """
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        n = len(self)
        if not -n <= index <= n:
            raise IndexError(f"Index out of range: {index}")
        self._insert(index + n if index < 0 else index, module)
        return self

    def __add__(self, other: Sequential) -> Sequential:
        return Sequential(*self).__iadd__(other)

    def __iadd__(self, other: Sequential) -> Self:
        if not isinstance(other, Sequential):
            raise ValueError(
                "add operator supports only objects of Sequential class, but "
                f"{type(other)} is given."
            )
        return self.extend(list(other))

    def __mul__(self, other: int) -> Sequential:
        return Sequential(*self).__imul__(other)

    __rmul__ = __mul__

    def __imul__(self, other: int) -> Self:
        if not isinstance(other, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(other)}")
        if other <= 0:
            raise ValueError(f"Non-positive multiplication factor {other} for {type(self)}")
        return self.extend(list(self) * (other - 1))


class ModuleList(_Indexed):
    """A list whose modules are registered: unlike a Python list, it shows them to `parameters()`.

    >>> from minitorch_clf import nn
    >>> nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()])
    ModuleList(
      (0-1): 2 x Linear(in_features=2, out_features=2, bias=True)
      (2): ReLU()
    )

    Differs from PyTorch: `insert` takes any index that a list takes.
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, idx: int | slice) -> Any:
        if isinstance(idx, slice):
            return type(self)(list(self)[idx])
        return self._modules[self._key(idx)]

    def extend(self, modules: Iterable[Module]) -> Self:
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleList.extend should be called with an iterable, but got "
                f"{type(modules).__name__}"
            )
        for module in list(modules):  # a copy, because it may be this list itself
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> None:
        n = len(self)
        self._insert(min(max(index + n if index < 0 else index, 0), n), module)

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList(chain(self, other))

    def __repr__(self) -> str:
        """As every module, but equal neighbours on one line."""
        lines = []
        for text, group in groupby(enumerate(map(repr, self)), key=operator.itemgetter(1)):
            indices = [i for i, _ in group]
            first, last, n = indices[0], indices[-1], len(indices)
            lines.append(
                indent(f"({first}-{last}): {n} x {text}" if n > 1 else f"({first}): {text}")
            )
        body = "\n  ".join(["", *lines]) + "\n" if lines else ""
        return f"{self._get_name()}({body})"


class ModuleDict(Module):
    """A dict whose modules are registered; it keeps the order of insertion.

    >>> from minitorch_clf import nn
    >>> nn.ModuleDict({"relu": nn.ReLU(), "tanh": nn.Tanh()})["tanh"]
    Tanh()
    """

    _modules: dict[str, Any]

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def clear(self) -> None:
        self._modules.clear()

    def pop(self, key: str) -> Any:
        return self._modules.pop(key)

    def keys(self) -> KeysView[str]:
        return self._modules.keys()

    def items(self) -> ItemsView[str, Any]:
        return self._modules.items()

    def values(self) -> ValuesView[Any]:
        return self._modules.values()

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add, or put in place, all of a mapping, a ModuleDict, or pairs (name, module)."""
        for key, module in items_of(modules, "ModuleDict", "ModuleDict"):
            self[key] = module


def items_of(source: Any, caller: str, element: str) -> Iterable[tuple[str, Any]]:
    """The pairs of a mapping or of an iterable of pairs; PyTorch's complaints about all else."""
    if not isinstance(source, Iterable):
        raise TypeError(
            f"{caller}.update should be called with an iterable of key/value pairs, but got "
            f"{type(source).__name__}"
        )
    if isinstance(source, (Mapping, ModuleDict)):
        return source.items()
    return [_pair(pair, f"{element} update sequence element #{j}") for j, pair in enumerate(source)]


def _pair(pair: Any, name: str) -> tuple[str, Any]:
    if not isinstance(pair, Iterable):
        raise TypeError(f"{name} should be Iterable; is{type(pair).__name__}")
    key_and_value = tuple(pair)
    if len(key_and_value) != 2:
        raise ValueError(f"{name} has length {len(key_and_value)}; 2 is required")
    return key_and_value
