"""Arithmetic and powers: one value at every place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.dtypes import result_dtype
from minitorch_clf.methods.base import (
    Methods,
    floating,
    is_operand,
    operands,
    refuse_bool,
    values,
)
from minitorch_clf.ops import elementary
from minitorch_clf.ops import pointwise as ops

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


class PointwiseMethods(Methods):
    """One value in, one value out, at every place."""

    __slots__ = ()

    # --- arithmetic ---

    def add(self, other: Any, *, alpha: float = 1) -> Tensor:
        """self + alpha * other, broadcast; PyTorch's type promotion.

        >>> import minitorch_clf as torch
        >>> torch.tensor([1.0, 2.0]).add(torch.tensor([10.0]), alpha=2)
        tensor([21., 22.])
        """
        x, y = operands("add", self, other)
        if x.array.dtype.kind in "iub" and isinstance(alpha, float):
            raise RuntimeError(
                "For integral input tensors, argument alpha must not be a floating point number."
            )
        return self._apply(ops.Add, x, y, alpha=alpha) if alpha != 1 else self._apply(ops.Add, x, y)

    def sub(self, other: Any, *, alpha: float = 1) -> Tensor:
        """self - alpha * other, broadcast.

        RuntimeError  two bool tensors: use ^ or logical_xor
        """
        x, y = operands("sub", self, other)
        if _is_bool(self) and _is_bool(other):
            raise RuntimeError(
                "Subtraction, the `-` operator, with two bool tensors is not supported. "
                "Use the `^` or `logical_xor()` operator instead."
            )
        if _is_bool(self) or _is_bool(other):
            raise RuntimeError(
                "Subtraction, the `-` operator, with a bool tensor is not supported. If you are "
                "trying to invert a mask, use the `~` or `logical_not()` operator instead."
            )
        return self._apply(ops.Sub, x, y, alpha=alpha) if alpha != 1 else self._apply(ops.Sub, x, y)

    subtract = sub

    def rsub(self, other: Any, *, alpha: float = 1) -> Tensor:
        """other - alpha * self."""
        x: Any = self
        if alpha != 1:
            x = x * alpha
        op = ops.RsubTensor if isinstance(other, Methods) else ops.Rsub
        return self._apply(op, *operands("rsub", x, other))

    def mul(self, other: Any) -> Tensor:
        """self * other, broadcast."""
        return self._apply(ops.Mul, *operands("mul", self, other))

    multiply = mul

    def div(self, other: Any, *, rounding_mode: str | None = None) -> Tensor:
        """self / other, broadcast; two integers give floats.

        rounding_mode  None, "trunc" (towards zero) or "floor", which keep integers integers
        """
        if rounding_mode is None:
            return self._apply(ops.Div, *operands("div", self, other, float_result=True))
        if rounding_mode not in ("trunc", "floor"):
            raise RuntimeError(
                "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
                f"'{rounding_mode}'"
            )
        x, y = operands("div", self, other)
        _refuse_zero_division(x, y)
        if rounding_mode == "trunc" and x.array.dtype.kind in "iu":
            quotient = np.trunc(np.divide(x.array, values(y)))
            return self._wrap(np.asarray(quotient).astype(x.array.dtype))
        return self._apply(ops.Div, x, y, rounding_mode=rounding_mode)

    divide = true_divide = div

    def floor_divide(self, other: Any) -> Tensor:
        """floor(self / other), as Python's //."""
        x, y = operands("floor_divide", self, other)
        refuse_bool("div_floor_cpu", x)
        _refuse_zero_division(x, y)
        return self._apply(ops.FloorDivide, x, y)

    def remainder(self, other: Any) -> Tensor:
        """self - floor(self / other) * other, as Python's %: the sign of `other`."""
        x, y = operands("remainder", self, other)
        refuse_bool("remainder_cpu", x)
        _refuse_zero_division(x, y)
        op = ops.RemainderTensor if isinstance(other, Methods) else ops.Remainder
        return self._apply(op, x, y)

    def fmod(self, other: Any) -> Tensor:
        """self - trunc(self / other) * other: the sign of `self`."""
        x, y = operands("fmod", self, other)
        _refuse_zero_division(x, y)
        op = ops.FmodTensor if isinstance(other, Methods) else ops.Fmod
        return self._apply(op, x, y)

    def neg(self) -> Tensor:
        """-self."""
        if self.array.dtype == bool:
            raise RuntimeError(
                "Negation, the `-` operator, on a bool tensor is not supported. If you are trying "
                "to invert a mask, use the `~` or `logical_not()` operator instead."
            )
        return self._apply(ops.Neg, self)

    negative = neg

    def abs(self) -> Tensor:
        """The distance from 0."""
        refuse_bool("abs_cpu", self)
        return self._apply(ops.Abs, self)

    absolute = abs

    def pow(self, exponent: Any) -> Tensor:
        """self ** exponent, a number or a Tensor.

        RuntimeError  an integer tensor to a negative integer
        """
        if isinstance(exponent, Methods):
            base, power = operands("pow", self, exponent)
            refuse_bool("pow", base)
            return self._apply(elementary.PowTensor, base, power)
        x, y = operands("pow", self, exponent)
        if x.array.dtype == bool:
            return self._wrap(np.power(x.array, y).astype(bool))
        if x.array.dtype.kind in "iu":
            if exponent < 0:
                raise RuntimeError("Integers to negative integer powers are not allowed.")
            return self._apply(elementary.Pow, x, exponent=int(y))
        return self._apply(elementary.Pow, x, exponent=y)

    def square(self) -> Tensor:
        """self * self."""
        return self.pow(2)

    def sqrt(self) -> Tensor:
        """The square root; nan below 0."""
        return self._apply(elementary.Sqrt, floating(self))

    def rsqrt(self) -> Tensor:
        """1 / sqrt(self)."""
        return self._apply(elementary.Rsqrt, floating(self))

    def reciprocal(self) -> Tensor:
        """1 / self."""
        return self._apply(ops.Reciprocal, floating(self))

    # --- operators ---

    def __add__(self, other: Any) -> Tensor:
        return self.add(other) if is_operand(other) else NotImplemented

    __radd__ = __add__

    def __sub__(self, other: Any) -> Tensor:
        return self.sub(other) if is_operand(other) else NotImplemented

    def __rsub__(self, other: Any) -> Tensor:
        if not is_operand(other):
            return NotImplemented
        if _is_bool(self) or _is_bool(other):
            return self.sub(other)  # to raise
        return self._apply(ops.Rsub, *operands("rsub", self, other))

    def __mul__(self, other: Any) -> Tensor:
        return self.mul(other) if is_operand(other) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tensor:
        return self.div(other) if is_operand(other) else NotImplemented

    def __rtruediv__(self, other: Any) -> Tensor:
        return self.reciprocal() * other if is_operand(other) else NotImplemented

    def __floordiv__(self, other: Any) -> Tensor:
        return self.floor_divide(other) if is_operand(other) else NotImplemented

    def __rfloordiv__(self, other: Any) -> Tensor:
        return self._scalar(other).floor_divide(self) if is_operand(other) else NotImplemented

    def __mod__(self, other: Any) -> Tensor:
        return self.remainder(other) if is_operand(other) else NotImplemented

    def __rmod__(self, other: Any) -> Tensor:
        return self._scalar(other).remainder(self) if is_operand(other) else NotImplemented

    def __pow__(self, exponent: Any) -> Tensor:
        return self.pow(exponent) if is_operand(exponent) else NotImplemented

    def __rpow__(self, base: Any) -> Tensor:
        if not is_operand(base):
            return NotImplemented
        x, y = operands("pow", self._scalar(base), self)
        refuse_bool("pow", x)
        return self._apply(elementary.PowOfNumber, x, y)

    def _scalar(self, value: Any) -> Tensor:
        """`value` as a 0-dim tensor that does not raise self's dtype beyond what `value` would."""
        if isinstance(value, np.ndarray):
            return self._wrap(value)
        to = result_dtype(((self.dtype, self.ndim), value))
        return self._wrap(np.asarray(value, to.numpy))

    def __neg__(self) -> Tensor:
        return self.neg()

    def __pos__(self) -> Tensor:
        return self  # type: ignore[return-value]  # every Methods is a Tensor

    def __abs__(self) -> Tensor:
        return self.abs()


def _refuse_zero_division(x: Methods, y: Any) -> None:
    if x.array.dtype.kind in "iub" and (np.asarray(values(y)) == 0).any():
        raise RuntimeError("ZeroDivisionError")


def _is_bool(x: Any) -> bool:
    return (
        bool(x.array.dtype == bool) if isinstance(x, Methods) else isinstance(x, (bool, np.bool_))
    )
