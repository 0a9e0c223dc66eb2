"""Parts of a tensor, all of them views: slices, pieces, windows, diagonals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.methods.base import Methods, wrap_dim
from minitorch_clf.ops import shape as ops

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


class PieceMethods(Methods):
    """Views of parts."""

    __slots__ = ()

    def narrow(self, dim: int, start: int, length: int) -> Tensor:
        """`length` places of `dim`, from `start`."""
        if not self.array.ndim:
            raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
        axis = wrap_dim(dim, self.array.ndim)
        size = self.array.shape[axis]
        if not -size <= start <= size:
            raise IndexError(
                f"start out of range (expected to be in range of [{-size}, {size}], "
                f"but got {start})"
            )
        start = start + size if start < 0 else start
        if length < 0:
            raise RuntimeError("narrow(): length must be non-negative.")
        if start + length > size:
            raise RuntimeError(
                f"start ({start}) + length ({length}) exceeds dimension size ({size})."
            )
        return self._apply(ops.Slice, self, axis=axis, start=start, stop=start + length, step=1)

    def select(self, dim: int, index: int) -> Tensor:
        """Place `index` of dimension `dim`, without that dimension."""
        if not self.array.ndim:
            raise IndexError("select() cannot be applied to a 0-dim tensor.")
        axis = wrap_dim(dim, self.array.ndim)
        size = self.array.shape[axis]
        if not -size <= index < size:
            raise IndexError(
                f"select(): index {index} out of range for tensor of size {list(self.array.shape)} "
                f"at dimension {axis}"
            )
        return self._apply(ops.Select, self, axis=axis, index=index % size)

    def unbind(self, dim: int = 0) -> tuple[Tensor, ...]:
        """Each place of `dim`, as a tuple."""
        if not self.array.ndim:
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        axis = wrap_dim(dim, self.array.ndim)
        outputs: Any = self._apply(ops.Unbind, self, axis=axis)
        return tuple(outputs)

    def split(self, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
        """Pieces of `split_size` (the last may be smaller), or of the listed sizes, along `dim`."""
        axis = wrap_dim(dim, self.array.ndim)
        if not self.array.ndim:
            raise RuntimeError("split expects at least a 1-dimensional tensor")
        total = self.array.shape[axis]
        if isinstance(split_size, (tuple, list)):
            parts = tuple(split_size)
            if sum(parts) != total or any(n < 0 for n in parts):
                raise RuntimeError(
                    f"split_with_sizes expects split_sizes to sum exactly to {total} (input "
                    f"tensor's size at dimension {axis}), but got split_sizes={list(parts)}"
                )
            outputs: Any = self._apply(ops.SplitWithSizes, self, sizes=parts, axis=axis)
            return tuple(outputs)
        if split_size < 0:
            raise RuntimeError(
                f"split expects split_size be non-negative, but got split_size={split_size}"
            )
        if split_size == 0 and total:
            raise RuntimeError(
                "split_size can only be 0 if dimension size is 0, but got dimension size of "
                f"{total}"
            )
        pieces = max(-(-total // split_size), 1) if split_size else 1
        parts = (split_size,) * (pieces - 1)
        outputs = self._apply(ops.Split, self, sizes=(*parts, total - sum(parts)), axis=axis)
        return tuple(outputs)

    def chunk(self, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        """At most `chunks` pieces of equal size (the last may be smaller) along `dim`."""
        if not self.array.ndim:
            raise RuntimeError("chunk expects at least a 1-dimensional tensor")
        if chunks <= 0:
            raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
        total = self.array.shape[wrap_dim(dim, self.array.ndim)]
        size = -(-total // chunks)
        return self.split(size, dim) if size else self.split([0] * (chunks - 1) + [0], dim)

    def diagonal(self, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
        """The diagonal of two dimensions, as the last dimension: a view."""
        a, b = wrap_dim(dim1, self.array.ndim), wrap_dim(dim2, self.array.ndim)
        if a == b:
            raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
        return self._apply(ops.Diagonal, self, offset=offset, a=a, b=b)

    def unfold(self, dimension: int, size: int, step: int) -> Tensor:
        """Windows of `size` places along `dimension`, `step` apart; the last dimension lies in one.

        As windows may overlap, writing into them is for those who know what they do.
        """
        axis = wrap_dim(dimension, self.array.ndim)
        total = self.array.shape[axis] if self.array.ndim else 1
        if size < 0:
            raise RuntimeError(f"size is {size} but must be >= 0")
        if size > total:
            raise RuntimeError(
                f"maximum size for tensor at dimension {axis} is {total} but size is {size}"
            )
        if step <= 0:
            raise RuntimeError(f"step is {step} but must be > 0")
        x: Any = self
        x = x if x.ndim else x.reshape(1)
        windows = x._apply(ops.Unfold, x, axis=axis, size=size, step=step)
        return windows if self.array.ndim else windows.reshape(size)  # type: ignore[no-any-return]

    # --- pieces that need not be equal ---

    def tensor_split(self, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
        """As many pieces as named, the first ones longer by one; or cut before each of the indices.

        >>> import minitorch_clf as torch
        >>> [len(piece) for piece in torch.arange(7).tensor_split(3)]
        [3, 2, 2]
        """
        if not self.array.ndim:
            raise RuntimeError(
                "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 "
                "dims"
            )
        axis = wrap_dim(dim, self.array.ndim)
        size = self.array.shape[axis]
        cuts = indices_or_sections
        if isinstance(cuts, Methods):
            cuts = cuts.array.tolist()
        if isinstance(cuts, int):
            if cuts <= 0:
                raise RuntimeError(f"number of sections must be larger than 0, got {cuts}")
            longer, rest = divmod(size, cuts)
            ends = np.cumsum([longer + (k < rest) for k in range(cuts)]).tolist()
        else:
            ends = [*cuts, size]
        pieces, start = [], 0
        for end in ends:
            a, b, _ = slice(start, end).indices(size)
            stop = max(a, b)
            pieces.append(self._apply(ops.Slice, self, axis=axis, start=a, stop=stop, step=1))
            start = end
        return tuple(pieces)

    def hsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """tensor_split() of the columns; of a vector, of its elements."""
        return self._even("hsplit", indices_or_sections, 1, 1 if self.array.ndim > 1 else 0)

    def vsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """tensor_split() of the rows."""
        return self._even("vsplit", indices_or_sections, 2, 0)

    def dsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """tensor_split() along the third dimension."""
        return self._even("dsplit", indices_or_sections, 3, 2)

    def _even(self, name: str, cuts: Any, least: int, dim: int) -> tuple[Tensor, ...]:
        if self.array.ndim < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor "
                f"with {self.array.ndim} dimensions!"
            )
        if isinstance(cuts, int) and self.array.shape[dim] % cuts:
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {dim}, but the size of the "
                f"dimension {self.array.shape[dim]} is not divisible by the split_size {cuts}!"
            )
        return self.tensor_split(cuts, dim)
