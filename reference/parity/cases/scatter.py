"""Writing to places that an index names: scatter, index_add, index_put, masks. All of it exact."""

from __future__ import annotations

from typing import Any

from reference.parity.case import ErrorCase, OpCase

MAT = ((5, 4), (3, 4))
NO_ROOM = {"0-d": "the index does not fit", "empty": "the index does not fit"}
LANES = "which of 0.0 and -0.0 is the larger depends, in PyTorch, on the order of comparing"
ORDER = "PyTorch adds up in another order"


def _index(t: Any) -> Any:
    """No place twice along dim 0, where the gradient of an overwritten value would be a fiction."""
    return t.tensor([[0, 1, 2, 3], [4, 3, 1, 1], [1, 2, 0, 0]])


def _met(t: Any) -> Any:
    """Places that come several times."""
    return t.tensor([[0, 1, 1, 0], [0, 1, 2, 2], [4, 1, 0, 0]])


def _case(name: str, fn: Any, shapes: Any = MAT, **options: Any) -> OpCase:
    return OpCase(name, fn, shapes, skip=NO_ROOM | options.pop("skip", {}), **options)


def _written(name: str, write: Any, shapes: Any = MAT) -> OpCase:
    def fn(t: Any, x: Any, y: Any) -> Any:
        out = x.clone()
        same = write(t, out, y)
        return out, same is out, out._version

    return _case(name, fn, shapes)


def _row(t: Any) -> Any:
    return t.tensor([3, 0, 4])


