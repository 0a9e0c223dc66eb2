"""PyTorch's names in front of an engine that has others: the `t` of a case, for an adapter.

    t.exp(x)    t.nn.functional.relu(x)    x.sum(dim=1, keepdim=True)    x @ y    x[1:]    -x

Each looks up one entry of the adapter's `ops`, by PyTorch's short name: "exp", "relu", "sum",
"matmul", "getitem", "neg". An op that is not there, or that does not take the arguments, is
NotOffered. The facade answers by itself only what is no question about arithmetic: shapes, dtypes,
lengths, and the way out to NumPy and to Python's numbers.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
from collections import namedtuple
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from reference.parity.case import Array
from reference.parity.outcome import NotOffered

if TYPE_CHECKING:
    from reference.parity.adapter import Adapter

_CASTS = {"float": "float32", "double": "float64", "int": "int32", "long": "int64", "bool": "bool"}
_DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")

#: Names without parentheses: an op as well, T(input).
_PROPERTIES = frozenset(
    ("T", "mT", "H", "data", "grad", "grad_fn", "is_leaf", "requires_grad", "device", "layout")
) | {"_version", "real", "imag", "itemsize", "nbytes", "output_nr"}

#: Sizes come one by one or as a tuple: x.reshape(2, 3). The op gets a tuple, behind so many
#: arguments.
_SIZES = {
    **dict.fromkeys(("reshape", "view", "permute", "expand", "repeat", "flip", "new_zeros"), 1),
    **dict.fromkeys(("zeros", "ones", "empty", "rand", "randn"), 0),
}

#: A pair comes out, with names.
_PAIRS = frozenset(("max", "min", "sort", "topk", "kthvalue", "median", "mode", "cummax", "cummin"))
_Pair = namedtuple("_Pair", "values indices")


class DType:
    """A dtype that prints as PyTorch's."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_floating_point = name.startswith("float")

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotOffered(f"dtypes without {name!r}")


class Size(tuple[int, ...]):
    """A shape, to be compared with PyTorch's by its numbers."""

    __slots__ = ()


