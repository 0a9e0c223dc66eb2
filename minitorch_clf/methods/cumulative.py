"""Running sums, products and extremes, and differences of neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch_clf.dtypes import dtype as dtype_
from minitorch_clf.dtypes import int64
from minitorch_clf.methods.base import Methods, one_dtype, wrap_dim
from minitorch_clf.methods.results import CummaxResult, CumminResult
from minitorch_clf.ops import cumulative as ops
from minitorch_clf.ops.arrange import Cat

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


class CumulativeMethods(Methods):
    """As many values out as in, each made of those up to its place."""

    __slots__ = ()

    def cumsum(self, dim: int, *, dtype: dtype_ | None = None) -> Tensor:
        """The running sum along `dim`."""
        x = self._wide(dtype)
        return self._apply(ops.Cumsum, x, axis=wrap_dim(dim, x.ndim))

    def cumprod(self, dim: int, *, dtype: dtype_ | None = None) -> Tensor:
        """The running product along `dim`."""
        x = self._wide(dtype)
        return self._apply(ops.Cumprod, x, axis=wrap_dim(dim, x.ndim))

    def _wide(self, dtype: dtype_ | None) -> Tensor:
        """In `dtype`; without one, integers and bools as int64."""
        if dtype is None and self.array.dtype.kind != "f":
            dtype = int64
        return self._cast(dtype) if dtype else self  # type: ignore[return-value]

    def logcumsumexp(self, dim: int) -> Tensor:
        """log of the running sum of exp(self) along `dim`, without overflow."""
        if self.array.dtype.kind != "f":
            raise NotImplementedError(
                f"\"logcumsumexp_out_cpu\" not implemented for '{self.dtype.legacy}'"
            )
        return self._apply(ops.Logcumsumexp, self, axis=wrap_dim(dim, self.array.ndim))

    def cummax(self, dim: int) -> Any:
        """(values, indices): the largest so far along `dim`, and where it stood last."""
        outputs: Any = self._apply(ops.Cummax, self, axis=self._axis("cummax", dim))
        return CummaxResult(*outputs)

    def cummin(self, dim: int) -> Any:
        """(values, indices): the smallest so far along `dim`, and where it stood last."""
        outputs: Any = self._apply(ops.Cummin, self, axis=self._axis("cummin", dim))
        return CumminResult(*outputs)

    def _axis(self, name: str, dim: int) -> int:
        if not self.array.ndim and dim not in (-1, 0):
            raise IndexError(f"{name}(): Expected reduction dim -1 or 0 for scalar but got {dim}")
        return wrap_dim(dim, self.array.ndim)

    def diff(
        self, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
    ) -> Tensor:
        """self[i + 1] - self[i] along `dim`, n times over; bools differ by xor."""
        if not self.array.ndim:
            raise RuntimeError("diff expects input to be at least one-dimensional")
        if n < 0:
            raise RuntimeError(f"order must be non-negative but got {n}")
        axis = wrap_dim(dim, self.array.ndim)
        parts = [t for t in (prepend, self, append) if t is not None]
        x: Any = self._apply(Cat, *one_dtype(*parts), axis=axis) if len(parts) > 1 else self
        for _ in range(min(n, x.array.shape[axis])):
            size = x.array.shape[axis]
            later = x.narrow(axis, 1, size - 1)
            sooner = x.narrow(axis, 0, size - 1)
            x = later.logical_xor(sooner) if x.array.dtype == bool else later - sooner
        return x  # type: ignore[no-any-return]
