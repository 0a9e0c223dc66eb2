"""dtype, Size and device objects, and the rule that picks a result's dtype.

Everything here is about names and numbers of bytes; arrays and Tensors come later.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

__all__ = [
    "Size",
    "as_device",
    "as_dtype",
    "default_dtype",
    "device",
    "dtype",
    "get_default_dtype",
    "promote",
    "promote_types",
    "result_dtype",
    "set_default_dtype",
]


class dtype:
    """What one element of a Tensor is: `float32`, `float64`, `int64`, ..., `bool`.

    name        as PyTorch prints it after "torch."
    numpy       the NumPy dtype of the array that holds such elements
    category    0 bool, 1 integer, 2 floating: the levels of type promotion
    legacy      the name of its old tensor class, which error messages still use ("Float")
    c_name      the name of the C++ type, which other error messages use ("long int")

    >>> import minitorch_clf as torch
    >>> torch.float32, torch.float32.itemsize, torch.int64.is_floating_point
    (torch.float32, 4, False)
    """

    by_numpy: ClassVar[dict[np.dtype[Any], dtype]] = {}

    __slots__ = ("c_name", "category", "is_floating_point", "itemsize", "legacy", "name", "numpy")

    def __init__(self, name: str, legacy: str, c_name: str, category: int) -> None:
        self.name = name
        self.legacy = legacy
        self.c_name = c_name
        self.category = category
        self.numpy: np.dtype[Any] = np.dtype(name)
        self.itemsize = self.numpy.itemsize
        self.is_floating_point = category == 2
        dtype.by_numpy[self.numpy] = self

    @property
    def is_complex(self) -> bool:
        return False

    @property
    def is_signed(self) -> bool:
        return self.numpy.kind in "if"

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.numpy,)


bool_ = dtype("bool", "Bool", "bool", 0)
uint8 = dtype("uint8", "Byte", "unsigned char", 1)
int8 = dtype("int8", "Char", "signed char", 1)
int16 = dtype("int16", "Short", "short int", 1)
int32 = dtype("int32", "Int", "int", 1)
int64 = dtype("int64", "Long", "long int", 1)
float32 = dtype("float32", "Float", "float", 2)
float64 = dtype("float64", "Double", "double", 2)


def as_dtype(of: np.dtype[Any]) -> dtype:
    """The dtype whose elements a NumPy array of dtype `of` holds."""
    try:
        return dtype.by_numpy[of]
    except KeyError:
        offered = ", ".join(d.name for d in dtype.by_numpy.values())
        raise TypeError(
            f"can't convert np.ndarray of type {of.type.__module__}.{of.type.__name__}. "
            f"The only supported types are: {offered}."
        ) from None


class finfo:
    """The limits of a floating dtype: eps, max, min, tiny and the like.

    >>> import minitorch_clf as torch
    >>> torch.finfo(torch.float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type: dtype | None = None) -> None:
        d = get_default_dtype() if type is None else type
        if not d.is_floating_point:
            raise TypeError(
                f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle "
                f"'torch.finfo' {d}"
            )
        limits = np.finfo(d.numpy)
        self.dtype = d.name
        self.bits = int(limits.bits)
        self.eps = float(limits.eps)
        self.max, self.min = float(limits.max), float(limits.min)
        self.tiny = self.smallest_normal = float(limits.tiny)
        self.resolution = float(limits.resolution)


class iinfo:
    """The limits of an integer dtype.

    >>> import minitorch_clf as torch
    >>> torch.iinfo(torch.uint8).max
    255
    """

    def __init__(self, type: dtype) -> None:
        if type.category != 1:
            raise TypeError(
                f"torch.iinfo() requires an integer input type. Use torch.finfo to handle "
                f"'torch.iinfo' {type}"
            )
        limits = np.iinfo(type.numpy)
        self.dtype = type.name
        self.bits = int(limits.bits)
        self.max, self.min = int(limits.max), int(limits.min)


# --- the default floating dtype -------------------------------------------------------------------

_default = float32


def get_default_dtype() -> dtype:
    """The dtype of float constructors and of int / int: float32 unless changed."""
    return _default


default_dtype = get_default_dtype


def set_default_dtype(d: Any) -> None:
    """Make `d` (float32 or float64) the dtype that Python floats become.

    TypeError  "only floating-point types are supported as the default type"
    """
    global _default  # noqa: PLW0603 - one setting for the process, as in PyTorch
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default = d


