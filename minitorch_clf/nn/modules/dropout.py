"""Layers that drop values at random while training."""

from __future__ import annotations

from minitorch_clf.nn import functional as F
from minitorch_clf.nn.module import Module
from minitorch_clf.tensor import Tensor


class Dropout(Module):
    """While training, each value is 0 with probability p, else input / (1 - p); eval: out = input.

    The expected value of every output is its input, so nothing needs to change in eval mode (Hinton
    et al. 2012). The mask takes one draw per element from the global stream, PyTorch's draw.

    ValueError  p outside [0, 1]
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
