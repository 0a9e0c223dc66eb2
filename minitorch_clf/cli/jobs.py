"""What `train` can train: an experiment's program with the data it needs, ready to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import minitorch_clf as torch
from minitorch_clf import nn
from minitorch_clf.experiments import logistic, mnist
from minitorch_clf.utils.data import DataLoader, Dataset
from minitorch_clf.vision import datasets, transforms

OnStep = Callable[[int, float], None]  # epoch, loss
OnEpoch = Callable[[int, float, Mapping[str, float]], None]  # epoch, loss, further metrics


class Job(Protocol):
    """One training run.

    config   a frozen dataclass: all that the run depends on besides the data
    model    trained in place by `run`, so that it is there whenever the run ends
    steps    how many times `run` calls on_step
    """

    @property
    def config(self) -> mnist.Config | logistic.Config: ...

    @property
    def model(self) -> nn.Module: ...

    @property
    def steps(self) -> int: ...

    def run(self, on_step: OnStep, on_epoch: OnEpoch) -> None: ...

    def result(self) -> tuple[list[str], dict[str, Any]]:
        """Return what the model came to: in lines for a person, in values for a program."""


class ImageJob:
    """mnist or digits: experiments/mnist.py on either's images."""

    def __init__(
        self, options: Mapping[str, Any], train_set: Dataset[Any], test_set: Dataset[Any]
    ) -> None:
        self.config = mnist.Config(**options)
        self.model = mnist.build(self.config, inputs=train_set[0][0].numel())
        self._train: DataLoader[Any] = DataLoader(
            train_set, batch_size=self.config.batch_size, shuffle=True
        )
        # Its own generator: a look at the test images must not move the training's random stream.
        self._test: DataLoader[Any] = DataLoader(
            test_set, batch_size=1000, generator=torch.Generator()
        )
        self.steps = self.config.epochs * len(self._train)
        self._accuracy: float | None = None

    def run(self, on_step: OnStep, on_epoch: OnEpoch) -> None:
        epochs_done = 0

        def after_batch(loss: torch.Tensor) -> None:
            on_step(epochs_done + 1, loss.item())

        def after_epoch(epoch: int, loss: float) -> None:
            nonlocal epochs_done
            epochs_done = epoch
            self._accuracy = mnist.accuracy(self.config, self.model, self._test)
            on_epoch(epoch, loss, {"test_accuracy": self._accuracy})

        mnist.train(self.config, self.model, self._train, after_epoch, after_batch)

    def result(self) -> tuple[list[str], dict[str, Any]]:
        if self._accuracy is None:
            return [], {"test_accuracy": None}
        return [f"test accuracy {self._accuracy:.2%}"], {"test_accuracy": self._accuracy}


class LogisticJob:
    """experiments/logistic.py."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.config = logistic.Config(**options)
        self.model = logistic.build(self.config)
        self.steps = self.config.epochs

    def run(self, on_step: OnStep, on_epoch: OnEpoch) -> None:
        def after_epoch(epoch: int, loss: float) -> None:
            on_step(epoch, loss)
            on_epoch(epoch, loss, {})

        logistic.train(self.config, self.model, after_epoch)

    def result(self) -> tuple[list[str], dict[str, Any]]:
        parameters = {name: p.item() for name, p in self.model.named_parameters()}
        predictions = logistic.predictions(self.model)
        lines = [f"{name} {value:.4f}" for name, value in parameters.items()]
        lines += [f"x = {x:.0f}  probability {p:.4f}  class {c}" for x, p, c in predictions]
        return lines, {
            "parameters": parameters,
            "predictions": [{"x": x, "probability": p, "class": c} for x, p, c in predictions],
        }


def load_mnist(root: Path, download: bool) -> tuple[Dataset[Any], Dataset[Any]]:
    """Return MNIST's training and test set; the errors are those of datasets.MNIST."""
    return mnist.load(str(root), True, download), mnist.load(str(root), False)


def load_digits() -> tuple[Dataset[Any], Dataset[Any]]:
    """Return the training and the test set of the 8x8 digits."""
    to_tensor = transforms.ToTensor()
    return datasets.Digits(True, to_tensor), datasets.Digits(False, to_tensor)
