"""Layers that bring values to mean 0 and variance 1, and let them learn another scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from minitorch_clf.creation import empty, ones, tensor, zeros
from minitorch_clf.dtypes import device as Device
from minitorch_clf.dtypes import dtype as DType
from minitorch_clf.dtypes import int64
from minitorch_clf.nn import functional as F
from minitorch_clf.nn import init
from minitorch_clf.nn.module import Module
from minitorch_clf.nn.parameter import Parameter
from minitorch_clf.tensor import Tensor


class _Affine(Module):
    """Holds weight (ones at first) and bias (zeros), or None for those that are not asked for."""

    weight: Parameter | None
    bias: Parameter | None

    def _make(self, shape: tuple[int, ...], weight: bool, bias: bool, **options: Any) -> None:
        self.register_parameter("weight", Parameter(empty(shape, **options)) if weight else None)
        self.register_parameter("bias", Parameter(empty(shape, **options)) if bias else None)

    def reset_parameters(self) -> None:
        """weight = 1, bias = 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class LayerNorm(_Affine):
    """(x - mean) / sqrt(var + eps) * weight + bias, over the last dimensions of each sample.

    input               (*, *normalized_shape)
    normalized_shape    a size, or several
    elementwise_affine  whether there are weight and bias, both of normalized_shape; bias=False
                        leaves out the bias only

    The same in training and evaluation: no sample knows of the others.

    >>> import minitorch_clf as torch
    >>> layer = torch.nn.LayerNorm(2)
    >>> layer
    LayerNorm((2,), eps=1e-05, elementwise_affine=True, bias=True)
    >>> layer(torch.tensor([1.0, 3.0]))
    tensor([-1.0000,  1.0000], grad_fn=<NativeLayerNormBackward0>)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if isinstance(normalized_shape, int):
            normalized_shape = (normalized_shape,)
        self.normalized_shape = tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._make(
            self.normalized_shape,
            elementwise_affine,
            elementwise_affine and bias,
            device=device,
            dtype=dtype,
        )
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class BatchNorm1d(_Affine):
    """(x - mean) / sqrt(var + eps) * weight + bias, for each channel.

    input    (N, C) or (N, C, L), C = num_features
    affine   whether there are weight and bias (C,); bias=False leaves out the bias only

    While training, mean and var are those of the batch, and running_mean and running_var (C,) move
    towards them: running = (1 - momentum) * running + momentum * batch. In evaluation the running
    ones are used. momentum=None makes them plain averages over all batches so far, which
    num_batches_tracked counts. track_running_stats=False keeps none, and uses the batch's always.

    ValueError  "expected 2D or 3D input (got 1D input)",
                "Expected more than 1 value per channel when training, got input size ..."

    >>> import minitorch_clf as torch
    >>> layer = torch.nn.BatchNorm1d(1)
    >>> layer(torch.tensor([[1.0], [3.0]])).detach()
    tensor([[-1.0000],
            [ 1.0000]])
    >>> layer.running_mean, layer.num_batches_tracked
    (tensor([0.2000]), tensor(1))
    """

    _version: ClassVar[int] = 2

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: str | Device | None = None,
        dtype: DType | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        options: dict[str, Any] = {"device": device, "dtype": dtype}
        self._make((num_features,), affine, affine and bias, **options)
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, **options) if tracked else None)
        self.register_buffer("running_var", ones(num_features, **options) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0, dtype=int64) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """mean = 0, var = 1, no batch seen."""
        if self.running_mean is not None:
            self.running_mean.zero_()
        if self.running_var is not None:
            self.running_var.fill_(1)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Running statistics and parameters as they were at first."""
        self.reset_running_stats()
        super().reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (2, 3):
            raise ValueError(f"expected 2D or 3D input (got {input.dim()}D input)")
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                momentum = 1.0 / float(self.num_batches_tracked)
        has_statistics = self.running_mean is not None or self.running_var is not None
        keeps = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if keeps else None,
            self.running_var if keeps else None,
            self.weight,
            self.bias,
            self.training or not has_statistics,
            momentum,
            self.eps,
        )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        """A state dict of version 1 has no num_batches_tracked: keep ours."""
        version = local_metadata.get("version")
        if (version is None or version < 2) and self.num_batches_tracked is not None:
            state_dict.setdefault(prefix + "num_batches_tracked", self.num_batches_tracked)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)
