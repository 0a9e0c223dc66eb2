"""The random stream against PyTorch's: every value, and the state left behind, byte for byte."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

import minitorch_clf
from minitorch_clf import random
from minitorch_clf.kernels import random as kernels

AS_PYTHON = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"

seeds = st.integers(-(2**63), 2**64 - 1) | st.integers(-2, 2)
sizes = st.integers(0, 70) | st.sampled_from([15, 16, 17, 32, 623, 624, 625, 1040])
reals = st.sampled_from(["float32", "float64"])
integers = ["bool", "uint8", "int8", "int16", "int32", "int64"]


class Twins:
    """A generator of ours and one of PyTorch's, drawing the same."""

    def __init__(self, seed: int) -> None:
        self.ours = random.Generator().manual_seed(seed)
        self.theirs = torch.Generator().manual_seed(seed)

    def draw(
        self, ours: Callable[..., np.ndarray], theirs: Callable[..., torch.Tensor], *args: Any
    ) -> None:
        expected = theirs(self.theirs, *args).numpy()
        values = ours(self.ours, *args)
        assert values.dtype == expected.dtype
        assert values.shape == expected.shape
        assert values.tobytes() == expected.tobytes()
        self.check_state()

    def check_state(self) -> None:
        assert self.ours.state.tobytes() == self.theirs.get_state().numpy().tobytes()


def dtype(name: str) -> np.dtype[Any]:
    return np.dtype(name)


def empty(shape: Any, name: str, gaps: bool = False) -> torch.Tensor:
    if gaps:
        return torch.empty(*shape, 2, dtype=getattr(torch, name))[..., 0]
    return torch.empty(shape, dtype=getattr(torch, name))


# Each draw of the stream: ours, theirs, and what can vary.
Draw = tuple[Callable[..., np.ndarray], Callable[..., torch.Tensor], tuple[Any, ...]]
bounds = st.floats(-1e3, 1e3, width=32)
DRAWS: dict[str, Draw] = {
    "uniform": (
        lambda g, n, d, a, b: random.uniform(g, (n,), dtype(d), *sorted([a, b])),
        lambda g, n, d, a, b: empty(n, d).uniform_(*sorted([a, b]), generator=g),
        (sizes, reals, bounds, bounds),
    ),
    "normal": (
        lambda g, n, d, mean, std: random.normal(g, (n,), dtype(d), mean, std),
        lambda g, n, d, mean, std: empty(n, d).normal_(mean, std, generator=g),
        (sizes, reals, bounds, st.floats(0, 1e3, width=32)),
    ),
    "normal with gaps": (
        lambda g, n, d, mean, std: random.normal(g, (n,), dtype(d), mean, std, contiguous=False),
        lambda g, n, d, mean, std: empty((n,), d, gaps=True).normal_(mean, std, generator=g),
        (sizes, reals, st.floats(-1e3, 1e3), st.floats(0, 1e3)),
    ),
    "bernoulli": (
        lambda g, n, p: random.bernoulli(g, (n,), p),
        lambda g, n, p: empty(n, "bool").bernoulli_(p, generator=g),
        (sizes, st.floats(0, 1)),
    ),
    "bernoulli of an array": (
        lambda g, n, d, p: random.bernoulli(g, (n,), np.full(n, p, d)),
        lambda g, n, d, p: torch.bernoulli(empty(n, d).fill_(p), generator=g).bool(),
        (sizes, reals, st.floats(0, 1)),
    ),
    "randint": (
        lambda g, n, a, b: random.randint(g, min(a, b), max(a, b) + 1, (n,), dtype("int64")),
        lambda g, n, a, b: torch.randint(min(a, b), max(a, b) + 1, (n,), generator=g),
        (sizes, *[st.integers(-(2**63), 2**63 - 2) | st.integers(-(2**29), 2**29)] * 2),
    ),
    "random_ from": (
        lambda g, n, d, a: random.randint(g, a, None, (n,), dtype(d)),
        lambda g, n, d, a: empty(n, d).random_(a, None, generator=g),
        (sizes, st.sampled_from(["float32", "float64", *integers]), st.integers(0, 1)),
    ),
    "random_": (
        lambda g, n, d: random.random_full(g, (n,), dtype(d)),
        lambda g, n, d: empty(n, d).random_(generator=g),
        (sizes, st.sampled_from(["float32", "float64", *integers])),
    ),
    "randperm": (
        random.randperm,
        lambda g, n: torch.randperm(n, generator=g),
        (sizes,),
    ),
}


