"""Derivatives against differences: `gradcheck` the first derivative, `gradgradcheck` the second."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minitorch_clf.autograd.functions import grad
from minitorch_clf.creation import rand, tensor
from minitorch_clf.tensor import Tensor

Jacobian = NDArray[np.float64]
"""(input.numel(), output.numel()): how each output element moves with each input element."""


class GradcheckError(RuntimeError):
    """What gradcheck and gradgradcheck raise when a derivative is wrong."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Whether func's gradients agree with central differences.

        numerical[i, j] = (func(x + eps e_i) - func(x - eps e_i))[j] / (2 eps)
        |analytical - numerical| <= atol + rtol |numerical|

    func                  func(*inputs) -> Tensor or a tuple of them
    inputs                those that require a gradient are checked; they should be float64
    nondet_tol            how far two runs of the same backward may be apart
    check_undefined_grad  differentiate each output alone, so that nothing flows into the others;
                          False sends zeros into them
    returns               True, or raises; False instead if raise_exception=False

    GradcheckError       names the worst element, by index, with both values, the step taken, and
                         whether a kink lies within it
    ValueError           no input requires a gradient
    NotImplementedError  for check_batched_grad, check_batched_forward_grad, check_forward_ad,
                         fast_mode and masked, and for check_backward_ad=False

    It cannot pass at a kink, where the difference looks at both sides and the derivative at one.

    >>> import minitorch_clf as torch
    >>> x = torch.tensor([0.5, -2.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(torch.sin, x)
    True
    """
    _refuse(
        check_batched_grad=check_batched_grad,
        check_batched_forward_grad=check_batched_forward_grad,
        check_forward_ad=check_forward_ad,
        fast_mode=fast_mode,
        masked=masked,
    )
    if not check_backward_ad:
        raise NotImplementedError("check_backward_ad=False is not supported")
    arguments = _as_tuple(inputs)
    try:
        _check_inputs(arguments)
        outputs = _differentiable_outputs(func, arguments)
        if not outputs:
            _check_constant(func, arguments, eps)
        alone = check_undefined_grad
        for k, numerical in enumerate(_numerical(func, arguments, eps)):
            analytical = _analytical(func, arguments, k, alone, nondet_tol, check_grad_dtypes)
            for (i, x), expected, actual in zip(
                _checked(arguments), numerical, analytical, strict=True
            ):
                allowed = atol + rtol * np.abs(expected)
                worst = _compare(k, i, x, outputs[k], expected, actual, allowed)
                if worst is not None:
                    text, place = worst
                    raise GradcheckError(text + _step_text(func, arguments, k, x, *place, eps))
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Whether the gradients of func's gradients agree with central differences.

    What is checked by `gradcheck` is the function

        (*inputs, *grad_outputs) -> grad(func(*inputs), inputs, grad_outputs)

    grad_outputs                 upstream gradients; by default uniform in [-1, 1)
    gen_non_contig_grad_outputs  lay out the generated ones with gaps

    The other arguments, the result and the errors are those of gradcheck.

    >>> import minitorch_clf as torch
    >>> x = torch.tensor([0.5, -2.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradgradcheck(torch.sin, x)
    True
    """
    _refuse(
        check_batched_grad=check_batched_grad,
        check_fwd_over_rev=check_fwd_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )
    if not check_rev_over_rev:
        raise NotImplementedError("check_rev_over_rev=False is not supported")
    arguments = _as_tuple(inputs)
    if grad_outputs is None:
        upstream: tuple[Any, ...] = tuple(
            _random_like(out, gen_non_contig_grad_outputs)
            for out in _differentiable_outputs(func, arguments)
        )
    else:
        upstream = _as_tuple(grad_outputs)

    def first_derivative(*args: Any) -> tuple[Tensor, ...]:
        xs = args[: len(arguments)]
        wanted = [x for _, x in _checked(xs)]
        outs = _differentiable_outputs(func, xs)
        upstream = args[len(arguments) :]
        grads: Sequence[Tensor | None] = grad(
            outs, wanted, upstream, create_graph=True, allow_unused=True
        )
        return tuple(g for g in grads if g is not None)

    return gradcheck(
        first_derivative,
        arguments + upstream,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
    )


def _refuse(**options: Any) -> None:
    """Options that would ask for something that is not there."""
    for name, value in options.items():
        if value:
            raise NotImplementedError(f"{name}={value!r} is not supported")


def _as_tuple(xs: Any) -> tuple[Any, ...]:
    return (xs,) if isinstance(xs, Tensor) else tuple(xs)


def _checked(arguments: Sequence[Any]) -> Iterator[tuple[int, Tensor]]:
    """The arguments to differentiate by, with their positions."""
    for i, x in enumerate(arguments):
        if isinstance(x, Tensor) and x.requires_grad:
            yield i, x


def _check_inputs(arguments: Sequence[Any]) -> None:
    checked = list(_checked(arguments))
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them "
            "have requires_grad=True."
        )
    for i, x in checked:
        if x.array.dtype != np.float64:
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or "
                "complex. This check will likely fail if all the inputs are not of double "
                "precision floating point or complex. ",
                stacklevel=3,
            )
        if x.numel() > 1 and 0 in x.array.strides and x.array.base is not None:
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs "
                "that are non-overlapping to be able to compute the numerical gradients "
                "correctly. You should call .contiguous on the input before passing it to "
                "gradcheck."
            )
        x.retain_grad()


