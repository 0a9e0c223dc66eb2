"""Learning rates over 24 epochs: every rate, and the state dicts in the end, bit for bit."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from reference.parity.case import ErrorCase, OpCase

Make = Callable[[Any, Any], Any]
"""make(t, optimizer) -> scheduler"""


def optimizer_of(t: Any, name: str = "SGD", lr: Any = 0.1, groups: int = 2, **options: Any) -> Any:
    """An optimizer of one parameter per group; the second group has a rate of its own."""
    params = [{"params": [t.zeros(1, requires_grad=True)]} for _ in range(groups)]
    if groups > 1:
        params[1]["lr"] = lr * 0.3
    return getattr(t.optim, name)(params, lr=lr, **options)


class Inverse:
    """A callable with attributes, which state dicts keep."""

    def __init__(self, slope: float) -> None:
        self.slope = slope

    def __call__(self, epoch: int) -> float:
        return 1 / (1 + self.slope * epoch)


def scheduler(name: str, *args: Any, **options: Any) -> Make:
    return lambda t, o: getattr(t.optim.lr_scheduler, name)(o, *args, **options)


def sequential(*makes: Make, milestones: list[int]) -> Make:
    return lambda t, o: t.optim.lr_scheduler.SequentialLR(
        o, [make(t, o) for make in makes], milestones
    )


def chained(*makes: Make) -> Make:
    return lambda t, o: t.optim.lr_scheduler.ChainedScheduler([make(t, o) for make in makes])


STEPS = scheduler("StepLR", 3, gamma=0.7)
DECAY = scheduler("ExponentialLR", 0.9)
WARM_UP = scheduler("LinearLR", 0.1, total_iters=4)
SCHEDULES: dict[str, Make] = {
    "lambda": scheduler("LambdaLR", lambda epoch: 0.95**epoch),
    "lambdas": scheduler("LambdaLR", [Inverse(0.1), lambda epoch: epoch // 3]),
    "multiplicative": scheduler("MultiplicativeLR", lambda epoch: 0.95),
    "multiplicatives": scheduler("MultiplicativeLR", [Inverse(0.1), lambda epoch: 0.9]),
    "step": STEPS,
    "multi step": scheduler("MultiStepLR", [2, 5, 5, 9], gamma=0.3),
    "constant": scheduler("ConstantLR", factor=0.3, total_iters=4),
    "linear": scheduler("LinearLR", 0.3, 0.9, 7),
    "linear, defaults": scheduler("LinearLR"),
    "exponential": DECAY,
    "polynomial": scheduler("PolynomialLR", 9, 1.7),
    "polynomial, defaults": scheduler("PolynomialLR"),
    "cosine": scheduler("CosineAnnealingLR", 5, eta_min=0.003),
    "cosine, one epoch": scheduler("CosineAnnealingLR", 1),
    "restarts": scheduler("CosineAnnealingWarmRestarts", 3),
    "restarts, longer": scheduler("CosineAnnealingWarmRestarts", 2, 3, 0.001),
    "one cycle": scheduler("OneCycleLR", 0.5, total_steps=25),
    "one cycle, linear": scheduler("OneCycleLR", [0.5, 1.0], epochs=5, steps_per_epoch=5,
                                   anneal_strategy="linear", three_phase=True),
    "one cycle, no momentum": scheduler("OneCycleLR", 0.5, 25, pct_start=0.0, cycle_momentum=False,
                                        div_factor=3.0, final_div_factor=7.0),
    "cyclic": scheduler("CyclicLR", 0.1, 0.7, 4),
    "cyclic, halved": scheduler("CyclicLR", [0.1, 0.2], [0.7, 0.9], 3, 5, "triangular2",
                                base_momentum=0.3, max_momentum=[0.9, 0.8]),
    "cyclic, decaying": scheduler("CyclicLR", 0.1, 0.7, 4, mode="exp_range", gamma=0.97,
                                  cycle_momentum=False),
    "cyclic, own scale": scheduler("CyclicLR", 0.1, 0.7, 4, scale_fn=Inverse(0.2)),
    "cyclic, own scale of steps": scheduler("CyclicLR", 0.1, 0.7, 4, scale_mode="iterations",
                                            scale_fn=lambda step: 0.9**step),
    "sequential": sequential(WARM_UP, DECAY, milestones=[5]),
    "sequential of three": sequential(
        WARM_UP, scheduler("CosineAnnealingLR", 7), STEPS, milestones=[3, 11]
    ),
    "sequential from the second": sequential(WARM_UP, DECAY, milestones=[0]),
    "sequential of restarts": sequential(
        DECAY, scheduler("CosineAnnealingWarmRestarts", 4), milestones=[6]
    ),
    "chained": chained(WARM_UP, DECAY),
    "chained of sequential": chained(sequential(WARM_UP, STEPS, milestones=[4]), DECAY),
    "sequential of chained": sequential(chained(WARM_UP, DECAY), STEPS, milestones=[4]),
}  # fmt: skip


def rates(optimizer: Any) -> list[list[Any]]:
    """What schedulers change in each group."""
    keys = ("lr", "momentum", "betas", "initial_lr")
    return [[group[key] for key in keys if key in group] for group in optimizer.param_groups]


def values(state: dict[str, Any]) -> dict[str, Any]:
    """A scheduler's state dict, copied, without the order of its keys."""
    return dict(sorted(copy.deepcopy(state).items()))


