"""Exponentials, logarithms, circles, statistics' special functions, and rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.methods.base import Methods, floating, refuse_bool
from minitorch_clf.ops import circles, copies, elementary, special
from minitorch_clf.tape import Function

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


class ElementaryMethods(Methods):
    """One value in, one value out. Integers become floats first, except for rounding."""

    __slots__ = ()

    # --- exponentials, logarithms, circles ---

    def exp(self) -> Tensor:
        """e ** self."""
        return self._apply(elementary.Exp, floating(self))

    def exp2(self) -> Tensor:
        """2 ** self."""
        return self._apply(special.Exp2, floating(self))

    def expm1(self) -> Tensor:
        """exp(self) - 1, exact near 0."""
        return self._apply(elementary.Expm1, floating(self))

    def log(self) -> Tensor:
        """The natural logarithm: -inf at 0, nan below."""
        return self._apply(elementary.Log, floating(self))

    def log1p(self) -> Tensor:
        """log(1 + self), exact near 0."""
        return self._apply(elementary.Log1p, floating(self))

    def log2(self) -> Tensor:
        """The logarithm to base 2."""
        return self._apply(elementary.Log2, floating(self))

    def log10(self) -> Tensor:
        """The logarithm to base 10."""
        return self._apply(elementary.Log10, floating(self))

    def sin(self) -> Tensor:
        """The sine of an angle in radians."""
        return self._apply(circles.Sin, floating(self))

    def cos(self) -> Tensor:
        """The cosine of an angle in radians."""
        return self._apply(circles.Cos, floating(self))

    def tan(self) -> Tensor:
        """The tangent of an angle in radians."""
        return self._apply(circles.Tan, floating(self))

    def asin(self) -> Tensor:
        """The angle with this sine; nan outside [-1, 1]."""
        return self._apply(circles.Asin, floating(self))

    def acos(self) -> Tensor:
        """The angle with this cosine; nan outside [-1, 1]."""
        return self._apply(circles.Acos, floating(self))

    def atan(self) -> Tensor:
        """The angle with this tangent."""
        return self._apply(circles.Atan, floating(self))

    def sinh(self) -> Tensor:
        """(exp(self) - exp(-self)) / 2."""
        return self._apply(circles.Sinh, floating(self))

    def cosh(self) -> Tensor:
        """(exp(self) + exp(-self)) / 2."""
        return self._apply(circles.Cosh, floating(self))

    def asinh(self) -> Tensor:
        """The number with this sinh."""
        return self._apply(circles.Asinh, floating(self))

    def acosh(self) -> Tensor:
        """The number with this cosh; nan below 1."""
        return self._apply(circles.Acosh, floating(self))

    def atanh(self) -> Tensor:
        """The number with this tanh; nan outside [-1, 1]."""
        return self._apply(circles.Atanh, floating(self))

    def deg2rad(self) -> Tensor:
        """Degrees as radians."""
        return self._apply(special.Deg2rad, floating(self))

    def rad2deg(self) -> Tensor:
        """Radians as degrees."""
        return self._apply(special.Rad2deg, floating(self))

    def sinc(self) -> Tensor:
        """sin(pi * self) / (pi * self), 1 at 0."""
        return self._apply(special.Sinc, floating(self))

    def erf(self) -> Tensor:
        """The error function: 2 / sqrt(pi) * the integral of exp(-t * t) from 0 to self."""
        return self._apply(special.Erf, floating(self))

    def erfc(self) -> Tensor:
        """1 - erf(self), exact where that is small."""
        return self._apply(special.Erfc, floating(self))

    arcsin, arccos, arctan = asin, acos, atan
    arcsinh, arccosh, arctanh = asinh, acosh, atanh

    def logit(self, eps: float | None = None) -> Tensor:
        """log(self / (1 - self)), self kept within [eps, 1 - eps] first: the inverse of sigmoid."""
        return self._apply(special.Logit, floating(self), eps=eps)

    # --- rounding ---

    def floor(self) -> Tensor:
        """The largest integer not above."""
        return self._step(elementary.Floor)

    def ceil(self) -> Tensor:
        """The smallest integer not below."""
        return self._step(elementary.Ceil)

    def trunc(self) -> Tensor:
        """Without the fraction."""
        return self._step(elementary.Trunc)

    fix = trunc

    def round(self, *, decimals: int = 0) -> Tensor:
        """The nearest integer (or multiple of 10 ** -decimals), halves to the even one."""
        return self._step(elementary.Round, decimals=decimals)

    def _step(self, op: type[Function], **options: Any) -> Tensor:
        """Integers are whole already."""
        refuse_bool(f"{op.__name__.lower()}_vml_cpu", self)
        integral = self.array.dtype.kind in "iu"
        return self._apply(copies.Clone, self) if integral else self._apply(op, self, **options)

    def sign(self) -> Tensor:
        """-1, 0 or 1."""
        if self.array.dtype == bool:
            return self._apply(copies.Clone, self)
        return self._apply(elementary.Sign, self)

    def sgn(self) -> Tensor:
        """-1, 0 or 1, as sign()."""
        if self.array.dtype == bool:
            return self._apply(copies.Clone, self)
        return self._apply(elementary.Sgn, self)

    def signbit(self) -> Tensor:
        """Whether the sign is minus, also that of -0."""
        x = self.array
        return self._wrap(np.signbit(x) if x.dtype.kind == "f" else np.less(x, 0))

    def frac(self) -> Tensor:
        """self - trunc(self)."""
        if self.array.dtype.kind != "f":
            raise NotImplementedError(f"\"frac_cpu\" not implemented for '{self.dtype.legacy}'")
        return self._apply(special.Frac, self)

    def positive(self) -> Tensor:
        """self."""
        if self.array.dtype == bool:
            raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
        return self  # type: ignore[return-value]  # every Methods is a Tensor

    def nan_to_num(
        self, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
    ) -> Tensor:
        """nan as the number `nan` (0), infinities as `posinf`, `neginf` (the largest there are)."""
        if self.array.dtype.kind != "f":
            return self._apply(copies.Clone, self)
        value = 0.0 if nan is None else nan
        return self._apply(special.NanToNum, self, nan=value, posinf=posinf, neginf=neginf)
