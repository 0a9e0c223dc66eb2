"""`compile`: a step function that is recorded, and replayed for as long as nothing changed.

    call 1    eager, watched: what does it compute, and what of Python can it read?
    call 2    eager, watched: is all that Python could read as it was, and is the program the same?
    call 3..  replayed, if all that Python could read is as it was; else eager, with a reason

Every kind of call (shapes and dtypes of the Tensors, values of all other arguments, grad mode) is
recorded by itself, and a kind that changes too often is run eagerly for good.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from minitorch_clf import anomaly
from minitorch_clf.dtypes import get_default_dtype
from minitorch_clf.grad_mode import grad_mode
from minitorch_clf.replay.plan import Plan
from minitorch_clf.replay.program import CannotReplay, Program, first_difference
from minitorch_clf.replay.quick import MISS, quick
from minitorch_clf.replay.recorder import Recorder, current
from minitorch_clf.replay.verify import verified
from minitorch_clf.replay.watch import PRIMITIVES, Watch, Wrapper
from minitorch_clf.tensor import Tensor

ATTEMPTS = 8
KINDS = 16
REMADE = 8


class Kind:
    """What is known of one kind of call.

    first     its program as first recorded, to be confirmed
    plan      what replays it; None until confirmed
    watch     what Python could read when it was last recorded
    verdict   why it is eager for good; None: it is not
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.first: Program | None = None
        self.watch: Watch | None = None
        self.plan: Plan | None = None
        self.verdict: str | None = None
        self.attempts = 0
        self.quick: Callable[..., Any] | None = None
        self.made = 0
        self.replays = 0


