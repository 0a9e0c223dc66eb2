"""What a replay runs in one call where eager mode makes several: the same loops in a row.

Each kernel here calls the kernels that the operations call, on the same values, in the same order,
and fills every buffer that they fill: so the bits are eager mode's. What is saved is the way from
Python into compiled code and back, a third of a microsecond for each.
"""

from __future__ import annotations

import numpy as np

from minitorch_clf.kernels.activation import relu, relu_backward, sigmoid, sigmoid_backward
from minitorch_clf.kernels.jit import kernel
from minitorch_clf.kernels.loss import (
    FINE,
    binary_cross_entropy,
    binary_cross_entropy_backward,
    nll_backward,
    nll_total,
    squared,
    squared_backward,
    with_logits,
    with_logits_backward,
)
from minitorch_clf.kernels.softmax import log_softmax_rows, log_softmax_rows_backward
from minitorch_clf.kernels.sums import pairwise_sum


@kernel
def add_bias(z, b):
    """z += b, in place.   z: (N, M), b: (M,)"""
    for n in range(z.shape[0]):
        for m in range(z.shape[1]):
            z[n, m] += b[m]


@kernel
def outer(x, y, out):
    """out = x @ y, added up from 0 as in BLAS: -0.0 gives 0.0.   x: (N, 1), y: (1, M)"""
    zero = x.dtype.type(0)
    for n in range(out.shape[0]):
        for m in range(out.shape[1]):
            out[n, m] = zero + x[n, 0] * y[0, m]


@kernel
def column_sums(g, out):
    """The sum of each column, from the top, as NumPy adds it.   g: (N, M), out: (M,)"""
    if g.shape[1] == 1:
        out[0] = pairwise_sum(g.reshape(-1))
        return
    for m in range(g.shape[1]):
        out[m] = 0  # so a column of -0.0 gives 0.0
    for n in range(g.shape[0]):
        for m in range(g.shape[1]):
            out[m] += g[n, m]


# --- a layer and what follows it ------------------------------------------------------------------


@kernel
def bias_relu(z, b, out):
    """z += b; out = max(z, 0).   z, out: (N, M), b: (M,)"""
    add_bias(z, b)
    relu(z.reshape(-1), out.reshape(-1))


@kernel
def relu_backward_sums(grad, y, out, sums):
    """out = grad where y > 0, else 0; sums = its column sums.   (N, M), sums: (M,)"""
    relu_backward(grad.reshape(-1), y.reshape(-1), out.reshape(-1))
    column_sums(out, sums)


@kernel
def nll_of_rows(x, target, ignore_index, mean, totals, out):
    """out = the mean or the sum of -x[n, target[n]].   x: (N, C), target: (N,), out: ()

    Returns where the first target outside [0, C) is, else FINE.
    """
    N, C = x.shape
    bad = nll_total(x.reshape(N, C, 1), target.reshape(N, 1), None, ignore_index, totals)
    out[()] = totals[0] / totals[1] if mean else totals[0]
    return bad


@kernel
def nll_of_rows_backward(grad, target, ignore_index, mean, totals, out):
    """out[n, target[n]] = -grad, for the mean divided as the loss was; 0 elsewhere.   grad: ()"""
    N, C = out.shape
    each = np.empty(1, out.dtype)
    each[0] = grad[()] / totals[1] if mean else grad[()]
    for n in range(N):
        for c in range(C):
            out[n, c] = 0
    nll_backward(each, target.reshape(N, 1), None, ignore_index, out.reshape(N, C, 1))


@kernel
def cross_entropy(
    z, b, target, ignore_index, mean, grad, log_p, totals, out, grad_log_p, grad_z, sums
):
    """A last layer's bias, log_softmax, nll, and the way back to the sums for the bias's gradient.

    z, log_p, grad_log_p, grad_z: (N, C), b, sums: (C,), target: (N,), grad, out: (), totals: (2,)
    Returns where the first target outside [0, C) is, else FINE.
    """
    add_bias(z, b)
    log_softmax_rows(z, log_p)
    bad = nll_of_rows(log_p, target, ignore_index, mean, totals, out)
    if bad != FINE:
        return bad
    nll_of_rows_backward(grad, target, ignore_index, mean, totals, grad_log_p)
    log_softmax_rows_backward(grad_log_p, log_p, grad_z)
    column_sums(grad_z, sums)
    return FINE


