"""grad, vjp and jvp as functions of functions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from minitorch_clf.creation import zeros_like
from minitorch_clf.func.level import Root, depends_on_outside, gradients, level, outside
from minitorch_clf.func.pytree import flatten, map_leaves
from minitorch_clf.grad_mode import is_grad_enabled
from minitorch_clf.tensor import Tensor

Function: TypeAlias = Callable[..., Any]
Argnums: TypeAlias = int | tuple[int, ...]


def grad(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that returns the gradient of func, whose value is a 0-dim Tensor.

    argnums  which positional arguments to differentiate by: an int, or a tuple of them; they may be
             nests of tuples, lists and dicts of Tensors
    has_aux  func returns (value, aux), and the new function (gradient, aux)
    returns  a function of func's arguments; its value is built like the argument, a tuple for
             several

    RuntimeError  func returns anything but a 0-dim Tensor; argnums that do not exist
    ValueError    an argument to differentiate by that is not made of Tensors

    Differentiate as often as you like: the value is a function of Tensors again.

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.func import grad
    >>> x = torch.tensor(2.0)
    >>> grad(lambda x: x**3)(x), grad(grad(lambda x: x**3))(x)
    (tensor(12.), tensor(12.))
    >>> grad(lambda p, x: (p["w"] * x).sum())({"w": x}, torch.tensor([1.0, 4.0]))
    {'w': tensor(5.)}
    """
    with_value = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, value = with_value(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def grad_and_value(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """As grad, but the new function returns (gradient, value), or (gradient, (value, aux)).

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.func import grad_and_value
    >>> grad_and_value(lambda x: (x * x).sum())(torch.tensor([1.0, 2.0]))
    (tensor([2., 4.]), tensor(5.))
    """

    @functools.wraps(func)
    def gradient_and_value(*args: Any, **kwargs: Any) -> Any:
        with level() as root:
            args, roots = enter(args, argnums, root)
            value, aux = split_aux(func(*args, **kwargs), has_aux, "grad_and_value(f)(*args)")
        _check_scalar(value)
        inputs, structure = flatten(roots)
        recording = is_grad_enabled() and depends_on_outside([value])
        found = gradients([value], inputs, [None], create_graph=recording)
        result = outside(structure.build(zeros_for_none(found, inputs)))
        value = outside(value)
        return result, ((value, outside(aux)) if has_aux else value)

    return gradient_and_value


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """func(*primals), and the function that takes v to v times the Jacobian there.

    primals  nests of Tensors; all of them are differentiated by
    has_aux  func returns (output, aux), and vjp (output, vjp_fn, aux)
    returns  output, vjp_fn.   vjp_fn(cotangents, retain_graph=True, create_graph=None): cotangents
             are built like the output, and what it returns is a tuple, built like primals

    RuntimeError  func returns nothing, or not only Tensors of floats; cotangents built otherwise
    ValueError    primals that are not made of Tensors

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.func import vjp
    >>> output, vjp_fn = vjp(lambda x, y: x * y, torch.tensor([2.0, 3.0]), torch.tensor(4.0))
    >>> output
    tensor([ 8., 12.])
    >>> vjp_fn(torch.tensor([1.0, 10.0]))
    (tensor([ 4., 40.]), tensor(32.))
    """
    with level() as root:
        roots = map_leaves(root, primals)
        output, aux = split_aux(func(*roots), has_aux, "vjp(f, *primals)")
    vjp_fn = pullback(output, roots)
    return (outside(output), vjp_fn, outside(aux)) if has_aux else (outside(output), vjp_fn)


def jvp(
    func: Function, primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False
) -> tuple[Any, ...]:
    """func(*primals), and the Jacobian there times tangents: how func moves as its arguments do.

    primals   a tuple of nests of Tensors
    tangents  the same nests, of the directions in which they move
    strict    an error, instead of zeros, where an output does not depend on primals
    has_aux   func returns (output, aux), and jvp (output, tangent, aux)
    returns   output, tangent, both built like what func returns

    RuntimeError         primals or tangents of different structure or shapes, or not of Tensors
    NotImplementedError  a tangent in another dtype than its primal's

    Two backwards, as in autograd.functional.jvp, where PyTorch has forward mode. So what func
    computes under no_grad() is a constant here; forward mode does not notice no_grad().

    >>> import minitorch_clf as torch
    >>> from minitorch_clf.func import jvp
    >>> jvp(lambda x, y: x * y, (torch.tensor(2.0), torch.tensor(3.0)),
    ...     (torch.tensor(1.0), torch.tensor(10.0)))
    (tensor(6.), tensor(23.))
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(
            f"{JVP}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
        )
    inputs, structure = flatten(primals)
    directions, other = flatten(tangents)
    if structure != other:
        raise RuntimeError(
            f"{JVP}: Expected primals and tangents to have the same python structure. For example, "
            "if primals is a tuple of 3 tensors, tangents also must be. Got primals with structure "
            f"{structure!r} and tangents with structure {other!r}"
        )
    _check_tensors(inputs, "primals")
    _check_tensors(directions, "tangents")
    for x, tangent in zip(inputs, directions, strict=True):
        check_tangent(x, tangent)
    output, push, aux = linearized(func, primals, None, has_aux)
    flat, structure = flatten(output)
    moved = push(directions)
    if strict and any(m is None for m in moved):
        raise RuntimeError(
            "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. "
            "This is not allowed with strict=True."
        )
    tangent = structure.build(zeros_for_none(moved, flat))
    return (output, tangent, aux) if has_aux else (output, tangent)


def vmap(
    func: Function,
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Function:
    """Not here: every operation would need a rule for one dimension more.

    NotImplementedError  always; a loop and torch.stack do the same, more slowly
    """
    raise NotImplementedError(
        "vmap is not supported; loop over the dimension and stack the results"
    )


# --- what jacobians.py needs too ------------------------------------------------------------------

JVP = "jvp(f, primals, tangents)"


def positions(argnums: Any, n: int) -> tuple[int, ...]:
    """argnums as a tuple of positions among n arguments.

    RuntimeError  not an int or a tuple of them, out of range, none, or twice the same
    """
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    found = []
    for argnum in argnums if isinstance(argnums, tuple) else (argnums,):
        if not isinstance(argnum, int):
            raise RuntimeError(f"argnum must be int, got: {type(argnum)}")
        if not -n <= argnum < n:
            raise RuntimeError(f"Got argnum={argnum}, but only {n} positional inputs")
        found.append(argnum % n)
    if not found:
        raise RuntimeError("argnums must be non-empty")
    if len(set(found)) != len(found):
        raise RuntimeError(f"argnums elements must be unique, got {tuple(found)}")
    return tuple(found)


def enter(args: tuple[Any, ...], argnums: Argnums, root: Root) -> tuple[tuple[Any, ...], Any]:
    """The arguments with roots at argnums; and these alone, as one nest."""
    chosen = {k: map_leaves(root, args[k]) for k in positions(argnums, len(args))}
    roots = tuple(chosen.values()) if isinstance(argnums, tuple) else next(iter(chosen.values()))
    return tuple(chosen.get(k, arg) for k, arg in enumerate(args)), roots


def split_aux(result: Any, has_aux: bool, name: str) -> tuple[Any, Any]:
    """What func returned as (output, aux)."""
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(
            f"{name}: output of function f should be a tuple: (output, aux) if has_aux is True"
        )
    return result


def zeros_for_none(grads: Sequence[Tensor | None], like: Sequence[Tensor]) -> list[Tensor]:
    """`grads` with zeros where there is none."""
    return [zeros_like(x) if g is None else g for g, x in zip(grads, like, strict=True)]


def pullback(output: Any, roots: Any) -> Function:
    """The function from gradients of `output` to gradients of `roots`, both nests."""
    ys, structure = flatten(output)
    xs, structure_in = flatten(roots)
    _check_outputs(ys, "vjp(f, *primals)")
    for y in ys:
        if not y.is_floating_point():
            raise RuntimeError(
                "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got "
                f"Tensor with dtype {y.dtype}"
            )
    recorded = depends_on_outside(ys)

    def vjp_fn(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        us, other = flatten(cotangents)
        if structure != other:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of "
                f"outputs to the function. cotangents: {other}, primal output: {structure}"
            )
        wanted = is_grad_enabled() if create_graph is None else create_graph
        recording = wanted and (recorded or depends_on_outside(us))
        found = gradients(ys, xs, us, create_graph=recording, retain_graph=retain_graph)
        return structure_in.build([outside(g) for g in zeros_for_none(found, xs)])

    return vjp_fn


def linearized(
    func: Function, args: tuple[Any, ...], argnums: Argnums | None, has_aux: bool
) -> tuple[Any, Callable[[Sequence[Tensor]], Sequence[Tensor | None]], Any]:
    """The output of func, what takes tangents of its arguments to those of the output, and aux.

    argnums  None: all arguments move

    Both ends of the function are flat; None is where an output does not depend on an argument. The
    gradients of func are linear in those upstream, `us`, and the derivative by us is the Jacobian.
    """
    with level() as root:
        args, roots = enter(args, tuple(range(len(args))) if argnums is None else argnums, root)
        output, aux = split_aux(func(*args), has_aux, JVP)
        ys, _ = flatten(output)
        _check_outputs(ys, JVP)
        moving = [k for k, y in enumerate(ys) if y.requires_grad]
        us = [root(zeros_like(ys[k].detach())) for k in moving]
        xs, _ = flatten(roots)
        pulled = gradients([ys[k] for k in moving], xs, us, create_graph=True)
    recorded = depends_on_outside([g for g in pulled if g is not None])

    def push(tangents: Sequence[Tensor]) -> Sequence[Tensor | None]:
        pairs = [(g, t) for g, t in zip(pulled, tangents, strict=True) if g is not None]
        recording = is_grad_enabled() and (recorded or depends_on_outside(tangents))
        found = gradients(
            [g for g, _ in pairs],
            us,
            [t for _, t in pairs],
            create_graph=recording,
            retain_graph=True,
        )
        moved: list[Tensor | None] = [None] * len(ys)
        for k, m in zip(moving, found, strict=True):
            moved[k] = None if m is None else outside(m)
        return moved

    return outside(output), push, (outside(aux) if has_aux else None)


# --- what they refuse -----------------------------------------------------------------------------


def _check_scalar(value: Any) -> None:
    if not isinstance(value, Tensor):
        raise RuntimeError(
            f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(value)}"
        )
    if value.dim():
        raise RuntimeError(
            "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor "
            f"with {value.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
        )


def _check_outputs(ys: list[Any], name: str) -> None:
    if not ys or ys == [None]:
        raise RuntimeError(
            f"{name}: Expected f to be a function that has non-empty output (got output = {ys})"
        )
    for y in ys:
        if not isinstance(y, Tensor):
            raise RuntimeError(
                f"{name}: expected f(*primals) to return only tensors, got unsupported type "
                f"{type(y)}"
            )


def _check_tensors(tensors: list[Any], what: str) -> None:
    if not tensors:
        raise RuntimeError(f"{JVP}: Expected {what} to contain at least one Tensor.")
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise RuntimeError(
                f"{JVP}: Expected {what} to only contain Tensors, got {type(tensor)}"
            )


def check_tangent(x: Tensor, tangent: Tensor) -> None:
    """Complain unless x can move along `tangent`."""
    if not x.is_floating_point():
        raise ValueError(f"Expected primal to be floating point or complex, but got: {x.dtype}")
    if x.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor, this is not supported. Tensor is of size {list(x.shape)} while the given "
            f"forward gradient is of size {list(tangent.shape)}."
        )
    if x.dtype != tangent.dtype:
        raise NotImplementedError(
            f"{JVP}: a tangent of {tangent.dtype} is not supported for a primal of {x.dtype}"
        )
