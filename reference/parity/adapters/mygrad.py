"""MyGrad: NumPy's functions on a Tensor with a tape, backward() and .grad.

It has first derivatives only. Its activations and losses are those of mygrad.nnet. Functions
without a derivative (floor, sign) take constants only; that is its own word, so a case that wants
a gradient through them is not offered.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import mygrad as mg
import numpy as np
from mygrad import nnet

from reference.parity.adapter import Adapter, Op, along, one, spread, two, unlisted
from reference.parity.case import Array
from reference.parity.outcome import NotOffered


def _of_constants(fn: Callable[..., Any]) -> Callable[..., Any]:
    def op(*args: Any) -> Any:
        if any(isinstance(x, mg.Tensor) and not x.constant for x in args):
            raise NotOffered(f"{fn.__name__}() of what requires a gradient")
        return fn(*args)

    return op


_ONE = {
    **{name: getattr(mg, name) for name in (
        "abs", "absolute", "negative", "positive", "reciprocal", "exp", "exp2", "expm1", "log",
        "log2", "log10", "log1p", "sqrt", "square", "sin", "cos", "tan", "sinh", "cosh", "tanh",
        "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "sinc", "isnan", "isinf",
        "isfinite", "signbit", "logical_not", "ravel",
    )},
    **{name: _of_constants(getattr(mg, name)) for name in ("floor", "ceil", "trunc", "sign")},
    "neg": mg.negative, "round": _of_constants(mg.rint),
    "asin": mg.arcsin, "acos": mg.arccos, "atan": mg.arctan,
    "asinh": mg.arcsinh, "acosh": mg.arccosh, "atanh": mg.arctanh,
    "t": mg.transpose, "T": mg.transpose, "max": mg.max, "min": mg.min,
    "relu": nnet.relu, "sigmoid": nnet.sigmoid, "selu": nnet.selu, "softsign": nnet.soft_sign,
    "detach": lambda x: x.copy(constant=True) if isinstance(x, mg.Tensor) else x,
}  # fmt: skip

_TWO = {
    "add": mg.add, "sub": mg.subtract, "mul": mg.multiply, "div": mg.divide,
    "subtract": mg.subtract, "multiply": mg.multiply, "divide": mg.divide,
    **{name: _of_constants(getattr(mg, name)) for name in ("floor_divide", "remainder", "fmod")},
    **{name: getattr(mg, name) for name in (
        "maximum", "minimum", "logaddexp", "logaddexp2", "matmul",
        "logical_and", "logical_or", "logical_xor",
    )},
    "atan2": mg.arctan2, "mm": mg.matmul, "mv": mg.matmul, "bmm": mg.matmul, "dot": mg.matmul,
    "eq": mg.equal, "ne": mg.not_equal, "lt": mg.less, "le": mg.less_equal, "gt": mg.greater,
    "ge": mg.greater_equal, "getitem": operator.getitem,
    "add_": operator.iadd, "sub_": operator.isub, "mul_": operator.imul, "div_": operator.itruediv,
}  # fmt: skip


def _norm(input: Any, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
    if dim is None and p != 2:
        raise NotOffered(f"norm() with p={p} of all elements")
    return mg.linalg.norm(input, None if dim is None else p, dim, keepdim)


def _cross_entropy(input: Any, target: Any) -> Any:
    _needs_rows(input, target)
    return nnet.softmax_crossentropy(input, target)


def _nll_loss(input: Any, target: Any, weight: Any = None) -> Any:
    _needs_rows(input, target)
    return nnet.negative_log_likelihood(input, target, weights=weight)


def _needs_rows(input: Any, target: Any) -> None:
    """Its losses take a matrix and the number of each row's class."""
    if input.ndim != 2 or target.dtype.kind not in "iu":
        raise NotOffered(f"a loss of {input.ndim} dims and targets of {target.dtype}")


def _to(input: Any, dtype: Any) -> Any:
    """`astype`, whose result belongs to no graph."""
    if isinstance(input, mg.Tensor) and not input.constant:
        raise NotOffered("to() of what requires a gradient")
    return input.astype(dtype)


def _batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    *,
    eps: float = 1e-5,
) -> Any:
    if not training or running_mean is not None or running_var is not None:
        raise NotOffered("batch_norm() with running statistics")
    return nnet.batchnorm(input, gamma=weight, beta=bias, eps=eps)


