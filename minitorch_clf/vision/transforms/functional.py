"""The transforms as functions, under torchvision.transforms.functional's names."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from minitorch_clf.creation import as_tensor, from_numpy
from minitorch_clf.dtypes import get_default_dtype
from minitorch_clf.kernels.pixels import unit_interval
from minitorch_clf.tensor import Tensor, wrap

Pixels = np.ndarray[Any, np.dtype[Any]]

# What the pixels of Pillow's modes are, where they are not uint8.
_MODES = {
    "I": np.int32,
    "I;16" if sys.byteorder == "little" else "I;16B": np.int16,
    "F": np.float32,
}


def to_tensor(pic: Any) -> Tensor:
    """An image as a tensor, uint8 pixels scaled to [0, 1]:  out[c, h, w] = pic[h, w, c] / 255

    pic       (H, W) or (H, W, C)  ndarray, or a PIL image
    returns   (C, H, W)            float (the default dtype) for uint8 pixels, else pic's dtype
                                   and, where the layout allows it, pic's memory

    TypeError   "pic should be PIL Image or ndarray. Got <class 'list'>"
    ValueError  "pic should be 2/3 dimensional. Got 1 dimensions."

    Difference from torchvision: uint8 pixels may have negative strides (a flipped image).

    >>> to_tensor(np.array([[0, 51], [102, 255]], dtype=np.uint8))
    tensor([[[0.0000, 0.2000],
             [0.4000, 1.0000]]])
    """
    if isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        pixels = pic
    elif _is_pil_image(pic):
        pixels = np.array(pic, _MODES.get(pic.mode, np.uint8))
        if pic.mode == "1":
            pixels *= 255
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    channels_first = np.moveaxis(pixels.reshape(*pixels.shape[:2], -1), 2, 0)
    if pixels.dtype == np.uint8:
        return to_unit_interval(channels_first)
    return from_numpy(channels_first).contiguous()


def to_unit_interval(pixels: Pixels) -> Tensor:
    """out = pixels / 255, in the default dtype.   pixels, out: (...), uint8 and float

    For 64 images of MNIST 5 us, where NumPy, which casts in blocks before it divides, takes 23.
    """
    out = np.empty(pixels.shape, get_default_dtype().numpy)
    unit_interval(pixels.ravel(), out.reshape(-1))
    return wrap(out)


def normalize(
    tensor: Tensor,
    mean: Sequence[float],
    std: Sequence[float],
    inplace: bool = False,
) -> Tensor:
    """out[..., c, h, w] = (tensor[..., c, h, w] - mean[c]) / std[c]

    tensor    (..., C, H, W)  float
    mean, std (C,)            as numbers

    TypeError   "img should be Tensor Image. Got <class 'numpy.ndarray'>"
    TypeError   "Input tensor should be a float tensor. Got torch.uint8."
    ValueError  "Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() =
                torch.Size([2, 2])"
    ValueError  "std evaluated to zero after conversion to torch.float32, leading to division by
                zero."
    """
    check_tensor_image(tensor)
    dtype = tensor.dtype
    if not dtype.is_floating_point:
        raise TypeError(f"Input tensor should be a float tensor. Got {dtype}.")
    if tensor.dim() < 3:
        raise ValueError(
            "Expected tensor to be a tensor image of size (..., C, H, W). "
            f"Got tensor.size() = {tensor.size()}"
        )
    center = _per_channel(as_tensor(mean, dtype=dtype))
    scale = _per_channel(as_tensor(std, dtype=dtype))
    if not np.all(scale.array):
        raise ValueError(
            f"std evaluated to zero after conversion to {dtype}, leading to division by zero."
        )
    if inplace:
        return tensor.sub_(center).div_(scale)
    return (tensor - center) / scale


def check_tensor_image(img: Any) -> None:
    """Refuse what is no Tensor, in torchvision's words."""
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}")


def _per_channel(values: Tensor) -> Tensor:
    """(C,) -> (C, 1, 1)"""
    return values.reshape(-1, 1, 1) if values.dim() == 1 else values


def _is_pil_image(pic: Any) -> bool:
    """Whoever holds a PIL image has imported PIL, so there is no need to."""
    pil = sys.modules.get("PIL.Image")
    return pil is not None and isinstance(pic, pil.Image)
