"""To Python, to NumPy, to other dtypes; other devices are refused."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from minitorch_clf import dtypes
from minitorch_clf.dtypes import as_device
from minitorch_clf.grad_mode import is_grad_enabled
from minitorch_clf.methods.base import Methods, sizes
from minitorch_clf.ops.copies import Clone, ToCopy
from minitorch_clf.tape import Array

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor

_LEGACY = {d.legacy: d for d in dtypes.dtype.by_numpy.values()}


class ConversionMethods(Methods):
    """Out of the world of Tensors, or into another dtype."""

    __slots__ = ()

    requires_grad: Any

    # --- new tensors of this dtype ---

    def new_full(
        self,
        size: Any,
        fill_value: Any,
        *,
        dtype: dtypes.dtype | None = None,
        requires_grad: builtins.bool = False,
    ) -> Tensor:
        """full(size, fill_value) of this dtype."""
        to = (dtype or self.dtype).numpy
        return self._new(np.full(sizes((size,)), fill_value, to), requires_grad)

    def new_zeros(
        self, *size: Any, dtype: dtypes.dtype | None = None, requires_grad: builtins.bool = False
    ) -> Tensor:
        """zeros(size) of this dtype."""
        return self.new_full(sizes(size), 0, dtype=dtype, requires_grad=requires_grad)

    def new_ones(
        self, *size: Any, dtype: dtypes.dtype | None = None, requires_grad: builtins.bool = False
    ) -> Tensor:
        """ones(size) of this dtype."""
        return self.new_full(sizes(size), 1, dtype=dtype, requires_grad=requires_grad)

    def new_empty(
        self, *size: Any, dtype: dtypes.dtype | None = None, requires_grad: builtins.bool = False
    ) -> Tensor:
        """empty(size) of this dtype."""
        return self._new(np.empty(sizes(size), (dtype or self.dtype).numpy), requires_grad)

    def _new(self, array: Array, requires_grad: bool) -> Tensor:
        tensor = self._wrap(array)
        tensor.requires_grad = requires_grad
        return tensor

    # --- to Python and NumPy ---

    def item(self) -> Any:
        """The one element, as a Python number.

        RuntimeError  "a Tensor with 3 elements cannot be converted to Scalar"
        """
        if self.array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self.array.size} elements cannot be converted to Scalar"
            )
        return self.array.item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return self.array.tolist()

    def numpy(self, *, force: builtins.bool = False) -> Array:
        """The NumPy array, sharing memory."""
        if is_grad_enabled() and self.requires_grad and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead."
            )
        return self.array

    def __array__(self, dtype: Any = None, copy: builtins.bool | None = None) -> Array:
        array = self.numpy()
        if dtype is None or array.dtype == dtype:
            return array.copy() if copy else array
        if copy is False:
            raise ValueError(f"cannot give {array.dtype} as {np.dtype(dtype)} without a copy")
        return array.astype(dtype)

    def __bool__(self) -> builtins.bool:
        if self.array.size != 1:
            raise RuntimeError(
                "Boolean value of Tensor with no values is ambiguous"
                if self.array.size == 0
                else "Boolean value of Tensor with more than one value is ambiguous"
            )
        return bool(self.array.item())

    def _number(self) -> Any:
        if self.array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self.array.item()

    def __int__(self) -> int:
        return int(self._number())

    def __float__(self) -> float:
        return float(self._number())

    def __complex__(self) -> complex:
        return complex(self._number())

    def __index__(self) -> int:
        if self.array.dtype.kind not in "iub" or self.array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.array.item())

    def __format__(self, spec: str) -> str:
        if self.array.ndim == 0 and type(self).__name__ == "Tensor":
            return format(self.array.item(), spec)
        return object.__format__(self, spec)

    # --- other dtypes and devices ---

    def to(self, *args: Any, copy: Any = False, **kwargs: Any) -> Tensor:
        """In another dtype, on another device, or like another Tensor; itself if nothing changes.

        AssertionError  a device other than the CPU
        """
        target = kwargs.pop("dtype", None)
        as_device(kwargs.pop("device", None))
        kwargs.pop("non_blocking", None)  # means nothing on a CPU
        if kwargs:
            raise NotImplementedError(f"to: {', '.join(kwargs)} is not supported")
        for arg in args:
            if isinstance(arg, dtypes.dtype):
                target = arg
            elif isinstance(arg, Methods):
                target = arg.dtype
            elif not isinstance(arg, bool):
                as_device(arg)
        if target is None or target.numpy == self.array.dtype:
            return self._apply(Clone, self) if copy else self  # type: ignore[return-value]
        return self._apply(ToCopy, self, dtype=target.numpy)

    def type(self, dtype: Any = None) -> Any:
        """The old class name, as "torch.FloatTensor", or this Tensor in another dtype."""
        if dtype is None:
            return f"torch.{self.dtype.legacy}Tensor"
        if isinstance(dtype, str):
            dtype = _LEGACY[dtype.removeprefix("torch.").removesuffix("Tensor")]
        return self.to(dtype)

    def type_as(self, other: Tensor) -> Tensor:
        """to(other.dtype)."""
        return self.to(other.dtype)

    def cpu(self) -> Tensor:
        """Itself: there is no other device."""
        return self  # type: ignore[return-value]  # every Methods is a Tensor

    def cuda(self, device: Any = None) -> Tensor:
        """AssertionError: there is no GPU here."""
        return self.to("cuda" if device is None else device)

    def pin_memory(self) -> Tensor:
        raise RuntimeError("Cannot access accelerator device when none is available.")

    def float(self) -> Tensor:
        return self.to(dtypes.float32)

    def double(self) -> Tensor:
        return self.to(dtypes.float64)

    def int(self) -> Tensor:
        return self.to(dtypes.int32)

    def long(self) -> Tensor:
        return self.to(dtypes.int64)

    def bool(self) -> Tensor:
        return self.to(dtypes.bool_)

    def byte(self) -> Tensor:
        return self.to(dtypes.uint8)

    is_cuda: ClassVar[Any] = False
    is_sparse: ClassVar[Any] = False
    is_quantized: ClassVar[Any] = False
    layout: ClassVar[Any] = "torch.strided"

    def data_ptr(self) -> Any:
        """The address of the first element."""
        return self.array.ctypes.data
