"""Samplers: in which order a dataset is read. Every order is PyTorch's for the same seed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from minitorch_clf import random
from minitorch_clf.creation import as_tensor, default_generator
from minitorch_clf.dtypes import float64
from minitorch_clf.ops import libm
from minitorch_clf.tensor import Tensor

T_co = TypeVar("T_co", covariant=True)

INT64 = np.dtype(np.int64)

_NOT_POSITIVE = "{name} should be a positive integer value, but got {name}={value}"


class Sampler(Generic[T_co]):
    """An iterable of indices, or of lists of indices (batches).

    Subclasses write `__iter__`, and `__len__` where the length is known. There is no `__len__`
    here, because `list(sampler)` would call it.
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """0, 1, ..., len(data_source) - 1."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """A new random order at every iteration.

    replacement   False: permutations, one after the other, until num_samples indices are drawn
                  True: every index is drawn from the whole dataset, 32 at a time
    num_samples   default len(data_source)
    generator     drawn from directly; None: one draw of the default generator seeds a generator
                  for this iteration

    TypeError   "replacement should be a boolean value, but got replacement=1"
    ValueError  "num_samples should be a positive integer value, but got num_samples=0"
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: random.Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(
                f"replacement should be a boolean value, but got replacement={replacement}"
            )
        count: Any = self.num_samples
        if not isinstance(count, int) or count <= 0:
            raise ValueError(_NOT_POSITIVE.format(name="num_samples", value=count))

    @property
    def num_samples(self) -> int:
        """Asked for at every use, because the dataset may grow."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        return itertools.chain.from_iterable(self._pieces())

    def _pieces(self) -> Iterator[list[int]]:
        """The indices in lists, drawn when they are asked for."""
        n = len(self.data_source)
        generator = self.generator
        if generator is None:
            generator = random.Generator().manual_seed(draw_seed(default_generator))
        if self.replacement:
            for start in range(0, self.num_samples, 32):
                size = min(32, self.num_samples - start)
                yield random.randint(generator, 0, n, (size,), INT64).tolist()
        else:
            for _ in range(self.num_samples // n):
                yield from _lists(random.randperm(generator, n))
            # PyTorch draws this last permutation even where nothing of it is taken, and the
            # state that it leaves in the generator is part of the order of the next epoch.
            yield from _lists(random.randperm(generator, n)[: self.num_samples % n])

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in a new random order at every iteration."""

    def __init__(self, indices: Sequence[int], generator: random.Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in random.randperm(self.generator or default_generator, len(self.indices)).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Index i is drawn with probability weights[i] / sum(weights).

    weights       (N,)  not negative, kept as float64
    replacement   False: an index that was drawn cannot be drawn again

    ValueError    "num_samples should be a positive integer value, but got num_samples=0"
    ValueError    "replacement should be a boolean value, but got replacement=1"
    ValueError    "weights should be a 1d sequence but given weights have shape (2, 2)"
    RuntimeError  when iterated, for weights that are no distribution, and for more samples than
                  weights without replacement

    Difference from PyTorch: without replacement, when num_samples is larger than the number of
    positive weights, indices of weight 0 fill up the rest in rising order; PyTorch takes the same
    set, in an order that it leaves open.

    >>> import minitorch_clf as torch
    >>> generator = torch.Generator().manual_seed(0)
    >>> list(WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 5, False, generator))
    [4, 1, 2, 5, 3]
    """

    def __init__(
        self,
        weights: Sequence[float] | Tensor,
        num_samples: int,
        replacement: bool = True,
        generator: random.Generator | None = None,
    ) -> None:
        _check_positive("num_samples", num_samples)
        _check_flag("replacement", replacement)
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.dim() != 1:
            raise ValueError(
                "weights should be a 1d sequence but given "
                f"weights have shape {tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        generator = self.generator or default_generator
        yield from multinomial(
            generator, self.weights.array, self.num_samples, self.replacement
        ).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of batch_size indices, in the sampler's order.

    drop_last   True: a last list that is shorter is left out

    ValueError  "batch_size should be a positive integer value, but got batch_size=0"
    ValueError  "drop_last should be a boolean value, but got drop_last=1"

    >>> list(BatchSampler(range(10), batch_size=4, drop_last=False))
    [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        _check_positive("batch_size", batch_size)
        _check_flag("drop_last", drop_last)
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        smallest = self.batch_size if self.drop_last else 1
        while len(batch := list(itertools.islice(indices, self.batch_size))) >= smallest:
            yield batch

    def __len__(self) -> int:
        n = len(cast(Sized, self.sampler))
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)


def draw_seed(generator: random.Generator) -> int:
    """A seed for another generator: torch.empty((), dtype=torch.int64).random_()."""
    return int(random.random_full(generator, (), INT64))


def multinomial(
    generator: random.Generator, weights: NDArray[np.float64], num_samples: int, replacement: bool
) -> NDArray[np.int64]:
    """torch.multinomial's draws from one distribution of float64 weights.

    With replacement, a uniform u picks the first i with u <= cumsum(weights)[i] / sum(weights).
    Without, and for a single sample, every index starts a clock, clock[i] = -log(1 - u[i]) /
    weights[i], and the num_samples that ring first are taken ("exponential races", the idea of
    Efraimidis and Spirakis, 2006, doi:10.1016/j.ipl.2005.11.003).
    """
    if not replacement and num_samples > len(weights):
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    race = not replacement or num_samples == 1
    if race and not np.all((weights >= 0) & (weights < np.inf)):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not np.all(weights >= 0):
        raise RuntimeError("invalid multinomial distribution (encountering probability entry < 0)")
    if not np.all(weights < np.inf):
        raise RuntimeError(
            "invalid multinomial distribution (encountering probability entry = infinity or NaN)"
        )
    if not weights.sum() > 0:
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    if race:
        exponential = -libm.log1p(-random.uniform(generator, weights.shape, weights.dtype))
        return np.argsort(-(weights / exponential), kind="stable")[:num_samples]
    cumulative = np.cumsum(weights)
    uniform = random.uniform(generator, (num_samples,), weights.dtype)
    return np.searchsorted(cumulative / cumulative[-1], uniform)


def _lists(indices: NDArray[np.int64]) -> Iterator[list[int]]:
    """The indices as Python's, a thousand at a time: those of MNIST at once are 2 MB."""
    for start in range(0, len(indices), 1024):
        yield indices[start : start + 1024].tolist()


def _check_positive(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(_NOT_POSITIVE.format(name=name, value=value))


def _check_flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"{name} should be a boolean value, but got {name}={value}")
