"""Turns, windows, pieces, diagonals, grids, repeats: the same values in other places."""

from __future__ import annotations

from typing import Any

from reference.parity.case import ErrorCase, OpCase

MAT = ((3, 4),)
BOX = ((2, 4, 6),)
COPIES = "the gradient of a copy is a sum, and PyTorch adds up in another order"
ANY = ("float32", "float64", "int64", "bool")


def _diagonal_writes(_t: Any, x: Any, y: Any) -> Any:
    out = x * 1
    out.diagonal().mul_(y)
    out.diagonal(1).fill_(2.0)
    return out, out._version


_TURNS = (
    OpCase("roll", lambda t, x: (t.roll(x, 1), x.roll(-2, 1), x.roll((1, 2), (0, 1))), MAT),
    OpCase("roll far", lambda t, x: (x.roll(9, 0), x.roll(0, 1), x.roll((1,), (-1,))), MAT),
    OpCase("rot90", lambda t, x: (t.rot90(x), x.rot90(2), x.rot90(-1, (1, 0)), x.rot90(4)), MAT),
    OpCase("rot90 dims", lambda t, x: x.rot90(1, [1, 2]), BOX),
    OpCase("fliplr flipud", lambda t, x: (t.fliplr(x), x.fliplr(), t.flipud(x), x.flipud()), MAT),
    OpCase(
        "turns of every dtype",
        lambda t, x: [x.roll(1), x.rot90(), x.fliplr(), x.diag(), x.tensor_split(2)],
        MAT,
        dtypes=ANY,
    ),
    OpCase("tril_ triu_", lambda t, x: ((x * 1).tril_(), (x * 1).triu_(1)), MAT),
)

_PIECES = (
    OpCase(
        "unfold",
        lambda t, x: (x.unfold(1, 2, 1), x.unfold(0, 2, 2)),
        MAT,
        backward_ulp=4,
        why=COPIES,
    ),
    OpCase(
        "unfold overlaps", lambda t, x: x.unfold(0, 3, 1), ((7,),), backward_steps=4, why=COPIES
    ),
    OpCase(
        "unfold middle", lambda t, x: x.unfold(1, 3, 2), ((2, 7, 3),), backward_steps=4, why=COPIES
    ),
    OpCase(
        "tensor_split",
        lambda t, x: (
            t.tensor_split(x, 3),
            x.tensor_split(2, dim=1),
            x.tensor_split((1, 3)),
            x.tensor_split([2], 1),
            x.tensor_split(t.tensor([1, 2])),
            x.tensor_split((2, 1, 9)),
        ),
        ((5, 4),),
    ),
    OpCase("hsplit", lambda t, x: (t.hsplit(x, 2), x.hsplit([1, 3])), MAT),
    OpCase("hsplit of a vector", lambda t, x: x.hsplit(2), ((4,),)),
    OpCase("vsplit", lambda t, x: (t.vsplit(x, 3), x.vsplit((1,))), MAT),
    OpCase("dsplit", lambda t, x: (t.dsplit(x, 3), x.dsplit((1, 4))), BOX),
)

_DIAGONALS = (
    OpCase("diag of a vector", lambda t, x: (t.diag(x), x.diag(1), x.diag(-2)), ((3,),)),
    OpCase("diag of a matrix", lambda t, x: (t.diag(x), x.diag(1), x.diag(-1)), MAT),
    OpCase(
        "diag_embed",
        lambda t, x: (t.diag_embed(x), x.diag_embed(1), x.diag_embed(-1, 0, 2)),
        MAT,
    ),
    OpCase("diagflat", lambda t, x: (t.diagflat(x), x.diagflat(1)), ((2, 2),)),
    OpCase(
        "diagonal of many",
        lambda t, x: (x.diagonal(0, 1, 2), t.diagonal(x, 1, 0, -1), x.diagonal(-1)),
        BOX,
    ),
    OpCase(
        "writing into a diagonal", _diagonal_writes, ((3, 4), (3,)), skip={"0-d": "no diagonal"}
    ),
    OpCase("block_diag", lambda t, x, y: t.block_diag(x, y, x), ((2, 3), (4,))),
    OpCase(
        "block_diag of numbers", lambda t, x: t.block_diag(x, t.tensor(2), t.ones(1, 2)), ((2, 2),)
    ),
    OpCase("block_diag of nothing", lambda t: t.block_diag()),
    OpCase(
        "tril_indices triu_indices",
        lambda t: [
            t.tril_indices(3, 4),
            t.triu_indices(3, 4),
            t.tril_indices(3, 3, -1),
            t.triu_indices(4, 3, offset=1, dtype=t.int32),
            t.tril_indices(0, 2),
        ],
    ),
)

