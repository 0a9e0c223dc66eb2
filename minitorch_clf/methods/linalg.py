"""Products of matrices and vectors. No promotion here: the dtypes must be equal, as in PyTorch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.dtypes import int64
from minitorch_clf.methods.base import Methods, one_dtype, refuse_bool, wrap_dim
from minitorch_clf.methods.contract import tensordot
from minitorch_clf.ops import matmul as ops
from minitorch_clf.ops.broadcast import mismatch
from minitorch_clf.ops.copies import Copy
from minitorch_clf.ops.shape import SqueezeProduct, UnsafeView

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
        _check_batches(self, mat2)
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
        self._check_dot(tensor)
        return self._apply(ops.Dot, self, tensor)

    def _check_dot(self, tensor: Tensor) -> None:
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

    def addmm(self, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
        """beta * self + alpha * mat1 @ mat2; self broadcasts to the product's shape."""
        if not mat1.array.ndim == mat2.array.ndim == 2:
            name, m = ("mat2", mat2) if mat1.array.ndim == 2 else ("mat1", mat1)
            raise RuntimeError(f"{name} must be a matrix, got {m.array.ndim}-D tensor")
        if self.array.dtype != mat2.array.dtype:
            raise RuntimeError(
                "self and mat2 must have the same dtype, but got "
                f"{self.dtype.legacy} and {mat2.dtype.legacy}"
            )
        _check_dtypes(mat1, mat2, ("mat1 and mat2 must have the same dtype, but got {} and {}",))
        _check_inner(mat1, mat2)
        shape = (mat1.array.shape[0], mat2.array.shape[1])
        expand_to(self, shape)
        return self._apply(ops.Addmm, self, mat1, mat2, beta=beta, alpha=alpha)

    def addmv(self, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
        """beta * self + alpha * mat @ vec.   mat: (N, K), vec: (K,); self broadcasts to (N,)"""
        if mat.array.ndim != 2 or vec.array.ndim != 1:
            raise RuntimeError(
                f"vector + matrix @ vector expected, got {self.array.ndim}, {mat.array.ndim}, "
                f"{vec.array.ndim}"
            )
        (n, k), size = mat.array.shape, self.array.size
        if vec.array.shape[0] != k or size not in (1, n):
            raise RuntimeError(
                f"size mismatch, got input ({size}), mat ({n}x{k}), vec ({vec.array.shape[0]})"
            )
        return self._apply(ops.Addmv, self, mat, vec, beta=beta, alpha=alpha)

    def baddbmm(
        self, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1
    ) -> Tensor:
        """beta * self + alpha * batch1 @ batch2, batch by batch; self broadcasts."""
        _check_batches(batch1, batch2)
        expand_to(self, (*batch1.array.shape[:2], batch2.array.shape[2]))
        return self._apply(ops.Baddbmm, self, batch1, batch2, beta=beta, alpha=alpha)

    def addbmm(
        self, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1
    ) -> Tensor:
        """beta * self + alpha * the sum of batch1[n] @ batch2[n]; self broadcasts."""
        _check_batches(batch1, batch2)
        expand_to(self, (batch1.array.shape[1], batch2.array.shape[2]))
        return self._apply(ops.Addbmm, self, batch1, batch2, beta=beta, alpha=alpha)

    def addr(self, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
        """beta * self + alpha * outer(vec1, vec2); self broadcasts."""
        for name, v in (("vec1", vec1), ("vec2", vec2)):
            if v.array.ndim != 1:
                raise RuntimeError(f"addr: Expected 1-D argument {name}, but got {v.array.ndim}-D")
        expand_to(self, (vec1.array.size, vec2.array.size))
        return self._apply(ops.Addr, self, vec1, vec2, beta=beta, alpha=alpha)

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

    # --- made of products ---

    def outer(self, vec2: Tensor) -> Tensor:
        """out[i, j] = self[i] * vec2[j]."""
        if self.array.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument self, but got {self.array.ndim}-D")
        if vec2.array.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument vec2, but got {vec2.array.ndim}-D")
        x: Any = self
        return x.reshape(-1, 1) * vec2  # type: ignore[no-any-return]

    ger = outer

    def vdot(self, other: Tensor) -> Tensor:
        """dot(): there are no complex numbers here."""
        self._check_dot(other)
        return self._apply(ops.Vdot, self, other)

    def inner(self, other: Tensor) -> Tensor:
        """The sums of products over the last dimension of both."""
        x: Any = self
        if not x.ndim or not other.array.ndim:
            return x * other  # type: ignore[no-any-return]
        if x.array.shape[-1] != other.array.shape[-1]:
            raise RuntimeError(
                "inner() the last dimension must match on both input tensors but got shapes "
                f"{list(x.array.shape)} and {list(other.array.shape)}"
            )
        return tensordot(x, other, ([-1], [-1]))

    def kron(self, other: Tensor) -> Tensor:
        """The matrix of blocks self[i, j] * other."""
        x: Any = self
        y: Any = other
        ndim = max(x.ndim, y.ndim)
        x_shape = (1,) * (ndim - x.ndim) + x.array.shape
        y_shape = (1,) * (ndim - y.ndim) + y.array.shape
        left = x.reshape([n for size in x_shape for n in (size, 1)])
        right = y.reshape([n for size in y_shape for n in (1, size)])
        shape = tuple(n * m for n, m in zip(x_shape, y_shape, strict=True))
        return x._apply(UnsafeView, left * right, shape=shape)  # type: ignore[no-any-return]

    def trace(self) -> Tensor:
        """The sum of the diagonal of a matrix; integers as int64."""
        if self.array.ndim != 2:
            raise RuntimeError(
                f"trace: expected a matrix, but got tensor with dim {self.array.ndim}"
            )
        refuse_bool("trace", self)
        x = self._cast(int64) if self.array.dtype.kind != "f" else self
        return self._apply(ops.Trace, x)

    def matrix_power(self, n: int) -> Tensor:
        """The product of n copies of a square matrix, or of each of a batch.

        NotImplementedError  n < 0, which needs an inverse
        """
        rows, columns = self.array.shape[-2:]
        if rows != columns:
            raise RuntimeError(
                "linalg.matrix_power: A must be batches of square matrices, but they are "
                f"{rows} by {columns} matrices"
            )
        if n < 0:
            raise NotImplementedError(f"matrix_power: n={n} is not supported, only n >= 0")
        if n == 0:
            eye = np.broadcast_to(np.eye(rows, dtype=self.array.dtype), self.array.shape)
            return self._apply(Copy, self, self._wrap(eye))
        x: Any = self
        if n == 3:
            return x @ x @ x  # type: ignore[no-any-return]
        out: Any = None
        for bit in reversed(f"{n:b}"):
            if bit == "1":
                out = x if out is None else out @ x
            n >>= 1
            x = x @ x if n else x
        return out  # type: ignore[no-any-return]

    def cross(self, other: Tensor, dim: int | None = None) -> Tensor:
        """The cross product of vectors of three along `dim`, or the first dimension of size 3."""
        if dim is None:
            threes = [k for k, size in enumerate(self.array.shape) if size == 3]
            if not threes:
                raise RuntimeError("no dimension of size 3 in input")
            dim = threes[0]
        axis = wrap_dim(dim, self.array.ndim)
        x, y = one_dtype(self, other)
        return self._apply(ops.LinalgCross, x, y, axis=axis)


def expand_to(x: Any, shape: tuple[int, ...]) -> None:
    """Complain, as expand() does, of an x that does not broadcast to `shape`."""
    if x.array.shape == shape[-1:]:  # a layer's bias, without the 4 us that follow
        return
    try:
        fits = np.broadcast_shapes(x.array.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        x.expand(shape)


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


def _check_batches(batch1: Any, batch2: Any) -> None:
    if batch1.array.ndim != 3 or batch2.array.ndim != 3:
        raise RuntimeError(
            "batch1 must be a 3D tensor" if batch1.array.ndim != 3 else "batch2 must be a 3D tensor"
        )
    if batch1.array.dtype != batch2.array.dtype:
        raise RuntimeError(
            f"expected scalar type {batch1.dtype.legacy} but found {batch2.dtype.legacy}"
        )
    b, _, k = batch1.array.shape
    if batch2.array.shape[:2] != (b, k):
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{b}, {k}] but "
            f"got: [{batch2.array.shape[0]}, {batch2.array.shape[1]}]."
        )
