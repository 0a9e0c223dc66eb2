"""Activations and their gradients: x (or grad and what was saved) in, `out` filled; all 1-d.

PyTorch's AVX2 loops take 16 float32 at a time through SLEEF's functions, and the last `size % 16`
through libm's. So do these, hence the two loops where a function occurs: on such a machine the
values are PyTorch's bit for bit. Where a `nan` goes also depends on the loop, in PyTorch and here.
"""

from __future__ import annotations

import math

import numpy as np

from minitorch_clf.kernels.elementary import erf, exp, expm1, log1p
from minitorch_clf.kernels.jit import fma, kernel

BLOCK = 16
SQRT_HALF = math.sqrt(0.5)
BETA, KAPPA = math.sqrt(2 / math.pi), 0.044715


@kernel
def relu(x, out):
    """0 if x < 0 else x: nan and -0.0 stay."""
    zero = x.dtype.type(0)
    for i in range(x.size):
        out[i] = zero if x[i] < zero else x[i]


@kernel
def relu_backward(grad, y, out):
    """0 if y <= 0 else grad: with y = nan the gradient passes."""
    zero = y.dtype.type(0)
    for i in range(y.size):
        out[i] = zero if y[i] <= zero else grad[i]


@kernel
def leaky_relu(x, slope, out):
    """x if x > 0 else slope * x."""
    zero = x.dtype.type(0)
    for i in range(x.size):
        out[i] = x[i] if x[i] > zero else x[i] * slope


@kernel
def leaky_relu_backward(grad, x, slope, out):
    """grad if x > 0 else slope * grad."""
    zero = x.dtype.type(0)
    for i in range(x.size):
        out[i] = grad[i] if x[i] > zero else grad[i] * slope


@kernel
def hardtanh(x, low, high, out):
    """x kept within [low, high]; nan stays."""
    for i in range(x.size):
        clipped = low if x[i] < low else x[i]
        out[i] = high if clipped > high else clipped


@kernel
def hardtanh_backward(grad, x, low, high, out):
    """grad if low < x < high else 0."""
    zero = x.dtype.type(0)
    blocks = x.size - x.size % BLOCK
    for i in range(blocks):
        out[i] = grad[i] if (x[i] > low) & (x[i] < high) else zero
    for i in range(blocks, x.size):
        out[i] = zero if (x[i] <= low) | (x[i] >= high) else grad[i]


@kernel
def sigmoid(x, out):
    """1 / (1 + exp(-x))."""
    one = x.dtype.type(1)
    blocks = x.size - x.size % BLOCK
    for i in range(blocks):
        out[i] = one / (one + exp(-x[i]))
    for i in range(blocks, x.size):
        out[i] = one / (one + np.exp(-x[i]))


@kernel
def sigmoid_backward(grad, y, out):
    """grad * (1 - y) * y."""
    one = y.dtype.type(1)
    for i in range(y.size):
        out[i] = grad[i] * (one - y[i]) * y[i]


@kernel
def tanh_backward(grad, y, out):
    """grad * (1 - y * y)."""
    one = y.dtype.type(1)
    for i in range(y.size):
        out[i] = grad[i] * fma(-y[i], y[i], one)


@kernel
def softplus(x, beta, threshold, out):
    """x if x * beta > threshold else log(1 + exp(x * beta)) / beta."""
    blocks = x.size - x.size % BLOCK
    for i in range(blocks):
        z = x[i] * beta
        curve = log1p(exp(z)) / beta
        out[i] = x[i] if z > threshold else curve
    for i in range(blocks, x.size):
        z = x[i] * beta
        out[i] = x[i] if z > threshold else np.log1p(np.exp(z)) / beta


@kernel
def softplus_backward(grad, x, beta, threshold, out):
    """grad if x * beta > threshold else grad * exp(x * beta) / (exp(x * beta) + 1)."""
    one = x.dtype.type(1)
    blocks = x.size - x.size % BLOCK
    for i in range(blocks):
        z = x[i] * beta
        e = exp(z)
        curve = grad[i] * e / (e + one)
        out[i] = grad[i] if z > threshold else curve
    for i in range(blocks, x.size):
        z = x[i] * beta
        e = np.exp(z)
        out[i] = grad[i] if z > threshold else grad[i] * e / (e + one)