# --- promotion ------------------------------------------------------------------------------------


def promote(a: dtype | None, b: dtype | None) -> dtype | None:
    """The smallest dtype of the higher category that holds both; None is "nothing yet".

    NumPy's own table would turn int32 with float32 into float64; PyTorch lets the category win.
    """
    if a is None or b is None or a is b:
        return a or b
    if a.category != b.category:
        return a if a.category > b.category else b
    return as_dtype(np.promote_types(a.numpy, b.numpy))


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The dtype that a `type1` tensor and a `type2` tensor, both with dimensions, become together.

    >>> import minitorch_clf as torch
    >>> torch.promote_types(torch.int64, torch.float32)
    torch.float32
    """
    return promote(type1, type2) or type1


def scalar_dtype(value: object) -> dtype:
    """The dtype a Python or NumPy scalar stands for: bool, int64 or the default float dtype."""
    if isinstance(value, (bool, np.bool_)):
        return bool_
    if isinstance(value, (int, np.integer)):
        return int64
    return _default


def _weaker(strong: dtype | None, weak: dtype | None) -> dtype | None:
    """`strong`, unless `weak` is of a higher category."""
    if strong is None or weak is None:
        return strong or weak
    return promote(strong, weak) if weak.category > strong.category else strong


def result_dtype(operands: Iterable[tuple[dtype, int] | Any]) -> dtype:
    """PyTorch's type promotion.   operands: (dtype, ndim) of each tensor, or a Python scalar

    Tensors with dimensions decide; 0-dim tensors count only if of a higher category, and Python
    scalars only if of a higher category still (torch.result_type; T84 to T88).
    """
    with_dims: dtype | None = None
    zero_dim: dtype | None = None
    scalars: dtype | None = None
    for operand in operands:
        if not isinstance(operand, tuple):
            scalars = promote(scalars, scalar_dtype(operand))
        elif operand[1] > 0:
            with_dims = promote(with_dims, operand[0])
        else:
            zero_dim = promote(zero_dim, operand[0])
    return _weaker(with_dims, _weaker(zero_dim, scalars)) or _default


# --- Size and device ------------------------------------------------------------------------------


class Size(tuple[int, ...]):
    """A shape: a tuple of ints that prints as PyTorch's.

    >>> import minitorch_clf as torch
    >>> torch.zeros(2, 3).shape
    torch.Size([2, 3])
    >>> torch.Size([2, 3]).numel()
    6
    """

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        n = 1
        for size in self:
            n *= size
        return n

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __getitem__(self, index: Any) -> Any:
        item = tuple.__getitem__(self, index)
        return Size(item) if isinstance(index, slice) else item

    def __add__(self, other: Any) -> Size:
        return Size(tuple.__add__(self, other))


class device:
    """Where a Tensor lives. This engine computes on `cpu` only; other names may be spelled.

    RuntimeError    a name PyTorch does not know
    AssertionError  (PyTorch's class) when a Tensor is asked to live on another device

    >>> import minitorch_clf as torch
    >>> torch.device("cpu"), torch.device("cuda", 1)
    (device(type='cpu'), device(type='cuda', index=1))
    """

    KNOWN: ClassVar[tuple[str, ...]] = ("cpu", "cuda", "mps", "xpu", "meta")

    __slots__ = ("index", "type")

    def __init__(self, type: Any, index: int | None = None) -> None:
        spelled = str(type)
        name, _, number = spelled.partition(":")
        if name not in device.KNOWN or (number and not number.isdigit()):
            raise RuntimeError(
                f"Expected one of {', '.join(device.KNOWN)} device type at start of device string: "
                f"{spelled}"
            )
        self.type: str = name
        self.index: int | None = int(number) if number else index

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, device):
            return NotImplemented
        return (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"


CPU = device("cpu")


def as_device(spelled: str | device | int | None) -> device:
    """The CPU, if that is what `spelled` names.

    AssertionError  any other device, with PyTorch's words for a build without it
    """
    if spelled is None:
        return CPU
    asked = device("cuda", spelled) if isinstance(spelled, int) else device(spelled)
    if asked.type != "cpu":
        raise AssertionError(
            f"Torch not compiled with {asked.type.upper()} enabled: "
            f"minitorch_clf computes on the CPU only, so device='{asked}' cannot be had; "
            "use device='cpu', or run the same program in reference/ on PyTorch"
        )
    return CPU
