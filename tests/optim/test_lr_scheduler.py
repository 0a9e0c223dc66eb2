"""Schedules are PyTorch's, bit for bit, with its warnings, errors and state dicts."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

import minitorch_clf
from tests.nn.twin import same

Make = Callable[[Any, Any], Any]


def optimizer_of(t: Any, name: str = "SGD", lr: Any = 0.1, groups: int = 2, **options: Any) -> Any:
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


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule(name: str, optimizer: str) -> None:
    def program(t: Any) -> Any:
        o = optimizer_of(t, optimizer)
        schedule = SCHEDULES[name](t, o)
        seen = [[rates(o), schedule.get_last_lr()]]
        for _ in range(24):
            o.step()
            schedule.step()
            seen.append([rates(o), schedule.get_last_lr(), getattr(schedule, "last_epoch", None)])
        return seen, values(schedule.state_dict()), o.state_dict()

    same(program)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_goes_on_from_its_state_dict(name: str) -> None:
    def program(t: Any) -> Any:
        def fresh() -> tuple[Any, Any]:
            o = optimizer_of(t)
            return o, SCHEDULES[name](t, o)

        o, schedule = fresh()
        for _ in range(8):
            o.step()
            schedule.step()
        again, resumed = fresh()
        again.load_state_dict(o.state_dict())
        resumed.load_state_dict(copy.deepcopy(schedule.state_dict()))
        seen = []
        for _ in range(8):
            again.step()
            resumed.step()
            seen.append(rates(again))
        return seen, values(resumed.state_dict())

    same(program)


SINGLE = [name for name in SCHEDULES if not name.startswith(("sequential", "chained"))]


@pytest.mark.parametrize("name", SINGLE)
def test_stepping_to_an_epoch_uses_the_closed_form(name: str) -> None:
    def program(t: Any) -> Any:
        o = optimizer_of(t)
        schedule = SCHEDULES[name](t, o)
        seen = []
        for epoch in (1, 7, 2, 20, 0):
            o.step()
            schedule.step(epoch)
            seen.append(rates(o))
        return seen

    same(program)


RESUMABLE = {
    "StepLR": (3,),
    "MultiStepLR": ([2, 5],),
    "ConstantLR": (),
    "LinearLR": (),
    "ExponentialLR": (0.9,),
    "PolynomialLR": (9,),
    "CosineAnnealingLR": (5,),
    "CosineAnnealingWarmRestarts": (5,),
    "LambdaLR": (Inverse(0.1),),
    "MultiplicativeLR": (Inverse(0.1),),
    "OneCycleLR": (0.5, 30),
    "CyclicLR": (0.1, 0.5, 3),
}


@pytest.mark.parametrize("name", RESUMABLE)
def test_resuming_by_last_epoch(name: str) -> None:
    def program(t: Any) -> Any:
        make = getattr(t.optim.lr_scheduler, name)
        o = optimizer_of(t, momentum=0.9)
        schedule = make(o, *RESUMABLE[name])
        for _ in range(4):
            o.step()
            schedule.step()
        schedule = make(o, *RESUMABLE[name], last_epoch=4)
        seen = [rates(o)]
        for _ in range(8):
            o.step()
            schedule.step()
            seen.append(rates(o))
        return seen

    same(program)
    unprepared = scheduler(name, *RESUMABLE[name], last_epoch=2)
    same(lambda t: unprepared(t, optimizer_of(t)))


def test_t82_schedules_are_recursive() -> None:
    o = optimizer_of(minitorch_clf, groups=1)
    schedule = minitorch_clf.optim.lr_scheduler.ExponentialLR(o, 0.9)
    for _ in range(5):
        o.step()
        schedule.step()
    assert schedule.get_last_lr() == [0.05904900000000002]
    assert schedule.get_last_lr() != [0.1 * 0.9**5]


def test_a_tensor_rate_is_written_into() -> None:
    def program(t: Any) -> Any:
        seen = []
        for name in ("step", "cosine", "linear", "lambda", "sequential", "restarts"):
            lr = t.tensor(0.5)
            o = t.optim.SGD([t.zeros(1, requires_grad=True)], lr=lr)
            make = SCHEDULES[name]
            schedule = make(t, o)
            for _ in range(6):
                o.step()
                schedule.step()
            last = schedule.get_last_lr()[0]
            seen.append([lr, o.param_groups[0]["lr"] is lr, last, last is lr])
        return seen

    same(program)


# --- a metric that no longer improves -------------------------------------------------------------

plateaus = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["min", "max"]),
        "factor": st.sampled_from([0.1, 0.5, 0.99]),
        "patience": st.integers(0, 3),
        "threshold": st.sampled_from([1e-4, 0.1]),
        "threshold_mode": st.sampled_from(["rel", "abs"]),
        "cooldown": st.integers(0, 2),
        "min_lr": st.sampled_from([0, 0.05, [0.01, 0.02]]),
        "eps": st.sampled_from([1e-8, 1e-2]),
    }
)


@given(options=plateaus, metrics=st.lists(st.sampled_from([1.0, 0.99, 0.5, 2.0, float("nan")])))
def test_reduce_on_plateau(options: dict[str, Any], metrics: list[float]) -> None:
    def program(t: Any) -> Any:
        o = optimizer_of(t)
        schedule = t.optim.lr_scheduler.ReduceLROnPlateau(o, **options)
        seen = []
        for metric in metrics:
            schedule.step(t.tensor(metric) if metric < 1 else metric)
            seen.append([rates(o), schedule.get_last_lr()])
        state = schedule.state_dict()
        t.optim.lr_scheduler.ReduceLROnPlateau(o).load_state_dict(state)
        return seen, values(state)

    same(program)


def test_reduce_on_plateau_and_new_groups() -> None:
    def program(t: Any, min_lr: Any) -> Any:
        o = optimizer_of(t)
        schedule = t.optim.lr_scheduler.ReduceLROnPlateau(o, patience=0, min_lr=min_lr)
        o.add_param_group({"params": t.ones(1)})
        for epoch in range(3):
            schedule.step(1.0, epoch)
        return rates(o)

    same(lambda t: program(t, 0.01))
    same(lambda t: program(t, [0.01, 0.02]))


# --- warnings and errors --------------------------------------------------------------------------


def test_t83_the_optimizer_steps_first() -> None:
    def before(t: Any) -> None:
        o = optimizer_of(t)
        schedule = STEPS(t, o)
        schedule.step()
        schedule.step()

    def stepped_before_it_was_scheduled(t: Any) -> None:
        o = optimizer_of(t)
        o.step()
        STEPS(t, o).step()

    def two_schedulers(t: Any) -> None:
        o = optimizer_of(t)
        first = STEPS(t, o)
        o.step()
        DECAY(t, o).step()
        first.step()

    def overridden(t: Any) -> None:
        o = optimizer_of(t)
        schedule = STEPS(t, o)
        o.step = lambda: None
        schedule.step()

    for program in (before, stepped_before_it_was_scheduled, two_schedulers, overridden):
        same(program)


def test_get_lr_is_not_for_looking() -> None:
    same(lambda t: [STEPS(t, optimizer_of(t)).get_lr() for _ in range(2)])
    same(lambda t: SCHEDULES["cosine"](t, optimizer_of(t)).get_lr())


def test_a_scheduler_of_ones_own() -> None:
    def program(t: Any) -> Any:
        class Halving(t.optim.lr_scheduler.LRScheduler):  # type: ignore[misc, name-defined]
            def get_lr(self) -> list[Any]:
                return [base_lr / 2**self.last_epoch for base_lr in self.base_lrs]

        o = optimizer_of(t)
        schedule = Halving(o)
        seen = [rates(o)]
        for epoch in (None, None, 5):
            o.step()
            schedule.step(epoch)
            seen.append(rates(o))
        return seen

    same(program)


ERRORS: dict[str, Callable[[Any], Any]] = {
    "not an optimizer": lambda t: t.optim.lr_scheduler.StepLR(3, 1),
    "not an optimizer, plateau": lambda t: t.optim.lr_scheduler.ReduceLROnPlateau("SGD"),
    "not an optimizer, cycle": lambda t: t.optim.lr_scheduler.OneCycleLR(None, 1.0, 5),
    "abstract": lambda t: t.optim.lr_scheduler.LRScheduler(optimizer_of(t)),
    "negative epoch": lambda t: SCHEDULES["restarts"](t, optimizer_of(t)).step(-1),
    "too far": lambda t: SCHEDULES["one cycle"](t, optimizer_of(t)).step(26),
    "no parts": lambda t: t.optim.lr_scheduler.ChainedScheduler([]),
    "no parts, sequential": lambda t: t.optim.lr_scheduler.SequentialLR(optimizer_of(t), [], []),
    "not a part": lambda t: t.optim.lr_scheduler.SequentialLR(optimizer_of(t), [3], []),
    "new group": lambda t: _with_new_group(t, "lambda"),
    "new group, recursive": lambda t: _with_new_group(t, "step"),
}

BAD_OPTIONS: dict[str, Make] = {
    "lambdas": scheduler("LambdaLR", [abs]),
    "multiplicatives": scheduler("MultiplicativeLR", [abs]),
    "no function": scheduler("MultiplicativeLR", 3),
    "constant": scheduler("ConstantLR", 1.5),
    "linear start": scheduler("LinearLR", 0),
    "linear end": scheduler("LinearLR", 0.5, 2.0),
    "T_0": scheduler("CosineAnnealingWarmRestarts", 0),
    "T_0 type": scheduler("CosineAnnealingWarmRestarts", 2.5),
    "T_mult": scheduler("CosineAnnealingWarmRestarts", 2, 0),
    "eta_min": scheduler("CosineAnnealingWarmRestarts", 2, 1, "0"),
    "total steps": scheduler("OneCycleLR", 1.0, 0),
    "total steps type": scheduler("OneCycleLR", 1.0, 2.5),
    "no steps": scheduler("OneCycleLR", 1.0, epochs=3),
    "epochs": scheduler("OneCycleLR", 1.0, epochs=0, steps_per_epoch=2),
    "steps": scheduler("OneCycleLR", 1.0, epochs=1, steps_per_epoch=-2),
    "pct_start": scheduler("OneCycleLR", 1.0, 9, pct_start=2.0),
    "pct_start type": scheduler("OneCycleLR", 1.0, 9, pct_start=1),
    "anneal": scheduler("OneCycleLR", 1.0, 9, anneal_strategy="exp"),
    "max_lrs": scheduler("OneCycleLR", [1.0], 9),
    "cyclic mode": scheduler("CyclicLR", 0.1, 1.0, mode="square"),
    "cyclic base_lrs": scheduler("CyclicLR", [0.1], 1.0),
    "cyclic momenta": scheduler("CyclicLR", 0.1, 1.0, max_momentum=[0.9]),
    "factor": scheduler("ReduceLROnPlateau", factor=1.0),
    "mode": scheduler("ReduceLROnPlateau", "best"),
    "threshold mode": scheduler("ReduceLROnPlateau", threshold_mode=""),
    "min_lrs": scheduler("ReduceLROnPlateau", min_lr=[1.0]),
    "milestones": sequential(STEPS, DECAY, milestones=[]),
    "plateau": chained(STEPS, scheduler("ReduceLROnPlateau")),
    "another optimizer": sequential(STEPS, lambda t, o: DECAY(t, optimizer_of(t)), milestones=[3]),
}


def _with_new_group(t: Any, name: str) -> Any:
    o = optimizer_of(t)
    schedule = SCHEDULES[name](t, o)
    o.add_param_group({"params": t.ones(1)})
    for _ in range(3):
        o.step()
        schedule.step()
    return rates(o)


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    same(ERRORS[name])


@pytest.mark.parametrize("name", BAD_OPTIONS)
def test_bad_options(name: str) -> None:
    same(lambda t: BAD_OPTIONS[name](t, optimizer_of(t)))