@pytest.mark.parametrize("name", DRAWS)
def test_values(name: str) -> None:
    """T108 T109 T110 T111 T112 T113 T114 T115 T119: for any seed, size and bounds."""
    ours, theirs, varied = DRAWS[name]

    @given(seeds, st.tuples(*varied))
    def same_values(seed: int, args: tuple[Any, ...]) -> None:
        Twins(seed).draw(ours, theirs, *args)

    same_values()


any_draw = st.sampled_from(sorted(DRAWS)).flatmap(
    lambda name: st.tuples(st.just(name), st.tuples(*DRAWS[name][2]))
)


@given(seeds, st.lists(any_draw, max_size=8), st.lists(any_draw, max_size=8))
def test_draws_in_any_order_and_states_both_ways(
    seed: int, first: list[Any], then: list[Any]
) -> None:
    twins = Twins(seed)
    for name, args in first:
        twins.draw(*DRAWS[name][:2], *args)

    # A state goes from PyTorch to us and back, with the second value of a pair where one is kept.
    others = Twins(0)
    others.ours.state = twins.theirs.get_state().numpy()
    others.theirs.set_state(torch.from_numpy(twins.ours.state))
    others.check_state()
    assert others.ours.initial_seed() == twins.theirs.initial_seed() == seed % 2**64
    for name, args in then:
        others.draw(*DRAWS[name][:2], *args)


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize(("low", "ulps"), [(1, 3), (-8, 5), (0.0, 7), (3, 0), (-0.0, 0)])
def test_uniform_never_rounds_up_to_its_end(name: str, low: float, ulps: int) -> None:
    """T110 at its edge: of a few representable numbers, all but the last are drawn."""
    number = np.dtype(name).type
    high = float(
        number(low) + ulps * (np.spacing(abs(number(low))) if low else np.finfo(name).tiny)
    )
    Twins(0).draw(*DRAWS["uniform"][:2], 300, name, low, high)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (4, 5), (2, 3, 7)])
@pytest.mark.parametrize("name", ["float32", "float64"])
def test_shapes(shape: tuple[int, ...], name: str) -> None:
    twins = Twins(7)
    twins.draw(
        lambda g: random.uniform(g, shape, dtype(name)),
        lambda g: torch.rand(shape, generator=g, dtype=getattr(torch, name)),
    )
    twins.draw(
        lambda g: random.normal(g, shape, dtype(name)),
        lambda g: torch.randn(shape, generator=g, dtype=getattr(torch, name)),
    )
    twins.draw(
        lambda g: random.randint(g, 3, 9, shape, dtype("int32")),
        lambda g: torch.randint(3, 9, shape, generator=g, dtype=torch.int32),
    )


def test_a_kept_normal_outlives_other_draws_but_not_a_seed() -> None:
    twins = Twins(3)
    twins.draw(*DRAWS["normal"][:2], 3, "float32", 0.0, 1.0)
    assert not np.isnan(twins.ours.kept_normal)
    twins.draw(*DRAWS["normal"][:2], 16, "float64", 0.0, 1.0)
    twins.draw(*DRAWS["randperm"][:2], 5)
    twins.draw(*DRAWS["normal"][:2], 1, "float64", 2.0, 3.0)
    assert np.isnan(twins.ours.kept_normal)
    twins.draw(*DRAWS["normal"][:2], 1, "float32", 0.0, 1.0)
    twins.ours.manual_seed(3)
    twins.theirs.manual_seed(3)
    twins.draw(*DRAWS["normal"][:2], 3, "float32", 0.0, 1.0)


