"""Whole derivatives of functions of Tensors: Jacobians, Hessians, and their products with vectors.

With y = func(x), J[i, j] = dy[i] / dx[j], and H the Jacobian of the gradient of a scalar y:

    name      returns   how many walks over the graph
    jacobian  J         one per element of y
    hessian   H         one per element of x, over the graph of the gradient
    vjp       y, v J    one
    jvp       y, J v    two: v J is linear in v, and its gradient with respect to v is J
    vhp       y, v H    two
    hvp       y, H v    three; H is symmetric where func is smooth, so vhp does it in two

All of them take and return Tensors or tuples of them: a tuple in, a tuple out. Three arguments
mean the same everywhere:

    inputs        differentiated by, whether or not they require a gradient; func sees new Tensors
                  on the same memory, so a Tensor that func reads from outside is a constant
    create_graph  the results can be differentiated again by those inputs that require a gradient
    strict        an error, instead of zeros, where a result cannot depend on an input
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from minitorch_clf.autograd.functions import grad
from minitorch_clf.autograd.strict import (
    CONSTANT_GRADIENT,
    CONSTANT_HESSIAN,
    CONSTANT_JACOBIAN,
    CONSTANT_OUTPUT,
    INDEPENDENT,
    INDEPENDENT_HESSIAN_TRICK,
    INDEPENDENT_JACOBIAN,
    INDEPENDENT_OUTPUT,
    INDEPENDENT_TRICK,
    INPUT_VECTOR,
    LINEAR,
    OUTPUT_VECTOR,
    check_connected,
    check_scalar,
    check_strategy,
    completed,
)
from minitorch_clf.creation import zeros_like
from minitorch_clf.functions.joins import stack
from minitorch_clf.grad_mode import enable_grad
from minitorch_clf.tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Function: TypeAlias = Callable[..., Any]
Tensors: TypeAlias = Tensor | tuple[Tensor, ...]
Gradients: TypeAlias = Sequence[Tensor | None]


# --- products with a vector -----------------------------------------------------------------------


def vjp(
    func: Function,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """func(inputs), and v times the Jacobian: what backward() does.

        product[j] = sum_i v[i] dy[i] / dx[j]

    v        shaped as the outputs; may be left out for a single output of one element
    returns  outputs, products shaped as the inputs

    RuntimeError  v of another shape; in strict mode, an input that no output depends on
    TypeError     inputs, outputs or v that are not Tensors

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.autograd.functional import vjp
    >>> vjp(lambda x: x**2, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with enable_grad():
        xs, several = _tuple_of_tensors(inputs, "inputs", "vjp")
        xs = _new_inputs(xs, create_graph)
        ys, several_ys = _run(func, xs, "vjp", strict)
        vs = _vector(v, ys, several_ys, "vjp", OUTPUT_VECTOR)
        products = _grad(ys, xs, vs, create_graph=create_graph)
        texts = INDEPENDENT, CONSTANT_JACOBIAN
        products = completed(products, xs, texts, strict, create_graph)
    return _results(ys, several_ys, products, several, create_graph)


def jvp(
    func: Function,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """func(inputs), and the Jacobian times v: how the outputs move when the inputs move along v.

        product[i] = sum_j dy[i] / dx[j] v[j]

    v        shaped as the inputs; may be left out for a single input of one element
    returns  outputs, products shaped as the outputs

    RuntimeError  as vjp

    There is no forward mode here: backward gives u J for any u, and since that is linear in u,
    a second backward, with respect to u and with v upstream, gives J v, whatever u was
    (https://j-towns.github.io/2017/06/12/A-new-trick.html).

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.autograd.functional import jvp
    >>> jvp(lambda x: x.sum() * x, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0]))
    (tensor([3., 6.]), tensor([4., 2.]))
    """
    with enable_grad():
        xs, several = _tuple_of_tensors(inputs, "inputs", "jvp")
        xs = _new_inputs(xs, create_graph)
        vs = _vector(v, xs, several, "jvp", INPUT_VECTOR)
        ys, several_ys = _run(func, xs, "jvp", strict)
        us = [zeros_like(y, requires_grad=True) for y in ys]
        pulled = _grad(ys, xs, us, create_graph=True)
        check_connected(pulled, CONSTANT_GRADIENT, strict)
        products = _grad(pulled, us, vs, create_graph=create_graph)
        texts = INDEPENDENT_TRICK, CONSTANT_JACOBIAN
        products = completed(products, ys, texts, strict, create_graph)
    return _results(ys, several_ys, products, several_ys, create_graph)


def vhp(
    func: Function,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """func(inputs), and v times the Hessian of a func with one output of one element.

        product[j] = sum_i v[i] d2y / (dx[i] dx[j])

    v        shaped as the inputs; may be left out for a single input of one element
    returns  output, products shaped as the inputs

    RuntimeError  as vjp; more than one output, or one of several elements

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.autograd.functional import vhp
    >>> vhp(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
    (tensor(9.), tensor([  6., 120.]))
    """
    with enable_grad():
        xs, several, ys, vs = _scalar_problem(func, inputs, v, "vhp", create_graph, strict)
        products = _grad(_gradient(ys, xs, strict), xs, vs, create_graph=create_graph)
        texts = INDEPENDENT_JACOBIAN, CONSTANT_HESSIAN
        products = completed(products, xs, texts, strict, create_graph)
    return _results(ys, False, products, several, create_graph)


def hvp(
    func: Function,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """func(inputs), and the Hessian of a func with one output of one element, times v.

        product[i] = sum_j d2y / (dx[i] dx[j]) v[j]

    Arguments, result and errors are those of vhp, which gives the same for a func whose second
    derivative is continuous, one walk cheaper.

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.autograd.functional import hvp
    >>> hvp(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
    (tensor(9.), tensor([  6., 120.]))
    """
    with enable_grad():
        xs, several, ys, vs = _scalar_problem(func, inputs, v, "hvp", create_graph, strict)
        us = [zeros_like(x, requires_grad=True) for x in xs]
        pulled = _grad(_gradient(ys, xs, strict), xs, us, create_graph=True)
        products = _grad(pulled, us, vs, create_graph=create_graph)
        texts = INDEPENDENT_HESSIAN_TRICK, CONSTANT_HESSIAN
        products = completed(products, xs, texts, strict, create_graph)
    return _results(ys, False, products, several, create_graph)


# --- whole matrices -------------------------------------------------------------------------------


def jacobian(
    func: Function,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """All first derivatives of func at inputs, one backward per output element.

        J[i][j] = dy_i / dx_j   shape y_i.shape + x_j.shape, dtype of x_j

    returns  J; a tuple over the outputs, or over the inputs, where func returns, or is given,
             a tuple; a tuple of tuples for both

    AssertionError       a strategy that does not exist
    NotImplementedError  strategy="forward-mode", and vectorize=True, which PyTorch needs for it
    RuntimeError         in strict mode, an output that does not depend on an input

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.autograd.functional import jacobian
    >>> jacobian(lambda x: x * x.sum(), torch.tensor([1.0, 2.0]))
    tensor([[4., 1.],
            [2., 5.]])
    """
    check_strategy(strategy, create_graph, strict, vectorize)
    with enable_grad():
        xs, several = _tuple_of_tensors(inputs, "inputs", "jacobian")
        xs = _new_inputs(xs, create_graph)
        ys, several_ys = _run(func, xs, "jacobian", strict)
        blocks = []
        for i, y in enumerate(ys):
            rows = []
            for u in one_hots(y):
                row = _grad((y,), xs, (u,), retain_graph=True, create_graph=create_graph)
                texts = INDEPENDENT_OUTPUT.format(i, "{}"), CONSTANT_JACOBIAN.format(i)
                rows.append(completed(row, xs, texts, strict, create_graph))
            columns = zip(*rows, strict=True) if rows else [()] * len(xs)
            blocks.append(
                tuple(
                    stack(column).view(y.shape + x.shape)
                    for column, x in zip(columns, xs, strict=True)
                )
            )
        matrix = tuple(_finished(row, create_graph) for row in blocks)
    return _unpacked(tuple(_unpacked(row, several) for row in matrix), several_ys)


def hessian(
    func: Function,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """All second derivatives of a func with one output of one element: the gradient's Jacobian.

        H[i][j] = d2y / (dx_i dx_j)   shape x_i.shape + x_j.shape

    returns  H; a tuple of tuples where the inputs are a tuple

    RuntimeError  more than one output, or one of several elements; in strict mode, a gradient or a
                  Hessian that does not depend on an input
    Other errors are those of jacobian.

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.autograd.functional import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1], torch.tensor([1.0, 2.0]))
    tensor([[4., 2.],
            [2., 0.]])
    """
    xs, several = _tuple_of_tensors(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def scalar(*args: Tensor) -> Tensor:
        ys, several_ys = _run(func, args, "hessian", strict)
        check_scalar(ys, several_ys, "hessian")
        return ys[0].squeeze()

    def gradient(*args: Tensor) -> tuple[Tensor, ...]:
        gradients: tuple[Tensor, ...] = jacobian(scalar, args, create_graph=True)
        check_connected(gradients, LINEAR, strict)
        return gradients

    matrix = jacobian(gradient, xs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return _unpacked(tuple(_unpacked(row, several) for row in matrix), several)


# --- steps that they share ------------------------------------------------------------------------


def _tuple_of_tensors(value: Any, what: str, name: str) -> tuple[tuple[Tensor, ...], bool]:
    """`value` as a tuple, and whether it was one.

    TypeError  it is not a Tensor, or holds something that is not
    """
    several = isinstance(value, tuple)
    tensors = value if several else (value,)
    for i, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            culprit = f"value at index {i}" if several else f"given {what}"
            raise TypeError(
                f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but the "
                f"{culprit} has type {type(tensor)}."
            )
    return tensors, several


def _new_inputs(tensors: Sequence[Tensor], create_graph: bool) -> tuple[Tensor, ...]:
    """New Tensors on the same memory, for func to be differentiated by.

    Under create_graph they hang on those given. In either case they are other Tensors than those
    given, so that one which func also knows from elsewhere is not mistaken for its argument.
    """
    return tuple(
        x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_()
        for x in tensors
    )


def _run(
    func: Function, xs: Sequence[Tensor], name: str, strict: bool
) -> tuple[tuple[Tensor, ...], bool]:
    ys, several = _tuple_of_tensors(func(*xs), "outputs of the user-provided function", name)
    check_connected(ys, CONSTANT_OUTPUT, strict)
    return ys, several


def _vector(
    v: Any, targets: Sequence[Tensor], several: bool, name: str, needed: str
) -> tuple[Tensor | None, ...]:
    """`v` as a tuple that matches `targets`.

    needed  the complaint where there is no v and targets are not one element
    """
    if v is None:
        if len(targets) != 1 or targets[0].numel() != 1:
            raise RuntimeError(needed)
        return (None,)
    vs, _ = _tuple_of_tensors(v, "v", name)
    if len(vs) != len(targets):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(targets)} but got {len(vs)}."
            if several
            else "The given v should contain a single Tensor."
        )
    for k, (x, target) in enumerate(zip(vs, targets, strict=True)):
        if x.shape != target.shape:
            raise RuntimeError(
                f"{f'Entry {k} in ' if several else ''}v has invalid size: should be "
                f"{target.shape} but got {x.shape}."
            )
    return vs


def _grad(
    ys: Gradients,
    xs: Sequence[Tensor],
    us: Gradients | None = None,
    *,
    create_graph: bool,
    retain_graph: bool | None = None,
) -> Gradients:
    """autograd.grad of those `ys` that depend on something; None where nothing does."""
    us = [None] * len(ys) if us is None else us
    pairs = [(y, u) for y, u in zip(ys, us, strict=True) if y is not None and y.requires_grad]
    if not pairs:
        return [None] * len(xs)
    return grad(
        [y for y, _ in pairs],
        xs,
        [u for _, u in pairs],
        retain_graph,
        create_graph,
        allow_unused=True,
    )


def _scalar_problem(
    func: Function, inputs: Any, v: Any, name: str, create_graph: bool, strict: bool
) -> tuple[tuple[Tensor, ...], bool, tuple[Tensor, ...], tuple[Tensor | None, ...]]:
    """For vhp and hvp: the inputs and whether they are several, the output, and v."""
    xs, several = _tuple_of_tensors(inputs, "inputs", name)
    xs = _new_inputs(xs, create_graph)
    vs = _vector(v, xs, several, name, INPUT_VECTOR)
    ys, several_ys = _run(func, xs, name, strict)
    check_scalar(ys, several_ys, name)
    return xs, several, ys, vs


def _gradient(ys: Sequence[Tensor], xs: Sequence[Tensor], strict: bool) -> Gradients:
    gradients = _grad(ys, xs, create_graph=True)
    check_connected(gradients, LINEAR, strict)
    return gradients


def one_hots(y: Tensor) -> Iterator[Tensor]:
    """For each element of y, a Tensor like y with a one there and zeros elsewhere."""
    for j in range(y.numel()):
        one_hot = zeros_like(y).reshape(-1)
        one_hot[j] = 1
        yield one_hot.reshape(y.shape)


def _finished(tensors: Sequence[Tensor], create_graph: bool) -> tuple[Tensor, ...]:
    return tuple(tensors) if create_graph else tuple(t.detach() for t in tensors)


def _unpacked(values: tuple[Any, ...], several: bool) -> Any:
    return values if several else values[0]


def _results(
    ys: Sequence[Tensor],
    several_ys: bool,
    products: Sequence[Tensor],
    several: bool,
    create_graph: bool,
) -> tuple[Any, Any]:
    return (
        _unpacked(_finished(ys, create_graph), several_ys),
        _unpacked(_finished(products, create_graph), several),
    )
