"""One line of the case table: an operation, its inputs, and how far it may be from PyTorch.

    OpCase("mul", lambda t, x, y: t.mul(x, y), shapes=((3, 4), (4,)))
    OpCase("exp", lambda t, x: t.exp(x), shapes=((33, 7),), forward_ulp=1, why="SLEEF exp")
    ErrorCase("view wrong size", lambda t: t.zeros(2, 3).view(4))

The same function runs on both engines; `t` is the engine module. A budget is zero, or comes with a
sentence (`why`).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]
Draw: TypeAlias = Callable[[np.random.Generator, Shape], Array]

VARIANTS = ("plain", "transposed", "strided", "empty", "0-d", "special", "second order")


def indices(size: int) -> Draw:
    """Draws int64 indices 0 <= index < size, with repeats."""
    return lambda rng, shape: rng.integers(0, size, shape)


def _away_from(kinks: tuple[float, ...]) -> Draw:
    """Draws normal values none of which lies within 0.1 of a kink."""

    def draw(rng: np.random.Generator, shape: Shape) -> Array:
        x = rng.normal(size=shape) * 1.5
        for kink in kinks:
            x = np.where(np.abs(x - kink) < 0.1, x + 0.25, x)
        return x

    return draw


def _distinct(rng: np.random.Generator, shape: Shape) -> Array:
    """No two values closer than 0.25: nothing for max or sort to tie on."""
    size = int(np.prod(shape))
    return (rng.permutation(size).reshape(shape) - size / 2 + 0.3) / 4


DRAWS: Mapping[str, Draw] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "positive": lambda rng, shape: rng.uniform(0.1, 3.0, shape),
    "unit": lambda rng, shape: rng.uniform(0.05, 0.95, shape),  # 0 < x < 1
    "wide": lambda rng, shape: rng.normal(size=shape) * 8.0,
    "nonzero": lambda rng, shape: rng.uniform(0.25, 2.0, shape) * rng.choice((-1.0, 1.0), shape),
    "distinct": _distinct,
    "whole": lambda rng, shape: rng.integers(-4, 5, shape).astype(
        np.float64
    ),  # exact sums, many ties
    "away from 0": _away_from((0.0,)),
    "away from -1, 0, 1": _away_from((-1.0, 0.0, 1.0)),
    "bool": lambda rng, shape: rng.integers(0, 2, shape).astype(np.bool_),
}

#: Sprinkled over the inputs of the variant "special". No huge values: whether a sum of them
#: overflows is a matter of its order.
SPECIAL_VALUES = (0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1.0, -1.0, 0.5)


@dataclass(frozen=True)
class OpCase:
    """An operation that both engines must answer alike.

    name      unique; "T25 maximum tie" proves row T25 of rows.py
    fn        fn(t, *tensors) -> Tensor, or a nest of tuples, lists, dicts, numbers and strings
    shapes    one shape per input; the inputs are drawn, seeded by the name
    values    the inputs themselves, instead of shapes. Lists take the dtype of the run, NumPy
              arrays keep theirs
    draw      how to draw them: a name in DRAWS or a function, one for all inputs or one for each.
              Integer and boolean draws keep their dtype and get no gradient
    dtypes    the dtypes it runs in
    gradient  False for an operation without one
    skip      variant -> the sentence that says why it is left out

    Budgets, for values and for gradients. The largest one counts:

    *_ulp     distance in units in the last place
    *_steps   distance in rounding steps (see ulp.py) of the largest value, or, for values, of
              `magnitude(t, *tensors)`: a bound of what was added up, elementwise (for a sum, the
              sum of absolute values)
    signed_zero   False: 0.0 and -0.0 are taken for equal
    why       says where the difference comes from; required when any budget is not zero

    family    the file it is in, filled in by the table
    """

    name: str
    fn: Callable[..., Any]
    shapes: tuple[Shape, ...] = ()
    values: tuple[Any, ...] = ()
    draw: str | Draw | tuple[str | Draw, ...] = "normal"
    dtypes: tuple[str, ...] = ("float32", "float64")
    gradient: bool = True
    forward_ulp: float = 0
    backward_ulp: float = 0
    forward_steps: float = 0
    backward_steps: float = 0
    magnitude: Callable[..., Any] | None = None
    signed_zero: bool = True
    why: str = ""
    skip: Mapping[str, str] = field(default_factory=dict)
    family: str = ""

    def __post_init__(self) -> None:
        budgets = (self.forward_ulp, self.backward_ulp, self.forward_steps, self.backward_steps)
        if (any(budgets) or not self.signed_zero) and not self.why.strip():
            raise ValueError(f"{self.name}: a budget that is not zero needs a reason in `why`")
        if min(budgets) < 0:
            raise ValueError(f"{self.name}: a budget cannot be negative")
        if self.shapes and self.values:
            raise ValueError(f"{self.name}: give shapes or values, not both")
        for variant, reason in self.skip.items():
            if variant not in VARIANTS or variant == "plain" or not reason.strip():
                raise ValueError(f"{self.name}: cannot skip {variant!r} for the reason {reason!r}")
        if isinstance(self.draw, tuple) and len(self.draw) != len(self.shapes):
            raise ValueError(f"{self.name}: {len(self.draw)} draws for {len(self.shapes)} shapes")

    @property
    def key(self) -> str:
        """Its id in the table, "activation/relu"; the name alone outside it."""
        return f"{self.family}/{self.name}" if self.family else self.name

    def run_key(self, dtype: str, variant: str) -> str:
        """What a run of it is called, in reports and in the frozen vectors.

        >>> OpCase("relu", lambda t, x: t.relu(x), family="activation").run_key("float32", "plain")
        'activation/relu|float32|plain'
        """
        return f"{self.key}|{dtype}|{variant}"

    def variants(self, dtype: str) -> tuple[str, ...]:
        """The variants that make sense for this case in this dtype, in the order of VARIANTS."""
        floating = dtype.startswith("float")
        ranks = [len(shape) for shape in self.shapes] or [np.ndim(v) for v in self.values] or [0]
        fits = {
            "plain": True,
            "transposed": max(ranks) >= 2,
            "strided": max(ranks) >= 1,
            "empty": any(size > 1 for shape in self.shapes for size in shape),
            "0-d": any(self.shapes),
            "special": floating and any(self.shapes),
            "second order": floating and self.gradient,
        }
        return tuple(v for v in VARIANTS if fits[v] and v not in self.skip)

    def runs(self) -> Iterator[tuple[str, str]]:
        """Every (dtype, variant) to run; a case without inputs runs once."""
        for dtype in self.dtypes if self.shapes or self.values else self.dtypes[:1]:
            for variant in self.variants(dtype):
                yield dtype, variant

    def inputs(self, dtype: str, variant: str = "plain") -> tuple[Array, ...]:
        """The values of the inputs, the same in every process; their layout is up to the runner."""
        if self.values:
            return tuple(
                np.array(v) if isinstance(v, np.ndarray) else np.array(v, dtype)
                for v in self.values
            )
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        shapes = _reshaped(self.shapes, variant)
        draws = self.draw if isinstance(self.draw, tuple) else (self.draw,) * len(shapes)
        arrays = []
        for draw, shape in zip(draws, shapes, strict=True):
            array = np.asarray((DRAWS[draw] if isinstance(draw, str) else draw)(rng, shape))
            if array.dtype.kind == "f":
                array = _sprinkled(array, rng) if variant == "special" else array
                array = (
                    np.rint(array * 3).astype(dtype)
                    if dtype.startswith(("int", "uint"))
                    else array.astype(dtype)
                )
            arrays.append(array)
        return tuple(arrays)


def _reshaped(shapes: tuple[Shape, ...], variant: str) -> tuple[Shape, ...]:
    """The shapes of the variant: "empty" makes one size 0 wherever it occurs, so they still fit."""
    if variant == "0-d":
        return ((),) * len(shapes)
    if variant == "empty":
        gone = next(size for shape in shapes for size in shape if size > 1)
        return tuple(tuple(0 if size == gone else size for size in shape) for shape in shapes)
    return shapes


def _sprinkled(x: Array, rng: np.random.Generator) -> Array:
    """x with special values in about two places of three."""
    special = rng.choice(SPECIAL_VALUES, x.shape)
    return np.where(rng.random(x.shape) < 0.67, special, x)


@dataclass(frozen=True)
class ErrorCase:
    """A mistake: `fn(t)` must raise the same class with the same text on both engines."""

    name: str
    fn: Callable[[Any], Any]
    family: str = ""

    @property
    def key(self) -> str:
        """Its id in the table, "errors/view wrong size"; the name alone outside it."""
        return f"{self.family}/{self.name}" if self.family else self.name
