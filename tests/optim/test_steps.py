"""Every step of every optimizer has PyTorch's bits: in the weights, and in the state."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis.extra.numpy import array_shapes

import minitorch_clf
from minitorch_clf.kernels.sqrt import BLOCK
from reference.parity.ulp import ulp_distance

AS_PYTHON = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"
FLOATS = ("float32", "float64")
LAYOUTS = ("contiguous", "transposed", "strided")


class Run(NamedTuple):
    """Some steps of an optimizer on one parameter: all that both engines must be told."""

    optimizer: str
    options: dict[str, Any]
    shape: tuple[int, ...] = (3, 4)
    dtype: str = "float32"
    layout: str = "contiguous"
    steps: int = 4
    special: bool = False
    seed: int = 0


def values(run: Run, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Random values of many magnitudes; if special, also zeros, infinities, nans, subnormals."""
    x = rng.standard_normal(run.shape) * 10.0 ** rng.uniform(-3, 2, run.shape)
    x = np.asarray(x, run.dtype)
    if run.special:
        limits = np.finfo(run.dtype)
        corners = [0.0, -0.0, np.inf, -np.inf, np.nan, limits.max, limits.tiny, 1e-30, 1e30]
        corners += [limits.smallest_subnormal, -37 * limits.smallest_subnormal]
        x = np.where(rng.random(run.shape) < 0.3, rng.choice(corners, run.shape), x)
    return np.asarray(x, run.dtype)


def laid_out(t: Any, x: np.ndarray[Any, Any], layout: str) -> Any:
    """A tensor with the values of x whose elements lie in memory in the given way."""
    if x.ndim == 0:
        return t.tensor(x)
    if layout == "transposed":
        return t.tensor(x.T.copy()).permute(*reversed(range(x.ndim)))
    if layout == "strided":
        return t.tensor(np.repeat(x, 2, axis=-1))[..., ::2]
    return t.tensor(x)


def trained(t: Any, run: Run) -> dict[str, np.ndarray[Any, Any]]:
    """The parameter, its gradient and its state after the run."""
    rng = np.random.default_rng(run.seed)
    p = laid_out(t, values(run, rng), run.layout).requires_grad_()
    optimizer = getattr(t.optim, run.optimizer)([p], **run.options)
    for _ in range(run.steps):
        p.grad = laid_out(t, values(run, rng), run.layout)
        optimizer.step()
    results = {"param": p.detach(), "grad": p.grad, **optimizer.state[p]}
    return {name: np.array(value.numpy()) for name, value in results.items()}


def same_bits(ours: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any]) -> bool:
    integer = np.int32 if theirs.dtype == np.float32 else np.int64
    both_nan = np.isnan(ours) & np.isnan(theirs)
    return bool(np.all((ours.view(integer) == theirs.view(integer)) | both_nan))


def check(run: Run) -> None:
    ours, theirs = trained(minitorch_clf, run), trained(torch, run)
    assert list(ours) == list(theirs)
    for name, expected in theirs.items():
        actual = ours[name]
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape), name
        if AS_PYTHON and run.optimizer != "SGD":
            # MKL's square root cannot be had in Python: 1 ulp off per step on some processors,
            # and with special values that can be the step from the largest number to infinity. The
            # centered second moment can be the difference of two equal numbers, and its root then
            # nothing but such ulps, or nan.
            if not (run.special or run.options.get("centered")):
                scale = np.max(np.abs(expected), initial=0)
                assert np.all(np.abs(actual - expected) <= 1e-5 * scale), name
        elif 0.0 in (run.options.get("betas", (1,))[0], run.options.get("alpha", 1)):
            # The sign of a zero differs between PyTorch's vector loop and its scalar tail.
            assert np.max(ulp_distance(expected, actual), initial=0) == 0, name
        else:
            assert same_bits(actual, expected), f"{name}\n{actual}\nPyTorch\n{expected}"


runs = {
    "shape": st.one_of(st.just(()), array_shapes(max_dims=3, min_side=0, max_side=9)),
    "dtype": st.sampled_from(FLOATS),
    "layout": st.sampled_from(LAYOUTS),
    "steps": st.integers(1, 6),
    "special": st.booleans(),
    "seed": st.integers(0, 2**32 - 1),
}
rates = st.sampled_from([0.1, 1e-3, 0.0, 1])
decays = st.sampled_from([0, 0.01, 0.5])


@st.composite
def sgd_options(draw: st.DrawFn) -> dict[str, Any]:
    momentum = draw(st.sampled_from([0, 0.5, 0.9, 1]))
    nesterov = momentum > 0 and draw(st.booleans())
    return {
        "lr": draw(rates),
        "momentum": momentum,
        "dampening": 0 if nesterov else draw(st.sampled_from([0, 0.1, 0.5, 1])),
        "weight_decay": draw(decays),
        "nesterov": nesterov,
        "maximize": draw(st.booleans()),
        # with nesterov, PyTorch's foreach overwrites p.grad, which we compare
        "foreach": draw(st.sampled_from([None, False] if nesterov else [None, False, True])),
    }


