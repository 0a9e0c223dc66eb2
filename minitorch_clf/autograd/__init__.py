"""PyTorch's names for what the tape does: backward, grad, grad modes, numeric checks, Jacobians."""

from minitorch_clf import grad_mode
from minitorch_clf.autograd import anomaly_mode, function, functional, graph
from minitorch_clf.autograd.anomaly_mode import detect_anomaly, set_detect_anomaly
from minitorch_clf.autograd.function import Function
from minitorch_clf.autograd.functions import backward, grad
from minitorch_clf.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from minitorch_clf.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)

__all__ = [
    "Function",
    "GradcheckError",
    "anomaly_mode",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "function",
    "functional",
    "grad",
    "grad_mode",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]
