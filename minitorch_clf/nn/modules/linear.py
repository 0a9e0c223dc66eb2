"""Layers that are matrices."""

from __future__ import annotations

import math
from typing import Any

from minitorch_clf.creation import empty
from minitorch_clf.dtypes import device as Device
from minitorch_clf.dtypes import dtype as DType
from minitorch_clf.nn import functional as F
from minitorch_clf.nn import init
from minitorch_clf.nn.module import Module
from minitorch_clf.nn.parameter import Parameter
from minitorch_clf.tensor import Tensor


class Identity(Module):
    """out = input. Takes any arguments and ignores them, so that it can stand in for any layer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - see above
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return input


class Linear(Module):
    """out = input @ weight.T + bias

    input     (*, in_features)               out   (*, out_features)
    weight    (out_features, in_features)    drawn first, from U(-k, k), k = 1 / sqrt(in_features)
    bias      (out_features,)                drawn second, from the same; None with bias=False

    >>> import minitorch_clf as torch
    >>> layer = torch.nn.Linear(784, 128)
    >>> layer
    Linear(in_features=784, out_features=128, bias=True)
    >>> layer(torch.zeros(64, 784)).shape
    torch.Size([64, 128])
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(empty((out_features, in_features), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )
