"""What every family of methods may ask of a Tensor, and how two operands become one dtype."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from numbers import Number
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from minitorch_clf import dtypes
from minitorch_clf.dtypes import CPU, Size, as_dtype, result_dtype
from minitorch_clf.ops.copies import ToCopy
from minitorch_clf.tape import AccumulateGrad, Array, Function, Node, Version

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor

Scalar: TypeAlias = "bool | int | float"
SCALARS = (float, int, bool, np.bool_, np.number)
NUMBERS = (*SCALARS, Number)


class Methods:
    """The root of the families: an array, its place in the graph, a way to run a Function.

    array           the NumPy array that holds the values; writing into it goes unseen by autograd
    _node           the node that made it, as output `_output_nr`; None for a leaf
    _requires_grad  whether, as a leaf, it collects a gradient: in `_grad`, by `_accumulator`
    _writes         counts the writes to its memory, shared by all views of it
    _view           what it is a view of
    """

    __slots__ = (
        "__dict__",  # users may hang what they like on a Tensor
        "__weakref__",
        "_accumulator",
        "_grad",
        "_hooks",
        "_node",
        "_output_nr",
        "_requires_grad",
        "_retains_grad",
        "_writes",
        "_view",
        "array",
    )

    array: Array
    _accumulator: weakref.ref[AccumulateGrad] | None
    _grad: Tensor | None
    _hooks: Any
    _node: Node | None
    _output_nr: int
    _requires_grad: bool
    _retains_grad: bool
    _writes: Version
    _view: Any

    @staticmethod
    def _apply(op: type[Function], *inputs: Any, **options: Any) -> Tensor:
        raise NotImplementedError

    @staticmethod
    def _wrap(array: Array) -> Tensor:
        raise NotImplementedError

    # --- what it is ---

    @property
    def shape(self) -> Size:
        return Size(self.array.shape)

    @property
    def dtype(self) -> dtypes.dtype:
        return as_dtype(self.array.dtype)

    @property
    def device(self) -> dtypes.device:
        return CPU

    @property
    def ndim(self) -> int:
        return int(self.array.ndim)

    @property
    def itemsize(self) -> int:
        return int(self.array.itemsize)

    @property
    def nbytes(self) -> int:
        return int(self.array.nbytes)

    def dim(self) -> int:
        """The number of dimensions."""
        return int(self.array.ndim)

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return int(self.array.size)

    nelement = numel

    def element_size(self) -> int:
        """Bytes per element."""
        return int(self.array.itemsize)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or its entry `dim`."""
        if dim is None:
            return Size(self.array.shape)
        return self.array.shape[_existing_dim(dim, self.array.ndim)]

    def storage_offset(self) -> int:
        """Elements between the start of the memory and the first element."""
        apart = int(self.array.ctypes.data) - int(memory_of(self.array).ctypes.data)
        return int(apart // self.array.itemsize)

    def stride(self, dim: int | None = None) -> Any:
        """Elements to step over, per dimension."""
        strides = tuple(s // self.array.itemsize for s in self.array.strides)
        return strides if dim is None else strides[_existing_dim(dim, self.array.ndim)]

    def is_floating_point(self) -> bool:
        """Whether the dtype is float32 or float64."""
        return bool(self.array.dtype.kind == "f")

    def is_complex(self) -> bool:
        """False: there are no complex dtypes here."""
        return False

    def is_contiguous(self) -> bool:
        """Whether the elements lie in memory in the order of the indices."""
        return bool(self.array.flags.c_contiguous)

    def _cast(self, to: dtypes.dtype) -> Tensor:
        """This Tensor in dtype `to`, recorded; itself where it is of that dtype already."""
        if self.array.dtype == to.numpy:
            return self  # type: ignore[return-value]  # every Methods is a Tensor
        return self._apply(ToCopy, self, dtype=to.numpy)


OPERANDS = (float, Methods, *SCALARS, np.ndarray)  # isinstance() tries one after the other


def memory_of(array: Array) -> Array:
    """The array that owns the memory of `array`, or the last one known before another library's.

    as_strided puts an object between a view and its array, hence the two bases.
    """
    while True:
        base = array.base
        base = base if isinstance(base, np.ndarray) else getattr(base, "base", None)
        if not isinstance(base, np.ndarray):
            return array
        array = base


def refuse_bool(kernel: str, x: Methods) -> None:
    """Complain as PyTorch does where an operation knows numbers only."""
    if x.array.dtype == bool:
        raise NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")


def type_name(x: Methods) -> str:
    """PyTorch's old name of the type of `x`, which its errors still use."""
    return "CPUBoolType" if x.array.dtype == bool else f"torch.{x.dtype.legacy}Tensor"


# --- dimensions -----------------------------------------------------------------------------------


def wrap_dim(dim: int, ndim: int) -> int:
    """`dim` counted from the front.   A 0-dim tensor has the dimensions -1 and 0.

    IndexError  "Dimension out of range (expected to be in range of [-2, 1], but got 2)"
    """
    if isinstance(dim, Methods):
        dim = dim.array.item()
    n = max(ndim, 1)
    if not -n <= dim < n:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})"
        )
    return dim + n if dim < 0 else dim


