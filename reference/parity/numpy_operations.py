"""What NumPy's functions are called in PyTorch: for the adapters of engines that speak NumPy."""

from __future__ import annotations

from typing import Any

from reference.parity.adapter import Op, spread, unlisted


def numpy_operations(np: Any) -> dict[str, Op]:
    """The operations of `np`, autograd.numpy or jax.numpy, under PyTorch's names and arguments."""
    return {
        "pow": lambda input, exponent: np.power(input, exponent),
        "round": lambda input, *, decimals=0: np.round(input, decimals),
        "var": spread(np.var),
        "std": spread(np.std),
        "cumsum": lambda input, dim: np.cumsum(input, dim),
        "cumprod": lambda input, dim: np.cumprod(input, dim),
        "nonzero": lambda input, *, as_tuple: np.nonzero(input) if as_tuple else np.argwhere(input),
        "where": lambda condition, input, other: np.where(condition, input, other),
        "clamp": lambda input, min=None, max=None: np.clip(input, min, max),
        "take": lambda input, index: np.take(input, index),
        "index_select": lambda input, dim, index: np.take(input, index, axis=dim),
        "take_along_dim": lambda input, indices, dim=None: np.take_along_axis(input, indices, dim),
        "isclose": lambda input, other, rtol=1e-5, atol=1e-8, equal_nan=False: np.isclose(
            input, other, rtol, atol, equal_nan
        ),
        "allclose": lambda input, other, rtol=1e-5, atol=1e-8, equal_nan=False: np.allclose(
            input, other, rtol, atol, equal_nan
        ),
        "reshape": lambda input, shape: np.reshape(input, shape),
        "squeeze": lambda input, dim=None: np.squeeze(input, dim),
        "unsqueeze": lambda input, dim: np.expand_dims(input, dim),
        "transpose": lambda input, dim0, dim1: np.swapaxes(input, dim0, dim1),
        "swapaxes": lambda input, axis0, axis1: np.swapaxes(input, axis0, axis1),
        "permute": lambda input, dims: np.transpose(input, dims),
        "movedim": lambda input, source, destination: np.moveaxis(input, source, destination),
        "moveaxis": lambda input, source, destination: np.moveaxis(input, source, destination),
        "broadcast_to": lambda input, size: np.broadcast_to(input, size),
        "cat": lambda tensors, dim=0: np.concatenate(tensors, dim),
        "stack": lambda tensors, dim=0: np.stack(tensors, dim),
        "hstack": lambda tensors: np.hstack(tensors),
        "vstack": lambda tensors: np.vstack(tensors),
        "dstack": lambda tensors: np.dstack(tensors),
        "column_stack": lambda tensors: np.column_stack(tensors),
        "tile": lambda input, dims: np.tile(input, dims),
        "flip": lambda input, dims: np.flip(input, dims),
        "roll": lambda input, shifts, dims=None: np.roll(input, shifts, dims),
        "repeat_interleave": lambda input, repeats, dim=None: np.repeat(input, repeats, dim),
        "tril": lambda input, diagonal=0: np.tril(input, diagonal),
        "triu": lambda input, diagonal=0: np.triu(input, diagonal),
        "diag": lambda input, diagonal=0: np.diag(input, diagonal),
        "diagonal": lambda input, offset=0, dim1=0, dim2=1: np.diagonal(input, offset, dim1, dim2),
        "tensor_split": lambda input, indices_or_sections, dim=0: np.array_split(
            input, indices_or_sections, dim
        ),
        "hsplit": lambda input, indices_or_sections: np.hsplit(input, indices_or_sections),
        "vsplit": lambda input, indices_or_sections: np.vsplit(input, indices_or_sections),
        "dsplit": lambda input, indices_or_sections: np.dsplit(input, indices_or_sections),
        "tensordot": lambda a, b, dims=2: np.tensordot(a, b, dims),
        "einsum": lambda equation, *operands: np.einsum(equation, *unlisted(operands)),
        "zeros": lambda size, dtype=None: np.zeros(size, dtype),
        "ones": lambda size, dtype=None: np.ones(size, dtype),
        "zeros_like": lambda input, dtype=None: np.zeros_like(input, dtype),
        "ones_like": lambda input, dtype=None: np.ones_like(input, dtype),
        "full": lambda size, fill_value, dtype=None: np.full(size, fill_value, dtype),
        "arange": lambda start, end=None, step=1, *, dtype=None: np.arange(
            start, end, step, dtype=dtype
        ),
        "linspace": lambda start, end, steps, dtype=None: np.linspace(
            start, end, steps, dtype=dtype
        ),
    }
