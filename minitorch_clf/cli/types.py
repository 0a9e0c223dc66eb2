"""Kinds of values that the command line reads beyond click's own."""

from __future__ import annotations

import math
from typing import Any

import click


class Sizes(click.ParamType[tuple[int, ...]]):
    """Sizes of hidden layers: 128, or 256,128 for two of them.

    >>> Sizes().convert("256,128", None, None)
    (256, 128)
    """

    name = "N[,N...]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        try:
            sizes = tuple(int(size) for size in value.split(","))
        except ValueError:
            sizes = ()
        if not sizes or min(sizes) < 1:
            self.fail(f"{value!r} is not a size like 128, or sizes like 256,128.", param, ctx)
        return sizes


class PositiveFloat(click.ParamType[float]):
    """A finite number above 0.

    >>> PositiveFloat().convert("1e-3", None, None)
    0.001
    """

    name = "float"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = float(click.FLOAT.convert(value, param, ctx))
        if not (math.isfinite(number) and number > 0):
            self.fail(f"{value!r} is not a finite number above 0.", param, ctx)
        return number


class Seed(click.ParamType[int]):
    """What manual_seed takes: any integer that fits into 64 bits, signed or not."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        seed = int(click.INT.convert(value, param, ctx))
        if not -(2**63) <= seed < 2**64:
            self.fail(f"{value} does not fit into 64 bits.", param, ctx)
        return seed
