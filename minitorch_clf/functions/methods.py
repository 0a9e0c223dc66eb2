"""A Tensor's methods by name: torch.exp is Tensor.exp. Where one is more, it is written out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from minitorch_clf.dtypes import dtype, result_dtype
from minitorch_clf.methods.base import Methods
from minitorch_clf.methods.choice import where as _where
from minitorch_clf.tensor import Tensor

P = ParamSpec("P")
R = TypeVar("R")


def function(method: Callable[Concatenate[Tensor, P], R]) -> Callable[Concatenate[Tensor, P], R]:
    """A method of Tensor as a function `f(input, ...)`.

    TypeError            "exp(): argument 'input' (position 1) must be Tensor, not float"
    NotImplementedError  "exp: out=... is not supported"
    """
    name = method.__name__

    @functools.wraps(method)
    def call(input: Tensor, *args: P.args, **kwargs: P.kwargs) -> R:
        if not isinstance(input, Tensor):
            raise TypeError(
                f"{name}(): argument 'input' (position 1) must be Tensor, "
                f"not {type(input).__name__}"
            )
        if "out" in kwargs:
            refuse_out(name, kwargs.pop("out"))
        return method(input, *args, **kwargs)

    return call  # type: ignore[return-value]  # that `input` may be named too is no harm


def refuse_out(name: str, out: Any) -> None:
    """Complain of an `out` that is not None: results are new tensors here."""
    if out is not None:
        raise NotImplementedError(f"{name}: out=... is not supported")


# --- pointwise ---
abs = absolute = function(Tensor.abs)
acos = arccos = function(Tensor.acos)
acosh = arccosh = function(Tensor.acosh)
add = function(Tensor.add)
addcdiv = function(Tensor.addcdiv)
addcmul = function(Tensor.addcmul)
asin = arcsin = function(Tensor.asin)
asinh = arcsinh = function(Tensor.asinh)
atan = arctan = function(Tensor.atan)
atan2 = arctan2 = function(Tensor.atan2)
atanh = arctanh = function(Tensor.atanh)
bitwise_and = function(Tensor.bitwise_and)
bitwise_left_shift = function(Tensor.bitwise_left_shift)
bitwise_not = function(Tensor.bitwise_not)
bitwise_or = function(Tensor.bitwise_or)
bitwise_right_shift = function(Tensor.bitwise_right_shift)
bitwise_xor = function(Tensor.bitwise_xor)
ceil = function(Tensor.ceil)
clamp = clip = function(Tensor.clamp)
clamp_max = function(Tensor.clamp_max)
clamp_min = function(Tensor.clamp_min)
copysign = function(Tensor.copysign)
cos = function(Tensor.cos)
cosh = function(Tensor.cosh)
deg2rad = function(Tensor.deg2rad)
div = divide = true_divide = function(Tensor.div)
eq = function(Tensor.eq)
erf = function(Tensor.erf)
erfc = function(Tensor.erfc)
exp = function(Tensor.exp)
exp2 = function(Tensor.exp2)
expm1 = function(Tensor.expm1)
float_power = function(Tensor.float_power)
floor = function(Tensor.floor)
floor_divide = function(Tensor.floor_divide)
fmax = function(Tensor.fmax)
fmin = function(Tensor.fmin)
fmod = function(Tensor.fmod)
frac = function(Tensor.frac)
gcd = function(Tensor.gcd)
ge = greater_equal = function(Tensor.ge)
gt = greater = function(Tensor.gt)
heaviside = function(Tensor.heaviside)
hypot = function(Tensor.hypot)
isfinite = function(Tensor.isfinite)
isinf = function(Tensor.isinf)
isnan = function(Tensor.isnan)
isneginf = function(Tensor.isneginf)
isposinf = function(Tensor.isposinf)
isreal = function(Tensor.isreal)
lcm = function(Tensor.lcm)
ldexp = function(Tensor.ldexp)
le = less_equal = function(Tensor.le)
lerp = function(Tensor.lerp)
log = function(Tensor.log)
log10 = function(Tensor.log10)
log1p = function(Tensor.log1p)
log2 = function(Tensor.log2)
logaddexp = function(Tensor.logaddexp)
logaddexp2 = function(Tensor.logaddexp2)
logical_and = function(Tensor.logical_and)
logical_not = function(Tensor.logical_not)
logical_or = function(Tensor.logical_or)
logical_xor = function(Tensor.logical_xor)
logit = function(Tensor.logit)
lt = less = function(Tensor.lt)
masked_fill = function(Tensor.masked_fill)
maximum = function(Tensor.maximum)
minimum = function(Tensor.minimum)
mul = multiply = function(Tensor.mul)
nan_to_num = function(Tensor.nan_to_num)
ne = not_equal = function(Tensor.ne)
neg = negative = function(Tensor.neg)
positive = function(Tensor.positive)
rad2deg = function(Tensor.rad2deg)
reciprocal = function(Tensor.reciprocal)
remainder = function(Tensor.remainder)
round = function(Tensor.round)
rsqrt = function(Tensor.rsqrt)
rsub = function(Tensor.rsub)
sgn = function(Tensor.sgn)
sign = function(Tensor.sign)
signbit = function(Tensor.signbit)
sin = function(Tensor.sin)
sinc = function(Tensor.sinc)
sinh = function(Tensor.sinh)
sqrt = function(Tensor.sqrt)
square = function(Tensor.square)
sub = subtract = function(Tensor.sub)
tan = function(Tensor.tan)
trunc = fix = function(Tensor.trunc)

# --- reductions ---
all = function(Tensor.all)
amax = function(Tensor.amax)
amin = function(Tensor.amin)
aminmax = function(Tensor.aminmax)
any = function(Tensor.any)
argmax = function(Tensor.argmax)
argmin = function(Tensor.argmin)
argsort = function(Tensor.argsort)
count_nonzero = function(Tensor.count_nonzero)
dist = function(Tensor.dist)
kthvalue = function(Tensor.kthvalue)
logsumexp = function(Tensor.logsumexp)
max = function(Tensor.max)
mean = function(Tensor.mean)
median = function(Tensor.median)
min = function(Tensor.min)
mode = function(Tensor.mode)
msort = function(Tensor.msort)
nanmean = function(Tensor.nanmean)
nanmedian = function(Tensor.nanmedian)
nanquantile = function(Tensor.nanquantile)
nansum = function(Tensor.nansum)
norm = function(Tensor.norm)
prod = function(Tensor.prod)
quantile = function(Tensor.quantile)
sort = function(Tensor.sort)
std = function(Tensor.std)
sum = function(Tensor.sum)
topk = function(Tensor.topk)
var = function(Tensor.var)

# --- running sums and extremes ---
cummax = function(Tensor.cummax)
cummin = function(Tensor.cummin)
cumprod = function(Tensor.cumprod)
cumsum = function(Tensor.cumsum)
diff = function(Tensor.diff)
logcumsumexp = function(Tensor.logcumsumexp)

# --- sets ---
bincount = function(Tensor.bincount)
histc = function(Tensor.histc)
unique = function(Tensor.unique)
unique_consecutive = function(Tensor.unique_consecutive)

# --- activations ---
log_softmax = function(Tensor.log_softmax)
relu = function(Tensor.relu)
sigmoid = function(Tensor.sigmoid)
softmax = function(Tensor.softmax)
tanh = function(Tensor.tanh)

# --- shape ---
argwhere = function(Tensor.argwhere)
broadcast_to = function(Tensor.broadcast_to)
chunk = function(Tensor.chunk)
clone = function(Tensor.clone)
detach = function(Tensor.detach)
diag = function(Tensor.diag)
diag_embed = function(Tensor.diag_embed)
diagflat = function(Tensor.diagflat)
diagonal = function(Tensor.diagonal)
dsplit = function(Tensor.dsplit)
flatten = function(Tensor.flatten)
flip = function(Tensor.flip)
fliplr = function(Tensor.fliplr)
flipud = function(Tensor.flipud)
hsplit = function(Tensor.hsplit)
movedim = moveaxis = function(Tensor.movedim)
narrow = function(Tensor.narrow)
permute = function(Tensor.permute)
ravel = function(Tensor.ravel)
reshape = function(Tensor.reshape)
roll = function(Tensor.roll)
rot90 = function(Tensor.rot90)
select = function(Tensor.select)
split = function(Tensor.split)
squeeze = function(Tensor.squeeze)
swapaxes = swapdims = transpose = function(Tensor.transpose)
t = function(Tensor.t)
tensor_split = function(Tensor.tensor_split)
tile = function(Tensor.tile)
tril = function(Tensor.tril)
triu = function(Tensor.triu)
unbind = function(Tensor.unbind)
unflatten = function(Tensor.unflatten)
unsqueeze = function(Tensor.unsqueeze)
vsplit = function(Tensor.vsplit)

# --- places ---
gather = function(Tensor.gather)
index_add = function(Tensor.index_add)
index_copy = function(Tensor.index_copy)
index_fill = function(Tensor.index_fill)
index_put = function(Tensor.index_put)
index_select = function(Tensor.index_select)
is_nonzero = function(Tensor.is_nonzero)
masked_scatter = function(Tensor.masked_scatter)
masked_select = function(Tensor.masked_select)
nonzero = function(Tensor.nonzero)
put = function(Tensor.put)
scatter = function(Tensor.scatter)
scatter_add = function(Tensor.scatter_add)
scatter_reduce = function(Tensor.scatter_reduce)
take = function(Tensor.take)
take_along_dim = function(Tensor.take_along_dim)

# --- products ---
addbmm = function(Tensor.addbmm)
addmm = function(Tensor.addmm)
addmv = function(Tensor.addmv)
addr = function(Tensor.addr)
baddbmm = function(Tensor.baddbmm)
bmm = function(Tensor.bmm)
cross = function(Tensor.cross)
dot = function(Tensor.dot)
inner = function(Tensor.inner)
kron = function(Tensor.kron)
matmul = function(Tensor.matmul)
matrix_power = function(Tensor.matrix_power)
mm = function(Tensor.mm)
mv = function(Tensor.mv)
outer = ger = function(Tensor.outer)
trace = function(Tensor.trace)
vdot = function(Tensor.vdot)

# --- in place ---
abs_ = function(Tensor.abs_)
acos_ = arccos_ = function(Tensor.acos_)
acosh_ = arccosh_ = function(Tensor.acosh_)
asin_ = arcsin_ = function(Tensor.asin_)
asinh_ = arcsinh_ = function(Tensor.asinh_)
atan_ = arctan_ = function(Tensor.atan_)
atanh_ = arctanh_ = function(Tensor.atanh_)
ceil_ = function(Tensor.ceil_)
clamp_ = clip_ = function(Tensor.clamp_)
clamp_max_ = function(Tensor.clamp_max_)
clamp_min_ = function(Tensor.clamp_min_)
cos_ = function(Tensor.cos_)
cosh_ = function(Tensor.cosh_)
deg2rad_ = function(Tensor.deg2rad_)
erf_ = function(Tensor.erf_)
erfc_ = function(Tensor.erfc_)
exp2_ = function(Tensor.exp2_)
exp_ = function(Tensor.exp_)
expm1_ = function(Tensor.expm1_)
fill_ = function(Tensor.fill_)
floor_ = function(Tensor.floor_)
frac_ = function(Tensor.frac_)
gcd_ = function(Tensor.gcd_)
index_put_ = function(Tensor.index_put_)
lcm_ = function(Tensor.lcm_)
ldexp_ = function(Tensor.ldexp_)
log10_ = function(Tensor.log10_)
log1p_ = function(Tensor.log1p_)
log2_ = function(Tensor.log2_)
log_ = function(Tensor.log_)
logit_ = function(Tensor.logit_)
nan_to_num_ = function(Tensor.nan_to_num_)
neg_ = negative_ = function(Tensor.neg_)
rad2deg_ = function(Tensor.rad2deg_)
reciprocal_ = function(Tensor.reciprocal_)
relu_ = function(Tensor.relu_)
round_ = function(Tensor.round_)
rsqrt_ = function(Tensor.rsqrt_)
sigmoid_ = function(Tensor.sigmoid_)
sin_ = function(Tensor.sin_)
sinc_ = function(Tensor.sinc_)
sinh_ = function(Tensor.sinh_)
sqrt_ = function(Tensor.sqrt_)
square_ = function(Tensor.square_)
tan_ = function(Tensor.tan_)
tanh_ = function(Tensor.tanh_)
trunc_ = fix_ = function(Tensor.trunc_)
xlogy_ = function(Tensor.xlogy_)
zero_ = function(Tensor.zero_)

# --- questions ---
equal = function(Tensor.equal)
isclose = function(Tensor.isclose)
allclose = function(Tensor.allclose)


# --- where the first argument need not be a Tensor ------------------------------------------------


def pow(input: Any, exponent: Any) -> Tensor:
    """input ** exponent; one of the two may be a number."""
    if not isinstance(input, Methods) and isinstance(exponent, Tensor):
        return input**exponent  # type: ignore[no-any-return]
    return function(Tensor.pow)(input, exponent)


def where(condition: Tensor, *values: Any) -> Any:
    """`input` where condition, else `other`; with condition alone, the places where it is True."""
    if not values:
        return condition.nonzero(as_tuple=True)
    x, y = values
    return _where(condition, x, y)


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a Tensor."""
    return isinstance(obj, Tensor)


def numel(input: Tensor) -> int:
    """The number of elements."""
    return input.numel()


def is_inference(input: Tensor) -> bool:
    """Whether `input` was made in inference mode."""
    return input.is_inference()


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is float32 or float64."""
    return input.is_floating_point()


def result_type(tensor1: Any, tensor2: Any) -> Any:
    """The dtype that an operation on the two has."""
    pair = [(t.dtype, t.ndim) if isinstance(t, Tensor) else t for t in (tensor1, tensor2)]
    return result_dtype(pair)


def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each place `repeats` times in a row; with one argument, 0, 1, .. as often as it says."""
    if repeats is None:
        places = Tensor._wrap(np.arange(input.numel()))
        return places.repeat_interleave(input, 0, output_size=output_size)
    return input.repeat_interleave(repeats, dim, output_size=output_size)


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a tensor of dtype `from_` may be written into one of dtype `to`."""
    return from_.category <= to.category


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether the shapes are equal."""
    return input.shape == other.shape
