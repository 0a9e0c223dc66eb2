"""How a loop in parts is told to workers: also as Python, with a C function that takes notes."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from minitorch_clf.kernels.together import (
    DONE,
    FREE,
    GIVEN,
    LINE,
    SCALARS,
    WORDS,
    serve,
    together,
)

KINDS = [ctypes.c_int64] * SCALARS + [ctypes.c_double] * 4


@pytest.fixture
def notes():
    """The address of a C function, and the arguments of its calls; it returns their number."""
    calls = []

    @ctypes.CFUNCTYPE(ctypes.c_int64, *KINDS)
    def note(*words):
        calls.append(words)
        return len(calls)

    yield ctypes.cast(note, ctypes.c_void_p).value, calls  # noqa: PT022 (it keeps `note` alive)


def words_of(array):
    """What Numba's C functions take for an array."""
    start, shape, strides = array.ctypes.data, array.shape, array.strides
    return (0, 0, array.size, array.itemsize, start, *shape, *strides)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_part_gets_its_words(notes, dtype):
    address, calls = notes
    x, one, out = np.ones(10, dtype), np.ones(1, dtype), np.ones(10, dtype)
    rows, states = np.zeros((3, WORDS), np.int64), np.zeros((2, LINE), np.int64)
    scalars = np.array([0.5, -2.0]).view(np.int64)
    together(address, (x, one, out), scalars, 4, rows, states)
    assert len(calls) == 3
    for part, words in enumerate(calls):
        here = slice(4 * part, 4 * part + 4)
        expected = words_of(x[here]) + words_of(one) + words_of(out[here])
        assert words[: len(expected)] == expected
        assert words[SCALARS:] == (0.5, -2.0, 0.0, 0.0)
    assert rows[:, WORDS - 1].tolist() == [1, 2, 3]
    assert not states.any()


def test_rows_are_cut_along_the_first_axis(notes):
    address, calls = notes
    x, out = np.ones((7, 3)), np.ones((7, 3))
    rows, states = np.zeros((2, WORDS), np.int64), np.zeros((1, LINE), np.int64)
    together(address, (x, out), np.zeros(0, np.int64), 4, rows, states)
    for words, here in zip(calls, (slice(0, 4), slice(4, 7)), strict=True):
        assert words[:18] == words_of(x[here]) + words_of(out[here])


def test_a_worker_runs_what_is_given_once(notes):
    address, calls = notes
    x = np.ones(8)
    rows, states = np.zeros((2, WORDS), np.int64), np.zeros((1, LINE), np.int64)
    together(address, (x,), np.zeros(0, np.int64), 4, rows, states)
    assert states[0, 0] == FREE  # nobody served: the caller took the part back
    states[0, 0] = GIVEN
    for _ in range(2):
        serve(rows[1], states[0], 1)
        assert states[0, 0] == DONE
        assert len(calls) == 3
    assert calls[2] == calls[1]
    assert rows[1, WORDS - 1] == 3
