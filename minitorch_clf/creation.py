"""Tensors from nothing: constants, ranges, random numbers, Python data, NumPy arrays.

Every function takes `dtype`, `device` ("cpu") and `requires_grad`, as in PyTorch; `out`, `layout`
and `pin_memory=True` are refused by name.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch_clf import random
from minitorch_clf.convert import as_array
from minitorch_clf.dtypes import as_device, dtype, get_default_dtype, int64
from minitorch_clf.methods.base import sizes
from minitorch_clf.ops import libm
from minitorch_clf.ops.pointwise import add_scaled
from minitorch_clf.tape import Array
from minitorch_clf.tensor import Tensor, wrap

# --- the options all of them share ----------------------------------------------------------------


def _finish(array: Array, device: Any, requires_grad: bool, refused: dict[str, Any]) -> Tensor:
    """`array` as a Tensor with the options that every constructor has."""
    for name, value in refused.items():
        if name not in ("out", "layout", "pin_memory", "memory_format", "names"):
            raise TypeError(f"constructor got an unexpected keyword argument '{name}'")
        if value not in (None, False):
            raise NotImplementedError(f"{name}={value!r} is not supported")
    as_device(device)
    tensor = wrap(array)
    if requires_grad and not tensor.is_floating_point():
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    tensor.requires_grad = requires_grad
    return tensor


def _numpy(dtype: dtype | None) -> np.dtype[Any]:
    return (get_default_dtype() if dtype is None else dtype).numpy


def _shape(size: tuple[Any, ...]) -> tuple[int, ...]:
    shape = sizes(size)
    for n in shape:
        if n < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {n}: {list(shape)}"
            )
    return shape


# --- from data ------------------------------------------------------------------------------------


def tensor(
    data: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **refused: Any,
) -> Tensor:
    """A leaf with a copy of `data`: a number, nested sequences, an array, a Tensor.

    Python floats become the default dtype (float32), ints int64, bools bool; NumPy arrays and
    scalars keep their dtype.

    >>> import minitorch_clf as torch
    >>> torch.tensor([[1, 2], [3, 4]]), torch.tensor(2.5).dtype
    (tensor([[1, 2],
            [3, 4]]), torch.float32)
    """
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach()."
            "clone() or sourceTensor.detach().clone().requires_grad_(True), rather than "
            "torch.tensor(sourceTensor).",
            stacklevel=2,
        )
    return _finish(as_array(data, dtype), device, requires_grad, refused)


def as_tensor(data: Any, dtype: dtype | None = None, device: Any = None) -> Tensor:
    """`data` as a Tensor, sharing memory with an array or Tensor of the right dtype."""
    as_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray):
        shared = from_numpy(data)
        return shared if dtype is None else shared.to(dtype)
    return wrap(as_array(data, dtype))


def from_numpy(array: Array) -> Tensor:
    """A Tensor that shares the array's memory.

    TypeError   not an array, or of a dtype there is no tensor of
    ValueError  negative strides
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    if not array.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion "
            "between byte orders is currently not supported."
        )
    result = wrap(array)
    result.dtype  # noqa: B018 - raises for a dtype that is not offered
    if any(s < 0 for s in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().) "
        )
    if not array.flags.writeable:
        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable "
            "tensors. This means writing to this tensor will result in undefined behavior. You may "
            "want to copy the array to protect its data or make it writable before converting it "
            "to a tensor. This type of warning will be suppressed for the rest of this program.",
            stacklevel=2,
        )
    return result


# --- constants ------------------------------------------------------------------------------------


def empty(
    *size: Any,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **refused: Any,
) -> Tensor:
    """Of this shape, with whatever lay in memory."""
    array = np.empty(_shape(_size(size, refused)), _numpy(dtype))
    return _finish(array, device, requires_grad, refused)


def zeros(
    *size: Any,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **refused: Any,
) -> Tensor:
    """All 0.

    >>> import minitorch_clf as torch
    >>> torch.zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    shape = _size(size, refused)
    if min(sizes(shape), default=0) < 0:
        raise RuntimeError("zeros: Dimension size must be non-negative.")
    array = np.zeros(_shape(shape), _numpy(dtype))
    return _finish(array, device, requires_grad, refused)


def ones(
    *size: Any,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **refused: Any,
) -> Tensor:
    """All 1."""
    array = np.ones(_shape(_size(size, refused)), _numpy(dtype))
    return _finish(array, device, requires_grad, refused)


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **refused: Any,
) -> Tensor:
    """All `fill_value`, whose kind of number decides the dtype."""
    value = fill_value.array if isinstance(fill_value, Tensor) else fill_value
    value = value.item() if isinstance(value, np.generic) else value
    to = as_array(value).dtype if dtype is None else dtype.numpy
    array = np.full(_shape((size,)), value, to)
    return _finish(array, device, requires_grad, refused)


def _size(size: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
    return (keywords.pop("size"),) if "size" in keywords else size


def _like(array: Array, dtype: dtype | None, options: dict[str, Any]) -> Tensor:
    device, requires_grad = options.pop("device", None), options.pop("requires_grad", False)
    cast = array if dtype is None else array.astype(dtype.numpy, copy=False)
    return _finish(cast, device, requires_grad, options)


def empty_like(input: Tensor, *, dtype: dtype | None = None, **options: Any) -> Tensor:
    """empty() of input's shape and dtype."""
    return _like(np.empty_like(input.array), dtype, options)


