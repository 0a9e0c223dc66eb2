"""PyTorch against itself: what counts as noise, and that it is measured."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
import torch

from reference.parity.cases import all_cases
from reference.parity.floor import NOISE, measure_floor, noise, outcomes
from reference.parity.frozen import FrozenOracle
from reference.parity.outcome import Outcome, Value

KEY = "pointwise/mul|float32|plain"


def outcome(result: Any, gradient: Any = None) -> Outcome:
    return Outcome(Value(result, str(result.dtype), True), [("gradient of input 0", gradient)])


def floor_of(expected: Outcome, *others: Outcome) -> dict[str, tuple[float, float]]:
    return noise({KEY: expected}, *({KEY: other} for other in others))[KEY]


ONES = np.ones(4, np.float32)


def test_the_floor_is_the_largest_distance_by_tensor() -> None:
    near, far = ONES.copy(), ONES.copy()
    near[1] += 2.0**-23
    far[2] -= 3 * 2.0**-24
    assert floor_of(outcome(ONES, ONES), outcome(near, ONES), outcome(far, near)) == {
        "result": (3.0, 3.0),
        "gradient of input 0": (1.0, 2.0),
    }


def test_what_is_the_same_has_no_floor() -> None:
    assert floor_of(outcome(ONES, ONES), outcome(ONES, ONES), outcome(ONES.copy())) == {}


def test_another_answer_is_no_noise() -> None:
    nan = np.float32([np.nan, 1, 1, 1])
    assert floor_of(outcome(nan), outcome(ONES)) == {}
    assert floor_of(outcome(ONES), outcome(ONES[:2])) == {}
    assert floor_of(outcome(ONES), Outcome(error="RuntimeError: no")) == {}
    assert floor_of(outcome(ONES), outcome(ONES * np.float32(1 + 2 * NOISE))) == {}
    assert floor_of(outcome(ONES), outcome(ONES * np.float32(1 + NOISE / 2))) != {}


def test_a_floor_is_far_below_a_gradient_that_is_wrong_by_a_thousandth() -> None:
    assert NOISE <= 1e-3 / 10


def test_it_is_measured_without_avx_in_a_process_of_its_own() -> None:
    """exp without AVX is another function; a product is the same everywhere."""
    keys = [KEY, "elementary/sinh|float32|plain", "activation/softmax|float32|second order"]
    before = torch.get_num_threads(), os.environ.get("ATEN_CPU_CAPABILITY")
    floors = measure_floor(keys)
    assert list(floors) == keys
    assert floors[KEY] == {}
    frozen, table = FrozenOracle(), all_cases()
    capability = torch.backends.cpu.get_cpu_capability()
    if capability == "DEFAULT":
        pytest.skip("this processor has no AVX to do without")
    assert floors["activation/softmax|float32|second order"]
    for key, floor in floors.items():
        name, dtype, variant = key.rsplit("|", 2)
        if capability == frozen.facts()["capability"]:
            assert floor == frozen.floor(table[name], dtype, variant)
        for ulp, steps in floor.values():
            assert ulp >= 1
            assert 0 < steps < 100
    assert (torch.get_num_threads(), os.environ.get("ATEN_CPU_CAPABILITY")) == before


def test_threads_are_set_and_put_back() -> None:
    seen = []
    before = torch.get_num_threads()
    original = torch.set_num_threads
    try:
        torch.set_num_threads = lambda n: (seen.append(n), original(n))[1]
        outcomes([KEY], threads=2)
    finally:
        torch.set_num_threads = original
    assert seen == [2, before]
    assert torch.get_num_threads() == before


def test_an_unknown_run_is_a_key_error_by_its_name() -> None:
    with pytest.raises(KeyError, match="pointwise/nothing"):
        outcomes(["pointwise/nothing|float32|plain"])
