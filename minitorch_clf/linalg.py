"""torch.linalg, as far as products and lengths go: no decompositions, so no inverse and no SVD.

>>> import minitorch_clf as torch
>>> torch.linalg.norm(torch.tensor([[3.0, 0.0], [4.0, 0.0]]))
tensor(5.)
"""

from __future__ import annotations

import math
from typing import Any

from minitorch_clf.dtypes import dtype as dtype_
from minitorch_clf.methods.base import wrap_dim
from minitorch_clf.methods.contract import multi_dot
from minitorch_clf.methods.reduce import Dims
from minitorch_clf.tensor import Tensor

__all__ = ["cross", "matrix_norm", "matrix_power", "multi_dot", "norm", "vecdot", "vector_norm"]


def vector_norm(
    x: Tensor, ord: float = 2, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """(sum |x|^ord)^(1/ord) over `dim`, or of all elements.   ord: a number, inf, -inf or 0"""
    return x.norm(float(ord), dim, keepdim, dtype)


def matrix_norm(
    A: Tensor,
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: dtype_ | None = None,
) -> Tensor:
    """A norm of matrices.

    "fro"      the root of the sum of squares
    1, -1      the largest, smallest sum of |A| in a column
    inf, -inf  the largest, smallest sum of |A| in a row

    NotImplementedError  2, -2 and "nuc", which need singular values
    """
    if A.ndim < 2:
        raise RuntimeError(
            "linalg.matrix_norm: The input tensor A must have at least 2 dimensions."
        )
    if isinstance(dim, int) or len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    if ord == "fro":
        return A.norm(2, dim, keepdim, dtype)
    if ord in ("nuc", 2, -2):
        raise NotImplementedError(
            f"matrix_norm: ord={ord!r} is not supported, as it needs singular values"
        )
    if ord not in (1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    rows, columns = (wrap_dim(d, A.ndim) for d in dim)
    added, compared = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = A.norm(1, added, True, dtype)
    out = sums.amax(compared, True) if ord > 0 else sums.amin(compared, True)
    return out if keepdim else out.squeeze((rows, columns))


def norm(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """vector_norm() without `ord`, of a vector or over one dim; else matrix_norm()."""
    if dim is None and ord is not None and A.ndim not in (1, 2):
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{A.ndim}D."
        )
    if isinstance(ord, str) and isinstance(dim, int):
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    one_dim = isinstance(dim, int) or (dim is not None and len(dim) == 1)
    if ord is None or (not isinstance(ord, str) and (one_dim or (dim is None and A.ndim == 1))):
        return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)
    return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)


def matrix_power(A: Tensor, n: int) -> Tensor:
    """The product of n copies of A."""
    return A.matrix_power(n)


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross product of vectors of three along `dim`."""
    return input.cross(other, dim)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The sum of x * y along `dim`."""
    return (x * y).sum(dim)
