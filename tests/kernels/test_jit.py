"""`kernel` compiles when asked first, and `fma` rounds once, compiled and as Python."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch_clf.kernels.jit import ByDtype, Kernel, fma, kernel

AS_PYTHON = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"

half = ByDtype("half", float32=lambda x: x * np.float32(0.5), float64=lambda x: x * 0.5)


@kernel
def square(x: Any) -> Any:
    """x * x"""
    return x * x


@kernel
def sum_of_squares(x: Any, scale: Any) -> Any:
    """sum(x * x) * scale, in float64"""
    total = np.float64(0)
    for i in range(x.size):
        total += square(x[i])
    return total * scale


@kernel
def fused(a: Any, b: Any, c: Any, out: Any) -> None:
    """out = a * b + c, rounded once."""
    for i in range(out.size):
        out[i] = fma(a[i], b[i], c[i])


@kernel
def halves(x: Any, out: Any) -> None:
    """out = x / 2"""
    for i in range(out.size):
        out[i] = half(x[i])


@kernel
def ratio(x: Any, y: Any, out: Any) -> None:
    """out = x / y"""
    for i in range(out.size):
        out[i] = x[i] / y[i]


@kernel
def misuse(a: Any, b: Any) -> Any:
    """fma of two dtypes."""
    return fma(a, b, b)


# --- kernel ---------------------------------------------------------------------------------------


def test_a_kernel_keeps_name_and_docstring() -> None:
    assert (square.__name__, square.__doc__, square.__module__) == ("square", "x * x", __name__)


def test_a_kernel_calls_another_in_both_dtypes() -> None:
    for dtype in (np.float32, np.float64):
        x = np.full(10_000, 0.1, dtype)
        exact = float(Fraction(float(square(x[0]))) * 10_000)
        assert sum_of_squares(x, 1.0) == pytest.approx(exact, rel=1e-12)  # in float32: 2e-5 off


def test_a_function_with_a_body_for_each_dtype() -> None:
    for dtype in (np.float32, np.float64):
        out = np.empty(2, dtype)
        halves(np.array([3, 5], dtype), out)
        assert out.tolist() == [1.5, 2.5]


def test_division_by_zero_is_ieee_and_quiet() -> None:
    out = np.empty(4)
    ratio(np.array([1.0, -1.0, 0.0, 1e308]), np.array([0.0, 0.0, 0.0, 1e-308]), out)
    np.testing.assert_array_equal(out, [math.inf, -math.inf, math.nan, math.inf])


def test_after_the_first_call_nothing_stands_between() -> None:
    square(1.0)
    assert square.__call__ is square.compiled


def test_threads_that_come_first_together_share_one_compilation() -> None:
    fresh = Kernel(square.function)
    barrier, seen, results = threading.Barrier(8), [], []

    def call() -> None:
        barrier.wait()
        results.append(fresh(3.0))
        seen.append(fresh.compiled)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [9.0] * 8
    assert len({id(compiled) for compiled in seen}) == 1


PROGRAM = """
import sys
import numpy as np
from minitorch_clf.kernels.jit import kernel, fma
print("numba" in sys.modules)

@kernel
def last(x, beyond):
    return fma(x[x.size - 1 + beyond], x[0], x[0])