def _every_epoch(make: Make, name: str) -> Callable[[Any], Any]:
    """The rates before the first epoch and after each, and both state dicts."""

    def fn(t: Any) -> Any:
        o = optimizer_of(t, name)
        schedule = make(t, o)
        seen = [[rates(o), schedule.get_last_lr()]]
        for _ in range(24):
            o.step()
            schedule.step()
            seen.append([rates(o), schedule.get_last_lr(), getattr(schedule, "last_epoch", None)])
        return [seen, _plain(values(schedule.state_dict())), o.state_dict()]

    return fn


def _plain(state: Any) -> Any:
    """Counters as dicts and functions as their names, so that two engines can be compared."""
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    if isinstance(state, list):
        return [_plain(value) for value in state]
    return type(state).__name__ if callable(state) else state


def _plateau(mode: str, **options: Any) -> Callable[[Any], Any]:
    """A metric that falls, stays, rises, and is once not a number."""
    metrics = (1.0, 0.5, 0.5, 0.49999, 0.5, float("nan"), 0.7, 0.2, 0.2, 0.2, 0.2, 0.2)

    def fn(t: Any) -> Any:
        o = optimizer_of(t)
        schedule = t.optim.lr_scheduler.ReduceLROnPlateau(o, mode, **options)
        seen = []
        for metric in metrics:
            schedule.step(t.tensor(metric))
            seen.append([rates(o), schedule.get_last_lr()])
        return [seen, _plain(values(schedule.state_dict()))]

    return fn


def _goes_on(t: Any) -> Any:
    """Each schedule from the state dict of another that took eight epochs."""
    seen = {}
    for name, make in SCHEDULES.items():
        o = optimizer_of(t)
        schedule = make(t, o)
        for _ in range(8):
            o.step()
            schedule.step()
        again = optimizer_of(t)
        resumed = make(t, again)
        again.load_state_dict(o.state_dict())
        resumed.load_state_dict(copy.deepcopy(schedule.state_dict()))
        again.step()
        resumed.step()
        seen[name] = rates(again)
    return seen


def _too_early(t: Any) -> Any:
    o = optimizer_of(t)
    schedule = STEPS(t, o)
    schedule.step()
    return [rates(o)]


CASES = (
    *(
        OpCase(
            f"T82 {name}" if name == "exponential" else name,
            _every_epoch(make, "SGD"),
            gradient=False,
        )
        for name, make in SCHEDULES.items()
    ),
    *(
        OpCase(f"{name} of Adam", _every_epoch(SCHEDULES[name], "Adam"), gradient=False)
        for name in ("step", "one cycle", "cyclic, own scale", "chained")
    ),
    OpCase("plateau", _plateau("min", patience=1), gradient=False),
    OpCase(
        "plateau, cooldown",
        _plateau("min", factor=0.5, patience=0, cooldown=2, min_lr=0.01),
        gradient=False,
    ),
    OpCase(
        "plateau, absolute",
        _plateau("max", patience=2, threshold=0.1, threshold_mode="abs"),
        gradient=False,
    ),
    OpCase("T81 on from a state dict", _goes_on, gradient=False),
    OpCase("T83 before its optimizer", _too_early, gradient=False),
)

_MISTAKES: dict[str, Callable[[Any], Any]] = {
    "no optimizer": lambda t: t.optim.lr_scheduler.StepLR(3, 1),
    "no parts": lambda t: t.optim.lr_scheduler.ChainedScheduler([]),
    "a negative epoch": lambda t: SCHEDULES["restarts"](t, optimizer_of(t)).step(-1),
    "one cycle too far": lambda t: SCHEDULES["one cycle"](t, optimizer_of(t)).step(26),
    "a number of functions": lambda t: scheduler("LambdaLR", [abs])(t, optimizer_of(t)),
    "factor of ConstantLR": lambda t: scheduler("ConstantLR", 1.5)(t, optimizer_of(t)),
    "T_0": lambda t: scheduler("CosineAnnealingWarmRestarts", 0)(t, optimizer_of(t)),
    "a plateau's factor": lambda t: scheduler("ReduceLROnPlateau", factor=1.0)(t, optimizer_of(t)),
    "a plateau's mode": lambda t: scheduler("ReduceLROnPlateau", "best")(t, optimizer_of(t)),
    "milestones": lambda t: sequential(STEPS, DECAY, milestones=[])(t, optimizer_of(t)),
}

ERRORS = tuple(ErrorCase(name, program) for name, program in _MISTAKES.items())
