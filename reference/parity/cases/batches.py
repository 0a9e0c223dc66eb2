"""The order of batches after a seed, epoch after epoch, and the stream that an epoch leaves."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from reference.parity.case import ErrorCase, OpCase

_Program = Callable[[Any], Any]


def _rows(t: Any, n: int) -> Any:
    """n samples of two numbers and a class."""
    return t.utils.data.TensorDataset(t.arange(2.0 * n).reshape(n, 2), t.arange(n))


def _epochs(t: Any, loader: Any, count: int = 3) -> list[Any]:
    """The batches of some epochs, with a draw after each, as a training loop has."""
    return [[list(loader), t.rand(2)] for _ in range(count)]


def _seeded(program: _Program) -> _Program:
    """The program after seed 0, and what the stream gives next."""

    def fn(t: Any) -> Any:
        t.manual_seed(0)
        return [program(t), t.rand(1)]

    return fn


def _loader(n: int, batch_size: int, own: bool = False, **options: Any) -> _Program:
    """Three epochs over n rows; `own` gives the loader a generator of its own."""

    def fn(t: Any) -> Any:
        generator = t.Generator().manual_seed(3) if own else None
        loader = t.utils.data.DataLoader(_rows(t, n), batch_size, generator=generator, **options)
        after = [t.rand(1, generator=generator)] if own else []
        return [_epochs(t, loader), len(loader), after]

    return fn


def _sampler(make: Callable[[Any, Any], Any], own: bool = False) -> _Program:
    """A sampler read twice, then in a loader; with a generator of its own, or without."""

    def fn(t: Any) -> Any:
        generator = t.Generator().manual_seed(3) if own else None
        sampler = make(t.utils.data, generator)
        read = [list(sampler), list(sampler), len(sampler)]
        loader = t.utils.data.DataLoader(_rows(t, 20), 4, sampler=sampler)
        return [read, _epochs(t, loader, 2), [t.rand(1, generator=generator)] if own else []]

    return fn


def _left_early(t: Any) -> Any:
    loader = t.utils.data.DataLoader(_rows(t, 10), 3, shuffle=True)
    return [list(itertools.islice(loader, 2)), list(loader)]


def _two_at_once(t: Any) -> Any:
    loader = t.utils.data.DataLoader(_rows(t, 7), 2, shuffle=True)
    return [[mine, his] for mine, his in zip(loader, loader, strict=True)]


def _split(parts: list[Any], n: int) -> _Program:
    def fn(t: Any) -> Any:
        pieces = t.utils.data.random_split(_rows(t, n), parts)
        again = t.utils.data.random_split(range(n), parts, t.Generator().manual_seed(4))
        loaders = [t.utils.data.DataLoader(piece, 4, shuffle=True) for piece in pieces]
        return [
            [list(piece.indices) for piece in (*pieces, *again)],
            [_epochs(t, loader, 2) for loader in loaders],
        ]

    return fn


def _stream(t: Any) -> Any:
    """Data that comes without an index: in the order in which it comes."""

    class Count(t.utils.data.IterableDataset):  # type: ignore[misc, name-defined]
        def __iter__(self) -> Any:
            return iter(range(5))

    data = t.utils.data
    return [
        list(data.DataLoader(Count(), 2)),
        list(data.DataLoader(Count(), 2, drop_last=True)),
        list(data.DataLoader(Count(), None)),
        list(data.ChainDataset([Count(), Count()])),
    ]


def _datasets(t: Any) -> Any:
    data = t.utils.data
    rows = _rows(t, 6)
    return [
        [len(rows), rows[3], rows[-1], rows[[1, 1, 0]]],
        [list(data.Subset(rows, [4, 2])), data.Subset(data.Subset(rows, [4, 2, 5]), [2, 1])[0]],
        [list(data.ConcatDataset([range(3), "ab"])), data.ConcatDataset([range(3), "ab"])[-1]],
        list(rows + rows)[7],
    ]


def _collated(t: Any) -> Any:
    """What becomes of a list of samples: stacked, by place or by name."""
    collate = t.utils.data.default_collate
    return [
        collate([1, 2]),
        collate([1.5, 2.5]),
        collate([True, False]),
        collate([np.float32(1), np.float32(2)]),
        collate([np.arange(3), np.arange(3)]),
        collate([t.ones(2), t.zeros(2)]),
        collate([(1, "a"), (2, "b")]),
        collate([{"x": 1.0, "y": [1, 2]}, {"x": 2.0, "y": [3, 4]}]),
    ]


SAMPLERS: dict[str, Callable[[Any, Any], Any]] = {
    "SequentialSampler": lambda d, g: d.SequentialSampler(range(20)),
    "RandomSampler": lambda d, g: d.RandomSampler(range(20), generator=g),
    "RandomSampler with replacement": lambda d, g: d.RandomSampler(range(20), True, generator=g),
    "RandomSampler of more": lambda d, g: d.RandomSampler(range(20), False, 47, g),
    "RandomSampler of fewer": lambda d, g: d.RandomSampler(range(20), False, 7, g),
    "SubsetRandomSampler": lambda d, g: d.SubsetRandomSampler(range(0, 20, 3), g),
    "WeightedRandomSampler": lambda d, g: d.WeightedRandomSampler(range(1, 21), 30, True, g),
    "WeightedRandomSampler without replacement": lambda d, g: d.WeightedRandomSampler(
        range(1, 21), 8, False, g
    ),
}
PROGRAMS: dict[str, _Program] = {
    "T116 in order": _loader(10, 4),
    "T116 shuffled": _loader(23, 5, shuffle=True),
    "T116 shuffled by a generator": _loader(23, 5, shuffle=True, own=True),
    "the last batch dropped": _loader(11, 4, shuffle=True, drop_last=True),
    "batches of one": _loader(5, 1, shuffle=True),
    "a batch larger than the data": _loader(3, 64, shuffle=True),
    "without batches": lambda t: _epochs(
        t, t.utils.data.DataLoader(_rows(t, 4), None, shuffle=True)
    ),
    "batch_sampler": lambda t: _epochs(
        t,
        t.utils.data.DataLoader(
            _rows(t, 9),
            batch_sampler=t.utils.data.BatchSampler(
                t.utils.data.RandomSampler(range(9)), 2, drop_last=True
            ),
        ),
    ),
    "an epoch left early": _left_early,
    "two epochs at once": _two_at_once,
    "T120 random_split by fractions": _split([0.7, 0.2, 0.1], 23),
    "T120 random_split by lengths": _split([12, 5], 17),
    "data of any kind": lambda t: [
        _epochs(t, t.utils.data.DataLoader(data, 2, shuffle=True), 2)
        for data in (range(5), [1.5, 2.5, 3.5], "abcde", [(1, "a"), (2, "b")], np.eye(3))
    ],
    "collate_fn": lambda t: list(t.utils.data.DataLoader(_rows(t, 5), 2, collate_fn=len)),
    "data that streams": _stream,
    "datasets": _datasets,
    "default_collate": _collated,
}
PROGRAMS |= {f"T117 {name}": _sampler(make) for name, make in SAMPLERS.items()}
PROGRAMS |= {
    f"T118 {name} and a generator": _sampler(make, own=True)
    for name, make in SAMPLERS.items()
    if name != "SequentialSampler"
}

CASES = tuple(OpCase(name, _seeded(fn), gradient=False) for name, fn in PROGRAMS.items())

_MISTAKES: dict[str, Callable[[Any], Any]] = {
    "batch_size of 0": lambda d: d.DataLoader(range(3), 0),
    "shuffle and a sampler": lambda d: d.DataLoader(range(3), shuffle=True, sampler=[0]),
    "batch_sampler and batch_size": lambda d: d.DataLoader(range(3), 2, batch_sampler=[[0]]),
    "drop_last without batches": lambda d: d.DataLoader(range(3), None, drop_last=True),
    "an empty dataset shuffled": lambda d: d.DataLoader([], shuffle=True),
    "RandomSampler of nothing": lambda d: d.RandomSampler(range(3), num_samples=0),
    "RandomSampler replacement": lambda d: d.RandomSampler(range(3), replacement=1),
    "WeightedRandomSampler of a matrix": lambda d: d.WeightedRandomSampler([[1.0, 2.0]], 1),
    "a negative weight": lambda d: list(d.WeightedRandomSampler([1.0, -1.0], 1)),
    "BatchSampler of 0": lambda d: d.BatchSampler(range(3), 0, False),
    "random_split of other lengths": lambda d: d.random_split(range(5), [2, 2]),
    "random_split of large fractions": lambda d: d.random_split(range(5), [0.9, 0.9]),
    "an index beyond the end": lambda d: d.ConcatDataset([range(3)])[-4],
    "samples of other sizes": lambda d: d.default_collate([[1, 2], [3]]),
    "samples of no kind": lambda d: d.default_collate([object(), object()]),
}


ERRORS = (
    *(ErrorCase(name, lambda t, make=make: make(t.utils.data)) for name, make in _MISTAKES.items()),
    ErrorCase(
        "tensors of other lengths",
        lambda t: t.utils.data.TensorDataset(t.zeros(3), t.zeros(2)),
    ),
)