def _differentiable_outputs(func: Callable[..., Any], arguments: Sequence[Any]) -> list[Tensor]:
    return [out for out in _as_tuple(func(*arguments)) if out.requires_grad]


def _numerical(
    func: Callable[..., Any], arguments: Sequence[Any], eps: float
) -> list[list[Jacobian]]:
    """One Jacobian per output and checked input, by moving one element at a time."""

    def values() -> list[NDArray[np.float64]]:
        outputs = _differentiable_outputs(func, arguments)
        return [out.array.astype(np.float64).reshape(-1) for out in outputs]  # copies

    return _differences(values, arguments, eps)


def _differences(
    values: Callable[[], list[NDArray[np.float64]]], arguments: Sequence[Any], eps: float
) -> list[list[Jacobian]]:
    jacobians: list[list[Jacobian]] = [[] for _ in values()]
    for _, x in _checked(arguments):
        rows: list[list[NDArray[np.float64]]] = [[] for _ in jacobians]
        for index in np.ndindex(x.array.shape):
            here = x.array[index]
            x.array[index] = here - eps
            below = values()
            x.array[index] = here + eps
            above = values()
            x.array[index] = here
            for row, lower, upper in zip(rows, below, above, strict=True):
                row.append((upper - lower) / (2 * eps))
        for jacobian, row, out in zip(jacobians, rows, values(), strict=True):
            jacobian.append(np.array(row).reshape(x.numel(), out.size))
    return jacobians


def _check_constant(func: Callable[..., Any], arguments: Sequence[Any], eps: float) -> None:
    """Outputs that require no gradient must not move."""

    def values() -> list[NDArray[np.float64]]:
        outputs = [out for out in _as_tuple(func(*arguments)) if out.is_floating_point()]
        return [out.array.astype(np.float64).reshape(-1) for out in outputs]

    for jacobians in _differences(values, arguments, eps):
        if any(np.any(jacobian != 0) for jacobian in jacobians):
            raise GradcheckError("Numerical gradient for function expected to be zero")


def _analytical(
    func: Callable[..., Any],
    arguments: Sequence[Any],
    k: int,
    alone: bool,
    nondet_tol: float,
    check_grad_dtypes: bool,
) -> list[Jacobian]:
    """The Jacobians of output k by backward, one run per element; each twice, to see it hold."""
    outputs = _differentiable_outputs(func, arguments)
    inputs = [x for _, x in _checked(arguments)]
    size = outputs[k].numel()
    jacobians = [np.zeros((x.numel(), size)) for x in inputs]

    def backward(upstream: NDArray[Any]) -> list[NDArray[np.float64]]:
        roots, grads = [outputs[k]], [tensor(upstream)]
        if not alone:
            others = [out for n, out in enumerate(outputs) if n != k]
            roots += others
            grads += [tensor(np.zeros_like(out.array)) for out in others]
        result: Sequence[Tensor | None] = grad(
            roots, inputs, grads, retain_graph=True, allow_unused=True
        )
        if check_grad_dtypes:
            _check_dtypes(inputs, result)
        return [
            np.zeros(x.numel()) if g is None else g.array.astype(np.float64).reshape(-1)
            for x, g in zip(inputs, result, strict=True)
        ]

    upstream = np.zeros_like(outputs[k].array, order="C")
    if any(np.any(column != 0) for column in backward(upstream)):
        raise GradcheckError("backward not multiplied by grad_output")
    for j in range(size):
        upstream.reshape(-1)[j] = 1
        for jacobian, once, again in zip(
            jacobians, backward(upstream), backward(upstream), strict=True
        ):
            if np.any(np.abs(once - again) > nondet_tol):
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and "
                    "grad_output multiple times gives different values, although analytical "
                    "gradient matches numerical gradient. The tolerance for nondeterminism was "
                    f"{nondet_tol}."
                )
            jacobian[:, j] = once
        upstream.reshape(-1)[j] = 0
    return jacobians


