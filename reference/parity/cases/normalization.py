"""Layer and batch normalization, normalize and cosine_similarity, and embedding."""

from __future__ import annotations

from typing import Any

import numpy as np

from reference.parity.case import ErrorCase, OpCase, indices

SUM = "PyTorch adds up in float32 (or float64) SIMD lanes, we in float64"
CENTERED = SUM + "; the gradient is what remains of terms that cancel"
NO_ROWS = {"0-d": "a 0-dim input has no features"}
LOOPS = "PyTorch has another loop for it: see the case of any layout"
IN_ORDER = {**NO_ROWS, "transposed": LOOPS, "strided": LOOPS}


def F(t: Any) -> Any:
    return t.nn.functional


def _case(name: str, fn: Any, **rest: Any) -> OpCase:
    budget = {"forward_ulp": 4, "forward_steps": 4, "backward_ulp": 8, "backward_steps": 32}
    return OpCase(name, fn, **{**budget, "why": CENTERED, "skip": NO_ROWS, **rest})


# --- layer_norm -----------------------------------------------------------------------------------

_layer = (
    _case("layer_norm", lambda t, x: F(t).layer_norm(x, x.shape[-1:]), shapes=((6, 9),)),
    _case(
        "layer_norm affine",
        lambda t, x, w, b: F(t).layer_norm(x, w.shape, w, b, 1e-3),
        shapes=((5, 40), (40,), (40,)),
    ),
    _case(
        "layer_norm weight only",
        lambda t, x, w: F(t).layer_norm(x, w.shape, w),
        shapes=((4, 3, 7), (7,)),
        skip={**NO_ROWS, "special": "inf or nan, 0 or -0: products of extremes in another order"},
    ),
    _case(
        "layer_norm over two dims",
        lambda t, x, w, b: F(t).layer_norm(x, w.shape, w, b),
        shapes=((4, 3, 7), (3, 7), (3, 7)),
    ),
    _case(
        "layer_norm of one sample",
        lambda t, x, w, b: F(t).layer_norm(x, w.shape, w, b),
        shapes=((12,), (12,), (12,)),
    ),
    _case(
        "layer_norm bias only",
        lambda t, x, b: F(t).layer_norm(x, b.shape, None, b),
        shapes=((4, 12), (12,)),
        skip={**NO_ROWS, "second order": "PyTorch itself fails, for want of a weight"},
    ),
    _case(
        "layer_norm far from 0",
        lambda t, x: F(t).layer_norm(x + 100, x.shape[-1:]),
        shapes=((4, 64),),
        forward_steps=2**9,
        backward_steps=2**12,
        why=SUM + "; inputs of 100 hold their distance from the mean to 1e-5 only",
    ),
    OpCase(
        "layer_norm node",
        lambda t, x, w: F(t).layer_norm(x, w.shape, w).grad_fn.name(),
        shapes=((4, 3), (3,)),
        gradient=False,
        skip={**NO_ROWS, "empty": "the same"},
    ),
)

# --- batch_norm -----------------------------------------------------------------------------------


def _batch(training: bool, **options: Any) -> Any:
    """Output, and what became of the running statistics."""

    def run(t: Any, x: Any, *affine: Any) -> Any:
        C = x.shape[1] if x.dim() > 1 else 1
        mean = t.linspace(-1, 1, C, dtype=x.dtype)
        var = t.linspace(0.5, 2, C, dtype=x.dtype)
        out = F(t).batch_norm(x, mean, var, *affine, training=training, **options)
        return out, mean, var

    return run


_batch_cases = (
    *(
        _case(f"batch_norm training {shape}", _batch(True), shapes=(shape, (5,), (5,)))
        for shape in ((16, 5), (3, 5, 4), (2, 5, 3, 2))
    ),
    _case("batch_norm training plain", _batch(True, momentum=0.5, eps=0.1), shapes=((9, 5),)),
    _case("batch_norm training weight", _batch(True, momentum=1.0), shapes=((9, 5), (5,))),
    *(
        _case(
            f"batch_norm evaluating {shape}",
            _batch(False),
            shapes=(shape, (5,), (5,)),
            forward_ulp=0,
            forward_steps=0,
            why=SUM + ", in the gradients of weight and bias",
            skip=IN_ORDER,
        )
        for shape in ((16, 5), (3, 5, 4), (33, 5, 3, 2))
    ),
    _case(
        "batch_norm evaluating plain",
        _batch(False, eps=0.0),
        shapes=((9, 5),),
        forward_ulp=0,
        forward_steps=0,
        backward_ulp=1,
        why="1 / sqrt(var) times the gradient, rounded in another order",
        skip=IN_ORDER,
    ),
    _case(
        "batch_norm evaluating, any layout",
        _batch(False),
        shapes=((6, 5, 4), (5,), (5,)),
        forward_ulp=0,
        forward_steps=4,
        why="PyTorch's loop for strided input subtracts the mean first, ours for all input last",
    ),
    _case(
        "batch_norm without statistics",
        lambda t, x, w, b: F(t).batch_norm(x, None, None, w, b, True),
        shapes=((16, 5), (5,), (5,)),
    ),
    OpCase(
        "batch_norm node",
        lambda t, x, w: F(t).batch_norm(x, None, None, w, training=True).grad_fn.name(),
        shapes=((4, 3), (3,)),
        gradient=False,
        skip=NO_ROWS,
    ),
)

