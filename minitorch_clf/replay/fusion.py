"""Which statements become one.

A run of statements is replaced by a kernel that does the same one after the other, filling the same
buffers: so nothing has to be known of who reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minitorch_clf.kernels import activation as loops
from minitorch_clf.kernels import fused as kernels
from minitorch_clf.kernels import softmax
from minitorch_clf.replay.program import Instruction
from minitorch_clf.replay.rules import not_a_probability, target_out_of_bounds
from minitorch_clf.replay.statements import Statement
from minitorch_clf.replay.steps import zero_grad


def arguments(s: Statement) -> tuple[Any, ...]:
    """The arguments in their own shapes."""
    return s.whole or s.args


def bias_relu(run: Sequence[Statement]) -> Statement | None:
    """z + b, and relu of it."""
    (z, b), (x, out) = map(arguments, run)
    return Statement(kernels.bias_relu, (z, b, out)) if x is z and z.ndim == 2 else None


def relu_backward_sums(run: Sequence[Statement]) -> Statement | None:
    """The gradient that passes a relu, and its column sums."""
    (g, y, out), (x, sums) = map(arguments, run)
    return Statement(kernels.relu_backward_sums, (g, y, out, sums)) if x is out else None


def cross_entropy(run: Sequence[Statement]) -> Statement | None:
    """A last layer's bias, log_softmax and nll, there and back."""
    bias, soft, loss, back, soft_back, last = map(arguments, run)
    z, b = bias
    log_p = soft[1]
    _, target, ignored, mean, totals, out = loss
    g, grad_log_p = back[0], back[-1]
    grad_z, sums = last
    linked = soft[0] is z and loss[0] is log_p and back[4] is totals
    if not (linked and soft_back[0] is grad_log_p and soft_back[2] is grad_z):
        return None
    args = (z, b, target, ignored, mean, g, log_p, totals, out, grad_log_p, grad_z, sums)
    return Statement(
        kernels.cross_entropy, args, lambda bad, z, b, *rest: target_out_of_bounds(bad, z, *rest)
    )


def sigmoid_bce(run: Sequence[Statement]) -> Statement | None:
    """A last layer's bias, sigmoid and bce, there and back."""
    (z, b), (x, p), loss, back, slope, (last, sums) = map(arguments, run)
    q, y, mean, losses, out = loss
    g, r, _, _, grad_p = back
    grad_z = slope[2]
    linked = x is z and q is p and r is p and slope[0] is grad_p and slope[1] is p
    if not linked or last is not grad_z or z.ndim != 2:
        return None
    args = (z, b, y, mean, g, p, losses, out, grad_p, grad_z, sums)
    return Statement(
        kernels.sigmoid_bce, args, lambda bad, z, b, y, mean, g, p, *_: not_a_probability(bad, p)
    )


def bias_and_loss(kernel: Any, *, scaled: bool) -> Callable[[Sequence[Statement]], Any]:
    """A last layer's bias and its loss, there and back.   scaled: the gradient has a factor"""

    def fuse(run: Sequence[Statement]) -> Statement | None:
        (z, b), loss, back, (last, sums) = map(arguments, run)
        x, y, mean, losses, out = loss
        g, r, _, scale, grad_z = back
        if x is not z or r is not z or last is not grad_z or z.ndim != 2:
            return None
        factors = (g, scale) if scaled else (g,)
        return Statement(kernel, (z, b, y, mean, *factors, losses, out, grad_z, sums))

    return fuse


RUNS: list[tuple[tuple[Any, ...], Callable[[Sequence[Statement]], Statement | None]]] = [
    (
        (
            kernels.add_bias,
            softmax.log_softmax_rows,
            kernels.nll_of_rows,
            kernels.nll_of_rows_backward,
            softmax.log_softmax_rows_backward,
            kernels.column_sums,
        ),
        cross_entropy,
    ),
    (
        (
            kernels.add_bias,
            loops.sigmoid,
            kernels.bce_reduced,
            kernels.bce_backward,
            loops.sigmoid_backward,
            kernels.column_sums,
        ),
        sigmoid_bce,
    ),
    (
        (
            kernels.add_bias,
            kernels.logits_bce_reduced,
            kernels.logits_bce_backward,
            kernels.column_sums,
        ),
        bias_and_loss(kernels.logits_bce, scaled=False),
    ),
    (
        (kernels.add_bias, kernels.mse_reduced, kernels.mse_backward, kernels.column_sums),
        bias_and_loss(kernels.linear_mse, scaled=True),
    ),
    ((kernels.add_bias, loops.relu), bias_relu),
    ((loops.relu_backward, kernels.column_sums), relu_backward_sums),
]


def matched(
    statements: Sequence[Statement | Instruction], functions: Sequence[Any]
) -> tuple[list[Statement], list[Statement]] | None:
    """The statements at the beginning that call these, and each zero_grad() that stood in between.

    `loss = ...; optimizer.zero_grad(); loss.backward()` is how many steps go. Buffers are all that
    the kernels know of, so zero_grad() may come after them, but for those that may raise.
    """
    run: list[Statement] = []
    zeros: list[Statement] = []
    for s in statements:
        if not isinstance(s, Statement):
            return None
        if run and s.function is zero_grad:
            zeros.append(s)
        elif s.function is functions[len(run)] and not (zeros and s.check):
            run.append(s)
        else:
            return None
        if len(run) == len(functions):
            return run, zeros
    return None


def fused(statements: list[Statement | Instruction]) -> list[Statement | Instruction]:
    """The statements, with runs of them replaced by one kernel each."""
    done: list[Statement | Instruction] = []
    k = 0
    while k < len(statements):
        for functions, fuse in RUNS:
            found = matched(statements[k:], functions)
            one = fuse(found[0]) if found else None
            if found and one is not None:
                run, zeros = found
                done += [one, *zeros]
                k += len(run) + len(zeros)
                break
        else:
            done.append(statements[k])
            k += 1
    return done
