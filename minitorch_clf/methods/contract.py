"""Products summed over pairs of dimensions, and chains of matrix products."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.methods.base import wrap_dim

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


def tensordot(a: Any, b: Any, dims: Any = 2) -> Tensor:
    """The sums of products over pairs of dimensions.

    dims   how many: the last of a with the first of b; or two lists of dimensions
    """
    if isinstance(dims, int):
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = (range(-dims, 0), range(dims))
    pairs = [[d] if isinstance(d, int) else list(d) for d in dims]
    if len(pairs[0]) != len(pairs[1]):
        raise RuntimeError("both dimension lists should have same length")
    sums = [[wrap_dim(d, x.ndim) for d in ds] for x, ds in zip((a, b), pairs, strict=True)]
    for i, j, p, q in zip(*sums, *pairs, strict=True):
        if a.array.shape[i] != b.array.shape[j]:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.array.shape[i]} in "
                f"dim {p} and second has size {b.array.shape[j]} in dim {q}"
            )
    rows = [k for k in range(a.ndim) if k not in sums[0]]
    columns = [k for k in range(b.ndim) if k not in sums[1]]
    inner = math.prod(a.array.shape[k] for k in sums[0])
    shape = [a.array.shape[k] for k in rows] + [b.array.shape[k] for k in columns]
    left, right = a.permute(*rows, *sums[0]), b.permute(*sums[1], *columns)
    if not shape:
        return left.reshape(-1).dot(right.reshape(-1)).view(shape)  # type: ignore[no-any-return]
    height = math.prod(a.array.shape[k] for k in rows)
    width = math.prod(b.array.shape[k] for k in columns)
    return left.reshape(height, inner).mm(right.reshape(inner, width)).view(shape)  # type: ignore[no-any-return]


def multi_dot(tensors: Sequence[Any]) -> Tensor:
    """The product of matrices, in the order that multiplies the fewest numbers.

    The first and the last may be vectors. The cheapest order is found by dynamic programming over
    the sizes (Cormen et al., "Introduction to Algorithms", section 15.2).
    """
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    row, column = tensors[0].ndim == 1, tensors[-1].ndim == 1
    chain = list(tensors)
    chain[0] = chain[0].unsqueeze(0) if row else chain[0]
    chain[-1] = chain[-1].unsqueeze(1) if column else chain[-1]
    for k, (x, y) in enumerate(itertools.pairwise(chain)):
        if x.array.shape[-1] != y.array.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {k} and {k + 1} with shapes {list(tensors[k].array.shape)} "
                f"and {list(tensors[k + 1].array.shape)} cannot be multiplied"
            )
    sizes = [chain[0].array.shape[0], *[x.array.shape[1] for x in chain]]
    n = len(chain)
    cost, cut = np.zeros((n, n)), np.zeros((n, n), int)
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            ways = [
                cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                for k in range(i, j)
            ]
            cut[i, j], cost[i, j] = i + int(np.argmin(ways)), min(ways)

    def product(i: int, j: int) -> Any:
        k = int(cut[i, j])
        return chain[i] if i == j else product(i, k).mm(product(k + 1, j))

    shape = () if row and column else (sizes[-1],) if row else (sizes[0],)
    out = product(0, n - 1)
    return out.view(shape if row or column else out.array.shape)  # type: ignore[no-any-return]


def chain_matmul(*matrices: Any) -> Tensor:
    """multi_dot() of the arguments; deprecated in PyTorch."""
    warnings.warn(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use "
        "torch.linalg.multi_dot instead, which accepts a list of two or more tensors rather than "
        "multiple parameters.",
        stacklevel=2,
    )
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices)
