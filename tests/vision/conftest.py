"""Made-up MNIST folders, and the real one where MINITORCH_CLF_DATA names it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from minitorch_clf.vision.datasets.idx import write_idx

N_TRAIN, N_TEST = 37, 11


def make_mnist(root: Path, name: str = "MNIST", packed: bool = False, side: int = 28) -> Path:
    """Write the four files of random images; return the folder they are in."""
    folder = root / name / "raw"
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for split, n in (("train", N_TRAIN), ("t10k", N_TEST)):
        images = generator.integers(0, 256, (n, side, side), dtype=np.uint8)
        labels = generator.integers(0, 10, n, dtype=np.uint8)
        suffix = ".gz" if packed else ""
        write_idx(folder / f"{split}-images-idx3-ubyte{suffix}", images)
        write_idx(folder / f"{split}-labels-idx1-ubyte{suffix}", labels)
    return folder


@pytest.fixture(scope="session")
def mnist_maker() -> Callable[..., Path]:
    return make_mnist


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small, made-up, unpacked MNIST: both torchvision and we can read it."""
    path = tmp_path_factory.mktemp("data")
    make_mnist(path)
    return path


@pytest.fixture(scope="session")
def real_root() -> Path:
    """The data folder with the real MNIST."""
    path = os.environ.get("MINITORCH_CLF_DATA")
    if path is None or not (Path(path) / "MNIST" / "raw").is_dir():
        pytest.skip("MINITORCH_CLF_DATA names no folder with MNIST/raw in it")
    return Path(path)
