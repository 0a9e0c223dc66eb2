"""The file of frozen vectors: outcomes by run, each array once, and small.

It is a zip (with LZMA) of

    facts.json    format, version, and whence the answers are: torch, capability, numpy, date
    index.json    outcomes, runs, errors, arrays, as below
    float64, float64 differences, float32, ...     the elements of all arrays of one kind, in order

The index:

    runs       "activation/relu|float32|plain" -> {"outcome": 12, "inputs": crc32, "floor": {...}}
    outcomes   {"result": nest, "gradients": [[where, array or null]], "error": text, ...}
    errors     "errors/view wrong size" -> "RuntimeError: ..."
    arrays     [kind, shape, base], numbered from 0

In a nest {"tensor": [array, requires_grad]}, {"array": n}, {"tuple": [...]}, {"dict": [[key,
value], ...]}, {"float": "nan"} and {"complex": [re, im]} stand for what JSON has no word for.

Of an array of the kind "differences" the file holds the bits minus those of an earlier one, `base`,
as integers that wrap around: of a float32 result the float64 one, rounded; of another layout the
plain one. They are small numbers, and compress to a tenth. Nothing here is pickled.
"""

from __future__ import annotations

import json
import lzma
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from reference.parity.case import Array
from reference.parity.oracle import OracleError
from reference.parity.outcome import Outcome, Value

FORMAT, VERSION = "parity-vectors", 1

_DIFFERENCES = " differences"
_BITS = {np.dtype(np.float32): np.uint32, np.dtype(np.float64): np.uint64}
_TIME = (1980, 1, 1, 0, 0, 0)  # of every member, so that equal answers are equal files


@dataclass
class Writer:
    """Collects outcomes, then writes them.

    writer.add("activation/relu|float32|plain", outcome, inputs=crc)
    writer.write(path, facts)
    """

    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    _outcomes: dict[str, int] = field(default_factory=dict)
    _arrays: list[list[Any]] = field(default_factory=list)
    _numbers: dict[tuple[str, Any, bytes], int] = field(default_factory=dict)
    _members: dict[str, list[bytes]] = field(default_factory=dict)
    _kept: list[Array] = field(default_factory=list)

    def add(self, key: str, outcome: Outcome, inputs: int, bases: Sequence[Outcome] = ()) -> None:
        """Take the outcome of a run; arrays of `bases`, added before, may resemble its own."""
        near = [dict(arrays(base)) for base in bases]
        numbers = {}
        for where, array in arrays(outcome):
            base = next((b[where] for b in near if _resembles(b.get(where), array)), None)
            numbers[where] = self._number(array, base)
        encoded = json.dumps(_encoded_outcome(outcome, numbers), separators=(",", ":"))
        number = self._outcomes.setdefault(encoded, len(self._outcomes))
        self.runs[key] = {"outcome": number, "inputs": inputs}

    def write(self, path: Path, facts: Mapping[str, str]) -> None:
        index = {
            "arrays": self._arrays,
            "outcomes": [json.loads(text) for text in self._outcomes],
            "runs": self.runs,
            "errors": self.errors,
        }
        texts = {
            "facts.json": json.dumps(
                {"format": FORMAT, "version": VERSION, **facts}, indent=1, sort_keys=True
            ),
            "index.json": json.dumps(index, separators=(",", ":")),
        }
        members = {name: b"".join(parts) for name, parts in self._members.items()}
        members = {name: text.encode() for name, text in texts.items()} | members
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as file:
            for name, data in members.items():
                file.writestr(zipfile.ZipInfo(name, _TIME), data, zipfile.ZIP_LZMA)

    def _number(self, array: Array, base: Array | None = None) -> int:
        """The number of the array in the file; it is put there unless it is there already."""
        known = _identity(array)
        if known in self._numbers:
            return self._numbers[known]
        kind, number = str(array.dtype), None
        data = array.tobytes()
        if base is not None:
            kind += _DIFFERENCES
            number = self._number(base)
            data = (_bits(array) - _bits(_rounded(base, array.dtype))).tobytes()
        self._members.setdefault(kind, []).append(data)
        self._arrays.append([kind, list(array.shape), number])
        self._numbers[known] = len(self._arrays) - 1
        return self._numbers[known]


