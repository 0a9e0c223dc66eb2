"""Layers, activations, losses and containers: constructed, printed and called as PyTorch's are.

The formulas behind them are tested with nn.functional; here a module must pass its options on, so
it must agree with PyTorch's closely and with our own functional form exactly.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minitorch_clf
from tests.nn.twin import attempt, plain, same

#: (name, constructor arguments, functional form)
ACTIVATIONS: list[tuple[str, dict[str, Any], Any]] = [
    ("Identity", {}, lambda t, x: x),
    ("ReLU", {}, lambda t, x: t.nn.functional.relu(x)),
    ("ReLU6", {}, lambda t, x: t.nn.functional.relu6(x)),
    ("LeakyReLU", {}, lambda t, x: t.nn.functional.leaky_relu(x)),
    ("LeakyReLU", {"negative_slope": 0.2}, lambda t, x: t.nn.functional.leaky_relu(x, 0.2)),
    ("Hardtanh", {}, lambda t, x: t.nn.functional.hardtanh(x)),
    (
        "Hardtanh",
        {"min_val": -0.5, "max_val": 2.0},
        lambda t, x: t.nn.functional.hardtanh(x, -0.5, 2.0),
    ),
    ("ELU", {}, lambda t, x: t.nn.functional.elu(x)),
    ("ELU", {"alpha": 0.7}, lambda t, x: t.nn.functional.elu(x, 0.7)),
    ("CELU", {"alpha": 0.7}, lambda t, x: t.nn.functional.celu(x, 0.7)),
    ("SELU", {}, lambda t, x: t.nn.functional.selu(x)),
    ("SiLU", {}, lambda t, x: t.nn.functional.silu(x)),
    ("GELU", {}, lambda t, x: t.nn.functional.gelu(x)),
    ("GELU", {"approximate": "tanh"}, lambda t, x: t.nn.functional.gelu(x, approximate="tanh")),
    ("Sigmoid", {}, lambda t, x: t.sigmoid(x)),
    ("Tanh", {}, lambda t, x: t.tanh(x)),
    ("LogSigmoid", {}, lambda t, x: t.nn.functional.logsigmoid(x)),
    ("Softplus", {}, lambda t, x: t.nn.functional.softplus(x)),
    (
        "Softplus",
        {"beta": 2.0, "threshold": 1.0},
        lambda t, x: t.nn.functional.softplus(x, 2.0, 1.0),
    ),
    ("Softmax", {"dim": 0}, lambda t, x: t.nn.functional.softmax(x, 0)),
    ("Softmax", {"dim": -1}, lambda t, x: t.nn.functional.softmax(x, -1)),
    ("Softmin", {"dim": 1}, lambda t, x: t.nn.functional.softmin(x, 1)),
    ("LogSoftmax", {"dim": 0}, lambda t, x: t.nn.functional.log_softmax(x, 0)),
    ("Hardsigmoid", {}, lambda t, x: t.nn.functional.hardsigmoid(x)),
    ("Hardswish", {}, lambda t, x: t.nn.functional.hardswish(x)),
    ("Mish", {}, lambda t, x: t.nn.functional.mish(x)),
    (
        "Threshold",
        {"threshold": 0.5, "value": -1.0},
        lambda t, x: t.nn.functional.threshold(x, 0.5, -1.0),
    ),
    ("Hardshrink", {}, lambda t, x: t.nn.functional.hardshrink(x)),
    ("Hardshrink", {"lambd": 1.5}, lambda t, x: t.nn.functional.hardshrink(x, 1.5)),
    ("Softshrink", {"lambd": 1.5}, lambda t, x: t.nn.functional.softshrink(x, 1.5)),
    ("Tanhshrink", {}, lambda t, x: t.nn.functional.tanhshrink(x)),
    ("Softsign", {}, lambda t, x: t.nn.functional.softsign(x)),
    ("PReLU", {}, lambda t, x: t.nn.functional.prelu(x, t.tensor([0.25]))),
    ("PReLU", {"init": 0.5}, lambda t, x: t.nn.functional.prelu(x, t.tensor([0.5]))),
]

INPLACE = ["ReLU", "ReLU6", "LeakyReLU", "Hardtanh", "ELU", "CELU", "SELU", "SiLU"]
INPLACE += ["Hardsigmoid", "Hardswish", "Mish"]

#: exp and its kin differ by up to 4 ULP between the libraries; a softmax adds up a few of them. In
#: a GELU, 1 + erf(x) cancels: rounding steps of the largest value, 7.
ULP = 16
STEPS = 8

arrays = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=st.floats(-8, 8, width=32),
)


def gradients(t: Any, function: Any, x: Any) -> Any:
    """The function's value, and the gradient for an upstream gradient that differs everywhere."""
    x = t.tensor(x.tolist(), requires_grad=True)
    out = function(x)
    out.backward(t.linspace(-1.0, 2.0, out.numel()).reshape(out.shape))
    return out, x.grad


