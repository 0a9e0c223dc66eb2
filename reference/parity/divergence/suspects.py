"""A tensor is beyond the floor: is an operation to blame, which one, and can it be shown alone?

A training run magnifies differences. When a hidden unit is a rounding away from ReLU's kink, it
falls to one side on one engine and to the other on the other, and the gradient behind it jumps: no
operation is wrong, and PyTorch does the same to itself. So, before anything is blamed, PyTorch
computes the tensor again *from the engine's own inputs*. If it gets what the engine got, then the
operation did right by what it was given, and the difference is drift.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reference.parity.case import Array
from reference.parity.divergence import reproduce
from reference.parity.divergence.events import Op, Row, Update
from reference.parity.divergence.replay import Replayer, apart, distance, shrink
from reference.parity.divergence.reproduce import Replay
from reference.parity.divergence.sides import Side


def allowance(arrays: Iterable[Array | None]) -> float:
    """The rounding steps by which two right answers may differ, where `arrays` are in play.

        8 + 4 sqrt(n)        n = terms of the longest sum that there can be

    A sum of n terms in another order is off by a random walk of n roundings, sqrt(n) of them at
    the size of the result, and the worst of many elements by some four times that. The 8 are for
    exp, log and their like from another library. For a row of 784 pixels it makes 120 steps; a
    gradient that is wrong by 0.1 % is off by 8,000 to 16,000.

    >>> allowance([np.zeros((64, 784)), np.zeros((128, 784))])
    120.0
    """
    present = [array for array in arrays if array is not None and array.size]
    return 8 + 4 * math.sqrt(max((_terms(array) for array in present), default=1))


def _terms(array: Array) -> int:
    """What a product with it adds up: all but its shortest axis; everything, of a vector."""
    return array.size // min(array.shape) if array.ndim > 1 else array.size


@dataclass(frozen=True)
class Verdict:
    """What came of it.

    drift     nothing is to blame
    op        what is; None if no operation that was seen explains it
    replay    shows it alone, if it can be shown: `name` in there, `steps` apart
    sure      whether PyTorch could check it
    """

    drift: bool = False
    op: Op | None = None
    replay: Replay | None = None
    name: str = ""
    steps: float = 0.0
    sure: bool = True


class Suspects:
    """What is known of the operations of this training step.

    drifted    numbers of tensors that were found to be drift
    """

    def __init__(self, torch: Side, engine: Side, time_limit: float) -> None:
        self.torch, self.engine, self.time_limit = torch, engine, time_limit
        self.consumers: dict[int, list[Op]] = {}
        self.drifted: set[int] = set()
        self._replayer: Replayer | None = None

    @property
    def replayer(self) -> Replayer:
        """Started when it is first needed."""
        if self._replayer is None:
            self._replayer = Replayer(self.engine.job.engine, self.time_limit)
        return self._replayer

    def end(self) -> None:
        if self._replayer is not None:
            self._replayer.end()

    def note(self, op: Op) -> None:
        for number in op.inputs:
            self.consumers.setdefault(number, []).append(op)

    def next_step(self) -> None:
        self.consumers.clear()
        self.drifted.clear()

    def limit(self, op: Op) -> float:
        arrays = [self.torch.arrays.get(number) for number in op.inputs]
        return allowance([*arrays, *(array for _, array in op.outputs)])

    def gradient_limit(self, number: int) -> float:
        return max((self.limit(op) for op in self.consumers.get(number, [])), default=8.0)

    def smallest(self, verdict: Verdict) -> Verdict:
        """With as few rows of the batch as show it."""
        if verdict.replay is None or verdict.op is None:
            return verdict
        limit = self.limit(verdict.op)
        replay = shrink(self.replayer, verdict.replay, verdict.name, limit)
        steps = apart(self.replayer, replay, verdict.name)
        return replace(verdict, replay=replay, steps=steps)

    # ------------------------------------------------------------------------- what made the tensor

    def output(self, mine: Op, theirs: Op, k: int) -> Verdict:
        """Output k of an operation."""
        name = f"output {k}"
        given = self._replay(mine, self.engine, {}, [array for _, array in theirs.outputs])
        own = self._replay(mine, self.torch, {}, [array for _, array in mine.outputs])
        result, wanted = theirs.outputs[k][1], mine.outputs[k][1]
        limit = self.limit(mine)
        if self._gives(given, name, result) <= limit:
            return Verdict(drift=True)
        sure = self._gives(own, name, wanted) <= limit  # not so if it draws random numbers
        if not sure and self.drifted & set(mine.inputs):
            return Verdict(drift=True, sure=False)
        return self._shown(mine, [own, given], name, limit, sure)

    def gradient(
        self, number: int, mine: dict[int, Array | None], theirs: dict[int, Array | None]
    ) -> Verdict:
        """The gradient of a tensor, which is the sum of what its consumers send back."""
        ops = list({id(op): op for op in self.consumers.get(number, [])}.values())
        limit = self.gradient_limit(number)
        expected, verified = self._sum(ops, number, self.engine, theirs)
        wanted, faithful = self._sum(ops, number, self.torch, mine)
        result, own = theirs.get(number), mine.get(number)
        if verified and expected is not None and result is not None:
            if expected.shape == result.shape and distance(expected, result) <= limit:
                return Verdict(drift=True)
        sure = faithful and wanted is not None and own is not None
        sure = sure and wanted is not None and own is not None and distance(own, wanted) <= limit
        behind = {n for op in ops for n in (*op.inputs, *(n for n, _ in op.outputs))}
        if not sure and self.drifted & behind:
            return Verdict(drift=True, sure=False)
        best = Verdict(op=ops[0] if len(ops) == 1 else None, sure=sure)
        for op in ops:
            name = f"gradient {op.inputs.index(number)}"
            replays = [
                self._replay(op, side, sent, [array for _, array in op.outputs])
                for side, sent in ((self.torch, mine), (self.engine, theirs))
            ]
            shown = self._shown(op, replays, name, limit, sure)
            if shown.steps > best.steps or (best.replay is None and len(ops) == 1):
                best = shown
        return best

    def update(self, event: Update, mine: Row, theirs: Row, name: str) -> Verdict:
        """The parameter, or its optimizer's state, after a step."""
        own = self._step(mine, mine, self.torch)
        given = self._step(theirs, mine, self.engine)
        result = theirs.after if name == "after" else theirs.state.get(name.removeprefix("state "))
        result = None if result is None else np.asarray(result).reshape(-1)
        limit = allowance([])
        if self._gives(given, name, result) <= limit:
            return Verdict(drift=True)
        op = Op(f"{event.optimizer}.step", "", (), (), ())
        return self._shown(op, [own, given], name, limit, True)

    # ---------------------------------------------------------------------------------- the details

    def _replay(
        self, op: Op, side: Side, sent: dict[int, Array | None], outputs: Sequence[Array | None]
    ) -> Replay | None:
        """The operation on what `side` gave it; None where it is no text, or a value is unknown."""
        x = [array for n in op.inputs if (array := side.arrays.get(n)) is not None]
        if op.call is None or len(x) < len(op.inputs):
            return None
        upstream = [sent.get(number) for number, _ in op.outputs]
        return reproduce.of_call(op.call, x, op.needs, upstream, outputs)

    def _step(self, row: Row, text: Row, side: Side) -> Replay | None:
        array, state = side.left.get(row.parameter, (None, {}))
        before = array if row.before is None else row.before
        if before is None:
            return None
        old = state if row.state_before is None else row.state_before
        return reproduce.of_step(row, text.options, before, old)

    def _gives(self, replay: Replay | None, name: str, result: Array | None) -> float:
        """How far PyTorch's replay is from `result`."""
        found = "" if replay is None else self.replayer.run(replay, "torch")
        if isinstance(found, str) or result is None or name not in found:
            return math.inf
        return distance(found[name].reshape(result.shape), result)

    def _sum(
        self, ops: Sequence[Op], number: int, side: Side, sent: dict[int, Array | None]
    ) -> tuple[Array | None, bool]:
        """What PyTorch sends to a tensor through all of these; and whether none was left out."""
        total: Array | None = None
        for op in ops:
            if all(sent.get(n) is None for n, _ in op.outputs):
                continue  # the loss does not depend on it
            replay = self._replay(op, side, sent, [array for _, array in op.outputs])
            found = "" if replay is None else self.replayer.run(replay, "torch")
            part = (
                None if isinstance(found, str) else found.get(f"gradient {op.inputs.index(number)}")
            )
            if part is None:
                return total, False
            total = part if total is None else total + part
        return total, True

    def _shown(
        self, op: Op, replays: Sequence[Replay | None], name: str, limit: float, sure: bool
    ) -> Verdict:
        """The first of the replays in which the engine alone differs from PyTorch."""
        for replay in replays:
            if replay is not None and (steps := apart(self.replayer, replay, name)) > limit:
                return Verdict(False, op, replay, name, steps, sure)
        return Verdict(False, op, sure=sure)
