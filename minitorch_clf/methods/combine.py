"""Two or three values into one: angles, lengths, blends, products added, bits shifted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.dtypes import float64
from minitorch_clf.methods.base import SCALARS, Methods, need_tensor, one_dtype, operands, values
from minitorch_clf.ops import combine as ops
from minitorch_clf.ops.choice import Fmax, Fmin
from minitorch_clf.ops.elementary import Pow, PowTensor

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


class CombineMethods(Methods):
    """Two or three values in, one value out, at every place."""

    __slots__ = ()

    # --- angles, lengths, signs ---

    def atan2(self, other: Tensor) -> Tensor:
        """The angle of the point (other, self), in (-pi, pi]."""
        x, y = operands("atan2", self, need_tensor("atan2", "other", other), float_result=True)
        return self._apply(ops.Atan2, x, y)

    arctan2 = atan2

    def hypot(self, other: Tensor) -> Tensor:
        """sqrt(self ** 2 + other ** 2), without overflow."""
        x, y = operands("hypot", self, need_tensor("hypot", "other", other))
        return self._apply(ops.Hypot, _float("hypot_cpu", x), y)

    def copysign(self, other: Any) -> Tensor:
        """|self| with the sign of `other`."""
        x, y = operands("copysign", self, other, float_result=True)
        op = ops.Copysign if isinstance(other, Methods) else ops.CopysignScalar
        return self._apply(op, x, y)

    def heaviside(self, values: Tensor) -> Tensor:
        """0 where self < 0, 1 where self > 0, `values` where self is 0."""
        need_tensor("heaviside", "values", values)
        if self.array.dtype != values.array.dtype:
            raise RuntimeError(
                "heaviside is not yet implemented for tensors with different dtypes."
            )
        return self._apply(ops.Heaviside, self, values)

    # --- exponentials and logarithms ---

    def logaddexp(self, other: Tensor) -> Tensor:
        """log(exp(self) + exp(other)), without overflow."""
        x, y = operands("logaddexp", self, need_tensor("logaddexp", "other", other))
        return self._apply(ops.Logaddexp, _float("logaddexp_cpu", x), y)

    def logaddexp2(self, other: Tensor) -> Tensor:
        """log2(2 ** self + 2 ** other), without overflow."""
        x, y = operands("logaddexp2", self, need_tensor("logaddexp2", "other", other))
        return self._apply(ops.Logaddexp2, _float("logaddexp2_cpu", x), y)

    def xlogy(self, other: Any) -> Tensor:
        """self * log(other), 0 where self is 0."""
        x, y = operands("xlogy", self, other, float_result=True)
        op = ops.Xlogy if isinstance(other, Methods) else ops.XlogyWithNumber
        return self._apply(op, x, y)

    def float_power(self, exponent: Any) -> Tensor:
        """self ** exponent, computed in float64."""
        base = self._cast(float64)
        if isinstance(exponent, Methods):
            return self._apply(PowTensor, base, exponent._cast(float64))
        return self._apply(Pow, base, exponent=float(exponent))

    def ldexp(self, other: Tensor) -> Tensor:
        """self * 2 ** other."""
        x: Any = self
        two: Any = self._wrap(np.asarray(2.0, np.float32))
        return x * two.pow(other)  # type: ignore[no-any-return]

    # --- the larger, the smaller, numbers before nan ---

    def fmax(self, other: Tensor) -> Tensor:
        """The larger one at each place; where one is nan, the other."""
        return self._apply(Fmax, *operands("fmax", self, need_tensor("fmax", "other", other)))

    def fmin(self, other: Tensor) -> Tensor:
        """The smaller one at each place; where one is nan, the other."""
        return self._apply(Fmin, *operands("fmin", self, need_tensor("fmin", "other", other)))

    # --- blends, and products added ---

    def lerp(self, end: Tensor, weight: Any) -> Tensor:
        """self + weight * (end - self): self at weight 0, `end` at weight 1.

        RuntimeError  two dtypes: "expected dtype float for `end` but got dtype double"
        """
        for name, other in (("end", end), ("weight", weight)):
            if isinstance(other, Methods) and other.array.dtype != self.array.dtype:
                raise RuntimeError(
                    f"expected dtype {self.dtype.c_name} for `{name}` but got dtype "
                    f"{other.dtype.c_name}"
                )
        if isinstance(weight, Methods):
            return self._apply(ops.LerpTensor, _float("lerp_kernel_tensor", self), end, weight)
        x = _float("lerp_kernel_scalar", self)
        return self._apply(ops.Lerp, x, end, weight=float(weight))

    def addcmul(self, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
        """self + value * tensor1 * tensor2, broadcast."""
        return self._apply(ops.Addcmul, *one_dtype(self, tensor1, tensor2), value=value)

    def addcdiv(self, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
        """self + value * tensor1 / tensor2, broadcast.

        RuntimeError  where both divided tensors are integers
        """
        if tensor1.array.dtype.kind != "f" and tensor2.array.dtype.kind != "f":
            raise RuntimeError(
                "Integer division with addcdiv is no longer supported, and in a future  release "
                "addcdiv will perform a true division of tensor1 and tensor2. The historic addcdiv "
                "behavior can be implemented as (input + value * torch.trunc(tensor1 / tensor2))."
                "to(input.dtype) for integer inputs and as (input + value * tensor1 / tensor2) for "
                "float inputs. The future addcdiv behavior is just the latter implementation: "
                "(input + value * tensor1 / tensor2), for all dtypes."
            )
        return self._apply(ops.Addcdiv, *one_dtype(self, tensor1, tensor2), value=value)

    # --- whole numbers ---

    def gcd(self, other: Tensor) -> Tensor:
        """The greatest common divisor."""
        return self._whole("gcd_cpu", np.gcd, other)

    def lcm(self, other: Tensor) -> Tensor:
        """The least common multiple."""
        return self._whole("lcm_cpu", np.lcm, other)

    def bitwise_left_shift(self, other: Any) -> Tensor:
        """self << other."""
        return self._whole("lshift_cpu", np.left_shift, other)

    def bitwise_right_shift(self, other: Any) -> Tensor:
        """self >> other."""
        return self._whole("rshift_cpu", np.right_shift, other)

    def _whole(self, kernel: str, ufunc: Any, other: Any) -> Tensor:
        x, y = operands(kernel, self, other)
        if x.array.dtype.kind not in "iu":
            raise NotImplementedError(f"\"{kernel}\" not implemented for '{x.dtype.legacy}'")
        return self._wrap(np.asarray(ufunc(x.array, values(y))))

    def __lshift__(self, other: Any) -> Tensor:
        return self.bitwise_left_shift(other)

    def __rshift__(self, other: Any) -> Tensor:
        return self.bitwise_right_shift(other)


def _float(kernel: str, x: Any) -> Any:
    if x.array.dtype.kind != "f":
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{x.dtype.legacy}'")
    return x


def xlogy(input: Any, other: Any) -> Tensor:
    """input * log(other), 0 where input is 0; one of the two may be a number."""
    if isinstance(input, SCALARS) and isinstance(other, Methods):
        y, x = operands("xlogy", other, input, float_result=True)
        return other._apply(ops.XlogyOfNumber, x, y)
    return need_tensor("xlogy", "input", input).xlogy(other)  # type: ignore[no-any-return]
