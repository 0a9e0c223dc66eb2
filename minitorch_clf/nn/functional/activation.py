"""Activations as functions.   input: any shape; float32 or float64 unless said otherwise

`inplace=True` overwrites `input` and returns it; a leaf that requires grad refuses.
"""

from __future__ import annotations

import warnings

from minitorch_clf.dtypes import dtype as Dtype  # `dtype` is an argument here
from minitorch_clf.methods.activation import require_float
from minitorch_clf.nn.functional.checks import check_tensor, run
from minitorch_clf.ops import activation as ops
from minitorch_clf.ops import elu as elu_ops
from minitorch_clf.ops import gelu as gelu_ops
from minitorch_clf.tensor import Tensor

# --- piecewise linear -----------------------------------------------------------------------------


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0).   Of any dtype but bool; nan stays nan.

    The gradient at 0 is 0.

    >>> import minitorch_clf as torch
    >>> relu(torch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """
    check_tensor("relu", input)
    return input.relu_() if inplace else input.relu()


def relu_(input: Tensor) -> Tensor:
    """`relu`, in place."""
    return relu(input, inplace=True)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """input where it is positive, negative_slope * input elsewhere.

    The gradient at 0 is negative_slope. In place, backward needs negative_slope >= 0.

    >>> import minitorch_clf as torch
    >>> leaky_relu(torch.tensor([-1.0, 0.0, 2.0]), 0.1)
    tensor([-0.1000,  0.0000,  2.0000])
    """
    check_tensor("leaky_relu", input)
    require_float("leaky_relu_cpu", input)
    if inplace:
        return input._become(run(ops.LeakyReluInplace, input, slope=negative_slope))
    return run(ops.LeakyRelu, input, slope=negative_slope)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu`, in place."""
    return leaky_relu(input, negative_slope, inplace=True)


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """input kept within [min_val, max_val].   Integers too.

    The gradient at both bounds is 0 (that of `clamp` is 1).

    ValueError    "min_val cannot be greater than max_val"
    RuntimeError  bool, and uint8 with a negative bound

    >>> import minitorch_clf as torch
    >>> hardtanh(torch.tensor([-2.0, 0.5, 2.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    check_tensor("hardtanh", input)
    if input.array.dtype == bool:
        raise RuntimeError("Bool inputs not supported for hardtanh")
    if input.array.dtype.kind == "u" and min_val < 0:
        raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
    if inplace:
        return input._become(run(ops.Hardtanh, input.clone(), low=min_val, high=max_val))
    return run(ops.Hardtanh, input, low=min_val, high=max_val)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh`, in place."""
    return hardtanh(input, min_val, max_val, inplace=True)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(input, 0), 6)."""
    return hardtanh(input, 0.0, 6.0, inplace)


# --- smooth ---------------------------------------------------------------------------------------


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-input)), from 0 to 1; integers become floats.

    >>> import minitorch_clf as torch
    >>> sigmoid(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([0.2689, 0.5000, 0.7311])
    """
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent, from -1 to 1; integers become floats."""
    return input.tanh()


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(input)), finite where sigmoid has rounded to 0.

    >>> import minitorch_clf as torch
    >>> logsigmoid(torch.tensor([-1000.0, 0.0]))
    tensor([-1.0000e+03, -6.9315e-01])
    """
    check_tensor("log_sigmoid", input)
    return run(ops.LogSigmoid, require_float("log_sigmoid_cpu", input))


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """log(1 + exp(beta * input)) / beta: a smooth relu, sharper for larger beta.

    Where beta * input > threshold it is input itself, with gradient 1 and second derivative 0.

    >>> import minitorch_clf as torch
    >>> softplus(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([0.3133, 0.6931, 1.3133])
    """
    check_tensor("softplus", input)
    x = require_float("softplus_cpu", input)
    return run(ops.Softplus, x, beta=beta, threshold=threshold)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """input * sigmoid(input).

    >>> import minitorch_clf as torch
    >>> silu(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.2689,  0.0000,  0.7311])
    """
    check_tensor("silu", input)
    require_float("silu_cpu", input)
    return input._become(run(ops.Silu, input.clone())) if inplace else run(ops.Silu, input)


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """input * P(input), with P the distribution function of the standard normal.

    approximate  "tanh": P(x) is taken as (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2

    RuntimeError  "approximate argument must be either none or tanh."

    >>> import minitorch_clf as torch
    >>> gelu(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.0000,  0.8413])
    """
    check_tensor("gelu", input)
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    x = require_float("GeluKernelImpl", input)
    return run(gelu_ops.Gelu if approximate == "none" else gelu_ops.GeluTanh, x)