# --- normalize, cosine_similarity -----------------------------------------------------------------

_lengths = (
    *(
        _case(f"normalize p={p}", lambda t, x, p=p: F(t).normalize(x, p), shapes=((4, 6),))
        for p in (1, 2.0, 3, float("inf"))
    ),
    _case("normalize dim=0", lambda t, x: F(t).normalize(x, dim=0), shapes=((4, 6),), skip={}),
    _case(
        "normalize short vectors",
        lambda t, x: F(t).normalize(x, eps=2.0),
        shapes=((40, 3),),
    ),
    _case(
        "cosine_similarity",
        lambda t, x, y: F(t).cosine_similarity(x, y),
        shapes=((4, 6), (4, 6)),
    ),
    _case(
        "cosine_similarity broadcasts",
        lambda t, x, y: F(t).cosine_similarity(x, y, dim=-1),
        shapes=((4, 1, 6), (3, 6)),
        skip={},
    ),
    _case(
        "cosine_similarity short vectors, whose gradient is not that of the value",
        lambda t, x, y: F(t).cosine_similarity(x, y, eps=1.5),
        values=([[0.3, 0.4], [0.9, 1.4], [-3.0, 0.2]], [[1.3, 0.4], [0.0, 0.2], [0.1, -0.2]]),
    ),
)

# --- embedding ------------------------------------------------------------------------------------

NEEDS_ROWS = {"empty": "with no rows every index is out of range", "0-d": "'weight' must be 2-D"}

_embedding = (
    *(
        OpCase(
            f"embedding {shape} padding_idx={padding_idx}",
            lambda t, w, k, p=padding_idx: F(t).embedding(k, w, p),
            shapes=((30, 6), shape),
            draw=("normal", indices(30)),
            skip=NEEDS_ROWS,
        )
        for shape, padding_idx in (((4,), None), ((80, 3), None), ((80,), 2), ((7, 30), -1))
    ),
    OpCase(
        "embedding of int32 and of one",
        lambda t, w, k: (F(t).embedding(k.int(), w), F(t).embedding(k[0], w)),
        shapes=((6, 5), (7,)),
        draw=("normal", indices(6)),
        skip=NEEDS_ROWS,
    ),
    *(
        OpCase(
            f"embedding max_norm norm_type={norm_type}",
            lambda t, k, n=norm_type: _cut(t, k, n),
            values=(np.array([0, 3, 3, 1]),),
            forward_ulp=1,
            why="the norm adds up in SIMD lanes in PyTorch",
        )
        for norm_type in (2.0, 1.0, float("inf"))
    ),
    OpCase(
        "embedding node",
        lambda t, w, k: F(t).embedding(k, w).grad_fn.name(),
        shapes=((6, 5), (7,)),
        draw=("normal", indices(6)),
        gradient=False,
        skip=NEEDS_ROWS,
    ),
)


def _cut(t: Any, k: Any, norm_type: float) -> Any:
    weight = t.tensor([[3.0, 4.0], [0.5, 0.1], [9.0, 9.0], [-7.0, 0.0]], requires_grad=True)
    out = F(t).embedding(k, weight, max_norm=1.0, norm_type=norm_type)
    (grad,) = t.autograd.grad(out.sum(), weight)
    return out.detach(), weight.detach(), weight._version, grad


CASES = (*_layer, *_batch_cases, *_lengths, *_embedding)

_X = [[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]]