@kernel
def reduced(losses, mean, out):
    """out = the mean or the sum of the losses.   losses: (n,), out: ()"""
    total = pairwise_sum(losses)
    out[()] = total / losses.dtype.type(losses.size) if mean else total


@kernel
def divisor(x, mean):
    """What the gradient of the mean or the sum of x.size losses is divided by."""
    return x.dtype.type(x.size if mean else 1)


@kernel
def bce_reduced(x, y, mean, losses, out):
    """out = the mean or the sum of binary_cross_entropy.   x, y, losses: (n,), out: ()

    Returns where the first x or y outside [0, 1] is, else FINE.
    """
    bad = binary_cross_entropy(x, y, losses)
    if bad == FINE:
        reduced(losses, mean, out)
    return bad


@kernel
def bce_backward(grad, x, y, mean, out):
    """The gradient of bce_reduced to x, times grad.   x, y, out: (n,), grad: ()"""
    binary_cross_entropy_backward(grad.reshape(1), x, y, divisor(x, mean), out)


@kernel
def sigmoid_bce(z, b, y, mean, grad, p, losses, out, grad_p, grad_z, sums):
    """A last layer's bias, sigmoid, bce, and the way back to the sums for the bias's gradient.

    z, y, p, losses, grad_p, grad_z: (N, M), b, sums: (M,), grad, out: ()
    Returns where the first value outside [0, 1] is, else FINE.
    """
    add_bias(z, b)
    flat_p, flat_y = p.reshape(-1), y.reshape(-1)
    sigmoid(z.reshape(-1), flat_p)
    bad = bce_reduced(flat_p, flat_y, mean, losses.reshape(-1), out)
    if bad != FINE:
        return bad
    bce_backward(grad, flat_p, flat_y, mean, grad_p.reshape(-1))
    sigmoid_backward(grad_p.reshape(-1), flat_p, grad_z.reshape(-1))
    column_sums(grad_z, sums)
    return FINE


@kernel
def logits_bce_reduced(x, y, mean, losses, out):
    """out = the mean or the sum of with_logits.   x, y, losses: (n,), out: ()"""
    with_logits(x, y, losses)
    reduced(losses, mean, out)


@kernel
def logits_bce_backward(grad, x, y, mean, out):
    """The gradient of logits_bce_reduced to x, times grad.   x, y, out: (n,), grad: ()"""
    with_logits_backward(grad.reshape(1), x, y, divisor(x, mean), out)


@kernel
def logits_bce(z, b, y, mean, grad, losses, out, grad_z, sums):
    """A last layer's bias, bce of logits, and the way back to the sums for the bias's gradient.

    z, y, losses, grad_z: (N, M), b, sums: (M,), grad, out: ()
    """
    add_bias(z, b)
    flat_z, flat_y = z.reshape(-1), y.reshape(-1)
    logits_bce_reduced(flat_z, flat_y, mean, losses.reshape(-1), out)
    logits_bce_backward(grad, flat_z, flat_y, mean, grad_z.reshape(-1))
    column_sums(grad_z, sums)


@kernel
def mse_reduced(x, y, mean, losses, out):
    """out = the mean or the sum of (x - y)**2.   x, y, losses: (n,), out: ()"""
    squared(x, y, losses)
    reduced(losses, mean, out)


@kernel
def mse_backward(grad, x, y, scale, out):
    """out = scale * (x - y) * grad.   x, y, out: (n,), grad: ()"""
    squared_backward(grad.reshape(1), x, y, scale, out)


@kernel
def linear_mse(z, b, y, mean, grad, scale, losses, out, grad_z, sums):
    """A last layer's bias, mse, and the way back to the sums for the bias's gradient.

    z, y, losses, grad_z: (N, M), b, sums: (M,), grad, out: ()
    """
    add_bias(z, b)
    flat_z, flat_y = z.reshape(-1), y.reshape(-1)
    mse_reduced(flat_z, flat_y, mean, losses.reshape(-1), out)
    mse_backward(grad, flat_z, flat_y, scale, grad_z.reshape(-1))
    column_sums(grad_z, sums)
