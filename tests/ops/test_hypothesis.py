"""The case table again with inputs nobody chose: drawn shapes, layouts, special values, indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reference.parity.case import OpCase
from reference.parity.cases import all_cases
from tests.ops.comparing import FLOATS, LAYOUTS, agrees, arrays

TABLE = all_cases()

#: Elementwise cases of the table, by the number of their inputs; each is right for any shape.
#: Those with integer or boolean draws have a dtype of their own and are left to the table.
ELEMENTWISE = {
    inputs: sorted(
        name
        for name, case in TABLE.items()
        if name.startswith(("pointwise/", "choice/"))
        and len(case.shapes) == inputs
        and "float32" in case.dtypes
        and isinstance(case.draw, str)
        and case.draw != "bool"
    )
    for inputs in (1, 2)
}


@given(st.data(), st.sampled_from(ELEMENTWISE[1]), FLOATS, LAYOUTS)
def test_one_input(data: st.DataObject, name: str, dtype: str, layout: str) -> None:
    x = data.draw(arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
    agrees(TABLE[name], [x], dtype, layout)


@given(st.data(), st.sampled_from(ELEMENTWISE[2]), FLOATS, LAYOUTS)
def test_two_inputs_broadcast(data: st.DataObject, name: str, dtype: str, layout: str) -> None:
    shapes = data.draw(
        hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=4)
    )
    x, y = (data.draw(arrays(dtype, shape)) for shape in shapes.input_shapes)
    if name.endswith("_") or "augmented" in name or "in-place" in name:
        x = np.ascontiguousarray(np.broadcast_to(x, shapes.result_shape))  # written in place
    agrees(TABLE[name], [x, y], dtype, layout)


DTYPES = st.sampled_from(("bool", "uint8", "int32", "int64", "float32", "float64"))
PROMOTING = {
    "+": lambda t, x, y: x + y,
    "*": lambda t, x, y: x * y,
    "/": lambda t, x, y: x / y,
    "maximum": lambda t, x, y: t.maximum(x, y),
    "==": lambda t, x, y: x == y,
    "<": lambda t, x, y: x < y,
    "where": lambda t, x, y: t.where(x > y, x, y),
    "logical_and": lambda t, x, y: t.logical_and(x, y),
}


@given(st.data(), st.sampled_from(sorted(PROMOTING)), DTYPES, DTYPES)
def test_two_dtypes(data: st.DataObject, name: str, left: str, right: str) -> None:
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3))
    inputs = [
        data.draw(arrays(d, s)) for d, s in zip((left, right), shapes.input_shapes, strict=True)
    ]
    agrees(OpCase(f"{left} {name} {right}", PROMOTING[name]), inputs, "float32")


REDUCTIONS = {
    "sum": (lambda t, x, **kw: t.sum(x, **kw), True),
    "mean": (lambda t, x, **kw: t.mean(x, **kw), True),
    "amax": (lambda t, x, **kw: t.amax(x, **kw), False),
    "amin": (lambda t, x, **kw: t.amin(x, **kw), False),
}


@given(st.data(), st.sampled_from(sorted(REDUCTIONS)), FLOATS, LAYOUTS, st.booleans())
def test_reductions(data: st.DataObject, name: str, dtype: str, layout: str, keepdim: bool) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=4))
    x = data.draw(arrays(dtype, shape))
    dims = data.draw(hnp.valid_tuple_axes(len(shape), min_size=1))
    reduce, adds = REDUCTIONS[name]
    options: dict[str, Any] = {"signed_zero": False, "why": "PyTorch's sign goes by SIMD lane"}
    if adds:
        options = {
            "forward_steps": 8,
            "magnitude": lambda t, x: reduce(t, x.abs(), dim=dims, keepdim=keepdim),
            "why": "PyTorch adds up in another order",
        }
    agrees(
        OpCase(name, lambda t, x: reduce(t, x, dim=dims, keepdim=keepdim), **options),
        [x],
        dtype,
        layout,
    )


SELECTIONS = {
    "max": lambda t, x, dim, keepdim: t.max(x, dim, keepdim),
    "min": lambda t, x, dim, keepdim: t.min(x, dim, keepdim),
    "argmax": lambda t, x, dim, keepdim: t.argmax(x, dim, keepdim),
    "argmin": lambda t, x, dim, keepdim: t.argmin(x, dim, keepdim),
    "all": lambda t, x, dim, keepdim: t.all(x, dim, keepdim),
    "any": lambda t, x, dim, keepdim: t.any(x, dim, keepdim),
    "stable sort": lambda t, x, dim, keepdim: t.sort(x, dim=dim, stable=True, descending=keepdim),
}


@given(st.data(), st.sampled_from(sorted(SELECTIONS)), FLOATS, LAYOUTS, st.booleans())
def test_selections(data: st.DataObject, name: str, dtype: str, layout: str, keepdim: bool) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=5))
    x, dim = data.draw(arrays(dtype, shape)), data.draw(st.integers(-len(shape), len(shape) - 1))
    agrees(OpCase(name, lambda t, x: SELECTIONS[name](t, x, dim, keepdim)), [x], dtype, layout)


@given(st.data(), DTYPES, LAYOUTS)
def test_permutations_and_reshapes(data: st.DataObject, dtype: str, layout: str) -> None:
    x = data.draw(arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)))
    order = data.draw(st.permutations(range(x.ndim)))
    cut = data.draw(st.integers(0, x.ndim))
    split = (
        int(np.prod([x.shape[k] for k in order[:cut]])),
        int(np.prod([x.shape[k] for k in order[cut:]])),
    )

    def fn(t: Any, x: Any) -> Any:
        y = x.permute(*order)
        return (
            y,
            y.reshape(split),
            y.flatten(),
            y.unsqueeze(cut),
            y.stride() if min(x.shape) > 1 else None,
        )

    agrees(OpCase("permute and reshape", fn), [x], dtype, layout)


@given(st.data(), DTYPES, LAYOUTS)
def test_expand(data: st.DataObject, dtype: str, layout: str) -> None:
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
    x, target = data.draw(arrays(dtype, shapes.input_shapes[0])), shapes.result_shape
    agrees(OpCase("expand", lambda t, x: x.expand(target)), [x], dtype, layout)


def _pythonic(key: Any) -> Any:
    """A drawn NumPy index as a PyTorch user writes it: index arrays are tensors."""
    return tuple(torch.tensor(k).tolist() if isinstance(k, np.ndarray) else k for k in key)


@st.composite
def basic_keys(draw: st.DrawFn, shape: tuple[int, ...]) -> Any:
    key = draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=5))
    parts = key if isinstance(key, tuple) else (key,)
    forward = lambda k: not (isinstance(k, slice) and k.step is not None and k.step < 0)  # noqa: E731
    return tuple(k if forward(k) else slice(None) for k in parts)  # PyTorch has no negative steps


@given(st.data(), DTYPES, LAYOUTS)
def test_basic_indices(data: st.DataObject, dtype: str, layout: str) -> None:
    x = data.draw(arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=4, max_side=4)))
    key = data.draw(basic_keys(x.shape))
    agrees(OpCase("read", lambda t, x: x[key]), [x], dtype, layout)

    def write(t: Any, x: Any, y: Any) -> Any:
        out = x.clone()
        out[key] = y
        return out

    value = data.draw(arrays(dtype, np.shape(x[key])))
    agrees(OpCase("write", write), [x, value], dtype, layout)


@given(st.data(), DTYPES, LAYOUTS, st.booleans())
def test_index_tensors(data: st.DataObject, dtype: str, layout: str, after_a_slice: bool) -> None:
    x = data.draw(arrays(dtype, hnp.array_shapes(min_dims=2, max_dims=4, max_side=4)))
    shape = x.shape[1:] if after_a_slice else x.shape
    count = data.draw(st.integers(1, len(shape)))
    index_shapes = hnp.array_shapes(max_dims=2, max_side=3)
    keys = data.draw(hnp.integer_array_indices(shape[:count], result_shape=index_shapes))

    def key(t: Any) -> Any:
        head = (slice(None),) if after_a_slice else ()
        return head + tuple(t.tensor(k) for k in keys)

    agrees(OpCase("read", lambda t, x: x[key(t)]), [x], dtype, layout)


@given(st.data(), DTYPES, LAYOUTS)
def test_masks(data: st.DataObject, dtype: str, layout: str) -> None:
    x = data.draw(arrays(dtype, hnp.array_shapes(max_dims=3, max_side=4)))
    mask = data.draw(hnp.arrays(np.bool_, x.shape[: data.draw(st.integers(1, x.ndim))]))

    def fn(t: Any, x: Any, mask: Any) -> Any:
        out = x.clone()
        out[mask] = 1
        return x[mask], out

    agrees(OpCase("mask", fn), [x, mask], dtype, layout)


@given(st.data(), FLOATS, LAYOUTS)
def test_matmul(data: st.DataObject, dtype: str, layout: str) -> None:
    """Whole numbers, so that every order of adding gives the same bits."""
    k = data.draw(st.integers(1, 6))
    batches = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3))
    left, right = batches.input_shapes
    rows, columns = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    x_shape = data.draw(st.sampled_from(((k,), (*left, rows, k))))
    y_shape = data.draw(st.sampled_from(((k,), (*right, k, columns))))
    whole = st.integers(-9, 9).map(float)
    x, y = (data.draw(hnp.arrays(dtype, shape, elements=whole)) for shape in (x_shape, y_shape))
    case = OpCase("matmul", lambda t, x, y: x @ y, backward_steps=8, why="the order of adding up")
    agrees(case, [x, y], dtype, layout)
