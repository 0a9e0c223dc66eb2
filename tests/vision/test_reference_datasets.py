"""The reference reads the folders that the engine reads: unpacked, packed, or some of each."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from reference.datasets import MNIST
from reference.torchvision_cure import torchvision


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("packed", ["none", "all", "one"])
def test_packed_or_not(
    tmp_path: Path, mnist_maker: Callable[..., Path], train: bool, packed: str
) -> None:
    mnist_maker(tmp_path / "plain")
    folder = mnist_maker(tmp_path / "other", packed=packed == "all")
    if packed == "one":
        file = folder / "train-images-idx3-ubyte"
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    ours = MNIST(str(tmp_path / "other"), train=train)
    theirs = torchvision.datasets.MNIST(str(tmp_path / "plain"), train=train)
    assert torch.equal(ours.data, theirs.data)
    assert torch.equal(ours.targets, theirs.targets)
    assert ours.root == str(tmp_path / "other")


def test_missing_file(tmp_path: Path, mnist_maker: Callable[..., Path]) -> None:
    (mnist_maker(tmp_path, packed=True) / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(RuntimeError, match="Dataset not found"):
        MNIST(str(tmp_path))
