"""Memory shared with NumPy and PyTorch: DLPack, __array__, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

import minitorch_clf as t
from tests.nn.twin import attempt, same

CONSUMERS = {
    "numpy": np.from_dlpack,
    "torch": torch.from_dlpack,
    "torch.utils": torch.utils.dlpack.from_dlpack,
    "minitorch_clf": t.from_dlpack,
}
LAYOUTS: dict[str, Any] = {
    "plain": lambda x: x,
    "transposed": lambda x: x.T,
    "every other": lambda x: x[:, ::2],
    "row": lambda x: x[1],
    "0-d": lambda x: x[1:, 1:2].reshape(()),
    "empty": lambda x: x[:0],
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8", "bool"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("consumer", CONSUMERS)
def test_memory_is_shared(consumer: str, layout: str, dtype: str) -> None:
    whole = t.arange(6).reshape(2, 3).to(getattr(t, dtype))
    x = LAYOUTS[layout](whole)
    lent = CONSUMERS[consumer](x)
    assert np.asarray(lent).tolist() == x.tolist()
    assert str(np.asarray(lent).dtype) == dtype
    whole.zero_()
    assert np.asarray(lent).tolist() == x.tolist()


@pytest.mark.parametrize("producer", [np.array, torch.tensor, t.tensor])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_memory_of_others_is_taken(producer: Any, layout: str) -> None:
    whole = producer([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    given = LAYOUTS[layout](whole)
    x = t.from_dlpack(given)
    assert isinstance(x, t.Tensor)
    assert x.tolist() == given.tolist()
    x.add_(1)
    assert x.tolist() == given.tolist()
    assert t.from_dlpack(given, copy=True).array.base is not x.array.base


def test_a_capsule_is_taken_once() -> None:
    def program(e: Any) -> Any:
        capsule = e.utils.dlpack.to_dlpack(e.ones(2))
        first = e.utils.dlpack.from_dlpack(capsule)
        return first.add_(1), attempt(lambda: e.from_dlpack(capsule))

    same(program)


@pytest.mark.parametrize(
    "mistake",
    [
        lambda e: e.ones(2, requires_grad=True).__dlpack__(),
        lambda e: (e.ones(2, requires_grad=True) * 2).__dlpack__(),
        lambda e: np.from_dlpack(e.ones(2, requires_grad=True)),
        lambda e: e.from_dlpack(e.ones(2, requires_grad=True)),
        lambda e: e.ones(2).__dlpack__(stream=1),
        lambda e: e.from_dlpack([1.0]),
        lambda e: e.from_dlpack(np.ones(2, ">f4")),
        lambda e: e.from_numpy(np.ones(2, ">f4")),
        lambda e: e.from_numpy(np.ones(2)[::-1]),
        lambda e: e.from_numpy([1.0]),
        lambda e: memoryview(e.ones(2)),
        lambda e: np.asarray(e.ones(2, requires_grad=True)),
    ],
)
def test_refused_as_in_pytorch(mistake: Any) -> None:
    same(lambda e: attempt(lambda: mistake(e)))


def test_no_way_around_requires_grad() -> None:
    """A buffer or an array interface would hand out memory that a graph depends on."""
    for name in ("__array_interface__", "__array_struct__", "__buffer__", "__array_namespace__"):
        assert getattr(t.ones(2), name, None) is None


def test_device() -> None:
    same(lambda e: [int(part) for part in e.ones(2).__dlpack_device__()])
    with pytest.raises(BufferError):
        t.ones(2).__dlpack__(dl_device=(2, 0))


def test_dtypes_that_are_not_offered_are_refused() -> None:
    with pytest.raises(TypeError, match=r"numpy\.uint16"):
        t.from_dlpack(np.ones(2, np.uint16))


# --- what would crash or corrupt a consumer -------------------------------------------------------


def backwards() -> t.Tensor:
    """A Tensor with a negative stride: no operation makes one, a user's `array` can."""
    x = t.ones(3)
    x.array = np.arange(3.0)[::-1]
    return x


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_negative_strides_are_refused(consumer: str) -> None:
    with pytest.raises(BufferError, match="negative strides"):
        CONSUMERS[consumer](backwards())
    assert np.from_dlpack(backwards(), copy=True).tolist() == [2.0, 1.0, 0.0]


CRASH = """
import numpy as np, torch
{}
torch.from_dlpack(lent)
"""
OURS = """
import minitorch_clf
lent = minitorch_clf.ones(3)
lent.array = np.arange(3.0)[::-1]
"""


@pytest.mark.parametrize(
    ("setup", "says"), [("lent = np.arange(3.0)[::-1]", ""), (OURS, "BufferError")]
)
def test_the_crash_they_would_cause(setup: str, says: str) -> None:
    """PyTorch aborts on NumPy's negative strides (its issue 188023); on ours Python raises."""
    run = subprocess.run(
        [sys.executable, "-c", CRASH.format(setup)], capture_output=True, text=True, check=False
    )
    if says:
        assert run.returncode == 1, run.stderr
        assert says in run.stderr
    elif run.returncode >= 0:
        pytest.skip("this PyTorch does not abort any more")


def test_read_only_memory_is_not_lent() -> None:
    """PyTorch ignores DLPack's mark and writes: 9.0 ended up in a read-only array."""
    array = np.zeros(2)
    array.flags.writeable = False
    with pytest.warns(UserWarning, match="not writable"):
        x = t.from_numpy(array)
    for consumer in CONSUMERS.values():
        with pytest.raises(BufferError, match="read-only"):
            consumer(x)
    torch.from_dlpack(x.clone()).fill_(9)
    assert array.tolist() == [0.0, 0.0]


def test_read_only_memory_of_others_is_not_written_to() -> None:
    array = np.zeros(2)
    array.flags.writeable = False
    with pytest.warns(UserWarning, match="not writable"):
        x = t.from_dlpack(array)
    with pytest.raises(ValueError, match="read-only"):
        x.fill_(9)
    assert array.tolist() == [0.0, 0.0]


def test_writes_of_a_consumer_are_not_seen_as_in_pytorch() -> None:
    """They are as those through .numpy(): the version does not count them."""

    def program(e: Any) -> Any:
        x = e.tensor([1.0, 2.0])
        w = e.tensor([1.0, 1.0], requires_grad=True)
        loss = (w * x).sum()
        np.from_dlpack(x)[:] = 5
        loss.backward()
        return w.grad, x._version

    same(program)


# --- __array__ ------------------------------------------------------------------------------------


def test_array_shares_or_copies() -> None:
    x = t.ones(2)
    assert np.asarray(x) is x.array
    assert np.shares_memory(np.array(x, copy=False), x.array)
    assert not np.shares_memory(np.array(x), x.array)
    assert x.__array__(np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(x, dtype=np.float64, copy=False)
