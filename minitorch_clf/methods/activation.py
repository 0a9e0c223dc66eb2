"""Activations as methods: those that PyTorch has on Tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch_clf.dtypes import dtype as Dtype  # `dtype` is an argument here
from minitorch_clf.methods.base import floating, wrap_dim
from minitorch_clf.methods.inplace import InplaceMethods
from minitorch_clf.ops import activation as ops
from minitorch_clf.ops.softmax import LogSoftmax, Softmax

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


class ActivationMethods(InplaceMethods):
    """A bend at every place, and softmax."""

    __slots__ = ()

    def relu(self) -> Tensor:
        """max(self, 0).

        RuntimeError  "Boolean inputs not supported for relu"
        """
        if self.array.dtype == bool:
            raise RuntimeError("Boolean inputs not supported for relu")
        return self._apply(ops.Relu, self)

    def sigmoid(self) -> Tensor:
        """1 / (1 + exp(-self)).

        >>> import minitorch_clf as torch
        >>> torch.tensor([-1.0, 0.0, 1.0]).sigmoid()
        tensor([0.2689, 0.5000, 0.7311])
        """
        return self._apply(ops.Sigmoid, floating(self))

    def tanh(self) -> Tensor:
        """The hyperbolic tangent."""
        return self._apply(ops.Tanh, floating(self))

    def relu_(self) -> Tensor:
        return self._become(self.relu())

    def sigmoid_(self) -> Tensor:
        return self._become(self.sigmoid())

    def tanh_(self) -> Tensor:
        return self._become(self.tanh())

    def softmax(self, dim: int, dtype: Dtype | None = None) -> Tensor:
        """exp(self) / sum(exp(self)) along `dim`, computed in `dtype`.

        >>> import minitorch_clf as torch
        >>> torch.tensor([0.0, 0.0, 1000.0]).softmax(0)
        tensor([0., 0., 1.])
        """
        x = self if dtype is None else self._cast(dtype)
        x = require_float("softmax_lastdim_kernel_impl", x)
        return self._apply(Softmax, x, axis=wrap_dim(check_dim("softmax", dim), x.ndim))

    def log_softmax(self, dim: int, dtype: Dtype | None = None) -> Tensor:
        """log(softmax(self)) along `dim`, exact where softmax would round to 0.

        >>> import minitorch_clf as torch
        >>> torch.tensor([0.0, 1000.0]).log_softmax(0)
        tensor([-1000.,     0.])
        """
        x = self if dtype is None else self._cast(dtype)
        x = require_float("log_softmax_lastdim_kernel_impl", x)
        return self._apply(LogSoftmax, x, axis=wrap_dim(check_dim("log_softmax", dim), x.ndim))


def require_float(kernel: str, x: ActivationMethods | Tensor) -> Tensor:
    """x, if it is float32 or float64.   `kernel` is how PyTorch's error calls the loop.

    NotImplementedError  "\\"softplus_cpu\\" not implemented for 'Long'"
    """
    if x.array.dtype.kind != "f":
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{x.dtype.legacy}'")
    return x  # type: ignore[return-value]  # every Methods is a Tensor


def check_dim(name: str, dim: object) -> int:
    """dim, if it is an int: bool, float and str are refused in PyTorch's words."""
    if not isinstance(dim, int):
        raise TypeError(
            f"{name}(): argument 'dim' (position 1) must be int, not {type(dim).__name__}"
        )
    return dim
