"""functional_call: a module as a function of its parameters and buffers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from minitorch_clf.nn.module import Module
from minitorch_clf.nn.tree import MISSING
from minitorch_clf.tensor import Tensor


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: dict[str, Tensor] | Sequence[dict[str, Tensor]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """module(*args, **kwargs) with other parameters and buffers, which afterwards are put back.

    parameter_and_buffer_dicts  dotted name -> Tensor, or several such dicts with distinct names;
                                a single one also gets the buffers that the call assigns anew
    args                        a tuple, or else the only argument
    tie_weights                 one parameter that goes by several names is replaced under all
    strict                      an error unless the names are exactly those of the module

    RuntimeError    strict, and names are missing or unexpected
    ValueError      two values for tied names; one name in two dicts; not dicts at all
    TypeError       a value that is not a Tensor, or the name of something that is not
    AttributeError  a name below a part that the module does not have

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.func import functional_call, grad
    >>> layer = torch.nn.Linear(2, 1)
    >>> weights = {"weight": torch.tensor([[1.0, 2.0]]), "bias": torch.tensor([3.0])}
    >>> functional_call(layer, weights, torch.tensor([10.0, 100.0]))
    tensor([213.])
    >>> grad(lambda w: functional_call(layer, w, torch.tensor([10.0, 100.0])).sum())(weights)
    {'weight': tensor([[ 10., 100.]]), 'bias': tensor([1.])}
    """
    given = _merged(parameter_and_buffer_dicts)
    values = _with_tied(module, given) if tie_weights else given
    if strict:
        _check_names(module, values)
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, values, given):
        return module(*arguments, **({} if kwargs is None else kwargs))


def _merged(dicts: Any) -> dict[str, Tensor]:
    if isinstance(dicts, dict):
        return dicts
    if not isinstance(dicts, Sequence):
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(dicts)}"
        )
    if not all(isinstance(d, dict) for d in dicts):
        raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
    counts = Counter(name for d in dicts for name in d)
    repeated = [name for name, n in counts.items() if n > 1]
    if repeated:
        raise ValueError(
            f"{repeated} appeared in multiple dictionaries; behavior of functional call is "
            "ambiguous"
        )
    return {name: value for d in dicts for name, value in d.items()}


def _named_tensors(module: Module) -> Iterator[tuple[str, Tensor]]:
    """Every parameter and buffer, a tied one under each of its names."""
    yield from module.named_parameters(remove_duplicate=False)
    yield from module.named_buffers(remove_duplicate=False)


def _with_tied(module: Module, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`values`, and each of them again for every other name of the tensor it replaces."""
    names_of: dict[int, list[str]] = {}
    for name, tensor in _named_tensors(module):
        names_of.setdefault(id(tensor), []).append(name)
    complete = dict(values)
    for names in names_of.values():
        given = [values[name] for name in names if name in values]
        if any(value is not given[0] for value in given):
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(names)}, which are tied. "
                "Consider using tie_weights=False"
            )
        if given:
            complete.update(dict.fromkeys(names, given[0]))
    return complete


def _check_names(module: Module, values: Mapping[str, Tensor]) -> None:
    known = {name for name, _ in _named_tensors(module)}
    problems = [
        f"{problem} key(s): {', '.join(map(repr, sorted(names)))}."
        for problem, names in (
            ("Unexpected", values.keys() - known),
            ("Missing", known - values.keys()),
        )
        if names
    ]
    if problems:
        raise RuntimeError(
            f"Error(s) in reparametrizing for {module._get_name()}:\n\t" + "\n\t".join(problems)
        )


@contextmanager
def _replaced(
    module: Module, values: Mapping[str, Tensor], given: dict[str, Tensor]
) -> Iterator[None]:
    """The module with `values`, until it gets its own back; `given` gets what became of its."""
    originals: list[tuple[str, Any]] = []
    try:
        for name, value in values.items():
            originals.append((name, _swap(module, name, value)))
        yield
    finally:
        # backwards: a tensor in a part that goes by two names was replaced twice
        for name, original in reversed(originals):
            left = _swap(module, name, original)
            if name in given and left is not MISSING:
                given[name] = left


def _swap(module: Module, path: str, value: Any) -> Any:
    """Put `value` at a dotted path, MISSING to take it away; what was there, or MISSING."""
    owner, name = _owner(module, path)
    if value is not None and value is not MISSING and not isinstance(value, Tensor):
        raise TypeError(f"{value} is not an instance of torch.Tensor")
    registries: tuple[dict[str, Any], ...] = (owner._parameters, owner._buffers)
    for registry in registries:
        if name in registry:
            old = registry.pop(name) if value is MISSING else registry[name]
            if value is not MISSING:
                registry[name] = value  # in its old place: the order of parameters stays
            return old
    old = getattr(owner, name, MISSING)
    if old is not None and old is not MISSING and not isinstance(old, Tensor):
        raise TypeError(f"attribute `{name}`: {old} is not an instance of torch.Tensor")
    if value is not MISSING:
        setattr(owner, name, value)
    elif old is not MISSING:
        delattr(owner, name)
    return old


def _owner(module: Module, path: str) -> tuple[Module, str]:
    """The part of the module that a dotted path leads to, and the last name of the path."""
    *parts, name = path.split(".")
    for depth, part in enumerate(parts, 1):
        below = getattr(module, part, MISSING)
        if below is MISSING:
            raise AttributeError(f"{module._get_name()} has no attribute `{part}`")
        if not isinstance(below, Module):
            raise TypeError(
                f"submodule `{'.'.join(parts[:depth])}`: {below} is not an instance of "
                "torch.nn.Module"
            )
        module = below
    return module, name
