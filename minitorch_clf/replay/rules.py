"""How single operations are lowered.

A rule of FORWARD or BACKWARD turns one instruction into statements, and says whether it could. The
statements call what the operation calls, with `out` where it would allocate.
"""

from __future__ import annotations

from collections.abc import Callable
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
from minitorch_clf.ops.loss import (
    BinaryCrossEntropy,
    BinaryCrossEntropyWithLogits,
    MseLoss,
    NllLoss,
)
from minitorch_clf.ops.matmul import Addmm, Mm
from minitorch_clf.ops.softmax import LogSoftmax
from minitorch_clf.replay.products import mm, mm_backward
from minitorch_clf.replay.program import Backward, Forward
from minitorch_clf.replay.statements import Given, Statement, example, flat, plain
from minitorch_clf.tape import Array, Function

if TYPE_CHECKING:
    from minitorch_clf.replay.lowering import Lowering, Saved

Rule = Callable[["Lowering", Any, "Saved"], bool]


# --- activations ----------------------------------------------------------------------------------

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
    """One loop from buffer to buffer."""
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
    """One loop, of the gradient and what was saved."""
    g, kept = lowering.array(ins.grads[0]), saved.values["kept"]
    if isinstance(g, Given) or not plain(g, kept) or ins.outs[0] is None:
        return False
    out = lowering.buffer(ins.outs[0], g.shape, g.dtype)
    loop = ACTIVATIONS[ins.op][1]
    args = (g.reshape(-1), kept.reshape(-1), *saved.values["scalars"], out.reshape(-1))
    lowering.statements.append(Statement(loop, args, whole=(g, kept, out)))
    return True


# --- losses ---------------------------------------------------------------------------------------


def log_softmax(lowering: Lowering, ins: Forward, saved: Saved) -> bool:
    """Of rows; other axes are not lowered."""
    x = lowering.array(ins.inputs[0].index)
    if isinstance(x, Given) or not plain(x) or x.ndim != 2 or ins.options["axis"] not in (1, -1):
        return False
    out = lowering.buffer(ins.outs[0], x.shape, x.dtype)
    saved.values = {"out": out}
    lowering.call(softmax.log_softmax_rows, x, out)
    return True


def log_softmax_backward(lowering: Lowering, ins: Backward, saved: Saved) -> bool:
    """grad - exp(y) * sum(grad), row by row."""
    g, y = lowering.array(ins.grads[0]), saved.values["out"]
    if isinstance(g, Given) or not plain(g, y) or ins.outs[0] is None:
        return False
    out = lowering.buffer(ins.outs[0], y.shape, y.dtype)
    lowering.call(softmax.log_softmax_rows_backward, g, y, out)
    return True


def target_out_of_bounds(bad: int, _scores: Array, target: Array, *_rest: Any) -> None:
    """NllLoss's complaint."""
    raise IndexError(f"Target {target.flat[bad]} is out of bounds.")


def nll(lowering: Lowering, ins: Forward, saved: Saved) -> bool:
    """The mean or sum over the rows, without weights."""
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
    """Zeros, and minus a share of grad at each target."""
    g, x = lowering.array(ins.grads[0]), saved.values["x"]
    if isinstance(g, Given) or g.shape != () or ins.outs[0] is None:
        return False
    out = lowering.buffer(ins.outs[0], x.shape, x.dtype)
    lowering.call(kernels.nll_of_rows_backward, g, *saved.values["rest"], out)
    return True


def not_a_probability(bad: int, x: Array, *_: Any) -> None:
    """BinaryCrossEntropy's complaint."""
    culprit = "input" if not 0 <= x.flat[bad] <= 1 else "target"
    raise RuntimeError(f"all elements of {culprit} should be between 0 and 1")


PROBABLY: dict[type[Function], tuple[Any, Any, Any]] = {
    BinaryCrossEntropy: (kernels.bce_reduced, kernels.bce_backward, not_a_probability),
    BinaryCrossEntropyWithLogits: (kernels.logits_bce_reduced, kernels.logits_bce_backward, None),
}
"""Operation -> its loop, that of its gradient, and its complaint."""