def _mistake(name: str, function: str, *args: Any, **options: Any) -> ErrorCase:
    """The arguments are made by the engine: functions of t are called."""

    def run(t: Any) -> Any:
        given = [a(t) if callable(a) else a for a in args]
        named = {k: a(t) if callable(a) else a for k, a in options.items()}
        return getattr(F(t), function)(*given, **named)

    return ErrorCase(f"{function} {name}", run)


def _x(t: Any) -> Any:
    return t.tensor(_X)


def _double(t: Any) -> Any:
    return t.tensor(_X, dtype=t.float64)


def _long(t: Any) -> Any:
    return t.tensor([[1, 2, 3]])


def _ones(*shape: int, dtype: str = "float32", **options: Any) -> Any:
    return lambda t: t.ones(*shape, dtype=getattr(t, dtype), **options)


ERRORS = (
    _mistake("wrong shape", "layer_norm", _x, (4,)),
    _mistake("wrong shapes", "layer_norm", _x, (3, 2, 3)),
    _mistake("0-dim", "layer_norm", lambda t: t.tensor(1.0), (1,)),
    _mistake("no shape", "layer_norm", _x, ()),
    _mistake("an int", "layer_norm", _x, 3),
    _mistake("weight", "layer_norm", _x, (3,), _ones(2)),
    _mistake("bias", "layer_norm", _x, (3,), None, _ones(3, 1)),
    _mistake("integers", "layer_norm", _long, (3,)),
    _mistake("no tensor", "layer_norm", [1.0], (1,)),
    _mistake("weight of another dtype", "layer_norm", _double, (3,), _ones(3)),
    _mistake("wider weight", "layer_norm", _x, (3,), _ones(3, dtype="float64")),
    _mistake("bias of another dtype", "layer_norm", _x, (3,), _ones(3), _ones(3, dtype="float64")),
    _mistake("one value", "batch_norm", _ones(1, 3), None, None, training=True),
    _mistake("eps 0 in training", "batch_norm", _x, None, None, training=True, eps=0.0),
    _mistake("negative eps", "batch_norm", _x, _ones(3), _ones(3), eps=-1.0),
    _mistake("momentum", "batch_norm", _x, _ones(3), _ones(3), momentum=None),
    _mistake("no statistics", "batch_norm", _x, None, None),
    _mistake("no mean", "batch_norm", _x, None, _ones(3)),
    _mistake("no var", "batch_norm", _x, _ones(3), None),
    _mistake("no mean in training", "batch_norm", _x, None, _ones(3), training=True),
    _mistake("no var in training", "batch_norm", _x, _ones(3), None, training=True),
    _mistake("mean", "batch_norm", _x, _ones(2), _ones(3)),
    _mistake("var", "batch_norm", _x, _ones(3), _ones(4)),
    _mistake("weight", "batch_norm", _x, _ones(3), _ones(3), _ones(2)),
    _mistake("bias", "batch_norm", _x, _ones(3), _ones(3), _ones(3), _ones(2)),
    _mistake("one dim", "batch_norm", _ones(3), _ones(3), _ones(3)),
    _mistake("integers", "batch_norm", _long, None, None, training=False),
    _mistake("integers, statistics too", "batch_norm", _long, *[_ones(3, dtype="int64")] * 2),
    _mistake("narrower statistics", "batch_norm", _double, _ones(3), _ones(3)),
    _mistake("wider statistics", "batch_norm", _x, *[_ones(3, dtype="float64")] * 2, _ones(3)),
    _mistake("wider weight", "batch_norm", _x, _ones(3), _ones(3), _ones(3, dtype="float64")),
    _mistake("mean wants a gradient", "batch_norm", _x, _ones(3, requires_grad=True), _ones(3)),
    _mistake("sizes", "cosine_similarity", _x, _ones(2, 2)),
    _mistake("integers", "cosine_similarity", _long, _long),
    _mistake("dim", "cosine_similarity", _x, _x, 2),
    _mistake("dim", "normalize", _x, dim=2),
    _mistake("index", "embedding", _ones(1, dtype="int64"), _ones(1, 3)),
    _mistake("negative index", "embedding", lambda t: -t.ones(1).long(), _ones(5, 3)),
    _mistake("float index", "embedding", _x, _ones(5, 3)),
    _mistake("uint8 index", "embedding", _ones(1, dtype="uint8"), _ones(5, 3)),
    _mistake("vector", "embedding", _long, _ones(5)),
    _mistake("no tensor", "embedding", [1], _ones(5, 3)),
    _mistake("padding_idx", "embedding", _long, _ones(5, 3), 5),
    _mistake("padding_idx below", "embedding", _long, _ones(5, 3), -6),
)
