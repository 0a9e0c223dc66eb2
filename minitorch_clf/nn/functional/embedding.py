"""embedding: numbers become vectors, by a table."""

from __future__ import annotations

import numpy as np

from minitorch_clf.nn.functional.checks import check_tensor, run
from minitorch_clf.ops.embedding import Embedding
from minitorch_clf.tensor import Tensor


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """weight[input]: row k for each k in input.

    input        (*)  int64 or int32, 0 <= input < V
    weight       (V, D)
    returns      (*, D)
    padding_idx  a row that gets no gradient; negative ones count from the end
    max_norm     rows that are looked up and longer than this (by the norm_type-norm) are first cut
                 down to it, in `weight` itself; autograd does not see it, but its version counts it

    NotImplementedError  scale_grad_by_freq, sparse
    IndexError           "index out of range in self"
    AssertionError       (PyTorch's class) "Padding_idx must be within num_embeddings"

    >>> import minitorch_clf as torch
    >>> embedding(torch.tensor([2, 0]), torch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))
    tensor([[4., 5.],
            [0., 1.]])
    """
    refuse_options(scale_grad_by_freq, sparse)
    check_tensor("embedding", weight, "weight", 1)
    check_tensor("embedding", input, "indices", 2)
    rows = weight.size(0) if weight.dim() else 0
    padding = -1 if padding_idx is None else existing_row(padding_idx, rows)
    if weight.dim() != 2:
        raise RuntimeError("'weight' must be 2-D")
    if input.array.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got torch.{input.dtype.legacy}Tensor instead (while checking "
            "arguments for embedding)"
        )
    index = input.array
    if index.size and not 0 <= index.min() <= index.max() < rows:
        raise IndexError("index out of range in self")
    if max_norm is not None:
        _cut_down(weight, np.unique(index), max_norm, norm_type)
    return run(Embedding, weight, input, padding_idx=padding)


def refuse_options(scale_grad_by_freq: bool, sparse: bool) -> None:
    """NotImplementedError  names the option that is set."""
    if scale_grad_by_freq:
        raise NotImplementedError("embedding(scale_grad_by_freq=True): gradients are plain sums")
    if sparse:
        raise NotImplementedError("embedding(sparse=True): there are no sparse gradients here")


def existing_row(padding_idx: int, rows: int) -> int:
    """padding_idx, counted from the front.   Row 0 may be named even where there is none."""
    if padding_idx != 0 and not -rows <= padding_idx < rows:
        raise AssertionError("Padding_idx must be within num_embeddings")
    return padding_idx + rows if padding_idx < 0 else padding_idx


def _cut_down(weight: Tensor, looked_up: object, max_norm: float, norm_type: float) -> None:
    for k in looked_up:  # type: ignore[attr-defined]
        row = weight.array[k]
        length = row.dtype.type(np.linalg.norm(row, norm_type))
        if length > max_norm:
            row *= row.dtype.type(max_norm / (float(length) + 1e-7))
    weight._bump_version()