def zeros_like(input: Tensor, *, dtype: dtype | None = None, **options: Any) -> Tensor:
    """zeros() of input's shape and dtype."""
    return _like(np.zeros_like(input.array), dtype, options)


def ones_like(input: Tensor, *, dtype: dtype | None = None, **options: Any) -> Tensor:
    """ones() of input's shape and dtype."""
    return _like(np.ones_like(input.array), dtype, options)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: dtype | None = None, **options: Any
) -> Tensor:
    """full() of input's shape and dtype."""
    to = input.array.dtype if dtype is None else dtype.numpy
    return _like(np.full(input.array.shape, fill_value, to), None, options)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **refused: Any,
) -> Tensor:
    """1 on the diagonal, 0 elsewhere.   (n, m)"""
    for name, size in (("n", n), ("m", m)):
        if size is not None and size < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {size}")
    return _finish(np.eye(n, m, dtype=_numpy(dtype)), device, requires_grad, refused)


# --- ranges ---------------------------------------------------------------------------------------


def arange(
    *bounds: Any,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **refused: Any,
) -> Tensor:
    """start, start + step, ... below end, as arange(end) or arange(start, end, step=1).

    int64 if all are ints, else the default dtype.

    RuntimeError  "step must be nonzero"; bounds inconsistent with the step's sign
    """
    names = ("end",) if len(bounds) == 1 else ("start", "end", "step")
    given = dict(zip(names, bounds, strict=False))
    given |= {n: refused.pop(n) for n in ("start", "end", "step") if n in refused}
    given = {n: v.item() if isinstance(v, Tensor) else v for n, v in given.items()}
    start, end, step = given.get("start", 0), given["end"], given.get("step", 1)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (step > 0) != (end >= start) and end != start:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype is None:
        ints = all(isinstance(v, (int, np.integer)) for v in (start, end, step))
        dtype = int64 if ints else get_default_dtype()
    n = math.ceil((end - start) / step)
    array = (np.arange(n) * step + start).astype(dtype.numpy)
    return _finish(array, device, requires_grad, refused)


