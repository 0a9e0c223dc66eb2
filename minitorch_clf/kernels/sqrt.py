"""The square root with PyTorch's bits, which on many machines is not the correctly rounded one.

PyTorch's CPU `sqrt` is MKL's (vmsSqrt, vmdSqrt), and MKL picks its loop by processor:

    Intel with AVX-512             a loop that rounds correctly in float32 (float64 not compared)
    Intel with AVX2                float32 rounds correctly; float64 is `newton64` below
    others (AMD)                   `newton32` and `newton64` below: up to 0.75 and 0.53 ulp off,
                                   so 17 % and 1.4 % of the results differ in the last bit

Both start from the processor's estimate of 1 / sqrt(x) (rsqrtps, 12 bits) and improve it without
fused multiply-add. Measured on AMD: equal bits for all 2**24 float32 of [1, 4), for random float64
of all magnitudes, and for zero, subnormals, infinity and nan, which MKL leaves to another branch.
"""

from __future__ import annotations

import functools
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

from minitorch_clf.kernels.jit import teach

BLOCK = 1024
"""How many numbers `sqrt_block` takes at best: the arrays around it then fit the L1 cache."""


@functools.cache
def mkl_estimates(dtype: np.dtype[Any]) -> bool:
    """Whether MKL's sqrt of such numbers starts from rsqrtps on this machine.

    False where no kernel is compiled (NUMBA_DISABLE_JIT=1): Python has no name for the instruction.
    """
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0" or not _is_x86():
        return False
    cpu = _cpu_description()
    return "GenuineIntel" not in cpu or (dtype == np.float64 and "avx512f" not in cpu)


def _is_x86() -> bool:
    return platform.machine() in ("x86_64", "AMD64")


def _cpu_description() -> str:
    """Maker and features of the first processor; on Windows the maker only."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor()
    with cpuinfo.open() as lines:
        return lines.read(4096)


def sqrt_block(x: Any, estimates: Any, as_mkl: Any) -> None:  # noqa: ARG001 - see newton32
    """x = sqrt(x), as PyTorch computes it.

    x          (N,)  float32 or float64; N is a multiple of 4
    estimates  (N,)  float32, overwritten
    as_mkl     mkl_estimates(x.dtype)
    """
    np.sqrt(x, out=x)


def rsqrt4(x: Any, i: Any, out: Any) -> None:
    """out[i : i + 4] is about 1 / sqrt(x[i : i + 4]), by the instruction rsqrtps. float32."""
    raise NotImplementedError("rsqrt4 has no plain Python")


f32, u32, u64 = np.float32, np.uint32, np.uint64
HALF = f32(0.5)
SMALLEST32, LARGEST32 = f32(2.0**-126), u32(0x7F7FF000).view(np.float32)
SMALLEST64, TOO_LARGE64 = 2.0**-1022, 2.0**1022


def newton32(x: Any, estimates: Any, as_mkl: Any) -> None:
    """y = x * r, twice improved.   r = rsqrt(x) (1 + tiny), h = r / 2

    e = 1/2 - y * h          how far y * r is from 1
    y, h = y + y * e, h + h * e
    y + (x - y * y) * h      Newton's last step
    """
    if not as_mkl:
        for i in range(x.size):
            x[i] = np.sqrt(x[i])
        return
    for i in range(0, x.size, 4):
        rsqrt4(x, i, estimates)
    for i in range(x.size):
        y = x[i] * estimates[i]
        h = HALF * estimates[i]
        e = HALF - y * h
        y = y * e + y
        h = h * e + h
        y = (x[i] - y * y) * h + y
        x[i] = y if SMALLEST32 <= x[i] <= LARGEST32 else np.sqrt(x[i])


ODD, EXPONENT = u64(1 << 52), u64(0x7FF << 52)
TOP, LEADING = u64(0x1FFFFF << 32 | 0xE0000000), u64(0xFFFFFFFFF8000000)
ONE_TO_FOUR, SCALE = u64(0x7F << 52), u64(0xBFD << 52)
C4, C3 = float.fromhex("0x1.1800032338cbbp-2"), float.fromhex("0x1.40000b13001d9p-2")
C2, C1 = float.fromhex("0x1.80000000000f6p-2"), float.fromhex("0x1.ffffffffffe71p-2")


def newton64(x: Any, estimates: Any, as_mkl: Any) -> None:
    """x = 4**k * f with 1 <= f < 4, and r = 2**-k * rsqrt(f) as an estimate of rsqrt(x).

    e = 1 - x * r * r                            x split in two, so that this is nearly exact
    sqrt(x) = x * r / sqrt(1 - e)                1 / sqrt(1 - e) = 1 + C1 e + C2 e**2 + ...
    """
    if not as_mkl:
        for i in range(x.size):
            x[i] = np.sqrt(x[i])
        return
    bits = x.view(np.uint64)
    for i in range(x.size):
        lift = (~bits[i] & ODD) + ONE_TO_FOUR
        estimates.view(np.uint32)[i] = u32(((bits[i] & TOP) | lift) >> u64(29))
    for i in range(0, x.size, 4):
        rsqrt4(estimates, i, estimates)
    for i in range(x.size):
        scale = u64(((~bits[i] & ODD) - (bits[i] & EXPONENT) + SCALE) >> u64(1))
        r = scale.view(np.float64) * np.float64(estimates[i])
        hi = u64(bits[i] & LEADING).view(np.float64)
        lo = x[i] - hi
        e = (1.0 - hi * (r * r)) - lo * (r * r)
        p = (((C4 * e + C3) * e + C2) * e + C1) * e * r * x[i]
        y = hi * r + (lo * r + p)
        x[i] = y if SMALLEST64 <= x[i] < TOO_LARGE64 else np.sqrt(x[i])


@teach
def _sqrt_for_numba(numba: Any) -> None:
    """Tell Numba the two bodies of `sqrt_block`, and the machine instruction behind `rsqrt4`."""
    from llvmlite import binding, ir  # noqa: PLC0415 - as late as Numba itself
    from numba import types  # noqa: PLC0415

    @numba.extending.overload(sqrt_block, strict=False)
    def body(x: Any, estimates: Any, as_mkl: Any) -> Any:  # noqa: ARG001 - the names must agree
        return newton32 if x.dtype == types.float32 else newton64

    @numba.extending.type_callable(rsqrt4)
    def type_of_rsqrt4(_context: Any) -> Any:
        return lambda x, i, out: types.void

    @numba.extending.lower_builtin(rsqrt4, types.Array, types.Integer, types.Array)
    def llvm_rsqrt4(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        four = ir.VectorType(ir.FloatType(), 4)

        def from_i(kind: Any, array: Any) -> Any:
            data = context.make_array(kind)(context, builder, array).data
            return builder.bitcast(builder.gep(data, [args[1]]), four.as_pointer())

        x, out = from_i(signature.args[0], args[0]), from_i(signature.args[2], args[2])
        if binding.get_process_triple().startswith("x86_64"):
            kind = ir.FunctionType(four, [four])
            rsqrtps = builder.module.declare_intrinsic("llvm.x86.sse.rsqrt.ps", (), kind)
            builder.store(builder.call(rsqrtps, [builder.load(x, align=4)]), out, align=4)
        return context.get_dummy_value()
