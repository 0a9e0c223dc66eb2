"""The names of the nodes, as PyTorch prints them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.parity.case import OpCase

MAT = ((3, 4), (3, 4))


def _name(out: Any) -> str:
    return type(out.grad_fn).__name__


def _places(t: Any) -> Any:
    return t.tensor([[0, 1, 1, 0]])


_OF_ONE: tuple[Callable[[Any, Any], Any], ...] = (
    *(
        lambda t, x, name=name: getattr(t, name)(x)
        for name in (
            *("tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "exp2"),
            *("erf", "erfc", "sinc", "frac", "sgn", "nan_to_num", "deg2rad", "rad2deg", "logit"),
            *("sin", "cos", "exp", "log", "sqrt", "rsqrt", "sign", "median", "nanmedian", "nansum"),
            *("nanmean", "diff", "trace", "diag", "rot90", "fliplr", "tril", "diag_embed"),
        )
    ),
    lambda t, x: x.roll(1),
    lambda t, x: x.cumsum(0),
    lambda t, x: x.cumprod(0),
    lambda t, x: x.logcumsumexp(0),
    lambda t, x: x.cummax(0).values,
    lambda t, x: x.cummin(0).values,
    lambda t, x: x.median(0).values,
    lambda t, x: x.nanmedian(0).values,
    lambda t, x: x.kthvalue(2).values,
    lambda t, x: x.mode(0).values,
    lambda t, x: x.aminmax().min,
    lambda t, x: t.var_mean(x)[0],
    lambda t, x: t.std_mean(x)[1],
    lambda t, x: x.msort(),
    lambda t, x: x.quantile(0.3),
    lambda t, x: x.clamp_min(0.3),
    lambda t, x: x.clamp_max(0.3),
    lambda t, x: x.copysign(1.0),
    lambda t, x: x.xlogy(2.0),
    lambda t, x: t.xlogy(2.0, x),
    lambda t, x: x.float_power(2),
    lambda t, x: x.unfold(1, 2, 1),
    lambda t, x: x.tensor_split(2)[0],
    lambda t, x: x.take(t.tensor([0, 5])),
    lambda t, x: x.scatter(0, _places(t), 2.0),
    lambda t, x: x.index_fill(0, t.tensor([0]), 2.0),
    lambda t, x: x.repeat_interleave(t.tensor([1, 2, 0]), 0),
    lambda t, x: t.block_diag(x, x),
    lambda t, x: t.linalg.norm(x),
)

_OF_TWO: tuple[Callable[[Any, Any, Any], Any], ...] = (
    *(
        lambda t, x, y, name=name: getattr(t, name)(x, y)
        for name in (
            *("atan2", "hypot", "logaddexp", "logaddexp2", "xlogy", "copysign", "fmax", "fmin"),
            *("float_power", "rsub", "clamp_min", "clamp_max", "dist", "cdist", "kron", "inner"),
            *("maximum", "minimum", "add", "sub", "mul", "div", "remainder", "fmod", "pow"),
        )
    ),
    lambda t, x, y: x.lerp(y, 0.3),
    lambda t, x, y: x.lerp(y, x),
    lambda t, x, y: t.addcmul(x, x, y),
    lambda t, x, y: t.addcdiv(x, x, y),
    lambda t, x, y: t.heaviside(x, y),
    lambda t, x, y: t.tensordot(x, y, 2),
    lambda t, x, y: x.scatter(0, _places(t), y),
    lambda t, x, y: x.scatter_add(0, _places(t), y),
    lambda t, x, y: x.scatter_reduce(0, _places(t), y, "amax"),
    lambda t, x, y: x.index_add(0, t.tensor([0, 1, 2]), y),
    lambda t, x, y: x.index_copy(0, t.tensor([0, 1, 2]), y),
    lambda t, x, y: x.index_fill(0, t.tensor([0]), y.sum()),
    lambda t, x, y: x.index_put((t.tensor([0, 1, 2]),), y),
    lambda t, x, y: x.masked_scatter(x > 0, y),
    lambda t, x, y: x.put(t.tensor([0, 5]), y[0, :2]),
    lambda t, x, y: x.addmm(x, y.t() @ x),
    lambda t, x, y: t.addmv(x[:, 0], x, y[0]),
    lambda t, x, y: t.addr(x, x[:, 0], y[0]),
    lambda t, x, y: t.baddbmm(x[:, :3], x[None], y.t()[None]),
    lambda t, x, y: t.addbmm(x[:, :3], x[None], y.t()[None]),
    lambda t, x, y: t.vdot(x[0], y[0]),
    lambda t, x, y: t.cross(x[:, :3], y[:, :3], dim=1),
)

ALONE = dict.fromkeys(("transposed", "strided", "empty", "0-d", "special"), "a name is a name")

CASES = (
    OpCase(
        "grad_fn of one",
        lambda t, x, y: [_name(f(t, x)) for f in _OF_ONE],
        MAT,
        gradient=False,
        skip=ALONE,
    ),
    OpCase(
        "grad_fn of two",
        lambda t, x, y: [_name(f(t, x, y)) for f in _OF_TWO],
        MAT,
        draw="positive",
        gradient=False,
        skip=ALONE,
    ),
)
