"""For the same seed, the same batches as PyTorch, epoch after epoch, and the same stream after."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch_clf
from minitorch_clf.utils.data import DataLoader, TensorDataset, default_collate, get_worker_info


def rows(t, n):
    return t.utils.data.TensorDataset(t.arange(2.0 * n).reshape(n, 2), t.arange(n))


def epochs(t, loader, generator=None, count=3):
    """The batches of some epochs, with a draw between them, as a training loop has."""
    seen = [(list(loader), t.rand(2)) for _ in range(count)]
    after = [] if generator is None else t.rand(2, generator=generator)
    return seen, after, len(loader)


@given(
    n=st.integers(1, 60),
    size=st.integers(1, 20),
    shuffle=st.none() | st.booleans(),
    drop_last=st.booleans(),
    seed=st.none() | st.integers(-5, 2**40),
)
def test_order(same, n, size, shuffle, drop_last, seed):
    def run(t):
        generator = None if seed is None else t.Generator().manual_seed(seed)
        loader = t.utils.data.DataLoader(
            rows(t, n), size, shuffle, drop_last=drop_last, generator=generator
        )
        return epochs(t, loader, generator)

    same(run)


@given(
    n=st.integers(1, 40),
    size=st.integers(1, 7),
    kind=st.sampled_from(["random", "replacement", "longer", "subset", "weighted", "list"]),
    own=st.booleans(),
)
def test_order_of_samplers(same, n, size, kind, own):
    def run(t):
        d = t.utils.data
        generator = t.Generator().manual_seed(3) if own else None
        sampler = {
            "random": lambda: d.RandomSampler(range(n), generator=generator),
            "replacement": lambda: d.RandomSampler(range(n), True, generator=generator),
            "longer": lambda: d.RandomSampler(range(n), False, 2 * n + 1, generator),
            "subset": lambda: d.SubsetRandomSampler(range(0, n, 2), generator),
            "weighted": lambda: d.WeightedRandomSampler(range(1, n + 1), n, generator=generator),
            "list": lambda: list(range(n - 1, -1, -1)),
        }[kind]()
        as_sampler = epochs(t, d.DataLoader(rows(t, n), size, sampler=sampler), generator)
        batches = d.BatchSampler(sampler, size, False)
        as_batches = epochs(t, d.DataLoader(rows(t, n), batch_sampler=batches), generator)
        return as_sampler, as_batches

    same(run)


@given(n=st.integers(4, 40), size=st.integers(1, 9))
def test_order_through_random_split(same, n, size):
    def run(t):
        train, test = t.utils.data.random_split(rows(t, n), [0.75, 0.25])
        return [
            epochs(t, t.utils.data.DataLoader(train, size, shuffle=True)),
            epochs(t, t.utils.data.DataLoader(test, size)),
        ]

    same(run)


def test_an_epoch_draws_one_number_even_unshuffled(same):
    """T116: whoever skips it has another random stream from the second epoch on."""
    same(lambda t: (list(t.utils.data.DataLoader(range(3))), t.rand(1)))
    fresh = minitorch_clf.Generator().manual_seed(0)
    used = minitorch_clf.Generator().manual_seed(0)
    iter(DataLoader(range(3), generator=used))
    minitorch_clf.randint(0, 9, (2,), generator=fresh)
    assert minitorch_clf.rand(1, generator=used).tolist() == (
        minitorch_clf.rand(1, generator=fresh).tolist()
    )


def test_an_epoch_left_early(same):
    def run(t):
        loader = t.utils.data.DataLoader(rows(t, 10), 3, shuffle=True)
        return list(itertools.islice(loader, 2)), list(loader), len(iter(loader))

    same(run)


def test_two_epochs_at_once(same):
    def run(t):
        loader = t.utils.data.DataLoader(rows(t, 7), 2, shuffle=True)
        return [(mine, his) for mine, his in zip(loader, loader, strict=True)]

    same(run)


# -------------------------------------------------------------------------------- kinds of datasets


@pytest.mark.parametrize(
    "dataset",
    [range(5), [1.5, 2.5, 3.5], "abcde", [(1, "a"), (2, "b")], np.arange(6.0).reshape(3, 2)],
    ids=repr,
)
@pytest.mark.parametrize("size", [1, 2, None])
def test_anything_with_a_length_and_items(same, dataset, size):
    same(lambda t: epochs(t, t.utils.data.DataLoader(dataset, size, shuffle=True)))


def test_keys_of_any_kind(same):
    same(
        lambda t: list(
            t.utils.data.DataLoader({"a": 1, "b": 2, "c": 3}, batch_sampler=[["c", "a"], ["b"]])
        )
    )


def stream(t, n, promised=None):
    class Stream(t.utils.data.IterableDataset):
        def __iter__(self):
            return iter(range(n))

        def __repr__(self):
            return "Stream"

    if promised is not None:
        Stream.__len__ = lambda self: promised
    return Stream()


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("n", [0, 4, 5])
@pytest.mark.parametrize("promised", [4, 5, 1])
def test_streams(same, n, promised, drop_last):
    def run(t):
        loader = t.utils.data.DataLoader(stream(t, n, promised), 2, drop_last=drop_last)
        return list(loader), len(loader), list(loader)

    same(run)


def test_streams_of_single_samples(same):
    same(lambda t: list(t.utils.data.DataLoader(stream(t, 3), None)))
    same(lambda t: len(t.utils.data.DataLoader(stream(t, 3, 3), None)))
    same(lambda t: len(t.utils.data.DataLoader(stream(t, 3))))


def test_getitems_is_used_for_a_collate_fn_of_ones_own(same):
    def run(t):
        class Together:
            def __len__(self):
                return 4

            def __getitem__(self, index):
                raise AssertionError("read one by one")

            def __getitems__(self, indices):
                return [i * 10 for i in indices]

        loader = t.utils.data.DataLoader(Together(), 2, collate_fn=lambda samples: samples)
        return list(loader), list(t.utils.data.DataLoader(Together(), 3))

    same(run)


def test_a_collate_fn_of_ones_own_gets_samples(same):
    def run(t):
        return list(t.utils.data.DataLoader(rows(t, 3), 2, collate_fn=lambda samples: samples))

    same(run)


def test_a_batch_is_gathered_at_once():
    """The speed of the loader: one read of the dataset for a batch, none of single samples."""

    class Counted(TensorDataset):
        reads = 0

        def __getitem__(self, index):
            raise AssertionError("read one by one")

        def __getbatch__(self, indices):
            Counted.reads += 1
            return super().__getbatch__(indices)

    dataset = Counted(minitorch_clf.arange(10))
    assert [len(batch) for (batch,) in DataLoader(dataset, 4, shuffle=True)] == [4, 4, 2]
    assert Counted.reads == 3


def test_default_collate_given_by_name_is_the_default():
    dataset = TensorDataset(minitorch_clf.arange(3))
    assert [b.tolist() for (b,) in DataLoader(dataset, 2, collate_fn=default_collate)] == [
        [0, 1],
        [2],
    ]


# ------------------------------------------------------------------------------------------ options


@pytest.mark.parametrize(
    "options",
    [
        {"num_workers": -1},
        {"timeout": -1},
        {"timeout": 1},
        {"prefetch_factor": 2},
        {"persistent_workers": True},
        {"multiprocessing_context": "fork"},
        {"shuffle": True, "sampler": [0]},
        {"batch_sampler": [[0]], "batch_size": 2},
        {"batch_sampler": [[0]], "shuffle": True},
        {"batch_sampler": [[0]], "sampler": [0]},
        {"batch_sampler": [[0]], "drop_last": True},
        {"batch_size": None, "drop_last": True},
        {"batch_size": 0},
        {"batch_size": 2.5},
        {"drop_last": 1},
        {"pin_memory": True},
        {"pin_memory": True, "pin_memory_device": "cuda"},
        {"pin_memory_device": "cuda"},
        {"in_order": False},
        {"worker_init_fn": print},
        {"batch_size": None},
        {"shuffle": 1},
    ],
    ids=str,
)
def test_options(same, options):
    same(lambda t: list(t.utils.data.DataLoader(range(3), **options)))


@pytest.mark.parametrize(
    "options",
    [{"shuffle": True}, {"shuffle": False}, {"sampler": [0]}, {"batch_sampler": [[0]]}],
    ids=str,
)
def test_options_of_streams(same, options):
    same(lambda t: list(t.utils.data.DataLoader(stream(t, 3), **options)))


def test_an_empty_dataset(same):
    same(lambda t: list(t.utils.data.DataLoader([])))
    same(lambda t: list(t.utils.data.DataLoader([], shuffle=True)))


def test_workers_are_refused():
    with pytest.raises(NotImplementedError, match=r"num_workers=2: .* Use num_workers=0"):
        DataLoader(range(3), num_workers=2)
    assert get_worker_info() is None


@pytest.mark.parametrize(
    "name", ["batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"]
)
def test_attributes_that_are_fixed(same, name):
    same(lambda t: setattr(t.utils.data.DataLoader(range(3)), name, None))


def test_attributes(same):
    def run(t):
        loader = t.utils.data.DataLoader(range(3), 2, drop_last=True)
        loader.collate_fn = list
        names = "batch_size drop_last num_workers pin_memory pin_memory_device timeout generator"
        names += " prefetch_factor persistent_workers in_order worker_init_fn dataset"
        return [getattr(loader, name) for name in names.split()], list(loader)

    same(run)
