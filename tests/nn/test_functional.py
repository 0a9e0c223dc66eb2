"""nn.functional against torch.nn.functional: values, gradients, dtypes, options, errors.

The case table (reference/parity/cases/activation.py and loss.py) has the corners and the exact
budgets; here shapes, dtypes, layouts and options are drawn.
"""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import minitorch_clf
from minitorch_clf.nn import functional
from reference.parity.check import attempt

Array = NDArray[Any]

#: In rounding steps (2**-24 in float32) of the largest value around: a result, or what went in, for
#: 1 - y * y of a saturated y is rounded at 1. torch adds up in SIMD lanes, so sums end a few
#: roundings apart too; 32 covers the shapes drawn here.
STEPS = 32

#: The tanh form of gelu has the slope x * (1 - y * y) * sqrt(2 / pi) * (1 + 0.134 * x * x) / 2: at
#: x = 5 an ulp of tanh, and torch's is MKL's, two away, moves it by 17 steps.
GELU_STEPS = 64


def engines(name: str) -> tuple[Any, Any]:
    return getattr(torch.nn.functional, name), getattr(functional, name)


def largest(array: Array) -> float:
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max(initial=0.0))


def assert_close(ours: Any, theirs: torch.Tensor, magnitude: float, steps: int) -> None:
    assert str(ours.dtype) == str(theirs.dtype)
    actual, expected = ours.detach().numpy(), theirs.detach().numpy()
    assert actual.shape == expected.shape
    scale = max(largest(expected), magnitude)
    eps = np.finfo(expected.dtype).eps / 2
    np.testing.assert_allclose(actual, expected, rtol=0, atol=steps * eps * scale, equal_nan=True)


def both(name: str, arrays: list[Array], *args: Any, **kwargs: Any) -> None:
    """Compare the values, and the gradients of floating inputs for a random upstream gradient."""
    results = []
    for engine, function in zip((torch, minitorch_clf), engines(name), strict=True):
        leaves = [engine.tensor(a) for a in arrays]
        for leaf in leaves[: 1 if name in ("nll_loss", "cross_entropy") else 2]:
            if leaf.dtype.is_floating_point:
                leaf.requires_grad_()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # which warnings: see the case table
            out = function(*leaves, *args, **kwargs)
        grad = np.random.default_rng(1).normal(size=tuple(out.shape))
        out.backward(engine.tensor(grad, dtype=out.dtype))
        results.append((out, [leaf.grad for leaf in leaves if leaf.requires_grad]))
    (theirs, their_grads), (ours, our_grads) = results
    steps = GELU_STEPS if name == "gelu" else STEPS
    assert_close(ours, theirs, max(largest(a) for a in arrays if a.dtype.kind == "f"), steps)
    for actual, expected in zip(our_grads, their_grads, strict=True):
        assert_close(actual, expected, largest(grad), steps)


def floats(shape: Any, low: float = -8.0, high: float = 8.0) -> st.SearchStrategy[Array]:
    """Arrays with a dtype; bounded, because one overflow would leave nothing to compare."""
    return st.sampled_from((np.float32, np.float64)).flatmap(
        lambda dtype: hnp.arrays(
            dtype, shape, elements=st.floats(low, high, width=32, allow_subnormal=False)
        )
    )


shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=20)
reductions = st.sampled_from(("none", "mean", "sum"))

ACTIVATIONS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "relu": {},
    "leaky_relu": {"negative_slope": st.floats(-2, 2)},
    "hardtanh": {"min_val": st.floats(-3, 0), "max_val": st.floats(0, 3)},
    "relu6": {},
    "sigmoid": {},
    "tanh": {},
    "logsigmoid": {},
    "softplus": {"beta": st.floats(0.25, 4), "threshold": st.floats(1, 30)},
    "silu": {},
    "elu": {"alpha": st.floats(-2, 2)},
    "selu": {},
    "celu": {"alpha": st.floats(0.25, 4)},
    "gelu": {"approximate": st.sampled_from(("none", "tanh"))},
    "softsign": {},
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(data=st.data())
def test_activations(name: str, data: st.DataObject) -> None:
    options = data.draw(st.fixed_dictionaries(ACTIVATIONS[name]))
    both(name, [data.draw(floats(shapes))], **options)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
@given(data=st.data())
def test_softmax(name: str, data: st.DataObject) -> None:
    x = data.draw(floats(hnp.array_shapes(min_dims=1, max_dims=3, max_side=20)))
    both(name, [x], dim=data.draw(st.integers(-x.ndim, x.ndim - 1)))


PAIRS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "mse_loss": {},
    "l1_loss": {},
    "smooth_l1_loss": {"beta": st.sampled_from((0.0, 0.5, 1.0))},
    "huber_loss": {"delta": st.sampled_from((0.5, 1.0))},
    "kl_div": {"log_target": st.booleans()},
    "binary_cross_entropy": {},
    "binary_cross_entropy_with_logits": {},
}


@pytest.mark.parametrize("name", PAIRS)
@given(data=st.data(), reduction=reductions)
def test_losses_of_pairs(name: str, data: st.DataObject, reduction: str) -> None:
    low, high = (0.0625, 0.9375) if name == "binary_cross_entropy" else (-4.0, 4.0)
    x = data.draw(floats(hnp.array_shapes(max_dims=3, max_side=6), low, high))
    targets = st.floats(0.0625, 0.9375, width=32)
    y = data.draw(hnp.arrays(x.dtype, x.shape, elements=targets))
    both(name, [x, y], reduction=reduction, **data.draw(st.fixed_dictionaries(PAIRS[name])))


