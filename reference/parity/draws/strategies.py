"""What Hypothesis draws: an operation, written as a line of Python, and inputs nobody chose.

    example = PROPERTIES["a reduction"].example()
    example.body      'return t.sum(x, dim=(0, 2), keepdim=True)'
    example.case      an OpCase with that function and the drawn inputs

The operation is text, so that a failing example can be printed as a script.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reference.parity.case import Array, OpCase
from reference.parity.draws.formulas import elementwise, function

SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, math.inf, -math.inf, math.nan, 1e-45, -1e-40)
LAYOUTS = st.sampled_from(("plain", "transposed", "strided"))
FLOATS = st.sampled_from(("float32", "float64"))
DTYPES = st.sampled_from(("bool", "uint8", "int32", "int64", "float32", "float64"))
NO_LAYOUT = st.just("plain")


@dataclass(frozen=True)
class Example:
    """One draw.

    case      its inputs, its function and its budget
    body      the function's statements, of t and the inputs x, y, z
    """

    case: OpCase
    body: str
    dtype: str
    layout: str


# --- values ---------------------------------------------------------------------------------------


def elements(dtype: str, largest: float = 1e3) -> st.SearchStrategy[float]:
    """Floats of every size up to `largest`, and often a value where functions have a corner."""
    drawn = st.floats(
        -largest, largest, width=32 if dtype == "float32" else 64, allow_subnormal=True
    )
    return st.one_of(st.sampled_from(SPECIAL), drawn)


def arrays(dtype: str, shape: Any, **kw: Any) -> st.SearchStrategy[Array]:
    if dtype == "bool":
        return hnp.arrays(dtype, shape)
    if not dtype.startswith("float"):
        return hnp.arrays(dtype, shape, elements=st.integers(0 if dtype == "uint8" else -9, 9))
    return hnp.arrays(dtype, shape, elements=elements(dtype, **kw))


shapes = hnp.array_shapes


def two_shapes(max_dims: int, max_side: int, min_side: int = 1) -> st.SearchStrategy[Any]:
    """Two shapes that broadcast, `input_shapes`, and their `result_shape`."""
    return hnp.mutually_broadcastable_shapes(
        num_shapes=2, max_dims=max_dims, min_side=min_side, max_side=max_side
    )


# --- examples -------------------------------------------------------------------------------------


def example(
    body: str, inputs: list[Array], dtype: str, layout: str = "plain", **budget: Any
) -> Example:
    """The statements `body` of t and the inputs, with a budget as OpCase takes it."""
    return like(
        OpCase(body.removeprefix("return "), _unwritten, **budget), body, inputs, dtype, layout
    )


def like(
    case: OpCase, body: str, inputs: list[Array], dtype: str, layout: str = "plain"
) -> Example:
    """The statements with the name and the budget of a case."""
    fn = function(body, len(inputs))
    drawn = replace(case, fn=fn, shapes=(), values=tuple(inputs), draw="normal", skip={})
    return Example(drawn, body, dtype, layout)


def _unwritten(t: Any, *inputs: Any) -> Any:
    raise NotImplementedError


# --- properties -----------------------------------------------------------------------------------


_POWER = "PyTorch raises one number alone to a power in another loop than eight, 3 ulp from NumPy's"


@st.composite
def one_input(draw: st.DrawFn) -> Example:
    formula = draw(st.sampled_from(list(elementwise(1).values())))
    dtype, layout = draw(FLOATS), draw(LAYOUTS)
    x = draw(arrays(dtype, shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
    case = formula.like
    if "**" in formula.body:  # NumPy's float32 power of a subnormal number is 16 ulp off
        x = np.where((x != 0) & (np.abs(x) < np.finfo(dtype).tiny), 0, x).astype(dtype)
        case = replace(case, forward_ulp=4, backward_ulp=8, why=_POWER)
    return like(case, formula.body, [x], dtype, layout)


#: 0.02 %: the upstream gradient is random, so the terms of such a sum may leave next to nothing.
_CANCELS = 4096
_SUMMED = "a gradient that sums over other axes does so in another order, and its terms may cancel"


@st.composite
def two_inputs(draw: st.DrawFn) -> Example:
    formula = draw(st.sampled_from(list(elementwise(2).values())))
    dtype, layout = draw(FLOATS), draw(LAYOUTS)
    drawn = draw(two_shapes(max_dims=3, min_side=0, max_side=4))
    x, y = (draw(arrays(dtype, shape)) for shape in drawn.input_shapes)
    if "out" in formula.body:  # written in place
        x = np.ascontiguousarray(np.broadcast_to(x, drawn.result_shape))
    case = formula.like
    if x.shape != y.shape:
        steps, why = (
            max(case.backward_steps, _CANCELS),
            "; ".join(filter(None, (case.why, _SUMMED))),
        )
        case = replace(case, backward_steps=steps, why=why)
    return like(case, formula.body, [x, y], dtype, layout)


_PROMOTING = (
    *("x + y", "x * y", "x / y", "t.maximum(x, y)", "x == y", "x < y"),
    *("t.where(x > y, x, y)", "t.logical_and(x, y)"),
)


@st.composite
def two_dtypes(draw: st.DrawFn) -> Example:
    body = draw(st.sampled_from(_PROMOTING))
    drawn = draw(two_shapes(max_dims=2, max_side=3))
    inputs = [draw(arrays(draw(DTYPES), shape)) for shape in drawn.input_shapes]
    return example(f"return {body}", inputs, "float32", backward_steps=_CANCELS, why=_SUMMED)


#: Rounded correctly, or not at all: also a chain of them has PyTorch's bits.
_EXACT = ("{} + {}", "{} - {}", "{} * {}", "{} / {}", "t.maximum({}, {})", "t.minimum({}, {})")
_EXACT_OF_ONE = ("-{}", "{}.abs()", "t.relu({})", "{}.sqrt()", "{}.clamp(-1.5, 2.0)")


@st.composite
def expressions(draw: st.DrawFn) -> Example:
    """Several operations on two inputs of one shape: gradients that meet, in PyTorch's order."""
    dtype, layout = draw(FLOATS), draw(LAYOUTS)
    parts = ["x", "y"]
    for _ in range(draw(st.integers(2, 5))):
        text = draw(st.sampled_from(_EXACT + _EXACT_OF_ONE))
        picked = [draw(st.sampled_from(parts)) for _ in range(text.count("{}"))]
        parts.append(f"({text.format(*picked)})")
    shape = draw(shapes(min_dims=0, max_dims=2, max_side=3))
    whole = st.sampled_from((0.5, 1.0, 3.0, -2.0, 0.0, 7.0, -0.25, math.inf))
    x, y = (draw(hnp.arrays(dtype, shape, elements=whole)) for _ in range(2))
    return example(f"return {parts[-1][1:-1]}", [x, y], dtype, layout)