CASES = (
    _case("scatter", lambda t, x, y: (t.scatter(x, 0, _index(t), y), x.scatter(0, _index(t), y))),
    _case("scatter dim 1", lambda t, x, y: x.scatter(1, _index(t)[:1], y), ((3, 4), (1, 4))),
    _case(
        "scatter number",
        lambda t, x: (x.scatter(0, _index(t), 2.5), x.scatter(0, _index(t), 1)),
        MAT[:1],
    ),
    _case("scatter int32 index", lambda t, x, y: x.scatter(0, _index(t).int(), y)),
    _case("scatter corner", lambda t, x, y: x.scatter(0, _index(t)[:2, :3], y.detach())),
    _case(
        "scatter_add",
        lambda t, x, y: (t.scatter_add(x, 0, _met(t), y), x.scatter_add(0, _met(t), y)),
        draw="whole",
    ),
    *(
        _case(
            f"scatter_reduce {reduce}{'' if self_ else ' without self'}",
            lambda t, x, y, reduce=reduce, self_=self_: t.scatter_reduce(
                x, 0, _met(t), y, reduce, include_self=self_
            ),
            draw="whole",
            signed_zero=False,
            why=LANES,
        )
        for reduce in ("sum", "mean", "amax", "amin")
        for self_ in (True, False)
    ),
    _case("index_add", lambda t, x, y: (t.index_add(x, 0, _row(t), y), x.index_add(0, _row(t), y))),
    _case("index_add alpha", lambda t, x, y: x.index_add(0, _row(t), y, alpha=2)),
    _case("index_add twice", lambda t, x, y: x.index_add(0, t.tensor([1, 1, 1]), y), draw="whole"),
    _case("index_add dim 1", lambda t, x, y: x.index_add(1, _row(t), y), ((4, 5), (4, 3))),
    _case(
        "index_copy", lambda t, x, y: (t.index_copy(x, 0, _row(t), y), x.index_copy(0, _row(t), y))
    ),
    _case("index_copy dim 1", lambda t, x, y: x.index_copy(1, _row(t), y), ((4, 5), (4, 3))),
    _case(
        "index_fill",
        lambda t, x: (t.index_fill(x, 0, _row(t), 2.5), x.index_fill(1, _row(t) % 4, -1)),
        MAT[:1],
    ),
    _case(
        "index_fill tensor",
        lambda t, x, y: x.index_fill(0, _row(t), y.sum()),
        draw="whole",
        backward_steps=8,
        why=ORDER,
    ),
    _case("index_fill negative", lambda t, x: x.index_fill(0, t.tensor([-1]), 0.5), MAT[:1]),
    _case("index_put", lambda t, x, y: (t.index_put(x, (_row(t),), y), x.index_put((_row(t),), y))),
    _case(
        "index_put two",
        lambda t, x, y: x.index_put((_row(t), t.tensor([0, 1, 2])), y),
        ((5, 4), (3,)),
    ),
    _case(
        "index_put accumulate",
        lambda t, x, y: x.index_put((t.tensor([1, 1, 0]),), y, accumulate=True),
        draw="whole",
    ),
    _case(
        "take",
        lambda t, x: (t.take(x, _index(t)), x.take(t.tensor([0, 19, -1, 0]))),
        MAT[:1],
        draw="whole",
    ),
    _case(
        "put",
        lambda t, x, y: (t.put(x, t.tensor([0, 19, -2]), y), x.put(t.tensor([3, 4, 5]), y)),
        ((5, 4), (3,)),
    ),
    _case(
        "put accumulate",
        lambda t, x, y: x.put(t.tensor([3, 3, 5]), y, accumulate=True),
        ((5, 4), (3,)),
        draw="whole",
    ),
    OpCase(
        "masked_scatter",
        lambda t, x, m, y: (t.masked_scatter(x, m, y), x.masked_scatter(m, y)),
        ((5, 4), (5, 4), (5, 5)),
        draw=("normal", "bool", "normal"),
    ),
    OpCase(
        "masked_scatter broadcast",
        lambda t, x, m, y: x.masked_scatter(m, y),
        ((5, 4), (4,), (5, 5)),
        draw=("normal", "bool", "normal"),
    ),
    _written("scatter_", lambda t, out, y: out.scatter_(0, _index(t), y)),
    _written("scatter_ number", lambda t, out, y: out.scatter_(0, _index(t), 1.0)),
    _written("scatter_add_", lambda t, out, y: out.scatter_add_(0, _index(t)[:2], y[:2])),
    _written("scatter_reduce_", lambda t, out, y: out.scatter_reduce_(0, _index(t), y, "amax")),
    _written("index_add_", lambda t, out, y: out.index_add_(0, _row(t), y)),
    _written("index_copy_", lambda t, out, y: out.index_copy_(0, _row(t), y)),
    _written("index_fill_", lambda t, out, y: out.index_fill_(0, _row(t), 3)),
    _written("index_put_", lambda t, out, y: out.index_put_((_row(t),), y)),
    _written("put_", lambda t, out, y: out.put_(t.tensor([3, 4, 5]), y), ((5, 4), (3,))),
    _written(
        "masked_scatter_",
        lambda t, out, y: out.masked_scatter_(t.arange(4) > 1, y),
        ((3, 4), (3, 4)),
    ),
    _written("fill_diagonal_", lambda t, out, y: out.fill_diagonal_(2.5)),
    _written(
        "fill_diagonal_ of a cube", lambda t, out, y: out.fill_diagonal_(-1), ((3, 3, 3), (3,))
    ),
    OpCase(
        "one hot by scatter_",
        lambda t: t.zeros(3, 5).scatter_(1, t.tensor([[0], [4], [2]]), 1.0),
    ),
    OpCase(
        "scatter of integers",
        lambda t: [
            t.zeros(5, 4, dtype=t.int64).scatter_add(0, _met(t), t.ones(3, 4, dtype=t.int64)),
            t.zeros(5, 4, dtype=t.int64).scatter_reduce(0, _met(t), _index(t), "amax"),
            t.zeros(5, 4, dtype=t.int64).scatter_reduce(0, _met(t), _index(t), "mean"),
            t.zeros(5, dtype=t.int64).index_add(0, _row(t), t.tensor([1, 2, 3]), alpha=3),
        ],
    ),
)

