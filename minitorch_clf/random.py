"""PyTorch's CPU random stream, bit for bit: the same seed gives the same numbers on both engines.

A Generator is a Mersenne Twister that hands out 32-bit words; each function below turns words into
values, and leaves the generator where PyTorch would leave it. All takes and returns NumPy arrays.

    value                     words   made from them
    float32 uniform           1       24 bits
    float64 uniform           2       53 bits
    normal, 16 or more        n       Box-Muller in blocks of 16; if n is not a multiple of 16, the
                                      last 16 values are drawn again
    normal, fewer             2       Box-Muller in float64, one pair at a time; the generator keeps
                                      the second of a pair for the next such call
    integer                   1 or 2  the remainder of 32 or 64 bits
    bernoulli                 2       float64 uniform < p

Sources, in PyTorch's repository: ATen/core/MT19937RNGEngine.h, DistributionsHelper.h and
TransformationHelper.h, ATen/native/cpu/DistributionTemplates.h and avx_mathfun.h.

Verified against torch 2.13.0 with its AVX2 loops (an AMD EPYC without AVX-512, glibc 2.36). PyTorch
has no other normal loop for AVX-512: it registers none, because that one broke its own test of SGD.
On a processor without AVX2, PyTorch rounds products before it adds, and takes log, sin and cos of
float32 from the C library: last bits differ there. So may they where NumPy and PyTorch are built
for another C library, in float64 and in normal values drawn one pair at a time.
"""

from __future__ import annotations

import functools
import math
import os
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np

from minitorch_clf.dtypes import as_dtype
from minitorch_clf.kernels import random as kernels

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]

DEFAULT_SEED = 67280421310721  # of a Generator that nobody has seeded

# torch.get_rng_state(): a C struct that outlived its program, so half of it is no longer used.
STATE = np.dtype(
    [
        ("seed", np.uint64),
        ("left", np.int32),
        ("seeded", np.int32),
        ("next", np.uint64),
        ("words", np.uint64, 624),
        ("normal_x", np.float64),
        ("normal", np.float64),
        ("normal_rho", np.float64),
        ("normal_is_valid", np.int32),
        ("float_normal", np.float32),
        ("float_normal_is_valid", np.bool_),
    ],
    align=True,
)


class Generator:
    """A source of random words: MT19937, PyTorch's on the CPU. One thread draws at a time.

    >>> Generator().manual_seed(0).random_raw32(3)
    array([2357136044, 2546248239, 3071714933], dtype=uint32)
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._engine: Array | None = None
        self.manual_seed(DEFAULT_SEED)

    def manual_seed(self, seed: int) -> Self:
        """Start the stream of `seed`, of which the lower 32 bits count; -1 is 2^64 - 1.

        ValueError    "Overflow when unpacking long long": not in [-2^63, 2^64)
        RuntimeError  "manual_seed expected a long, but got float"
        """
        if type(seed) is not int:
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        if not -(2**63) <= seed < 2**64:
            raise ValueError("Overflow when unpacking long long")
        with self.lock:
            self._seed = seed % 2**64
            self._engine = None
            self.kept_normal = math.nan
        return self

    def initial_seed(self) -> int:
        """The last seed, in [0, 2^64)."""
        return self._seed

    def seed(self) -> int:
        """Seed from the operating system's randomness, and say with what (64 bits)."""
        seed = int.from_bytes(os.urandom(8))
        self.manual_seed(seed)
        return seed

    @property
    def engine(self) -> Array:
        """What the kernels draw from, made when first needed: so importing us loads no Numba."""
        if self._engine is None:
            engine = np.empty(626, np.uint32)
            kernels.seed_engine(self._seed % 2**32, engine)
            self._engine = engine
        return self._engine

    def random_raw32(self, n: int) -> Array:
        """The next n words.   (n,) uint32"""
        words = np.empty(n, np.uint32)
        with self.lock:
            kernels.draw(self.engine, words)
        return words

    @property
    def state(self) -> Array:
        """Everything, as torch.get_rng_state() lays it out.   (5056,) uint8

        RuntimeError  "Expected a CPUGeneratorImplState of size 5056 but found the input RNG state
                      size to be 3", "Invalid mt19937 state"
        TypeError     "RNG state must be a torch.ByteTensor"
        """
        state = np.zeros(1, STATE)
        with self.lock:
            state["seed"], state["seeded"] = self._seed, True
            state["words"] = self.engine[:624]
            state["left"], state["next"] = self.engine[624:]
            if not math.isnan(self.kept_normal):
                state["normal"], state["normal_is_valid"] = self.kept_normal, True
        return state.view(np.uint8)

    @state.setter
    def state(self, new: Array) -> None:
        if new.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if new.size != STATE.itemsize:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {STATE.itemsize} but found the input "
                f"RNG state size to be {new.size}"
            )
        state = np.frombuffer(new.tobytes(), STATE)[0]
        left, position = int(state["left"]), int(state["next"])
        if not (state["seeded"] == 1 and 1 <= left <= min(624, 625 - position)):
            raise RuntimeError("Invalid mt19937 state")
        with self.lock:
            self._seed = int(state["seed"])
            self._engine = np.array([*state["words"], left, position]).astype(np.uint32)
            self.kept_normal = float(state["normal"]) if state["normal_is_valid"] else math.nan

    def __reduce__(self) -> tuple[Callable[..., Generator], tuple[Any, ...]]:
        return _restore, (type(self), self.state)