_ORDER = "PyTorch adds up in another order"
_LANES = "PyTorch's sign goes by SIMD lane"
_START = "; whether a sum of zeros starts from 0.0 or from its first term is up to the library"


@st.composite
def reductions(draw: st.DrawFn) -> Example:
    name, dtype, layout = (
        draw(st.sampled_from(("sum", "mean", "amax", "amin"))),
        draw(FLOATS),
        draw(LAYOUTS),
    )
    shape = draw(shapes(min_dims=1, max_dims=4, max_side=4))
    x = draw(arrays(dtype, shape))
    dims, keepdim = draw(hnp.valid_tuple_axes(len(shape), min_size=1)), draw(st.booleans())
    options = f"dim={dims}, keepdim={keepdim}"
    budget: dict[str, Any] = {"signed_zero": False, "why": _LANES}
    if name in ("sum", "mean"):
        bound = function(f"return t.{name}(x.abs(), {options})", 1)
        budget = {"forward_steps": 8, "magnitude": bound, "why": _ORDER}
    return example(f"return t.{name}(x, {options})", [x], dtype, layout, **budget)


_SELECTIONS = ("max", "min", "argmax", "argmin", "all", "any", "sort")


@st.composite
def selections(draw: st.DrawFn) -> Example:
    name, dtype, layout = draw(st.sampled_from(_SELECTIONS)), draw(FLOATS), draw(LAYOUTS)
    shape, flag = draw(shapes(min_dims=1, max_dims=3, max_side=5)), draw(st.booleans())
    x, dim = draw(arrays(dtype, shape)), draw(st.integers(-len(shape), len(shape) - 1))
    options = f"stable=True, descending={flag}" if name == "sort" else f"keepdim={flag}"
    return example(f"return t.{name}(x, dim={dim}, {options})", [x], dtype, layout)


