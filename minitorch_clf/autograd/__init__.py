"""PyTorch's names for what the tape does: backward, grad, grad modes, numeric checks."""

from minitorch_clf.autograd.functions import backward, grad
from minitorch_clf.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from minitorch_clf.tape import enable_grad, is_grad_enabled, no_grad, set_grad_enabled

__all__ = [
    "GradcheckError",
    "backward",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
]