adam_options = st.fixed_dictionaries(
    {
        "lr": rates,
        "betas": st.tuples(
            st.sampled_from([0.9, 0.5, 0.3, 0.0]), st.sampled_from([0.999, 0.5, 0.0])
        ),
        "eps": st.sampled_from([1e-8, 1e-3, 0]),
        "weight_decay": decays,
        "amsgrad": st.booleans(),
        "maximize": st.booleans(),
        "foreach": st.sampled_from([None, False, True]),
    }
)


@given(options=sgd_options(), **runs)
def test_sgd(options: dict[str, Any], **how: Any) -> None:
    check(Run("SGD", options, **how))


@given(optimizer=st.sampled_from(["Adam", "AdamW"]), options=adam_options, **runs)
def test_adam_and_adamw(optimizer: str, options: dict[str, Any], **how: Any) -> None:
    check(Run(optimizer, options, **how))


betas = st.tuples(st.sampled_from([0.9, 0.5, 0.3, 0.0]), st.sampled_from([0.999, 0.5, 0.0]))
common: dict[str, st.SearchStrategy[Any]] = {
    "lr": rates,
    "eps": st.sampled_from([1e-8, 1e-3, 0]),
    "weight_decay": decays,
    "maximize": st.booleans(),
}
any_loop = {"foreach": st.sampled_from([None, False, True])}
one_loop = {
    "foreach": st.sampled_from([None, False]),
    "betas": betas,
    "decoupled_weight_decay": st.booleans(),
}
RULES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "RMSprop": {
        "alpha": st.sampled_from([0.99, 0.5, 0.3, 0.0]),
        "momentum": st.sampled_from([0, 0.9]),
        "centered": st.booleans(),
        **any_loop,
    },
    "Adagrad": {
        "lr_decay": st.sampled_from([0, 0.1]),
        "initial_accumulator_value": st.sampled_from([0, 0.1]),
        **any_loop,
    },
    "Adadelta": {"rho": st.sampled_from([0.9, 0.5, 0.0, 1]), **any_loop},
    "Adamax": {"betas": betas, **any_loop},
    "NAdam": {"momentum_decay": st.sampled_from([4e-3, 0, 0.5]), **one_loop},
    "RAdam": one_loop,
}


@pytest.mark.parametrize("optimizer", RULES)
@given(data=st.data(), **runs)
def test_other_rules(optimizer: str, data: st.DataObject, **how: Any) -> None:
    options = data.draw(st.fixed_dictionaries({**common, **RULES[optimizer]}))
    check(Run(optimizer, options, **how))


OPTIONS = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01},
    "Adam": {"weight_decay": 0.01},
    "AdamW": {"amsgrad": True},
    "RMSprop": {"centered": True, "momentum": 0.5, "alpha": 0.4},
    "Adagrad": {"lr_decay": 0.1, "weight_decay": 0.01},
    "Adadelta": {"weight_decay": 0.01},
    "Adamax": {"weight_decay": 0.01},
    "NAdam": {"weight_decay": 0.01, "decoupled_weight_decay": True},
    "RAdam": {"weight_decay": 0.01, "decoupled_weight_decay": True},
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("optimizer", OPTIONS)
def test_vector_loops_and_their_tails(optimizer: str, dtype: str) -> None:
    """PyTorch's loops take 8 or 16 numbers at once and then the rest; ours, blocks."""
    for n in [*range(41), BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5]:
        check(Run(optimizer, OPTIONS[optimizer], (n,), dtype, seed=n))


@pytest.mark.parametrize("optimizer", OPTIONS)
def test_many_steps(optimizer: str) -> None:
    check(Run(optimizer, OPTIONS[optimizer], (17, 3), steps=500))


@pytest.mark.parametrize("optimizer", ["Adam", "AdamW"])
def test_moments_that_decay_into_subnormals(optimizer: str) -> None:
    """They are kept, as PyTorch keeps them: one gradient, then 1,000 times zero."""
    results = []
    for t in (minitorch_clf, torch):
        p = t.tensor([1.0, 2.0, 3.0], requires_grad=True)
        adam = getattr(t.optim, optimizer)([p], betas=(0.9, 0.9))
        p.grad = t.tensor([1.0, 1e-3, 1e3])
        adam.step()
        for _ in range(850):
            p.grad = t.zeros(3)
            adam.step()
        state = adam.state[p]
        results.append([np.array(x.numpy()) for x in (p.detach(), *state.values())])
    tiny = np.finfo(np.float32).tiny
    assert np.any((results[0][2] > 0) & (results[0][2] < tiny))
    for name, ours, theirs in zip(
        ("param", "step", "exp_avg", "exp_avg_sq"), *results, strict=True
    ):
        assert same_bits(ours, theirs) or (AS_PYTHON and name == "param"), name


# --- T68 to T80, each with its number -------------------------------------------------------------


