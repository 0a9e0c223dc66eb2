"""Other arrangements of the same values: views where memory allows, copies where not."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.dtypes import Size
from minitorch_clf.methods.base import Methods, sizes, type_name, wrap_dim, wrap_dims
from minitorch_clf.ops import shape as ops
from minitorch_clf.ops.copies import Clone

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


class ShapeMethods(Methods):
    """Views and rearrangements."""

    __slots__ = ()

    # --- reshape ---

    def view(self, *shape: Any) -> Tensor:
        """The same memory in another shape; one size may be -1.

        RuntimeError  where the strides do not allow it (use reshape), or the sizes do not multiply
        to numel()
        """
        if len(shape) == 1 and not isinstance(shape[0], (int, np.integer, tuple, list, Methods)):
            raise NotImplementedError(f"view(dtype) is not supported, got {shape[0]!r}")
        target = self._inferred(sizes(shape))
        if not self._can_view(target):
            raise RuntimeError(
                "view size is not compatible with input tensor's size and stride (at least one "
                "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
            )
        return self._apply(ops.View, self, shape=target)

    def view_as(self, other: Tensor) -> Tensor:
        """view(other.size())."""
        return self.view(other.shape)

    def reshape(self, *shape: Any) -> Tensor:
        """The same values in another shape: a view where memory allows, else a copy."""
        target = self._inferred(sizes(shape))
        if self._can_view(target):
            op = ops.View if self.is_contiguous() else ops.ReshapeAlias
            return self._apply(op, self, shape=target)
        return self._apply(ops.UnsafeView, self._apply(Clone, self, order="C"), shape=target)

    def reshape_as(self, other: Tensor) -> Tensor:
        """reshape(other.size())."""
        return self.reshape(other.shape)

    def _inferred(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """`shape` with its -1 worked out."""
        numel = self.array.size
        unknown = [k for k, n in enumerate(shape) if n == -1]
        known = math.prod(n for n in shape if n != -1)
        invalid = f"shape '{list(shape)}' is invalid for input of size {numel}"
        for n in shape:
            if n < -1:
                raise RuntimeError(
                    f"invalid shape dimension {n} at index {shape.index(n)} of shape {list(shape)}"
                )
        if len(unknown) > 1:
            raise RuntimeError("only one dimension can be inferred")
        if not unknown:
            if known != numel:
                raise RuntimeError(invalid)
            return shape
        if known == 0:
            if numel:
                raise RuntimeError(invalid)
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the "
                "unspecified dimension size -1 can be any value and is ambiguous"
            )
        if numel % known:
            raise RuntimeError(invalid)
        return (*shape[: unknown[0]], numel // known, *shape[unknown[0] + 1 :])

    def _can_view(self, shape: tuple[int, ...]) -> bool:
        if self.array.flags.c_contiguous:
            return True
        try:
            self.array.reshape(shape, copy=False)
        except ValueError:
            return False
        return True

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """The dimensions start_dim to end_dim made one."""
        ndim = self.array.ndim
        start, end = wrap_dim(start_dim, ndim), wrap_dim(end_dim, ndim)
        if ndim == 0:
            return self.reshape(1)
        if start > end:
            raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
        if start == end:
            return self  # type: ignore[return-value]  # every Methods is a Tensor
        shape = self.array.shape
        middle = math.prod(shape[start : end + 1])
        return self.reshape((*shape[:start], middle, *shape[end + 1 :]))

    def ravel(self) -> Tensor:
        """All dimensions made one."""
        return self.reshape(-1)

    def unflatten(self, dim: int, sizes: Any) -> Tensor:
        """Dimension `dim` cut into several."""
        axis = wrap_dim(dim, self.array.ndim)
        shape = self.array.shape
        part = self._wrap(np.empty(shape[axis]))._inferred(tuple(sizes))
        return self.view((*shape[:axis], *part, *shape[axis + 1 :]))

    def squeeze(self, dim: Any = None) -> Tensor:
        """Without its dimensions of size 1, or without `dim` if that is of size 1."""
        shape = self.array.shape
        if dim is None:
            return self._apply(ops.Squeeze, self, shape=tuple(n for n in shape if n != 1))
        axes = wrap_dims(dim, len(shape)) or ()
        kept = tuple(n for k, n in enumerate(shape) if k not in axes or n != 1)
        op = ops.SqueezeDim if isinstance(dim, (int, np.integer)) else ops.SqueezeDims
        return self._apply(op, self, shape=kept)

    def unsqueeze(self, dim: int) -> Tensor:
        """With one more dimension of size 1, at `dim`."""
        axis = wrap_dim(dim, self.array.ndim + 1)
        shape = self.array.shape
        return self._apply(ops.Unsqueeze, self, shape=(*shape[:axis], 1, *shape[axis:]))

    # --- order of the dimensions ---

    def permute(self, *dims: Any) -> Tensor:
        """The dimensions in another order."""
        order = sizes(dims)
        if len(order) != self.array.ndim:
            raise RuntimeError(
                "permute(sparse_coo): number of dimensions in the tensor input does not match the "
                "length of the desired ordering of dimensions i.e. input.dim() = "
                f"{self.array.ndim} is not equal to len(dims) = {len(order)}"
            )
        axes = tuple(wrap_dim(d, self.array.ndim) for d in order)
        if len(set(axes)) != len(axes):
            raise RuntimeError("permute(): duplicate dims are not allowed.")
        return self._apply(ops.Permute, self, axes=axes)

    def transpose(self, dim0: int, dim1: int) -> Tensor:
        """Two dimensions exchanged."""
        a, b = wrap_dim(dim0, self.array.ndim), wrap_dim(dim1, self.array.ndim)
        if not self.array.ndim:
            return self._apply(ops.Alias, self)
        return self._apply(ops.Transpose, self, a=a, b=b)

    swapaxes = swapdims = transpose

    def movedim(self, source: Any, destination: Any) -> Tensor:
        """Dimension `source` moved to `destination`, the others in their order."""
        axes = list(range(self.array.ndim))
        ends = [source] if isinstance(source, int) else list(source)
        goals = [destination] if isinstance(destination, int) else list(destination)
        if len(ends) != len(goals):
            raise RuntimeError(
                f"movedim: Invalid source or destination dims: source ({ends} dims) should contain "
                f"the same number of dims as destination ({goals} dims)"
            )
        pairs = sorted(
            (wrap_dim(g, len(axes)), wrap_dim(e, len(axes)))
            for e, g in zip(ends, goals, strict=True)
        )
        if not axes:
            return self  # type: ignore[return-value]  # every Methods is a Tensor
        rest = [a for a in axes if a not in {e for _, e in pairs}]
        for goal, end in pairs:
            rest.insert(goal, end)
        return self.permute(*rest)

    moveaxis = movedim

    def t(self) -> Tensor:
        """The transpose of a matrix; a vector or a number as it is."""
        if self.array.ndim > 2:
            raise RuntimeError(
                f"t() expects a tensor with <= 2 dimensions, but self is {self.array.ndim}D"
            )
        return self._apply(ops.T, self)

    @property
    def T(self) -> Tensor:
        """The dimensions in reverse order."""
        if self.array.ndim == 0:
            return self._deprecated_identity("T")
        if self.array.ndim != 2:
            warnings.warn(
                "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is "
                "deprecated and it will throw an error in a future release. Consider `x.mT` to "
                "transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` "
                "to reverse the dimensions of a tensor.",
                stacklevel=2,
            )
        return self._apply(ops.Permute, self, axes=tuple(reversed(range(self.array.ndim))))

    @property
    def mT(self) -> Tensor:
        """The last two dimensions exchanged."""
        if self.array.ndim == 0:
            return self._deprecated_identity("mT")
        if self.array.ndim < 2:
            raise RuntimeError(
                "tensor.mT is only supported on matrices or batches of matrices. Got "
                f"{self.array.ndim}-D tensor."
            )
        return self.transpose(-2, -1)

    def _deprecated_identity(self, name: str) -> Tensor:
        warnings.warn(
            f"Tensor.{name} is deprecated on 0-D tensors. This function is the identity in these "
            "cases.",
            stacklevel=3,
        )
        return self  # type: ignore[return-value]  # every Methods is a Tensor

    # --- larger ---

    def expand(self, *shape: Any) -> Tensor:
        """Dimensions of size 1 read again and again; -1 keeps a size. No memory is used."""
        target = list(sizes(shape))
        lead = len(target) - self.array.ndim
        if lead < 0:
            raise RuntimeError(
                f"expand({type_name(self)}{{{list(self.array.shape)}}}, size={target}): the "
                f"number of sizes provided ({len(target)}) must be greater or equal to the number "
                f"of dimensions in the tensor ({self.array.ndim})"
            )
        for k, have in enumerate(self.array.shape):
            want = target[lead + k]
            if want == -1:
                target[lead + k] = have
            elif have not in (1, want):
                raise RuntimeError(
                    f"The expanded size of the tensor ({want}) must match the existing size "
                    f"({have}) at non-singleton dimension {lead + k}.  Target sizes: "
                    f"{list(sizes(shape))}.  Tensor sizes: {list(self.array.shape)}"
                )
        for k in range(lead):
            if target[k] < 0:
                raise RuntimeError(
                    f"The expanded size of the tensor ({target[k]}) isn't allowed in a leading, "
                    f"non-existing dimension {k}"
                )
        return self._apply(ops.Expand, self, shape=tuple(target))

    def expand_as(self, other: Tensor) -> Tensor:
        """expand(other.size())."""
        return self.expand(other.shape)

    broadcast_to = expand

    # --- copies ---

    def clone(self, *, memory_format: Any = None) -> Tensor:
        """A copy that autograd follows."""
        if memory_format is not None:
            raise NotImplementedError(f"clone: memory_format={memory_format!r} is not supported")
        return self._apply(Clone, self)

    def contiguous(self, *, memory_format: Any = None) -> Tensor:
        """Itself where the elements lie in the order of the indices, else a copy that does."""
        if memory_format is not None:
            raise NotImplementedError(
                f"contiguous: memory_format={memory_format!r} is not supported"
            )
        if self.array.flags.c_contiguous:
            return self  # type: ignore[return-value]  # every Methods is a Tensor
        return self._apply(Clone, self, order="C")


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of `shapes` become together.

    RuntimeError  "Attempting to broadcast a dimension of length 2 at -1! Mismatching argument at
                  index 1 had (2,); but expected shape should be broadcastable to [2, 3]"
    """
    tuples = [(s,) if isinstance(s, int) else s for s in shapes]
    common = [1] * max([len(s) for s in tuples], default=0)
    for k, shape in enumerate(tuples):
        for i in range(-1, -len(shape) - 1, -1):
            if common[i] == 1:
                common[i] = shape[i]
            elif shape[i] not in (1, common[i]):
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {shape[i]} at {i}! Mismatching "
                    f"argument at index {k} had {shape}; but expected shape should be "
                    f"broadcastable to {common}"
                )
    return Size(common)
