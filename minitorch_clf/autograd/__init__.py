"""PyTorch's names for what the tape does: backward, grad, grad modes, numeric checks, Jacobians."""

from minitorch_clf.autograd import function, functional
from minitorch_clf.autograd.function import Function
from minitorch_clf.autograd.functions import backward, grad
from minitorch_clf.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from minitorch_clf.grad_mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled

__all__ = [
    "Function",
    "GradcheckError",
    "backward",
    "enable_grad",
    "function",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
]
