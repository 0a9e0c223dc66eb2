"""Optimizers and learning-rate schedulers under PyTorch's names."""

from __future__ import annotations

from minitorch_clf.optim import lr_scheduler
from minitorch_clf.optim.adadelta import Adadelta
from minitorch_clf.optim.adagrad import Adagrad
from minitorch_clf.optim.adam import Adam
from minitorch_clf.optim.adamax import Adamax
from minitorch_clf.optim.adamw import AdamW
from minitorch_clf.optim.nadam import NAdam
from minitorch_clf.optim.optimizer import Optimizer
from minitorch_clf.optim.radam import RAdam
from minitorch_clf.optim.rmsprop import RMSprop
from minitorch_clf.optim.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "lr_scheduler",
]
