"""What autograd.functional refuses, in PyTorch's words; mostly strict mode, where zeros are errors.

Braces in a text stand for the index of the entry.
"""

from __future__ import annotations

from collections.abc import Sequence

from minitorch_clf.creation import zeros_like
from minitorch_clf.tensor import Tensor

INDEPENDENT = (
    "The output of the user-provided function is independent of input {}. This is not allowed in "
    "strict mode."
)
INDEPENDENT_OUTPUT = (
    "Output {} of the user-provided function is independent of input {}. This is not allowed in "
    "strict mode."
)
INDEPENDENT_TRICK = (
    "The gradient with respect to the input is independent of entry {} in the grad_outputs when "
    "using the double backward trick to compute forward mode gradients. This is not allowed in "
    "strict mode."
)
INDEPENDENT_JACOBIAN = (
    "The jacobian of the user-provided function is independent of input {}. This is not allowed in "
    "strict mode."
)
INDEPENDENT_HESSIAN_TRICK = (
    "The hessian of the user-provided function is independent of entry {} in the grad_jacobian. "
    "This is not allowed in strict mode as it prevents from using the double backward trick to "
    "replace forward mode AD."
)
CONSTANT_JACOBIAN = (
    "The jacobian of the user-provided function is independent of input {}. This is not allowed in "
    "strict mode when create_graph=True."
)
CONSTANT_HESSIAN = CONSTANT_JACOBIAN.replace("jacobian", "hessian")
CONSTANT_OUTPUT = (
    "Output {} of the user-provided function does not require gradients. The outputs must be "
    "computed in a differentiable manner from the input when running in strict mode."
)
CONSTANT_GRADIENT = (
    "The gradient with respect to input {} is independent of the inputs of the user-provided "
    "function. This is not allowed in strict mode."
)
LINEAR = (
    "While computing the hessian, found that the jacobian of the user-provided function with "
    "respect to input {} is independent of the input. This is not allowed in strict mode. You "
    "should ensure that your function is twice differentiable and that the jacobian depends on the "
    "inputs (this would be violated by a linear function for example)."
)
OUTPUT_VECTOR = (
    "The vector v can only be None if the user-provided function returns a single Tensor with a "
    "single element."
)
INPUT_VECTOR = (
    "The vector v can only be None if the input to the user-provided function is a single Tensor "
    "with a single element."
)


def check_connected(tensors: Sequence[Tensor | None], constant: str, strict: bool) -> None:
    """In strict mode, complain about the first entry that is missing, or that is a constant."""
    if not strict:
        return
    for k, tensor in enumerate(tensors):
        if tensor is None:
            raise RuntimeError(INDEPENDENT.format(k))
        if not tensor.requires_grad:
            raise RuntimeError(constant.format(k))


def completed(
    grads: Sequence[Tensor | None],
    like: Sequence[Tensor],
    texts: tuple[str, str],
    strict: bool,
    create_graph: bool,
) -> tuple[Tensor, ...]:
    """`grads` with zeros for None.

    texts  the complaints of strict mode: about an entry that is None, and, under create_graph,
           about one that cannot be differentiated again
    """
    missing, constant = texts
    filled = []
    for k, (grad, x) in enumerate(zip(grads, like, strict=True)):
        if strict and grad is None:
            raise RuntimeError(missing.format(k))
        if strict and create_graph and grad is not None and not grad.requires_grad:
            raise RuntimeError(constant.format(k))
        filled.append(zeros_like(x) if grad is None else grad)
    return tuple(filled)


def check_scalar(ys: Sequence[Tensor], several: bool, name: str) -> None:
    """Complain, for hessian, vhp and hvp, unless func has one output of one element."""
    if several:
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if ys[0].numel() != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {name} should contain a single element"
        )


def check_strategy(strategy: str, create_graph: bool, strict: bool, vectorize: bool) -> None:
    """Complain, for jacobian and hessian, about what cannot go together, and what is not there."""
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            'function has more outputs than inputs, "forward-mode" tends to be more performant. '
            'Otherwise, prefer to use "reverse-mode".'
        )
    forward = strategy == "forward-mode"
    if forward and create_graph:
        raise NotImplementedError(
            "torch.autograd.functional.jacobian: `create_graph=True` and "
            '`strategy="forward-mode"` are not supported together (yet). Please either set '
            '`create_graph=False` or `strategy="reverse-mode"`.'
        )
    if forward and strict:
        raise RuntimeError(
            'torch.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` are '
            "not supported together (yet). Please either set `strict=False` or "
            '`strategy="reverse-mode"`.'
        )
    if forward and not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian is"
            "only implemented for `vectorize=True`."
        )
    if strict and vectorize:
        raise RuntimeError(
            "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not "
            "supported together. Please either set `strict=False` or `vectorize=False`."
        )
    if vectorize:
        raise NotImplementedError(
            f"jacobian: vectorize=True is not supported (strategy={strategy!r})"
        )
