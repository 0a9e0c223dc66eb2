"""One training run of a program, on PyTorch or on an engine: the loss of every step.

    job = Job("mnist", engine="minitorch_clf", epochs=5, data_dir="data")
    train_once(job, seed=0, dtype="float32", side="two threads")

The engine runs the file of reference/experiments that PyTorch runs, from the same seed: it draws
the same first weights and the same order of images, or the curves part at once. What becomes of the
curves is in curves.py. Each run wants a process of its own (calls.py), with one thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any

import threadpoolctl
import torch

from reference.experiments import logistic, mnist
from reference.experiments.noise_floor import DISTURBANCES, curve, disturbed, shuffled, tensors
from reference.parity.divergence.program import load_program, torch_like
from reference.parity.engines import EngineError, load_engine
from reference.parity.training.calls import Failure
from reference.parity.training.curves import Comparison

PROGRAMS = {"mnist": mnist, "logistic": logistic}
PYTORCH, ENGINE = "PyTorch", "engine"
ON_THE_CPU = "on the CPU"  # a GPU does not split its sums over the CPU's threads; this does


@dataclass(frozen=True)
class Job:
    """What is trained, but for the seed and the dtype.

    engine    as load_engine takes it
    epochs    of logistic: steps
    limit     how many images of mnist; None for all
    device    of PyTorch; the engine has its own
    """

    program: str
    engine: str
    epochs: int
    data_dir: str = ""
    activation: str = "relu"
    limit: int | None = None
    device: str = "cpu"

    @property
    def parts(self) -> int:
        """What the curves are split into: epochs, or tenths of the steps of logistic."""
        return min(10, self.epochs) if self.program == "logistic" else self.epochs

    @property
    def unit(self) -> str:
        """What curves are measured in."""
        return "step" if self.program == "logistic" else "epoch"

    @property
    def disturbances(self) -> tuple[str, ...]:
        """How PyTorch is disturbed where it runs.

        >>> Job("mnist", "torch", epochs=5, device="cuda").disturbances
        ('one ulp', 'on the CPU')
        """
        return DISTURBANCES if self.device == "cpu" else ("one ulp", ON_THE_CPU)

    @property
    def sides(self) -> tuple[str, ...]:
        """The runs that one comparison takes."""
        return (PYTORCH, *self.disturbances, ENGINE)


class CannotTrain(Exception):
    """There is no data or no GPU. The text names the way out."""


def versions(job: Job) -> dict[str, str] | Failure:
    """Who takes part, or what is missing of all that `job` needs."""
    try:
        return _versions(job)
    except (CannotTrain, EngineError) as error:
        return Failure(str(error))


def _versions(job: Job) -> dict[str, str]:
    if job.device == "cuda" and not torch.cuda.is_available():
        raise CannotTrain("--device cuda: there is no GPU here; run with --device cpu.")
    if job.program == "mnist":
        _images(job.data_dir)
    engine = load_engine(job.engine)
    load_program(str(PROGRAMS[job.program].__file__), job.engine)
    return {"engine": engine.name, "engine_version": engine.version, "torch": torch.__version__}


def train_once(job: Job, seed: int, dtype: str, side: str) -> list[float]:
    """Train from the first step to the last.   side: one of job.sides"""
    program: Any = PROGRAMS[job.program]
    t: Any = torch
    if side == ENGINE:
        program, t = load_program(str(program.__file__), job.engine), torch_like(job.engine)
    train = _train_logistic if job.program == "logistic" else _train_mnist
    return [float(loss) for loss in train(t, program, job, seed, dtype, side)]


def _train_mnist(t: Any, program: Any, job: Job, seed: int, dtype: str, side: str) -> list[float]:
    config = program.Config(
        epochs=job.epochs,
        activation=job.activation,
        seed=seed,
        device="cpu" if side in (ENGINE, ON_THE_CPU) else job.device,
        dtype=dtype,
    )
    images, labels = (each[: job.limit] for each in _images(job.data_dir))
    model = program.build(config, images[0].numel())
    if side == ENGINE:
        dataset = t.utils.data.TensorDataset(*map(t.from_numpy, (images.numpy(), labels.numpy())))
        batches = program.DataLoader(dataset, batch_size=config.batch_size, shuffle=True)
    else:
        batches = shuffled(images, labels, config.batch_size)
    with _conditions(model, side):
        return curve(program, config, model, batches)


def _train_logistic(
    t: Any, program: Any, job: Job, seed: int, dtype: str, side: str
) -> list[float]:
    """Its points and its model have the default dtype: so that is what is set."""
    config = program.Config(epochs=job.epochs, seed=seed)
    before = t.get_default_dtype()
    t.set_default_dtype(getattr(t, dtype))
    try:
        model = program.build(config)
        with _conditions(model, side):
            losses: list[float] = program.train(config, model)
            return losses
    finally:
        t.set_default_dtype(before)


def _conditions(model: Any, side: str) -> AbstractContextManager[Any]:
    """One thread and nothing else, or PyTorch's disturbance."""
    if side == ENGINE:
        limited: AbstractContextManager[Any] = threadpoolctl.threadpool_limits(1)
        return limited
    return disturbed(model, side)


@cache
def _images(data_dir: str) -> tuple[torch.Tensor, torch.Tensor]:
    """MNIST's training images and their classes, read once in a process."""
    try:
        return tensors(mnist.load(data_dir, train=True))
    except (RuntimeError, OSError, ValueError) as error:
        raise CannotTrain(
            f"There is no MNIST in {data_dir}: name the folder that holds MNIST/raw and its four "
            "files with --data-dir or MINITORCH_CLF_DATA, or have it fetched: python -m "
            f"reference.experiments.mnist --download --data-dir {data_dir}. PyTorch's words: "
            f"{str(error).splitlines()[0]}"
        ) from error


def compare(
    job: Job, seed: int, dtype: str, answers: Mapping[str, list[float] | Failure]
) -> Comparison:
    """What the runs of one seed and dtype come to; `answers` is by side."""
    failures = {side: a.text for side, a in answers.items() if isinstance(a, Failure)}
    curves = {side: a for side, a in answers.items() if not isinstance(a, Failure)}
    expected = len(curves.get(PYTORCH, []))
    for side, losses in curves.items():
        if expected and len(losses) != expected:
            failures[side] = f"{len(losses)} losses, where PyTorch has {expected}"
    return Comparison(
        seed,
        dtype,
        job.parts,
        curves.pop(PYTORCH, []),
        curves.pop(ENGINE, []),
        curves,
        failures,
    )