@pytest.mark.parametrize("index", range(len(ACTIVATIONS)))
@given(x=arrays)
def test_activation_is_its_functional_form(index: int, x: Any) -> None:
    name, options, functional = ACTIVATIONS[index]
    t = minitorch_clf
    module = getattr(t.nn, name)(**options)
    as_module = plain(gradients(t, module, x))
    as_function = plain(gradients(t, lambda x: functional(t, x), x))
    for ours, expected in zip(as_module, as_function, strict=True):
        assert ours["array"].tobytes() == expected["array"].tobytes()


X = [[-3.0, -0.5, 0.25], [0.5, 1.0, 7.0]]


@pytest.mark.parametrize("index", range(len(ACTIVATIONS)))
def test_activation_is_pytorchs(index: int) -> None:
    name, options, _ = ACTIVATIONS[index]

    def program(t: Any) -> Any:
        module = getattr(t.nn, name)(**options)
        return repr(module), list(module.state_dict()), gradients(t, module, np.array(X))

    same(program, **({"steps": STEPS} if name == "GELU" else {"ulp": ULP}))


@pytest.mark.parametrize("name", INPLACE)
def test_inplace(name: str) -> None:
    def program(t: Any) -> Any:
        module = getattr(t.nn, name)(inplace=True)
        x = t.tensor(X)
        out = module(x)
        leaf = t.tensor(X, requires_grad=True)
        return repr(module), out is x, x, attempt(lambda: module(leaf))

    same(program, ulp=ULP)


@pytest.mark.parametrize("name", ["Softmax", "Softmin", "LogSoftmax"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 2)])
def test_softmax_without_dim_guesses_and_warns(name: str, shape: Any) -> None:
    def program(t: Any) -> Any:
        module = getattr(t.nn, name)()
        return repr(module), module(t.zeros(shape))

    same(program, ulp=ULP)


# --- linear, flatten, dropout ---------------------------------------------------------------------

LAYERS = [
    lambda t: t.nn.Linear(3, 2),
    lambda t: t.nn.Linear(3, 2, bias=False),
    lambda t: t.nn.Linear(3, 2, True, "cpu", t.float64),
    lambda t: t.nn.Linear(3, 2, device=t.device("cpu")),
    lambda t: t.nn.Linear(in_features=3, out_features=2),
    lambda t: t.nn.Linear(0, 2),
    lambda t: t.nn.Linear(3, 0),
    lambda t: t.nn.Identity(3, unused=4),
    lambda t: t.nn.Flatten(),
    lambda t: t.nn.Flatten(0, -1),
    lambda t: t.nn.Unflatten(1, (1, 3)),
    lambda t: t.nn.Unflatten(dim=-1, unflattened_size=[3, -1]),
    lambda t: t.nn.Unflatten(1, t.Size([1, 3])),
    lambda t: t.nn.Unflatten(1, 3),
    lambda t: t.nn.Unflatten(1, (1.0, 3)),
    lambda t: t.nn.Dropout(),
    lambda t: t.nn.Dropout(0.2, inplace=True),
    lambda t: t.nn.Dropout(0),
    lambda t: t.nn.Dropout(1.0),
    lambda t: t.nn.Dropout(1.5),
    lambda t: t.nn.Dropout(-0.1),
    lambda t: t.nn.Hardtanh(1.0, 1.0),
    lambda t: t.nn.Hardtanh(min_value=-2.0, max_value=3.0),
    lambda t: t.nn.GLU(0),
    lambda t: t.nn.GLU(),
    lambda t: t.nn.PReLU(3, device="cpu"),
    lambda t: t.nn.PReLU(2, 0.1),
    lambda t: t.nn.Threshold(0.5, 2, inplace=True),
    lambda t: t.nn.Softshrink(-1.0),
    lambda t: t.nn.Hardswish(inplace=True),
    lambda t: t.nn.Linear(3, 2, "cpu", dtype=3),
    lambda t: t.nn.Linear(3),
]