def bce(lowering: Lowering, ins: Forward, saved: Saved) -> bool:
    """The mean or sum, without weights."""
    x, y = (lowering.array(s.index) for s in ins.inputs[:2])
    reduction = ins.options["reduction"]
    if any(w is not None for w in ins.inputs[2:]) or reduction == "none" or ins.needs[1]:
        return False
    if isinstance(x, Given) or not plain(x, example(y)) or x.shape != example(y).shape:
        return False
    out, losses = lowering.buffer(ins.outs[0], (), x.dtype), np.empty(x.shape, x.dtype)
    mean = reduction == "mean"
    saved.values = {"x": x, "y": y, "mean": mean}
    loop, _, complaint = PROBABLY[ins.op]
    args = (x.reshape(-1), flat(y), mean, losses.reshape(-1), out)
    lowering.statements.append(Statement(loop, args, complaint, whole=(x, y, mean, losses, out)))
    return True


def bce_backward(lowering: Lowering, ins: Backward, saved: Saved) -> bool:
    """One loop, and 1 / n for the mean."""
    g = lowering.array(ins.grads[0])
    x, y, mean = saved.values["x"], saved.values["y"], saved.values["mean"]
    if isinstance(g, Given) or g.shape != () or ins.outs[0] is None:
        return False
    out = lowering.buffer(ins.outs[0], x.shape, x.dtype)
    args, whole = (g, x.reshape(-1), flat(y), mean, out.reshape(-1)), (g, x, y, mean, out)
    lowering.statements.append(Statement(PROBABLY[ins.op][1], args, whole=whole))
    return True


def mse(lowering: Lowering, ins: Forward, saved: Saved) -> bool:
    """The mean or sum, where the target needs no gradient."""
    x, y = (lowering.array(s.index) for s in ins.inputs)
    reduction = ins.options["reduction"]
    if reduction == "none" or ins.needs[1] or isinstance(x, Given):
        return False
    if not plain(x, example(y)) or x.shape != example(y).shape:
        return False
    out, mean = lowering.buffer(ins.outs[0], (), x.dtype), reduction == "mean"
    saved.values = {"x": x, "y": y, "scale": 2 * (1 / x.size if mean else 1.0)}
    losses = np.empty(x.shape, x.dtype)
    args = (x.reshape(-1), flat(y), mean, losses.reshape(-1), out)
    whole = (x, y, mean, losses, out)
    lowering.statements.append(Statement(kernels.mse_reduced, args, whole=whole))
    return True


def mse_backward(lowering: Lowering, ins: Backward, saved: Saved) -> bool:
    """scale * (x - y) * grad."""
    g, x, y = lowering.array(ins.grads[0]), saved.values["x"], saved.values["y"]
    if isinstance(g, Given) or g.shape != () or ins.outs[0] is None:
        return False
    out = lowering.buffer(ins.outs[0], x.shape, x.dtype)
    scale = x.dtype.type(saved.values["scale"])
    args, whole = (g, x.reshape(-1), flat(y), scale, out.reshape(-1)), (g, x, y, scale, out)
    lowering.statements.append(Statement(kernels.mse_backward, args, whole=whole))
    return True


FORWARD: dict[type[Function], Rule] = {
    Addmm: mm,
    Mm: mm,
    LogSoftmax: log_softmax,
    NllLoss: nll,
    **dict.fromkeys(PROBABLY, bce),
    MseLoss: mse,
    **dict.fromkeys(ACTIVATIONS, activate),
}
BACKWARD: dict[type[Function], Rule] = {
    Addmm: mm_backward,
    Mm: mm_backward,
    LogSoftmax: log_softmax_backward,
    NllLoss: nll_backward,
    **dict.fromkeys(PROBABLY, bce_backward),
    MseLoss: mse_backward,
    **dict.fromkeys(ACTIVATIONS, activate_backward),
}
