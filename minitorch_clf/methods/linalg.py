"""Products of matrices and vectors. No promotion here: the dtypes must be equal, as in PyTorch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.methods.base import Methods, refuse_bool
from minitorch_clf.ops import matmul as ops
from minitorch_clf.ops.broadcast import mismatch
from minitorch_clf.ops.shape import Expand, SqueezeProduct, UnsafeView

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor

class LinalgMethods(Methods):
    """Products of matrices and vectors."""

    __slots__ = ()

    def mm(self, mat2: Tensor) -> Tensor:
        """Matrix times matrix.   self: (N, K), mat2: (K, M) -> (N, M)

        RuntimeError  sizes that do not fit, or two dtypes
        """
        if self.array.ndim != 2:
            raise RuntimeError("self must be a matrix")
        if mat2.array.ndim != 2:
            raise RuntimeError("mat2 must be a matrix")
        _check_dtypes(self, mat2)
        _check_inner(self, mat2)
        return self._apply(ops.Mm, self, mat2)

    def bmm(self, mat2: Tensor) -> Tensor:
        """A batch of matrix products.   self: (B, N, K), mat2: (B, K, M) -> (B, N, M)"""
        if self.array.ndim != 3 or mat2.array.ndim != 3:
            raise RuntimeError(
                "batch1 must be a 3D tensor"
                if self.array.ndim != 3
                else "batch2 must be a 3D tensor"
            )
        if self.array.dtype != mat2.array.dtype:
            raise RuntimeError(
                f"expected scalar type {self.dtype.legacy} but found {mat2.dtype.legacy}"
            )
        b, _, k = self.array.shape
        if mat2.array.shape[:2] != (b, k):
            raise RuntimeError(
                f"Expected size for first two dimensions of batch2 tensor to be: [{b}, {k}] but "
                f"got: [{mat2.array.shape[0]}, {mat2.array.shape[1]}]."
            )
        return self._apply(ops.Bmm, self, mat2)

    def mv(self, vec: Tensor) -> Tensor:
        """Matrix times vector.   self: (N, K), vec: (K,) -> (N,)"""
        if self.array.ndim != 2 or vec.array.ndim != 1:
            raise RuntimeError(
                f"vector + matrix @ vector expected, got 1, {self.array.ndim}, {vec.array.ndim}"
            )
        if self.array.dtype != vec.array.dtype:
            v = vec.dtype.legacy
            raise RuntimeError(
                f"addmv input tensors must have the same dtype, but got {v}, {self.dtype.legacy}, "
                f"and {v}"
            )
        if self.array.shape[1] != vec.array.shape[0]:
            raise RuntimeError(
                f"size mismatch, got input ({self.array.shape[0]}), mat "
                f"({self.array.shape[0]}x{self.array.shape[1]}), vec ({vec.array.shape[0]})"
            )
        return self._apply(ops.Mv, self, vec)

    def dot(self, tensor: Tensor) -> Tensor:
        """The sum of the products of two vectors.   (K,), (K,) -> ()"""
        if self.array.ndim != 1 or tensor.array.ndim != 1:
            raise RuntimeError(
                f"1D tensors expected, but got {self.array.ndim}D and {tensor.array.ndim}D tensors"
            )
        if self.array.dtype != tensor.array.dtype:
            raise RuntimeError(
                "dot : expected both vectors to have same dtype, but found "
                f"{self.dtype.legacy} and {tensor.dtype.legacy}"
            )
        refuse_bool("dot", self)
        if self.array.size != tensor.array.size:
            raise RuntimeError(
                "inconsistent tensor size, expected tensor "
                f"[{self.array.size}] and src [{tensor.array.size}] to have the same number of "
                f"elements, but got {self.array.size} and {tensor.array.size} elements respectively"
            )
        return self._apply(ops.Dot, self, tensor)

    def addmm(self, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
        """beta * self + alpha * mat1 @ mat2; self broadcasts to the product's shape."""
        for name, m in (("mat1", mat1), ("mat2", mat2)):
            if m.array.ndim != 2:
                raise RuntimeError(f"{name} must be a matrix, got {m.array.ndim}-D tensor")
        if self.array.dtype != mat2.array.dtype:
            raise RuntimeError(
                "self and mat2 must have the same dtype, but got "
                f"{self.dtype.legacy} and {mat2.dtype.legacy}"
            )
        _check_dtypes(mat1, mat2, ("mat1 and mat2 must have the same dtype, but got {} and {}",))
        _check_inner(mat1, mat2)
        shape = (mat1.array.shape[0], mat2.array.shape[1])
        try:
            fits = np.broadcast_shapes(self.array.shape, shape) == shape
        except ValueError:
            fits = False
        if not fits:
            return self._apply(Expand, self, shape=self._expand_error(shape))
        return self._apply(ops.Addmm, self, mat1, mat2, beta=beta, alpha=alpha)

    def _expand_error(self, shape: tuple[int, int]) -> tuple[int, int]:
        have = self.array.shape
        lead = 2 - len(have)
        for k, n in enumerate(have):
            if n not in (1, shape[lead + k]):
                raise RuntimeError(
                    f"The expanded size of the tensor ({shape[lead + k]}) must match the existing "
                    f"size ({n}) at non-singleton dimension {lead + k}.  Target sizes: "
                    f"{list(shape)}.  Tensor sizes: {list(have)}"
                )
        return shape

    def matmul(self, other: Tensor) -> Tensor:
        """The product that `@` means, by the numbers of dimensions:

        (K,) @ (K,) -> ()              dot
        (N, K) @ (K,) -> (N,)          matrix times vector
        (K,) @ (K, M) -> (M,)          vector times matrix
        (N, K) @ (K, M) -> (N, M)      matrix times matrix
        (.., N, K) @ (.., K, M)        batches, broadcast
        """
        if not isinstance(other, Methods):
            raise TypeError(
                "matmul(): argument 'other' (position 1) must be Tensor, "
                f"not {type(other).__name__}"
            )
        a, b = self.array.ndim, other.array.ndim
        if a == 0 or b == 0:
            raise RuntimeError(
                f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D"
            )
        x: Any = self
        y: Any = other
        if a == 1 and b == 1:
            return x.dot(y)  # type: ignore[no-any-return]
        if a == 2 and b == 1:
            return x.mv(y)  # type: ignore[no-any-return]
        if a == 1 and b == 2:
            product = x.unsqueeze(0).mm(y)
            shape = product.array.shape[1:]
            return x._apply(SqueezeProduct, product, shape=shape)  # type: ignore[no-any-return]
        if a == 2 and b == 2:
            return x.mm(y)  # type: ignore[no-any-return]
        if a >= 3 and b <= 2:  # the batch is more rows of one product
            return _fold(x, y)  # type: ignore[no-any-return]
        return _batched(x, y)  # type: ignore[no-any-return]

    def __matmul__(self, other: Any) -> Tensor:
        if isinstance(other, np.ndarray):
            other = self._wrap(other)
        return self.matmul(other) if isinstance(other, Methods) else NotImplemented  # type: ignore[arg-type]

    def __rmatmul__(self, other: Any) -> Tensor:
        if isinstance(other, np.ndarray):
            left: Any = self._wrap(other)
            return left.matmul(self)  # type: ignore[no-any-return]
        return NotImplemented

    def outer(self, vec2: Tensor) -> Tensor:
        """out[i, j] = self[i] * vec2[j]."""
        if self.array.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument self, but got {self.array.ndim}-D")
        if vec2.array.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument vec2, but got {vec2.array.ndim}-D")
        x: Any = self
        return x.reshape(-1, 1) * vec2  # type: ignore[no-any-return]


