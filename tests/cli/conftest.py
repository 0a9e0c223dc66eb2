"""What the tests of the command line share: a folder to work in, and a way to call it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from minitorch_clf.cli import cli
from minitorch_clf.vision.datasets import MNIST
from minitorch_clf.vision.datasets.idx import write_idx

CommandLine = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Calls the command line in an empty folder, with no data named and no mirror to be reached."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINITORCH_CLF_DATA", raising=False)
    monkeypatch.setattr(MNIST, "mirrors", ("http://127.0.0.1:9/",))  # refuses at once

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(cli, list(arguments))

    return invoke


@pytest.fixture
def made_up_mnist(tmp_path: Path) -> Path:
    """A data folder with 256 training and 64 test images in MNIST's layout."""
    root = tmp_path / "made-up"
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for prefix, count in (("train", 256), ("t10k", 64)):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        write_idx(raw / f"{prefix}-images-idx3-ubyte.gz", images)
        write_idx(raw / f"{prefix}-labels-idx1-ubyte.gz", (np.arange(count) % 10).astype(np.uint8))
    return root
