"""Activations, softmax, dropout and linear, as functions of torch.nn.functional and as methods.

On a machine with AVX2 the float32 values and gradients are PyTorch's to the bit, gelu's and tanh's
excepted. The budgets are for float64, where PyTorch takes exp and log from SLEEF and we from libm,
and for AVX-512, where PyTorch's loops hand other elements to libm than ours do.
"""

from __future__ import annotations

from typing import Any

from reference.parity.case import ErrorCase, OpCase

NAN, INF = float("nan"), float("inf")
SLEEF = "float64: SLEEF's exp and log1p against libm's; float32: AVX-512 loops end elsewhere"
SHARE = SLEEF + "; each gradient is a product or a quotient of such values"
ERF = "PyTorch's float32 gelu comes from oneDNN, with an erf good to 1e-7 of 1, not to an ulp"
TANH = "MKL's tanh against NumPy's; the gradient multiplies by 1 - out * out, which cancels near 1"
ROWS = SLEEF + "; the terms of a row cancel, so it is counted at the row's largest value"

ONE = ((33, 7),)
EDGES = [-INF, -200.0, -104.0, -88.0, -16.7, -1.0, -1e-4, -1e-45, -0.0, 0.0, 1e-45, 1e-4]
EDGES += [0.5, 1.0, 6.0, 17.0, 20.0, 20.00001, 88.7, 200.0, INF, NAN]
#: The same in PyTorch's vector loop, which takes 16 values at a time, and in its scalar loop.
LOOPS_DISAGREE = "PyTorch's vector loop and its scalar loop, for strided input, disagree at nan"
BOTH_LOOPS = ((EDGES + EDGES[:10] + [0.3] * 3,), (EDGES[3:18],))


def F(t: Any) -> Any:
    return t.nn.functional


def _in_place(name: str, *args: Any) -> Any:
    """A function with inplace=True on an inner tensor: value, identity, name of the node."""

    def run(t: Any, x: Any) -> Any:
        y = x * 1
        out = getattr(F(t), name)(y, *args, inplace=True)
        return out, out is y, out.grad_fn.name() if out.requires_grad else None

    return run


def _node(t: Any, x: Any) -> list[str]:
    """The names of the nodes that the activations leave."""
    f = F(t)
    outs = [f.relu(x), f.leaky_relu(x), f.softplus(x), f.selu(x), f.elu(x), f.celu(x), f.gelu(x)]
    outs += [f.gelu(x, approximate="tanh"), f.silu(x), f.sigmoid(x), f.tanh(x), f.logsigmoid(x)]
    outs += [f.hardtanh(x), f.relu6(x), f.softmax(x, 1), f.log_softmax(x, 1), f.softmin(x, 1)]
    outs += [f.dropout(x), x.relu(), x.sigmoid(), x.tanh(), x.softmax(0), x.log_softmax(0)]
    return [out.grad_fn.name() for out in outs]


_EXACT: dict[str, Any] = {
    "relu": lambda t, x: F(t).relu(x),
    "relu method": lambda t, x: x.relu(),
    "leaky_relu": lambda t, x: F(t).leaky_relu(x),
    "T6 leaky_relu slope above 1": lambda t, x: F(t).leaky_relu(x, 2.0),
    "T6 leaky_relu slope below 0": lambda t, x: F(t).leaky_relu(x, negative_slope=-0.5),
    "hardtanh": lambda t, x: F(t).hardtanh(x),
    "hardtanh bounds": lambda t, x: F(t).hardtanh(x, -0.5, 2.0),
    "relu6": lambda t, x: F(t).relu6(x),
}

_CURVED: dict[str, Any] = {
    "sigmoid": lambda t, x: F(t).sigmoid(x),
    "softplus": lambda t, x: F(t).softplus(x),
    "softplus beta": lambda t, x: F(t).softplus(x, beta=2.5, threshold=3),
    "T9 softplus threshold on x * beta": lambda t, x: F(t).softplus(x, 10, 0.4),
    "T12 softplus negative beta": lambda t, x: F(t).softplus(x, -1.0),
    "softplus large threshold": lambda t, x: F(t).softplus(x, threshold=1000),
    "selu": lambda t, x: F(t).selu(x),
    "elu": lambda t, x: F(t).elu(x),
    "elu alpha": lambda t, x: F(t).elu(x, 0.7),
    "celu": lambda t, x: F(t).celu(x),
    "celu alpha": lambda t, x: F(t).celu(x, alpha=1.7),
    "silu": lambda t, x: F(t).silu(x),
    "logsigmoid": lambda t, x: F(t).logsigmoid(x),
}

