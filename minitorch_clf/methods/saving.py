"""What may be saved for backward, and the hooks that put something else in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from minitorch_clf.grad_mode import grad_mode, no_grad
from minitorch_clf.methods.base import Methods

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


def raise_inference() -> NoReturn:
    """Complain about saving what was made in inference mode."""
    raise RuntimeError(
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
        "inference mode in computation tracked by autograd. To work around this, you can make a "
        "clone to get a normal tensor and use it in autograd, or use `torch.no_grad()` instead of "
        "`torch.inference_mode()`."
    )


def pack(tensor: Tensor) -> tuple[Any, Callable[[Any], Tensor]]:
    """What the innermost pack hook makes of `tensor`, and the function that takes it back.

    RuntimeError  the hook writes into the tensor;  TypeError  what comes back is no Tensor
    """
    pack_hook, unpack_hook = grad_mode.pack_hooks[-1]
    before = tensor._writes.value
    with no_grad():
        packed = pack_hook(tensor)
    if tensor._writes.value != before:
        raise RuntimeError(
            "A saved tensor pack hook is modifying its input in place. Tensors provided as input "
            "to pack hook cannot be modified by in-place operations as this can lead to unexpected "
            "side-effects. Please open an issue if you need to perform in-place operations on the "
            "input to a pack hook."
        )

    def unpack(packed: Any) -> Tensor:
        tensor = unpack_hook(packed)
        if not isinstance(tensor, Methods):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(tensor).__name__}"
            )
        return tensor  # type: ignore[return-value]  # every Methods is a Tensor

    return packed, unpack