def _fold(x: Any, y: Any) -> Any:
    batch, k = x.array.shape[:-1], x.array.shape[-1]
    rows = x.reshape(-1, k)
    if y.array.ndim == 1:
        return x._apply(UnsafeView, rows.mv(y), shape=batch)
    return x._apply(UnsafeView, rows.mm(y), shape=(*batch, y.array.shape[1]))


def _batched(x: Any, y: Any) -> Any:
    vector_left, vector_right = x.array.ndim == 1, y.array.ndim == 1
    x = x.unsqueeze(0) if vector_left else x
    y = y.unsqueeze(-1) if vector_right else y
    _check_dtypes(x, y)
    (n, k), (k2, m) = x.array.shape[-2:], y.array.shape[-2:]
    try:
        batch = np.broadcast_shapes(x.array.shape[:-2], y.array.shape[:-2])
    except ValueError:
        raise RuntimeError(mismatch((x.array.shape[:-2], y.array.shape[:-2]))) from None
    count = math.prod(batch)
    left = x.expand(*batch, n, k).reshape(count, n, k)
    right = y.expand(*batch, k2, m).reshape(count, k2, m)
    out = left.bmm(right)
    shape = (*batch, *(() if vector_left else (n,)), *(() if vector_right else (m,)))
    return out._apply(UnsafeView, out, shape=shape)


def _check_dtypes(x: Any, y: Any, words: Any = None) -> None:
    if x.array.dtype != y.array.dtype:
        if words is not None:
            raise RuntimeError(words[0].format(x.dtype.legacy, y.dtype.legacy))
        raise RuntimeError(
            "expected m1 and m2 to have the same dtype, but got: "
            f"{x.dtype.c_name} != {y.dtype.c_name}"
        )


def _check_inner(x: Any, y: Any) -> None:
    (n, k), (k2, m) = x.array.shape, y.array.shape
    if k != k2:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({n}x{k} and {k2}x{m})")
