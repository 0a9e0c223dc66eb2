"""The functions of `torch`: a Tensor's methods by name, and what takes several Tensors."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from minitorch_clf.dtypes import result_dtype
from minitorch_clf.methods.base import wrap_dim
from minitorch_clf.methods.choice import where as _where
from minitorch_clf.methods.shape import broadcast_shapes
from minitorch_clf.ops.arrange import Cat, Stack
from minitorch_clf.tensor import Tensor, apply

P = ParamSpec("P")
R = TypeVar("R")


def function(method: Callable[Concatenate[Tensor, P], R]) -> Callable[Concatenate[Tensor, P], R]:
    """A method of Tensor as a function `f(input, ...)`.

    TypeError  "exp(): argument 'input' (position 1) must be Tensor, not float"
    """
    name = method.__name__

    @functools.wraps(method)
    def call(input: Tensor, *args: P.args, **kwargs: P.kwargs) -> R:
        if not isinstance(input, Tensor):
            raise TypeError(
                f"{name}(): argument 'input' (position 1) must be Tensor, "
                f"not {type(input).__name__}"
            )
        return method(input, *args, **kwargs)

    return call  # type: ignore[return-value]  # that `input` may be named too is no harm


# --- pointwise ---
abs = absolute = function(Tensor.abs)
add = function(Tensor.add)
bitwise_and = function(Tensor.bitwise_and)
bitwise_not = function(Tensor.bitwise_not)
bitwise_or = function(Tensor.bitwise_or)
bitwise_xor = function(Tensor.bitwise_xor)
ceil = function(Tensor.ceil)
clamp = clip = function(Tensor.clamp)
cos = function(Tensor.cos)
div = divide = true_divide = function(Tensor.div)
eq = function(Tensor.eq)
exp = function(Tensor.exp)
expm1 = function(Tensor.expm1)
floor = function(Tensor.floor)
floor_divide = function(Tensor.floor_divide)
fmod = function(Tensor.fmod)
ge = greater_equal = function(Tensor.ge)
gt = greater = function(Tensor.gt)
isfinite = function(Tensor.isfinite)
isinf = function(Tensor.isinf)
isnan = function(Tensor.isnan)
le = less_equal = function(Tensor.le)
log = function(Tensor.log)
log10 = function(Tensor.log10)
log1p = function(Tensor.log1p)
log2 = function(Tensor.log2)
logical_and = function(Tensor.logical_and)
logical_not = function(Tensor.logical_not)
logical_or = function(Tensor.logical_or)
logical_xor = function(Tensor.logical_xor)
lt = less = function(Tensor.lt)
masked_fill = function(Tensor.masked_fill)
maximum = function(Tensor.maximum)
minimum = function(Tensor.minimum)
mul = multiply = function(Tensor.mul)
ne = not_equal = function(Tensor.ne)
neg = negative = function(Tensor.neg)
pow = function(Tensor.pow)
reciprocal = function(Tensor.reciprocal)
remainder = function(Tensor.remainder)
round = function(Tensor.round)
rsqrt = function(Tensor.rsqrt)
sign = function(Tensor.sign)
sin = function(Tensor.sin)
sqrt = function(Tensor.sqrt)
square = function(Tensor.square)
sub = subtract = function(Tensor.sub)
trunc = function(Tensor.trunc)

# --- reductions ---
all = function(Tensor.all)
amax = function(Tensor.amax)
amin = function(Tensor.amin)
any = function(Tensor.any)
argmax = function(Tensor.argmax)
argmin = function(Tensor.argmin)
argsort = function(Tensor.argsort)
count_nonzero = function(Tensor.count_nonzero)
cumsum = function(Tensor.cumsum)
logsumexp = function(Tensor.logsumexp)
max = function(Tensor.max)
mean = function(Tensor.mean)
min = function(Tensor.min)
norm = function(Tensor.norm)
prod = function(Tensor.prod)
sort = function(Tensor.sort)
std = function(Tensor.std)
sum = function(Tensor.sum)
topk = function(Tensor.topk)
var = function(Tensor.var)

# --- activations ---
log_softmax = function(Tensor.log_softmax)
relu = function(Tensor.relu)
sigmoid = function(Tensor.sigmoid)
softmax = function(Tensor.softmax)
tanh = function(Tensor.tanh)

# --- shape ---
broadcast_to = function(Tensor.broadcast_to)
chunk = function(Tensor.chunk)
clone = function(Tensor.clone)
detach = function(Tensor.detach)
diagonal = function(Tensor.diagonal)
flatten = function(Tensor.flatten)
flip = function(Tensor.flip)
movedim = function(Tensor.movedim)
narrow = function(Tensor.narrow)
permute = function(Tensor.permute)
ravel = function(Tensor.ravel)
reshape = function(Tensor.reshape)
select = function(Tensor.select)
split = function(Tensor.split)
squeeze = function(Tensor.squeeze)
swapaxes = swapdims = transpose = function(Tensor.transpose)
t = function(Tensor.t)
tile = function(Tensor.tile)
tril = function(Tensor.tril)
triu = function(Tensor.triu)
unbind = function(Tensor.unbind)
unflatten = function(Tensor.unflatten)
unsqueeze = function(Tensor.unsqueeze)

# --- places ---
gather = function(Tensor.gather)
index_select = function(Tensor.index_select)
masked_select = function(Tensor.masked_select)
nonzero = function(Tensor.nonzero)
take_along_dim = function(Tensor.take_along_dim)

# --- products ---
addmm = function(Tensor.addmm)
bmm = function(Tensor.bmm)
dot = function(Tensor.dot)
matmul = function(Tensor.matmul)
mm = function(Tensor.mm)
mv = function(Tensor.mv)
outer = function(Tensor.outer)

# --- several Tensors ------------------------------------------------------------------------------


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after the other along `dim`; their other sizes must agree.

    >>> import minitorch_clf as torch
    >>> torch.cat((torch.zeros(2), torch.ones(1)))
    tensor([0., 0., 1.])
    """
    parts = _promoted("cat", tensors)
    # a 1-d tensor without elements may stand among others, whatever their shape (PyTorch's habit)
    flat = {p.ndim for p in parts} == {1}
    solid = parts if flat else [p for p in parts if p.array.shape != (0,)]
    first = solid[0]
    if first.ndim == 0:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated")
    axis = wrap_dim(dim, first.ndim)
    for k, part in enumerate(solid[1:], 1):
        if part.ndim != first.ndim:
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {first.ndim} and {part.ndim}"
            )
        for d, (want, got) in enumerate(zip(first.shape, part.shape, strict=True)):
            if d != axis and want != got:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {want} "
                    f"but got size {got} for tensor number {k} in the list."
                )
    return apply(Cat, *solid, axis=axis)  # type: ignore[no-any-return]


