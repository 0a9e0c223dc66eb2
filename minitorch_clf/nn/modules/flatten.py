"""Layers that only change the shape."""

from __future__ import annotations

from collections.abc import Sequence

from minitorch_clf.nn.module import Module
from minitorch_clf.tensor import Tensor


class Flatten(Module):
    """The dimensions from start_dim to end_dim as one: (64, 1, 28, 28) becomes (64, 784).

    >>> import minitorch_clf as torch
    >>> torch.nn.Flatten()(torch.zeros(64, 1, 28, 28)).shape
    torch.Size([64, 784])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Dimension `dim` as several, of sizes `unflattened_size` (one may be -1): undoes Flatten.

    TypeError  unflattened_size is no tuple or list of ints (named dimensions are not supported)

    >>> import minitorch_clf as torch
    >>> torch.nn.Unflatten(1, (1, 28, 28))(torch.zeros(64, 784)).shape
    torch.Size([64, 1, 28, 28])
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        if not isinstance(unflattened_size, (tuple, list)):
            raise TypeError(
                "unflattened_size must be a tuple of ints, but found type "
                f"{type(unflattened_size).__name__}"
            )
        for position, size in enumerate(unflattened_size):
            if not isinstance(size, int):
                raise TypeError(
                    "unflattened_size must be tuple of ints, but found element of type "
                    f"{type(size).__name__} at pos {position}"
                )
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