def _restore(cls: type[Generator], state: Array) -> Generator:
    """A copied or unpickled Generator."""
    generator = cls()
    generator.state = state
    return generator


_default = Generator()
_default.seed()


def default() -> Generator:
    """The generator that is drawn from where none is given. Seeded at random, as PyTorch's is."""
    return _default


def set_default(generator: Generator) -> None:
    """Make `generator` the default: for the one that the public `default_generator` names."""
    global _default  # noqa: PLW0603 - one stream for the process, as in PyTorch
    _default = generator


def axes_in_memory(array: Array) -> tuple[int, ...]:
    """The axes of an array from the largest stride to the smallest."""
    return tuple(sorted(range(array.ndim), key=lambda axis: -array.strides[axis]))


def laid_out_like(array: Array, draw: Callable[[Shape], Array]) -> Array:
    """draw(shape) as values for `array`, the first value to where it starts in memory, and so on.

    That is the order in which PyTorch fills a transposed tensor.
    """
    axes = axes_in_memory(array)
    values = draw(tuple(array.shape[axis] for axis in axes))
    return values.transpose(np.argsort(axes))


# --- real numbers ---------------------------------------------------------------------------------


def uniform(
    generator: Generator,
    shape: Shape,
    dtype: np.dtype[Any],
    low: float = 0.0,
    high: float = 1.0,
) -> Array:
    """Uniform in [low, high): u * (high - low) + low in `dtype`, rounded once.

    Where that rounds up to `high`, the value is `low`.

    NotImplementedError  '"check_uniform_bounds" not implemented for 'Long''
    RuntimeError         "uniform_ expects to return a [from, to) range, but found from=1 > to=0",
                         "from is out of bounds for float", "uniform_ expects to-from <= ..."
    """
    real = _real("check_uniform_bounds", dtype)
    for value, argument in ((low, "from"), (high, "to")):
        if not -real.largest <= value <= real.largest:
            raise RuntimeError(f"{argument} is out of bounds for {C_NAME[dtype]}")
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
        )
    if high - low > real.largest:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{as_dtype(dtype).legacy}>::max(), "
            f"but found to={high:g} and from={low:g} which result in to-from to exceed the limit"
        )
    out = np.empty(shape, dtype)
    with generator.lock:
        real.uniform(generator.engine, dtype.type(low), dtype.type(high), out.reshape(-1))
    return out