def words_before_tempering(words: np.ndarray) -> np.ndarray:
    """The state words that MT19937 tempers into `words`."""
    y = words ^ (words >> np.uint32(18))
    y ^= (y << np.uint32(15)) & np.uint32(0xEFC60000)
    x = y
    for _ in range(5):
        x = y ^ ((x << np.uint32(7)) & np.uint32(0x9D2C5680))
    y = x
    for _ in range(3):
        x = y ^ (x >> np.uint32(11))
    return x


def test_float32_normal_of_all_kinds_of_uniform() -> None:
    """One float32 u in `step`, and those near quarter turns, as radius and angle (once, all 2^24).

    Random draws would hardly ever meet the ends: here a state is made that draws what we want.
    """
    step = 8191 if AS_PYTHON else 61
    turns = np.add.outer(np.arange(0, 2**24 + 1, 2**22), np.arange(-6, 6)).ravel()
    chosen = np.r_[np.arange(0, 2**24, step), turns.clip(0, 2**24 - 1)].astype(np.uint32)
    chosen = np.resize(chosen, -(-chosen.size // 8) * 8)
    shuffled = np.random.default_rng(0).permutation(chosen)
    blocks = np.stack([chosen.reshape(-1, 8), shuffled.reshape(-1, 8)], axis=1)
    blocks[0, :, :2] = [[0, 2**24 - 1], [0, 2**24 - 1]]
    blocks[0, :, 2:4] = [[0, 2**24 - 1], [2**24 - 1, 0]]

    state = np.zeros(1, random.STATE)
    state["seeded"], state["left"] = True, 624
    theirs = torch.Generator()
    for drawn in np.array_split(blocks, len(blocks) // 38 + 1):
        state["words"][0, : drawn.size] = words_before_tempering(drawn.ravel())
        theirs.set_state(torch.from_numpy(state.view(np.uint8)))
        expected = torch.empty(drawn.size).normal_(generator=theirs).numpy()
        values = (drawn.ravel() * 2.0**-24).astype(np.float32)
        kernels.box_muller32(np.float32(0), np.float32(1), values)
        assert values.tobytes() == expected.tobytes()


def test_float64_normal_over_many_blocks() -> None:
    Twins(11).draw(*DRAWS["normal"][:2], 5003, "float64", -0.5, 2.5)


# Tensors that do not lie in memory as their shape says: PyTorch fills them in the order of memory.
LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "transposed": lambda t: t.empty(9, 5).t().normal_(),
    "transposed, small": lambda t: t.empty(3, 4).t().normal_(),
    "three axes": lambda t: t.empty(4, 5, 6).transpose(0, 2).uniform_(),
    "columns": lambda t: t.zeros(6, 7)[:, 1::2].normal_(),
    "a slice": lambda t: t.zeros(6, 6).view(36)[3:30].normal_(),
    "axes of size 1": lambda t: t.empty(20, 1).t().normal_(),
    "integers": lambda t: t.empty(5, 6).t().random_(7),
    "bernoulli_": lambda t: t.empty(5, 6).t().bernoulli_(0.3),
    "bernoulli_ of a tensor": lambda t: t.empty(5, 4).t().bernoulli_(t.rand(5)),
    "bernoulli": lambda t: t.bernoulli(t.rand(5, 4).t()),
    "rand_like": lambda t: t.rand_like(t.ones(5, 4).t()),
    "randn_like": lambda t: t.randn_like(t.ones(5, 4).t(), dtype=t.float64),
    "dropout": lambda t: t.nn.functional.dropout(t.ones(5, 4).t(), 0.3),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_tensors_are_filled_in_the_order_of_memory(name: str) -> None:
    results = []
    for engine in (minitorch_clf, torch):
        engine.manual_seed(5)
        results.append((LAYOUTS[name](engine), engine.get_rng_state()))
    (values, state), (expected, expected_state) = results
    assert values.numpy().tolist() == expected.numpy().tolist()
    assert values.stride() == expected.stride()
    assert state.numpy().tobytes() == expected_state.numpy().tobytes()


# --- seeds and states -----------------------------------------------------------------------------


def outcome(call: Callable[[], Any]) -> tuple[type, str] | Any:
    """What a call returns, or its error's class and text."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - any, to be compared
        return type(error), str(error)


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1, 10**30, 1.5, "a", None, True])
def test_seeds_that_are_none(seed: Any) -> None:
    ours, theirs = (
        outcome(lambda generator=generator: generator.manual_seed(seed))
        for generator in (random.Generator(), torch.Generator())
    )
    assert ours == theirs


def test_seeding() -> None:
    ours = random.Generator()
    assert ours.initial_seed() == torch.Generator().initial_seed()
    assert ours.manual_seed(5) is ours
    assert ours.seed() == ours.initial_seed() != ours.seed()
    assert random.default().initial_seed() not in (ours.initial_seed(), random.DEFAULT_SEED)


def test_states_that_are_none() -> None:
    ours, theirs = random.Generator(), torch.Generator()
    good = theirs.get_state().numpy()

    def changed(**fields: Any) -> np.ndarray:
        state = good.copy().view(random.STATE)
        for field, value in fields.items():
            state[field] = value
        return state.view(np.uint8)

    bad = [
        good[:-1],
        np.zeros(3, np.uint8),
        np.zeros_like(good),
        good.astype(np.float32),
        changed(seeded=0),
        changed(left=0),
        changed(left=625, next=0),
        changed(next=625),
    ]
    for state in bad:
        error = outcome(lambda state=state: theirs.set_state(torch.from_numpy(state)))
        assert outcome(lambda state=state: setattr(ours, "state", state)) == error
    # PyTorch would go on to read behind its array.
    assert outcome(lambda: setattr(ours, "state", changed(left=600, next=600)))[0] is RuntimeError
    assert ours.state.tobytes() == good.tobytes()


def test_a_state_is_a_copy() -> None:
    ours = random.Generator().manual_seed(1)
    state = ours.state
    before = state.copy()
    ours.random_raw32(1000)
    assert (state == before).all()
    ours.state = state
    state[:] = 0
    assert (ours.state == before).all()


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))]
)
def test_copies_go_their_own_way(duplicate: Callable[[Any], random.Generator]) -> None:
    ours = random.Generator().manual_seed(1)
    random.normal(ours, (3,), dtype("float32"))
    other = duplicate(ours)
    assert (other.state == ours.state).all()
    values = random.normal(ours, (3,), dtype("float32"))
    assert (random.normal(other, (3,), dtype("float32")) == values).all()


def test_threads_share_a_generator() -> None:
    expected = np.sort(random.Generator().manual_seed(2).random_raw32(4 * 30 * 700))
    ours, drawn = random.Generator().manual_seed(2), []

    def draw() -> None:
        for _ in range(30):
            drawn.append(ours.random_raw32(700))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (np.sort(np.concatenate(drawn)) == expected).all()


def test_seeding_loads_no_numba() -> None:
    program = (
        "import sys; from minitorch_clf import random; random.Generator().manual_seed(1).seed();"
        "print('numba' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"


# --- errors ---------------------------------------------------------------------------------------

INF, NAN = float("inf"), float("nan")
ERRORS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    **{
        f"uniform {d} {low} {high}": (
            lambda g, d=d, low=low, high=high: random.uniform(g, (3,), dtype(d), low, high),
            lambda g, d=d, low=low, high=high: empty(3, d).uniform_(low, high, generator=g),
        )
        for d, low, high in [
            ("float32", 1, 0),
            ("float32", 1e39, 0),
            ("float32", 0, INF),
            ("float32", NAN, 1),
            ("float32", 0, NAN),
            ("float32", -3e38, 3e38),
            ("float64", -1e308, 1e308),
            ("float64", -INF, 0),
            ("float64", 0.12345678, 0.1),
            ("int64", 0, 1),
            ("int32", 1, 0),
        ]
    },
    **{
        f"normal {d} {std}": (
            lambda g, d=d, std=std: random.normal(g, (3,), dtype(d), 0.0, std),
            lambda g, d=d, std=std: empty(3, d).normal_(0.0, std, generator=g),
        )
        for d, std in [
            ("float32", -1.0),
            ("float64", NAN),
            ("int64", 1.0),
            ("bool", 1.0),
            ("uint8", -2.0),
        ]
    },
    **{
        f"bernoulli {p}": (
            lambda g, p=p: random.bernoulli(g, (3,), p),
            lambda g, p=p: empty(3, "bool").bernoulli_(p, generator=g),
        )
        for p in (2, -0.5, NAN)
    },
    **{
        f"bernoulli array {p} {d}": (
            lambda g, p=p, d=d: random.bernoulli(g, (2,), np.array([p, p], d)),
            lambda g, p=p, d=d: torch.bernoulli(empty(2, d).fill_(p), generator=g),
        )
        for p, d in [(2, "float32"), (-1, "float64"), (NAN, "float32"), (1, "int64")]
    },
    **{
        f"randint {d} {low} {high}": (
            lambda g, d=d, low=low, high=high: random.randint(g, low, high, (3,), dtype(d)),
            lambda g, d=d, low=low, high=high: empty(3, d).random_(low, high, generator=g),
        )
        for d, low, high in [
            ("int64", 5, 5),
            ("float32", 7, 5),
            ("bool", 0, 3),
            ("uint8", -1, 3),
            ("uint8", 0, 300),
            ("int8", -129, 0),
            ("int16", 0, 2**15 + 1),
            ("int32", 0, 2**31 + 1),
            ("int32", -(2**31) - 1, 0),
        ]
    },
    "randperm": (lambda g: random.randperm(g, -1), lambda g: torch.randperm(-1, generator=g)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_pytorchs_and_draw_nothing(name: str) -> None:
    ours, theirs = ERRORS[name]
    twins = Twins(0)
    error = outcome(lambda: theirs(twins.theirs))
    assert isinstance(error, tuple), "PyTorch did not raise"
    assert outcome(lambda: ours(twins.ours)) == error
    assert (twins.ours.state == random.Generator().manual_seed(0).state).all()


def test_limits_of_ours() -> None:
    ours = random.Generator()
    with pytest.raises(
        NotImplementedError, match=r"to - 1 is out of bounds \[-16777216, 16777216\]"
    ):
        random.randint(ours, 0, 2**25, (3,), dtype("float32"))
    with pytest.raises(NotImplementedError, match="n must be less than 214748364"):
        random.randperm(ours, 214748364)


@given(seeds, st.integers(0, 30))
@example(1, 3)
def test_limits_of_integers(seed: int, n: int) -> None:
    """The largest ranges, where a remainder of nothing or of 2^64 is taken."""
    for name, low, high in [
        ("int64", -(2**63), 2**63),
        ("int64", 0, 2**63),
        ("int32", -(2**31), 2**31),
        ("int64", 0, 2**28 - 1),
        ("int64", 0, 2**28),
        ("int32", 0, 2**28),
        ("float32", -(2**24), 2**24 + 1),
        ("float64", -(2**53), 2**53 + 1),
        ("uint8", 0, 1),
        ("bool", 1, 2),
    ]:
        whole = None if high == 2**63 else high
        Twins(seed).draw(
            lambda g, name=name, low=low, high=high: random.randint(
                g, low, high, (n,), dtype(name)
            ),
            lambda g, name=name, low=low, whole=whole: empty(n, name).random_(
                low, whole, generator=g
            ),
        )
