"""The update rules: one pass over a parameter and its state, with PyTorch's bits.

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
            p[i] = p[i] * scale + step * m[i] / (root[i] / unbias + epsilon)


@kernel
def rmsprop(
    param: Any,
    grad: Any,
    square_avg: Any,
    momentum_buffer: Any,
    grad_avg: Any,
    lr: Any,
    alpha: Any,
    eps: Any,
    weight_decay: Any,
    momentum: Any,
    centered: Any,
    maximize: Any,
    sqrt_as_mkl: Any,
) -> None:
    """One step of RMSprop.            all arrays: (N,); those that are not needed: (0,)

    g = grad + weight_decay * p                         -grad where maximize is set
    v = alpha * v + (1 - alpha) * g**2                  square_avg
    a = alpha * a + (1 - alpha) * g                     grad_avg, where centered is set
    d = sqrt(v - a**2 if centered else v) + eps
    b = momentum * b + g / d                            momentum_buffer, where momentum > 0
    p = p - lr * (b if momentum > 0 else g / d)
    """
    number = param.dtype.type
    sign = number(-1.0 if maximize else 1.0)
    decay = number(weight_decay)
    keep, take = number(alpha), number(1.0 - alpha)
    small_weight, rest = take < number(0.5), take - number(1.0)
    epsilon, step, inertia = number(eps), number(-lr), number(momentum)
    block = min(BLOCK, -(-param.size // 4) * 4)
    root, used = np.ones(block, param.dtype), np.empty(block, param.dtype)
    estimates = np.empty(block, np.float32)
    for start in range(0, param.size, BLOCK):
        p = param[start : start + BLOCK]
        g_in = grad[start : start + BLOCK]
        v = square_avg[start : start + BLOCK]
        b = momentum_buffer[start : start + BLOCK]
        a = grad_avg[start : start + BLOCK]
        for i in range(p.size):
            g = sign * g_in[i]
            if weight_decay != 0.0:
                g = fma(p[i], decay, g)
            used[i] = g
            v[i] = fma(take * g, g, v[i] * keep)
            root[i] = v[i]
        if centered:
            for i in range(p.size):
                gap = used[i] - a[i]
                a[i] = fma(take, gap, a[i]) if small_weight else fma(rest, gap, used[i])
                root[i] = fma(-a[i], a[i], v[i])
        sqrt_block(root, estimates, sqrt_as_mkl)
        if momentum > 0.0:
            for i in range(p.size):
                b[i] = b[i] * inertia + used[i] / (root[i] + epsilon)
                p[i] = fma(b[i], step, p[i])
        else:
            for i in range(p.size):
                p[i] = p[i] + step * used[i] / (root[i] + epsilon)


@kernel
def adagrad(
    param: Any,
    grad: Any,
    state_sum: Any,
    step_size: Any,
    eps: Any,
    weight_decay: Any,
    maximize: Any,
    sqrt_as_mkl: Any,
) -> None:
    """One step of Adagrad.            all arrays: (N,)

    g = grad + weight_decay * p                         -grad where maximize is set
    s = s + g**2                                        state_sum
    p = p - step_size * g / (sqrt(s) + eps)
    """
    number = param.dtype.type
    sign = number(-1.0 if maximize else 1.0)
    decay = number(weight_decay)
    epsilon, step = number(eps), number(-step_size)
    block = min(BLOCK, -(-param.size // 4) * 4)
    root, used = np.ones(block, param.dtype), np.empty(block, param.dtype)
    estimates = np.empty(block, np.float32)
    for start in range(0, param.size, BLOCK):
        p = param[start : start + BLOCK]
        g_in = grad[start : start + BLOCK]
        s = state_sum[start : start + BLOCK]
        for i in range(p.size):
            g = sign * g_in[i]
            if weight_decay != 0.0:
                g = fma(p[i], decay, g)
            used[i] = g
            s[i] = fma(g, g, s[i])
            root[i] = s[i]
        sqrt_block(root, estimates, sqrt_as_mkl)
        for i in range(p.size):
            p[i] = p[i] + step * used[i] / (root[i] + epsilon)


@kernel
def adadelta(
    param: Any,
    grad: Any,
    square_avg: Any,
    acc_delta: Any,
    lr: Any,
    rho: Any,
    eps: Any,
    weight_decay: Any,
    maximize: Any,
    sqrt_as_mkl: Any,
) -> None:
    """One step of Adadelta.            all arrays: (N,)

    g = grad + weight_decay * p                         -grad where maximize is set
    v = rho * v + (1 - rho) * g**2                      square_avg
    d = sqrt(u + eps) / sqrt(v + eps) * g
    u = rho * u + (1 - rho) * d**2                      acc_delta
    p = p - lr * d
    """
    number = param.dtype.type
    sign = number(-1.0 if maximize else 1.0)
    decay = number(weight_decay)
    keep, take = number(rho), number(1.0 - rho)
    epsilon, step = number(eps), number(-lr)
    block = min(BLOCK, -(-param.size // 4) * 4)
    root, other = np.ones(block, param.dtype), np.ones(block, param.dtype)
    used, estimates = np.empty(block, param.dtype), np.empty(block, np.float32)
    for start in range(0, param.size, BLOCK):
        p = param[start : start + BLOCK]
        g_in = grad[start : start + BLOCK]
        v = square_avg[start : start + BLOCK]
        u = acc_delta[start : start + BLOCK]
        for i in range(p.size):
            g = sign * g_in[i]
            if weight_decay != 0.0:
                g = fma(p[i], decay, g)
            used[i] = g
            v[i] = fma(take * g, g, v[i] * keep)
            root[i] = v[i] + epsilon
            other[i] = u[i] + epsilon
        sqrt_block(root, estimates, sqrt_as_mkl)
        sqrt_block(other, estimates, sqrt_as_mkl)
        for i in range(p.size):
            delta = other[i] / root[i] * used[i]
            u[i] = fma(take * delta, delta, u[i] * keep)
            p[i] = fma(delta, step, p[i])


@kernel
def adamax(
    param: Any,
    grad: Any,
    exp_avg: Any,
    exp_inf: Any,
    step_size: Any,
    beta1: Any,
    beta2: Any,
    eps: Any,
    weight_decay: Any,
    maximize: Any,
) -> None:
    """One step of Adamax.            all arrays: (N,)

    g = grad + weight_decay * p                         -grad where maximize is set
    m = beta1 * m + (1 - beta1) * g                     exp_avg
    u = max(beta2 * u, |g| + eps)                       exp_inf; nan if either is
    p = p - step_size * m / u
    """
    number = param.dtype.type
    sign = number(-1.0 if maximize else 1.0)
    decay = number(weight_decay)
    weight = number(1.0 - beta1)
    small_weight, rest = weight < number(0.5), weight - number(1.0)
    keep, epsilon, step = number(beta2), number(eps), number(-step_size)
    for i in range(param.size):
        g = sign * grad[i]
        if weight_decay != 0.0:
            g = fma(param[i], decay, g)
        gap = g - exp_avg[i]
        m = fma(weight, gap, exp_avg[i]) if small_weight else fma(rest, gap, g)
        old, new = exp_inf[i] * keep, abs(g) + epsilon
        u = new if new > old or new != new else old
        exp_avg[i], exp_inf[i] = m, u
        param[i] = param[i] + step * m / u


@kernel
def nadam(
    param: Any,
    grad: Any,
    exp_avg: Any,
    exp_avg_sq: Any,
    grad_step: Any,
    avg_step: Any,
    beta1: Any,
    beta2: Any,
    bias_correction2: Any,
    eps: Any,
    weight_decay: Any,
    shrink: Any,
    maximize: Any,
    sqrt_as_mkl: Any,
) -> None:
    """One step of NAdam.            all arrays: (N,)

    g = grad + weight_decay * p                         -grad where maximize is set
    m = beta1 * m + (1 - beta1) * g                     exp_avg
    v = beta2 * v + (1 - beta2) * g**2                  exp_avg_sq
    d = sqrt(v / bias_correction2) + eps
    p = shrink * p - grad_step * g / d - avg_step * m / d
    """
    number = param.dtype.type
    sign = number(-1.0 if maximize else 1.0)
    decay = number(weight_decay)
    weight = number(1.0 - beta1)
    small_weight, rest = weight < number(0.5), weight - number(1.0)
    keep, take, unbias = number(beta2), number(1.0 - beta2), number(bias_correction2)
    epsilon, scale = number(eps), number(shrink)
    step_g, step_m = number(-grad_step), number(-avg_step)
    block = min(BLOCK, -(-param.size // 4) * 4)
    root, used = np.ones(block, param.dtype), np.empty(block, param.dtype)
    estimates = np.empty(block, np.float32)
    for start in range(0, param.size, BLOCK):
        p = param[start : start + BLOCK]
        g_in = grad[start : start + BLOCK]
        m = exp_avg[start : start + BLOCK]
        v = exp_avg_sq[start : start + BLOCK]
        for i in range(p.size):
            g = sign * g_in[i]
            if weight_decay != 0.0:
                g = fma(p[i], decay, g)
            used[i] = g
            gap = g - m[i]
            m[i] = fma(weight, gap, m[i]) if small_weight else fma(rest, gap, g)
            v[i] = fma(take * g, g, v[i] * keep)
            root[i] = v[i] / unbias
        sqrt_block(root, estimates, sqrt_as_mkl)
        for i in range(p.size):
            d = root[i] + epsilon
            p[i] = p[i] * scale + step_g * used[i] / d + step_m * m[i] / d


@kernel
def radam(
    param: Any,
    grad: Any,
    exp_avg: Any,
    exp_avg_sq: Any,
    lr: Any,
    beta1: Any,
    beta2: Any,
    bias_correction1: Any,
    sqrt_bias_correction2: Any,
    rectification: Any,
    eps: Any,
    weight_decay: Any,
    shrink: Any,
    maximize: Any,
    sqrt_as_mkl: Any,
) -> None:
    """One step of RAdam.            all arrays: (N,)

    g = grad + weight_decay * p                         -grad where maximize is set
    m = beta1 * m + (1 - beta1) * g                     exp_avg
    v = beta2 * v + (1 - beta2) * g**2                  exp_avg_sq
    p = shrink * p - m / bias_correction1 * lr * adapt

    adapt is sqrt_bias_correction2 / (sqrt(v) + eps) * rectification; 1 where rectification is 0.
    """
    number = param.dtype.type
    sign = number(-1.0 if maximize else 1.0)
    decay = number(weight_decay)
    weight = number(1.0 - beta1)
    small_weight, rest = weight < number(0.5), weight - number(1.0)
    keep, take = number(beta2), number(1.0 - beta2)
    epsilon, scale, step = number(eps), number(shrink), number(lr)
    unbias, unbias_root = number(bias_correction1), number(sqrt_bias_correction2)
    rectify, one = number(rectification), number(1.0)
    block = min(BLOCK, -(-param.size // 4) * 4)
    root, estimates = np.ones(block, param.dtype), np.empty(block, np.float32)
    for start in range(0, param.size, BLOCK):
        p = param[start : start + BLOCK]
        g_in = grad[start : start + BLOCK]
        m = exp_avg[start : start + BLOCK]
        v = exp_avg_sq[start : start + BLOCK]
        for i in range(p.size):
            p[i] = p[i] * scale
            g = sign * g_in[i]
            if weight_decay != 0.0:
                g = fma(p[i], decay, g)
            gap = g - m[i]
            m[i] = fma(weight, gap, m[i]) if small_weight else fma(rest, gap, g)
            v[i] = fma(take * g, g, v[i] * keep)
            root[i] = v[i]
        if rectification == 0.0:
            for i in range(p.size):
                p[i] = p[i] - m[i] / unbias * step
        else:
            sqrt_block(root, estimates, sqrt_as_mkl)
            for i in range(p.size):
                adapt = one / (root[i] + epsilon) * unbias_root
                p[i] = p[i] - m[i] / unbias * step * adapt * rectify