@given(data=st.data(), reduction=reductions)
def test_weights_of_binary_cross_entropy(data: st.DataObject, reduction: str) -> None:
    x = data.draw(floats((4, 3), 0.0625, 0.9375))
    y = np.ones_like(x) / 4
    weight = data.draw(hnp.arrays(x.dtype, st.sampled_from(((4, 3), (3,), (4, 1), ()))))
    weight = np.abs(np.nan_to_num(weight)) % 3
    both("binary_cross_entropy", [x, y, weight], reduction=reduction)


@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy"])
@given(data=st.data(), reduction=reductions)
def test_losses_by_class(name: str, data: st.DataObject, reduction: str) -> None:
    N, C, *rest = data.draw(hnp.array_shapes(min_dims=2, max_dims=5, max_side=5))
    x = data.draw(floats((N, C, *rest)))
    target = data.draw(hnp.arrays(np.int64, (N, *rest), elements=st.integers(0, C - 1)))
    options: dict[str, Any] = {
        "reduction": reduction,
        "ignore_index": data.draw(st.integers(-1, C)),
    }
    if name == "cross_entropy":
        options["label_smoothing"] = data.draw(st.sampled_from((0.0, 0.1, 1.0)))
    arrays = [x, target]
    if data.draw(st.booleans()):
        weights = st.floats(0.25, 4, width=32)
        arrays.append(data.draw(hnp.arrays(x.dtype, C, elements=weights)))
    both(name, arrays, **options)


@given(data=st.data(), reduction=reductions, smoothing=st.sampled_from((0.0, 0.3)))
def test_cross_entropy_of_probabilities(
    data: st.DataObject, reduction: str, smoothing: float
) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=5))
    x = data.draw(floats(shape))
    y = data.draw(hnp.arrays(x.dtype, shape, elements=st.floats(0, 1, width=32)))
    both("cross_entropy", [x, y], reduction=reduction, label_smoothing=smoothing)


@given(data=st.data(), p=st.sampled_from((0.0, 0.1, 0.5, 0.75, 1.0)), seed=st.integers(0, 2**40))
def test_dropout_drops_the_same_elements(data: st.DataObject, p: float, seed: int) -> None:
    x = data.draw(floats(shapes))
    axes = data.draw(st.permutations(range(x.ndim)))
    for engine in (torch, minitorch_clf):
        engine.manual_seed(seed)
    theirs = torch.nn.functional.dropout(torch.tensor(x).permute(axes), p)
    ours = functional.dropout(minitorch_clf.tensor(x).permute(axes), p)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    assert minitorch_clf.rand(1).item() == torch.rand(1).item()  # one stream


@given(data=st.data())
def test_linear(data: st.DataObject) -> None:
    lead = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    inside, outside = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    x = data.draw(floats((*lead, inside)))
    arrays = [x, np.ones((outside, inside), x.dtype)]
    if data.draw(st.booleans()):
        arrays.append(np.arange(outside, dtype=x.dtype))
    both("linear", arrays)


@given(
    classes=hnp.arrays(np.int64, hnp.array_shapes(max_dims=2), elements=st.integers(-1, 5)),
    num_classes=st.integers(-1, 6),
)
def test_one_hot(classes: Array, num_classes: int) -> None:
    theirs, ours = engines("one_hot")
    expected = attempt(lambda: theirs(torch.tensor(classes), num_classes).tolist())
    assert attempt(lambda: ours(minitorch_clf.tensor(classes), num_classes).tolist()) == expected


@given(
    name=st.sampled_from(("nll_loss", "cross_entropy")),
    shape=hnp.array_shapes(min_dims=0, max_dims=4, max_side=3),
    target=hnp.array_shapes(min_dims=0, max_dims=3, max_side=3),
    dtype=st.sampled_from(("int64", "int32", "uint8", "float32", "bool")),
    value=st.integers(0, 3),
)
def test_shapes_and_dtypes_that_do_not_fit(
    name: str, shape: tuple[int, ...], target: tuple[int, ...], dtype: str, value: int
) -> None:
    def run(engine: Any, function: Any) -> list[Any]:
        x = engine.zeros(shape)
        t = engine.full(target, value).to(getattr(engine, dtype))
        return [round(v, 5) for v in np.ravel(function(x, t, reduction="none").tolist())]

    theirs, ours = engines(name)
    assert attempt(lambda: run(minitorch_clf, ours)) == attempt(lambda: run(torch, theirs))


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    return [(p.name, p.default, p.kind) for p in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("name", [n for n in functional.__all__ if not n.endswith("_")])
def test_signatures(name: str) -> None:
    theirs, ours = engines(name)
    try:
        expected = parameters(theirs)
    except ValueError:
        pytest.skip("a builtin of PyTorch, without a signature to read")
    assert parameters(ours) == expected


def test_implicit_dim_warns_where_the_user_stands() -> None:
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax") as caught:
        functional.softmax(minitorch_clf.ones(2, 3))
    assert caught[0].filename == __file__


def test_legacy_reduction_warns_where_the_user_stands() -> None:
    x = minitorch_clf.ones(2)
    with pytest.warns(UserWarning, match="please use reduction='sum' instead") as caught:
        functional.mse_loss(x, x, size_average=False)
    assert caught[0].filename == __file__


def test_saved_values() -> None:
    """T21: relu and sigmoid save their result, so their input may be overwritten."""
    for name in ("relu", "sigmoid", "tanh"):
        x = minitorch_clf.tensor([0.5, -0.5], requires_grad=True)
        y = x * 1
        out = getattr(functional, name)(y)
        y.mul_(2)
        out.sum().backward()
