"""What a row of the benchmark is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """`ours` should be `times` as fast as `peer`; with peer "floor", take at most `times` as long.

    >>> str(Target("torch", 3.0)), str(Target("floor", 1.6, ours="replay"))
    ('3x torch', 'at most 1.6x floor (replay)')
    """

    peer: str
    times: float
    ours: str = "ours"

    def met(self, ratio: float) -> bool:
        """`ratio` is theirs over ours, as everywhere; of the floor it is 1 at best."""
        return ratio >= (1 / self.times if self.peer == "floor" else self.times)

    def __str__(self) -> str:
        least = f"at most {self.times:g}x" if self.peer == "floor" else f"{self.times:g}x"
        return f"{least} {self.peer}" + ("" if self.ours == "ours" else f" ({self.ours})")


@dataclass
class Race:
    """One pair or more, ready to run: built, warmed up, and shown to compute the same.

    label     what distinguishes it within its row: "relu, 1e5"
    sides     name -> call
    per       what one call's time is divided by (steps in an epoch, operations in a chain)
    floor     seconds that one call cannot beat: its FLOPs at the measured matrix peak, its bytes at
              the measured bandwidth; None where none was worked out
    skipped   side -> why it does not run here
    budget    seconds to spend on it;   rounds: at most so many
    returns_value   see paired.interleave
    """

    label: str
    sides: dict[str, Callable[[], object]]
    per: int = 1
    floor: float | None = None
    skipped: dict[str, str] = field(default_factory=dict)
    budget: float = 6.0
    rounds: int = 60
    returns_value: bool = False


@dataclass(frozen=True)
class Row:
    """A line of the table.

    build     makes the races, one after the other: the next is built when the last was timed
    unit      what a time is the time of
    threads   for everyone: 1, or 0 for all cores, or -1: left as they come
    processes how many fresh ones
    """

    name: str
    title: str
    unit: str
    build: Callable[[], Iterator[Race]]
    targets: tuple[Target, ...] = ()
    threads: int = 1
    processes: int = 3
    needs_mnist: bool = False
