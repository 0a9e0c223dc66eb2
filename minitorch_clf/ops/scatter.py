"""Writing to places that an integer or boolean array names: a new array, the old one unchanged.

Where a value was overwritten its gradient is 0; what was written gets the gradient of its place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch_clf.ops.index import Gather, Index, IndexAdd, IndexSelect, along
from minitorch_clf.tape import Array, Context, Function


def hit(shape: tuple[int, ...], index: Any) -> Array:
    """A bool array of `shape`, True at index."""
    mask = np.zeros(shape, bool)
    mask[index] = True
    return mask


def places(index: Array, axis: int) -> tuple[Array, ...]:
    """The index tuple of scatter: `index` along `axis`, its own place along the other axes."""
    return along(index, axis) if index.ndim else ()


def part(src: Array, index: Array) -> Array:
    """The corner of `src` that `index` covers."""
    return src[tuple(slice(n) for n in index.shape)]


# --- scatter: one index per element ---------------------------------------------------------------


class Scatter(Function):
    """out = x, out[.., index[.., i, ..], ..] = src[.., i, ..].   grad_src = gather of g."""

    @staticmethod
    def forward(ctx: Context, x: Array, src: Array, *, axis: int, index: Array) -> Array:
        ctx.shape, ctx.axis, ctx.index = x.shape, axis, index
        out = x.copy()
        out[places(index, axis)] = part(src, index)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        grad_x, grad_src = None, None
        if ctx.needs_input_grad[0]:
            covered = hit(ctx.shape, places(ctx.index, ctx.axis))
            grad_x = np.where(covered, 0.0, grad_output)
        if ctx.needs_input_grad[1]:
            grad_src = Gather.call(grad_output, axis=ctx.axis, index=ctx.index)
        return grad_x, grad_src


class ScatterNumber(Function):
    """out = x with the number `value` at the places of index.   grad_x = g, 0 there."""

    name = "ScatterBackward1"

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int, index: Array, value: float) -> Array:
        ctx.shape, ctx.axis, ctx.index = x.shape, axis, index
        out = x.copy()
        out[places(index, axis)] = value
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return np.where(hit(ctx.shape, places(ctx.index, ctx.axis)), 0.0, grad_output)


class ScatterAddTo(Function):
    """out = x, out[.., index[.., i, ..], ..] += src[.., i, ..].   grad_x = g, grad_src: gather."""

    name = "ScatterAddBackward0"

    @staticmethod
    def forward(ctx: Context, x: Array, src: Array, *, axis: int, index: Array) -> Array:
        ctx.axis, ctx.index = axis, index
        out = x.copy()
        np.add.at(out, places(index, axis), part(src, index))
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        grad_src = None
        if ctx.needs_input_grad[1]:
            grad_src = Gather.call(grad_output, axis=ctx.axis, index=ctx.index)
        return grad_output, grad_src


class ScatterReduce(Function):
    """out = x and the src that meet at a place, reduced: sum, mean, amax or amin.

    sum         g to x and to every src
    mean        g / how many met
    amax, amin  g shared evenly among those that equal the extreme

    Without include_self what was in x at a place of index counts for nothing, and gets 0.
    """

    @staticmethod
    def forward(
        ctx: Context,
        x: Array,
        src: Array,
        *,
        axis: int,
        index: Array,
        reduce: str,
        include_self: bool,
    ) -> Array:
        where, values = places(index, axis), part(src, index)
        ctx.axis, ctx.index, ctx.reduce = axis, index, reduce
        ctx.dropped = None if include_self else hit(x.shape, where)
        out = x.copy()
        if not include_self:
            out[where] = {"amax": _least(x.dtype), "amin": _largest(x.dtype)}.get(reduce, 0)
        if reduce in ("sum", "mean"):
            np.add.at(out, where, values)
        elif reduce == "amax":
            np.maximum.at(out, where, values)
        else:
            np.minimum.at(out, where, values)
        if reduce == "mean":
            ctx.met = np.ones(x.shape, x.dtype)
            if not include_self:
                ctx.met[where] = 0
            np.add.at(ctx.met, where, x.dtype.type(1))
            out = out / ctx.met if x.dtype.kind == "f" else out // ctx.met
        ctx.save_for_backward(x, src, out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, src, out = ctx.saved_tensors
        how = {"axis": ctx.axis, "index": ctx.index}
        if ctx.reduce in ("sum", "mean"):
            grad = grad_output if ctx.reduce == "sum" else grad_output / ctx.met
            grad_x, grad_src = grad, Gather.call(grad, **how)
        else:
            values = part(src, ctx.index)
            from_x = np.ones_like(x) * (x == out)
            from_src = np.ones_like(values) * (values == Gather.call(out, **how))
            grad = grad_output / ScatterAddTo.call(from_x, from_src, **how)
            grad_x, grad_src = grad * from_x, Gather.call(grad, **how) * from_src
        if ctx.dropped is not None:
            grad_x = np.where(ctx.dropped, 0.0, grad_x)
        return grad_x, grad_src


def _least(dtype: Any) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _largest(dtype: Any) -> Any:
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


# --- one index per slice --------------------------------------------------------------------------


def slices(index: Array, axis: int, ndim: int) -> tuple[Any, ...]:
    """The index tuple that names whole slices of an axis; of a 0-d array, all of it."""
    return (*(slice(None),) * axis, index) if ndim else ()


class IndexAddTo(Function):
    """out = x, out[index] += alpha * source along an axis.   grad_source = alpha * g[index]."""

    name = "IndexAddBackward0"

    @staticmethod
    def forward(
        ctx: Context, x: Array, source: Array, *, axis: int, index: Array, alpha: float
    ) -> Array:
        ctx.axis, ctx.index, ctx.alpha = axis, index, alpha
        ctx.source_shape = source.shape
        out = x.copy()
        added = source if alpha == 1 else (source * alpha).astype(x.dtype)
        np.add.at(out, slices(index, axis, x.ndim), added if x.ndim else added.reshape(()))
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        grad_source = None
        if ctx.needs_input_grad[1]:
            read = IndexSelect.call(grad_output, axis=ctx.axis, index=ctx.index)
            grad_source = read.reshape(ctx.source_shape) * ctx.alpha
        return grad_output, grad_source


class IndexCopy(Function):
    """out = x, out[index] = source along an axis.   grad_x = g, 0 there; grad_source = g[index]."""

    @staticmethod
    def forward(ctx: Context, x: Array, source: Array, *, axis: int, index: Array) -> Array:
        ctx.axis, ctx.index = axis, index
        ctx.shape, ctx.source_shape = x.shape, source.shape
        out = x.copy()
        out[slices(index, axis, x.ndim)] = source if x.ndim else source.reshape(())
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        covered = hit(ctx.shape, slices(ctx.index, ctx.axis, len(ctx.shape)))
        grad_source = None
        if ctx.needs_input_grad[1]:
            read = IndexSelect.call(grad_output, axis=ctx.axis, index=ctx.index)
            grad_source = read.reshape(ctx.source_shape)
        return np.where(covered, 0.0, grad_output), grad_source


class IndexFill(Function):
    """out = x with the slices that index names filled with a number.   grad_x = g, 0 there."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int, index: Array, value: float) -> Array:
        ctx.covered = hit(x.shape, slices(index, axis, x.ndim))
        return np.where(ctx.covered, np.asarray(value).astype(x.dtype), x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return np.where(ctx.covered, 0.0, grad_output)


class IndexFillTensor(Function):
    """IndexFill with a 0-dim value.   grad_value = the sum of g there."""

    name = "IndexFillBackward1"

    @staticmethod
    def forward(ctx: Context, x: Array, value: Array, *, axis: int, index: Array) -> Array:
        ctx.covered = hit(x.shape, slices(index, axis, x.ndim))
        return np.where(ctx.covered, value.astype(x.dtype), x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        inside = np.where(ctx.covered, grad_output, 0.0)
        return np.where(ctx.covered, 0.0, grad_output), inside.sum()


# --- places of the flattened array, and under a mask ----------------------------------------------


class Take(Function):
    """out = the flattened x at index.   grad_x: g added there."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, index: Array) -> Array:
        ctx.shape, ctx.size, ctx.index = x.shape, x.size, index
        return x.reshape(-1)[index]

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        flat = IndexAdd.call(grad_output, shape=(ctx.size,), index=(ctx.index,))
        return flat.reshape(ctx.shape)


class Put(Function):
    """out = x, flattened out[index] = source, or += under accumulate.   grad_source = g[index]."""

    @staticmethod
    def forward(ctx: Context, x: Array, source: Array, *, index: Array, accumulate: bool) -> Array:
        ctx.index, ctx.source_shape = index, source.shape
        ctx.covered = None if accumulate else hit((x.size,), index).reshape(x.shape)
        out = x.copy(order="C")
        if accumulate:
            np.add.at(out.reshape(-1), index, source.reshape(index.shape))
        else:
            out.reshape(-1)[index] = source.reshape(index.shape)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        grad_x, grad_source = grad_output, None
        if ctx.covered is not None:
            grad_x = np.where(ctx.covered, 0.0, grad_output)
        if ctx.needs_input_grad[1]:
            grad_source = Take.call(grad_output, index=ctx.index).reshape(ctx.source_shape)
        return grad_x, grad_source


class MaskedScatter(Function):
    """out = x with the first elements of source under the mask.   grad_source = g read there."""

    @staticmethod
    def forward(ctx: Context, x: Array, source: Array, *, mask: Array) -> Array:
        ctx.mask, ctx.source_shape = mask, source.shape
        out = x.copy()
        out[mask] = source.reshape(-1)[: np.count_nonzero(mask)]
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        grad_source = None
        if ctx.needs_input_grad[1]:
            read = Index.call(grad_output, index=(ctx.mask,))
            used = (np.arange(np.count_nonzero(ctx.mask)),)
            size = int(np.prod(ctx.source_shape))
            flat = IndexAdd.call(read, shape=(size,), index=used)
            grad_source = flat.reshape(ctx.source_shape)
        return np.where(ctx.mask, 0.0, grad_output), grad_source
