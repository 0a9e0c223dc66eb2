"""The update rules of SGD and Adam: one pass over a parameter and its state, PyTorch's bits.

PyTorch runs a step as a series of operations on whole tensors (`add_`, `lerp_`, `addcmul_`, ...),
each compiled with fused multiply-add on AVX machines, in its vector loops and its scalar tails
alike (measured for sizes 1 to 80, contiguous and strided, float32 and float64: no difference):

    a.add_(b, alpha=s)            fma(b, s, a)
    a.lerp_(b, w)                 fma(w, b - a, a) if w < 1/2, else fma(w - 1, b - a, b)
    a.addcmul_(b, c, value=s)     fma(s * b, c, a)
    a.addcdiv_(b, c, value=s)     a + (s * b) / c
    a.sqrt()                      MKL's, see kernels/sqrt.py
    a / s                         one division

Python scalars arrive as float64, are combined as such, and are rounded to the parameter's dtype
once, where they meet an array.

Subnormals. Where a gradient is zero for long (a pixel that is always dark), Adam's moments decay
into subnormals, and arithmetic on those is slow on many processors, in PyTorch too. Flushing them
to zero would be faster and would change PyTorch's values where they can be seen, in state_dict():
they are kept.

The rules of the other optimizers are in kernels/adaptive.py, by the same rules of arithmetic.

All arrays of a call are C-contiguous, one-dimensional, and of one dtype, float32 or float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch_clf.kernels.jit import fma, kernel
from minitorch_clf.kernels.sqrt import BLOCK, sqrt_block


@kernel
def sgd(param: Any, grad: Any, lr: Any, weight_decay: Any, maximize: Any) -> None:
    """One step of gradient descent.            param, grad: (N,)

    g = grad + weight_decay * p           -grad where maximize is set
    p = p - lr * g
    """
    number = param.dtype.type
    sign = number(-1.0 if maximize else 1.0)
    decay = number(weight_decay)
    step = number(-lr)
    for i in range(param.size):
        g = sign * grad[i]
        if weight_decay != 0.0:
            g = fma(param[i], decay, g)
        param[i] = fma(g, step, param[i])


@kernel
def sgd_momentum(
    param: Any,
    grad: Any,
    momentum_buffer: Any,
    is_new: Any,
    lr: Any,
    momentum: Any,
    dampening: Any,
    weight_decay: Any,
    nesterov: Any,
    maximize: Any,
) -> None:
    """One step of gradient descent with momentum.            all arrays: (N,)

    g = grad + weight_decay * p                         -grad where maximize is set
    v = momentum * v + (1 - dampening) * g              v = g where the buffer is_new
    p = p - lr * (g + momentum * v if nesterov else v)
    """
    number = param.dtype.type
    sign = number(-1.0 if maximize else 1.0)
    decay = number(weight_decay)
    keep = number(momentum)
    take = number(1.0 - dampening)
    step = number(-lr)
    for i in range(param.size):
        g = sign * grad[i]
        if weight_decay != 0.0:
            g = fma(param[i], decay, g)
        v = g if is_new else fma(g, take, momentum_buffer[i] * keep)
        momentum_buffer[i] = v
        if nesterov:
            v = fma(v, keep, g)
        param[i] = fma(v, step, param[i])


@kernel
def quotient(a: Any, b: Any, inverse: Any) -> Any:
    """a / b, rounded once, where inverse = 1 / b: for many a and one b, neither near underflow.

    q = a * inverse is off by an ulp at most. fma gives a - q * b, what is missing, exactly, and so
    q + (a - q * b) * inverse rounds to the quotient (P. Markstein, "Computation of elementary
    functions on the IBM RISC System/6000 processor", 1990). It takes a third of a division's time.
    """
    q = a * inverse
    q = fma(fma(-q, b, a), inverse, q)
    return q if a - a == b - b else a  # inf and nan


@kernel
def adam(
    param: Any,
    grad: Any,
    exp_avg: Any,
    exp_avg_sq: Any,
    max_exp_avg_sq: Any,
    step_size: Any,
    beta1: Any,
    beta2: Any,
    sqrt_bias_correction2: Any,
    eps: Any,
    weight_decay: Any,
    shrink: Any,
    amsgrad: Any,
    maximize: Any,
    sqrt_as_mkl: Any,
) -> None:
    """One step of Adam.            all arrays: (N,)

        g = grad + weight_decay * p                         -grad where maximize is set
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        p = shrink * p - step_size * m / (sqrt(v) / sqrt_bias_correction2 + eps)

    Where amsgrad is set, the largest v so far, max_exp_avg_sq, is under the root instead; else that
    array is not touched.

    step_size     lr / (1 - beta1**step)
    weight_decay  Adam's, part of the gradient
    shrink        AdamW's decay of the parameter itself, 1 - lr * weight_decay; else 1
    sqrt_as_mkl   kernels.sqrt.mkl_estimates(param.dtype)
    """
    number = param.dtype.type
    sign = number(-1.0 if maximize else 1.0)
    decay = number(weight_decay)
    weight = number(1.0 - beta1)
    small_weight = weight < number(0.5)
    rest = weight - number(1.0)
    keep = number(beta2)
    take = number(1.0 - beta2)
    unbias = number(sqrt_bias_correction2)
    inverse = number(1.0) / unbias
    epsilon = number(eps)
    step = number(-step_size)
    scale = number(shrink)
    block = min(BLOCK, -(-param.size // 4) * 4)
    root = np.ones(block, param.dtype)
    estimates = np.empty(block, np.float32)
    for start in range(0, param.size, BLOCK):
        p = param[start : start + BLOCK]
        g_in = grad[start : start + BLOCK]
        m = exp_avg[start : start + BLOCK]
        v = exp_avg_sq[start : start + BLOCK]
        largest = max_exp_avg_sq[start : start + BLOCK]
        for i in range(p.size):
            g = sign * g_in[i]
            if weight_decay != 0.0:
                g = fma(p[i], decay, g)
            gap = g - m[i]
            m[i] = fma(weight, gap, m[i]) if small_weight else fma(rest, gap, g)
            v[i] = fma(take * g, g, v[i] * keep)
            root[i] = v[i]
        if amsgrad:
            for i in range(p.size):
                if root[i] > largest[i] or root[i] != root[i]:
                    largest[i] = root[i]
                root[i] = largest[i]
        sqrt_block(root, estimates, sqrt_as_mkl)
        for i in range(p.size):
            p[i] = p[i] * scale + step * m[i] / (quotient(root[i], unbias, inverse) + epsilon)