@pytest.mark.parametrize("index", range(len(LAYERS) - 2))
def test_layer(index: int) -> None:
    def program(t: Any) -> Any:
        layer = LAYERS[index](t)
        x = t.linspace(-1, 1, 6, dtype=t.float64 if index == 2 else t.float32).reshape(2, 3)
        return repr(layer), layer.state_dict(), attempt(lambda: layer(x))

    same(program, steps=8)  # three products that may cancel


@given(st.integers(0, 2**32), st.floats(0, 1), st.booleans())
def test_dropout_mask_is_pytorchs(seed: int, p: float, training: bool) -> None:
    def program(t: Any) -> Any:
        t.manual_seed(seed)
        layer = t.nn.Dropout(p).train(training)
        x = t.ones(7, 5, requires_grad=True)
        out = layer(x)
        out.sum().backward()
        return out, x.grad, t.rand(1)

    same(program)


# --- losses ---------------------------------------------------------------------------------------

P = [[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]
LOSSES: list[tuple[Any, Any, Any]] = [
    (lambda t: t.nn.L1Loss(), X, P),
    (lambda t: t.nn.L1Loss(reduction="sum"), X, P),
    (lambda t: t.nn.MSELoss(), X, P),
    (lambda t: t.nn.MSELoss(reduction="none"), X, P),
    (lambda t: t.nn.MSELoss(reduction="sum"), X, P),
    (lambda t: t.nn.MSELoss(reduction="other"), X, P),
    (lambda t: t.nn.MSELoss(size_average=False), X, P),
    (lambda t: t.nn.MSELoss(reduce=False), X, P),
    (lambda t: t.nn.MSELoss(False, True), X, P),
    (lambda t: t.nn.MSELoss(True, True), X, P),
    (lambda t: t.nn.SmoothL1Loss(), X, P),
    (lambda t: t.nn.SmoothL1Loss(reduction="sum", beta=0.5), X, P),
    (lambda t: t.nn.SmoothL1Loss(beta=0), X, P),
    (lambda t: t.nn.HuberLoss(), X, P),
    (lambda t: t.nn.HuberLoss("none", 0.5), X, P),
    (lambda t: t.nn.HuberLoss(delta="x"), X, P),
    (lambda t: t.nn.BCELoss(), P, P),
    (lambda t: t.nn.BCELoss(t.tensor([1.0, 2.0, 3.0]), reduction="sum"), P, P),
    (lambda t: t.nn.BCELoss(), X, P),
    (lambda t: t.nn.BCEWithLogitsLoss(), X, P),
    (lambda t: t.nn.BCEWithLogitsLoss(t.tensor([1.0, 2.0, 3.0])), X, P),
    (lambda t: t.nn.BCEWithLogitsLoss(pos_weight=t.tensor([1.0, 2.0, 3.0])), X, P),
    (lambda t: t.nn.NLLLoss(), X, [0, 2]),
    (lambda t: t.nn.NLLLoss(t.tensor([1.0, 2.0, 3.0])), X, [0, 2]),
    (lambda t: t.nn.NLLLoss(ignore_index=2, reduction="sum"), X, [0, 2]),
    (lambda t: t.nn.NLLLoss(), X, [0, 3]),
    (lambda t: t.nn.CrossEntropyLoss(), X, [0, 2]),
    (lambda t: t.nn.CrossEntropyLoss(), X, P),
    (lambda t: t.nn.CrossEntropyLoss(t.tensor([1.0, 2.0, 3.0])), X, [0, 2]),
    (lambda t: t.nn.CrossEntropyLoss(ignore_index=0, reduction="none"), X, [0, 2]),
    (lambda t: t.nn.CrossEntropyLoss(label_smoothing=0.1), X, [0, 2]),
    (lambda t: t.nn.CrossEntropyLoss(label_smoothing=0.1, reduction="sum"), X, P),
    (lambda t: t.nn.KLDivLoss(reduction="batchmean"), X, P),
    (lambda t: t.nn.KLDivLoss(reduction="sum", log_target=True), X, X),
]


@pytest.mark.parametrize("index", range(len(LOSSES)))
def test_loss(index: int) -> None:
    make, input, target = LOSSES[index]

    def program(t: Any) -> Any:
        loss = make(t)
        x = t.tensor(input, requires_grad=True)
        out = loss(x, t.tensor(target))
        out.sum().backward()
        return repr(loss), loss.state_dict(), out, x.grad

    same(program, ulp=ULP)


def test_weights_are_buffers() -> None:
    def program(t: Any) -> Any:
        loss = t.nn.BCEWithLogitsLoss(t.ones(3), pos_weight=t.full((3,), 2.0)).double()
        return loss.weight, loss.pos_weight, loss.state_dict(), [n for n, _ in loss.named_buffers()]

    same(program)


# --- containers -----------------------------------------------------------------------------------


def chain(t: Any) -> Any:
    return t.nn.Sequential(t.nn.Linear(2, 2), t.nn.ReLU(), t.nn.Linear(2, 1))


SEQUENTIALS = [
    lambda t, s: s,
    lambda t, s: t.nn.Sequential(),
    lambda t, s: t.nn.Sequential(OrderedDict(a=t.nn.ReLU(), b=s)),
    lambda t, s: t.nn.Sequential({"a": t.nn.ReLU()}),
    lambda t, s: t.nn.Sequential(3),
    lambda t, s: len(s),
    lambda t, s: [type(m).__name__ for m in s],
    lambda t, s: s[0],
    lambda t, s: s[-1],
    lambda t, s: s[3],
    lambda t, s: s[-4],
    lambda t, s: s["0"],
    lambda t, s: s[1:],
    lambda t, s: (s[:2][0] is s[0], list(s[1:].state_dict())),
    lambda t, s: s[::-1],
    lambda t, s: t.nn.Sequential(OrderedDict(a=t.nn.ReLU(), b=s))[1:],
    lambda t, s: (s.__setitem__(1, t.nn.Tanh()), s),
    lambda t, s: (s.__setitem__(-1, t.nn.Tanh()), s),
    lambda t, s: s.__setitem__(5, t.nn.Tanh()),
    lambda t, s: s.__setitem__(0, 5),
    lambda t, s: (s.__delitem__(0), s),
    lambda t, s: (s.__delitem__(slice(0, 2)), s),
    lambda t, s: s.__delitem__(7),
    lambda t, s: (s.pop(1), s),
    lambda t, s: (s.pop(slice(0, 1)), s),
    lambda t, s: s.append(t.nn.Tanh()),
    lambda t, s: s.append(3),
    lambda t, s: s.extend([t.nn.Tanh(), t.nn.Sigmoid()]),
    lambda t, s: s.extend(t.nn.Sequential(t.nn.Tanh())),
    lambda t, s: s.insert(0, t.nn.Tanh()),
    lambda t, s: s.insert(-1, t.nn.Tanh()),
    lambda t, s: s.insert(3, t.nn.Tanh()),
    lambda t, s: s.insert(4, t.nn.Tanh()),
    lambda t, s: s.insert(0, 3),
    lambda t, s: s + t.nn.Sequential(t.nn.Tanh()),
    lambda t, s: s.__add__([t.nn.Tanh()]),
    lambda t, s: s.__iadd__(t.nn.Sequential(t.nn.Tanh())),
    lambda t, s: s * 2,
    lambda t, s: 2 * s,
    lambda t, s: s.__imul__(3),
    lambda t, s: s * 0,
    lambda t, s: s * 1.5,
    lambda t, s: (s * 2)[0] is (s * 2)[3],
    lambda t, s: s(t.ones(1, 2)),
    lambda t, s: t.nn.Sequential()(t.ones(1)),
    lambda t, s: 3 in s,
]

LISTS = [
    lambda t, m: m,
    lambda t, m: t.nn.ModuleList(),
    lambda t, m: t.nn.ModuleList([m, m]),
    lambda t, m: t.nn.ModuleList(t.nn.Linear(2, 2) for _ in range(3)),
    lambda t, m: t.nn.ModuleList([chain(t), chain(t), t.nn.ReLU()]),
    lambda t, m: (len(m), m[0], m[-1], m[1:], m[1] is list(m)[1]),
    lambda t, m: m[3],
    lambda t, m: (m.__setitem__(1, t.nn.Tanh()), m),
    lambda t, m: (m.__delitem__(0), m),
    lambda t, m: (m.__delitem__(slice(0, None, 2)), m),
    lambda t, m: (m.pop(0), m),
    lambda t, m: (m.insert(1, t.nn.Tanh()), m),
    lambda t, m: m.append(t.nn.Tanh()),
    lambda t, m: m.extend([t.nn.Tanh()]),
    lambda t, m: m.extend(3),
    lambda t, m: m.__iadd__([t.nn.Tanh()]),
    lambda t, m: m.__add__([t.nn.Tanh()]),
    lambda t, m: m(3),
    lambda t, m: list(m.state_dict()),
]

DICTS = [
    lambda t, d: d,
    lambda t, d: t.nn.ModuleDict(),
    lambda t, d: t.nn.ModuleDict([["x", t.nn.ReLU()], ("y", t.nn.Tanh())]),
    lambda t, d: t.nn.ModuleDict(d),
    lambda t, d: t.nn.ModuleDict(3),
    lambda t, d: t.nn.ModuleDict([3]),
    lambda t, d: t.nn.ModuleDict([[1, 2, 3]]),
    lambda t, d: (len(d), list(d), list(d.keys()), list(d.values()), list(d.items()), "a" in d),
    lambda t, d: d["a"],
    lambda t, d: d["z"],
    lambda t, d: d.a,
    lambda t, d: (d.__setitem__("a", t.nn.Tanh()), d),
    lambda t, d: (d.__delitem__("a"), d),
    lambda t, d: (d.pop("a"), d),
    lambda t, d: d.pop("z"),
    lambda t, d: (d.clear(), d),
    lambda t, d: (d.update({"z": t.nn.Tanh()}), d),
    lambda t, d: d.update({"keys": t.nn.Tanh()}),
    lambda t, d: list(d.state_dict()),
]


@pytest.mark.parametrize("index", range(len(SEQUENTIALS)))
def test_sequential(index: int) -> None:
    same(lambda t: SEQUENTIALS[index](t, chain(t)), steps=8)  # two products that may cancel


@pytest.mark.parametrize("index", range(len(LISTS)))
def test_module_list(index: int) -> None:
    def program(t: Any) -> Any:
        layers = [t.nn.Linear(2, 2), t.nn.Linear(2, 2), t.nn.ReLU()]
        return LISTS[index](t, t.nn.ModuleList(layers))

    same(program)


@pytest.mark.parametrize("index", range(len(DICTS)))
def test_module_dict(index: int) -> None:
    def program(t: Any) -> Any:
        return DICTS[index](t, t.nn.ModuleDict({"b": t.nn.Linear(2, 1), "a": t.nn.ReLU()}))

    same(program)


def test_a_container_may_be_added_to_itself() -> None:
    """In PyTorch: "dictionary changed size during iteration"."""
    nn = minitorch_clf.nn
    chained, listed = nn.Sequential(nn.ReLU(), nn.Tanh()), nn.ModuleList([nn.ReLU()])
    chained += chained
    listed.extend(listed)
    assert [type(m).__name__ for m in chained] == ["ReLU", "Tanh", "ReLU", "Tanh"]
    assert len(listed) == 2


def test_subclass_of_sequential_keeps_its_class() -> None:
    def program(t: Any) -> Any:
        class Stack(t.nn.Sequential):
            pass

        stack = Stack(t.nn.ReLU(), t.nn.Tanh())
        return [type(s).__name__ for s in (stack, stack[:1], stack + stack, stack * 2)]

    same(program)


def test_every_public_name_is_pytorchs() -> None:
    public = set(minitorch_clf.nn.__all__)
    assert sorted(name for name in public if getattr(torch.nn, name, None) is None) == []
    with pytest.raises(AttributeError, match="has no attribute 'Conv2d'"):
        minitorch_clf.nn.Conv2d


PARAMETER_LISTS = [
    lambda t, p: p,
    lambda t, p: t.nn.ParameterList(),
    lambda t, p: t.nn.ParameterList(t.ones(2)),
    lambda t, p: t.nn.ParameterList(3),
    lambda t, p: (len(p), p[0], p[-1], p[3], list(p), p[1:]),
    lambda t, p: p[4],
    lambda t, p: (p.__setitem__(1, t.ones(3)), p, p[1]),
    lambda t, p: (p.append(t.ones(1)), p),
    lambda t, p: (p.extend([t.ones(1), "text"]), p),
    lambda t, p: (p.__iadd__([t.ones(1)]), p),
    lambda t, p: (list(p.state_dict()), [name for name, _ in p.named_parameters()]),
    lambda t, p: p(1),
]

PARAMETER_DICTS = [
    lambda t, d: d,
    lambda t, d: t.nn.ParameterDict(),
    lambda t, d: t.nn.ParameterDict(OrderedDict(b=t.ones(1), a=t.ones(2))),
    lambda t, d: t.nn.ParameterDict([("b", t.ones(1)), ["a", 3]]),
    lambda t, d: t.nn.ParameterDict(3),
    lambda t, d: t.nn.ParameterDict([3]),
    lambda t, d: t.nn.ParameterDict([[3]]),
    lambda t, d: t.nn.ParameterDict({3: 4}),
    lambda t, d: (len(d), list(d), list(reversed(d)), list(d.values()), list(d.items()), "a" in d),
    lambda t, d: list(d.keys()),
    lambda t, d: d["z"],
    lambda t, d: (d.get("z"), d.get("z", 3), d.get("a")),
    lambda t, d: (d.setdefault("z", t.ones(1)), d.setdefault("a", 3), d),
    lambda t, d: (d.__delitem__("a"), d),
    lambda t, d: (d.pop("a"), d),
    lambda t, d: (d.popitem(), d),
    lambda t, d: (d.clear(), d),
    lambda t, d: (d.copy(), d.copy() is d, d.copy()["a"] is d["a"]),
    lambda t, d: d.fromkeys(["x", "y"], 3),
    lambda t, d: d | t.nn.ParameterDict({"z": t.ones(1)}),
    lambda t, d: d.__ior__(t.nn.ParameterDict({"z": t.ones(1)})),
    lambda t, d: list(d.state_dict()),
    lambda t, d: d(1),
]


@pytest.mark.parametrize("index", range(len(PARAMETER_LISTS)))
def test_parameter_list(index: int) -> None:
    def program(t: Any) -> Any:
        values = [t.zeros(2, 3), t.nn.Parameter(t.tensor(1.0), requires_grad=False), 3, t.ones(0)]
        return PARAMETER_LISTS[index](t, t.nn.ParameterList(values))

    same(program)


@pytest.mark.parametrize("index", range(len(PARAMETER_DICTS)))
def test_parameter_dict(index: int) -> None:
    def program(t: Any) -> Any:
        values = {"b": t.zeros(2, 3), "a": t.zeros(()), "c": "text"}
        return PARAMETER_DICTS[index](t, t.nn.ParameterDict(values))

    same(program)