def _existing_dim(dim: int, ndim: int) -> int:
    if not ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return wrap_dim(dim, ndim)


def wrap_dims(dim: int | Sequence[int] | None, ndim: int) -> tuple[int, ...] | None:
    """The axes a reduction over `dim` runs along; None (all of them) for None, () and 0-dim."""
    if dim is None:
        return None
    dims = (dim,) if isinstance(dim, (int, np.integer)) else tuple(dim)
    wrapped = tuple(wrap_dim(d, ndim) for d in dims)
    for k, d in enumerate(wrapped):
        if d in wrapped[:k]:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return wrapped if wrapped and ndim else None


def sizes(shape: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape in `f(2, 3)`, `f((2, 3))` or `f(torch.Size([2, 3]))`."""
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = tuple(shape[0])
    for n in shape:
        if not isinstance(n, (int, np.integer)) and not (
            isinstance(n, Methods) and n.array.dtype.kind in "iu" and n.array.ndim == 0
        ):
            raise TypeError(f"expected a size made of ints, but got {type(n).__name__} in {shape}")
    return tuple([int(n) for n in shape])


# --- operands -------------------------------------------------------------------------------------


def is_operand(other: object) -> bool:
    """Whether a binary operator knows what to do with `other`."""
    return isinstance(other, OPERANDS)


def operands(
    name: str, x: Methods, other: Any, *, float_result: bool = False
) -> tuple[Tensor, Any]:
    """`x` and `other` in one dtype, PyTorch's (dtypes.result_dtype); `other` may stay a scalar.

    float_result  division: two integers become the default float dtype
    """
    if type(other) is float and x.array.dtype.kind == "f":
        return x, other  # type: ignore[return-value]  # the commonest case
    if isinstance(other, np.ndarray):
        other = x._wrap(other)
    if isinstance(other, Methods):
        if x.array.dtype == other.array.dtype and not float_result:
            return x, other  # type: ignore[return-value]
        to = result_dtype(((x.dtype, x.ndim), (other.dtype, other.ndim)))
        to = _floating(to) if float_result else to
        return x._cast(to), other._cast(to)
    if not isinstance(other, NUMBERS):
        raise TypeError(
            f"{name}(): argument 'other' (position 1) must be Tensor, not {type(other).__name__}"
        )
    if isinstance(other, complex):
        raise NotImplementedError(f"{name}: complex numbers are not supported, got {other!r}")
    to = result_dtype(((x.dtype, x.ndim), other))
    to = _floating(to) if float_result else to
    return x._cast(to), as_scalar(other, to)


def need_tensor(name: str, argument: str, other: Any) -> Any:
    """`other`, if it is a Tensor.

    TypeError  "hypot(): argument 'other' (position 2) must be Tensor, not float"
    """
    if not isinstance(other, Methods):
        raise TypeError(
            f"{name}(): argument '{argument}' (position 2) must be Tensor, "
            f"not {type(other).__name__}"
        )
    return other


def one_dtype(*tensors: Any) -> list[Any]:
    """The tensors, cast to the dtype that they have together."""
    to = result_dtype([(t.dtype, t.ndim) for t in tensors])
    return [t._cast(to) for t in tensors]


def as_scalar(value: Any, to: dtypes.dtype) -> Any:
    """A Python number as an operand of `to`: floats stay weak, integers wrap around."""
    if to.category == 2:
        return float(value)
    return np.asarray(value).astype(to.numpy)[()]


def _floating(d: dtypes.dtype) -> dtypes.dtype:
    return d if d.category == 2 else result_dtype(((d, 1), 1.0))


def floating(x: Methods) -> Tensor:
    """`x`, integers cast to the default float dtype: what exp, log, mean of counts and so on do."""
    return x._cast(_floating(x.dtype))


def values(y: Any) -> Array:
    """The array of a Tensor operand; a scalar as it is."""
    return y.array if isinstance(y, Methods) else y
