"""Datasets hold what PyTorch's hold, split as PyTorch splits, gather what they would collate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch_clf
from minitorch_clf.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    default_collate,
)


def numbers(t, n=10):
    return t.utils.data.TensorDataset(
        t.arange(3.0 * n).reshape(n, 3), t.arange(n), t.arange(n).remainder(2).bool()
    )


@pytest.mark.parametrize(
    "run",
    [
        lambda t: len(numbers(t)),
        lambda t: numbers(t)[3],
        lambda t: numbers(t)[-1],
        lambda t: numbers(t)[2:5],
        lambda t: numbers(t)[[1, 1, 0]],
        lambda t: list(t.utils.data.Subset(numbers(t), [4, 2])),
        lambda t: t.utils.data.Subset(numbers(t), [4, 2, 7])[[2, 0]],
        lambda t: t.utils.data.Subset(t.utils.data.Subset(numbers(t), [4, 2, 7]), [2, 1])[0],
        lambda t: t.utils.data.Subset("abcdef", [4, 2]).__getitems__([1, 0]),
        lambda t: t.utils.data.ConcatDataset([range(3), range(10, 14)]).cumulative_sizes,
        lambda t: list(t.utils.data.ConcatDataset([range(3), "ab", range(10, 14)])),
        lambda t: t.utils.data.ConcatDataset([range(3), "ab"])[-1],
        lambda t: t.utils.data.ConcatDataset([range(3), "ab"])[-6],
        lambda t: t.utils.data.ConcatDataset(iter([]))[0],
        lambda t: t.utils.data.ConcatDataset([range(3)])[3],
        lambda t: list(numbers(t, 2) + numbers(t, 1)),
        lambda t: t.utils.data.TensorDataset(t.zeros(3), t.zeros(2)),
        lambda t: t.utils.data.Dataset()[0],
        lambda t: t.utils.data.IterableDataset(),
    ],
)
def test_same_as_torch(same, run):
    same(run)


def streams(t, *lengths):
    class Count(t.utils.data.IterableDataset):
        def __init__(self, n):
            self.n = n

        def __iter__(self):
            return iter(range(self.n))

        def __len__(self):
            return self.n

    return [Count(n) for n in lengths]


@pytest.mark.parametrize(
    "run",
    [
        lambda t: list(t.utils.data.ChainDataset(streams(t, 2, 0, 3))),
        lambda t: len(t.utils.data.ChainDataset(streams(t, 2, 0, 3))),
        lambda t: list(streams(t, 2)[0] + streams(t, 1)[0]),
        lambda t: list(t.utils.data.ChainDataset([range(3)])),
        lambda t: len(t.utils.data.ChainDataset([range(3)])),
        lambda t: t.utils.data.ConcatDataset(streams(t, 2)),
    ],
)
def test_streams(same, run):
    same(run)


def test_subset_subclass_must_override_both():
    with pytest.raises(NotImplementedError, match="Half overrides __getitem__ but not __getit"):
        type("Half", (Subset,), {"__getitem__": lambda self, i: 0})(range(3), [0])


# ------------------------------------------------------------------------------- random_split


@given(parts=st.lists(st.integers(0, 40), min_size=1, max_size=5), seed=st.integers(0, 2**40))
def test_random_split_by_lengths(same, parts, seed):
    def run(t):
        split = t.utils.data.random_split(
            range(sum(parts)), parts, generator=t.Generator().manual_seed(seed)
        )
        return [list(subset.indices) for subset in split]

    same(run)
    same(lambda t: [list(s) for s in t.utils.data.random_split(range(sum(parts)), parts)])


@given(
    n=st.integers(0, 50), weights=st.lists(st.integers(0, 9), min_size=1, max_size=5).filter(any)
)
def test_random_split_by_fractions(same, n, weights):
    fractions = [weight / sum(weights) for weight in weights]
    same(lambda t: [list(s) for s in t.utils.data.random_split(range(n), fractions)])


@pytest.mark.parametrize(
    "lengths", [[3, 3], [0.5, 0.6], [1.5, -0.5], [1.0], [0.3, 0.3, 0.4], [11], []], ids=str
)
def test_random_split_edges(same, lengths):
    same(lambda t: [list(s) for s in t.utils.data.random_split(range(10), lengths, None)])


def test_remainder_goes_round_robin():
    """T120: a third each of ten is 4, 3, 3."""
    split = minitorch_clf.utils.data.random_split(range(10), [1 / 3] * 3)
    assert [len(subset) for subset in split] == [4, 3, 3]


# ------------------------------------------------------------------------- a batch in one gather


def equal(ours, theirs):
    assert type(ours) is type(theirs)
    for mine, his in zip(ours, theirs, strict=True):
        assert mine.dtype == his.dtype
        assert mine.shape == his.shape
        assert mine.numpy().tobytes() == his.numpy().tobytes()
        assert mine.is_contiguous() == his.is_contiguous()


@given(
    n=st.integers(1, 20),
    indices=st.lists(st.integers(-20, 19), min_size=1, max_size=30),
    dtype=st.sampled_from([np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_]),
)
def test_gathered_is_collated(n, indices, dtype):
    indices = [i % (2 * n) - n for i in indices]
    values = np.random.default_rng(n).integers(0, 200, (n, 2, 3)).astype(dtype)
    dataset = TensorDataset(
        minitorch_clf.tensor(values),
        minitorch_clf.tensor(values.transpose(1, 0, 2)).transpose(0, 1),  # not contiguous
        minitorch_clf.arange(n),
    )
    equal(dataset.__getbatch__(indices), default_collate([dataset[i] for i in indices]))
    subset = Subset(Subset(dataset, range(n - 1, -1, -1)), list(range(n)))
    equal(subset.__getbatch__(indices), default_collate([subset[i] for i in indices]))


@pytest.mark.parametrize("indices", [[0, 5], [-6], [slice(0, 2)], [[0, 1]], [True], [], ["a"]])
def test_what_cannot_be_gathered_is_left_to_getitem(indices):
    dataset = TensorDataset(minitorch_clf.arange(5))
    assert dataset.__getbatch__(indices) is NotImplemented


@pytest.mark.parametrize("index", [1, 2**64 - 1])
def test_uint64_is_left_to_getitem(index):
    """NumPy would gather the last row by 2^64 - 1."""
    assert numbers(minitorch_clf).__getbatch__([np.uint64(index)]) is NotImplemented


@pytest.mark.parametrize("index", [5, -6, 1.5])
def test_bad_indices_raise_what_torch_raises(same, index):
    def run(t):
        dataset = t.utils.data.TensorDataset(t.arange(5))
        return list(t.utils.data.DataLoader(dataset, batch_sampler=[[0, index]]))

    same(run)


def test_a_batch_does_not_share_memory_with_the_dataset():
    data = minitorch_clf.zeros(4)
    (batch,) = TensorDataset(data).__getbatch__([0, 1])
    batch[0] = 7
    assert data.tolist() == [0, 0, 0, 0]


def test_tensors_that_require_grad_keep_their_graph(same):
    def run(t):
        weights = t.arange(4.0).requires_grad_()
        (batch,) = next(iter(t.utils.data.DataLoader(t.utils.data.TensorDataset(weights), 3)))
        (batch * batch).sum().backward()
        return batch.grad_fn.name(), weights.grad

    same(run)


class Doubled(TensorDataset):
    def __getitem__(self, index):
        (x,) = super().__getitem__(index)
        return x * 2


class Mixin:
    def __getitem__(self, index):
        return index * 10


class Mixed(Mixin, TensorDataset):
    pass


class Many(TensorDataset):
    def __getitems__(self, indices):
        return [i * 100 for i in indices]


class Again(Doubled):
    pass


class Restored(Doubled):
    def __getbatch__(self, indices):
        return "restored"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Doubled, [2, 4]),
        (Again, [2, 4]),
        (Mixed, [10, 20]),
        (Many, [100, 200]),
        (Restored, "restored"),
    ],
)
def test_an_override_is_never_bypassed(kind, expected):
    dataset = kind(minitorch_clf.arange(5))
    (batch,) = DataLoader(dataset, batch_sampler=[[1, 2]])
    assert (batch if isinstance(batch, str) else batch.tolist()) == expected
    (batch,) = DataLoader(Subset(dataset, [0, 1, 2]), batch_sampler=[[1, 2]])
    assert (batch if isinstance(batch, str) else batch.tolist()) == expected


def test_abstract_classes_decline():
    assert Dataset().__getbatch__([0]) is NotImplemented
    with pytest.raises(TypeError, match="abstract"):
        IterableDataset()
