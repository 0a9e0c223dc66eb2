"""Less common activations.   input: any shape; float32 or float64 unless said otherwise

`inplace=True` overwrites `input` and returns it; a leaf that requires grad refuses.
"""

from __future__ import annotations

import numpy as np

from minitorch_clf.methods.activation import require_float
from minitorch_clf.methods.base import wrap_dim
from minitorch_clf.nn.functional.checks import check_tensor, run
from minitorch_clf.ops import bends as ops
from minitorch_clf.tape import Function
from minitorch_clf.tensor import Tensor


def _bend(op: type[Function], name: str, input: Tensor, inplace: bool) -> Tensor:
    check_tensor(name, input)
    require_float(f"{name}_cpu", input)
    return input._become(run(op, input.clone())) if inplace else run(op, input)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """(input + 3) / 6, kept within [0, 1].

    >>> import minitorch_clf as torch
    >>> hardsigmoid(torch.tensor([-3.0, 0.0, 3.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    return _bend(ops.Hardsigmoid, "hardsigmoid", input, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * hardsigmoid(input).

    >>> import minitorch_clf as torch
    >>> hardswish(torch.tensor([-3.0, 1.5, 3.0]))
    tensor([-0.0000,  1.1250,  3.0000])
    """
    return _bend(ops.Hardswish, "hardswish", input, inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * tanh(log(1 + exp(input))).

    >>> import minitorch_clf as torch
    >>> mish(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.3034,  0.0000,  0.8651])
    """
    return _bend(ops.Mish, "mish", input, inplace)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """input where it is above the threshold, `value` elsewhere.   Integers too.

    >>> import minitorch_clf as torch
    >>> threshold(torch.tensor([-1.0, 0.5, 2.0]), 0.5, 9.0)
    tensor([9., 9., 2.])
    """
    check_tensor("threshold", input)
    if input.array.dtype == bool:
        raise NotImplementedError("\"threshold_cpu\" not implemented for 'Bool'")
    options = {"threshold": threshold, "value": value}
    if input.array.dtype.kind != "f":
        options = {name: int(number) for name, number in options.items()}
    if inplace:
        return input._become(run(ops.ThresholdInplace, input, **options))
    return run(ops.Threshold, input, **options)


def threshold_(input: Tensor, threshold_: float, value: float) -> Tensor:
    """`threshold`, in place."""
    return threshold(input, threshold_, value, inplace=True)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """input, but 0 where abs(input) <= lambd.

    >>> import minitorch_clf as torch
    >>> hardshrink(torch.tensor([-1.0, 0.5, 0.75]))
    tensor([-1.0000,  0.0000,  0.7500])
    """
    check_tensor("hardshrink", input)
    return run(ops.Hardshrink, require_float("hardshrink_cpu", input), lambd=lambd)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """input moved towards 0 by lambd, but not beyond.

    RuntimeError  "lambda must be in range [0, 3.40282e+38] for input dtype Float, but found -1"

    >>> import minitorch_clf as torch
    >>> softshrink(torch.tensor([-1.0, 0.5, 0.75]))
    tensor([-0.5000,  0.0000,  0.2500])
    """
    check_tensor("softshrink", input)
    require_float("softshrink_check", input)
    largest = float(np.finfo(input.array.dtype).max)
    if not 0 <= lambd <= largest:
        raise RuntimeError(
            f"lambda must be in range [0, {largest:g}] for input dtype {input.dtype.legacy}, but "
            f"found {lambd:g}"
        )
    return run(ops.Softshrink, input, lambd=lambd)


def tanhshrink(input: Tensor) -> Tensor:
    """input - tanh(input)."""
    return input - input.tanh()


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """input where it is positive, weight * input elsewhere: leaky_relu with slopes to be learned.

    weight  (1,), or (C,) for an input (N, C, ...)

    RuntimeError  "Mismatch of parameter numbers and input channel size. ...", other dtypes

    >>> import minitorch_clf as torch
    >>> prelu(torch.tensor([[-1.0, -1.0], [1.0, 2.0]]), torch.tensor([0.5, 0.25]))
    tensor([[-0.5000, -0.2500],
            [ 1.0000,  2.0000]])
    """
    check_tensor("prelu", input)
    check_tensor("prelu", weight, "weight", 2)
    if input.dtype is not weight.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {input.dtype.legacy} and "
            f"{weight.dtype.legacy}"
        )
    if weight.numel() != 1:
        if not input.dim():
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = input.size(1) if input.dim() >= 2 else 1
        if channels != weight.numel():
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.numel()} and channel size = {channels}."
            )
    if weight.dim() > 1:
        raise RuntimeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.dim()}"
        )
    if weight.dim() != input.dim():
        channel = 1 if input.dim() >= 2 else 0
        weight = weight.reshape(*[-1 if k == channel else 1 for k in range(input.dim())])
    return run(ops.PreluKernel, input, weight)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a * sigmoid(b), with a and b the halves of input along `dim`.

    RuntimeError  "Halving dimension must be even, but dimension 0 is size 3"

    >>> import minitorch_clf as torch
    >>> glu(torch.tensor([1.0, 2.0, 0.0, 100.0]))
    tensor([0.5000, 2.0000])
    """
    if not input.dim():
        raise RuntimeError("glu does not support scalars because halving size must be even")
    axis = wrap_dim(dim, input.dim())
    if input.size(axis) % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {axis} is size {input.size(axis)}"
        )
    return run(ops.Glu, require_float("glu_cpu", input), axis=axis)
