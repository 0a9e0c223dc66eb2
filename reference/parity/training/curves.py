"""The loss curves of one seed: PyTorch's, an engine's, and how much of the distance means nothing.

A training run magnifies the last bit of a sum, and no two libraries add up in the same order. How
much of a difference is noise is measured, not guessed: PyTorch trains again, disturbed as little as
can be. How far these curves drift from its own is the noise band, and float32 must stay within five
times that; float64, where noise has not grown to anything after a few epochs, within 1e-9. The
formulas are in reference/experiments/noise_floor.py.

A curve is split into parts: the epochs of mnist, the tenths of logistic.

>>> base, nudged = [0.5, 0.25, 0.125, 0.25], [0.5, 0.26, 0.125, 0.29]
>>> near = Comparison(0, "float32", 2, base, [0.5, 0.255, 0.125, 0.25], {"one ulp": nudged})
>>> near.drift, near.floor, str(near.verdict)
([0.005, 0.0], [0.01, 0.04], 'within the band')
>>> far = Comparison(0, "float32", 2, base, [0.5, 0.25, 0.5, 0.25], {"one ulp": nudged})
>>> print(far.verdict, far.first_beyond)
beyond step 3, epoch 2, batch 1: PyTorch 0.125, engine 0.5, 3.8e-01 apart, where 2.0e-01 is allowed
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeAlias

from reference.experiments.noise_floor import differences, drift, floor

FLOAT64_TOLERANCE = 1e-9
NOISE_FLOORS = 5  # the engine's noise and PyTorch's are two draws of one kind, not the same draw

Curve: TypeAlias = list[float]


def last_bit(loss: float) -> float:
    """The distance from a float32 to the next.

    >>> last_bit(2.3) == 2.0**-22, last_bit(float("nan"))
    (True, 0.0)
    """
    return math.ldexp(1, math.frexp(loss)[1] - 24) if math.isfinite(loss) else 0.0


class Verdict(StrEnum):
    """How near an engine's curve came to PyTorch's, from best to worst."""

    WITHIN_TOLERANCE = f"within {FLOAT64_TOLERANCE:.0e}"  # float64
    WITHIN_BAND = "within the band"  # float32, like the next
    WITHIN_FIVE = "within five times"
    BEYOND = "beyond"
    FAILED = "failed"

    @property
    def ok(self) -> bool:
        return self not in (Verdict.BEYOND, Verdict.FAILED)


@dataclass(frozen=True)
class Step:
    """A batch whose losses are too far apart.   step, epoch, batch: counted from 1"""

    step: int
    epoch: int
    batch: int
    pytorch: float
    engine: float
    difference: float
    allowed: float

    def __str__(self) -> str:
        return (
            f"step {self.step}, epoch {self.epoch}, batch {self.batch}: "
            f"PyTorch {self.pytorch:.7g}, engine {self.engine:.7g}, "
            f"{self.difference:.1e} apart, where {self.allowed:.1e} is allowed"
        )


@dataclass(frozen=True)
class Comparison:
    """One seed in one dtype.

    pytorch, engine   the loss of every step, as many on both sides; empty for one that failed
    disturbed         PyTorch's curve under each disturbance
    failures          why there is no curve, by the side that has none
    """

    seed: int
    dtype: str
    parts: int
    pytorch: Curve
    engine: Curve
    disturbed: Mapping[str, Curve]
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def part_length(self) -> int:
        """Steps in a part; the last may have fewer."""
        return math.ceil(len(self.pytorch) / self.parts)

    @cached_property
    def differences(self) -> list[float]:
        """|engine - PyTorch| for every step."""
        return differences(self.pytorch, self.engine)

    @cached_property
    def drift(self) -> list[float]:
        """The largest difference in each part."""
        return drift(self.pytorch, self.engine, self.parts)

    @cached_property
    def disturbed_drift(self) -> dict[str, list[float]]:
        """PyTorch's from itself."""
        return {how: drift(self.pytorch, c, self.parts) for how, c in self.disturbed.items()}

    @cached_property
    def floor(self) -> list[float]:
        """The noise band, for each part; in float32 no narrower than the last bit of a loss.

        In a short part all disturbances may round to the same losses, which means nothing.
        """
        band = floor(self.disturbed_drift.values())
        if self.dtype == "float64" or not band:
            return band
        n = self.part_length
        losses = [self.pytorch[k * n : (k + 1) * n] for k in range(len(band))]
        return [max(noise, *map(last_bit, part)) for noise, part in zip(band, losses, strict=True)]

    @cached_property
    def allowed(self) -> list[float]:
        """How far the engine may be from PyTorch, for each part."""
        if self.dtype == "float64":
            return [FLOAT64_TOLERANCE] * len(self.floor)
        return [NOISE_FLOORS * noise for noise in self.floor]

    @property
    def times(self) -> float:
        """The engine's drift in floors, in the part where it is most."""
        return max(_ratio(off, noise) for off, noise in zip(self.drift, self.floor, strict=True))

    @cached_property
    def verdict(self) -> Verdict:
        if self.failures:
            return Verdict.FAILED
        if self.first_beyond is not None:
            return Verdict.BEYOND
        if self.dtype == "float64":
            return Verdict.WITHIN_TOLERANCE
        return Verdict.WITHIN_BAND if self.times <= 1 else Verdict.WITHIN_FIVE

    @cached_property
    def first_beyond(self) -> Step | None:
        """The first batch that is farther from PyTorch's than it may be."""
        for k, apart in enumerate(self.differences):
            epoch, batch = divmod(k, self.part_length)
            if apart > self.allowed[epoch]:
                return Step(
                    *(k + 1, epoch + 1, batch + 1),
                    *(self.pytorch[k], self.engine[k], apart, self.allowed[epoch]),
                )
        return None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, each curve as the last and the mean loss of every part.

        A number that JSON has no word for is a text: "inf", "nan".
        """
        found: dict[str, Any] = {"seed": self.seed, "dtype": self.dtype, "verdict": self.verdict}
        if self.failures:
            return {**found, "failures": dict(self.failures)}
        found["steps"] = len(self.pytorch)
        found["largest_difference"] = max(self.differences)
        found["bit_equal_steps"] = self.differences.count(0.0)
        found["times_the_floor"] = self.times
        found["first_beyond"] = None if self.first_beyond is None else asdict(self.first_beyond)
        found["parts"] = [
            {
                "last_step": min((k + 1) * self.part_length, len(self.pytorch)),
                "pytorch": self._summary(self.pytorch, k),
                "engine": self._summary(self.engine, k),
                "largest_difference": self.drift[k],
                "disturbed": {how: drifts[k] for how, drifts in self.disturbed_drift.items()},
                "floor": self.floor[k],
                "allowed": self.allowed[k],
            }
            for k in range(len(self.drift))
        ]
        return {key: _jsonable(value) for key, value in found.items()}

    def _summary(self, curve: Curve, part: int) -> dict[str, float]:
        losses = curve[part * self.part_length : (part + 1) * self.part_length]
        return {"last_loss": losses[-1], "mean_loss": sum(losses) / len(losses)}


def _ratio(off: float, noise: float) -> float:
    if off == 0:
        return 0.0
    return off / noise if noise else math.inf


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _jsonable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_jsonable(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