ERRORS = (
    ErrorCase("scatter rank", lambda t: t.ones(2, 3).scatter(0, t.tensor([0, 1]), t.ones(2, 3))),
    ErrorCase("scatter range", lambda t: t.ones(2, 3).scatter(0, t.tensor([[5]]), t.ones(2, 3))),
    ErrorCase("scatter dtypes", lambda t: t.ones(2).scatter(0, t.tensor([0]), t.ones(1).double())),
    ErrorCase(
        "scatter size", lambda t: t.ones(2, 3).scatter(0, t.zeros(3, 3).long(), t.ones(2, 3))
    ),
    ErrorCase("scatter reduce", lambda t: t.ones(2).scatter(0, t.tensor([0]), 1.0, reduce="x")),
    ErrorCase("scatter_add range", lambda t: t.ones(2).scatter_add(0, t.tensor([5]), t.ones(1))),
    ErrorCase(
        "scatter_reduce word", lambda t: t.ones(2).scatter_reduce(0, t.tensor([0]), t.ones(1), "x")
    ),
    ErrorCase(
        "index_add dtypes", lambda t: t.ones(2).index_add(0, t.tensor([0]), t.ones(1).double())
    ),
    ErrorCase("index_add rank", lambda t: t.ones(2).index_add(0, t.tensor([[0]]), t.ones(1))),
    ErrorCase("index_add range", lambda t: t.ones(2).index_add(0, t.tensor([2]), t.ones(1))),
    ErrorCase("index_add length", lambda t: t.ones(2).index_add(0, t.tensor([0]), t.ones(2))),
    ErrorCase("index_add shape", lambda t: t.ones(2, 3).index_add(0, t.tensor([0]), t.ones(1, 4))),
    ErrorCase("index_add index", lambda t: t.ones(2).index_add(0, t.ones(1), t.ones(1))),
    ErrorCase(
        "index_copy dtypes", lambda t: t.ones(2).index_copy(0, t.tensor([0]), t.ones(1).double())
    ),
    ErrorCase("index_copy rank", lambda t: t.ones(2).index_copy(0, t.tensor([[0]]), t.ones(1))),
    ErrorCase("index_copy range", lambda t: t.ones(2).index_copy(0, t.tensor([2]), t.ones(1))),
    ErrorCase("index_copy length", lambda t: t.ones(2).index_copy(0, t.tensor([0]), t.ones(2))),
    ErrorCase(
        "index_copy shape", lambda t: t.ones(2, 3).index_copy(0, t.tensor([0]), t.ones(1, 4))
    ),
    ErrorCase("index_fill range", lambda t: t.ones(2).index_fill(0, t.tensor([2]), 1)),
    ErrorCase("index_fill rank", lambda t: t.ones(2).index_fill(0, t.tensor([[0]]), 1)),
    ErrorCase("index_fill value", lambda t: t.ones(2).index_fill(0, t.tensor([0]), t.ones(2))),
    ErrorCase("index_fill index", lambda t: t.ones(2).index_fill(0, t.ones(1), 1)),
    ErrorCase("index_put range", lambda t: t.ones(2).index_put((t.tensor([5]),), t.ones(1))),
    ErrorCase(
        "index_put dtypes", lambda t: t.ones(2).index_put((t.tensor([0]),), t.ones(1).double())
    ),
    ErrorCase("index_put index", lambda t: t.ones(2).index_put(t.tensor([0]), t.ones(1))),
    ErrorCase("masked_scatter few", lambda t: t.ones(3).masked_scatter(t.ones(3) > 0, t.ones(2))),
    ErrorCase(
        "masked_scatter mask", lambda t: t.ones(3).masked_scatter(t.ones(3).long(), t.ones(3))
    ),
    ErrorCase(
        "masked_scatter dtypes",
        lambda t: t.ones(3).masked_scatter(t.ones(3) > 0, t.ones(3).double()),
    ),
    ErrorCase("take range", lambda t: t.ones(3).take(t.tensor([7]))),
    ErrorCase("take index", lambda t: t.ones(3).take(t.ones(1))),
    ErrorCase("put length", lambda t: t.ones(3).put(t.tensor([0, 1]), t.ones(1))),
    ErrorCase("put dtypes", lambda t: t.ones(3).put(t.tensor([0]), t.ones(1).double())),
    ErrorCase("fill_diagonal_ of a vector", lambda t: t.ones(3).fill_diagonal_(1)),
    ErrorCase("fill_diagonal_ of a box", lambda t: t.ones(2, 3, 3).fill_diagonal_(1)),
    ErrorCase(
        "scatter_ into a leaf",
        lambda t: t.ones(3, requires_grad=True).scatter_(0, t.tensor([0]), 1.0),
    ),
)