_OPS: dict[str, Op] = {
    **{name: one(fn) for name, fn in _ONE.items()},
    **{name: two(fn) for name, fn in _TWO.items()},
    "pow": lambda input, exponent: input**exponent,  # unlike mg.power, knows 1 and 2
    "setitem": lambda input, index, value: operator.setitem(input, index, value),
    # reductions
    **{name: along(getattr(mg, name)) for name in ("sum", "mean", "amax", "amin", "prod", "any")},
    "argmax": lambda input, dim=None: mg.argmax(input, dim),
    "argmin": lambda input, dim=None: mg.argmin(input, dim),
    "var": spread(mg.var),
    "std": spread(mg.std),
    "norm": _norm,
    "cumsum": lambda input, dim: mg.cumsum(input, dim),
    "cumprod": lambda input, dim: mg.cumprod(input, dim),
    # choosing
    "where": lambda condition, input, other: mg.where(condition, input, other),
    "clamp": lambda input, min=None, max=None: mg.clip(input, min, max),
    "isclose": lambda input, other, rtol=1e-5, atol=1e-8, equal_nan=False: mg.isclose(
        input, other, rtol, atol, equal_nan
    ),
    "allclose": lambda input, other, rtol=1e-5, atol=1e-8, equal_nan=False: mg.allclose(
        input, other, rtol, atol, equal_nan
    ),
    "bincount": lambda input, weights=None, minlength=0: mg.bincount(input, weights, minlength),
    # shapes
    "reshape": lambda input, shape: mg.reshape(input, shape),
    "squeeze": lambda input, dim=None: mg.squeeze(input, dim),
    "unsqueeze": lambda input, dim: mg.expand_dims(input, dim),
    "transpose": lambda input, dim0, dim1: mg.swapaxes(input, dim0, dim1),
    "swapaxes": lambda input, axis0, axis1: mg.swapaxes(input, axis0, axis1),
    "permute": lambda input, dims: mg.transpose(input, dims),
    "movedim": lambda input, source, destination: mg.moveaxis(input, source, destination),
    "moveaxis": lambda input, source, destination: mg.moveaxis(input, source, destination),
    "broadcast_to": lambda input, size: mg.broadcast_to(input, size),
    "cat": lambda tensors, dim=0: mg.concatenate(tensors, dim),
    "stack": lambda tensors, dim=0: mg.stack(tensors, dim),
    "roll": lambda input, shifts, dims=None: mg.roll(input, shifts, dims),
    "repeat_interleave": lambda input, repeats, dim=None: mg.repeat(input, repeats, dim),
    "atleast_1d": lambda *tensors: mg.atleast_1d(*unlisted(tensors)),
    "atleast_2d": lambda *tensors: mg.atleast_2d(*unlisted(tensors)),
    "atleast_3d": lambda *tensors: mg.atleast_3d(*unlisted(tensors)),
    # products
    "einsum": lambda equation, *operands: mg.einsum(equation, *unlisted(operands)),
    "linalg.multi_dot": lambda tensors: mg.multi_matmul(tensors),
    # mygrad.nnet
    "elu": lambda input, alpha=1.0: nnet.elu(input, alpha),
    "leaky_relu": lambda input, negative_slope=0.01: nnet.leaky_relu(input, negative_slope),
    "hardtanh": lambda input, min_val=-1, max_val=1: nnet.hard_tanh(
        input, lower_bound=min_val, upper_bound=max_val
    ),
    "glu": lambda input, dim=-1: nnet.glu(input, dim),
    "softmax": lambda input, dim: nnet.softmax(input, dim),
    "log_softmax": lambda input, dim: nnet.logsoftmax(input, dim),
    "cross_entropy": _cross_entropy,
    "nll_loss": _nll_loss,
    "margin_ranking_loss": lambda input1, input2, target, margin=0.0: nnet.margin_ranking_loss(
        input1, input2, target, margin
    ),
    "batch_norm": _batch_norm,
    # dtypes and constants
    "to": _to,
    "zeros": lambda size, dtype=np.float32: mg.zeros(size, dtype),
    "ones": lambda size, dtype=np.float32: mg.ones(size, dtype),
    "zeros_like": lambda input, dtype=None: mg.zeros_like(input, dtype),
    "ones_like": lambda input, dtype=None: mg.ones_like(input, dtype),
    "full": lambda size, fill_value, dtype=None: mg.full(size, fill_value, dtype),
    "eye": lambda n, m=None, dtype=float: mg.eye(n, m, dtype=dtype),
    "arange": lambda start, end=None, step=1, *, dtype=None: mg.arange(
        start, end, step, dtype=dtype
    ),
    "linspace": lambda start, end, steps, dtype=None: mg.linspace(start, end, steps, dtype=dtype),
}


class MyGrad(Adapter):
    name, version = "mygrad", version("mygrad")
    ops = _OPS
    tensor_types = (mg.Tensor, np.ndarray, np.generic)  # comparisons return arrays

    def tensor(self, array: Array, requires_grad: bool) -> Any:
        if array.dtype == np.bool_:  # what its comparisons return, and `where` takes
            return array
        return mg.tensor(array, constant=not requires_grad, copy=False)

    def numpy(self, x: Any) -> Array:
        return np.asarray(x.data if isinstance(x, mg.Tensor) else x)

    def backward(self, outputs: Sequence[Any], grads: Sequence[Array]) -> None:
        """In one pass: MyGrad clears its graph after each. The factors reach the outputs as is."""
        terms = [
            mg.sum(out * grad)
            for out, grad in zip(outputs, grads, strict=True)
            if isinstance(out, mg.Tensor) and not out.constant
        ]
        if terms:
            mg.add_sequence(*terms, 0).backward()

    def gradient(self, x: Any) -> Array | None:
        return None if x.grad is None else np.array(x.grad)


engine = MyGrad()
