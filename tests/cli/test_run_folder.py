"""A run folder's files are whole, readable by others, and right whatever the array's layout."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from minitorch_clf.cli.run_folder import RunFolder, atomic_write, to_json
from minitorch_clf.tensor import wrap

CUBE = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize(
    "array",
    [
        CUBE,
        CUBE.T,
        CUBE[::-1, ::2],
        np.broadcast_to(np.float32(3), (5, 7)),
        np.array(2.5, dtype=np.float64),
        np.empty((0, 3), dtype=np.float32),
        np.array([True, False]),
        np.arange(3),
    ],
    ids=["plain", "transposed", "reversed", "broadcast", "0-d", "empty", "bool", "int64"],
)
def test_weights_come_back_bit_for_bit(tmp_path: Path, array: np.ndarray) -> None:
    """safetensors 0.8.0 gets "transposed", "reversed" and "broadcast" wrong (its issue 825)."""
    folder = RunFolder(tmp_path / "run", {})

    folder.save_weights({"layer.weight": wrap(array)})

    back = load_file(folder.path / "weights.safetensors")["layer.weight"]
    assert back.shape == array.shape
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    RunFolder(tmp_path / "run", {})

    with pytest.raises(FileExistsError, match="run is not empty"):
        RunFolder(tmp_path / "run", {})


def test_each_epoch_is_on_disk_as_one_line(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", {})

    for epoch in (1, 2):
        folder.add_epoch({"epoch": epoch, "loss": math.inf})
        lines = (folder.path / "metrics.jsonl").read_text().splitlines()
        assert len(lines) == epoch

    assert json.loads(lines[-1]) == {"epoch": 2, "loss": None}


def test_json_has_no_nan() -> None:
    value = json.loads(to_json({"a": [1.0, math.nan, {"b": -math.inf}], "c": (1, "x", None, True)}))

    assert value == {"a": [1.0, None, {"b": None}], "c": [1, "x", None, True]}


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights"
    atomic_write(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        atomic_write(path, b"new")

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_file_is_as_readable_as_any_new_file(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        atomic_write(tmp_path / "file", b"")
    finally:
        os.umask(before)

    assert (tmp_path / "file").stat().st_mode & 0o777 == mode