class Reader:
    """The outcomes in a file of vectors; OracleError if it is missing, or of another format."""

    def __init__(self, path: Path) -> None:
        try:
            with zipfile.ZipFile(path) as file:
                self.facts: dict[str, Any] = json.loads(file.read("facts.json"))
                found = (self.facts.pop("format", None), self.facts.pop("version", None))
                if found != (FORMAT, VERSION):
                    raise OracleError(
                        f"{path} holds {found[0]}, version {found[1]}, not {FORMAT}, version "
                        f"{VERSION}; make it anew with: python -m reference.parity freeze"
                    )
                self._index: dict[str, Any] = json.loads(file.read("index.json"))
                self._members = {name: file.read(name) for name in file.namelist()}
        except FileNotFoundError:
            raise OracleError(f"there are no vectors at {path}") from None
        except (zipfile.BadZipFile, lzma.LZMAError, OSError, KeyError, ValueError) as error:
            raise OracleError(f"{path} cannot be read as frozen vectors: {error}") from error
        self.runs: dict[str, dict[str, Any]] = self._index["runs"]
        self.errors: dict[str, str] = self._index["errors"]

    def outcome(self, key: str) -> Outcome:
        """The outcome of a run that is there."""
        found: dict[str, Any] = self._index["outcomes"][self.runs[key]["outcome"]]
        magnitude = found.get("magnitude")
        return Outcome(
            result=self._nest(found.get("result")),
            gradients=[
                (where, None if n is None else self._array(n))
                for where, n in found.get("gradients", [])
            ],
            error=found.get("error", ""),
            warned=found.get("warned", []),
            magnitude=None if magnitude is None else self._array(magnitude),
        )

    @cached_property
    def _places(self) -> list[int]:
        """Where each array starts in its member."""
        ends: dict[str, int] = {}
        places = []
        for kind, shape, _ in self._index["arrays"]:
            places.append(ends.get(kind, 0))
            ends[kind] = places[-1] + math.prod(shape) * _dtype(kind).itemsize
        return places

    def _array(self, number: int) -> Array:
        kind, shape, base = self._index["arrays"][number]
        dtype = _dtype(kind)
        array: Array = np.frombuffer(
            self._members[kind], dtype, math.prod(shape), self._places[number]
        )
        if base is not None:
            array = (array.view(_BITS[dtype]) + _bits(_rounded(self._array(base), dtype))).view(
                dtype
            )
        return array.reshape(shape).copy()

    def _nest(self, data: Any) -> Any:
        if isinstance(data, list):
            return [self._nest(value) for value in data]
        if not isinstance(data, dict):
            return data
        ((word, value),) = data.items()
        if word == "tensor":
            array = self._array(value[0])
            return Value(array, str(array.dtype), value[1])
        if word == "array":
            return self._array(value)
        if word == "tuple":
            return tuple(self._nest(v) for v in value)
        if word == "dict":
            return {self._nest(k): self._nest(v) for k, v in value}
        return complex(*value) if word == "complex" else float(value)


def arrays(outcome: Outcome) -> list[tuple[str, Array]]:
    """Every array in the outcome, with a name that is its place."""
    found: list[tuple[str, Array]] = []

    def walk(where: str, part: Any) -> None:
        if isinstance(part, Value):
            found.append((where, part.array))
        elif isinstance(part, np.ndarray):
            found.append((where, part))
        elif isinstance(part, dict):
            for key, value in part.items():
                walk(f"{where}[{key!r}]", value)
        elif isinstance(part, list | tuple):
            for k, value in enumerate(part):
                walk(f"{where}[{k}]", value)

    walk("result", outcome.result)
    for where, gradient in outcome.gradients:
        walk(where, gradient)
    walk("magnitude", outcome.magnitude)
    return found


def _encoded_outcome(outcome: Outcome, numbers: Mapping[str, int]) -> dict[str, Any]:
    encoded = {
        "result": _encoded(outcome.result, "result", numbers),
        "gradients": [[where, numbers.get(where)] for where, _ in outcome.gradients],
        "error": outcome.error,
        "warned": outcome.warned,
        "magnitude": numbers.get("magnitude"),
    }
    return {name: value for name, value in encoded.items() if value not in (None, "", [])}


def _encoded(part: Any, where: str, numbers: Mapping[str, int]) -> Any:
    """A nest as JSON; see Reader._nest for the way back."""
    if isinstance(part, Value):
        if part.dtype != str(part.array.dtype):
            raise TypeError(f"{where}: a tensor of {part.dtype} in an array of {part.array.dtype}")
        return {"tensor": [numbers[where], part.requires_grad]}
    if isinstance(part, np.ndarray):
        return {"array": numbers[where]}
    if isinstance(part, list | tuple):
        values = [_encoded(value, f"{where}[{k}]", numbers) for k, value in enumerate(part)]
        return {"tuple": values} if isinstance(part, tuple) else values
    if isinstance(part, dict):
        pairs = [
            [_encoded(key, "", numbers), _encoded(value, f"{where}[{key!r}]", numbers)]
            for key, value in part.items()
        ]
        return {"dict": pairs}
    if isinstance(part, float) and not math.isfinite(part):
        return {"float": repr(part)}
    return {"complex": [part.real, part.imag]} if isinstance(part, complex) else part


def _resembles(base: Array | None, array: Array) -> bool:
    """Whether the bits of one may be near those of the other."""
    if base is None or base.shape != array.shape or array.dtype not in _BITS:
        return False
    return base.dtype in _BITS and base.dtype.itemsize >= array.dtype.itemsize


def _bits(array: Array) -> Array:
    flat: Array = np.ascontiguousarray(array).reshape(-1)
    return flat.view(_BITS[array.dtype])


def _rounded(array: Array, dtype: np.dtype[Any]) -> Array:
    with np.errstate(over="ignore"):
        return array.astype(dtype)


def _identity(array: Array) -> tuple[str, Any, bytes]:
    return str(array.dtype), array.shape, array.tobytes()


def _dtype(kind: str) -> np.dtype[Any]:
    return np.dtype(kind.removesuffix(_DIFFERENCES))
