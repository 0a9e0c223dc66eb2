"""The folder that a run leaves behind.

    config.json           what was asked for: written first, never changed
    metrics.jsonl         one JSON object a line, one line an epoch, written as the epoch ends
    weights.safetensors   the model's state_dict as it last was
    summary.json          how it ended and with what result; missing while it runs, or if it died

Each file is whole or not there at all: it is written under another name, then renamed. Only
metrics.jsonl grows, so a machine that lost its power may leave half a last line.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from minitorch_clf.tensor import Tensor


class RunFolder:
    """A new folder at `path`; FileExistsError where there is a non-empty one already."""

    def __init__(self, path: Path, config: Mapping[str, Any]) -> None:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise FileExistsError(f"{path} is not empty")
        self.path = path
        atomic_write(path / "config.json", to_json(config, indent=2))

    def add_epoch(self, metrics: Mapping[str, Any]) -> None:
        with (self.path / "metrics.jsonl").open("ab") as file:
            file.write(to_json(metrics))

    def save_weights(self, state_dict: Mapping[str, Tensor]) -> None:
        """Save a state_dict, readable with safetensors.torch.load_file as well."""
        arrays = {name: packed(tensor.detach().numpy()) for name, tensor in state_dict.items()}
        data = save(arrays, metadata={"format": "pt"})
        atomic_write(self.path / "weights.safetensors", data)

    def finish(self, summary: Mapping[str, Any]) -> None:
        atomic_write(self.path / "summary.json", to_json(summary, indent=2))


def packed(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the array itself or a copy, its elements in C order without gaps.

    safetensors 0.8.0 writes any other layout wrongly, without a word (its issue 825):

    >>> packed(np.arange(6).reshape(2, 3).T).flags.c_contiguous
    True
    """
    return np.asarray(array, order="C")


def to_json(value: Mapping[str, Any], indent: int | None = None) -> bytes:
    """Return one JSON object and a newline. A float that JSON cannot say (nan, inf) becomes null.

    >>> to_json({"epoch": 1, "loss": float("nan")})
    b'{"epoch": 1, "loss": null}\\n'
    """
    return (json.dumps(_finite(value), indent=indent, allow_nan=False) + "\n").encode()


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def atomic_write(path: Path, data: bytes) -> None:
    """Write a file so that whoever looks, even after a crash, sees all of it or none of it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)  # mkstemp gives 0600; a result is as readable as any new file
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
