"""Filling weights before training: PyTorch's schemes and arithmetic, so its bits for a seed.

Every function fills `tensor` in place without recording and returns it. The spread of the values is
chosen from the fans, the numbers of inputs and outputs of one unit, so that signals keep their size
from layer to layer:

    fan_in  = size(1) * size of one kernel      784 for Linear(784, 128), whose weight is (128, 784)
    fan_out = size(0) * size of one kernel      128

`generator` draws from another stream than the global one.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from minitorch_clf.creation import Generator, as_tensor, empty_like, eye, from_numpy, randperm
from minitorch_clf.functions.methods import where
from minitorch_clf.grad_mode import no_grad
from minitorch_clf.tensor import Tensor

_GAINS = {
    "linear": 1,
    "conv1d": 1,
    "conv2d": 1,
    "conv3d": 1,
    "conv_transpose1d": 1,
    "conv_transpose2d": 1,
    "conv_transpose3d": 1,
    "sigmoid": 1,
    "tanh": 5.0 / 3,
    "relu": math.sqrt(2.0),
    "selu": 3.0 / 4,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much to widen the initial weights that feed an activation.

        linear, conv*, sigmoid    1
        tanh                      5/3
        relu                      sqrt(2)
        leaky_relu                sqrt(2 / (1 + param^2)), param 0.01 if not given
        selu                      3/4

    3/4 for selu is found by trial (pytorch #50664); self-normalising networks want "linear" there.

    ValueError  "Unsupported nonlinearity gelu"

    >>> calculate_gain("relu")
    1.4142135623730951
    """
    if nonlinearity == "leaky_relu":
        if param is None:
            param = 0.01
        elif isinstance(param, bool) or not isinstance(param, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + param**2))
    if nonlinearity not in _GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return _GAINS[nonlinearity]


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out), under PyTorch's name: programs that initialise themselves call it."""
    if tensor.dim() < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    kernel = math.prod(tensor.shape[2:])
    return tensor.size(1) * kernel, tensor.size(0) * kernel


# --- given distributions --------------------------------------------------------------------------


@no_grad()
def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Values from U(a, b).

    >>> import minitorch_clf as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.nn.init.uniform_(torch.empty(3), -1, 1)
    tensor([-0.0075,  0.5364, -0.8230])
    """
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Values from N(mean, std^2)."""
    return tensor.normal_(mean, std, generator=generator)


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """The value `val` everywhere."""
    return tensor.fill_(val)


@no_grad()
def ones_(tensor: Tensor) -> Tensor:
    """1 everywhere."""
    return tensor.fill_(1.0)


@no_grad()
def zeros_(tensor: Tensor) -> Tensor:
    """0 everywhere."""
    return tensor.zero_()


@no_grad()
def eye_(tensor: Tensor) -> Tensor:
    """1 on the diagonal of a matrix, 0 elsewhere: Linear starts as the identity.

    ValueError  "Only tensors with 2 dimensions are supported"
    """
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return tensor.copy_(eye(*tensor.shape))


@no_grad()
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Values from N(mean, std^2), drawn again until they lie in [a, b].

    Where at least 30 % of the normal distribution lies in [a, b], every element outside is replaced
    by a fresh normal value, round after round. In narrower intervals that would take long, so a
    uniform candidate is accepted with probability density(candidate) / (highest density in [a, b]).
    Each round draws for all elements, as PyTorch's does.

    UserWarning  [a, b] lies more than 2 std from the mean

    >>> import minitorch_clf as torch
    >>> weight = torch.nn.init.trunc_normal_(torch.empty(1000), std=0.02, a=-0.04, b=0.04)
    >>> weight.abs().max() <= 0.04
    tensor(True)
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of "
            "values may be incorrect.",
            stacklevel=3,
        )
    inside = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std)
    if inside > 0.3:
        # The bounds as the dtype rounds them.
        low, high = (as_tensor(bound, dtype=tensor.dtype).item() for bound in (a, b))
        tensor.normal_(mean, std, generator=generator)
        while (outside := (tensor < low) | (tensor > high)).any():
            again = empty_like(tensor).normal_(mean, std, generator=generator)
            tensor.copy_(where(outside, again, tensor))
        return tensor

    highest = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    tensor.uniform_(a, b, generator=generator)
    pending = _is_rejected(tensor, mean, std, highest, generator)
    while pending.any():
        candidates = empty_like(tensor).uniform_(a, b, generator=generator)
        tensor.copy_(where(pending, candidates, tensor))
        pending &= _is_rejected(candidates, mean, std, highest, generator)
    return tensor


