"""Tensors among other things of Python: copies, pickles, and memory lent to other libraries."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.methods.base import Methods, memory_of
from minitorch_clf.tape import Array

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor

DL_CPU = (1, 0)
"""Device type and number of the CPU in DLPack."""


class ProtocolMethods(Methods):
    """copy.copy, copy.deepcopy, pickle, DLPack; no buffer, which would go around requires_grad."""

    __slots__ = ()

    requires_grad: Any

    # --- copies and pickles ---

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        """A leaf with memory, gradient and attributes of its own.

        Tensors that share memory share the copy's, if they are copied together.

        RuntimeError  not a leaf
        """
        if id(self) in memo:
            known: Tensor = memo[id(self)]
            return known
        if self._node is not None:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment.  If you were attempting to deepcopy a module, this may be "
                "because of a torch.nn.utils.weight_norm usage, see "
                "https://github.com/pytorch/pytorch/pull/103001"
            )
        copied = rebuild(type(self), copied_with_memory(self.array, memo), self._requires_grad)
        memo[id(self)] = copied
        copied._grad = copy.deepcopy(self._grad, memo)
        copied.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return copied

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """For copy.copy, which shares memory, and pickle, which keeps the elements.

        The graph, the gradient and hooks are left out: what comes back is a leaf.
        """
        return rebuild, (type(self), self.array, self.requires_grad), self.__dict__ or None

    # --- memory lent to other libraries ---

    def __dlpack__(
        self,
        *,
        stream: Any = -1,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """The memory as a DLPack capsule; what is written through it goes unseen by autograd.

        BufferError  a Tensor that requires grad; negative strides, on which PyTorch's consumer
                     aborts the process; read-only memory, to which it would write (copy=True
                     exports a copy); another device
        """
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        if stream not in (None, -1):
            raise AssertionError("stream should be None on cpu.")
        if not copy and any(s < 0 for s in self.array.strides):
            raise BufferError("Can't export tensors with negative strides, use tensor.clone()")
        if not copy and not memory_of(self.array).flags.writeable:
            raise BufferError("Can't export read-only memory, use tensor.clone()")
        options = {"max_version": max_version, "dl_device": dl_device, "copy": copy}
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return DL_CPU

    # --- refusals ---

    def __delitem__(self, index: Any) -> None:
        raise TypeError("Tensor does not support deleting items")


def rebuild(kind: Any, array: Array, requires_grad: bool) -> Tensor:
    """A leaf of this class around `array`: what pickle and copy call."""
    tensor: Tensor = kind.__new__(kind)
    tensor._start(array)
    tensor._requires_grad = requires_grad
    return tensor


def copied_with_memory(array: Array, memo: dict[int, Any]) -> Array:
    """A copy of `array`, in a copy of the whole memory that it lies in, made once per `memo`.

    Where that memory is not dense (a slice that another library lent), of the elements alone.
    """
    owner = memory_of(array)
    known = memo.get(id(owner))
    memory = owner.copy(order="K") if known is None else known
    offset = int(array.ctypes.data) - int(owner.ctypes.data)
    if not array.size or memory.strides != owner.strides or min(array.strides, default=0) < 0:
        return array.copy(order="K")
    memo[id(owner)] = memory
    if array is owner:
        return memory
    flat = np.lib.stride_tricks.as_strided(memory, (memory.size,), (memory.itemsize,))
    return np.ndarray(array.shape, array.dtype, flat, offset, array.strides)
