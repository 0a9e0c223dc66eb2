"""Optimizers and learning-rate schedulers under PyTorch's names."""

from __future__ import annotations

from minitorch_clf.optim import lr_scheduler
from minitorch_clf.optim.adam import Adam
from minitorch_clf.optim.adamw import AdamW
from minitorch_clf.optim.optimizer import Optimizer
from minitorch_clf.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler"]