_JOINS = (
    OpCase(
        "meshgrid",
        lambda t, x, y: (
            t.meshgrid(x, y, indexing="ij"),
            t.meshgrid([x, y], indexing="xy"),
            t.meshgrid(x, y, x, indexing="xy"),
        ),
        ((3,), (4,)),
        backward_steps=8,
        why=COPIES,
    ),
    OpCase(
        "cartesian_prod",
        lambda t, x, y: (t.cartesian_prod(x, y), t.cartesian_prod(x)),
        ((3,), (2,)),
        backward_steps=8,
        why=COPIES,
    ),
    OpCase(
        "combinations",
        lambda t, x: (
            t.combinations(x),
            t.combinations(x, 3),
            t.combinations(x, with_replacement=True),
        ),
        ((4,),),
        backward_steps=8,
        why=COPIES,
    ),
    OpCase(
        "atleast",
        lambda t, x: [
            t.atleast_1d(x),
            t.atleast_2d(x),
            t.atleast_3d(x),
            t.atleast_2d(x[0], x),
            t.atleast_1d([x, x]),
        ],
        ((3,),),
        backward_ulp=2,
        why=COPIES,
        skip={"0-d": "x[0] has nothing to read"},
    ),
    OpCase(
        "atleast of a number",
        lambda t, x: [
            t.atleast_1d(x),
            t.atleast_2d(x),
            t.atleast_3d(x),
        ],
        values=(2.0,),
    ),
    OpCase(
        "atleast of a matrix",
        lambda t, x: [
            t.atleast_1d(x),
            t.atleast_2d(x),
            t.atleast_3d(x),
        ],
        MAT,
    ),
    OpCase(
        "stacks",
        lambda t, x, y: (
            t.hstack((x, y)),
            t.vstack((x, y)),
            t.dstack((x, y)),
            t.column_stack((x, y)),
        ),
        ((3,), (3,)),
    ),
    OpCase(
        "stacks of matrices",
        lambda t, x, y: (
            t.hstack((x, y)),
            t.vstack((x, y)),
            t.dstack((x, y)),
            t.column_stack((x, y)),
        ),
        ((2, 3), (2, 3)),
    ),
    OpCase(
        "column_stack mixed",
        lambda t, x, y: t.column_stack((x, y, x)),
        ((3,), (3, 2)),
        skip={"empty": "sizes then differ"},
    ),
    OpCase(
        "repeat_interleave",
        lambda t, x: (
            t.repeat_interleave(x, 2),
            x.repeat_interleave(3, 0),
            x.repeat_interleave(2, dim=-1),
            x.repeat_interleave(t.tensor([1, 0, 2]), 0),
            x.repeat_interleave(t.tensor(2), dim=1),
        ),
        MAT,
        backward_steps=8,
        why=COPIES,
        skip={
            "0-d": "PyTorch reads a dimension that is not there",
            "empty": "the repeats do not fit",
        },
    ),
    OpCase(
        "logspace",
        lambda t: [
            t.logspace(0, 2, 5),
            t.logspace(-1, 1, 4, base=2.0),
            t.logspace(1, 1, 1),
            t.logspace(0, 1, 0),
            t.logspace(0, 3, 4, dtype=t.float64),
        ],
        forward_ulp=2,
        why="the power function",
    ),
    OpCase(
        "moveaxis and other names",
        lambda t, x: (t.moveaxis(x, 0, 1), x.moveaxis(1, 0), t.swapdims(x, 0, 1)),
        MAT,
    ),
)


CASES = (*_TURNS, *_PIECES, *_DIAGONALS, *_JOINS)

ERRORS = (
    ErrorCase("roll lengths", lambda t: t.ones(2, 3).roll((1, 2), 0)),
    ErrorCase("roll no dims", lambda t: t.ones(2, 3).roll((1, 2))),
    ErrorCase("roll dim", lambda t: t.ones(2, 3).roll(1, 5)),
    ErrorCase("rot90 one dim", lambda t: t.ones(2, 3).rot90(1, [0])),
    ErrorCase("rot90 same dim", lambda t: t.ones(2, 3).rot90(1, [0, 0])),
    ErrorCase("rot90 of a vector", lambda t: t.ones(2).rot90()),
    ErrorCase("fliplr of a vector", lambda t: t.ones(2).fliplr()),
    ErrorCase("flipud of a number", lambda t: t.tensor(1.0).flipud()),
    ErrorCase("hsplit of a number", lambda t: t.tensor(1.0).hsplit(1)),
    ErrorCase("hsplit uneven", lambda t: t.ones(2, 3).hsplit(2)),
    ErrorCase("vsplit of a vector", lambda t: t.ones(2).vsplit(1)),
    ErrorCase("dsplit of a matrix", lambda t: t.ones(2, 3).dsplit(1)),
    ErrorCase("tensor_split 0", lambda t: t.ones(2, 3).tensor_split(0)),
    ErrorCase("tensor_split of a number", lambda t: t.tensor(1.0).tensor_split(1)),
    ErrorCase("unfold large", lambda t: t.ones(2, 3).unfold(0, 3, 1)),
    ErrorCase("unfold step", lambda t: t.ones(2, 3).unfold(0, 1, 0)),
    ErrorCase("unfold size", lambda t: t.ones(2, 3).unfold(0, -1, 1)),
    ErrorCase("meshgrid word", lambda t: t.meshgrid(t.ones(2), indexing="xx")),
    ErrorCase(
        "meshgrid dtypes", lambda t: t.meshgrid(t.ones(2), t.ones(2).double(), indexing="ij")
    ),
    ErrorCase("cartesian_prod of a matrix", lambda t: t.cartesian_prod(t.ones(2, 2))),
    ErrorCase("combinations of a matrix", lambda t: t.combinations(t.ones(2, 2))),
    ErrorCase("block_diag of a cube", lambda t: t.block_diag(t.ones(2, 2, 2))),
    ErrorCase("column_stack of nothing", lambda t: t.column_stack([])),
    ErrorCase("repeat_interleave negative", lambda t: t.ones(2).repeat_interleave(-1)),
    ErrorCase(
        "repeat_interleave length", lambda t: t.ones(2).repeat_interleave(t.tensor([1, 2, 3]))
    ),
    ErrorCase("repeat_interleave floats", lambda t: t.ones(2).repeat_interleave(t.ones(2))),
    ErrorCase("diag of a cube", lambda t: t.ones(2, 2, 2).diag()),
    ErrorCase("diag of a number", lambda t: t.tensor(1.0).diag()),
    ErrorCase("diag_embed dims", lambda t: t.ones(2).diag_embed(0, 0, 0)),
    ErrorCase("tril_indices rows", lambda t: t.tril_indices(-1, 2)),
    ErrorCase("logspace steps", lambda t: t.logspace(0, 1, -1)),
)