def _check_dtypes(inputs: Sequence[Tensor], grads: Sequence[Tensor | None]) -> None:
    for x, g in zip(inputs, grads, strict=True):
        if g is not None and g.dtype != x.dtype:
            raise GradcheckError(f"grad is not of the dtype of its input: {g.dtype}, {x.dtype}")


def _compare(
    k: int,
    i: int,
    x: Tensor,
    out: Tensor,
    numerical: Jacobian,
    analytical: Jacobian,
    allowed: Jacobian,
) -> tuple[str, tuple[int, int, float]] | None:
    """Where the Jacobians of output k by input i disagree most: words, and (row, column, allowed).

    None where they agree everywhere.
    """
    if numerical.size == 0:
        return None
    distance = np.abs(analytical - numerical)
    close = distance <= allowed  # False for nan, as it must be
    if close.all():
        return None
    excess = np.where(np.isnan(distance), np.inf, distance / allowed)
    row, column = (int(n) for n in np.unravel_index(np.argmax(excess), excess.shape))
    x_index = [int(n) for n in np.unravel_index(row, x.array.shape)] if x.dim() else []
    out_index = [int(n) for n in np.unravel_index(column, out.array.shape)] if out.dim() else []
    text = (
        f"Jacobian mismatch for output {k} with respect to input {i},\n"
        f"{int((~close).sum())} of {close.size} elements differ; the worst is\n"
        f"  d output{out_index} / d input{x_index}\n"
        f"  numerical:  {float(numerical[row, column])!r}\n"
        f"  analytical: {float(analytical[row, column])!r}\n"
        f"  distance:   {distance[row, column]:.3g}, allowed {allowed[row, column]:.3g}\n"
    )
    return text, (row, column, float(allowed[row, column]))


def _step_text(
    func: Callable[..., Any],
    arguments: Sequence[Any],
    k: int,
    x: Tensor,
    row: int,
    column: int,
    allowed: float,
    eps: float,
) -> str:
    """The step taken at the worst element, the slopes on its two sides, and what they say.

    On a smooth curve the two slopes draw together in proportion to the step. Where they do not, a
    kink (or a jump) lies within it.
    """
    index = np.unravel_index(row, x.array.shape)

    def slopes(step: float) -> tuple[float, float]:
        here, values = x.array[index], []
        for moved in (here - step, here, here + step):
            x.array[index] = moved
            out = _differentiable_outputs(func, arguments)[k]
            values.append(float(out.array.reshape(-1)[column]))
        x.array[index] = here
        return (values[1] - values[0]) / step, (values[2] - values[1]) / step

    left, right = slopes(eps)
    gaps = [abs(right - left), *(abs(b - a) for a, b in map(slopes, (eps / 2, eps / 4)))]
    smooth = all(0.4 * wide < narrow < 0.6 * wide for wide, narrow in itertools.pairwise(gaps))
    if gaps[0] <= allowed:
        verdict = "no kink lies within it"
    elif smooth:
        verdict = "no kink, but a strong curve, lies within it"
    else:
        verdict = "a kink lies within it, where no derivative can agree"
    sides = f"slope {left:.6g} to the left, {right:.6g} to the right"
    return f"  step:       {eps:g}; {sides}: {verdict}\n"


def _random_like(out: Tensor, with_gaps: bool) -> Tensor:
    """Uniform in [-1, 1), requiring a gradient; with gaps between its elements if asked."""
    shape = tuple(out.shape)
    if with_gaps:
        wide = rand((*shape, 2), dtype=out.dtype) * 2 - 1
        return wide[..., 0].detach().requires_grad_()
    return (rand(shape, dtype=out.dtype) * 2 - 1).requires_grad_()