_SMOOTH: dict[str, Any] = {
    "gelu": lambda t, x: F(t).gelu(x),
    "gelu tanh": lambda t, x: F(t).gelu(x, approximate="tanh"),
}

_SOFTMAX: dict[str, Any] = {
    "softmax": lambda t, x: F(t).softmax(x, dim=1),
    "softmax rows": lambda t, x: x.softmax(-1),
    "softmax first dim": lambda t, x: x.softmax(0),
    "softmin": lambda t, x: F(t).softmin(x, dim=1),
    "log_softmax": lambda t, x: F(t).log_softmax(x, dim=1),
    "log_softmax rows": lambda t, x: x.log_softmax(-1),
    "log_softmax first dim": lambda t, x: x.log_softmax(0),
}
_ALONG_1 = {"0-d": "dim 1 of a 0-dim tensor does not exist"}


def _curved(name: str, fn: Any, **inputs: Any) -> OpCase:
    return OpCase(name, fn, forward_ulp=4, backward_ulp=8, backward_steps=4, why=SHARE, **inputs)


def _rows(name: str, fn: Any, **inputs: Any) -> OpCase:
    return OpCase(
        name,
        fn,
        forward_ulp=4,
        forward_steps=8,
        backward_ulp=8,
        backward_steps=16,
        why=ROWS,
        **inputs,
    )