def softsign(input: Tensor) -> Tensor:
    """input / (1 + abs(input)), from -1 to 1."""
    return input / (input.abs() + 1)


# --- exponential linear ---------------------------------------------------------------------------


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is positive, alpha * (exp(input) - 1) elsewhere.

    >>> import minitorch_clf as torch
    >>> elu(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.6321,  0.0000,  1.0000])
    """
    check_tensor("elu", input)
    require_float("elu_cpu", input)
    if inplace:
        return input._become(run(elu_ops.EluInplace, input, alpha=alpha))
    return run(elu_ops.Elu, input, alpha=alpha)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu`, in place."""
    return elu(input, alpha, inplace=True)


SELU_ALPHA = 1.6732632423543772848
SELU_SCALE = 1.0507009873554804934


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """scale * elu(input, alpha), with the constants that keep mean 0 and variance 1.

    alpha = 1.6732632423543772, scale = 1.0507009873554805: Klambauer et al., "Self-Normalizing
    Neural Networks", 2017. The gradient at 0 is that of the left side, scale * alpha = 1.7581.

    >>> import minitorch_clf as torch
    >>> selu(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-1.1113,  0.0000,  1.0507])
    """
    check_tensor("selu", input)
    require_float("elu_cpu", input)
    constants = {"alpha": SELU_ALPHA, "scale": SELU_SCALE}
    if inplace:
        return input._become(run(elu_ops.EluInplace, input, **constants))
    return run(elu_ops.Elu, input, **constants)


def selu_(input: Tensor) -> Tensor:
    """`selu`, in place."""
    return selu(input, inplace=True)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is positive, alpha * (exp(input / alpha) - 1) elsewhere: smooth for any alpha.

    RuntimeError  "ZeroDivisionError: alpha cannot be 0 for CELU"

    >>> import minitorch_clf as torch
    >>> celu(torch.tensor([-1.0, 0.0, 1.0]), 2.0)
    tensor([-0.7869,  0.0000,  1.0000])
    """
    check_tensor("celu", input)
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    require_float("elu_cpu", input)
    if inplace:
        return input._become(run(elu_ops.CeluInplace, input, alpha=alpha, input_scale=1 / alpha))
    return run(elu_ops.Celu, input, alpha=alpha, input_scale=1 / alpha)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu`, in place."""
    return celu(input, alpha, inplace=True)


# --- softmax --------------------------------------------------------------------------------------


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Dtype | None = None
) -> Tensor:
    """exp(input) / sum(exp(input)) along `dim`: positive numbers that add up to 1.

    dim    None is deprecated: it means 0 for 0, 1 or 3 dimensions, else 1, and warns
    dtype  what to compute and return it in

    >>> import minitorch_clf as torch
    >>> softmax(torch.tensor([[0.0, 0.0], [0.0, 1000.0]]), dim=1)
    tensor([[0.5000, 0.5000],
            [0.0000, 1.0000]])
    """
    return input.softmax(_softmax_dim("softmax", input, dim, _stacklevel), dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Dtype | None = None
) -> Tensor:
    """log(softmax(input, dim)), exact where softmax would round to 0 or 1.

    >>> import minitorch_clf as torch
    >>> log_softmax(torch.tensor([0.0, 0.0]), dim=0)
    tensor([-0.6931, -0.6931])
    """
    return input.log_softmax(_softmax_dim("log_softmax", input, dim, _stacklevel), dtype)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Dtype | None = None
) -> Tensor:
    """softmax(-input, dim)."""
    return (-input).softmax(_softmax_dim("softmin", input, dim, _stacklevel), dtype)


def _softmax_dim(name: str, input: Tensor, dim: int | None, stacklevel: int) -> int:
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if input.dim() in (0, 1, 3) else 1
