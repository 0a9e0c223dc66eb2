"""Scaling down, or cutting, gradients that explode, between backward and the optimizer's step."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from types import GeneratorType

import numpy as np

from minitorch_clf.dtypes import default_dtype
from minitorch_clf.grad_mode import no_grad
from minitorch_clf.tensor import Tensor, wrap


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients together, in place, so that their norm is at most max_norm.

        total = (sum |grad|^norm_type over all gradients)^(1 / norm_type)
        grad *= min(1, max_norm / (total + 1e-6))

    norm_type             inf: the largest |grad|
    error_if_nonfinite    raise if total is nan or inf, instead of scaling by it
    returns               total, before clipping

    RuntimeError           "The total norm of order 2.0 for gradients ... is non-finite, ..."
    NotImplementedError    foreach=True, which chooses another implementation in PyTorch

    >>> import minitorch_clf as torch
    >>> w = torch.zeros(2, requires_grad=True)
    >>> w.grad = torch.tensor([3.0, 4.0])
    >>> torch.nn.utils.clip_grad_norm_(w, max_norm=1.0)
    tensor(5.)
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    came_from_generator = isinstance(parameters, GeneratorType)
    parameters = list(parameters)
    if came_from_generator and not parameters:
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2
        )
    total_norm = get_total_norm(_grads(parameters), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total_norm, foreach)
    return total_norm


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all tensors as one vector; the options are those of clip_grad_norm_.

    Sums run in float64, so float32 results may differ from PyTorch's by a few units in the last
    place.
    """
    _refuse_foreach(foreach)
    arrays = [t.array for t in ([tensors] if isinstance(tensors, Tensor) else tensors)]
    dtype = np.result_type(*(a.dtype for a in arrays)) if arrays else default_dtype().numpy
    norm_type = float(norm_type)
    norms = np.array([_norm(a, norm_type) for a in arrays])
    total = np.asarray(_norm(norms, norm_type), dtype)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, "
            "so it cannot be clipped. To disable this error and scale the gradients by the "
            "non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return wrap(total)


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    """Scale the gradients in place by min(1, max_norm / (total_norm + 1e-6)), for a known norm."""
    _refuse_foreach(foreach)
    factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    for grad in _grads(parameters):
        grad.mul_(factor)


@no_grad()
def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Cut every gradient, in place, to [-clip_value, clip_value].

    Differs from PyTorch: to have no gradients at all is no error.
    """
    _refuse_foreach(foreach)
    clip_value = float(clip_value)
    for grad in _grads(parameters):
        grad.clamp_(min=-clip_value, max=clip_value)


def _grads(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in parameters if p.grad is not None]


def _norm(values: np.ndarray, order: float) -> float:
    """(sum |values|^order)^(1 / order); inf: the largest, 0: how many are not 0."""
    with np.errstate(all="ignore"):
        return (
            float(np.linalg.norm(values.astype(np.float64).ravel(), order)) if values.size else 0.0
        )


def _refuse_foreach(foreach: bool | None) -> None:
    if foreach:
        raise NotImplementedError("foreach=True is not supported")
