"""What the datasets of images have in common: transforms, the printed form, pixels in one array."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minitorch_clf.tensor import Tensor, wrap
from minitorch_clf.utils.data.dataset import Dataset, take_rows
from minitorch_clf.vision.optional import optional_import
from minitorch_clf.vision.transforms.transforms import BatchTransform, reads_pixels

Transform = Callable[[Any], Any]


class StandardTransform:
    """A transform of the image beside a transform of the target."""

    def __init__(
        self, transform: Transform | None = None, target_transform: Transform | None = None
    ) -> None:
        self.transform = transform
        self.target_transform = target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self) -> str:
        lines = [type(self).__name__]
        for head, transform in (
            ("Transform: ", self.transform),
            ("Target transform: ", self.target_transform),
        ):
            if transform is not None:
                lines += [head + repr(transform).replace("\n", "\n" + " " * len(head))]
        return "\n".join(lines)


class VisionDataset(Dataset[Any]):
    """The base of the datasets of images; prints itself as torchvision's do.

    root               the folder, which the printed form shows
    transforms         (image, target) -> (image, target), instead of the two below
    transform          image -> image
    target_transform   target -> target

    ValueError  "Only transforms or transform/target_transform can be passed as argument"
    """

    _repr_indent = 4

    def __init__(
        self,
        root: str | Path | None = None,
        transforms: Callable[[Any, Any], tuple[Any, Any]] | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
    ) -> None:
        separate = transform is not None or target_transform is not None
        if transforms is not None and separate:
            raise ValueError(
                "Only transforms or transform/target_transform can be passed as argument"
            )
        # Not Path.expanduser: "./data" stays as it was written, because the printed form shows it.
        self.root = os.path.expanduser(root) if isinstance(root, str) else root  # noqa: PTH111
        self.transform = transform
        self.target_transform = target_transform
        self.transforms = StandardTransform(transform, target_transform) if separate else transforms

    def __len__(self) -> int:
        raise NotImplementedError

    def __repr__(self) -> str:
        body = [f"Number of datapoints: {len(self)}"]
        if self.root is not None:
            body.append(f"Root location: {self.root}")
        body += self.extra_repr().splitlines()
        if self.transforms is not None:
            body.append(repr(self.transforms))
        indent = "\n" + " " * self._repr_indent
        return f"Dataset {type(self).__name__}" + indent + indent.join(body)

    def extra_repr(self) -> str:
        """Lines of the printed form that only this kind of dataset has."""
        return ""


class GreyImages(VisionDataset):
    """Grey images in one array.   data: (N, H, W) uint8;  targets: (N,) int64;  classes: names

    Sample i is (image, target): the image as the transform leaves it, a PIL image of mode "L"
    where there is none; the target a Python int. Needs Pillow only to hand out PIL images, that
    is without a transform, or with one that is not known to read arrays as well.
    """

    data: Tensor
    targets: Tensor
    classes: Sequence[str]

    @property
    def class_to_idx(self) -> dict[str, int]:
        """Name of a class -> its target."""
        return {name: k for k, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image: Any = self.data.array[index]
        target: Any = int(self.targets[index])
        if not (image.dtype == np.uint8 and reads_pixels(self.transform)):
            pil = optional_import("PIL.Image", "pillow", "A dataset that hands out PIL images")
            image = pil.fromarray(image)
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def __getbatch__(self, indices: Sequence[Any]) -> Any:
        if (
            not isinstance(self.transform, BatchTransform)
            or self.target_transform is not None
            or not _is_plain(self.data, np.uint8)
            or not _is_plain(self.targets, np.int64)
        ):
            return NotImplemented
        parts = take_rows(indices, self.data.array, self.targets.array)
        if parts is None:
            return NotImplemented
        images = self.transform.on_batch(parts[0])
        return [images, wrap(parts[1])] if isinstance(images, Tensor) else NotImplemented


def _is_plain(values: Any, dtype: type[np.generic]) -> bool:
    """Is this still the kind of Tensor that it was? A script may set .data and .targets anew."""
    return isinstance(values, Tensor) and values.array.dtype == dtype