CASES = (
    *(OpCase(name, fn, ONE) for name, fn in _EXACT.items()),
    *(
        OpCase(
            f"{name}, edges, {len(values[0])}", fn, values=values, skip={"strided": LOOPS_DISAGREE}
        )
        for name, fn in _EXACT.items()
        for values in BOTH_LOOPS
    ),
    *(_curved(name, fn, shapes=ONE) for name, fn in _CURVED.items()),
    *(
        _curved(
            f"{name}, edges, {len(values[0])}", fn, values=values, skip={"strided": LOOPS_DISAGREE}
        )
        for name, fn in _CURVED.items()
        for values in BOTH_LOOPS
    ),
    *(
        OpCase(
            name,
            fn,
            ONE,
            forward_steps=6,
            backward_steps=16,
            signed_zero=False,
            why=ERF,
        )
        for name, fn in _SMOOTH.items()
    ),
    OpCase(
        "tanh",
        lambda t, x: F(t).tanh(x),
        ONE,
        forward_ulp=1,
        backward_ulp=2,
        backward_steps=4,
        why=TANH,
    ),
    OpCase(
        "softsign",
        lambda t, x: F(t).softsign(x),
        ONE,
        backward_ulp=2,
        backward_steps=2,
        why="PyTorch divides by the denominator twice, in another order",
    ),
    # --- softmax ---
    *(
        _rows(name, fn, shapes=((33, 10),), skip=_ALONG_1 if "dim=1" in name else {})
        for name, fn in _SOFTMAX.items()
    ),
    *(
        _rows(f"{name}, three dims", fn, shapes=((3, 5, 4),), draw="wide")
        for name, fn in _SOFTMAX.items()
    ),
    *(
        _rows(f"{name}, long rows", fn, shapes=((5, 1001),))
        for name, fn in _SOFTMAX.items()
        if "rows" in name
    ),
    *(
        _rows(f"T38 {name}, {label}", fn, values=([row],))
        for name, fn in _SOFTMAX.items()
        for label, row in (
            ("all -inf", [-INF, -INF]),
            ("an inf", [INF, 0.0]),
            ("a -inf", [-INF, 1.0, 2.0]),
            ("a nan", [NAN, 1.0]),
            ("T39 equal and far left", [-1000.0, -1000.0]),
            ("T41 far apart", [0.0, -200.0, 5.0]),
            ("one class", [3.0]),
        )
    ),
    _rows(
        "T40 rows of different size",
        lambda t, x: x.log_softmax(1),
        values=([[1.0, 2.0], [1000.0, 1001.0]],),
    ),
    _rows("softmax to float64", lambda t, x: x.softmax(0, dtype=t.float64), shapes=ONE),
    _rows(
        "log_softmax to float32",
        lambda t, x: F(t).log_softmax(x, 0, dtype=t.float32),
        shapes=ONE,
        dtypes=("float32",),
    ),
    _rows(
        "softmax of integers in a dtype",
        lambda t: t.tensor([1, 2, 5]).softmax(0, dtype=t.float32),
    ),
    _rows(
        "softmax is contiguous",
        lambda t, x: x.softmax(0).view(-1),
        shapes=((4, 3),),
        skip={"0-d": "seen with a dimension", "transposed": "PyTorch keeps the strides"},
    ),
    _rows("softmax without dim warns", lambda t, x: F(t).softmax(x), shapes=((4, 3),)),
    _rows("log_softmax without dim warns", lambda t, x: F(t).log_softmax(x), shapes=((4, 3, 2),)),
    # --- corners of the table ---
    # Twenty values: sixteen for PyTorch's vector loop, four for the scalar loop after it.
    OpCase("T1 relu at 0", lambda t, x: F(t).relu(x), values=([0.0, -0.0, 1.0, -1.0] * 5,)),
    OpCase(
        "T2 relu of nan, whose gradient is 1",
        lambda t, x: F(t).relu(x),
        values=([NAN, 1.0, -1.0, 0.0] * 5,),
    ),
    OpCase("T3 relu keeps -0.0", lambda t, x: (F(t).relu(x), x.relu()), values=([-0.0] * 20,)),
    *(
        OpCase(
            f"T5 leaky_relu at 0, slope {slope}",
            lambda t, x, slope=slope: F(t).leaky_relu(x, slope),
            values=([0.0, -0.0, 1.0, -1.0] * 5,),
        )
        for slope in (0.01, 0.3, -2.0)
    ),
    OpCase(
        "T7 leaky_relu of nan, whose gradient is the slope",
        lambda t, x: F(t).leaky_relu(x, 0.3),
        values=([NAN, 1.0, -1.0, 0.0] * 5,),
    ),
    _curved(
        "T11 softplus is log1p(exp(x)): inf at 800 without a threshold, 100 with one",
        lambda t, x: (F(t).softplus(x, threshold=1000), F(t).softplus(x)),
        values=([800.0, 100.0, 30.0, 1.0, -1.0] * 4,),
    ),
    OpCase("T13 selu at 0, from the left", lambda t, x: F(t).selu(x), values=([0.0, -0.0] * 10,)),
    OpCase(
        "T14 selu constants to the last digit",
        lambda t, x: F(t).selu(x),
        values=([1.0, 2.0, -INF, 4.0] * 5,),
    ),
    OpCase(
        "T16 selu of nan, whose gradient is nan in the vector loop and a constant after it",
        lambda t, x: F(t).selu(x),
        values=([NAN, 1.0, NAN, NAN] * 5,),
        skip={"strided": LOOPS_DISAGREE},
    ),
    OpCase(
        "T20 elu, hardtanh and relu6 at their corners",
        lambda t, x: (F(t).elu(x, 0.7), F(t).celu(x), F(t).hardtanh(x), F(t).relu6(x)),
        values=([0.0, -0.0, 1.0, 6.0, 2.0] * 4,),
    ),
    OpCase("T20 hardtanh at -1", lambda t, x: F(t).hardtanh(x), values=([-1.0, -2.0, 0.5] * 7,)),
    _curved("T15 selu small negative", lambda t, x: F(t).selu(x), values=([-1e-4, -3e-5, -1e-7],)),
    _curved("T17 sigmoid far left", lambda t, x: F(t).sigmoid(x), values=([-89.0, -104.0],)),
    _curved("T18 sigmoid gradient", lambda t, x: F(t).sigmoid(x), values=([17.0, -17.0],)),
    _curved(
        "T10 softplus second derivative beyond the threshold",
        lambda t, x: F(t).softplus(x, 1, 2),
        values=([1.9, 2.1, 30.0, -3.0],),
    ),
    OpCase(
        "T19 integers",
        lambda t: [
            F(t).relu(t.tensor([-1, 0, 2])),
            F(t).relu6(t.tensor([-1, 9], dtype=t.int32)),
            F(t).hardtanh(t.tensor([-3, 0, 2])),
            t.tensor([2], dtype=t.uint8).relu(),
        ],
    ),
    _curved(
        "T19 sigmoid of integers",
        lambda t: (t.tensor([0, 1]).sigmoid(), F(t).sigmoid(t.tensor([True]))),
    ),
    *(
        _curved(
            f"in place: {name}",
            _in_place(name, *args),
            shapes=ONE,
            skip={"special": LOOPS_DISAGREE} if "elu" in name[-3:] and name != "relu" else {},
        )
        for name, *args in (
            ("relu",),
            ("leaky_relu", 0.1),
            ("elu", 0.5),
            ("selu",),
            ("celu", 2.0),
            ("silu",),
            ("hardtanh",),
            ("relu6",),
        )
    ),
    _curved("in place: sigmoid_", lambda t, x: (x * 1).sigmoid_(), shapes=ONE),
    OpCase("in place: relu_", lambda t, x: (x * 1).relu_(), ONE),
    OpCase("nodes", _node, ((4, 3),), gradient=False, skip={"0-d": "dim 1 does not exist"}),
    # --- dropout, linear, one_hot ---
    *(
        OpCase(
            f"T119 dropout {p}",
            lambda t, x, p=p: (t.manual_seed(3), F(t).dropout(x, p), F(t).dropout(x, p))[1:],
            ((33, 7),),
            skip={"strided": "whether a copy of a slice keeps gaps is up to its engine"},
        )
        for p in (0.1, 0.5, 0.9, 0.0, 1.0)
    ),
    OpCase(
        "dropout in evaluation and in place",
        lambda t, x: (
            t.manual_seed(5),
            F(t).dropout(x, training=False) is x,
            F(t).dropout(x * 1, 0.3, True, True),
            t.rand(2),
        )[1:],
        ((5, 3),),
        skip={"strided": "whether a copy of a slice keeps gaps is up to its engine"},
    ),
    *(
        OpCase(
            f"linear {label}",
            lambda t, x, *w: F(t).linear(x, *w),
            shapes,
            draw="whole",
            backward_steps=8,
            why="BLAS and MKL add up in another order; sums of whole numbers do not show it",
            skip={"0-d": "a weight needs a dimension"},
        )
        for label, shapes in (
            ("2-d", ((6, 5), (4, 5), (4,))),
            ("1-d", ((5,), (4, 5), (4,))),
            ("3-d", ((2, 3, 5), (4, 5), (4,))),
            ("2-d, no bias", ((6, 5), (4, 5))),
            ("1-d, no bias", ((5,), (4, 5))),
            ("4-d, no bias", ((2, 2, 3, 5), (4, 5))),
            ("vector weight", ((6, 5), (5,))),
        )
    ),
    OpCase(
        "one_hot",
        lambda t: (
            F(t).one_hot(t.tensor([0, 2])),
            F(t).one_hot(t.tensor([[0, 2], [1, 1]]), 5),
            F(t).one_hot(t.tensor(1), num_classes=3),
            F(t).one_hot(t.empty(0, dtype=t.int64), 3),
        ),
    ),
)