@kernel
def elu(x, negative, scale, input_scale, out):
    """x * scale if x > 0 else negative * (exp(x * input_scale) - 1)."""
    zero = x.dtype.type(0)
    blocks = x.size - x.size % BLOCK
    for i in range(blocks):
        curve = expm1(x[i] * input_scale) * negative
        out[i] = x[i] * scale if x[i] > zero else curve
    for i in range(blocks, x.size):
        out[i] = x[i] * scale if x[i] > zero else np.expm1(x[i] * input_scale) * negative


@kernel
def elu_backward(grad, x, negative, scale, input_scale, out):
    """grad * scale if x > 0 else grad * input_scale * negative * exp(x * input_scale)."""
    zero = x.dtype.type(0)
    blocks = x.size - x.size % BLOCK
    for i in range(blocks):
        curve = grad[i] * input_scale * negative * exp(x[i] * input_scale)
        out[i] = grad[i] * scale if x[i] > zero else curve
    for i in range(blocks, x.size):
        curve = grad[i] * input_scale * negative * np.exp(x[i] * input_scale)
        out[i] = curve if x[i] <= zero else grad[i] * scale


@kernel
def silu(x, out):
    """x / (1 + exp(-x))."""
    one = x.dtype.type(1)
    blocks = x.size - x.size % BLOCK
    for i in range(blocks):
        out[i] = x[i] / (one + exp(-x[i]))
    for i in range(blocks, x.size):
        out[i] = x[i] / (one + np.exp(-x[i]))


@kernel
def silu_backward(grad, x, out):
    """grad * s * (1 + x * (1 - s)) with s = sigmoid(x)."""
    one = x.dtype.type(1)
    blocks = x.size - x.size % BLOCK
    for i in range(blocks):
        s = one / (one + exp(-x[i]))
        out[i] = grad[i] * s * fma(x[i], one - s, one)
    for i in range(blocks, x.size):
        s = one / (one + np.exp(-x[i]))
        out[i] = grad[i] * s * fma(x[i], one - s, one)


@kernel
def log_sigmoid(x, out):
    """min(x, 0) - log(1 + exp(-abs(x))): no overflow on either side."""
    zero = x.dtype.type(0)
    for i in range(x.size):
        low = zero if x[i] > zero else x[i]
        out[i] = low - log1p(exp(-abs(x[i])))


@kernel
def log_sigmoid_backward(grad, x, out):
    """grad * (1 - e / (1 + e) if x < 0 else e / (1 + e)) with e = exp(-abs(x))."""
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for i in range(x.size):
        e = exp(-abs(x[i]))
        share = e / (one + e)
        slope = one - share if x[i] < zero else share
        out[i] = slope * grad[i]


@kernel
def gelu(x, out):
    """x / 2 * (1 + erf(x / sqrt(2)))."""
    half, one, root = x.dtype.type(0.5), x.dtype.type(1), x.dtype.type(SQRT_HALF)
    for i in range(x.size):
        out[i] = x[i] * half * (one + erf(x[i] * root))


@kernel
def gelu_backward(grad, x, out):
    """grad * (P + x * p) with P and p the normal distribution and its density."""
    half, one, root = x.dtype.type(0.5), x.dtype.type(1), x.dtype.type(SQRT_HALF)
    density = x.dtype.type(1 / math.sqrt(2 * math.pi))
    for i in range(x.size):
        p = density * exp(-half * x[i] * x[i])
        out[i] = grad[i] * (half * (one + erf(x[i] * root)) + x[i] * p)


@kernel
def gelu_tanh(x, out):
    """x / 2 * (1 + tanh(u)) = x * sigmoid(2 * u), u = sqrt(2 / pi) * (x + 0.044715 * x**3)."""
    one, minus_two = x.dtype.type(1), x.dtype.type(-2)
    beta, kappa = x.dtype.type(BETA), x.dtype.type(KAPPA)
    for i in range(x.size):
        u = beta * (x[i] + kappa * x[i] * x[i] * x[i])
        out[i] = x[i] / (one + exp(minus_two * u))


@kernel
def gelu_tanh_backward(grad, x, out):
    """grad * (s + x * s * (1 - s) * 2 * u') with s = sigmoid(2 * u), u as in gelu_tanh."""
    one, two, three = x.dtype.type(1), x.dtype.type(2), x.dtype.type(3)
    beta, kappa = x.dtype.type(BETA), x.dtype.type(KAPPA)
    for i in range(x.size):
        square = x[i] * x[i]
        s = one / (one + exp(-two * beta * (x[i] + kappa * square * x[i])))
        slope = two * beta * (one + three * kappa * square)
        out[i] = grad[i] * (s + x[i] * (s * (one - s)) * slope)
