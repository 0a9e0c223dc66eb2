"""Same seed, same run: this engine's loss curve lies on PyTorch's.

In float64 to 1e-9. In float32 within five times the noise floor: what PyTorch's own curve moves
when the initial weights move by one ulp, or when the sums are split over two threads.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch as pytorch

from minitorch_clf import from_numpy, get_num_threads, set_num_threads
from minitorch_clf.experiments import mnist
from minitorch_clf.utils.data import DataLoader, TensorDataset
from reference.experiments import mnist as reference
from reference.experiments.noise_floor import curve, drift, floor, noise_floor, shuffled
from tests.experiments.conftest import Images

FLOAT64_TOLERANCE = 1e-9
NOISE_FLOORS = 5


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The reference is pinned to one; so is this engine, for the same bits on every machine."""
    before = get_num_threads()
    set_num_threads(1)
    yield
    set_num_threads(before)


@dataclass(frozen=True)
class Run:
    losses: list[float]
    model: object


def ours(config: mnist.Config, data: Images) -> Run:
    model = mnist.build(config, data.images[0].size)
    dataset = TensorDataset(from_numpy(data.images), from_numpy(data.labels))
    batches = DataLoader(dataset, batch_size=config.batch_size, shuffle=True)
    return Run(curve(mnist, config, model, batches), model)


def theirs(config: mnist.Config, data: Images) -> Run:
    model = reference.build(reference.Config(**dataclasses.asdict(config)), data.images[0].size)
    batches = shuffled(*as_pytorch(data), config.batch_size)
    return Run(curve(reference, config, model, batches), model)


def as_pytorch(data: Images) -> tuple[pytorch.Tensor, pytorch.Tensor]:
    return pytorch.from_numpy(data.images), pytorch.from_numpy(data.labels)


def assert_same_curve_in_float64(config: mnist.Config, data: Images) -> None:
    config = dataclasses.replace(config, dtype="float64")

    distance = drift(ours(config, data).losses, theirs(config, data).losses, config.epochs)

    print(f"{config.activation} float64: {max(distance):.1e}")
    assert max(distance) <= FLOAT64_TOLERANCE


def assert_same_curve_in_float32(config: mnist.Config, data: Images) -> None:
    base, disturbed = noise_floor(config, *as_pytorch(data))

    distance = drift(ours(config, data).losses, base, config.epochs)

    noises = floor(disturbed.values())
    for epoch, (ours_off, noise) in enumerate(zip(distance, noises, strict=True), 1):
        print(f"{config.activation} epoch {epoch}: {ours_off:.1e}, noise floor {noise:.1e}")
        assert ours_off <= NOISE_FLOORS * noise


@pytest.mark.parametrize("activation", mnist.ACTIVATIONS)
@pytest.mark.parametrize("optimizer", mnist.OPTIMIZERS)
def test_float64_curve_on_the_digits(digits: Images, activation: str, optimizer: str) -> None:
    config = mnist.Config(activation=activation, optimizer=optimizer, hidden=(32, 16))

    assert_same_curve_in_float64(config, digits)


@pytest.mark.parametrize("activation", mnist.ACTIVATIONS)
def test_float32_curve_on_the_digits(digits: Images, activation: str) -> None:
    assert_same_curve_in_float32(mnist.Config(activation=activation, hidden=(64,)), digits)


def test_weights_and_order_are_the_same_bits_before_the_first_step(digits: Images) -> None:
    config = mnist.Config()
    model, twin = mnist.build(config, 64), reference.build(reference.Config(), 64)
    for ours_p, pytorch_p in zip(model.parameters(), twin.parameters(), strict=True):
        np.testing.assert_array_equal(ours_p.detach().numpy(), pytorch_p.detach().numpy())

    dataset = TensorDataset(from_numpy(digits.images), from_numpy(digits.labels))
    batches = DataLoader(dataset, batch_size=64, shuffle=True)
    for (x, y), (u, v) in zip(batches, shuffled(*as_pytorch(digits), 64), strict=True):
        np.testing.assert_array_equal(x.numpy(), u.numpy())
        np.testing.assert_array_equal(y.numpy(), v.numpy())


def test_the_fast_batches_of_the_reference_are_the_plain_ones(digits: Images) -> None:
    """noise_floor.shuffled stands in for DataLoader(shuffle=True): it must be the same, twice."""
    images, labels = as_pytorch(digits)
    plain = pytorch.utils.data.DataLoader(
        pytorch.utils.data.TensorDataset(images, labels), batch_size=64, shuffle=True
    )
    orders = []
    for batches in (plain, shuffled(images, labels, 64)):
        pytorch.manual_seed(3)
        orders.append([y.tolist() for _ in range(2) for _, y in batches])

    assert orders[0] == orders[1]


def test_the_comparison_sees_a_wrong_learning_rate(digits: Images) -> None:
    """One part in ten thousand off, and both gates are shut."""
    config = mnist.Config(hidden=(32,), dtype="float64")
    wrong = dataclasses.replace(config, lr=config.lr * 1.0001)

    distance = drift(ours(wrong, digits).losses, theirs(config, digits).losses, config.epochs)

    assert max(distance) > 1e-5


def test_no_gpu_is_said_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    if pytorch.cuda.is_available():
        pytest.skip("there is one")
    for program in (mnist, reference):
        with pytest.raises(SystemExit) as left:
            program.main(["--device", "cuda"])
        assert left.value.code == "--device cuda: there is no GPU here; run with --device cpu."
    assert capsys.readouterr().out == ""


def test_no_data_is_said_plainly(tmp_path: Path) -> None:
    for program in (mnist, reference):
        with pytest.raises(SystemExit, match=r"No MNIST in .*; --download fetches it"):
            program.main(["--data-dir", str(tmp_path)])


# ------------------------------------------------------------------------------- the real MNIST


@pytest.mark.slow
def test_float64_curve_on_mnist(mnist_train: Images) -> None:
    assert_same_curve_in_float64(mnist.Config(), mnist_train)


@pytest.mark.slow
def test_float32_curve_on_mnist(mnist_train: Images) -> None:
    assert_same_curve_in_float32(mnist.Config(), mnist_train)


@pytest.mark.slow
def test_mnist_is_learned(mnist_train: Images, mnist_test: Images) -> None:
    config = mnist.Config()
    model = ours(config, mnist_train).model

    test = TensorDataset(from_numpy(mnist_test.images), from_numpy(mnist_test.labels))

    assert mnist.accuracy(config, model, DataLoader(test, batch_size=1000)) >= 0.973
