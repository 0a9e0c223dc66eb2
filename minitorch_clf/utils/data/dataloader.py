"""DataLoader: a dataset, read in a sampler's order, in batches."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from minitorch_clf import random
from minitorch_clf.creation import default_generator
from minitorch_clf.utils.data.collate import default_collate, default_convert
from minitorch_clf.utils.data.dataset import Dataset, IterableDataset
from minitorch_clf.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    draw_seed,
)

T_co = TypeVar("T_co", covariant=True)

_FIXED = frozenset(
    ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
)


class DataLoader(Generic[T_co]):
    """An iterable over the batches of a dataset, in PyTorch's order for the same seed.

    batch_size      samples per batch; None: single samples, not batches
    shuffle         a new order in every epoch
    sampler         an iterable of indices, instead of shuffle
    batch_sampler   an iterable of lists of indices, instead of batch_size, shuffle, sampler and
                    drop_last
    collate_fn      samples (a list) -> batch; default: `default_collate`
    drop_last       leave out a last batch that is smaller
    generator       what shuffle draws from, and the seed that every epoch draws at its start

    The other options speak of worker processes and of pinned memory, and there are neither: each
    does what PyTorch does with it on a CPU without workers. `num_workers` above 0 raises
    NotImplementedError.

    Speed: a batch of a TensorDataset, of MNIST or the digits with array transforms, or of a Subset
    of one, is one NumPy gather (`Dataset.__getbatch__`), with the values, to the bit, of
    collating its samples one by one.

    ValueError  PyTorch's texts, for options that exclude each other

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.utils.data import DataLoader, TensorDataset
    >>> _ = torch.manual_seed(0)
    >>> loader = DataLoader(TensorDataset(torch.arange(5)), batch_size=2, shuffle=True)
    >>> [batch for batch, in loader]
    [tensor([1, 4]), tensor([2, 3]), tensor([0])]
    """

    _initialized = False

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: random.Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_worker_options(
            num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context
        )
        if isinstance(dataset, IterableDataset):
            _check_stream_options(shuffle, sampler, batch_sampler)
        shuffle = bool(shuffle)
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive "
                    "with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching "
                "and is mutually exclusive with drop_last"
            )

        if sampler is None:
            if isinstance(dataset, IterableDataset):
                sampler = itertools.repeat(None)  # a stream has no indices, only its own order
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate

        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.generator = generator
        self.num_workers = num_workers
        self.prefetch_factor = prefetch_factor
        self.persistent_workers = persistent_workers
        self.multiprocessing_context = multiprocessing_context
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.in_order = in_order
        self._promised: int | None = None  # what a stream said its length was, once asked
        self._initialized = True

    def __setattr__(self, attr: str, value: Any) -> None:
        if self._initialized and attr in _FIXED:
            raise ValueError(
                f"{attr} attribute should not be set after {type(self).__name__} is initialized"
            )
        super().__setattr__(attr, value)

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        return _Epoch(self)

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        n: int = len(self.dataset)  # type: ignore[arg-type]  # raises TypeError without __len__
        self._promised = n
        if self.batch_size is None:
            return n
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)


class _Epoch(Iterator[Any]):
    """One pass over a DataLoader.

    It draws a number at its start even where nothing is shuffled. In PyTorch that number seeds
    the workers; here it keeps the random stream of everything that follows PyTorch's.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._loader = loader
        self._promised = loader._promised
        self._yielded = 0
        if loader.pin_memory and loader.pin_memory_device:
            warnings.warn(
                "pin_memory_device is deprecated, the current accelerator will be used as the "
                f"device,ignore pin_memory_device='{loader.pin_memory_device}'.",
                stacklevel=3,
            )
        if loader.pin_memory:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, "
                "then device pinned memory won't be used.",
                stacklevel=3,
            )
        self._indices = iter(loader._index_sampler)
        self._base_seed = draw_seed(loader.generator or default_generator)
        if loader.timeout != 0:
            raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")
        if isinstance(loader.dataset, IterableDataset):
            self._stream: Iterator[Any] | None = iter(loader.dataset)
        else:
            self._stream = None

    def __len__(self) -> int:
        return len(self._loader._index_sampler)

    def __next__(self) -> Any:
        index = next(self._indices)
        batch = self._read(index) if self._stream is None else self._take(index, self._stream)
        self._yielded += 1
        if self._promised is not None and self._yielded > self._promised:
            warnings.warn(
                f"Length of IterableDataset {self._loader.dataset} was reported to be "
                f"{self._promised}(when accessing len(dataloader)), but {self._yielded} "
                "samples have been fetched. ",
                stacklevel=2,
            )
        return batch

    def _read(self, index: Any) -> Any:
        """The batch (or the single sample) at `index` of a map."""
        dataset, collate_fn = self._loader.dataset, self._loader.collate_fn
        if self._loader.batch_sampler is None:
            return collate_fn(dataset[index])
        if collate_fn is default_collate and isinstance(dataset, Dataset):
            batch = dataset.__getbatch__(index)
            if batch is not NotImplemented:
                return batch
        read_together = getattr(dataset, "__getitems__", None)
        if read_together:
            return collate_fn(read_together(index))
        return collate_fn([dataset[i] for i in index])

    def _take(self, places: Any, stream: Iterator[Any]) -> Any:
        """The next batch (or the next single sample) of a stream."""
        if self._loader.batch_sampler is None:
            return self._loader.collate_fn(next(stream))
        samples = list(itertools.islice(stream, len(places)))
        if not samples or (self._loader.drop_last and len(samples) < len(places)):
            raise StopIteration
        return self._loader.collate_fn(samples)


def get_worker_info() -> None:
    """Return None: there are no worker processes, and this is the main one."""


def _check_worker_options(
    num_workers: int,
    timeout: float,
    prefetch_factor: int | None,
    persistent_workers: bool,
    multiprocessing_context: Any,
) -> None:
    if num_workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; "
            "use num_workers=0 to disable multiprocessing."
        )
    if num_workers > 0:
        raise NotImplementedError(
            f"num_workers={num_workers}: DataLoader has no worker processes. Use num_workers=0: "
            "the order of the samples is the same with any number of workers."
        )
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if persistent_workers:
        raise ValueError("persistent_workers option needs num_workers > 0")
    if multiprocessing_context is not None:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading "
            f"(num_workers > 0), but got num_workers={num_workers}"
        )


def _check_stream_options(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    options = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
    for name, value in options.items():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, "
                f"but got {name}={value}"
            )