def normal(
    generator: Generator,
    shape: Shape,
    dtype: np.dtype[Any],
    mean: float = 0.0,
    std: float = 1.0,
    contiguous: bool = True,
) -> Array:
    """Normal values of that mean and standard deviation.

    The first 8 values of 16 are not the 8 values one gets when asking for 8: see the table above.

    contiguous   False for values that fill a tensor with gaps, which PyTorch draws pair by pair

    NotImplementedError  '"normal_kernel_cpu" not implemented for 'Long''
    RuntimeError         "normal expects std >= 0.0, but found std -1"
    """
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    real = _real("normal_kernel_cpu", dtype)
    out = np.empty(shape, dtype)
    flat = out.reshape(-1)
    with generator.lock:
        if out.size < 16 or not contiguous:
            generator.kept_normal = kernels.normal_pairs(
                generator.engine, generator.kept_normal, float(mean), float(std), flat
            )
            return out
        whole = flat[: out.size // 16 * 16]
        flat[:] = uniform(generator, flat.shape, dtype)
        real.box_muller(dtype.type(mean), dtype.type(std), whole)
        if whole.size < flat.size:
            flat[-16:] = uniform(generator, (16,), dtype)
            real.box_muller(dtype.type(mean), dtype.type(std), flat[-16:])
    return out


def bernoulli(generator: Generator, shape: Shape, p: float | Array) -> Array:
    """True with probability p, a number or an array (float32 p: from float32 uniforms).   bool

    RuntimeError  "bernoulli_ expects p to be in [0, 1], but got p=2"; for an array "Expected p_in
                  >= 0 && p_in <= 1 to be true, but got false. ..."
    """
    if isinstance(p, np.ndarray):
        _real("bernoulli_tensor_cpu_p_", p.dtype)
        if not np.all((p >= 0) & (p <= 1)):
            raise RuntimeError(
                "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error "
                "message be improved?  If so, please report an enhancement request to PyTorch.)"
            )
        return uniform(generator, shape, p.dtype) < p
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    return uniform(generator, shape, np.dtype(np.float64)) < p


# --- integers -------------------------------------------------------------------------------------


def randint(
    generator: Generator,
    low: int,
    high: int | None,
    shape: Shape,
    dtype: np.dtype[Any],
) -> Array:
    """low + draw % (high - low), as `dtype`.

    A draw has 64 bits if the range is 2^28 or more, else 32.

    high   None: one above the largest integer up to which `dtype` holds all

    RuntimeError         "random_ expects 'from' to be less than 'to', but got from=5 >= to=5",
                         "to - 1 is out of bounds for unsigned char"
    NotImplementedError  real `dtype` and integers beyond 2^24 or 2^53; PyTorch warns
    """
    smallest, largest = _integers(dtype)
    if high is None:
        high = largest + 1
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    for value, argument in ((low, "from"), (high - 1, "to - 1")):
        if not smallest <= value <= largest:
            if dtype in REAL:
                raise NotImplementedError(f"{argument} is out of bounds [{smallest}, {largest}]")
            raise RuntimeError(f"{argument} is out of bounds for {C_NAME[dtype]}")
    if high - low == 2**64:
        low, high = 0, 2**64  # PyTorch takes the 64 bits as they are
    return _integers_from(generator, low, high, high - low >= 2**28, shape, dtype)


def random_full(generator: Generator, shape: Shape, dtype: np.dtype[Any]) -> Array:
    """Any integer from 0 to the largest up to which `dtype` holds all: Tensor.random_().

    A draw has 64 bits if `dtype` has, else 32; so this is not randint with the same limits.
    """
    return _integers_from(generator, 0, _integers(dtype)[1] + 1, dtype.itemsize == 8, shape, dtype)


def randperm(generator: Generator, n: int) -> Array:
    """0, 1, ..., n - 1 in random order.   (n,) int64

    RuntimeError         "Trying to create tensor with negative dimension -1: [-1]"
    NotImplementedError  n >= 214748364, for which PyTorch draws differently
    """
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    if n >= (2**32 - 1) // 20:
        raise NotImplementedError(f"randperm of n={n}; n must be less than {(2**32 - 1) // 20}")
    out = np.arange(n)
    with generator.lock:
        kernels.shuffle(generator.engine, out)
    return out


def _integers_from(
    generator: Generator, low: int, high: int, wide: bool, shape: Shape, dtype: np.dtype[Any]
) -> Array:
    """low + draw % (high - low)."""
    out = np.empty(shape, np.int64)
    flat = out.reshape(-1)
    with generator.lock:
        if wide:
            divisor = np.uint64((high - low) % 2**64)
            kernels.integers64(generator.engine, np.int64(low), divisor, flat)
        else:
            kernels.integers32(generator.engine, np.int64(low), np.uint32(high - low), flat)
    return out.astype(dtype, copy=False)


@functools.cache
def _integers(dtype: np.dtype[Any]) -> tuple[int, int]:
    """The smallest and largest of the integers that `dtype` holds without a gap."""
    if dtype in REAL:
        end = 2 ** (np.finfo(dtype).nmant + 1)
        return -end, end
    if dtype == np.bool_:
        return 0, 1
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


# --- dtypes, and their names in PyTorch's messages ------------------------------------------------


class Real(NamedTuple):
    """What belongs to a real dtype."""

    largest: float
    uniform: Callable[..., None]
    box_muller: Callable[..., None]


REAL = {
    np.dtype(np.float32): Real(
        float(np.finfo(np.float32).max), kernels.uniform32, kernels.box_muller32
    ),
    np.dtype(np.float64): Real(
        float(np.finfo(np.float64).max), kernels.uniform64, kernels.box_muller64
    ),
}
C_NAME = {
    np.dtype(np.float32): "float",
    np.dtype(np.float64): "double",
    np.dtype(np.bool_): "bool",
    np.dtype(np.uint8): "unsigned char",
    np.dtype(np.int8): "signed char",
    np.dtype(np.int16): "short int",
    np.dtype(np.int32): "int",
    np.dtype(np.int64): "long int",
}


def _real(operation: str, dtype: np.dtype[Any]) -> Real:
    if dtype not in REAL:
        raise NotImplementedError(f"\"{operation}\" not implemented for '{as_dtype(dtype).legacy}'")
    return REAL[dtype]
