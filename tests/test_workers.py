"""Parts of a loop on other threads: the same bits, whoever runs them, also after a fork."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

import minitorch_clf as torch
from minitorch_clf import workers
from minitorch_clf.kernels import activation, pointwise, softmax
from minitorch_clf.kernels.loss import FINE, bent_backward, binary_cross_entropy

SWITCHES = ("NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK")
compiled = pytest.mark.skipif(
    any(os.environ.get(name, "0") != "0" for name in SWITCHES),
    reason="workers run plain machine code only",
)
SIZE = 10_000


@pytest.fixture
def crew(monkeypatch: pytest.MonkeyPatch) -> Iterator[workers.Crew]:
    """Three workers of this test's own."""
    crew = workers.Crew(3)
    monkeypatch.setattr(workers, "_crew", crew)
    yield crew
    assert not crew.busy.locked()


def numbers(seed: int, dtype: type = np.float32) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(SIZE).astype(dtype)


def idle(crew: workers.Crew) -> None:
    """Wait until every worker sleeps."""
    while len(crew.sleeping) < len(crew.bells):
        time.sleep(0.001)


@compiled
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("step", [2512, 3344, 5008])
def test_the_bits_are_those_of_one_call(crew: workers.Crew, dtype: type, step: int) -> None:
    x, y, g = numbers(0, dtype), numbers(1, dtype), np.full(1, 0.3, dtype)
    scalars = [dtype(k) for k in (0.5, 0.7, 1.3, 0.9)]
    calls = [
        (activation.relu, (x,), ()),
        (activation.softplus_backward, (y, x), (dtype(1.5), dtype(0.25))),
        (bent_backward, (g, x, y), scalars),
        (pointwise.abs_backward, (y, x), ()),
    ]
    for loop, vectors, parameters in calls:
        for sleeping in (False, True):
            expected, out = np.empty(SIZE, dtype), np.empty(SIZE, dtype)
            loop(*vectors, *parameters, expected)
            if sleeping:
                idle(crew)
            assert workers.share(loop, (*vectors, out), parameters, step) is not None
            assert out.tobytes() == expected.tobytes()


@compiled
@pytest.mark.parametrize("shape", [(1000, 10), (7, 1001), (4, 1)])
def test_rows(crew: workers.Crew, shape: tuple[int, int]) -> None:
    x = np.random.default_rng(0).standard_normal(shape, np.float32)
    for loop, inputs in [
        (softmax.log_softmax_rows, (x,)),
        (softmax.softmax_rows, (x,)),
        (softmax.log_softmax_rows_backward, (x, -np.abs(x))),
        (softmax.softmax_rows_backward, (x, x)),
    ]:
        expected, out = np.empty_like(x), np.empty_like(x)
        loop(*inputs, expected)
        step = -(-shape[0] // 4)
        assert workers.share(loop, (*inputs, out), (), step) is not None
        assert out.tobytes() == expected.tobytes()


def test_loops_are_dear_by_what_they_call() -> None:
    assert softmax.softmax_rows.is_dear
    assert activation.elu_backward.is_dear
    assert activation.sigmoid_backward.is_dear
    assert not activation.relu.is_dear


@compiled
def test_each_part_has_its_result(crew: workers.Crew) -> None:
    x, y = np.full(SIZE, 0.5), np.zeros(SIZE)
    x[7000] = 2.0
    out = np.empty(SIZE)
    results = workers.share(binary_cross_entropy, (x, y, out), (), 2512)
    assert results == [FINE, FINE, 7000 - 2 * 2512, FINE]


@pytest.mark.parametrize("bad", ["read-only", "strided", "other dtype", "too many parts", "ufunc"])
def test_what_it_does_not_take(crew: workers.Crew, bad: str) -> None:
    x, out, step, loop = numbers(0), np.empty(SIZE, np.float32), SIZE // 2, activation.relu
    if bad == "read-only":
        x.flags.writeable = False
    elif bad == "strided":
        x = np.repeat(x, 2)[::2]
    elif bad == "other dtype":
        x = x.astype(np.float64)
    elif bad == "too many parts":
        step = SIZE // 8
    else:
        loop = np.tanh  # type: ignore[assignment]
    assert workers.share(loop, (x, out), (), step) is None


@compiled
def test_two_threads_at_once(crew: workers.Crew) -> None:
    """One has the workers, the other runs its loop alone."""
    x = numbers(0)
    expected = np.empty_like(x)
    activation.sigmoid(x, expected)
    wrong = []

    def run() -> None:
        out = np.empty_like(x)
        for _ in range(300):
            out[:] = 0
            if workers.share(activation.sigmoid, (x, out), (), 5008) is None:
                activation.sigmoid(x, out)
            if out.tobytes() != expected.tobytes():
                wrong.append(out)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@compiled
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_workers_of_its_own() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    x = torch.ones(300_000)
    torch.sigmoid(x)
    child = os.fork()
    if child == 0:
        fine = bool((torch.sigmoid(x) == torch.sigmoid(x[:1])).all())
        os._exit(0 if fine and len(workers._crew.bells) <= 1 else 1)
    _, status = os.waitpid(child, 0)
    torch.set_num_threads(before)
    assert status == 0


@compiled
def test_nothing_of_a_call_is_kept(crew: workers.Crew) -> None:
    """Who counts references to a gradient must not find a worker's."""
    x, out = numbers(0), np.empty(SIZE, np.float32)
    before = sys.getrefcount(x), sys.getrefcount(out)
    workers.share(activation.relu, (x, out), (), 5008)
    assert (sys.getrefcount(x), sys.getrefcount(out)) == before
