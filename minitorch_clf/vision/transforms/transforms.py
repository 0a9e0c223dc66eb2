"""Transforms: callables that change one image, with torchvision's names and printed forms.

Those that are array arithmetic can also change a whole batch, and say so by deriving from
`BatchTransform`. A dataset whose transform is one, or a Compose of nothing else, reads a batch
with one gather and one conversion. Any other callable works too, image by image.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch_clf.tensor import Tensor
from minitorch_clf.utils.data.batched import is_outdated
from minitorch_clf.vision.transforms import functional as F


class BatchTransform(ABC):
    """A transform that can also be applied to many images at once. Not in torchvision.

    To write one: derive, write `__call__` for one image, and `on_batch` for N of them.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if is_outdated(cls, "on_batch", "__call__"):
            cls.on_batch = BatchTransform.on_batch  # type: ignore[method-assign]

    @abstractmethod
    def __call__(self, img: Any) -> Any:
        """The transformed image."""

    def on_batch(self, images: Any) -> Any:  # noqa: ARG002 - for subclasses
        """The transformed images, along the same first axis, or NotImplemented.

        images   (N, H, W) ndarray of uint8 as they lie in the dataset, or a Tensor (N, ...) from
                 the transform before

        Must equal stacking `self(image)` over the images, in every bit. A subclass that overrides
        `__call__` alone gets this version back, and is called image by image.
        """
        return NotImplemented


class Compose(BatchTransform):
    """One transform after the other.

    >>> Compose([ToTensor(), Normalize((0.5,), (0.5,))])
    Compose(
        ToTensor()
        Normalize(mean=(0.5,), std=(0.5,))
    )
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def on_batch(self, images: Any) -> Any:
        steps = [step for step in self.transforms if isinstance(step, BatchTransform)]
        if len(steps) < len(self.transforms):
            return NotImplemented
        for step in steps:
            images = step.on_batch(images)
            if images is NotImplemented:
                return NotImplemented
        return images

    def __repr__(self) -> str:
        lines = "".join(f"\n    {transform}" for transform in self.transforms)
        return f"{type(self).__name__}({lines}\n)"


class ToTensor(BatchTransform):
    """A PIL image or a uint8 array (H, W) or (H, W, C) as a float tensor (C, H, W) in [0, 1].

    Formula and errors: `functional.to_tensor`.
    """

    def __call__(self, pic: Any) -> Tensor:
        return F.to_tensor(pic)

    def on_batch(self, images: Any) -> Any:
        if not isinstance(images, np.ndarray):
            return NotImplemented
        return F.to_unit_interval(images[:, np.newaxis])

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Normalize(BatchTransform):
    """(img[c] - mean[c]) / std[c] for every channel c. Formula and errors: `functional.normalize`.

    >>> Normalize((0.5,), (0.25,))(ToTensor()(np.full((1, 2), 255, dtype=np.uint8)))
    tensor([[[2., 2.]]])
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def __call__(self, tensor: Tensor) -> Tensor:
        return F.normalize(tensor, self.mean, self.std, self.inplace)

    def on_batch(self, images: Any) -> Any:
        return self(images) if isinstance(images, Tensor) else NotImplemented

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mean={self.mean}, std={self.std})"


class Flatten(BatchTransform):
    """(C, H, W) -> (C·H·W,), for models that begin with a Linear. Not in torchvision.

    TypeError  "img should be Tensor Image. Got <class 'numpy.ndarray'>"

    >>> Compose([ToTensor(), Flatten()])(np.zeros((28, 28), dtype=np.uint8)).shape
    torch.Size([784])
    """

    def __call__(self, img: Tensor) -> Tensor:
        F.check_tensor_image(img)
        return img.reshape(-1)

    def on_batch(self, images: Any) -> Any:
        if not isinstance(images, Tensor):
            return NotImplemented
        return images.reshape(images.size(0), -1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Lambda:
    """A function of yours as a transform.

    TypeError  "Argument lambd should be callable, got 'int'"
    """

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def reads_pixels(transform: Any) -> bool:
    """Can this be handed the image as an array, with the result it has for a PIL image?

    >>> reads_pixels(Compose([ToTensor(), Lambda(abs)])), reads_pixels(Lambda(abs))
    (True, False)
    """
    if type(transform) is Compose:
        return bool(transform.transforms) and reads_pixels(transform.transforms[0])
    return type(transform) is ToTensor
