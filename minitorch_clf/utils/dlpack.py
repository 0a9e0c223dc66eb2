"""Memory shared with other libraries, by DLPack (https://dmlc.github.io/dlpack)."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch_clf.creation import from_numpy
from minitorch_clf.dtypes import as_device
from minitorch_clf.methods.protocols import DL_CPU
from minitorch_clf.tensor import Tensor

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor: Tensor) -> Any:
    """A capsule that shares the tensor's memory; `from_dlpack(tensor)` needs none.

    BufferError  as for Tensor.__dlpack__, also where the tensor requires grad (PyTorch's old
                 function exports that)
    """
    return tensor.__dlpack__(max_version=(1, 0))  # the older kind cannot say: not read-only


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A Tensor that shares the memory of anything with `__dlpack__`, or of a DLPack capsule.

    copy   True: in memory of its own; False: BufferError where it cannot be shared

    Memory that the other library marks as read-only is not written to (PyTorch ignores the mark):
    it warns, as from_numpy does, and a write raises.

    RuntimeError  "from_dlpack received an invalid capsule. ..."
    TypeError     a dtype there is no tensor of
    BufferError   what the other library refuses, such as a tensor that requires grad

    >>> import numpy as np
    >>> import minitorch_clf as torch
    >>> array = np.zeros(2, np.float32)
    >>> torch.from_dlpack(array).fill_(1)
    tensor([1., 1.])
    >>> array
    array([1., 1.], dtype=float32)
    """
    as_device(device)
    if type(ext_tensor).__name__ == "PyCapsule":
        ext_tensor = _Capsule(ext_tensor)
    if not callable(getattr(ext_tensor, "__dlpack__", None)):
        raise RuntimeError(INVALID_CAPSULE)
    return from_numpy(np.from_dlpack(ext_tensor, copy=copy))


INVALID_CAPSULE = (
    "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only "
    "once, so you might have already constructed a tensor from it once."
)


class _Capsule:
    """A bare DLPack capsule, as NumPy wants to receive it: from an object."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        if "used" in repr(self.capsule):
            raise RuntimeError(INVALID_CAPSULE)
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return DL_CPU
