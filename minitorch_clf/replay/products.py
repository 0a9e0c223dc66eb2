"""How matrix products are lowered, and what multiplies fastest to the bits of np.matmul."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.kernels import fused as kernels
from minitorch_clf.kernels.layout import turn_and_add
from minitorch_clf.ops.matmul import is_column_major, is_faster_turned
from minitorch_clf.replay.program import Backward, Forward
from minitorch_clf.replay.statements import Buffer, Given, example, plain
from minitorch_clf.replay.verify import equal_bits
from minitorch_clf.tape import Array, quietly
from minitorch_clf.threads import is_tiny, product

if TYPE_CHECKING:
    from minitorch_clf.replay.lowering import Lowering, Saved


def transposed(x: Any) -> Any:
    """x with its two axes swapped; of a Given, the source for it."""
    return Given(f"{x.text}.mT", x.array.mT) if isinstance(x, Given) else x.mT


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
    if bias and is_faster_turned(example(x), example(y)):  # as ops.matmul.Addmm
        turned = np.empty(shape[::-1], dtype)
        lowering.call(product, transposed(y), transposed(x), turned)
        lowering.call(turn_and_add, turned, *bias, out)
        return True
    lowering.call(multiplier(x, y), x, y, out)
    for b in bias:
        lowering.call(kernels.add_bias, out, b)
    return True


def mm_backward(lowering: Lowering, ins: Backward, saved: Saved) -> bool:
    """The bias's gradient first, right after what its columns are summed of."""
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
        lowering.call(multiplier(left, right), left, right, out)
    return True


# --- what multiplies ------------------------------------------------------------------------------


def multiplier(x: Any, y: Any) -> Callable[..., Any]:
    """What multiplies these to the bits of eager mode's product, called with (x, y, out).

    ndarray.dot calls what np.matmul calls, but is no ufunc, and so begins 0.6 us earlier. It
    differs where an operand has only one element, as it scales the other by it.
    """
    x, y = example(x), example(y)
    if not is_tiny(x, y):
        return product
    other = kernels.outer if x.shape[1] == 1 else np.ndarray.dot
    whole = all(a.flags.c_contiguous or a.mT.flags.c_contiguous for a in (x, y))
    return other if whole and multiplies_alike(other, x, y) else np.matmul


def multiplies_alike(function: Callable[..., Any], x: Array, y: Array) -> bool:
    """Whether function(x, y, out) gives np.matmul's bits, tried on numbers of every kind."""
    if x.dtype != y.dtype or x.dtype.kind != "f":
        return False
    rng = np.random.default_rng(0)
    a, b = np.empty_like(x), np.empty_like(y)
    for operand in (a, b):
        operand[...] = rng.standard_normal(operand.shape)
        operand[rng.random(operand.shape) < 0.2] = -0.0
    for a[0, 0], b[0, 0] in itertools.product((1, 0.0, -0.0, np.inf, -np.inf, np.nan), repeat=2):
        expected = quietly(np.matmul, a, b)
        found = np.empty_like(expected)
        quietly(function, a, b, found)
        if not equal_bits(expected, found):
            return False
    return True