def stepped(
    grads: list[float], optimizer: str = "SGD", start: float = 0.0, **options: Any
) -> float:
    """Where one parameter is after these gradients; the same as in PyTorch."""
    ends = []
    for t in (minitorch_clf, torch):
        p = t.tensor([start], dtype=t.float64, requires_grad=True)
        chosen = getattr(t.optim, optimizer)([p], **options)
        for g in grads:
            p.grad = t.tensor([g], dtype=t.float64)
            chosen.step()
        ends.append(p.item())
    assert ends[0] == ends[1]
    return ends[0]


def test_t68_the_first_step_has_no_dampening() -> None:
    assert stepped([1.0], lr=1, momentum=0.9, dampening=0.5) == -1


def test_t69_the_learning_rate_is_outside_the_buffer() -> None:
    assert stepped([1.0, 1.0], lr=0.1, momentum=0.9) == pytest.approx(-0.29)


def test_t71_weight_decay_enters_the_buffer() -> None:
    assert stepped([1.0], lr=1, momentum=0.9, weight_decay=0.5, start=2.0) == 0


def test_t72_maximize_negates_before_decay() -> None:
    assert stepped([1.0], lr=0.1, weight_decay=0.1, maximize=True, start=1.0) == pytest.approx(1.09)


def test_t73_eps_is_outside_the_root_and_after_the_correction() -> None:
    assert stepped([1e-8], "Adam", lr=1.0) == pytest.approx(-0.5)


def test_t74_adam_corrects_the_bias() -> None:
    assert stepped([3.0], "Adam", lr=0.1) == pytest.approx(-0.1)


def test_t77_adam_decays_in_the_gradient_adamw_the_parameter() -> None:
    options = {"lr": 0.1, "weight_decay": 0.1, "start": 1.0}
    assert stepped([0.0], "Adam", **options) == pytest.approx(0.9)
    assert stepped([0.0], "AdamW", **options) == pytest.approx(0.99)


@pytest.mark.parametrize("optimizer", OPTIONS)
def test_t78_no_gradient_no_step_but_a_zero_gradient_counts(optimizer: str) -> None:
    seen = []
    for t in (minitorch_clf, torch):
        p, q = (t.tensor([1.0], requires_grad=True) for _ in range(2))
        chosen = getattr(t.optim, optimizer)([p, q], **OPTIONS[optimizer])
        for _ in range(2):
            q.grad = t.zeros(1)
            chosen.step()
        assert (p.item(), p in chosen.state) == (1.0, optimizer == "Adagrad")
        seen.append([q.item(), *[x.item() for x in chosen.state[q].values()]])
    # as Python: MKL's square root cannot be had, an ulp off
    assert seen[0] == (pytest.approx(seen[1], rel=1e-6) if AS_PYTHON else seen[1])


def test_t79_zero_grad_forgets_or_fills() -> None:
    for t in (minitorch_clf, torch):
        p = t.tensor([1.0], requires_grad=True)
        sgd = t.optim.SGD([p])
        p.grad = t.ones(1)
        kept = p.grad
        sgd.zero_grad(set_to_none=False)
        assert p.grad is kept
        assert p.grad.tolist() == [0.0]
        sgd.zero_grad()
        assert p.grad is None


# --- options that are tensors, and what a step must not do ----------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize(
    ("optimizer", "rate"), [(name, 0.1 if name == "SGD" else 3e-3) for name in OPTIONS]
)
def test_the_learning_rate_may_be_a_tensor(
    optimizer: str, rate: float, shape: tuple[int, ...], dtype: str
) -> None:
    ends = []
    for t in (minitorch_clf, torch):
        for rate_dtype in (t.float32, t.float64):
            p = t.tensor([1.0, -2.0, 0.3], dtype=getattr(t, dtype), requires_grad=True)
            chosen = getattr(t.optim, optimizer)(
                [p], lr=t.full(shape, rate, dtype=rate_dtype), weight_decay=0.01
            )
            for k in range(5):
                p.grad = t.tensor([0.1, 0.7, -0.4], dtype=p.dtype) * k
                chosen.step()
            ends.append(p.detach().numpy())
    for ours, theirs in (ends[::2], ends[1::2]):
        assert same_bits(ours, theirs) or AS_PYTHON


@pytest.mark.parametrize("optimizer", OPTIONS)
def test_a_step_writes_in_place_and_is_seen(optimizer: str) -> None:
    t = minitorch_clf
    p = t.tensor([1.0, 2.0], requires_grad=True)
    loss = (p * p).sum()
    array = p.array
    p.grad = t.ones(2)
    getattr(t.optim, optimizer)([p], lr=0.1).step()
    assert p.array is array
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_parameter_listed_twice_is_stepped_twice() -> None:
    ends = []
    for t in (minitorch_clf, torch):
        for optimizer, options in OPTIONS.items():
            p = t.tensor([1.0, 2.0], requires_grad=True)
            with pytest.warns(UserWarning, match="duplicate parameters"):
                chosen = getattr(t.optim, optimizer)([p, p], **options)
            for _ in range(3):
                p.grad = t.tensor([0.3, -0.2])
                chosen.step()
            ends.append(p.tolist())
    assert ends[: len(OPTIONS)] == ends[len(OPTIONS) :]