class Names:
    """A dotted name below `t` that may be an op: t.exp, t.nn.functional.relu, t.linalg.norm."""

    def __init__(self, t: Namespace, path: str) -> None:
        self._t, self._path = t, path

    def __getattr__(self, name: str) -> Names:
        if name.startswith("__"):
            raise AttributeError(name)
        return Names(self._t, f"{self._path}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._t.call(self._path.removeprefix("nn.functional."), *args, **kwargs)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> NoReturn:
        self._t.lacks(f"no class {self._path!r}")


class Namespace:
    """What a case takes for the module torch.

    asked     the ops that the case has asked for: none, and it says nothing about the engine
    missing   what was not there, also where the case itself caught the exception
    """

    dtype = DType
    pi, inf, nan = np.pi, np.inf, np.nan

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.asked: list[str] = []
        self.missing: list[str] = []
        self.Tensor = type("Tensor", (Tensor,), {"_t": self, "__slots__": ()})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in _DTYPES or name in _CASTS:
            return dtype_object(_CASTS.get(name, name))
        return Names(self, name)

    def tensor(self, data: Any, dtype: DType | None = None) -> Tensor:
        """A constant of the case, in the dtype that torch.tensor gives it."""
        array = np.array(_to_arrays(data))
        if dtype is not None:
            array = array.astype(dtype.name)
        elif array.dtype == np.float64 and not isinstance(data, np.ndarray | np.generic | Tensor):
            array = array.astype(np.float32)
        return self.tensor_of(self.adapter.tensor(array, False))

    def is_tensor(self, x: Any) -> bool:
        return isinstance(x, Tensor)

    def lacks(self, what: str) -> NoReturn:
        self.missing.append(what)
        raise NotOffered(what)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Op `name` of the engine on these arguments; NotOffered if it has none, or no such."""
        if name not in self.adapter.ops:
            self.lacks(f"no op {name!r}")
        op = self.adapter.ops[name]
        if (before := _SIZES.get(name)) is not None and all(
            isinstance(a, int | np.integer) for a in args[before:]
        ):
            args = (*args[:before], args[before:]) if args[before:] else args
        if refused := _refused(name, _signature(op), args, kwargs):
            self.lacks(refused)
        self.asked.append(name)
        try:
            out = op(*map(_native, args), **{k: _native(v) for k, v in kwargs.items()})
        except NotOffered as missing:  # an op's own word on the values of its arguments
            self.lacks(str(missing))
        if name.endswith("_") and args and out is _native(args[0]):
            return args[0]
        if name in _PAIRS and isinstance(out, tuple | list) and len(out) == 2:
            out = _Pair(*out)
        return self.wrapped(out)

    def wrapped(self, out: Any) -> Any:
        """The engine's tensors in `out` as Tensors, several in a tuple; all else as it is."""
        if isinstance(out, self.adapter.tensor_types):
            return self.tensor_of(out)
        if isinstance(out, _Pair):
            return _Pair(*map(self.wrapped, out))
        if isinstance(out, tuple | list):
            return tuple(map(self.wrapped, out))
        return out

    def tensor_of(self, native: Any) -> Tensor:
        tensor: Tensor = object.__new__(self.Tensor)
        tensor.native = native
        return tensor


def _op(name: str) -> Callable[..., Any]:
    def method(self: Tensor, *args: Any) -> Any:
        return self._t.call(name, self, *args)

    return method


def _reversed(name: str) -> Callable[[Tensor, Any], Any]:
    def method(self: Tensor, other: Any) -> Any:
        return self._t.call(name, other, self)

    return method


class Tensor:
    """One of the engine's tensors (`native`) under PyTorch's names."""

    __slots__ = ("native",)
    _t: Namespace
    native: Any
    __array_ufunc__ = None  # so that np.float64(2) * x asks x
    __hash__ = object.__hash__

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        self._t.lacks("no class 'Tensor'")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in _PROPERTIES:
            return self._t.call(name, self)
        if name in _CASTS:
            return lambda: self._t.call("to", self, dtype_object(_CASTS[name]))
        return functools.partial(self._t.call, name, self)

    def where(self, condition: Any, other: Any) -> Any:
        return self._t.call("where", condition, self, other)

    def to(self, dtype: Any) -> Any:
        if not isinstance(dtype, DType):
            self._t.lacks(f"to() with {type(dtype).__name__}")
        return self._t.call("to", self, dtype)

    def __repr__(self) -> str:
        self._t.missing.append("PyTorch's way to print")
        return f"<a tensor of {self._t.adapter.name}: {self.native!r}>"

    # --- what the facade answers by itself ---

    @property
    def shape(self) -> Size:
        return Size(self._t.adapter.shape(self.native))

    @property
    def dtype(self) -> DType:
        return dtype_object(self._t.adapter.dtype(self.native))

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def dim(self) -> int:
        return self.ndim

    def size(self, dim: int | None = None) -> Size | int:
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> int:
        return math.prod(self.shape)

    def numpy(self) -> Array:
        return self._t.adapter.numpy(self.native)

    def item(self) -> Any:
        return self.numpy().item()

    def tolist(self) -> Any:
        return self.numpy().tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.numpy(), dtype, copy=copy)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.numpy())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        return operator.index(self.item())

    # --- operators ---

    def __setitem__(self, index: Any, value: Any) -> None:
        self._t.call("setitem", self, index, value)

    __getitem__ = _op("getitem")
    __contains__ = _op("contains")
    __add__, __radd__, __iadd__ = _op("add"), _reversed("add"), _op("add_")
    __sub__, __rsub__, __isub__ = _op("sub"), _reversed("sub"), _op("sub_")
    __mul__, __rmul__, __imul__ = _op("mul"), _reversed("mul"), _op("mul_")
    __truediv__, __rtruediv__, __itruediv__ = _op("div"), _reversed("div"), _op("div_")
    __floordiv__, __rfloordiv__ = _op("floor_divide"), _reversed("floor_divide")
    __mod__, __rmod__ = _op("remainder"), _reversed("remainder")
    __pow__, __rpow__ = _op("pow"), _reversed("pow")
    __matmul__, __rmatmul__ = _op("matmul"), _reversed("matmul")
    __and__, __rand__ = _op("bitwise_and"), _reversed("bitwise_and")
    __or__, __ror__ = _op("bitwise_or"), _reversed("bitwise_or")
    __xor__, __rxor__ = _op("bitwise_xor"), _reversed("bitwise_xor")
    __lshift__, __rshift__ = _op("bitwise_left_shift"), _op("bitwise_right_shift")
    __neg__, __pos__, __abs__, __invert__ = map(_op, ("neg", "positive", "abs", "bitwise_not"))
    __eq__, __ne__ = _op("eq"), _op("ne")
    __lt__, __le__, __gt__, __ge__ = _op("lt"), _op("le"), _op("gt"), _op("ge")


@functools.cache
def dtype_object(name: Any) -> DType:
    """The only DType of this name: `x.dtype is t.float32` holds."""
    text = str(name) if isinstance(name, str) else np.dtype(name).name
    return DType(text) if isinstance(name, str) else dtype_object(text)


@functools.cache
def _signature(op: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(op)


def _refused(
    name: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> str:
    """Why the arguments do not fit: "sum() without 'dtype'"; "" if they do."""
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        if unknown := [k for k in kwargs if k not in signature.parameters]:
            return f"{name}() without {', '.join(map(repr, unknown))}"
        if str(error) == "too many positional arguments":
            return f"{name}() of {len(args)} arguments"
        return f"{name}() with a {str(error).removeprefix('missing a ')}"
    return ""


def _native(x: Any) -> Any:
    """The argument as the engine knows it."""
    if isinstance(x, Tensor):
        return x.native
    if isinstance(x, DType):
        return np.dtype(x.name)
    if isinstance(x, slice):
        return slice(*map(_native, (x.start, x.stop, x.step)))
    if isinstance(x, Size):
        return tuple(x)
    if isinstance(x, tuple | list):
        return type(x)(map(_native, x))
    return x


def _to_arrays(data: Any) -> Any:
    """Python data with NumPy arrays in place of Tensors."""
    if isinstance(data, tuple | list):
        return [_to_arrays(x) for x in data]
    return data.numpy() if isinstance(data, Tensor) else data
