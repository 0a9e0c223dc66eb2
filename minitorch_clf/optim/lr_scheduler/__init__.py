"""Learning rates that change from epoch to epoch: PyTorch's schedulers, with PyTorch's bits."""

from __future__ import annotations

from minitorch_clf.optim.lr_scheduler.base import LRScheduler
from minitorch_clf.optim.lr_scheduler.compose import ChainedScheduler, SequentialLR
from minitorch_clf.optim.lr_scheduler.cosine import (
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
)
from minitorch_clf.optim.lr_scheduler.cycle import CyclicLR, OneCycleLR
from minitorch_clf.optim.lr_scheduler.factor import (
    ConstantLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from minitorch_clf.optim.lr_scheduler.plateau import ReduceLROnPlateau

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
