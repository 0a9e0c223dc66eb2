"""Lengths of vectors and matrices, and distances."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minitorch_clf.dtypes import dtype as dtype_
from minitorch_clf.methods.base import Methods, one_dtype, wrap_dims
from minitorch_clf.methods.reduce import Dims
from minitorch_clf.ops import norm as ops
from minitorch_clf.ops import reduce

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


class NormMethods(Methods):
    """Lengths and distances. Their gradient is 0 where they are 0."""

    __slots__ = ()

    def norm(
        self, p: Any = "fro", dim: Dims = None, keepdim: bool = False, dtype: dtype_ | None = None
    ) -> Tensor:
        """(sum |self|^p)^(1/p) over `dim`; "fro" is p = 2.   Its gradient at 0 is 0."""
        if p == "nuc" or (isinstance(p, str) and p != "fro"):
            raise NotImplementedError(f"norm: p={p!r} is not supported, use a number or 'fro'")
        x = self if dtype is None else self._cast(dtype)
        if x.array.dtype.kind != "f":
            raise RuntimeError(
                "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
                f"{x.dtype.legacy}"
            )
        power = 2.0 if p in ("fro", None) else float(p)
        axes = wrap_dims(dim, x.ndim)
        if power in (math.inf, -math.inf) and reduce.count(x.shape, axes) == 0:
            where = (
                "an empty tensor because the"
                if dim is None
                else f"the dimension {(axes or (0,))[0]}because this dimension is empty and the"
            )
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {power} norm on {where} operation does not "
                "have an identity"
            )
        return self._apply(ops.Norm, x, p=power, axis=axes, keepdims=keepdim)

    def dist(self, other: Tensor, p: float = 2) -> Tensor:
        """(self - other).norm(p), of all elements."""
        x, y = one_dtype(self, other)
        if x.array.dtype.kind != "f":
            raise RuntimeError(
                "norm(): input dtype should be either floating point or complex. Got "
                f"{x.dtype.legacy} instead."
            )
        if p in (math.inf, -math.inf) and 0 in (x.array.size, y.array.size):
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {p} norm on an empty tensor because the "
                "operation does not have an identity"
            )
        return self._apply(ops.Dist, x, y, p=float(p))


def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: str | None = None) -> Tensor:
    """out[.., n, m] = (x1[.., n, :] - x2[.., m, :]).norm(p): all distances between two sets.

    x1 (.., N, K), x2 (.., M, K) -> (.., N, M). The differences are formed one by one; PyTorch
    multiplies matrices for large N or M and p = 2, which is faster and less exact. `compute_mode`
    chooses between those there, and is refused here.
    """
    if compute_mode not in (None, "donot_use_mm_for_euclid_dist"):
        raise NotImplementedError(f"cdist: compute_mode={compute_mode!r} is not supported")
    for name, x in (("X1", x1), ("X2", x2)):
        if x.array.ndim < 2:
            raise RuntimeError(
                f"cdist only supports at least 2D tensors, {name} got: {x.array.ndim}D"
            )
    if x1.array.shape[-1] != x2.array.shape[-1]:
        raise RuntimeError(
            "X1 and X2 must have the same number of columns. X1: "
            f"{x1.array.shape[-1]} X2: {x2.array.shape[-1]}"
        )
    return x1._apply(ops.Cdist, x1, x2, p=float(p))  # type: ignore[no-any-return]
