"""Less common activations: pieces of lines, and gates."""

from __future__ import annotations

from typing import Any

from reference.parity.case import ErrorCase, OpCase

INF, NAN = float("inf"), float("nan")
ONE = ((33, 7),)
LOOPS = {"special": "PyTorch's vector loop and its scalar loop disagree at nan"}
DIVIDED = "PyTorch multiplies by a rounded 1 / 6 or 1 / 3 in its vector loop, and divides elsewhere"
ZEROS = "near 0, PyTorch's vector loop gives 0.0 and its scalar loop x * 0, which may be -0.0"
NO_SECOND = {**LOOPS, "second order": "PyTorch has none for hardsigmoid; ours is 0"}
EXPONENTIAL = "exp, log1p and tanh are SLEEF's and MKL's in PyTorch, NumPy's here"
EDGES = [-INF, -3.5, -3.0, -1.0, -0.5, -0.2, -0.0, 0.0, 0.2, 0.5, 1.0, 3.0, 3.5, INF]


def F(t: Any) -> Any:
    return t.nn.functional


_LINES: dict[str, tuple[Any, dict[str, Any]]] = {
    "threshold": (lambda t, x: F(t).threshold(x, 0.2, 7.0), {}),
    "threshold in place": (lambda t, x: _in_place(t, x, "threshold", 0.2, -1.0), {}),
    "hardshrink": (lambda t, x: F(t).hardshrink(x), {}),
    "hardshrink lambd": (lambda t, x: F(t).hardshrink(x, 1.0), {}),
    "softshrink": (lambda t, x: F(t).softshrink(x), {}),
    "softshrink lambd": (lambda t, x: F(t).softshrink(x, 0), {}),
    "hardsigmoid": (lambda t, x: F(t).hardsigmoid(x), {"ulp": 1}),
    "hardsigmoid in place": (lambda t, x: _in_place(t, x, "hardsigmoid"), {"ulp": 1}),
    "hardswish": (lambda t, x: F(t).hardswish(x), {"ulp": 2, "steps": 2}),
    "hardswish in place": (lambda t, x: _in_place(t, x, "hardswish"), {"ulp": 2, "steps": 2}),
}

_GATES: dict[str, Any] = {
    "mish": lambda t, x: F(t).mish(x),
    "mish in place": lambda t, x: _in_place(t, x, "mish"),
    "tanhshrink": lambda t, x: F(t).tanhshrink(x),
}


def _in_place(t: Any, x: Any, name: str, *args: Any) -> Any:
    y = x * 1
    out = getattr(F(t), name)(y, *args, inplace=True)
    return out, out is y, out.grad_fn.name() if out.requires_grad else None


def _line(name: str, fn: Any, ulp: float = 0, steps: float = 0, **inputs: Any) -> OpCase:
    signed_zero = not name.startswith("softshrink")
    return OpCase(
        name,
        fn,
        forward_ulp=ulp,
        backward_ulp=ulp,
        backward_steps=steps,
        signed_zero=signed_zero,
        why=DIVIDED if signed_zero else ZEROS,
        skip=NO_SECOND if name.startswith("hardsigmoid") else LOOPS,
        **inputs,
    )


def _gate(name: str, fn: Any, **rest: Any) -> OpCase:
    budget = {"forward_ulp": 4, "forward_steps": 4, "backward_ulp": 8, "backward_steps": 8}
    return OpCase(name, fn, **{**budget, "why": EXPONENTIAL, "skip": LOOPS, **rest})


CASES = (
    *(_line(name, fn, shapes=ONE, **budget) for name, (fn, budget) in _LINES.items()),
    *(
        _line(f"{name}, edges", fn, values=(EDGES,), **budget)
        for name, (fn, budget) in _LINES.items()
    ),
    *(_gate(name, fn, shapes=ONE) for name, fn in _GATES.items()),
    _gate(
        "mish far from 0",
        _GATES["mish"],
        shapes=((40,),),
        draw="wide",
        backward_ulp=16,
        backward_steps=256,
        why=EXPONENTIAL + "; 1 - t * t cancels where t is near 1, and is then multiplied by x",
    ),
    OpCase("threshold of integers", lambda t: F(t).threshold(t.tensor([1, 2, 3]), 2.5, 7)),
    *(
        OpCase(
            f"prelu {shape} {slopes}",
            lambda t, x, w: F(t).prelu(x, w),
            shapes=(shape, slopes),
            backward_ulp=4,
            backward_steps=8,
            why="the gradient of a slope adds up in SIMD lanes in PyTorch",
            skip={"0-d": "a 0-dim input has no channels"},
        )
        for shape, slopes in (
            ((33, 7), (1,)),
            ((9, 5), (5,)),
            ((4, 5, 3), (5,)),
            ((2, 5, 2, 2), (5,)),
        )
    ),
    *(
        _gate(
            f"glu dim={dim}",
            lambda t, x, d=dim: F(t).glu(x, d),
            shapes=((4, 6, 8),),
            skip={**LOOPS, "0-d": "PyTorch refuses: see the errors"},
        )
        for dim in (-1, 1, 0)
    ),
    OpCase(
        "nodes",
        lambda t, x, w: (
            [
                getattr(F(t), name)(x).grad_fn.name()
                for name in ("hardswish", "hardsigmoid", "mish", "softshrink", "hardshrink", "glu")
            ]
            + [F(t).threshold(x, 0, 1).grad_fn.name(), F(t).prelu(x, w).grad_fn.name()]
        ),
        shapes=((4, 6), (1,)),
        gradient=False,
        skip={"0-d": "glu refuses it"},
    ),
)


def _mistake(name: str, function: str, *args: Any) -> ErrorCase:
    return ErrorCase(
        f"{function} {name}",
        lambda t: getattr(F(t), function)(*[a(t) if callable(a) else a for a in args]),
    )


ERRORS = (
    *(
        _mistake(what, name, x, *([0, 0] if name == "threshold" else []))
        for name in (
            *("hardswish", "hardsigmoid", "mish", "softshrink", "hardshrink", "glu", "threshold"),
            "tanhshrink",
        )
        for what, x in (
            ("of integers", lambda t: t.tensor([[1, 2]])),
            ("of bool", lambda t: t.tensor([True, False])),
            ("of a list", [1.0]),
        )
        if (what, name) not in {("of integers", "threshold"), ("of integers", "tanhshrink")}
    ),
    _mistake("negative lambd", "softshrink", lambda t: t.ones(2), -1.5),
    _mistake("negative lambd in float64", "softshrink", lambda t: t.ones(2).double(), -1.5),
    _mistake("nan lambd", "softshrink", lambda t: t.ones(2), NAN),
    _mistake("odd", "glu", lambda t: t.ones(2, 3)),
    _mistake("0-dim", "glu", lambda t: t.tensor(1.0)),
    _mistake("dim", "glu", lambda t: t.ones(2, 2), 2),
    _mistake("channels", "prelu", lambda t: t.ones(2, 3), lambda t: t.ones(2)),
    _mistake("channels of a vector", "prelu", lambda t: t.ones(2), lambda t: t.ones(2)),
    _mistake("channels of 0-dim", "prelu", lambda t: t.tensor(1.0), lambda t: t.ones(2)),
    _mistake("matrix", "prelu", lambda t: t.ones(2), lambda t: t.ones(1, 1)),
    _mistake("dtypes", "prelu", lambda t: t.ones(2).double(), lambda t: t.ones(1)),
    _mistake("number", "prelu", lambda t: t.ones(2), 0.5),
)
