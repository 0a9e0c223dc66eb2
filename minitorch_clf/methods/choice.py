"""Comparing values, and choosing among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.dtypes import bool_, promote_types, result_dtype
from minitorch_clf.methods.base import (
    Methods,
    as_scalar,
    is_operand,
    operands,
    values,
)
from minitorch_clf.ops import choice as ops
from minitorch_clf.ops.broadcast import mismatch
from minitorch_clf.tape import Array, Function, quietly

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


class ChoiceMethods(Methods):
    """Comparing, and choosing by comparison."""

    __slots__ = ()

    # --- comparisons and questions: bool results, no gradient ---

    def _compare(self, ufunc: Any, other: Any) -> Tensor:
        x, y = operands(ufunc.__name__, self, other)
        try:
            return self._wrap(quietly(ufunc, x.array, values(y)))
        except ValueError:
            raise RuntimeError(mismatch((x.array.shape, np.shape(values(y))))) from None

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

    def isposinf(self) -> Tensor:
        """Whether inf."""
        return self._wrap(np.equal(self.array, np.inf))

    def isneginf(self) -> Tensor:
        """Whether -inf."""
        return self._wrap(np.equal(self.array, -np.inf))

    def isreal(self) -> Tensor:
        """True: there are no complex numbers here."""
        return self._wrap(np.ones(self.array.shape, bool))

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
        return self._wrap(ufunc(x.array, values(y)))

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
        return self._bound(min, ops.ClampMin, ops.ClampMinTensor, lower=True)

    def clamp_max(self, max: Any) -> Tensor:
        """The smaller of self and max."""
        return self._bound(max, ops.ClampMax, ops.ClampMaxTensor, lower=False)

    def _bound(
        self, bound: Any, number: type[Function], tensor: type[Function], *, lower: bool
    ) -> Tensor:
        x, y = operands("clamp", self, bound)
        if isinstance(bound, Methods):
            return self._apply(tensor, x, *((y, None) if lower else (None, y)))
        ends = {"lower": y if lower else None, "upper": None if lower else y}
        return self._apply(number, x, **ends)

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

    # --- operators ---

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


def _tensor(name: str, other: Any) -> Methods:
    if not isinstance(other, Methods):
        raise TypeError(
            f"{name}(): argument 'other' (position 1) must be Tensor, not {type(other).__name__}"
        )
    return other


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
