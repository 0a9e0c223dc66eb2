"""Pairs of tensors with names, as `max(dim)` returns them, printed as PyTorch prints them."""

from __future__ import annotations

from typing import Any, NamedTuple


class ValuesAndIndices(NamedTuple):
    """The values, and where along `dim` they stood."""

    values: Any
    indices: Any


class MinMax(NamedTuple):
    """`torch.return_types.aminmax`."""

    min: Any
    max: Any

    def __repr__(self) -> str:
        return _repr("aminmax", self)


class MaxResult(ValuesAndIndices):
    """`torch.return_types.max`."""

    def __repr__(self) -> str:
        return _repr("max", self)


class MinResult(ValuesAndIndices):
    """`torch.return_types.min`."""

    def __repr__(self) -> str:
        return _repr("min", self)


class SortResult(ValuesAndIndices):
    """`torch.return_types.sort`."""

    def __repr__(self) -> str:
        return _repr("sort", self)


class TopkResult(ValuesAndIndices):
    """`torch.return_types.topk`."""

    def __repr__(self) -> str:
        return _repr("topk", self)


class MedianResult(ValuesAndIndices):
    """`torch.return_types.median`."""

    def __repr__(self) -> str:
        return _repr("median", self)


class NanmedianResult(ValuesAndIndices):
    """`torch.return_types.nanmedian`."""

    def __repr__(self) -> str:
        return _repr("nanmedian", self)


class KthvalueResult(ValuesAndIndices):
    """`torch.return_types.kthvalue`."""

    def __repr__(self) -> str:
        return _repr("kthvalue", self)


class ModeResult(ValuesAndIndices):
    """`torch.return_types.mode`."""

    def __repr__(self) -> str:
        return _repr("mode", self)


class CummaxResult(ValuesAndIndices):
    """`torch.return_types.cummax`."""

    def __repr__(self) -> str:
        return _repr("cummax", self)


class CumminResult(ValuesAndIndices):
    """`torch.return_types.cummin`."""

    def __repr__(self) -> str:
        return _repr("cummin", self)


def _repr(name: str, pair: Any) -> str:
    fields = ",\n".join(f"{field}={value!r}" for field, value in pair._asdict().items())
    return f"torch.return_types.{name}(\n{fields})"
