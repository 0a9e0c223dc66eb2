"""How far PyTorch is from itself: the noise floor, tensor by tensor.

Two things change the order of its additions, and so its last bits, and nothing else:

- threads: with 2 instead of 1 it splits long sums and large products elsewhere;
- capability: without AVX (ATEN_CPU_CAPABILITY=default) its loops take one element at a time.

The floor of a tensor is the larger distance of the two from one thread with what the processor
has, in ULP and in rounding steps. An engine that is no farther from PyTorch cannot be told from
PyTorch.

Where the two give another answer, that is no noise and counts for nothing: a nan here and a number
there, as in selu's gradient at nan, or more than NOISE of the tensor's largest value.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from reference.parity.cases import all_cases
from reference.parity.compare import apart, pairs
from reference.parity.outcome import Outcome, Value

#: A floor this high would begin to hide a gradient that is 0.1 % off.
NOISE = 1e-4

#: where -> (ulp, steps), of the tensors with a floor that is not zero
Noise = dict[str, tuple[float, float]]


def measure_floor(keys: Iterable[str]) -> dict[str, Noise]:
    """The floor of runs by their keys, "activation/relu|float32|plain". It needs PyTorch.

    The whole table takes about a minute on two cores.
    """
    return measure(keys)[1]


def measure(keys: Iterable[str]) -> tuple[dict[str, Outcome], dict[str, Noise]]:
    """What PyTorch answers to these runs, and their floors."""
    keys = list(keys)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _without_avx) as elsewhere:
        default = elsewhere.submit(_outcomes_without_avx, keys)
        one = outcomes(keys)
        return one, noise(one, outcomes(keys, threads=2), default.result())


def noise(one: Mapping[str, Outcome], *others: Mapping[str, Outcome]) -> dict[str, Noise]:
    """The floor of every run in `one`: the largest distance of the others from it."""
    floors: dict[str, Noise] = {}
    for key, expected in one.items():
        floors[key] = {}
        for other in others:
            for where, found in _distances(expected, other[key]).items():
                known = floors[key].get(where, (0.0, 0.0))
                floors[key][where] = (max(known[0], found[0]), max(known[1], found[1]))
    return floors


def outcomes(keys: Iterable[str], threads: int = 1) -> dict[str, Outcome]:
    """What PyTorch answers to these runs, on so many threads."""
    import torch

    from reference.parity.live import LiveOracle

    oracle, table = LiveOracle(), all_cases()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        runs = [(key, *key.rsplit("|", 2)) for key in keys]
        return {
            key: oracle.outcome(table[case], dtype, variant) for key, case, dtype, variant in runs
        }
    finally:
        torch.set_num_threads(before)


def _without_avx() -> None:
    """Before PyTorch is imported, in a process of its own: it looks once."""
    os.environ["ATEN_CPU_CAPABILITY"] = "default"


def _outcomes_without_avx(keys: list[str]) -> dict[str, Outcome]:
    import torch

    if (found := torch.backends.cpu.get_cpu_capability()) != "DEFAULT":
        raise RuntimeError(f"PyTorch runs on {found} where it was told to run without AVX")
    return outcomes(keys)


def _distances(expected: Outcome, actual: Outcome) -> Noise:
    """The largest distances that are noise, of the tensors that are not the same."""
    found: Noise = {}
    gradients = dict(actual.gradients)
    sides = list(pairs(expected.result, actual.result, "result"))
    sides += [(where, want, gradients.get(where)) for where, want in expected.gradients]
    for where, want, got in sides:
        want, got = (side.array if isinstance(side, Value) else side for side in (want, got))
        if not (isinstance(want, np.ndarray) and isinstance(got, np.ndarray)):
            continue
        if (want.shape, want.dtype) != (got.shape, got.dtype) or want.dtype.kind != "f":
            continue
        magnitude = expected.magnitude if where.startswith("result") else None
        ulp, steps, _ = apart(want, got, magnitude)
        noisy = np.isfinite(ulp) & (ulp > 0) & (steps * np.finfo(want.dtype).eps / 2 < NOISE)
        if noisy.any():
            found[where] = float(ulp[noisy].max()), float(steps[noisy].max())
    return found