def linspace(
    start: float,
    end: float,
    steps: int,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **refused: Any,
) -> Tensor:
    """`steps` values from start to end, both included, evenly spaced.

    As in PyTorch the second half is counted down from the end, and each value is rounded once.
    """
    to = _numpy(dtype)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    if steps == 0:
        return _finish(np.empty(0, to), device, requires_grad, refused)
    if steps == 1:
        return _finish(np.full(1, start, to), device, requires_grad, refused)
    wide = to if to.kind == "f" else np.dtype(np.float32)
    first, last = wide.type(start), wide.type(end)
    step = (last - first) / wide.type(steps - 1)
    k = np.arange(steps)
    up = add_scaled(first, k.astype(wide), float(step))
    down = add_scaled(last, (steps - 1 - k).astype(wide), -float(step))
    array = np.asarray(np.where(k < steps // 2, up, down)).astype(to)
    return _finish(array, device, requires_grad, refused)


def logspace(
    start: float,
    end: float,
    steps: int,
    base: float = 10.0,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **refused: Any,
) -> Tensor:
    """`steps` powers of `base`, their exponents evenly spaced from start to end."""
    to = _numpy(dtype)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    wide = to if to.kind == "f" else np.dtype(np.float32)
    first, last = wide.type(start), wide.type(end)
    step = (last - first) / wide.type(max(steps - 1, 1))
    k = np.arange(steps)
    up, down = first + step * k.astype(wide), last - step * (steps - 1 - k).astype(wide)
    array = libm.power(wide.type(base), np.where(k < steps // 2 + (steps == 1), up, down))
    return _finish(array.astype(to), device, requires_grad, refused)


def tril_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    **refused: Any,
) -> Tensor:
    """The places of the lower triangle of a (row, col) matrix.   (2, n)"""
    return _triangle(np.tril_indices, (row, col), offset, dtype, device, refused)


def triu_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    **refused: Any,
) -> Tensor:
    """The places of the upper triangle of a (row, col) matrix.   (2, n)"""
    return _triangle(np.triu_indices, (row, col), offset, dtype, device, refused)


def _triangle(
    places: Callable[..., Any],
    shape: tuple[int, int],
    offset: int,
    dtype: dtype | None,
    device: Any,
    refused: dict[str, Any],
) -> Tensor:
    for name, n in zip(("row", "col"), shape, strict=True):
        if n < 0:
            raise RuntimeError(f"{name} must be non-negative, got{n}")
    to = int64.numpy if dtype is None else dtype.numpy
    array = np.array(places(shape[0], offset, shape[1]), to)
    return _finish(array, device, False, refused)


# --- random ---------------------------------------------------------------------------------------


class Generator(random.Generator):
    """A source of random numbers with its own seed: PyTorch's CPU stream, bit for bit.

    >>> import minitorch_clf as torch
    >>> torch.rand(2, generator=torch.Generator().manual_seed(0))
    tensor([0.4963, 0.7682])
    """

    def __init__(self, device: Any = "cpu") -> None:
        as_device(device)
        super().__init__()

    @property
    def device(self) -> Any:
        """The CPU."""
        return as_device("cpu")

    def get_state(self) -> Tensor:
        """Everything, as a uint8 Tensor in PyTorch's layout."""
        return wrap(self.state)

    def set_state(self, new_state: Tensor) -> Generator:
        """Go on from a state that get_state() returned, here or in PyTorch."""
        self.state = new_state.array
        return self


default_generator = Generator()
default_generator.seed()
random.set_default(default_generator)


def manual_seed(seed: int) -> Generator:
    """Seed the default generator. The same seed gives PyTorch's numbers.

    >>> import minitorch_clf as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.rand(3)
    tensor([0.4963, 0.7682, 0.0885])
    """
    default_generator.manual_seed(int(seed))
    return default_generator


def seed() -> int:
    """Seed the default generator from the operating system."""
    return default_generator.seed()


def initial_seed() -> int:
    """The default generator's seed."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The default generator's state."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Set the default generator's state."""
    default_generator.set_state(new_state)


def rand(
    *size: Any,
    generator: random.Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **refused: Any,
) -> Tensor:
    """Uniform in [0, 1)."""
    shape = _shape(_size(size, refused))
    array = random.uniform(generator or random.default(), shape, _numpy(dtype))
    return _finish(array, device, requires_grad, refused)


def randn(
    *size: Any,
    generator: random.Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **refused: Any,
) -> Tensor:
    """Normal with mean 0 and standard deviation 1."""
    shape = _shape(_size(size, refused))
    array = random.normal(generator or random.default(), shape, _numpy(dtype))
    return _finish(array, device, requires_grad, refused)


def randint(
    *bounds_and_size: Any,
    generator: random.Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **refused: Any,
) -> Tensor:
    """Integers in [low, high): randint(high, size) or randint(low, high, size)."""
    arguments = list(bounds_and_size)
    low = refused.pop("low", 0)
    size = refused.pop("size") if "size" in refused else arguments.pop()
    high = refused.pop("high") if "high" in refused else arguments.pop()
    low = arguments.pop() if arguments else low
    to = int64.numpy if dtype is None else dtype.numpy
    array = random.randint(generator or random.default(), low, high, _shape((size,)), to)
    return _finish(array, device, requires_grad, refused)


def randperm(
    n: int,
    *,
    generator: random.Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **refused: Any,
) -> Tensor:
    """0, 1, ..., n - 1 in random order."""
    array = random.randperm(generator or random.default(), n)
    array = array if dtype is None else array.astype(dtype.numpy)
    return _finish(array, device, requires_grad, refused)


def bernoulli(input: Tensor, *, generator: random.Generator | None = None) -> Tensor:
    """1 with the probability each element says, else 0."""
    drawn = random.bernoulli(generator or random.default(), input.array.shape, input.array)
    return wrap(drawn.astype(input.array.dtype))


def normal(
    mean: Any, std: Any, size: Any = None, *, generator: random.Generator | None = None
) -> Tensor:
    """Normal with this mean and standard deviation, two numbers, of shape `size`."""
    if isinstance(mean, Tensor) or isinstance(std, Tensor) or size is None:
        raise NotImplementedError("normal: mean and std as Tensors are not supported")
    g = generator or random.default()
    return wrap(random.normal(g, _shape((size,)), _numpy(None), mean, std))


def _filled_like(
    input: Tensor,
    dtype: dtype | None,
    options: dict[str, Any],
    fill: Callable[[Tensor], Tensor],
) -> Tensor:
    """A Tensor laid out in memory as `input` is, filled in that order."""
    requires_grad = options.pop("requires_grad", False)
    return fill(empty_like(input, dtype=dtype, **options)).requires_grad_(requires_grad)


def rand_like(input: Tensor, *, dtype: dtype | None = None, **options: Any) -> Tensor:
    """rand() of input's shape and dtype."""
    return _filled_like(input, dtype, options, lambda out: out.uniform_())


def randn_like(input: Tensor, *, dtype: dtype | None = None, **options: Any) -> Tensor:
    """randn() of input's shape and dtype."""
    return _filled_like(input, dtype, options, lambda out: out.normal_())
