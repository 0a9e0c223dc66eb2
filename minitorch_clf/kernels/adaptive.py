"""The update rules of RMSprop, Adagrad, Adadelta, Adamax, NAdam and RAdam, with PyTorch's bits.

How PyTorch's operations on whole tensors round, and what the arrays must be: see kernels/optim.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch_clf.kernels.jit import fma, kernel
from minitorch_clf.kernels.sqrt import BLOCK, sqrt_block


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
