"""The data that both engines train on."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import pytest

from minitorch_clf.vision.datasets import MNIST, Digits


@dataclass(frozen=True)
class Images:
    """Pixels as ToTensor makes them: images (N, 1, H, W) float32 in [0, 1], labels (N,) int64."""

    images: np.ndarray
    labels: np.ndarray


def as_images(dataset: Digits | MNIST) -> Images:
    images = dataset.data.numpy()[:, None].astype(np.float32) / np.float32(255)
    return Images(images, dataset.targets.numpy())


@pytest.fixture(scope="session")
def digits() -> Images:
    return as_images(Digits(train=True))


def mnist_folder() -> str:
    """Return the folder with the real MNIST, or skip the test."""
    folder = os.environ.get("MINITORCH_CLF_DATA")
    if not folder:
        pytest.skip("MINITORCH_CLF_DATA names no folder with MNIST")
    return folder


@pytest.fixture(scope="session")
def mnist_train() -> Images:
    return as_images(MNIST(mnist_folder(), train=True))


@pytest.fixture(scope="session")
def mnist_test() -> Images:
    return as_images(MNIST(mnist_folder(), train=False))