print(last(np.full(3, 2.0), int(sys.argv[1])), "numba" in sys.modules)
"""


def run(
    program: str, folder: Path, beyond: int, **switches: str
) -> subprocess.CompletedProcess[str]:
    """Run it from a file in that folder, under these of Numba's switches."""
    file = folder / "program.py"
    if not file.exists():
        file.write_text(program)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")} | switches
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    command = [sys.executable, file, str(beyond)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_numbas_switches(tmp_path: Path) -> None:
    """Numba is loaded by the first call; code without checks in the cache stays out of the way."""
    done = run(PROGRAM, tmp_path, 0)
    assert done.stdout.split() == ["False", "6.0", "True"], done.stderr
    assert len([*tmp_path.glob("__pycache__/program.last-*.nbi")]) == 1
    for switch in ("NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK"):
        done = run(PROGRAM, tmp_path, 7, **{switch: "1"})
        assert done.stdout.split() == ["False"]
        assert "IndexError" in done.stderr


def test_a_kernel_without_a_file(tmp_path: Path) -> None:
    program = f"exec(compile({PROGRAM!r}, '<nowhere>', 'exec'))"
    done = run(program, tmp_path, 0)
    assert done.stdout.split() == ["False", "6.0", "True"], done.stderr


# --- fma ------------------------------------------------------------------------------------------

numbers32 = st.floats(width=32) | st.integers(-20, 20).map(
    lambda n: float(np.float32(1 + n / 2**23))
)
numbers64 = st.floats() | st.integers(-20, 20).map(lambda n: 1 + n / 2**52)


def exactly(a: Any, b: Any, c: Any) -> Any:
    """a * b + c of finite numbers, rounded once by bisection among all floats of that type."""
    number = type(a)
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if exact == 0:
        return a * b + c
    bits = {np.float32: np.int32, np.float64: np.int64}[number]
    low, high = 0, int(np.array(np.inf, number).view(bits))  # magnitudes, in order
    huge = Fraction(2) ** (128 if number is np.float32 else 1024)

    def value(pattern: int) -> Fraction:
        x = float(np.array(pattern, bits).view(number))
        return huge if math.isinf(x) else Fraction(x)

    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if value(middle) <= abs(exact) else (low, middle)
    below, above = abs(exact) - value(low), value(high) - abs(exact)
    nearest = low if below < above or (below == above and low % 2 == 0) else high
    magnitude = np.array(nearest, bits).view(number)[()]
    return magnitude if exact > 0 else -magnitude


def same(x: Any, y: Any) -> bool:
    """Equal to the bit, any nan being one."""
    return type(x) is type(y) and (x.tobytes() == y.tobytes() or (np.isnan(x) and np.isnan(y)))


@pytest.mark.parametrize("number", [np.float32, np.float64])
def test_fma_rounds_once(number: Any) -> None:
    @given(st.tuples(*[numbers32 if number is np.float32 else numbers64] * 3))
    def rounds_once(abc: tuple[float, float, float]) -> None:
        a, b, c = (number(x) for x in abc)
        with np.errstate(all="ignore"):
            result = fma(a, b, c)
            compiled = np.empty(1, number)
            fused(*(np.array([x]) for x in (a, b, c)), compiled)
            assert same(result, compiled[0])
            if np.isfinite([a, b, c]).all():
                assert same(result, exactly(a, b, c))

    rounds_once()


def test_fma_of_float32_where_float64_would_round_twice() -> None:
    a, c = np.float32(1 + 2**-12), np.float32(2**-60)
    assert a * a == np.float32(1 + 2**-11)  # half way, and rounded to even
    assert np.float32(np.float64(a) * np.float64(a) + np.float64(c)) == np.float32(1 + 2**-11)
    assert fma(a, a, c) == np.float32(1 + 2**-11 + 2**-23)


@pytest.mark.parametrize(
    ("a", "b", "c", "result"),
    [
        (math.inf, 0.0, 1.0, math.nan),
        (math.inf, 1.0, -math.inf, math.nan),
        (1e200, 1e200, -math.inf, -math.inf),  # the product is finite
        (1e200, 1e200, 1.0, math.inf),
        (1e200, -1e200, 1.0, -math.inf),
        (-0.0, 1.0, 0.0, 0.0),
        (-0.0, 1.0, -0.0, -0.0),
        (1e-200, -1e-200, 0.0, -0.0),
        (5e-324, 0.5, 5e-324, 1e-323),
    ],
)
def test_fma_at_the_edges(a: float, b: float, c: float, result: float) -> None:
    with np.errstate(all="ignore"):
        assert same(fma(*np.array([a, b, c])), np.float64(result))
    compiled = np.empty(1)
    fused(np.array([a]), np.array([b]), np.array([c]), compiled)
    assert same(compiled[0], np.float64(result))


def test_fma_takes_one_dtype() -> None:
    for a, b in [
        (1.0, np.float32(1)),
        (np.float32(1), 1.0),
        (1, 1),
        (np.float16(1), np.float16(1)),
    ]:
        with pytest.raises(TypeError, match="fma\\(\\) takes three float32 or three float64, not"):
            fma(a, b, b)
    with pytest.raises(Exception, match="fma\\(\\) takes three float32 or three float64, not") as e:
        misuse(np.float32(1), 1.0)
    assert type(e.value).__name__ == ("TypeError" if AS_PYTHON else "TypingError")
