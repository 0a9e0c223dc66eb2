"""How single operations are lowered, and which statements become one.

A rule of FORWARD or BACKWARD turns one instruction into statements, and says whether it could. The
statements call what the operation calls, with `out` where it would allocate. Fusion replaces runs of
statements by a kernel that does the same one after the other, filling the same buffers: nothing has
to be known of who reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.kernels import activation as loops
from minitorch_clf.kernels import fused as kernels
from minitorch_clf.kernels import softmax
from minitorch_clf.ops.activation import (
    Hardtanh,
    LeakyRelu,
    LogSigmoid,
    Relu,
    Sigmoid,
    Silu,
    Softplus,
    Tanh,
)
from minitorch_clf.ops.elu import Elu
from minitorch_clf.ops.gelu import Gelu, GeluTanh
from minitorch_clf.ops.loss import BinaryCrossEntropy, MseLoss, NllLoss
from minitorch_clf.ops.matmul import Addmm, Mm, is_column_major
from minitorch_clf.ops.softmax import LogSoftmax
from minitorch_clf.replay.program import Backward, Forward, Instruction
from minitorch_clf.replay.statements import Buffer, Given, Statement, set_grad
from minitorch_clf.tape import Array, Function

if TYPE_CHECKING:
    from minitorch_clf.replay.lowering import Lowering, Saved

SET_GRAD = set_grad
Rule = Callable[["Lowering", Any, "Saved"], bool]


def plain(*arrays: Array) -> bool:
    """Whether all are of one real dtype, contiguous, and hold something."""
    dtypes = {a.dtype for a in arrays}
    return (
        len(dtypes) == 1
        and arrays[0].dtype.kind == "f"
        and all(a.flags.c_contiguous and a.size for a in arrays)
    )


def transposed(x: Any) -> Any:
    return Given(f"{x.text}.mT", x.array.mT) if isinstance(x, Given) else x.mT


def flat(x: Any) -> Any:
    return Given(f"{x.text}.reshape(-1)", x.array.reshape(-1)) if isinstance(x, Given) else x.reshape(-1)


def example(x: Any) -> Array:
    array: Array = x.array if isinstance(x, Given) else x
    return array


# --- matrix products ----------------------------------------------------------------------------------


def mm(lowering: Lowering, ins: Forward, saved: Saved) -> bool:
    """A product, and for Addmm the bias added to it."""
    *bias, x, y = [lowering.array(s.index) for s in ins.inputs]
    if ins.options.get("beta", 1) != 1 or ins.options.get("alpha", 1) != 1:
        return False
    shape, dtype = ins.metas[0]
    if any(example(b).shape != shape[1:] or isinstance(b, Given) or not plain(b) for b in bias):
        return False
    if 0 in shape or example(x).size == 0:
        return False
    saved.values = {"x": x, "y": y}
    saved.values["columns"] = is_column_major(example(x)), is_column_major(example(y))
    out = lowering.buffer(ins.outs[0], shape, dtype)
    lowering.call(np.matmul, x, y, out)
    for b in bias:
        lowering.call(kernels.add_bias, out, b)
    return True


def mm_backward(lowering: Lowering, ins: Backward, saved: Saved) -> bool:
    g = lowering.array(ins.grads[0])
    x, y = saved.values["x"], saved.values["y"]
    x_columns, y_columns = saved.values["columns"]
    *bias, out_x, out_y = ins.outs
    if isinstance(g, Given) or not plain(g):
        return False
    for k in bias:
        if k is not None:
            lowering.call(kernels.column_sums, g, lowering.buffer(k, g.shape[1:], g.dtype))
    products = []
    if out_y is not None:
        left, right = (g.mT, x) if y_columns else (transposed(x), g)
        products.append((out_y, left, right, y_columns))
    if out_x is not None:
        left, right = (y, g.mT) if x_columns else (g, transposed(y))
        products.append((out_x, left, right, x_columns))
    for k, left, right, columns in products:
        shape = (example(left).shape[0], example(right).shape[1])
        out = lowering.buffer(k, shape, g.dtype)
        if columns:
            lowering.places[k] = Buffer(out.mT, viewed=True)
        lowering.call(np.matmul, left, right, out)
    return True


# --- activations --------------------------------------------------------------------------------------

ACTIVATIONS: dict[type[Function], tuple[Any, Any, str, tuple[str, ...]]] = {
    Relu: (loops.relu, loops.relu_backward, "out", ()),
    LeakyRelu: (loops.leaky_relu, loops.leaky_relu_backward, "x", ("slope",)),
    Hardtanh: (loops.hardtanh, loops.hardtanh_backward, "x", ("low", "high")),
    Sigmoid: (loops.sigmoid, loops.sigmoid_backward, "out", ()),
    Tanh: (np.tanh, loops.tanh_backward, "out", ()),
    LogSigmoid: (loops.log_sigmoid, loops.log_sigmoid_backward, "x", ()),
    Silu: (loops.silu, loops.silu_backward, "x", ()),
    Softplus: (loops.softplus, loops.softplus_backward, "x", ("beta", "threshold")),
    Gelu: (loops.gelu, loops.gelu_backward, "x", ()),
    GeluTanh: (loops.gelu_tanh, loops.gelu_tanh_backward, "x", ()),
    Elu: (loops.elu, loops.elu_backward, "x", ("negative", "scale", "input_scale")),
}
"""Operation -> its loop, that of its gradient, what it saves, and its parameters."""


def activate(lowering: Lowering, ins: Forward, saved: Saved) -> bool:
    x = lowering.array(ins.inputs[0].index)
    if isinstance(x, Given) or not plain(x):
        return False
    loop, _, keeps, names = ACTIVATIONS[ins.op]
    number = x.dtype.type
    options = {"scale": 1.0, "input_scale": 1.0, **ins.options}
    if ins.op is Elu:
        options["negative"] = number(options["alpha"]) * number(options["scale"])
    scalars = [number(options[name]) for name in names]
    out = lowering.buffer(ins.outs[0], x.shape, x.dtype)
    saved.values = {"kept": x if keeps == "x" else out, "scalars": scalars}
    args = (x.reshape(-1), *scalars, out.reshape(-1))
    lowering.statements.append(Statement(loop, args, whole=(x, out)))
    return True


def activate_backward(lowering: Lowering, ins: Backward, saved: Saved) -> bool:
    g, kept = lowering.array(ins.grads[0]), saved.values["kept"]
    if isinstance(g, Given) or not plain(g, kept) or ins.outs[0] is None:
        return False
    out = lowering.buffer(ins.outs[0], g.shape, g.dtype)
    loop = ACTIVATIONS[ins.op][1]
    args = (g.reshape(-1), kept.reshape(-1), *saved.values["scalars"], out.reshape(-1))
    lowering.statements.append(Statement(loop, args, whole=(g, kept, out)))
    return True


# --- losses -------------------------------------------------------------------------------------------


def log_softmax(lowering: Lowering, ins: Forward, saved: Saved) -> bool:
    x = lowering.array(ins.inputs[0].index)
    if isinstance(x, Given) or not plain(x) or x.ndim != 2 or ins.options["axis"] not in (1, -1):
        return False
    out = lowering.buffer(ins.outs[0], x.shape, x.dtype)
    saved.values = {"out": out}
    lowering.call(softmax.log_softmax_rows, x, out)
    return True


def log_softmax_backward(lowering: Lowering, ins: Backward, saved: Saved) -> bool:
    g, y = lowering.array(ins.grads[0]), saved.values["out"]
    if isinstance(g, Given) or not plain(g, y) or ins.outs[0] is None:
        return False
    out = lowering.buffer(ins.outs[0], y.shape, y.dtype)
    lowering.call(softmax.log_softmax_rows_backward, g, y, out)
    return True


def target_out_of_bounds(bad: int, x: Array, target: Array, *_: Any) -> None:
    raise IndexError(f"Target {target.flat[bad]} is out of bounds.")


def nll(lowering: Lowering, ins: Forward, saved: Saved) -> bool:
    x, target = (lowering.array(s.index) for s in ins.inputs[:2])
    reduction, ignored = ins.options["reduction"], ins.options["ignore_index"]
    t = example(target)
    usual = ins.inputs[2] is None and reduction != "none" and t.flags.c_contiguous and t.ndim == 1
    if isinstance(x, Given) or not plain(x) or x.ndim != 2 or not usual:
        return False
    out, totals = lowering.buffer(ins.outs[0], (), x.dtype), np.zeros(2, x.dtype)
    saved.values = {"x": x, "rest": (target, ignored, reduction == "mean", totals)}
    args = (x, target, ignored, reduction == "mean", totals, out)
    lowering.call(kernels.nll_of_rows, *args, check=target_out_of_bounds)
    return True


def nll_backward(lowering: Lowering, ins: Backward, saved: Saved) -> bool:
    g, x = lowering.array(ins.grads[0]), saved.values["x"]
    if isinstance(g, Given) or g.shape != () or ins.outs[0] is None:
        return False
    out = lowering.buffer(ins.outs[0], x.shape, x.dtype)
    lowering.call(kernels.nll_of_rows_backward, g, *saved.values["rest"], out)
    return True


def not_a_probability(bad: int, x: Array, *_: Any) -> None:
    culprit = "input" if not 0 <= x.flat[bad] <= 1 else "target"
    raise RuntimeError(f"all elements of {culprit} should be between 0 and 1")


def bce(lowering: Lowering, ins: Forward, saved: Saved) -> bool:
    x, y = (lowering.array(s.index) for s in ins.inputs[:2])
    reduction = ins.options["reduction"]
    if ins.inputs[2] is not None or reduction == "none" or ins.needs[1]:
        return False
    if isinstance(x, Given) or not plain(x, example(y)):
        return False
    out, losses = lowering.buffer(ins.outs[0], (), x.dtype), np.empty(x.shape, x.dtype)
    mean = reduction == "mean"
    saved.values = {"x": x, "y": y, "mean": mean}
    args = (x.reshape(-1), flat(y), mean, losses.reshape(-1), out)
    whole = (x, y, mean, losses, out)
    lowering.statements.append(Statement(kernels.bce_reduced, args, not_a_probability, whole=whole))
    return True


def bce_backward(lowering: Lowering, ins: Backward, saved: Saved) -> bool:
    g = lowering.array(ins.grads[0])
    x, y, mean = saved.values["x"], saved.values["y"], saved.values["mean"]
    if isinstance(g, Given) or g.shape != () or ins.outs[0] is None:
        return False
    out = lowering.buffer(ins.outs[0], x.shape, x.dtype)
    args, whole = (g, x.reshape(-1), flat(y), mean, out.reshape(-1)), (g, x, y, mean, out)
    lowering.statements.append(Statement(kernels.bce_backward, args, whole=whole))
    return True


def mse(lowering: Lowering, ins: Forward, saved: Saved) -> bool:
    x, y = (lowering.array(s.index) for s in ins.inputs)
    reduction = ins.options["reduction"]
    if reduction == "none" or ins.needs[1] or isinstance(x, Given):
        return False
    if not plain(x, example(y)) or x.shape != example(y).shape:
        return False
    out, mean = lowering.buffer(ins.outs[0], (), x.dtype), reduction == "mean"
    saved.values = {"x": x, "y": y, "scale": 2 * (1 / x.size if mean else 1.0)}
    losses = np.empty(x.size, x.dtype)
    lowering.call(kernels.mse_reduced, x.reshape(-1), flat(y), mean, losses, out)
    return True


def mse_backward(lowering: Lowering, ins: Backward, saved: Saved) -> bool:
    g, x, y = lowering.array(ins.grads[0]), saved.values["x"], saved.values["y"]
    if isinstance(g, Given) or g.shape != () or ins.outs[0] is None:
        return False
    out = lowering.buffer(ins.outs[0], x.shape, x.dtype)
    scale = x.dtype.type(saved.values["scale"])
    lowering.call(kernels.mse_backward, g, x.reshape(-1), flat(y), scale, out.reshape(-1))
    return True


FORWARD: dict[type[Function], Rule] = {
    Addmm: mm,
    Mm: mm,
    LogSoftmax: log_softmax,
    NllLoss: nll,
    BinaryCrossEntropy: bce,
    MseLoss: mse,
    **dict.fromkeys(ACTIVATIONS, activate),
}
BACKWARD: dict[type[Function], Rule] = {
    Addmm: mm_backward,
    Mm: mm_backward,
    LogSoftmax: log_softmax_backward,
    NllLoss: nll_backward,
    BinaryCrossEntropy: bce_backward,
    MseLoss: mse_backward,
    **dict.fromkeys(ACTIVATIONS, activate_backward),
}


# --- runs of statements that are one kernel -----------------------------------------------------------


def arguments(s: Statement) -> tuple[Any, ...]:
    return s.whole or s.args


def bias_relu(run: Sequence[Statement]) -> Statement | None:
    (z, b), (x, out) = map(arguments, run)
    return Statement(kernels.bias_relu, (z, b, out)) if x is z and z.ndim == 2 else None


def relu_backward_sums(run: Sequence[Statement]) -> Statement | None:
    (g, y, out), (x, sums) = map(arguments, run)
    return Statement(kernels.relu_backward_sums, (g, y, out, sums)) if x is out else None


def cross_entropy(run: Sequence[Statement]) -> Statement | None:
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
    ((kernels.add_bias, loops.relu), bias_relu),
    ((loops.relu_backward, kernels.column_sums), relu_backward_sums),
]


def fused(statements: list[Statement | Instruction]) -> list[Statement | Instruction]:
    """The statements, with runs of them replaced by one kernel each."""
    done: list[Statement | Instruction] = []
    k = 0
    while k < len(statements):
        for functions, fuse in RUNS:
            run = statements[k : k + len(functions)]
            if [getattr(s, "function", None) for s in run] == list(functions):
                one = fuse([s for s in run if isinstance(s, Statement)])
                if one is not None:
                    done.append(one)
                    k += len(run)
                    break
        else:
            done.append(statements[k])
            k += 1
    return done
