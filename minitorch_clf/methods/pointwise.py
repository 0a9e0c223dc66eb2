"""Arithmetic, powers, comparisons, rounding, clamping: one value at every place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.dtypes import bool_, promote_types, result_dtype
from minitorch_clf.methods.base import (
    SCALARS,
    Methods,
    as_scalar,
    floating,
    is_operand,
    operands,
    refuse_bool,
)
from minitorch_clf.ops import pointwise as ops
from minitorch_clf.ops.broadcast import mismatch
from minitorch_clf.tape import Array, Function, quietly

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

    def mul(self, other: Any) -> Tensor:
        """self * other, broadcast."""
        return self._apply(ops.Mul, *operands("mul", self, other))

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
            quotient = np.trunc(np.divide(x.array, _values(y)))
            return self._wrap(np.asarray(quotient).astype(x.array.dtype))
        return self._apply(ops.Div, x, y, rounding_mode=rounding_mode)

    true_divide = div

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
        return self._apply(ops.Remainder, x, y)

    def fmod(self, other: Any) -> Tensor:
        """self - trunc(self / other) * other: the sign of `self`."""
        x, y = operands("fmod", self, other)
        _refuse_zero_division(x, y)
        return self._apply(ops.Fmod, x, y)

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
            return self._apply(ops.PowTensor, base, power)
        x, y = operands("pow", self, exponent)
        if x.array.dtype == bool:
            return self._wrap(np.power(x.array, y).astype(bool))
        if x.array.dtype.kind in "iu":
            if exponent < 0:
                raise RuntimeError("Integers to negative integer powers are not allowed.")
            return self._apply(ops.Pow, x, exponent=int(y))
        return self._apply(ops.Pow, x, exponent=y)

    def square(self) -> Tensor:
        """self * self."""
        return self.pow(2)

    def sqrt(self) -> Tensor:
        """The square root; nan below 0."""
        return self._apply(ops.Sqrt, floating(self))

    def rsqrt(self) -> Tensor:
        """1 / sqrt(self)."""
        return self._apply(ops.Rsqrt, floating(self))

    def reciprocal(self) -> Tensor:
        """1 / self."""
        return self._apply(ops.Reciprocal, floating(self))

    # --- exponentials, logarithms, circles ---

    def exp(self) -> Tensor:
        """e ** self."""
        return self._apply(ops.Exp, floating(self))

    def expm1(self) -> Tensor:
        """exp(self) - 1, exact near 0."""
        return self._apply(ops.Expm1, floating(self))

    def log(self) -> Tensor:
        """The natural logarithm: -inf at 0, nan below."""
        return self._apply(ops.Log, floating(self))

    def log1p(self) -> Tensor:
        """log(1 + self), exact near 0."""
        return self._apply(ops.Log1p, floating(self))

    def log2(self) -> Tensor:
        """The logarithm to base 2."""
        return self._apply(ops.Log2, floating(self))

    def log10(self) -> Tensor:
        """The logarithm to base 10."""
        return self._apply(ops.Log10, floating(self))

    def sin(self) -> Tensor:
        """The sine of an angle in radians."""
        return self._apply(ops.Sin, floating(self))

    def cos(self) -> Tensor:
        """The cosine of an angle in radians."""
        return self._apply(ops.Cos, floating(self))

    # --- rounding ---

    def floor(self) -> Tensor:
        """The largest integer not above."""
        return self._step(ops.Floor)

    def ceil(self) -> Tensor:
        """The smallest integer not below."""
        return self._step(ops.Ceil)

    def trunc(self) -> Tensor:
        """Without the fraction."""
        return self._step(ops.Trunc)

    fix = trunc

    def round(self, *, decimals: int = 0) -> Tensor:
        """The nearest integer (or multiple of 10 ** -decimals), halves to the even one."""
        return self._step(ops.Round, decimals=decimals)

    def _step(self, op: type[Function], **options: Any) -> Tensor:
        """Integers are whole already."""
        refuse_bool(f"{op.__name__.lower()}_vml_cpu", self)
        integral = self.array.dtype.kind in "iu"
        return self._apply(ops.Clone, self) if integral else self._apply(op, self, **options)

    def sign(self) -> Tensor:
        """-1, 0 or 1."""
        if self.array.dtype == bool:
            return self._apply(ops.Clone, self)
        return self._apply(ops.Sign, self)

    sgn = sign

    # --- choosing ---

    def maximum(self, other: Tensor) -> Tensor:
        """The larger one at each place; nan where either is nan."""
        return self._apply(ops.Maximum, *operands("maximum", self, _tensor("maximum", other)))

    def minimum(self, other: Tensor) -> Tensor:
        """The smaller one at each place; nan where either is nan."""
        return self._apply(ops.Minimum, *operands("minimum", self, _tensor("minimum", other)))

    def clamp(self, min: Any = None, max: Any = None) -> Tensor:
        """self, moved to the nearer end of [min, max] where it lies outside; max wins if min > max.

        RuntimeError  neither bound given
        """
        bounds = [b for b in (min, max) if b is not None]
        if not bounds:
            raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
        if any(isinstance(b, Methods) for b in bounds):
            to = result_dtype(
                [(t.dtype, t.ndim) if isinstance(t, Methods) else t for t in (self, *bounds)]
            )
            lower, upper = [
                None
                if b is None
                else b._cast(to)
                if isinstance(b, Methods)
                else self._wrap(np.asarray(b, to.numpy))
                for b in (min, max)
            ]
            return self._apply(ops.ClampTensor, self._cast(to), lower, upper)
        to = result_dtype([(self.dtype, self.ndim), *bounds])
        lower, upper = [None if b is None else as_scalar(b, to) for b in (min, max)]
        return self._apply(ops.Clamp, self._cast(to), lower=lower, upper=upper)

    clip = clamp

    def clamp_min(self, min: Any) -> Tensor:
        """The larger of self and min."""
        return self.clamp(min=min)

    def clamp_max(self, max: Any) -> Tensor:
        """The smaller of self and max."""
        return self.clamp(max=max)

    def where(self, condition: Tensor, other: Any) -> Tensor:
        """self where `condition`, else `other`."""
        x, y = operands("where", self, other)
        return self._apply(ops.Where, _mask("where", condition), x, y)

    def masked_fill(self, mask: Tensor, value: Any) -> Tensor:
        """self with `value` where `mask` is True."""
        if not isinstance(value, Methods):
            value = as_scalar(value, self.dtype)
        elif value.ndim:
            raise RuntimeError(
                "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{value.ndim} dimension(s)."
            )
        return self._apply(ops.MaskedFill, self, value, mask=_mask("masked_fill", mask))

    # --- comparisons and questions: bool results, no gradient ---

    def _compare(self, ufunc: Any, other: Any) -> Tensor:
        x, y = operands(ufunc.__name__, self, other)
        try:
            return self._wrap(quietly(ufunc, x.array, _values(y)))
        except ValueError:
            raise RuntimeError(mismatch((x.array.shape, np.shape(_values(y))))) from None

    def eq(self, other: Any) -> Tensor:
        """Whether equal; nan equals nothing."""
        return self._compare(np.equal, other)

    def ne(self, other: Any) -> Tensor:
        """Whether different."""
        return self._compare(np.not_equal, other)

    not_equal = ne

    def lt(self, other: Any) -> Tensor:
        """Whether less."""
        return self._compare(np.less, other)

    less = lt

    def le(self, other: Any) -> Tensor:
        """Whether less or equal."""
        return self._compare(np.less_equal, other)

    less_equal = le

    def gt(self, other: Any) -> Tensor:
        """Whether greater."""
        return self._compare(np.greater, other)

    greater = gt

    def ge(self, other: Any) -> Tensor:
        """Whether greater or equal."""
        return self._compare(np.greater_equal, other)

    greater_equal = ge

    def isnan(self) -> Tensor:
        """Whether not a number."""
        return self._wrap(np.isnan(self.array))

    def isinf(self) -> Tensor:
        """Whether inf or -inf."""
        return self._wrap(np.isinf(self.array))

    def isfinite(self) -> Tensor:
        """Whether neither nan nor infinite."""
        return self._wrap(np.isfinite(self.array))

    def logical_not(self) -> Tensor:
        """Whether 0."""
        return self._wrap(np.logical_not(self.array))

    def logical_and(self, other: Tensor) -> Tensor:
        """Whether both are not 0."""
        return self._wrap(np.logical_and(self.array, other.array))

    def logical_or(self, other: Tensor) -> Tensor:
        """Whether one of them is not 0."""
        return self._wrap(np.logical_or(self.array, other.array))

    def logical_xor(self, other: Tensor) -> Tensor:
        """Whether exactly one of them is not 0."""
        return self._wrap(np.logical_xor(self.array, other.array))

    # --- bits of integers and bools ---

    def _bitwise(self, name: str, ufunc: Any, other: Any) -> Tensor:
        x, y = operands(name, self, other)
        if x.array.dtype.kind == "f":
            raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{x.dtype.legacy}'")
        return self._wrap(ufunc(x.array, _values(y)))

    def bitwise_and(self, other: Any) -> Tensor:
        """self & other."""
        return self._bitwise("bitwise_and", np.bitwise_and, other)

    def bitwise_or(self, other: Any) -> Tensor:
        """self | other."""
        return self._bitwise("bitwise_or", np.bitwise_or, other)

    def bitwise_xor(self, other: Any) -> Tensor:
        """self ^ other."""
        return self._bitwise("bitwise_xor", np.bitwise_xor, other)

    def bitwise_not(self) -> Tensor:
        """Every bit turned over; `not` for bools."""
        if self.array.dtype.kind == "f":
            raise NotImplementedError(
                f"\"bitwise_not_cpu\" not implemented for '{self.dtype.legacy}'"
            )
        return self._wrap(np.invert(self.array))

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
        return self._apply(ops.PowOfNumber, x, y)

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

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]  # elementwise, as NumPy's
        return self.eq(other) if is_operand(other) else NotImplemented

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]  # elementwise
        return self.ne(other) if is_operand(other) else NotImplemented

    def __lt__(self, other: Any) -> Tensor:
        return self.lt(other) if is_operand(other) else NotImplemented

    def __le__(self, other: Any) -> Tensor:
        return self.le(other) if is_operand(other) else NotImplemented

    def __gt__(self, other: Any) -> Tensor:
        return self.gt(other) if is_operand(other) else NotImplemented

    def __ge__(self, other: Any) -> Tensor:
        return self.ge(other) if is_operand(other) else NotImplemented

    def __hash__(self) -> int:
        return id(self)

    def __invert__(self) -> Tensor:
        if self.array.dtype.kind == "f":
            raise TypeError(
                "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
            )
        return self.bitwise_not()

    def __and__(self, other: Any) -> Tensor:
        return self.bitwise_and(other) if is_operand(other) else NotImplemented

    def __or__(self, other: Any) -> Tensor:
        return self.bitwise_or(other) if is_operand(other) else NotImplemented

    def __xor__(self, other: Any) -> Tensor:
        return self.bitwise_xor(other) if is_operand(other) else NotImplemented

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__


def _values(y: Any) -> Array:
    return y.array if isinstance(y, Methods) else y


def _refuse_zero_division(x: Methods, y: Any) -> None:
    if x.array.dtype.kind in "iub" and (np.asarray(_values(y)) == 0).any():
        raise RuntimeError("ZeroDivisionError")


def _tensor(name: str, other: Any) -> Methods:
    if not isinstance(other, Methods):
        raise TypeError(
            f"{name}(): argument 'other' (position 1) must be Tensor, not {type(other).__name__}"
        )
    return other


def _is_bool(x: Any) -> bool:
    return bool(x.array.dtype == bool) if isinstance(x, Methods) else isinstance(x, (bool, np.bool_))


def _mask(name: str, mask: Any) -> Array:
    if not isinstance(mask, Methods):
        raise TypeError(f"{name}(): argument must be Tensor, not {type(mask).__name__}")
    if mask.dtype is not bool_:
        if name == "where":
            raise RuntimeError(
                "where expected condition to be a boolean tensor, but got a tensor with dtype "
                f"{mask.dtype.legacy}"
            )
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype.c_name}"
        )
    return mask.array


def where(condition: Any, x: Any, y: Any) -> Any:
    """Tensors or numbers, chosen by a bool Tensor: the function behind torch.where."""
    if not isinstance(x, Methods):
        like = y if isinstance(y, Methods) else condition
        to = (
            result_dtype((x, (y.dtype, y.ndim))) if isinstance(y, Methods) else result_dtype((x, y))
        )
        x = like._wrap(np.asarray(x, to.numpy))
        if isinstance(y, Methods):
            y = y._cast(promote_types(to, to))
    return x.where(condition, y)


__all__ = ["SCALARS", "PointwiseMethods", "where"]
