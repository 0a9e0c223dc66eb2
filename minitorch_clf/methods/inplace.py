"""Methods that end in an underscore: the tensor takes the value, and the history, of a result.

`x.add_(y)` is `x._become(x.add(y))`. What that does to views, versions and the graph is written
once, in tensor.py. The functional method says what the value is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import numpy as np

from minitorch_clf import random
from minitorch_clf.methods.base import Methods, as_scalar
from minitorch_clf.methods.choice import ChoiceMethods
from minitorch_clf.methods.combine import CombineMethods
from minitorch_clf.methods.elementary import ElementaryMethods
from minitorch_clf.methods.history import HistoryMethods
from minitorch_clf.methods.pointwise import PointwiseMethods
from minitorch_clf.ops import copies as ops
from minitorch_clf.ops.broadcast import mismatch
from minitorch_clf.tape import Array

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


P = ParamSpec("P")


def in_place(
    method: Callable[Concatenate[Any, P], Tensor],
) -> Callable[Concatenate[Any, P], Tensor]:
    """The method, its result written into the tensor itself."""

    @functools.wraps(method)
    def call(self: Any, *args: P.args, **kwargs: P.kwargs) -> Tensor:
        return self._become(method(self, *args, **kwargs))  # type: ignore[no-any-return]

    call.__name__ += "_"
    call.__doc__ = f"In place: {(method.__doc__ or '').splitlines()[0]}"
    return call  # type: ignore[return-value]  # that `self` may be named too is no harm


class InplaceMethods(
    ElementaryMethods, PointwiseMethods, CombineMethods, ChoiceMethods, HistoryMethods
):
    """In-place arithmetic, filling, and random filling."""

    __slots__ = ()

    # --- as the functional ones, written back ---

    add_ = in_place(PointwiseMethods.add)
    sub_ = in_place(PointwiseMethods.sub)
    mul_ = in_place(PointwiseMethods.mul)
    div_ = in_place(PointwiseMethods.div)
    floor_divide_ = in_place(PointwiseMethods.floor_divide)
    remainder_ = in_place(PointwiseMethods.remainder)
    fmod_ = in_place(PointwiseMethods.fmod)
    pow_ = in_place(PointwiseMethods.pow)
    neg_ = in_place(PointwiseMethods.neg)
    abs_ = in_place(PointwiseMethods.abs)
    square_ = in_place(PointwiseMethods.square)
    sqrt_ = in_place(PointwiseMethods.sqrt)
    rsqrt_ = in_place(PointwiseMethods.rsqrt)
    reciprocal_ = in_place(PointwiseMethods.reciprocal)
    exp_ = in_place(ElementaryMethods.exp)
    log_ = in_place(ElementaryMethods.log)
    floor_ = in_place(ElementaryMethods.floor)
    ceil_ = in_place(ElementaryMethods.ceil)
    round_ = in_place(ElementaryMethods.round)
    trunc_ = in_place(ElementaryMethods.trunc)
    sign_ = in_place(ElementaryMethods.sign)
    clamp_ = in_place(ChoiceMethods.clamp)
    clamp_min_ = in_place(ChoiceMethods.clamp_min)
    clamp_max_ = in_place(ChoiceMethods.clamp_max)
    masked_fill_ = in_place(ChoiceMethods.masked_fill)
    clip_ = clamp_

    exp2_ = in_place(ElementaryMethods.exp2)
    expm1_ = in_place(ElementaryMethods.expm1)
    log2_ = in_place(ElementaryMethods.log2)
    log10_ = in_place(ElementaryMethods.log10)
    log1p_ = in_place(ElementaryMethods.log1p)
    sin_ = in_place(ElementaryMethods.sin)
    cos_ = in_place(ElementaryMethods.cos)
    tan_ = in_place(ElementaryMethods.tan)
    asin_ = in_place(ElementaryMethods.asin)
    acos_ = in_place(ElementaryMethods.acos)
    atan_ = in_place(ElementaryMethods.atan)
    sinh_ = in_place(ElementaryMethods.sinh)
    cosh_ = in_place(ElementaryMethods.cosh)
    asinh_ = in_place(ElementaryMethods.asinh)
    acosh_ = in_place(ElementaryMethods.acosh)
    atanh_ = in_place(ElementaryMethods.atanh)
    erf_ = in_place(ElementaryMethods.erf)
    erfc_ = in_place(ElementaryMethods.erfc)
    logit_ = in_place(ElementaryMethods.logit)
    sinc_ = in_place(ElementaryMethods.sinc)
    frac_ = in_place(ElementaryMethods.frac)
    deg2rad_ = in_place(ElementaryMethods.deg2rad)
    rad2deg_ = in_place(ElementaryMethods.rad2deg)
    nan_to_num_ = in_place(ElementaryMethods.nan_to_num)
    sgn_ = in_place(ElementaryMethods.sgn)

    atan2_ = in_place(CombineMethods.atan2)
    hypot_ = in_place(CombineMethods.hypot)
    copysign_ = in_place(CombineMethods.copysign)
    heaviside_ = in_place(CombineMethods.heaviside)
    xlogy_ = in_place(CombineMethods.xlogy)
    float_power_ = in_place(CombineMethods.float_power)
    ldexp_ = in_place(CombineMethods.ldexp)
    lerp_ = in_place(CombineMethods.lerp)
    addcmul_ = in_place(CombineMethods.addcmul)
    addcdiv_ = in_place(CombineMethods.addcdiv)
    gcd_ = in_place(CombineMethods.gcd)
    lcm_ = in_place(CombineMethods.lcm)
    bitwise_left_shift_ = in_place(CombineMethods.bitwise_left_shift)
    bitwise_right_shift_ = in_place(CombineMethods.bitwise_right_shift)

    logical_not_ = in_place(ChoiceMethods.logical_not)
    logical_and_ = in_place(ChoiceMethods.logical_and)
    logical_or_ = in_place(ChoiceMethods.logical_or)
    logical_xor_ = in_place(ChoiceMethods.logical_xor)
    bitwise_and_ = in_place(ChoiceMethods.bitwise_and)
    bitwise_or_ = in_place(ChoiceMethods.bitwise_or)
    bitwise_xor_ = in_place(ChoiceMethods.bitwise_xor)
    bitwise_not_ = in_place(ChoiceMethods.bitwise_not)

    arcsin_, arccos_, arctan_, arctan2_ = asin_, acos_, atan_, atan2_
    arcsinh_, arccosh_, arctanh_ = asinh_, acosh_, atanh_
    absolute_, negative_, fix_ = abs_, neg_, trunc_
    subtract_, multiply_, divide_, true_divide_ = sub_, mul_, div_, div_

    # Python falls back to `x = x + y` if the in-place method gives way

    def __iadd__(self, other: Any) -> Tensor:
        return self.add_(other)

    def __isub__(self, other: Any) -> Tensor:
        return self.sub_(other)

    def __imul__(self, other: Any) -> Tensor:
        return self.mul_(other)

    def __itruediv__(self, other: Any) -> Tensor:
        return self.div_(other)

    def __ifloordiv__(self, other: Any) -> Tensor:
        return self.floor_divide_(other)

    def __imod__(self, other: Any) -> Tensor:
        return self.remainder_(other)

    def __ipow__(self, exponent: Any) -> Tensor:
        return self.pow_(exponent)

    # --- filling ---

    def fill_(self, value: Any) -> Tensor:
        """Every element the number `value`, or the 0-dim tensor's."""
        if isinstance(value, Methods):
            if value.ndim:
                raise RuntimeError(
                    "fill_ only supports 0-dimension value tensor but got tensor with "
                    f"{value.ndim} dimensions."
                )
            return self._become(self._apply(ops.Copy, self, value))
        return self._become(self._apply(ops.Fill, self, value=as_scalar(value, self.dtype)))

    def zero_(self) -> Tensor:
        """Every element 0."""
        return self._become(self._apply(ops.Zero, self, value=0))

    def copy_(self, src: Tensor, non_blocking: bool = False) -> Tensor:  # noqa: ARG002
        """The values of `src`, broadcast and cast. `non_blocking` means nothing on a CPU."""
        text = mismatch((self.array.shape, src.array.shape))
        if text:
            raise RuntimeError(text)
        if np.broadcast_shapes(self.array.shape, src.array.shape) != self.array.shape:
            raise RuntimeError(
                f"output with shape {list(self.array.shape)} doesn't match the broadcast shape "
                f"{list(np.broadcast_shapes(self.array.shape, src.array.shape))}"
            )
        return self._become(self._apply(ops.Copy, self, src))

    # --- random filling: PyTorch's stream, and its errors, are in random.py ---

    def _random(self, draw: Callable[[tuple[int, ...]], Array]) -> Tensor:
        values = random.laid_out_like(self.array, draw)
        return self._become(self._wrap(values.astype(self.array.dtype, copy=False)))

    def uniform_(
        self,
        from_: float = 0.0,
        to: float = 1.0,
        *,
        generator: random.Generator | None = None,
        **renamed: float,
    ) -> Tensor:
        """Numbers from [from, to)."""
        low = renamed.pop("from", from_)  # `from` cannot be written as a Python parameter
        if renamed:
            raise TypeError(
                f"uniform_() got an unexpected keyword argument '{next(iter(renamed))}'"
            )
        g, dtype = generator or random.default(), self.array.dtype
        return self._random(lambda shape: random.uniform(g, shape, dtype, low, to))

    def normal_(
        self, mean: float = 0.0, std: float = 1.0, *, generator: random.Generator | None = None
    ) -> Tensor:
        """Numbers from the normal distribution."""
        g = generator or random.default()
        dtype, contiguous = self.array.dtype, self.is_contiguous()
        return self._random(lambda shape: random.normal(g, shape, dtype, mean, std, contiguous))

    def bernoulli_(self, p: Any = 0.5, *, generator: random.Generator | None = None) -> Tensor:
        """1 with probability `p`, a number or a Tensor of self's shape; else 0."""
        g = generator or random.default()
        if isinstance(p, Methods):
            axes = random.axes_in_memory(self.array)
            p = np.broadcast_to(p.array, self.array.shape).transpose(axes)
        return self._random(lambda shape: random.bernoulli(g, shape, p))

    def random_(
        self, *bounds: Any, generator: random.Generator | None = None, **named: Any
    ) -> Tensor:
        """Whole numbers: all that the dtype holds exactly, or random_(to), or random_(from, to)."""
        g, dtype = generator or random.default(), self.array.dtype
        if not (bounds or named):
            return self._random(lambda shape: random.random_full(g, shape, dtype))
        low, high = named.pop("from", 0), named.pop("to", None)
        if named or len(bounds) > 2:
            raise TypeError(f"random_() takes (to) or (from, to), got {bounds} and {named}")
        if len(bounds) == 1:
            high = bounds[0]
        elif bounds:
            low, high = bounds
        return self._random(lambda shape: random.randint(g, low, high, shape, dtype))