concat = concatenate = cat


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors, all of one shape, side by side along a new dimension `dim`."""
    parts = _promoted("stack", tensors)
    axis = wrap_dim(dim, parts[0].ndim + 1)
    for k, part in enumerate(parts):
        if part.shape != parts[0].shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(parts[0].shape)} at "
                f"entry 0 and {list(part.shape)} at entry {k}"
            )
    return apply(Stack, *parts, axis=axis)  # type: ignore[no-any-return]


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """cat() along the columns."""
    parts = [t.reshape(1) if t.ndim == 0 else t for t in tensors]
    return cat(parts, 0 if parts[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """cat() along the rows."""
    return cat([t.reshape(1, -1) if t.ndim < 2 else t for t in tensors], 0)


def _promoted(name: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    parts = list(tensors)
    if not parts:
        if name == "cat":
            raise ValueError("torch.cat(): expected a non-empty list of Tensors")
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    for k, part in enumerate(parts):
        if not isinstance(part, Tensor):
            raise TypeError(
                f"expected Tensor as element {k} in argument 0, but got {type(part).__name__}"
            )
    to = result_dtype([(p.dtype, p.ndim) for p in parts])
    return [p._cast(to) for p in parts]


def where(condition: Tensor, *values: Any) -> Any:
    """`input` where condition, else `other`; with condition alone, the places where it is True."""
    if not values:
        return condition.nonzero(as_tuple=True)
    x, y = values
    return _where(condition, x, y)


def einsum(equation: str, *operands: Any) -> Tensor:
    """The product that index letters spell: "ij,jk->ik" is a matrix product.

    Letters shared by operands are multiplied, letters not in the result are summed. Each letter
    becomes a dimension, operands are multiplied one by one from the left, and a letter is summed as
    soon as no later operand needs it, by a batched matrix product.

    NotImplementedError  an ellipsis, or a letter twice in one operand
    """
    tensors = (
        list(operands[0])
        if len(operands) == 1 and not isinstance(operands[0], Tensor)
        else list(operands)
    )
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if "." in equation:
        raise NotImplementedError(f"einsum: an ellipsis is not supported, got {equation!r}")
    if len(terms) != len(tensors):
        raise RuntimeError(
            "einsum(): "
            + ("more" if len(tensors) > len(terms) else "fewer")
            + " operands were provided than specified in the equation"
        )
    for k, (term, x) in enumerate(zip(terms, tensors, strict=True)):
        if len(set(term)) != len(term):
            raise NotImplementedError(f"einsum: a letter twice in one operand, got {term!r}")
        if len(term) != x.ndim:
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(term)}) does not match "
                f"the number of dimensions ({x.ndim}) for operand {k} and no ellipsis was given"
            )
    size: dict[str, int] = {}
    for k, (term, x) in enumerate(zip(terms, tensors, strict=True)):
        for letter, n in zip(term, x.shape, strict=True):
            if n != size.setdefault(letter, n):
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {n} for operand {k} which does not "
                    f"broadcast with previously seen size {size[letter]}"
                )
    if not arrow:
        letters = "".join(terms)
        right = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    have = terms[0]
    out: Tensor = tensors[0]
    for k, (term, x) in enumerate(zip(terms[1:], tensors[1:], strict=True), 1):
        later = set(right).union(*terms[k + 1 :])
        out, have = _contract(out, have, x, term, later)
    spare = [c for c in have if c not in right]
    if spare:
        out = out.sum(dim=[have.index(c) for c in spare])
        have = "".join(c for c in have if c in right)
    return out.permute(*[have.index(c) for c in right])


def _contract(x: Tensor, a: str, y: Tensor, b: str, later: set[str]) -> tuple[Tensor, str]:
    """x (letters a) times y (letters b), summed over the letters that nobody needs later."""
    for letters, other, side in ((a, b, 0), (b, a, 1)):
        alone = [c for c in letters if c not in other and c not in later]
        if alone:
            z = (x, y)[side].sum(dim=[letters.index(c) for c in alone])
            rest = "".join(c for c in letters if c not in alone)
            x, y, a, b = (z, y, rest, b) if side == 0 else (x, z, a, rest)
    batch = [c for c in a if c in b and c in later]
    inner = [c for c in a if c in b and c not in later]
    rows, columns = [c for c in a if c not in b], [c for c in b if c not in a]
    size = {**dict(zip(b, y.shape, strict=True)), **dict(zip(a, x.shape, strict=True))}

    def count(letters: list[str]) -> int:
        return int(np.prod([size[c] for c in letters], dtype=np.int64))

    left = x.permute(*[a.index(c) for c in (*batch, *rows, *inner)])
    right = y.permute(*[b.index(c) for c in (*batch, *inner, *columns)])
    product = left.reshape(count(batch), count(rows), count(inner)).bmm(
        right.reshape(count(batch), count(inner), count(columns))
    )
    kept = [*batch, *rows, *columns]
    return product.reshape([size[c] for c in kept]), "".join(kept)


# --- questions about Tensors ----------------------------------------------------------------------


equal = function(Tensor.equal)
isclose = function(Tensor.isclose)
allclose = function(Tensor.allclose)


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a Tensor."""
    return isinstance(obj, Tensor)


def numel(input: Tensor) -> int:
    """The number of elements."""
    return input.numel()


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is float32 or float64."""
    return input.is_floating_point()


def result_type(tensor1: Any, tensor2: Any) -> Any:
    """The dtype that an operation on the two has."""
    pair = [(t.dtype, t.ndim) if isinstance(t, Tensor) else t for t in (tensor1, tensor2)]
    return result_dtype(pair)


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors, expanded to one shape."""
    shape = broadcast_shapes(*[t.shape for t in tensors])
    return tuple(t.expand(shape) for t in tensors)
