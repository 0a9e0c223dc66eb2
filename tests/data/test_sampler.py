"""The order of the indices is PyTorch's, and so is the state that the generators are left in."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minitorch_clf
from minitorch_clf.utils.data.sampler import multinomial

sizes = st.integers(1, 200)
seeds = st.integers(-(2**31), 2**40)


def seeded(t, seed):
    return None if seed is None else t.Generator().manual_seed(seed)


def drawn(t, generator):
    return [] if generator is None else t.randint(0, 1 << 30, (3,), generator=generator).tolist()


@given(n=sizes, seed=st.none() | seeds, replacement=st.booleans(), count=st.none() | sizes)
def test_random_sampler(same, n, seed, replacement, count):
    """T117 without a generator, T118 with one: the order, and what each generator draws next."""

    def run(t):
        generator = seeded(t, seed)
        sampler = t.utils.data.RandomSampler(range(n), replacement, count, generator)
        return list(sampler), list(sampler), len(sampler), drawn(t, generator)

    same(run)


@given(n=sizes, taken=sizes)
def test_a_sampler_left_early_leaves_the_same_stream(same, n, taken):
    same(
        lambda t: list(
            itertools.islice(
                t.utils.data.RandomSampler(
                    range(n), replacement=True, num_samples=300, generator=t.default_generator
                ),
                taken,
            )
        )
    )


@given(n=st.integers(0, 100), seed=st.none() | seeds)
def test_subset_random_sampler(same, n, seed):
    def run(t):
        generator = seeded(t, seed)
        sampler = t.utils.data.SubsetRandomSampler(range(3, 3 + n), generator)
        return list(sampler), list(sampler), len(sampler), drawn(t, generator)

    same(run)


@given(
    n=st.integers(0, 60),
    size=st.integers(1, 20),
    drop_last=st.booleans(),
)
def test_batch_sampler(same, n, size, drop_last):
    def run(t):
        sampler = t.utils.data.BatchSampler(
            t.utils.data.SequentialSampler(range(n)), size, drop_last
        )
        return list(sampler), len(sampler)

    same(run)


def test_batch_sampler_takes_any_iterable(same):
    same(lambda t: list(t.utils.data.BatchSampler(iter("abcde"), 2, False)))
    same(lambda t: len(t.utils.data.BatchSampler(iter("abcde"), 2, False)))


weights = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=60)


@given(weights=weights, count=st.integers(1, 100), seed=st.none() | seeds)
def test_weighted_with_replacement(same, weights, count, seed):
    def run(t):
        generator = seeded(t, seed)
        sampler = t.utils.data.WeightedRandomSampler(weights, count, generator=generator)
        return list(sampler), len(sampler), drawn(t, generator)

    same(run)


@given(weights=weights, share=st.floats(0, 1), seed=st.none() | seeds)
def test_weighted_without_replacement(same, weights, share, seed):
    count = max(1, math.floor(share * len(weights)))

    def run(t):
        generator = seeded(t, seed)
        sampler = t.utils.data.WeightedRandomSampler(weights, count, False, generator)
        return list(sampler), drawn(t, generator)

    same(run)


@pytest.mark.parametrize("replacement", [True, False])
def test_weights_of_zero(same, replacement):
    weights = [0.0, 1.0, 0.0, 2.0, 3.0, 0.0]
    same(lambda t: list(t.utils.data.WeightedRandomSampler(weights, 3, replacement)))


def test_more_samples_than_positive_weights():
    """PyTorch leaves the order of the weightless open; it takes the same set."""
    weights = [0.0, 1.0, 0.0, 2.0]
    ours, theirs = (
        list(t.utils.data.WeightedRandomSampler(weights, 4, False, t.Generator().manual_seed(5)))
        for t in (minitorch_clf, torch)
    )
    assert ours[:2] == theirs[:2]
    assert ours[2:] == sorted(theirs[2:]) == [0, 2]


def test_weights_as_arrays_and_tensors(same):
    for make in (
        lambda _: np.ones(5, dtype=np.float32),
        lambda t: t.arange(1, 6),
        lambda t: t.rand(5),
    ):
        same(lambda t, make=make: list(t.utils.data.WeightedRandomSampler(make(t), 4)))
        same(lambda t, make=make: t.utils.data.WeightedRandomSampler(make(t), 4).weights)


@pytest.mark.parametrize("replacement", [True, False])
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize(
    "weights", [[1.0, -1.0], [1.0, math.nan], [1.0, math.inf], [0.0, 0.0]], ids=str
)
def test_weights_that_are_no_distribution(same, weights, count, replacement):
    same(lambda t: list(t.utils.data.WeightedRandomSampler(weights, count, replacement)))


def test_multinomial_follows_the_weights():
    """Against the definition, not PyTorch: shares within five standard errors."""
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    draws = multinomial(minitorch_clf.Generator().manual_seed(1), weights, 40_000, True)
    shares = np.bincount(draws, minlength=4) / 40_000
    p = weights / weights.sum()
    assert np.all(np.abs(shares - p) < 5 * np.sqrt(p * (1 - p) / 40_000))


@pytest.mark.parametrize(
    "run",
    [
        lambda d: d.RandomSampler(range(0)),
        lambda d: d.RandomSampler(range(3), replacement=1),
        lambda d: d.RandomSampler(range(3), num_samples=0),
        lambda d: d.RandomSampler(range(3), num_samples=2.5),
        lambda d: list(d.RandomSampler(range(3), num_samples=True)),
        lambda d: d.WeightedRandomSampler([1.0], 0),
        lambda d: d.WeightedRandomSampler([1.0], True),
        lambda d: d.WeightedRandomSampler([1.0], 1, replacement=1),
        lambda d: d.WeightedRandomSampler([[1.0, 2.0], [3.0, 4.0]], 1),
        lambda d: d.BatchSampler(range(3), 0, False),
        lambda d: d.BatchSampler(range(3), True, False),
        lambda d: d.BatchSampler(range(3), 2.0, False),
        lambda d: d.BatchSampler(range(3), 2, 1),
        lambda d: iter(d.Sampler()),
        lambda d: len(d.Sampler()),
    ],
)
def test_errors(same, run):
    same(lambda t: run(t.utils.data))