def _stale(operation: Any) -> Any:
    """The input is written into after the operation saved it."""

    def run(t: Any) -> None:
        x = t.full((3,), 0.5, requires_grad=True)
        y = x * 1
        z = operation(F(t), y)
        y.mul_(2)
        z.sum().backward()

    return run


def _backward_in_place(name: str, *args: float) -> Any:
    def run(t: Any) -> None:
        x = t.tensor([-1.0, 2.0], requires_grad=True)
        getattr(F(t), name)(x * 1, *args, inplace=True).sum().backward()

    return run


def _with_integers(name: str, *args: Any) -> Any:
    return lambda t: getattr(F(t), name)(t.tensor([1, 2]), *args)


ERRORS = (
    *(
        ErrorCase(
            f"T21 {name} saves its input", _stale(lambda f, y, name=name: getattr(f, name)(y))
        )
        for name in ("softplus", "leaky_relu", "selu", "gelu", "silu", "logsigmoid", "hardtanh")
    ),
    ErrorCase("T8 in-place leaky_relu", _backward_in_place("leaky_relu", -0.1)),
    ErrorCase("in-place elu", _backward_in_place("elu", -1.0)),
    ErrorCase("in-place celu", _backward_in_place("celu", -2.0)),
    *(
        ErrorCase(f"T19 {name} of integers", _with_integers(name, *args))
        for name, *args in (
            ("leaky_relu",),
            ("softplus",),
            ("selu",),
            ("elu",),
            ("celu",),
            ("gelu",),
            ("silu",),
            ("logsigmoid",),
            ("softmax", 0),
            ("log_softmax", 0),
            ("dropout",),
        )
    ),
    ErrorCase("relu of bool", lambda t: t.tensor([True]).relu()),
    ErrorCase("relu6 of bool", lambda t: F(t).relu6(t.tensor([True]))),
    ErrorCase("hardtanh of uint8", lambda t: F(t).hardtanh(t.tensor([1], dtype=t.uint8))),
    ErrorCase("hardtanh bounds", lambda t: F(t).hardtanh(t.ones(2), 2, 1)),
    ErrorCase("celu alpha 0", lambda t: F(t).celu(t.ones(2), 0.0)),
    ErrorCase("gelu approximate", lambda t: F(t).gelu(t.ones(2), approximate="fast")),
    ErrorCase("softmax dim", lambda t: t.ones(2, 3).softmax(2)),
    ErrorCase("softmax 0-d dim", lambda t: F(t).log_softmax(t.tensor(1.0), 1)),
    ErrorCase("softmax dim a string", lambda t: t.ones(2).softmax("a")),
    ErrorCase("softmax integer dtype", lambda t: t.ones(2).softmax(0, dtype=t.int64)),
    ErrorCase("relu of a list", lambda t: F(t).relu([1.0])),
    ErrorCase("softplus of a number", lambda t: F(t).softplus(1.0)),
    ErrorCase("relu_ of a leaf", lambda t: F(t).relu_(t.ones(2, requires_grad=True))),
    ErrorCase("dropout p", lambda t: F(t).dropout(t.ones(2), 1.5)),
    ErrorCase("dropout negative p", lambda t: F(t).dropout(t.ones(2), -0.1)),
    ErrorCase("one_hot too small", lambda t: F(t).one_hot(t.tensor([0, 2]), 2)),
    ErrorCase("one_hot negative", lambda t: F(t).one_hot(t.tensor([-1]))),
    ErrorCase("one_hot float", lambda t: F(t).one_hot(t.tensor([1.0]))),
    ErrorCase("one_hot empty", lambda t: F(t).one_hot(t.empty(0, dtype=t.int64))),
    ErrorCase("linear sizes", lambda t: F(t).linear(t.ones(2, 5), t.ones(4, 3), t.ones(4))),
    ErrorCase("linear sizes, no bias", lambda t: F(t).linear(t.ones(2, 5), t.ones(4, 3))),
    ErrorCase("linear sizes, 3-d", lambda t: F(t).linear(t.ones(2, 2, 5), t.ones(4, 3), t.ones(4))),
    ErrorCase("linear bias", lambda t: F(t).linear(t.ones(2, 3), t.ones(4, 3), t.ones(3))),
    ErrorCase("T89 linear dtypes", lambda t: F(t).linear(t.ones(2, 3).double(), t.ones(4, 3))),
    ErrorCase(
        "T89 linear dtypes, bias",
        lambda t: F(t).linear(t.ones(2, 3).double(), t.ones(4, 3), t.ones(4)),
    ),
    ErrorCase("linear 0-d", lambda t: F(t).linear(t.tensor(1.0), t.ones(4, 3), t.ones(4))),
    ErrorCase("linear 3-d weight", lambda t: F(t).linear(t.ones(2, 3), t.ones(2, 4, 3))),
)