def _normal_cdf(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def _is_rejected(
    candidates: Tensor, mean: float, std: float, highest: float, generator: Generator | None
) -> Tensor:
    """log(u) > log density(candidate) - log(highest density), for u from U(0, 1)."""
    log_density = candidates.sub(mean).div_(std).pow_(2).mul_(-0.5).sub_(highest)
    return empty_like(candidates).uniform_(generator=generator).log_() > log_density


# --- scaled to the layer --------------------------------------------------------------------------


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Values from U(-a, a), a = gain * sqrt(6 / (fan_in + fan_out)).

    Keeps the variance of signals and of gradients, averaged, through tanh-like layers (Glorot &
    Bengio 2010).
    """
    a = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -a, a, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Values from N(0, std^2), std = gain * sqrt(2 / (fan_in + fan_out))."""
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def _xavier_std(tensor: Tensor, gain: float) -> float:
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return gain * math.sqrt(2.0 / float(fan_in + fan_out))


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Values from U(-bound, bound), bound = sqrt(3) * gain / sqrt(fan), for layers before a ReLU.

    a             slope of leaky_relu for negative inputs, the `param` of calculate_gain
    mode          "fan_in" keeps the variance of signals, "fan_out" that of gradients

    Linear uses a = sqrt(5), which makes the bound 1 / sqrt(fan_in). From He et al. 2015.

    ValueError    an unknown mode or nonlinearity, or a tensor with fewer than 2 dimensions
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    if std is None:
        return tensor
    bound = math.sqrt(3.0) * std  # in this order: PyTorch's bits
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Values from N(0, std^2), std = gain / sqrt(fan); arguments as in kaiming_uniform_."""
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    return tensor if std is None else normal_(tensor, 0.0, std, generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float | None:
    """gain / sqrt(fan), or None for a tensor without elements."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return None
    modes = ["fan_in", "fan_out"]
    mode = mode.lower()
    if mode not in modes:
        raise ValueError(f"Mode {mode} not supported, please use one of {modes}")
    fan = _calculate_fan_in_and_fan_out(tensor)[modes.index(mode)]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


# --- with structure -------------------------------------------------------------------------------


@no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """gain * Q, Q from the QR of a normal matrix: orthonormal rows, or columns if fewer.

    A tensor with more than 2 dimensions counts as a matrix of size(0) rows. R's diagonal is made
    positive, which makes Q unique and uniform over the orthogonal group (Mezzadri 2006); hence the
    values are PyTorch's up to the rounding of its QR, not bit for bit.

    ValueError  "Only tensors with 2 or more dimensions are supported"

    >>> import minitorch_clf as torch
    >>> q = torch.nn.init.orthogonal_(torch.empty(2, 5))
    >>> (q @ q.T - torch.eye(2)).abs().max() < 1e-6
    tensor(True)
    """
    if tensor.dim() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.size(0)
    matrix = empty_like(tensor).reshape(rows, -1).normal_(0, 1, generator=generator).numpy()
    wide = matrix.shape[0] < matrix.shape[1]
    q, r = np.linalg.qr(matrix.T if wide else matrix)
    q = q * np.sign(np.diag(r))
    tensor.copy_(from_numpy(q.T if wide else q).reshape(tensor.shape))
    return tensor.mul_(gain)


@no_grad()
def sparse_(
    tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None
) -> Tensor:
    """Values from N(0, std^2), then zeros at random rows of every column (Martens 2010).

    sparsity     the fraction of each column that becomes zero, rounded up
    generator    for the values only: the rows come from the global stream, as in PyTorch

    ValueError   "Only tensors with 2 dimensions are supported"
    """
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    tensor.normal_(0, std, generator=generator)
    for column in range(columns):
        tensor[randperm(rows)[:zeros], column] = 0
    return tensor
