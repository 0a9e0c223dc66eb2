"""torchvision.transforms: what turns an image into a tensor that a model can read."""

from minitorch_clf.vision.transforms import functional as functional
from minitorch_clf.vision.transforms.transforms import (
    BatchTransform,
    Compose,
    Flatten,
    Lambda,
    Normalize,
    ToTensor,
)

__all__ = [
    "BatchTransform",
    "Compose",
    "Flatten",
    "Lambda",
    "Normalize",
    "ToTensor",
    "functional",
]
