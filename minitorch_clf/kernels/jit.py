"""`kernel`, the one decorator of every compiled loop, and `fma`, a multiply-add that rounds once.

Numba's own switches work: with NUMBA_DISABLE_JIT=1 the same lines run as plain Python, for a
debugger or for coverage, and with NUMBA_BOUNDSCHECK=1 an index out of range raises IndexError.
"""

from __future__ import annotations

import functools
import math
import os
import platform
import threading
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast

import numpy as np

from minitorch_clf.kernels.lean import import_numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile `function` with Numba at its first call, not before; keep the machine code on disk.

    The options are the same for all kernels:
      error_model="numpy"  1 / 0 is inf, as in NumPy; a loop that may raise does not vectorise
      nogil=True           other threads run meanwhile
      forceinline=True     in another kernel, that is: a loop with calls in it does not vectorise
      no fastmath          it breaks nan and inf and the parity of bits

    A kernel may call other kernels and `fma`. Numba recompiles when the kernel's own file changes,
    not when a file does that it calls into: keep the kernels that call each other in one file.

    As Python, a kernel keeps quiet about overflow, 0 / 0 and the like, as compiled code does.

    >>> @kernel
    ... def axpy(alpha, x, y, out):
    ...     for i in range(x.size):
    ...         out[i] = fma(alpha, x[i], y[i])
    >>> x, y, out = np.ones(3), np.arange(3.0), np.empty(3)
    >>> axpy(2.0, x, y, out)
    >>> out
    array([2., 3., 4.])
    """
    return cast(F, Kernel(function))


DEAR = {
    "exp", "expm1", "log", "log1p", "erf", "exp_rows", "row_sum", "sigmoid", "log_sigmoid",
    "exp2", "log2", "log10", "power", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh",
    "cosh", "arcsinh", "arccosh", "arctanh",
}  # fmt: skip
"""What kernels call that takes long."""
FOLLOWS_A_DEAR_ONE = {"sigmoid_backward"}
"""Light, but each thread finds in its core's cache what it wrote itself: 66 us instead of 130."""


class Kernel:
    """A function that is compiled when it is first called.

    `__call__` is a slot, so an instance can replace it: once compiled, a call goes straight to
    Numba's dispatcher, without a Python frame in between (0.05 µs instead of 0.15).
    """

    __slots__ = ("__call__", "__dict__")
    _lock = threading.RLock()

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)  # its name and docstring
        self.function = function
        self.__call__ = self._first_call

    def _first_call(self, *args: Any) -> Any:
        self.__call__ = self.compiled
        return self.__call__(*args)

    @functools.cached_property
    def is_dear(self) -> bool:
        """Whether it calls exp, log or their kin: ten times the work of a sum, for each element."""
        code = self.function.__code__
        return code.co_name in FOLLOWS_A_DEAR_ONE or not DEAR.isdisjoint(code.co_names)

    @functools.cached_property
    def compiled(self) -> Callable[..., Any]:
        """Numba's dispatcher, or with NUMBA_DISABLE_JIT=1 the function itself."""
        with self._lock:  # one dispatcher only, also when two threads come first
            return self.__dict__.get("compiled") or _compile(self.function)


def _compile(function: Callable[..., Any]) -> Callable[..., Any]:
    numba = _numba()
    ByDtype.make_known(numba)
    while _lessons:
        _lessons.pop()(numba)
    if numba.config.DISABLE_JIT:
        return np.errstate(all="ignore")(function)
    jit = functools.partial(numba.njit, error_model="numpy", nogil=True, forceinline=True)
    if numba.config.BOUNDSCHECK:  # the cache cannot tell such code from other code
        return jit()(function)
    try:
        return jit(cache=True)(function)
    except RuntimeError:  # "cannot cache function": it has no file, or no folder can be written
        return jit()(function)


def c_address(kernel: Kernel, arrays: int, ndim: int, scalars: int, dtype: np.dtype[Any]) -> int:
    """Where kernel(*arrays, *scalars, array), of contiguous arrays, is as a function of C's.

    That is what Numba makes of every function for those that call it by its address; an array is
    five words, and two for each dimension. 0 where kernels are not machine code, where a check of
    bounds may raise, and where the words would not arrive (see kernels/together.py).
    """
    numba = _numba()
    known = hasattr(os, "sched_yield") and platform.machine() in ("x86_64", "aarch64", "arm64")
    if numba.config.DISABLE_JIT or numba.config.BOUNDSCHECK or not known:
        return 0
    number = numba.from_dtype(dtype)
    array = number[(*[slice(None)] * (ndim - 1), slice(None, None, 1))]
    signature = (*[array] * (arrays - 1), *[number] * scalars, array)
    dispatcher: Any = kernel.compiled
    dispatcher.compile(signature)
    code = dispatcher.overloads[signature]
    address: int = code.library.get_pointer_to_function(code.fndesc.llvm_cfunc_wrapper_name)
    return address


