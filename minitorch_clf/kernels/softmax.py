"""softmax and log_softmax of the rows of a matrix, and their gradients.   all (N, C), of one dtype

Each row adds up in eight lanes, as PyTorch's AVX2 loop does: lane j takes the elements j, j + 8 and
so on, then the lanes are added as a tree. With SLEEF's exp and log the float32 values are then
PyTorch's bit for bit. Rows may be short (10 classes), so exp and log run over a block of rows.
"""

from __future__ import annotations

import numpy as np

from minitorch_clf.kernels.elementary import exp, log
from minitorch_clf.kernels.jit import fma, kernel

LANES = 8
BLOCK = 4096  # elements: what one block reads and writes stays in the first-level cache


@kernel
def softmax_rows(x, out):
    """out = exp(x - max) / sum(exp(x - max))."""
    rows = max(BLOCK // x.shape[1], 1)
    top = np.empty(min(rows, x.shape[0]), x.dtype)
    for start in range(0, x.shape[0], rows):
        block = out[start : start + rows]
        exp_rows(x[start : start + rows], top, block)
        for n in range(block.shape[0]):
            scale = x.dtype.type(1) / row_sum(block[n])
            for c in range(block.shape[1]):
                block[n, c] *= scale


@kernel
def softmax_rows_backward(grad, y, out):
    """out = (grad - sum(grad * y)) * y."""
    for n in range(y.shape[0]):
        for c in range(y.shape[1]):
            out[n, c] = grad[n, c] * y[n, c]
        total = row_sum(out[n])
        for c in range(y.shape[1]):
            out[n, c] = (grad[n, c] - total) * y[n, c]


@kernel
def log_softmax_rows(x, out):
    """out = x - max - log(sum(exp(x - max))), subtracted in this order."""
    rows = max(BLOCK // x.shape[1], 1)
    top = np.empty(min(rows, x.shape[0]), x.dtype)
    log_sum = np.empty_like(top)
    for start in range(0, x.shape[0], rows):
        x_block, block = x[start : start + rows], out[start : start + rows]
        exp_rows(x_block, top, block)
        for n in range(block.shape[0]):
            log_sum[n] = row_sum(block[n])
        for n in range(block.shape[0]):
            log_sum[n] = log(log_sum[n])
        for n in range(block.shape[0]):
            for c in range(block.shape[1]):
                block[n, c] = x_block[n, c] - top[n] - log_sum[n]


@kernel
def log_softmax_rows_backward(grad, y, out):
    """out = grad - exp(y) * sum(grad)."""
    rows = max(BLOCK // y.shape[1], 1)
    for start in range(0, y.shape[0], rows):
        y_block, block = y[start : start + rows], out[start : start + rows]
        grad_block = grad[start : start + rows]
        flat_y, flat = y_block.reshape(-1), block.reshape(-1)
        for i in range(flat.size):
            flat[i] = exp(flat_y[i])
        for n in range(block.shape[0]):
            total = row_sum(grad_block[n])
            for c in range(block.shape[1]):
                block[n, c] = fma(-block[n, c], total, grad_block[n, c])


@kernel
def exp_rows(x, top, out):
    """top = the max of each row; out = exp(x - top)."""
    for n in range(x.shape[0]):
        top[n] = row_max(x[n])
        for c in range(x.shape[1]):
            out[n, c] = x[n, c] - top[n]
    flat = out.reshape(-1)  # one long loop: rows may be too short to vectorise
    for i in range(flat.size):
        flat[i] = exp(flat[i])


@kernel
def row_max(row):
    """The largest element; beside a nan any will do, the sum of the row will be nan."""
    if row.size < LANES:
        top = row[0]
        for c in range(1, row.size):
            top = max_of(row[c], top)
        return top
    a0, a1, a2, a3 = row[0], row[1], row[2], row[3]
    a4, a5, a6, a7 = row[4], row[5], row[6], row[7]
    whole = row.size - row.size % LANES
    for k in range(whole // LANES - 1):
        c = LANES * k + LANES  # a k from 0 tells the compiler that c is not negative
        a0, a1 = max_of(row[c], a0), max_of(row[c + 1], a1)
        a2, a3 = max_of(row[c + 2], a2), max_of(row[c + 3], a3)
        a4, a5 = max_of(row[c + 4], a4), max_of(row[c + 5], a5)
        a6, a7 = max_of(row[c + 6], a6), max_of(row[c + 7], a7)
    for c in range(whole, row.size):
        a0 = max_of(row[c], a0)
    low = max_of(max_of(a0, a4), max_of(a2, a6))
    return max_of(low, max_of(max_of(a1, a5), max_of(a3, a7)))


@kernel
def max_of(x, y):
    """x if x > y else y: one instruction, unlike a maximum that propagates nan."""
    return x if x > y else y


@kernel
def row_sum(row):
    """The sum in eight lanes; fewer than eight elements are added from the left."""
    if row.size < LANES:
        total = row[0]
        for c in range(1, row.size):
            total += row[c]
        return total
    zero = row.dtype.type(0)
    a0, a1, a2, a3 = row[0], row[1], row[2], row[3]
    a4, a5, a6, a7 = row[4], row[5], row[6], row[7]
    whole = row.size - row.size % LANES
    for k in range(whole // LANES - 1):
        c = LANES * k + LANES
        a0, a1, a2, a3 = a0 + row[c], a1 + row[c + 1], a2 + row[c + 2], a3 + row[c + 3]
        a4, a5, a6, a7 = a4 + row[c + 4], a5 + row[c + 5], a6 + row[c + 6], a7 + row[c + 7]
    rest = row.size - whole
    a0 += row[whole] if rest > 0 else zero
    a1 += row[whole + 1] if rest > 1 else zero
    a2 += row[whole + 2] if rest > 2 else zero
    a3 += row[whole + 3] if rest > 3 else zero
    a4 += row[whole + 4] if rest > 4 else zero
    a5 += row[whole + 5] if rest > 5 else zero
    a6 += row[whole + 6] if rest > 6 else zero
    return ((a0 + a4) + (a2 + a6)) + ((a1 + a5) + (a3 + a7))
