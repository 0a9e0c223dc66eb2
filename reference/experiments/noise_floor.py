"""How far does PyTorch drift from itself? The measure of what "the same run" can mean.

A run of MNIST is repeated with the initial weights moved by one ulp, the least that can be changed,
all up, all down, or as drawn, and with another number of threads, which splits sums differently.
What the loss curves then differ by is noise: no engine, however right, can be expected to stay much
closer. It takes several disturbances to see it: a curve leaves the others when a hidden unit falls
on the other side of ReLU's kink, and by chance one of them may not meet that for epochs.

    python -m reference.experiments.noise_floor --data-dir data
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import math
import os
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

from reference.experiments import mnist

DISTURBANCES = ("one ulp", "one ulp down", "ulps at random", "others at random", "two threads")


def tensors(train_set: Any) -> tuple[Tensor, Tensor]:
    """Return all images as ToTensor makes them, (N, 1, 28, 28) float32, and their classes."""
    return train_set.data.unsqueeze(1).to(torch.float32).div(255), train_set.targets


def shuffled(images: Tensor, labels: Tensor, batch_size: int) -> DataLoader[Any]:
    """DataLoader(TensorDataset(images, labels), batch_size, shuffle=True), ten times as fast.

    The same batches from the same draws, but each is gathered at once, not image by image.
    """
    dataset = TensorDataset(images, labels)
    batches = BatchSampler(RandomSampler(dataset), batch_size, drop_last=False)
    return DataLoader(dataset, sampler=batches, batch_size=None)


def curve(program: ModuleType, config: Any, model: Any, batches: Iterable[Any]) -> list[float]:
    """Return the loss of every batch of a training run; `program` is mnist, of either engine."""
    losses: list[float] = []
    program.train(config, model, batches, on_batch=lambda loss: losses.append(loss.item()))
    return losses


def differences(one: list[float], other: list[float]) -> list[float]:
    """Return how far apart two curves are, batch by batch; a nan or inf of one alone is inf.

    >>> differences([3.0, 2.0, math.nan, math.nan], [3.0, 2.5, math.nan, 1.0])
    [0.0, 0.5, 0.0, inf]
    """
    return [_distance(a, b) for a, b in zip(one, other, strict=True)]


def _distance(a: float, b: float) -> float:
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    return abs(a - b) if math.isfinite(a - b) else math.inf


def drift(one: list[float], other: list[float], epochs: int) -> list[float]:
    """Return for each epoch the largest difference between two curves in it.

    >>> drift([3.0, 2.0, 1.0, 1.0], [3.0, 2.5, 1.0, 1.25], epochs=2)
    [0.5, 0.25]
    """
    batches = math.ceil(len(one) / epochs)
    apart = differences(one, other)
    return [max(apart[i : i + batches]) for i in range(0, len(one), batches)]


def floor(drifts: Iterable[list[float]]) -> list[float]:
    """Return how far noise has come by the end of each epoch, from the drift of each disturbance.

    It grows as a run goes on, so what came before still counts:

    >>> floor([[1e-6, 3e-3, 1e-3], [2e-6, 1e-3, 2e-3]])
    [2e-06, 0.003, 0.003]
    """
    return list(itertools.accumulate((max(d) for d in zip(*drifts, strict=True)), max))


def nudge(model: nn.Module, how: str = "one ulp") -> None:
    """Move every parameter by one ulp: up, down, or up, down or not at all as a draw says."""
    seed = {"ulps at random": 1, "others at random": 2}.get(how)
    draws = torch.Generator().manual_seed(seed or 0)
    with torch.no_grad():
        for parameter in model.parameters():
            step = torch.full_like(parameter, -1 if how == "one ulp down" else 1)
            if seed is not None:
                step = torch.randint(-1, 2, parameter.shape, generator=draws).to(step)
            beyond = torch.where(step == 0, parameter, step * torch.inf)
            parameter.copy_(torch.nextafter(parameter, beyond))


@contextlib.contextmanager
def disturbed(model: nn.Module, how: str = "") -> Iterator[None]:
    """A block in which PyTorch has one thread, or is disturbed in one of the DISTURBANCES."""
    if how in DISTURBANCES and how != "two threads":
        nudge(model, how)
    before = torch.get_num_threads()
    torch.set_num_threads(2 if how == "two threads" else 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def noise_floor(
    config: mnist.Config, images: Tensor, labels: Tensor
) -> tuple[list[float], dict[str, list[float]]]:
    """Return PyTorch's curve on one thread, and for each disturbance its drift from it by epoch."""

    def run(how: str = "") -> list[float]:
        model = mnist.build(config, images[0].numel())
        with disturbed(model, how):
            return curve(mnist, config, model, shuffled(images, labels, config.batch_size))

    base = run()
    return base, {how: drift(base, run(how), config.epochs) for how in DISTURBANCES}


def main(arguments: list[str] | None = None) -> None:
    """Print the drift of each epoch."""
    parser = argparse.ArgumentParser(description="How far PyTorch drifts from itself on MNIST.")
    parser.add_argument("--data-dir", default=os.environ.get("MINITORCH_CLF_DATA", "data"))
    parser.add_argument("--activation", choices=mnist.ACTIVATIONS, default="relu")
    parser.add_argument("--seed", type=int, default=mnist.Config.seed)
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    options = parser.parse_args(arguments)
    config = mnist.Config(activation=options.activation, seed=options.seed, dtype=options.dtype)

    train_set = mnist.load(options.data_dir, train=True)
    images, labels = tensors(train_set)
    _, drifts_by_name = noise_floor(config, images, labels)
    print(f"{'epoch':12}" + "".join(f"{epoch:>10}" for epoch in range(1, config.epochs + 1)))
    for name, drifts in drifts_by_name.items():
        print(f"{name:12}" + "".join(f"{value:10.1e}" for value in drifts))


if __name__ == "__main__":
    main()