class Compiled(Wrapper):
    """A step that is replayed. Call it as the function it was made of; see `compile`."""

    def __init__(self, step: Callable[..., Any], *, explain: bool, verify: bool) -> None:
        functools.update_wrapper(self, step, updated=())
        self.step = step
        self._talks = explain
        self._verifies = verify
        self._kinds: dict[Any, Kind] = {}
        self._reasons: Counter[str] = Counter()
        self._lock = threading.RLock()
        self._quick: Callable[..., Any] | None = None
        self._arity = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        quick = self._quick
        if quick is not None and not kwargs and len(args) == self._arity:
            result = quick(*args)
            if result is not MISS:
                return result
        return self._call(args, kwargs)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        return self if owner is None else functools.partial(self, owner)

    # --- one call ---

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if current.recorder is not None:  # a step in a step is part of it
            return self.step(*args, **kwargs)
        reason = _mode_problem()
        if reason is not None:
            return self._eager(reason, args, kwargs)
        with self._lock:
            try:
                key, given = key_of(args, kwargs)
            except CannotReplay as problem:
                return self._eager(str(problem), args, kwargs)
            kind = self._kinds.get(key)
            if kind is None:
                if len(self._kinds) >= KINDS:
                    return self._eager(f"there are {KINDS} kinds of calls already", args, kwargs)
                kind = self._kinds[key] = Kind(label_of(given.tensors))
            if kind.verdict is not None:
                return self._eager(kind.verdict, args, kwargs)
            return self._recorded(kind, given, args, kwargs)

    def _recorded(
        self, kind: Kind, given: Given, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Replay if all is as it was; else run eagerly, watched."""
        if kind.plan is not None and kind.plan.running:
            return self._eager("it is called within itself", args, kwargs)
        tensors = given.tensors
        changed = None if kind.watch is None else kind.watch.problem()
        plan = kind.plan
        if plan is not None:
            changed = changed or plan.problem()
            if changed is None and plan.fits_tensors(tensors):
                if self._verifies:
                    result = verified(plan, self.step, tensors, args, kwargs)
                else:
                    result = plan.replay_tensors(tensors)
                kind.replays += 1
                if not self._verifies:
                    self._choose_quick(kind, plan, len(args))
                return result
            kind.replays += plan.quick
            kind.quick, kind.made = None, 0
        if kind.attempts and changed is not None:
            self._note(f"{changed}: recorded again")
        confirming = kind.first is not None and changed is None
        known = set() if kind.watch is None else kind.watch.ran
        kind.attempts += 1
        recorder = Recorder(tensors)
        first, kind.first, kind.plan, self._quick = kind.first, None, None, None
        result = recorder.record(self.step, args, kwargs)
        try:
            program = recorder.program(result)
            selves = list(recorder.selves.values())
            watch = Watch(self.step, recorder.codes, selves, given.objects)
            check_origins(program, watch, tensors)
        except CannotReplay as reason:
            kind.verdict = str(reason)
            self._note(kind.verdict)
            return result
        if confirming and first is not None and kind.watch is not None:
            changed = kind.watch.problem() or (
                None if recorder.codes <= known else "it took another way through the code"
            )
            different = first_difference(first, program)
            if changed is None and different is None:
                kind.plan = Plan(program, watch, tensors, args, kwargs)
                kind.watch = watch
                self._say(f"recorded {kind.label}: {len(program.instructions)} instructions")
                return detached(result)
            if changed is None and different is not None:
                self._note(different)
        kind.first, kind.watch = program, watch
        if kind.attempts >= ATTEMPTS:
            kind.verdict = f"given up after {ATTEMPTS} recordings: {changed or 'it keeps changing'}"
            self._note(kind.verdict)
        return result

    def _choose_quick(self, kind: Kind, plan: Plan, arity: int) -> None:
        """Take the quick function of this kind; make it anew if it was tried and missed."""
        tried = kind.quick is not None and self._quick is kind.quick
        if (kind.quick is None or tried) and kind.made < REMADE:
            kind.quick = quick(plan, self._lock)
            kind.made += 1
        self._quick, self._arity = kind.quick, arity

    def _eager(self, reason: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._note(reason)
        return self.step(*args, **kwargs)

    # --- telling ---

    def _note(self, reason: str) -> None:
        new = reason not in self._reasons
        self._reasons[reason] += 1
        if new:
            self._say(f"eager: {reason}")

    def _say(self, text: str) -> None:
        if self._talks:
            sys.stderr.write(f"compile({getattr(self.step, '__name__', 'step')}): {text}\n")

    @property
    def fallbacks(self) -> dict[str, int]:
        """Why calls ran eagerly although they might have been replayed -> how many."""
        return dict(self._reasons)

    @property
    def replays(self) -> int:
        """How many calls were replayed."""
        return sum(
            kind.replays + (0 if kind.plan is None else kind.plan.quick)
            for kind in self._kinds.values()
        )

    def explain(self) -> str:
        """What each kind of call became, what was fused, and why calls ran eagerly."""
        lines = [f"compile({getattr(self.step, '__name__', 'step')})"]
        for kind in self._kinds.values():
            state = "waiting for a second call" if kind.plan is None else "replayed"
            lines.append(f"  {kind.label}: {(kind.verdict and 'eager') or state}")
            if kind.plan is not None:
                lines += [f"    {line}" for line in kind.plan.describe()]
        if self._reasons:
            lines.append("  ran eagerly because")
            lines += [f"    {count} x {reason}" for reason, count in self._reasons.items()]
        return "\n".join(lines)


def _mode_problem() -> str | None:
    if anomaly.mode.enabled:
        return "anomaly mode is on"
    if grad_mode.pack_hooks:
        return "hooks on saved tensors are set"
    if sys.getprofile() is not None:
        return "a profiler is running, and recording needs its place"
    return None


# --- kinds of calls -------------------------------------------------------------------------------


@dataclass
class Given:
    """What is among the arguments: Tensors, in order, and objects that the step may look into."""

    tensors: list[Tensor] = field(default_factory=list)
    objects: list[Any] = field(default_factory=list)


def key_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Given]:
    """What makes two calls the same kind, and what is among the arguments."""
    given = Given()
    mode = (grad_mode.wanted, grad_mode.inference, get_default_dtype())
    return (mode, _key(args, given), _key(kwargs, given)), given


def _key(value: Any, given: Given) -> Any:
    kind = type(value)
    if isinstance(value, Tensor):
        return _key_of_tensor(value, given.tensors)
    if kind in (tuple, list):
        return (kind, *[_key(v, given) for v in value])
    if kind is dict:
        return (kind, *[(key, _key(v, given)) for key, v in value.items()])
    if isinstance(value, PRIMITIVES):
        return (kind, repr(value))
    given.objects.append(value)
    return ("object", id(value), _Held(value))


def _key_of_tensor(value: Tensor, tensors: list[Tensor]) -> Any:
    if value.grad_fn is not None or value.requires_grad:
        raise CannotReplay("an argument requires grad")
    if value.__dict__:
        raise CannotReplay("an argument has attributes of its own")
    for k, other in enumerate(tensors):
        if other.array is value.array:
            tensors.append(value)
            return ("the same as", k, other is value)
    tensors.append(value)
    array = value.array
    return (Tensor, array.shape, array.dtype, array.strides, value._writes.counts)


class _Held:
    """Keeps an object alive as long as a key with its id is used."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def label_of(tensors: list[Tensor]) -> str:
    """A kind of call as explain() shows it."""
    shown = [f"{t.dtype}{list(t.shape)}".removeprefix("torch.") for t in tensors]
    return f"({', '.join(shown)})"


def check_origins(program: Program, watch: Watch, arguments: list[Tensor]) -> None:
    """Every Tensor that outlives the step must be one that is watched."""
    for _, t in program.lives:
        if id(t) not in watch.tensors and not any(
            t is p for o in watch.optimizers for g in o.param_groups for p in g["params"]
        ):
            raise CannotReplay("it uses a tensor that no variable of the step names")
    for t in arguments:
        if id(t) in watch.tensors:
            raise CannotReplay("an argument is also a variable that the step names")


def detached(result: Any) -> Any:
    """`result` as a replay gives it: Tensors without the graph that backward has used up."""
    if isinstance(result, Tensor):
        return result if result.grad_fn is None else result.detach()
    if type(result) in (tuple, list):
        return type(result)([detached(v) for v in result])
    if type(result) is dict:
        return {key: detached(v) for key, v in result.items()}
    return result
