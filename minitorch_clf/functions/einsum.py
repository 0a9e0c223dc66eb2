"""einsum: products and sums spelled by index letters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from minitorch_clf.tensor import Tensor

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
UNNAMED = "0123456789"
"""Stand for the dimensions that an ellipsis covers, counted from the right."""


def einsum(equation: str, *operands: Any) -> Tensor:
    """The product that index letters spell: "ij,jk->ik" is a matrix product.

    Letters shared by operands are multiplied, letters not in the result are summed; a letter twice
    in one operand means its diagonal, and `...` the dimensions that have no letter, which
    broadcast. Operands are multiplied one by one from the left, and a letter is summed as soon as
    no later operand needs it, by a batched matrix product.

    >>> import minitorch_clf as torch
    >>> torch.einsum("...ij,...jk->...ik", torch.ones(5, 2, 3), torch.ones(3, 4)).shape
    torch.Size([5, 2, 4])
    """
    alone = len(operands) == 1 and not isinstance(operands[0], Tensor)
    tensors: list[Tensor] = list(operands[0] if alone else operands)
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(tensors):
        raise RuntimeError(
            "einsum(): "
            + ("more" if len(tensors) > len(terms) else "fewer")
            + " operands were provided than specified in the equation"
        )
    terms = [_named(term, x, k) for k, (term, x) in enumerate(zip(terms, tensors, strict=True))]
    right = _result(terms, right, explicit=bool(arrow))
    pairs = [_diagonals(x, term) for x, term in zip(tensors, terms, strict=True)]
    pairs = _without_ones(pairs)
    out, have = pairs[0]
    for k, (x, term) in enumerate(pairs[1:], 1):
        later = set(right).union(*[other for _, other in pairs[k + 1 :]])
        out, have = _contract(out, have, x, term, later)
    spare = [c for c in have if c not in right]
    if spare:
        out = out.sum(dim=[have.index(c) for c in spare])
        have = "".join(c for c in have if c in right)
    return out.permute(*[have.index(c) for c in right])


def _named(term: str, x: Tensor, operand: int) -> str:
    """`term` with a digit for each dimension of x that its ellipsis covers."""
    before, dots, after = term.partition("...")
    for k, c in enumerate(before + after):
        if c not in LETTERS:
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {k} in the equation string, "
                "subscripts must be in [a-zA-Z]"
            )
    letters = len(before) + len(after)
    if letters > x.ndim or (letters != x.ndim and not dots):
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({letters}) "
            + ("is more than" if dots else "does not match")
            + f" the number of dimensions ({x.ndim}) for operand {operand}"
            + ("" if dots else " and no ellipsis was given")
        )
    return before + UNNAMED[: x.ndim - letters][::-1] + after


def _result(terms: Sequence[str], right: str, *, explicit: bool) -> str:
    """The letters of the result: those after "->", or all that occur once, in their order."""
    used = "".join(terms)
    unnamed = "".join(c for c in reversed(UNNAMED) if c in used)
    if not explicit:
        return unnamed + "".join(sorted(c for c in set(used) - set(unnamed) if used.count(c) == 1))
    right = right.replace("...", unnamed)
    for c in right:
        if right.count(c) > 1:
            raise RuntimeError(
                f"einsum(): output subscript {c} appears more than once in the output"
            )
        if c not in used:
            raise RuntimeError(
                f"einsum(): output subscript {c} does not appear in the equation for any input "
                "operand"
            )
    return right


def _diagonals(x: Tensor, term: str) -> tuple[Tensor, str]:
    """x with its diagonal, as the last dimension, for each letter that comes twice."""
    while len(set(term)) < len(term):
        c = next(c for c in term if term.count(c) > 1)
        i = term.index(c)
        j = term.index(c, i + 1)
        if x.shape[i] != x.shape[j]:
            raise RuntimeError(
                f"einsum(): subscript {c} is repeated for operand 0 but the sizes don't match, "
                f"{x.shape[j]} != {x.shape[i]}"
            )
        x = x.diagonal(0, i, j)
        term = term[:i] + term[i + 1 : j] + term[j + 1 :] + c
    return x, term


def _without_ones(pairs: list[tuple[Tensor, str]]) -> list[tuple[Tensor, str]]:
    """The operands without their dimensions of size 1 where the letter is larger elsewhere."""
    size: dict[str, int] = {}
    for k, (x, term) in enumerate(pairs):
        for letter, n in zip(term, x.shape, strict=True):
            if n != 1 and size.get(letter, 1) not in (1, n):
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {n} for operand {k} which does not "
                    f"broadcast with previously seen size {size[letter]}"
                )
            if n != 1 or letter not in size:
                size[letter] = n
    out = []
    for x, term in pairs:
        ones = [i for i, c in enumerate(term) if x.shape[i] == 1 != size[c]]
        kept = "".join(c for i, c in enumerate(term) if i not in ones)
        out.append((x.squeeze(tuple(ones)) if ones else x, kept))
    return out


def _contract(x: Tensor, a: str, y: Tensor, b: str, later: set[str]) -> tuple[Tensor, str]:
    """x (letters a) times y (letters b), summed over the letters that nobody needs later."""
    x, a = _summed(x, a, later.union(b))
    y, b = _summed(y, b, later.union(a))
    batch = [c for c in a if c in b and c in later]
    inner = [c for c in a if c in b and c not in later]
    rows, columns = [c for c in a if c not in b], [c for c in b if c not in a]
    size = {**dict(zip(b, y.shape, strict=True)), **dict(zip(a, x.shape, strict=True))}

    def count(letters: list[str]) -> int:
        return math.prod(size[c] for c in letters)

    left = x.permute(*[a.index(c) for c in (*batch, *rows, *inner)])
    right = y.permute(*[b.index(c) for c in (*batch, *inner, *columns)])
    product = left.reshape(count(batch), count(rows), count(inner)).bmm(
        right.reshape(count(batch), count(inner), count(columns))
    )
    kept = [*batch, *rows, *columns]
    return product.reshape([size[c] for c in kept]), "".join(kept)


def _summed(x: Tensor, letters: str, needed: Iterable[str]) -> tuple[Tensor, str]:
    """x summed over the letters that are not needed."""
    spare = [k for k, c in enumerate(letters) if c not in needed]
    if not spare:
        return x, letters
    return x.sum(dim=spare), "".join(c for c in letters if c in needed)
