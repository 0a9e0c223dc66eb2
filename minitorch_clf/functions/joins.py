"""Several Tensors made one, or of one shape: cat, stack, and what is built from them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch_clf.functions.methods import refuse_out
from minitorch_clf.methods.base import one_dtype, wrap_dim
from minitorch_clf.methods.shape import broadcast_shapes
from minitorch_clf.ops.arrange import BlockDiag, Cat, Stack
from minitorch_clf.tensor import Tensor, apply


def cat(tensors: Sequence[Tensor], dim: int = 0, *, out: Any = None) -> Tensor:
    """The tensors one after the other along `dim`; their other sizes must agree.

    >>> import minitorch_clf as torch
    >>> torch.cat((torch.zeros(2), torch.ones(1)))
    tensor([0., 0., 1.])
    """
    refuse_out("cat", out)
    parts = _promoted("cat", tensors)
    # a 1-d tensor without elements may stand among others, whatever their shape (PyTorch's habit)
    flat = {p.ndim for p in parts} == {1}
    solid = parts if flat else [p for p in parts if p.array.shape != (0,)]
    first = solid[0]
    if first.ndim == 0:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated")
    axis = wrap_dim(dim, first.ndim)
    for k, part in enumerate(solid[1:], 1):
        if part.ndim != first.ndim:
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {first.ndim} and {part.ndim}"
            )
        for d, (want, got) in enumerate(zip(first.shape, part.shape, strict=True)):
            if d != axis and want != got:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {want} "
                    f"but got size {got} for tensor number {k} in the list."
                )
    return apply(Cat, *solid, axis=axis)  # type: ignore[no-any-return]


concat = concatenate = cat


def stack(tensors: Sequence[Tensor], dim: int = 0, *, out: Any = None) -> Tensor:
    """The tensors, all of one shape, side by side along a new dimension `dim`."""
    refuse_out("stack", out)
    parts = _promoted("stack", tensors)
    axis = wrap_dim(dim, parts[0].ndim + 1)
    for k, part in enumerate(parts):
        if part.shape != parts[0].shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(parts[0].shape)} at "
                f"entry 0 and {list(part.shape)} at entry {k}"
            )
    return apply(Stack, *parts, axis=axis)  # type: ignore[no-any-return]


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """cat() along the columns."""
    parts = [t.reshape(1) if t.ndim == 0 else t for t in tensors]
    return cat(parts, 0 if parts[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """cat() along the rows."""
    return cat([t.reshape(1, -1) if t.ndim < 2 else t for t in tensors], 0)


def _promoted(name: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    parts = list(tensors)
    if not parts:
        if name == "cat":
            raise ValueError("torch.cat(): expected a non-empty list of Tensors")
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    for k, part in enumerate(parts):
        if not isinstance(part, Tensor):
            raise TypeError(
                f"expected Tensor as element {k} in argument 0, but got {type(part).__name__}"
            )
    return one_dtype(*parts)


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """cat() along the third dimension."""
    return cat([atleast_3d(t) for t in _some("dstack", tensors)], 2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """cat() along the columns, vectors as columns."""
    parts = _some("column_stack", tensors)
    return hstack([t.reshape(t.numel(), 1) if t.ndim < 2 else t for t in parts])


def _some(name: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    if not tensors:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    return list(tensors)


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors, expanded to one shape."""
    shape = broadcast_shapes(*[t.shape for t in tensors])
    return tuple(t.expand(shape) for t in tensors)


# --- at least so many dimensions ------------------------------------------------------------------


def atleast_1d(*tensors: Any) -> Any:
    """The tensors with one dimension at least: numbers become vectors."""
    return _each(tensors, lambda t: t if t.ndim else t.reshape(1))


def atleast_2d(*tensors: Any) -> Any:
    """The tensors with two dimensions at least: vectors become rows."""
    return _each(
        tensors, lambda t: t.reshape(1, 1) if not t.ndim else t.unsqueeze(0) if t.ndim < 2 else t
    )


def atleast_3d(*tensors: Any) -> Any:
    """The tensors with three dimensions at least: (n,) becomes (1, n, 1), (n, m) (n, m, 1)."""

    def lifted(t: Tensor) -> Tensor:
        if not t.ndim:
            return t.reshape(1, 1, 1)
        t = t.unsqueeze(0) if t.ndim == 1 else t
        return t.unsqueeze(-1) if t.ndim == 2 else t

    return _each(tensors, lifted)


def _each(tensors: tuple[Any, ...], lift: Callable[[Tensor], Tensor]) -> Any:
    """One tensor gives one; several, or a sequence of them, a tuple."""
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return lift(tensors[0])
    several = tensors[0] if len(tensors) == 1 else tensors
    return tuple(lift(t) for t in several)


# --- grids and combinations -----------------------------------------------------------------------


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """The coordinates of a grid: each vector along a dimension of its own, expanded to all.

    indexing   "ij": dimensions in the order of the vectors; "xy": the first two exchanged
    """
    axes = _given(tensors)
    for t in axes:
        if t.ndim > 1:
            raise RuntimeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got:  1  1\n"
                + "\n".join(f" {n}" for n in t.shape)
            )
        if t.dtype != axes[0].dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    swap = indexing == "xy" and len(axes) > 1
    if swap:
        axes[:2] = axes[1::-1]
    shape = [t.numel() for t in axes]
    grids = [
        t.reshape([-1 if j == k else 1 for j in range(len(axes))]).expand(shape)
        for k, t in enumerate(axes)
    ]
    if swap:
        grids[:2] = grids[1::-1]
    return tuple(grids)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All ways to take one element of each vector, as rows, the last vector's running fastest."""
    for t in tensors:
        if t.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(t.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([g.flatten() for g in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways to take r elements of a vector, as rows; each element once unless replaced."""
    if input.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input[:0]
    take = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    places = np.array(list(take(range(input.numel()), r)), np.int64).reshape(-1, r)
    return input[places]


def block_diag(*tensors: Tensor) -> Tensor:
    """The matrices along the diagonal of a larger one, zeros elsewhere; a vector is a row."""
    for k, t in enumerate(tensors):
        if t.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {k} has "
                f"{t.ndim} dimensions"
            )
    if not tensors:
        return Tensor(1, 0)
    return apply(BlockDiag, *atleast_2d(one_dtype(*tensors)))  # type: ignore[no-any-return]


def _given(tensors: tuple[Any, ...]) -> list[Tensor]:
    """The tensors of f(a, b) or f([a, b])."""
    if len(tensors) == 1 and not isinstance(tensors[0], Tensor):
        return list(tensors[0])
    return list(tensors)
