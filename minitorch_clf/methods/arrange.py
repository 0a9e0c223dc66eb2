"""Arrangements in new memory: repeats, turns, triangles, diagonals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.methods.base import Methods, sizes, wrap_dim, wrap_dims
from minitorch_clf.ops import arrange as ops
from minitorch_clf.ops.index import IndexSelect
from minitorch_clf.ops.shape import DiagEmbed, DiagonalCopy

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


class ArrangeMethods(Methods):
    """The same values in other places."""

    __slots__ = ()

    # --- repeats ---

    def repeat(self, *repeats: Any) -> Tensor:
        """Copies laid side by side, repeats[k] of them along dimension k."""
        times = sizes(repeats)
        if len(times) < self.array.ndim:
            raise RuntimeError(
                "Number of dimensions of repeat dims can not be smaller than number of dimensions "
                "of tensor"
            )
        return self._apply(ops.Repeat, self, repeats=times)

    def tile(self, *dims: Any) -> Tensor:
        """repeat(), with missing leading repeats 1."""
        times = sizes(dims)
        return self.repeat(*(1,) * (self.array.ndim - len(times)), *times)

    def repeat_interleave(
        self, repeats: Any, dim: int | None = None, *, output_size: int | None = None
    ) -> Tensor:
        """Each place of `dim` `repeats` times in a row; without `dim`, of the flattened tensor.

        repeats      a number, or an integer Tensor with one number for each place
        output_size  what the sizes will add up to: a hint to other devices, checked here
        """
        x: Any = self
        if dim is None:
            x = x.reshape(-1)
        axis = 0 if dim is None else wrap_dim(dim, x.ndim)
        if not isinstance(repeats, Methods):
            if repeats < 0:
                raise RuntimeError("Repeats must be non-negative")
            shape = list(x.array.shape)
            wide = x.unsqueeze(axis + 1).expand(*shape[: axis + 1], repeats, *shape[axis + 1 :])
            return wide.clone().flatten(axis, axis + 1)  # type: ignore[no-any-return]
        size = x.array.shape[axis] if x.ndim else 1
        counts = repeats.array
        if counts.dtype.kind not in "iu":
            raise NotImplementedError(
                f"\"repeat_interleave_cpu\" not implemented for '{repeats.dtype.legacy}'"
            )
        if counts.size not in (1, size) or counts.ndim > 1:
            raise RuntimeError(
                "repeats must have the same size as input along dim, but got repeats.size(0) = "
                f"{counts.size} and input.size({axis}) = {size}"
            )
        index = np.repeat(np.arange(size), counts)
        if output_size is not None and output_size != index.size:
            raise RuntimeError("allocated size does not match required size")
        return x._apply(IndexSelect, x, axis=axis, index=index)  # type: ignore[no-any-return]

    # --- turns ---

    def flip(self, *dims: Any) -> Tensor:
        """Some dimensions in reverse order: a copy."""
        axes = wrap_dims(sizes(dims), self.array.ndim) or ()
        return self._apply(ops.Flip, self, axes=axes)

    def fliplr(self) -> Tensor:
        """The columns in reverse order."""
        if self.array.ndim < 2:
            raise RuntimeError("Input must be >= 2-d.")
        return self.flip(1)

    def flipud(self) -> Tensor:
        """The rows in reverse order."""
        if self.array.ndim < 1:
            raise RuntimeError("Input must be >= 1-d.")
        return self.flip(0)

    def roll(self, shifts: Any, dims: Any = ()) -> Tensor:
        """Shifted by `shifts` along `dims`, what falls off coming in again at the other end.

        Without `dims`, the flattened tensor is shifted.
        """
        steps = (shifts,) if isinstance(shifts, int) else tuple(shifts)
        axes = (dims,) if isinstance(dims, int) else tuple(dims)
        if len(steps) != len(axes) and not (len(steps) == 1 and not axes):
            raise RuntimeError(
                f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(axes)}"
            )
        if axes and not self.array.ndim:
            raise IndexError(f"Dimension specified as {axes[0]} but tensor has no dimensions")
        wrapped = tuple(wrap_dim(d, self.array.ndim) for d in axes)
        return self._apply(ops.Roll, self, shifts=steps, axes=wrapped or None)

    def rot90(self, k: int = 1, dims: Any = (0, 1)) -> Tensor:
        """Turned by k quarters, from dims[0] towards dims[1]."""
        axes = tuple(dims)
        if len(axes) != 2:
            raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(axes)}")
        if self.array.ndim < 2:
            raise RuntimeError(f"expected total dims >= 2, but got total dims = {self.array.ndim}")
        if axes[0] == axes[1]:
            raise RuntimeError(
                f"expected rotation dims to be different, but got dim0 = {axes[0]} and dim1 = "
                f"{axes[1]}"
            )
        a, b = (wrap_dim(d, self.array.ndim) for d in axes)
        return self._apply(ops.Rot90, self, k=k, axes=(a, b))

    # --- triangles and diagonals ---

    def tril(self, diagonal: int = 0) -> Tensor:
        """The lower triangle of matrices, 0 above."""
        self._need_matrix("tril")
        return self._apply(ops.Tril, self, k=diagonal)

    def triu(self, diagonal: int = 0) -> Tensor:
        """The upper triangle of matrices, 0 below."""
        self._need_matrix("triu")
        return self._apply(ops.Triu, self, k=diagonal)

    def _need_matrix(self, name: str) -> None:
        if self.array.ndim < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")

    def diag(self, diagonal: int = 0) -> Tensor:
        """A vector as the diagonal of a matrix; the diagonal of a matrix as a vector."""
        if self.array.ndim == 1:
            return self.diag_embed(diagonal)
        if self.array.ndim != 2:
            raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {self.array.ndim}D")
        return self._apply(DiagonalCopy, self, offset=diagonal, a=0, b=1)

    def diag_embed(self, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
        """The last dimension as the diagonals of matrices in dim1 and dim2, zeros elsewhere."""
        ndim = self.array.ndim + 1
        a, b = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
        if a == b:
            raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
        size = self.array.shape[-1] + abs(offset)
        shape = list(self.array.shape[:-1])
        for axis in sorted((a, b)):
            shape.insert(axis, size)
        return self._apply(DiagEmbed, self, shape=tuple(shape), offset=offset, a=a, b=b)

    def diagflat(self, offset: int = 0) -> Tensor:
        """The flattened tensor as the diagonal of a matrix."""
        flat: Any = self
        return flat.reshape(-1).diag_embed(offset)  # type: ignore[no-any-return]
