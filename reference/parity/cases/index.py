"""Reading and writing by index: basic, integer, boolean, mixed; gather. All of it exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.parity.case import OpCase, indices

NAN = float("nan")
BOX = ((3, 4, 5),)
MAT = ((5, 4),)
BROADCAST = "the gradient of a value written to many places is a sum; the order differs"
NO_ROOM = {"0-d": "the index does not fit", "empty": "the index does not fit"}

_READS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("integer", lambda t, x: (x[1], x[-1], x[0, 2], x[2, -1, 3])),
    ("slice", lambda t, x: (x[1:], x[:, :2], x[..., -2:], x[0:3:2], x[:, 1:4:3], x[5:2])),
    (
        "ellipsis and None",
        lambda t, x: (x[...], x[..., 1], x[None], x[:, None, 0], x[..., None], x[1, ..., 2]),
    ),
    ("0-dim index tensor", lambda t, x: (x[t.tensor(1)], x[:, t.tensor(-1)])),
    ("integer tensor", lambda t, x: (x[t.tensor([0, 2, 0])], x[t.tensor([[0, 1], [-1, -2]])])),
    ("list", lambda t, x: (x[[0, 2]], x[:, [1, 1, 0]], x[[0, 1], [2, 3]])),
    (
        "two index tensors",
        lambda t, x: (
            x[t.tensor([0, 2]), t.tensor([1, 3])],
            x[t.tensor([[0], [2]]), t.tensor([1, 3])],
        ),
    ),
    (
        "index after a slice",
        lambda t, x: (
            x[:, t.tensor([3, 0])],
            x[1:, :, t.tensor([0, 0, 4])],
            x[..., t.tensor([1, 2])],
        ),
    ),
    (
        "indices around a slice",
        lambda t, x: (x[t.tensor([0, 1]), :, t.tensor([2, 4])], x[0, :, t.tensor([2, 4])]),
    ),
    ("index with None", lambda t, x: (x[None, t.tensor([0, 1])], x[t.tensor([0, 1]), None])),
    ("boolean", lambda t, x: (x[x > 0], x[x[:, 0, 0] > -9], x[x[..., 0] > 0])),
    ("boolean list", lambda t, x: x[[True, False, True]]),
    ("boolean after a slice", lambda t, x: x[:, t.tensor([True, False, True, True])]),
    ("boolean with an integer", lambda t, x: x[t.tensor([True, False, True]), 1]),
    ("boolean with integers", lambda t, x: x[t.tensor([True, False, True]), t.tensor([0, 3])]),
    ("True and False", lambda t, x: (x[True].shape, x[False].shape, x[x.sum() > 1e9].shape)),
    ("empty list", lambda t, x: x[[]]),
    ("int32 and uint8 index", lambda t, x: x[t.tensor([0, 2], dtype=t.int32)]),
    ("range and NumPy", lambda t, x: (x[range(2)], x[t.tensor([2, 0]).numpy()])),
    ("iteration", lambda t, x: list(x)),
    ("tuple of one", lambda t, x: (x[(1,)], x[()])),
)


def _write(write: Callable[..., None]) -> Callable[..., Any]:
    """Write into a copy of x, so that both x and the written value get a gradient."""

    def fn(t: Any, x: Any, y: Any) -> Any:
        out = x.clone()
        write(t, out, y)
        return out

    return fn


def _set(key: Callable[..., Any], value: Callable[..., Any] = lambda t, y: y) -> Callable[..., Any]:
    def write(t: Any, out: Any, y: Any) -> None:
        out[key(t, out)] = value(t, y)

    return _write(write)


_WRITES: tuple[tuple[str, Callable[..., Any], tuple[int, ...]], ...] = (
    ("integer", _set(lambda t, x: 1), (4, 5)),
    ("integer broadcast", _set(lambda t, x: -1), (5,)),
    ("element", _set(lambda t, x: (0, 1, 2)), ()),
    ("slice", _set(lambda t, x: (slice(None), slice(1, 3))), (2, 5)),
    ("slice with a step", _set(lambda t, x: (slice(0, 3, 2), ..., slice(None, None, 2))), (4, 3)),
    ("ellipsis", _set(lambda t, x: ...), (3, 4, 5)),
    ("number", _set(lambda t, x: (0, slice(1, 3)), lambda t, y: 7), (1,)),
    ("list of indices", _set(lambda t, x: ([0, 2],)), (2, 4, 5)),
    ("index tensor", _set(lambda t, x: t.tensor([2, 0])), (5,)),
    ("two index tensors", _set(lambda t, x: (t.tensor([2, 0]), t.tensor([1, 1]))), (2, 5)),
    ("index after a slice", _set(lambda t, x: (slice(None), t.tensor([3, 1]))), (2, 5)),
    ("boolean", _set(lambda t, x: x > 0), ()),
    ("boolean number", _set(lambda t, x: x > 0, lambda t, y: 0.0), (1,)),
    ("boolean rows", _set(lambda t, x: t.tensor([True, False, True])), (2, 4, 5)),
    ("True", _set(lambda t, x: True), (5,)),
    ("other dtype", _set(lambda t, x: 0, lambda t, y: y.double()), (5,)),
    ("integer value", _set(lambda t, x: 0, lambda t, y: t.tensor([1, 2, 3, 4, 5])), (1,)),
    ("leading ones", _set(lambda t, x: (0, 0)), (1, 5)),
)

_GATHERS = (
    OpCase(
        "gather",
        lambda t, x, i: (t.gather(x, 1, i), x.gather(-1, i)),
        ((5, 4), (5, 3)),
        draw=("normal", indices(4)),
        skip=NO_ROOM,
    ),
    OpCase(
        "gather dim 0 smaller index",
        lambda t, x, i: x.gather(0, i),
        ((5, 4), (7, 2)),
        draw=("normal", indices(5)),
        skip=NO_ROOM,
    ),
    OpCase(
        "index_select",
        lambda t, x, i: (t.index_select(x, 0, i), x.index_select(1, i)),
        ((5, 4), (6,)),
        draw=("normal", indices(4)),
        skip=NO_ROOM,
    ),
    OpCase(
        "take_along_dim",
        lambda t, x, i: t.take_along_dim(x, i, dim=1),
        ((5, 4), (5, 2)),
        draw=("normal", indices(4)),
        skip=NO_ROOM,
    ),
    OpCase(
        "take_along_dim flat",
        lambda t, x, i: t.take_along_dim(x, i),
        ((5, 4), (6,)),
        draw=("normal", indices(20)),
        skip=NO_ROOM | {"transposed": "PyTorch calls view inside, and raises"},
    ),
    OpCase(
        "take_along_dim argsort",
        lambda t, x: x.take_along_dim(x.argsort(1), 1),
        MAT,
        draw="distinct",
    ),
    OpCase(
        "masked_select",
        lambda t, x, m: (t.masked_select(x, m), x.masked_select(m)),
        ((5, 4), (4,)),
        draw=("normal", "bool"),
    ),
    OpCase(
        "masked_fill tensor value",
        lambda t, x, m: x.masked_fill(m, t.tensor(2.0)),
        ((5, 4), (5, 1)),
        draw=("normal", "bool"),
    ),
    OpCase(
        "T104 index with duplicates",
        lambda t, x: (x[t.tensor([1, 1, 1])], x[[0, 0], [1, 1]]),
        ((3, 2),),
        skip=NO_ROOM,
    ),
    OpCase(
        "T104 gather with duplicates",
        lambda t, x: x.gather(1, t.tensor([[0, 0, 0, 1]])),
        ((1, 2),),
        skip=NO_ROOM,
    ),
    OpCase(
        "T104 index_select with duplicates",
        lambda t, x: x.index_select(0, t.tensor([1, 1, 0, 1])),
        ((2, 3),),
        skip=NO_ROOM,
    ),
    OpCase(
        "nonzero",
        lambda t, x: (t.nonzero(x), x.nonzero(as_tuple=True)),
        ((3, 4),),
        draw="whole",
        gradient=False,
    ),
    OpCase("where of one", lambda t, x: t.where(x > 0), ((3, 4),), gradient=False),
    OpCase(
        "one_hot",
        lambda t, i: t.nn.functional.one_hot(i, 4),
        ((6,),),
        draw=indices(4),
        skip=NO_ROOM,
    ),
)

CASES = (
    *(OpCase(f"read {name}", fn, BOX, skip=NO_ROOM) for name, fn in _READS),
    *(
        OpCase(
            f"read {name}, integers",
            fn,
            BOX,
            dtypes=("int64", "bool"),
            gradient=False,
            skip=NO_ROOM,
        )
        for name, fn in _READS
        if "boolean" not in name and "True" not in name
    ),
    *(
        OpCase(f"write {name}", fn, (BOX[0], shape), backward_steps=8, why=BROADCAST, skip=NO_ROOM)
        for name, fn, shape in _WRITES
    ),
    *_GATHERS,
    OpCase(
        "rows of an embedding",
        lambda t, w, i: w[i],
        ((6, 3), (2, 4)),
        draw=("normal", indices(6)),
        skip=NO_ROOM,
    ),
    OpCase(
        "loss by index",
        lambda t, x, i: x[t.arange(len(i)), i].sum(),
        ((5, 4), (5,)),
        draw=("whole", indices(4)),
        skip=NO_ROOM,
    ),
    OpCase(
        "contains",
        lambda t: [2 in t.tensor([1, 2]), 3 in t.tensor([1, 2]), 2.0 in t.tensor([[1.0, NAN]])],
    ),
)
