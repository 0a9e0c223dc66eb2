"""PyTorch and an engine, one program, one seed, step by step: where do they first part?

Four processes run the program: PyTorch, the engine, and PyTorch twice more for the noise floor,
once with its plain kernels on two threads, once with every parameter moved by one ulp. Their events
(events.py) are compared as they come, tensor by tensor, and forgotten.

**Beyond the floor** is a tensor of the engine whose distance from PyTorch's, in rounding steps at
its largest value, is more than

    max(FLOORS * floor, allowance)

floor       the largest distance of PyTorch from itself at this tensor, in any step so far
FLOORS      5, as for whole training runs: engine and floor are draws from one kind of noise, which
            has a long tail, and the largest of a few draws is not the largest of all
allowance   what a sum in another order may cost, suspects.allowance; it is all there is in the
            first step at tensors that the floor leaves alone

Beyond the floor, an operation is blamed only if PyTorch, given the engine's own inputs, gets
another result than the engine: see suspects.py. Integers and truth values must be equal where the
engine had the same inputs to the bit; where it had not, they may jump.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from reference.parity.case import Array
from reference.parity.divergence.events import (
    Ended,
    Event,
    Given,
    Gradients,
    Job,
    Op,
    Row,
    StepEnd,
    Update,
)
from reference.parity.divergence.replay import distance
from reference.parity.divergence.sides import Side, SideDied
from reference.parity.divergence.story import different, title_of
from reference.parity.divergence.suspects import Suspects, Verdict
from reference.parity.ulp import bits, rounding_steps, ulp_distance

FLOORS = 5


class ProgramFailed(Exception):
    """There is nothing to compare; the text says why."""


@dataclass(frozen=True)
class Divergence:
    """The first tensor beyond the floor, or what came instead of one.

    op         the operation to blame, with its place in the program; "" if none explains it
    what       the tensor, in words
    sentence   what happened, where it is not a matter of distance
    worst      the index of the worst element; `expected` and `actual` are it, with bit patterns
    """

    step: int
    op: str
    what: str
    sentence: str = ""
    shape: tuple[int, ...] = ()
    worst: tuple[int, ...] = ()
    expected: str = ""
    actual: str = ""
    ulp: float = 0.0
    steps: float = 0.0
    floor: float = 0.0
    limit: float = 0.0
    verdict: Verdict = field(default_factory=Verdict)


@dataclass
class Largest:
    """Of all tensors of a kind, the one nearest to its limit.   share  of the limit"""

    what: str = ""
    steps: float = 0.0
    floor: float = 0.0
    limit: float = 1.0
    step: int = 0
    tensors: int = 0

    @property
    def share(self) -> float:
        return self.steps / self.limit


@dataclass(frozen=True)
class Pair:
    """One tensor on both sides.

    noise    it, in the runs of PyTorch that make the floor
    judge    who is to blame if it is beyond
    number   of the tensor, if it has one
    limit    the allowance
    jumps    whether integers may differ, as their inputs did
    """

    kind: str
    what: str
    mine: Array | None
    theirs: Array | None
    noise: list[Array | None]
    judge: Callable[[], Verdict]
    number: int | None = None
    limit: float = 8.0
    jumps: bool = False


class Lockstep:
    """One comparison.

    steps      how many training steps; None for as many as the program has
    progress   is called with the number of each step that is over
    name       of the engine, in sentences
    kinds      "output", "gradient", "parameter" -> the largest distance
    drifts     tensors beyond the floor for which no operation was to blame
    """

    def __init__(
        self,
        job: Job,
        steps: int | None,
        progress: Callable[[int], None] = lambda step: None,
        time_limit: float = 300.0,
    ) -> None:
        self.job, self.steps, self.progress, self.time_limit = job, steps, progress, time_limit
        self.name = Path(job.engine).stem if job.engine.endswith(".py") else job.engine
        self.step, self.drifts = 1, 0
        self.kinds: dict[str, Largest] = {}
        self.notes: list[str] = []
        self._floors: dict[str, float] = {}
        self._titles: dict[int, str] = {}
        self._equal: set[int] = set()  # tensors that have the same bits on both

    def run(self) -> Divergence | None:
        """Compare until something diverges, the steps are done, or the program is over."""
        torch = replace(self.job, engine="torch")
        jobs = {
            "PyTorch": replace(torch, writes=True),
            self.name: self.job,
            "plain kernels, two threads": replace(
                torch, threads=2, capability="default", follows=True
            ),
            "one ulp": replace(torch, nudged=True),
        }
        sides: list[Side] = []
        try:
            for name, job in jobs.items():
                sides.append(Side(job, name, self.time_limit))
            self.torch, self.engine, *self._noise = sides
            self.suspects = Suspects(self.torch, self.engine, self.time_limit)
            try:
                return self._compare()
            finally:
                self.suspects.end()
        finally:
            for side in sides:
                side.end()

    def _compare(self) -> Divergence | None:
        while self.steps is None or self.step <= self.steps:
            try:
                mine = self.torch.next()
            except SideDied as error:
                raise ProgramFailed(f"PyTorch: {error}") from None
            if isinstance(mine, Ended) and mine.error:
                at = f"\n  {mine.where}" if mine.where else ""
                raise ProgramFailed(
                    f"{self.job.program} fails with PyTorch, too:\n  {mine.error}{at}"
                )
            try:
                theirs = self.engine.next()
            except SideDied as error:
                return self._says(f"{self.name}: {error}")
            if isinstance(theirs, Ended) and theirs.refused:
                raise ProgramFailed(theirs.error)
            noise = [event for event in map(self._next, list(self._noise), [mine] * 2) if event]
            if sentence := different(mine, theirs, self.name, self._titles):
                return self._says(sentence)
            if isinstance(mine, Ended):
                break
            if isinstance(mine, StepEnd):
                self.progress(self.step)
                self.step += 1
                self.suspects.next_step()
                continue
            if (found := self._event(mine, theirs, noise)) is not None:
                return found
        return None

    def _next(self, side: Side, mine: Event) -> Event | None:
        """The event of a noise run; one that goes another way is left out from then on."""
        try:
            event = side.next()
        except SideDied as error:
            event = Ended(str(error))
        if not different(mine, event, side.name, self._titles):
            if side.job.follows and isinstance(event, Given) and isinstance(mine, Given):
                side.pipe.send(mine.array)
                return mine
            return event
        self._noise.remove(side)
        side.process.kill()
        self.notes.append(
            f"in step {self.step} PyTorch with {side.name} took another way through the program; "
            "the floor is without it from there on"
        )
        return None

    def _says(self, sentence: str) -> Divergence:
        return Divergence(self.step, "", "", sentence)

    # ------------------------------------------------------------------------------- event by event

    def _event(self, mine: Event, theirs: Event, noise: list[Event]) -> Divergence | None:
        if isinstance(mine, Op):
            self.suspects.note(mine)
        for pair in self._pairs(mine, theirs, noise):
            if (found := self._pair(pair)) is not None:
                return found
        return None

    def _pairs(self, mine: Event, theirs: Event, noise: list[Any]) -> Iterator[Pair]:
        """The tensors of an event, in the order in which they were computed."""
        if isinstance(mine, Given) and isinstance(theirs, Given):
            title = mine.title if "'" in mine.title else f"{mine.title} that {mine.used_by} takes"
            self._titles[mine.number] = title
            what = f"the first value of {title}" if "parameter" in title else title
            others = [event.array for event in noise]
            nothing = Verdict()  # no operation made it
            yield Pair("data", what, mine.array, theirs.array, others, lambda: nothing, mine.number)
        elif isinstance(mine, Op) and isinstance(theirs, Op):
            jumps = not self._equal.issuperset(mine.inputs)
            limit = self.suspects.limit(mine)
            for k, ((number, one), (_, other)) in enumerate(
                zip(mine.outputs, theirs.outputs, strict=True)
            ):
                which = f"output {k}" if len(mine.outputs) > 1 else "the output"
                self._titles[number] = f"{which} of {title_of(mine)}"
                others = [event.outputs[k][1] for event in noise]
                judge = functools.partial(self.suspects.output, mine, theirs, k)
                yield Pair(
                    "output", self._titles[number], one, other, others, judge, number, limit, jumps
                )
        elif isinstance(mine, Gradients) and isinstance(theirs, Gradients):
            for number, one in mine.of.items():
                judge = functools.partial(self.suspects.gradient, number, mine.of, theirs.of)
                what = f"the gradient of {self._titles.get(number, 'a tensor')}"
                others = [event.of[number] for event in noise]
                limit = self.suspects.gradient_limit(number)
                yield Pair("gradient", what, one, theirs.of[number], others, judge, number, limit)
        elif isinstance(mine, Update) and isinstance(theirs, Update):
            for k, (row, their_row) in enumerate(zip(mine.rows, theirs.rows, strict=True)):
                yield from self._rows(mine, row, their_row, [event.rows[k] for event in noise])

    def _rows(self, event: Update, mine: Row, theirs: Row, noise: list[Row]) -> Iterator[Pair]:
        """What one step of an optimizer did to one parameter."""
        number, title = mine.parameter, self._titles.get(mine.parameter, mine.title)

        def found() -> Verdict:
            return Verdict(drift=number in self.suspects.drifted)

        yield Pair(
            "gradient",
            f"the gradient of {title} that {event.optimizer}.step finds",
            mine.gradient,
            theirs.gradient,
            [row.gradient for row in noise],
            found,
            limit=self.suspects.gradient_limit(number),
        )
        for name, value in mine.state.items():
            other = theirs.state.get(name)
            if isinstance(value, np.ndarray) and isinstance(other, np.ndarray):
                if mine.after is not None and value.shape == other.shape == mine.after.shape:
                    judge = functools.partial(
                        self.suspects.update, event, mine, theirs, f"state {name}"
                    )
                    others = [row.state.get(name) for row in noise]
                    what = f"{name} of {title} after {event.optimizer}.step"
                    yield Pair("parameter", what, value, other, others, judge)
        judge = functools.partial(self.suspects.update, event, mine, theirs, "after")
        others = [row.after for row in noise]
        what = f"{title} after {event.optimizer}.step"
        yield Pair("parameter", what, mine.after, theirs.after, others, judge, number)

    def _pair(self, pair: Pair) -> Divergence | None:
        """Compare one tensor; None if all is well, or nothing is to blame."""
        mine, theirs = pair.mine, pair.theirs
        if mine is None or theirs is None:
            return None
        steps = distance(mine, theirs)
        if pair.number is not None and pair.kind != "gradient":
            (self._equal.add if steps == 0 else self._equal.discard)(pair.number)
        if pair.jumps and mine.dtype.kind != "f":
            return None
        floor = self._floors.get(pair.what, 0.0)
        for other in pair.noise:
            if other is not None and other.shape == mine.shape:
                floor = max(floor, distance(mine, other))
        self._floors[pair.what] = floor
        limit = max(FLOORS * floor, pair.limit)
        kind = self.kinds.setdefault(pair.kind, Largest())
        kind.tensors += 1
        if steps <= limit:
            if steps / limit >= kind.share:
                kind.what, kind.step = pair.what, self.step
                kind.steps, kind.floor, kind.limit = steps, floor, limit
            return None
        verdict = pair.judge()
        if verdict.drift:
            self.drifts += 1
            if pair.number is not None:
                self.suspects.drifted.add(pair.number)
            return None
        return self._divergence(pair, steps, floor, limit, self.suspects.smallest(verdict))

    def _divergence(
        self, pair: Pair, steps: float, floor: float, limit: float, verdict: Verdict
    ) -> Divergence:
        mine, theirs = np.asarray(pair.mine), np.asarray(pair.theirs)
        ulp = 0.0
        if mine.dtype.kind == "f":
            far = rounding_steps(mine, theirs)
            at = np.unravel_index(int(far.argmax()), far.shape)
            ulp = float(ulp_distance(mine, theirs)[at])
        else:
            at = np.unravel_index(int((mine != theirs).argmax()), mine.shape)
        return Divergence(
            self.step,
            title_of(verdict.op) if verdict.op is not None else "",
            pair.what,
            shape=mine.shape,
            worst=tuple(int(i) for i in at),
            expected=bits(mine[at]),
            actual=bits(theirs[at]),
            ulp=ulp,
            steps=steps,
            floor=floor,
            limit=limit,
            verdict=verdict,
        )
