"""From Python data to arrays, with the dtypes and the complaints of PyTorch's constructors."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch_clf.dtypes import as_dtype, dtype, get_default_dtype
from minitorch_clf.methods.base import Methods
from minitorch_clf.tape import Array

__all__ = ["as_array"]


def as_array(data: Any, to: dtype | None = None) -> Array:
    """A new array from a number, a nested sequence, an array or a Tensor.

    Without `to`: arrays and NumPy scalars keep their dtype, Python floats get the default dtype,
    ints int64.

    ValueError    a ragged sequence: "expected sequence of length 2 at dim 1 (got 1)"
    TypeError     "new(): invalid data type 'str'"
    """
    if isinstance(data, Methods):
        data = data.array
    if isinstance(data, (np.ndarray, np.generic)):
        as_dtype(data.dtype)
        return np.array(data, dtype=None if to is None else to.numpy, order="C")
    shape = _shape(data)
    leaves: list[Any] = []
    _flatten(data, 0, shape, leaves)
    if to is None:
        to = _infer(leaves)
    try:
        values = np.array(leaves, dtype=_widest(leaves, to))
    except OverflowError:
        raise ValueError("Overflow when unpacking long long") from None
    with np.errstate(all="ignore"):
        return values.astype(to.numpy).reshape(shape)


def _shape(data: Any) -> tuple[int, ...]:
    shape = []
    while _is_sequence(data) and not (isinstance(data, Methods) and not data.ndim):
        shape.append(len(data))
        if not shape[-1]:
            break
        data = data[0]
    if shape and isinstance(data, str):
        raise ValueError("too many dimensions 'str'")
    return tuple(shape)


def _is_sequence(data: Any) -> bool:
    return isinstance(data, (list, tuple, range, np.ndarray, Methods))


def _flatten(data: Any, dim: int, shape: tuple[int, ...], leaves: list[Any]) -> None:
    if dim == len(shape):
        if leaves and isinstance(data, (list, tuple)):
            kind = type(data).__name__
            raise TypeError(
                f"must be real number, not {kind}"
                if isinstance(leaves[0], float)
                else f"'{kind}' object cannot be interpreted as an integer"
            )
        leaves.append(_leaf(data))
        return
    if not _is_sequence(data):
        raise TypeError("not a sequence")
    if len(data) != shape[dim]:
        raise ValueError(f"expected sequence of length {shape[dim]} at dim {dim} (got {len(data)})")
    for item in data:
        _flatten(item, dim + 1, shape, leaves)


def _leaf(value: Any) -> Any:
    if isinstance(value, Methods) and value.array.ndim == 0:
        return value.array[()]
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return value[()]
    if isinstance(value, str):
        raise TypeError("new(): invalid data type 'str'")
    if isinstance(value, (bool, int, float, np.generic)):
        return value
    if isinstance(value, complex):
        raise NotImplementedError(f"complex numbers are not supported, got {value!r}")
    raise RuntimeError(f"Could not infer dtype of {type(value).__name__}")


def _infer(leaves: list[Any]) -> dtype:
    """The dtype that holds all leaves; Python floats are the default dtype, NumPy's keep theirs."""
    if not leaves:
        return get_default_dtype()
    kinds = {type(v) for v in leaves}
    found = [as_dtype(np.dtype(k)) for k in kinds if issubclass(k, np.generic)]
    if any(issubclass(k, float) and not issubclass(k, np.generic) for k in kinds):
        found.append(get_default_dtype())
    if any(issubclass(k, int) and not issubclass(k, bool) for k in kinds):
        found.append(as_dtype(np.dtype(np.int64)))
    if bool in kinds:
        found.append(as_dtype(np.dtype(np.bool_)))
    top = max(d.category for d in found)
    return max((d for d in found if d.category == top), key=lambda d: d.itemsize)


def _widest(leaves: list[Any], to: dtype) -> Any:
    """The dtype to read Python numbers in before they are cast: floats to ints truncate."""
    if any(isinstance(v, (float, np.floating)) for v in leaves):
        return np.float64
    return np.int64 if to.category < 2 and leaves else to.numpy