_lessons: list[Callable[[Any], None]] = []


def teach(lesson: Callable[[Any], None]) -> None:
    """Run lesson(numba) before the next kernel is compiled: for what Numba has no name for."""
    _lessons.append(lesson)


class ByDtype:
    """A function of one number x for kernels to call, with a body for each of two dtypes.

    Numba takes the body by the type of x; as Python, so does `__call__`.

    >>> half = ByDtype("half", float32=lambda x: x * np.float32(0.5), float64=lambda x: x * 0.5)
    >>> half(np.float32(3.0)), half(3.0)
    (np.float32(1.5), 1.5)
    """

    _unknown: ClassVar[list[ByDtype]] = []

    def __init__(
        self, name: str, *, float32: Callable[[Any], Any], float64: Callable[[Any], Any]
    ) -> None:
        self.__name__ = name
        self.float32 = float32
        self.float64 = float64
        self._unknown.append(self)

    def __call__(self, x: Any) -> Any:
        return (self.float32 if isinstance(x, np.float32) else self.float64)(x)

    @classmethod
    def make_known(cls, numba: Any) -> None:
        """Register with Numba the ones that are new."""
        while cls._unknown:
            function = cls._unknown.pop()
            bodies = {numba.float32: function.float32, numba.float64: function.float64}
            inline = numba.extending.overload(function, {"forceinline": True}, strict=False)
            inline(_by_type_of_x(bodies))


def _by_type_of_x(bodies: dict[Any, Callable[[Any], Any]]) -> Callable[[Any], Any]:
    return lambda x: bodies.get(x)


@functools.cache
def _numba() -> Any:
    """Numba, told what a Kernel and `fma` mean inside another kernel."""
    numba = import_numba()
    from numba import types  # noqa: PLC0415
    from numba.extending import lower_builtin, type_callable, typeof_impl  # noqa: PLC0415

    @typeof_impl.register(Kernel)
    def type_of_kernel(value, _context):
        return types.Dispatcher(value.compiled)

    @type_callable(fma)
    def type_of_fma(_context):
        def result(a, b, c):
            if a == b == c and isinstance(a, types.Float):
                return a
            raise numba.TypingError(f"{MIXED_FMA}, not {a}, {b}, {c}")

        return result

    @lower_builtin(fma, types.Float, types.Float, types.Float)
    def llvm_fma(_context, builder, _signature, args):
        return builder.fma(*args)

    return numba


MIXED_FMA = "fma() takes three float32 or three float64"


def fma(a: Any, b: Any, c: Any) -> Any:
    """a * b + c with one rounding, of three float32 or three float64 scalars.

    In a kernel this is the processor's instruction (LLVM's `fma`), which PyTorch's AVX loops use.
    Here, for kernels that run as Python, it is worked out in whole numbers. Going through
    float64 alone would round float32 twice; rounding to odd first is the cure (Boldo and Melquiond,
    "Emulation of FMA and correctly rounded sums", 2008): an inexact float64 gets its last bit set,
    so it never sits halfway between two float32.

    TypeError  "fma() takes three float32 or three float64, not ..."

    >>> fma(0.1, 10.0, -1.0)  # the rounding error of 0.1
    np.float64(5.551115123125783e-17)
    """
    single = isinstance(a, np.float32)
    if not all(isinstance(x, np.float32 if single else float) for x in (a, b, c)):
        raise TypeError(f"{MIXED_FMA}, not {type(a)}, {type(b)}, {type(c)}")
    if not (math.isfinite(a) and math.isfinite(b)):
        return a * b + c
    if not math.isfinite(c):
        return c
    (p, q), (r, s), (t, u) = (float(x).as_integer_ratio() for x in (a, b, c))
    numerator, denominator = p * r * u + q * s * t, q * s * u
    if numerator == 0:
        return a * b + c  # exact too, and IEEE's sign of zero
    try:
        rounded = numerator / denominator  # Python rounds this quotient once
    except OverflowError:
        rounded = math.inf if numerator > 0 else -math.inf
    return np.float32(_to_odd(rounded, numerator, denominator)) if single else np.float64(rounded)


def _to_odd(rounded: float, numerator: int, denominator: int) -> float:
    """The float64 next to the quotient whose last bit is 1, where the quotient is no float64."""
    p, q = rounded.as_integer_ratio()
    error = numerator * q - p * denominator
    if error == 0 or np.float64(rounded).view(np.uint64) & np.uint64(1):
        return rounded
    return math.nextafter(rounded, math.inf if error > 0 else -math.inf)
