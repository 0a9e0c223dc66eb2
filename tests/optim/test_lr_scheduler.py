"""Schedules are PyTorch's, bit for bit, with its warnings, errors and state dicts."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

import minitorch_clf
from reference.parity.cases.schedulers import (
    DECAY,
    SCHEDULES,
    STEPS,
    Inverse,
    Make,
    chained,
    optimizer_of,
    rates,
    scheduler,
    sequential,
    values,
)
from tests.nn.twin import same


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule_of_adam(name: str) -> None:
    """With SGD, the case table has them all."""

    def program(t: Any) -> Any:
        o = optimizer_of(t, "Adam")
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
