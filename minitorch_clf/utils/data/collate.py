"""How a list of samples becomes a batch, and how a single sample becomes tensors."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from minitorch_clf.creation import as_tensor, tensor
from minitorch_clf.dtypes import float64
from minitorch_clf.functions.joins import stack
from minitorch_clf.tensor import Tensor


def default_collate(batch: Sequence[Any]) -> Any:
    """Samples put together along a new first axis, part by part.

    tensors, arrays      -> a tensor (N, ...) of their dtype
    NumPy scalars        -> a tensor (N,) of their dtype
    float; int; bool     -> a tensor (N,) float64; int64; bool
    str, bytes           -> unchanged, as a list or tuple
    mappings             -> the same mapping, its values collated
    namedtuples          -> the same namedtuple, its fields collated
    tuples               -> a list of batches
    other sequences      -> the same sequence, its elements collated

    RuntimeError  "each element in list of batch should be of equal size"
    TypeError     "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or
                  lists; found <class 'object'>"

    Difference from PyTorch: there is no `default_collate_fn_map` to extend; pass DataLoader a
    `collate_fn` of your own.

    >>> default_collate([(0, 0.5), (1, 1.5)])
    [tensor([0, 1]), tensor([0.5000, 1.5000], dtype=torch.float64)]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch, 0)
    if isinstance(first, np.ndarray):
        if first.dtype.kind in "SUO":
            raise TypeError(_no_collation(first.dtype))
        return stack([as_tensor(array) for array in batch], 0)
    if isinstance(first, (np.number, np.bool_)):
        return as_tensor(batch)
    if isinstance(first, float):
        return tensor(batch, dtype=float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return _same_mapping(
            first, {key: default_collate([sample[key] for sample in batch]) for key in first}
        )
    if _is_namedtuple(first):
        return type(first)(*map(default_collate, zip(*batch, strict=False)))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        return _same_sequence(first, map(default_collate, zip(*batch, strict=False)))
    raise TypeError(_no_collation(type(first)))


def default_convert(data: Any) -> Any:
    """One sample with its arrays and NumPy scalars as tensors; everything else stays.

    What DataLoader does to a sample when batch_size is None.

    >>> default_convert({"x": np.array([0, 1]), "name": "a"})
    {'x': tensor([0, 1]), 'name': 'a'}
    """
    if isinstance(data, np.ndarray):
        return data if data.dtype.kind in "SUO" else as_tensor(data)
    if isinstance(data, (np.number, np.bool_)):
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _same_mapping(data, {key: default_convert(data[key]) for key in data})
    if _is_namedtuple(data):
        return type(data)(*map(default_convert, data))
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _same_sequence(data, map(default_convert, data))
    return data


def _same_mapping(like: Mapping[Any, Any], items: dict[Any, Any]) -> Any:
    """`items` in a mapping like `like`, extra attributes included; in a dict where that fails."""
    try:
        if isinstance(like, MutableMapping):
            clone = copy.copy(like)
            clone.update(items)
            return clone
        return type(like)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def _same_sequence(like: Sequence[Any], items: Iterable[Any]) -> Any:
    """`items` in a sequence like `like`; in a list for a tuple, as PyTorch has it, or a range."""
    items = list(items)
    if isinstance(like, tuple):
        return items
    try:
        if isinstance(like, MutableSequence):
            clone = copy.copy(like)
            for k, item in enumerate(items):
                clone[k] = item
            return clone
        return type(like)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def _is_namedtuple(data: Any) -> bool:
    return isinstance(data, tuple) and getattr(data, "_fields", None) is not None


def _no_collation(found: Any) -> str:
    return (
        "default_collate: batch must contain tensors, numpy arrays, numbers, "
        f"dicts or lists; found {found}"
    )