@st.composite
def permutations(draw: st.DrawFn) -> Example:
    """Permuted, reshaped, flattened, with an axis more; and the strides where they matter."""
    dtype, layout = draw(DTYPES), draw(LAYOUTS)
    x = draw(arrays(dtype, shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)))
    order, cut = draw(st.permutations(range(x.ndim))), draw(st.integers(0, x.ndim))
    split = [math.prod(x.shape[k] for k in part) for part in (order[:cut], order[cut:])]
    strides = "y.stride()" if min(x.shape) > 1 else "None"
    return example(
        f"y = x.permute({str(list(order))[1:-1]}); "
        f"return y, y.reshape({split}), y.flatten(), y.unsqueeze({cut}), {strides}",
        [x],
        dtype,
        layout,
    )


@st.composite
def expansions(draw: st.DrawFn) -> Example:
    dtype, layout = draw(DTYPES), draw(LAYOUTS)
    drawn = draw(two_shapes(max_dims=3, max_side=3))
    x = draw(arrays(dtype, drawn.input_shapes[0]))
    body = f"return x.expand({list(drawn.result_shape)})"
    return example(body, [x], dtype, layout, backward_steps=_CANCELS, why=_SUMMED)


def _key(parts: Any) -> str:
    """An index as it is written: 0:2, None, ..."""

    def text(part: Any) -> str:
        if isinstance(part, slice):
            ends = ["" if end is None else str(end) for end in (part.start, part.stop)]
            return ":".join([*ends, *([] if part.step is None else [str(part.step)])])
        return "..." if part is Ellipsis else repr(part)

    parts = parts if isinstance(parts, tuple) else (parts,)
    return ", ".join(map(text, parts)) if parts else "()"


