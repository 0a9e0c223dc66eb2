"""Whole Jacobians and Hessians as functions: row by row, or column by column."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minitorch_clf.autograd.functional import one_hots
from minitorch_clf.creation import default_generator, zeros_like
from minitorch_clf.func.level import level, outside
from minitorch_clf.func.pytree import Structure, flatten
from minitorch_clf.func.transforms import (
    Argnums,
    Function,
    check_tangent,
    enter,
    linearized,
    positions,
    pullback,
    split_aux,
    zeros_for_none,
)
from minitorch_clf.functions.joins import stack
from minitorch_clf.functions.methods import equal
from minitorch_clf.tensor import Tensor


def jacrev(
    func: Function,
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Function:
    """The function that returns the Jacobian of func, one backward per output element.

        J[output][input]   shape output.shape + input.shape, dtype of the input

    argnums     which positional arguments to differentiate by, as in grad
    has_aux     func returns (output, aux), and the new function (J, aux)
    chunk_size  rows at once: None and 1 are the same here
    returns     a function of func's positional arguments; its value is built like the output, and
                there, where the output has a Tensor, like the arguments

    ValueError           chunk_size=0
    NotImplementedError  chunk_size > 1
    Others as vjp.

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.func import jacrev
    >>> jacrev(lambda x: x * x.sum())(torch.tensor([1.0, 2.0]))
    tensor([[4., 1.],
            [2., 5.]])
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")
    if chunk_size is not None and chunk_size > 1:
        raise NotImplementedError(f"jacrev: chunk_size={chunk_size} is not supported")

    @functools.wraps(func)
    def jacobian(*args: Any) -> Any:
        with level() as root:
            entered, roots = enter(args, argnums, root)
            output, aux = split_aux(func(*entered), has_aux, "vjp(f, *primals)")
        pull = pullback(output, roots)
        ys, structure = flatten(output)
        xs, structure_in = flatten(roots)
        blocks = []
        for k, y in enumerate(ys):
            rows = [flatten(pull(structure.build(us)))[0] for us in _basis(ys, k)]
            blocks.append([_stacked(column, y, x, x) for column, x in _columns(rows, xs)])
        result = _nested(blocks, structure, structure_in)
        return (result, outside(aux)) if has_aux else result

    return jacobian


def jacfwd(
    func: Function,
    argnums: Argnums | None = 0,
    has_aux: bool = False,
    *,
    randomness: str = "error",
) -> Function:
    """The function that returns the Jacobian of func, one jvp per input element.

        J[output][input]   shape output.shape + input.shape, dtype of the output

    randomness  "same": func runs once, so every column sees the same random numbers; "error", the
                default: an error if func draws from the default generator

    ValueError           an input that is not of floats
    RuntimeError         random numbers under randomness="error"
    NotImplementedError  randomness="different"
    Arguments, result and other errors are those of jacrev; argnums=None means all arguments.

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.func import jacfwd
    >>> jacfwd(lambda x: x * x.sum())(torch.tensor([1.0, 2.0]))
    tensor([[4., 1.],
            [2., 5.]])
    """

    @functools.wraps(func)
    def jacobian(*args: Any) -> Any:
        every = tuple(range(len(args))) if argnums is None else argnums
        chosen = tuple(args[k] for k in positions(every, len(args)))
        xs, structure_in = flatten(chosen if isinstance(every, tuple) else chosen[0])
        for x in xs:
            check_tangent(x, x)
        with _drawing(randomness):
            output, push, aux = linearized(func, args, every, has_aux)
        ys, structure = flatten(output)
        blocks: list[list[Tensor]] = [[] for _ in ys]
        for k, x in enumerate(xs):
            columns = [zeros_for_none(push(tangents), ys) for tangents in _basis(xs, k)]
            for block, (column, y) in zip(blocks, _columns(columns, ys), strict=True):
                block.append(_stacked(column, y, x, y, dim=-1))
        result = _nested(blocks, structure, structure_in)
        return (result, aux) if has_aux else result

    return jacobian


def hessian(func: Function, argnums: Argnums = 0) -> Function:
    """The function that returns the Hessian of func: jacfwd of jacrev.

        H[output][input][input]   shape output.shape + input.shape + input.shape

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.func import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1])(torch.tensor([1.0, 2.0]))
    tensor([[4., 2.],
            [2., 0.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


@contextmanager
def _drawing(randomness: str) -> Iterator[None]:
    """Complain, as vmap does, if the block draws random numbers under randomness="error"."""
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            "Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{randomness}"
        )
    if randomness == "different":
        raise NotImplementedError("jacfwd: randomness='different' is not supported")
    before = default_generator.get_state()
    yield
    if randomness == "error" and not equal(before, default_generator.get_state()):
        raise RuntimeError(
            "vmap: called random operation while in randomness error mode. Please either use the "
            "'same' or 'different' randomness flags on vmap or perform the randomness operation "
            "out of vmap"
        )


# --- rows, columns, nests -------------------------------------------------------------------------


def _basis(tensors: Sequence[Tensor], k: int) -> Iterator[list[Tensor]]:
    """For each element of tensor k, that Tensor with a one there, and zeros everywhere else.

    The zeros go through the derivatives of the others too, and so 0 * inf = nan, as in PyTorch.
    """
    for one_hot in one_hots(tensors[k]):
        basis = [zeros_like(t) for t in tensors]
        basis[k] = one_hot
        yield basis


def _columns(rows: list[Any], of: Sequence[Tensor]) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
    """For each of the Tensors, what every row has for it."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(of)
    return zip(columns, of, strict=True)


def _stacked(parts: Sequence[Tensor], y: Tensor, x: Tensor, like: Tensor, dim: int = 0) -> Tensor:
    """The block of the Jacobian of y by x; without parts, an empty one in the dtype of `like`."""
    shape = y.shape + x.shape
    return stack(list(parts), dim).reshape(shape) if parts else like.new_zeros(shape)


def _nested(blocks: list[list[Tensor]], structure: Structure, structure_in: Structure) -> Any:
    return structure.build([structure_in.build(row) for row in blocks])
