"""Datasets: maps from an index to a sample, or plain streams of samples.

A dataset whose samples are rows of arrays can hand out a whole batch with one NumPy gather. It
says so in `__getbatch__`, beside PyTorch's `__getitem__` (one sample) and `__getitems__` (a list of
samples); `DataLoader` asks for it first.
"""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from minitorch_clf import random
from minitorch_clf.creation import default_generator, randperm
from minitorch_clf.tensor import Tensor, wrap
from minitorch_clf.utils.data.batched import is_outdated

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """A map from an index to a sample. Subclasses write `__getitem__`, and usually `__len__`.

    `__getitems__(indices) -> list of samples` may be added to read several samples together; as
    in PyTorch it is looked for by `DataLoader` and not defined here.

    `a + b` is the concatenation of two datasets.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if is_outdated(cls, "__getbatch__", "__getitem__", "__getitems__"):
            cls.__getbatch__ = Dataset.__getbatch__  # type: ignore[method-assign]

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __getbatch__(self, indices: Sequence[Any]) -> Any:
        """The collated batch of these samples, read at once, or NotImplemented.

        It must equal `default_collate([self[i] for i in indices])` in every bit. A subclass that
        overrides `__getitem__` alone gets this version back, so its change is never bypassed.
        Not in PyTorch.
        """
        return NotImplemented

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """A stream of samples. Subclasses write `__iter__`."""

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Sample i is row i of every tensor.

    tensors   (N, ...) each, of any dtype

    AssertionError  "Size mismatch between tensors"

    >>> import minitorch_clf as torch
    >>> dataset = TensorDataset(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0, 0, 1]))
    >>> len(dataset), dataset[2]
    (3, (tensor(3.), tensor(1)))
    """

    def __init__(self, *tensors: Tensor) -> None:
        if any(tensors[0].size(0) != tensor.size(0) for tensor in tensors):
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __getbatch__(self, indices: Sequence[Any]) -> Any:
        if any(tensor.requires_grad for tensor in self.tensors):
            return NotImplemented  # item by item, so that autograd sees PyTorch's graph
        parts = take_rows(indices, *[tensor.array for tensor in self.tensors])
        return NotImplemented if parts is None else [wrap(part) for part in parts]

    def __len__(self) -> int:
        return int(self.tensors[0].size(0))


class ConcatDataset(Dataset[T_co]):
    """Several datasets, one after the other. `cumulative_sizes[k]` counts the first k + 1 of them.

    AssertionError  "datasets should not be an empty iterable"
    """

    def __init__(self, datasets: Iterable[Dataset[T_co]]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = list(itertools.accumulate(map(_length, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, idx: int) -> T_co:
        if idx < 0:
            if -idx > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            idx += len(self)
        k = bisect.bisect_right(self.cumulative_sizes, idx)
        start = self.cumulative_sizes[k - 1] if k else 0
        return self.datasets[k][idx - start]


class ChainDataset(IterableDataset[T_co]):
    """Several streams, one after the other."""

    def __init__(self, datasets: Iterable[Dataset[T_co]]) -> None:
        self.datasets = datasets

    def _streams(self) -> Iterator[IterableDataset[T_co]]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield dataset

    def __iter__(self) -> Iterator[T_co]:
        return itertools.chain.from_iterable(self._streams())

    def __len__(self) -> int:
        return sum(map(_length, self._streams()))


class Subset(Dataset[T_co]):
    """Sample i is `dataset[indices[i]]`.

    NotImplementedError  if a subclass overrides `__getitem__` without `__getitems__`
    """

    def __init__(self, dataset: Dataset[T_co], indices: Sequence[int]) -> None:
        if is_outdated(type(self), "__getitems__", "__getitem__"):
            raise NotImplementedError(
                f"{type(self).__name__} overrides __getitem__ but not __getitems__. "
                "When subclassing Subset and overriding __getitem__, you must also override "
                "__getitems__ to ensure DataLoader works correctly with your custom logic."
            )
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, idx: Any) -> T_co:
        if isinstance(idx, list):
            return self.dataset[[self.indices[i] for i in idx]]
        return self.dataset[self.indices[idx]]

    def __getitems__(self, indices: Sequence[int]) -> list[T_co]:
        chosen = [self.indices[i] for i in indices]
        read_together = getattr(self.dataset, "__getitems__", None)
        if callable(read_together):
            items: list[T_co] = read_together(chosen)
            return items
        return [self.dataset[i] for i in chosen]

    def __getbatch__(self, indices: Sequence[Any]) -> Any:
        if not isinstance(self.dataset, Dataset):
            return NotImplemented
        return self.dataset.__getbatch__([self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Dataset[T],
    lengths: Sequence[int | float],
    generator: random.Generator | None = default_generator,
) -> list[Subset[T]]:
    """Cut one random permutation of the dataset into subsets of these lengths.

    lengths   whole numbers that add up to len(dataset), or fractions that add up to 1: then each
              length is floor(fraction * len(dataset)), and what remains goes to the splits in
              turn, one sample each

    ValueError  "Sum of input lengths does not equal the length of the input dataset!"
    ValueError  "Fraction at index 0 is not between 0 and 1"

    >>> import minitorch_clf as torch
    >>> parts = random_split(range(10), [0.3, 0.7], generator=torch.Generator().manual_seed(42))
    >>> [list(part) for part in parts]
    [[2, 6, 1], [8, 4, 5, 0, 9, 3, 7]]
    """
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _lengths_from_fractions(_length(dataset), lengths)
    if sum(lengths) != _length(dataset):
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    order = randperm(_length(dataset), generator=generator).tolist()
    slices = itertools.pairwise(itertools.accumulate(lengths, initial=0))
    return [Subset(dataset, order[start:end]) for start, end in slices]


def _lengths_from_fractions(n: int, fractions: Sequence[float]) -> list[int]:
    for k, fraction in enumerate(fractions):
        if fraction < 0 or fraction > 1:
            raise ValueError(f"Fraction at index {k} is not between 0 and 1")
    lengths = [math.floor(n * fraction) for fraction in fractions]
    for k in range(n - sum(lengths)):
        lengths[k % len(lengths)] += 1
    for k, length in enumerate(lengths):
        if length == 0:
            warnings.warn(
                f"Length of split at index {k} is 0. This might result in an empty dataset.",
                stacklevel=3,
            )
    return lengths


def take_rows(indices: Sequence[Any], *arrays: NDArray[Any]) -> list[NDArray[Any]] | None:
    """These rows of each array, or None.

    None leaves them to `__getitem__`: slices, masks and the like, and what is out of range, for
    which it raises PyTorch's error. And uint64: NumPy takes 2^64 - 1 for the last row.

    >>> take_rows([2, 0, -1], np.array([5, 6, 7]))
    [array([7, 5, 7])]
    >>> take_rows([3], np.arange(3)) is None, take_rows([slice(0, 2)], np.arange(3)) is None
    (True, True)
    """
    rows = np.asarray(indices)
    if rows.dtype.kind not in "iu" or rows.dtype == np.uint64 or rows.ndim != 1 or not rows.size:
        return None
    try:
        return [array.take(rows, axis=0) for array in arrays]
    except IndexError:
        return None


def _length(dataset: Any) -> int:
    return len(dataset)