@st.composite
def keys(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Integers, slices, None and ...; PyTorch has no slices with negative steps."""
    key = draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=5))
    parts = key if isinstance(key, tuple) else (key,)
    return tuple(
        slice(None) if isinstance(k, slice) and k.step is not None and k.step < 0 else k
        for k in parts
    )


@st.composite
def reading(draw: st.DrawFn) -> Example:
    dtype, layout = draw(DTYPES), draw(LAYOUTS)
    x = draw(arrays(dtype, shapes(min_dims=1, max_dims=4, max_side=4)))
    return example(f"return x[{_key(draw(keys(x.shape)))}]", [x], dtype, layout)


@st.composite
def writing(draw: st.DrawFn) -> Example:
    dtype, layout = draw(DTYPES), draw(LAYOUTS)
    x = draw(arrays(dtype, shapes(min_dims=1, max_dims=4, max_side=4)))
    key = draw(keys(x.shape))
    y = draw(arrays(dtype, np.shape(x[key])))
    return example(f"out = x.clone(); out[{_key(key)}] = y; return out", [x, y], dtype, layout)


@st.composite
def index_tensors(draw: st.DrawFn) -> Example:
    dtype, layout, behind = draw(DTYPES), draw(LAYOUTS), draw(st.booleans())
    x = draw(arrays(dtype, shapes(min_dims=2, max_dims=4, max_side=4)))
    shape = x.shape[1:] if behind else x.shape
    indexed = shape[: draw(st.integers(1, len(shape)))]
    drawn = draw(hnp.integer_array_indices(indexed, result_shape=shapes(max_dims=2, max_side=3)))
    key = ", ".join([*([":"] if behind else []), *(f"t.tensor({k.tolist()})" for k in drawn)])
    return example(f"return x[{key}]", [x], dtype, layout)


@st.composite
def masks(draw: st.DrawFn) -> Example:
    dtype, layout = draw(DTYPES), draw(LAYOUTS)
    x = draw(arrays(dtype, shapes(max_dims=3, max_side=4)))
    mask = draw(hnp.arrays(np.bool_, x.shape[: draw(st.integers(1, x.ndim))]))
    return example("out = x.clone(); out[y] = 1; return x[y], out", [x, mask], dtype, layout)


@st.composite
def products(draw: st.DrawFn) -> Example:
    """Matrices, vectors and batches of whole numbers: every order of adding has the same bits."""
    dtype, layout, k = draw(FLOATS), draw(LAYOUTS), draw(st.integers(1, 6))
    left, right = draw(two_shapes(max_dims=2, max_side=3)).input_shapes
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    whole = st.integers(-9, 9).map(float)
    x = draw(hnp.arrays(dtype, draw(st.sampled_from(((k,), (*left, rows, k)))), elements=whole))
    y = draw(hnp.arrays(dtype, draw(st.sampled_from(((k,), (*right, k, columns)))), elements=whole))
    budget = {"backward_steps": _CANCELS, "signed_zero": False, "why": _SUMMED + _START}
    return example("return x @ y", [x, y], dtype, layout, **budget)


_BENDS = ("relu(x)", "leaky_relu(x, {a})", "hardtanh(x, -{b}, {b})")
_CURVES = (
    *("sigmoid(x)", "silu(x)", "logsigmoid(x)", "selu(x)", "elu(x, {a})"),
    "softplus(x, {b}, {b})",
)
_SLEEF = "PyTorch takes exp and log from SLEEF; each gradient is a product of such values"


@st.composite
def activations(draw: st.DrawFn) -> Example:
    dtype, layout = draw(FLOATS), draw(LAYOUTS)
    numbers = {
        "a": draw(st.sampled_from((0.01, 0.5, 1.0, 2.0))),
        "b": draw(st.sampled_from((0.5, 3.0))),
    }
    x = draw(arrays(dtype, shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
    curved = draw(st.booleans())
    body = draw(st.sampled_from(_CURVES if curved else _BENDS)).format(**numbers)
    if curved or "hardtanh" in body:
        x = np.where(np.isnan(x), 0.5, x)  # T16: at nan PyTorch's vector and scalar loop disagree
    budget: dict[str, Any] = {}
    if curved:
        budget = {"forward_ulp": 4, "backward_ulp": 8, "backward_steps": 4, "why": _SLEEF}
    return example(f"return t.nn.functional.{body}", [x], dtype, layout, **budget)


@st.composite
def losses(draw: st.DrawFn) -> Example:
    """Losses of logits or numbers of a size that no loss overflows at, with their options."""
    dtype, layout = draw(FLOATS), draw(LAYOUTS)
    reduction = draw(st.sampled_from(("none", "mean", "sum")))
    N, C = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    x = draw(arrays(dtype, (N, C), largest=50))
    x = np.nan_to_num(x, posinf=3.0, neginf=-3.0)
    positive = draw(st.sampled_from((0.1, 1.0, 3.0)))
    name = draw(
        st.sampled_from(
            (
                "mse_loss",
                "l1_loss",
                "smooth_l1_loss",
                "huber_loss",
                "cross_entropy",
                "binary_cross_entropy_with_logits",
            )
        )
    )
    option = {"smooth_l1_loss": f", beta={positive}", "huber_loss": f", delta={positive}"}
    if name == "cross_entropy":
        y = draw(hnp.arrays(np.int64, (N,), elements=st.integers(0, C - 1)))
        option[name] = f", label_smoothing={draw(st.sampled_from((0.0, 0.1)))}"
    else:
        y = draw(hnp.arrays(dtype, (N, C), elements=st.sampled_from((0.0, 1.0, 0.25))))
    body = f"return t.nn.functional.{name}(x, y, reduction={reduction!r}{option.get(name, '')})"
    budget = {"forward_ulp": 4, "forward_steps": 8, "backward_ulp": 8, "backward_steps": 16}
    return example(body, [x, y], dtype, layout, why=f"{_ORDER}; {_SLEEF}", **budget)


PROPERTIES: Mapping[str, Callable[[], st.SearchStrategy[Example]]] = {
    "one input": one_input,
    "two inputs": two_inputs,
    "two dtypes": two_dtypes,
    "expressions": expressions,
    "reductions": reductions,
    "selections": selections,
    "permutations": permutations,
    "expansions": expansions,
    "reading": reading,
    "writing": writing,
    "index tensors": index_tensors,
    "masks": masks,
    "products": products,
    "activations": activations,
    "losses": losses,
}
