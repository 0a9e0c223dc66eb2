"""torchvision's datasets and transforms, also where its wheel is for CUDA and torch's is not.

The wheel of torchvision 0.28.0 that pip finds beside a CPU-only torch 2.13.0 needs libc10_cuda.so.
Its compiled operators then stay unregistered without a word, and the first Python line that names
one fails (pytorch/vision issues 9077 and 9085):

    RuntimeError: operator torchvision::nms does not exist

The cure is to declare the two operators that are named at import, without giving them a body, and
to import again. Datasets, transforms and models then work as ever; torchvision.ops and the decoding
of image files do not. Where the import succeeds, nothing is touched.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch

SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def import_torchvision() -> ModuleType:
    """Import torchvision, cured where it needs to be.

    >>> import_torchvision().transforms.ToTensor()
    ToTensor()
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    # Only now: with a wheel that fits, these exist already, and a second definition is an error.
    for operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{operator}", SCHEMA)
    return importlib.import_module("torchvision")


torchvision = import_torchvision()
datasets = torchvision.datasets
transforms = torchvision.transforms
