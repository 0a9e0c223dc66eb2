"""Engines with names of their own: the facade, what is not offered, and the adapters of strangers.

Most of it runs on the two engines of small_engines.py.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reference.parity.adapter import NOTHING_ASKED, spread, unlisted
from reference.parity.case import OpCase
from reference.parity.cases import all_cases
from reference.parity.compare import compare
from reference.parity.engines import EngineError, load_engine
from reference.parity.facade import Namespace
from reference.parity.live import LiveOracle
from reference.parity.outcome import NotOffered
from reference.parity.result import Verdict
from tests.parity.small_engines import TINY, Functional, Node, Tiny, fitted

ORACLE = LiveOracle()
STRANGERS = ("mygrad", "autograd", "jax")
CASES = all_cases()


def report(engine, case, dtype="float32", variant="plain"):
    expected = ORACLE.outcome(case, dtype, variant)
    return compare(case, dtype, variant, expected, engine.run(case, dtype, variant))


@pytest.fixture
def t():
    return Namespace(Tiny())


# --- the facade -----------------------------------------------------------------------------------


def test_functions_methods_and_operators_are_one_op(t):
    x = t.tensor([[1.0, -2.0]])
    for out in (t.add(x, x), x.add(x), x + x, t.add(x, other=x)):
        np.testing.assert_array_equal(out.numpy(), [[2.0, -4.0]])
    assert (1 + x).tolist() == [[2.0, -1.0]]
    assert (np.float64(2) * x).tolist() == [[2.0, -4.0]]
    assert t.nn.functional.relu(x).tolist() == [[1.0, 0.0]]
    assert set(t.asked) == {"add", "mul", "relu"}


def test_arguments_have_pytorchs_names_and_forms(t):
    x = t.tensor([[1.0, 2.0], [3.0, 5.0]])
    assert x.sum(dim=1, keepdim=True).tolist() == [[3.0], [8.0]]
    assert t.sum(x, 0).tolist() == [4.0, 7.0]
    assert x.reshape(4).shape == x.reshape((4,)).shape == x.reshape(-1).shape == (4,)
    assert x.reshape(2, 1, 2).shape == (2, 1, 2)
    assert x[t.tensor(1)].tolist() == x[1].tolist() == [3.0, 5.0]
    assert x[t.tensor([0]), 1:].tolist() == [[2.0]]


def test_several_results_are_a_tuple_and_pairs_have_names(t):
    x = t.tensor([[1.0, 9.0], [3.0, 5.0]])
    values, places = x.max(1)
    assert (values.tolist(), places.tolist()) == ([9.0, 5.0], [1, 1])
    assert x.max(0).indices.tolist() == [1, 0]
    assert isinstance(x.split(), tuple)


def test_dtypes_are_objects_that_print_as_pytorchs(t):
    x = t.tensor([1.0])
    assert x.dtype is t.float32 is t.float
    assert str(x.double().dtype) == "torch.float64" == str(torch.float64)
    assert [t.tensor(v).dtype.name for v in ([1], [True], [1.5], np.ones(1), [])] == [
        *("int64", "bool", "float32", "float64", "float32")
    ]
    assert t.tensor([1], dtype=t.float64).dtype is t.float64
    assert x.dtype.is_floating_point
    with pytest.raises(NotOffered, match="dtypes without 'itemsize'"):
        _ = x.dtype.itemsize


def test_ways_out(t):
    x = t.tensor([[1.0, 2.0]])
    assert (x.ndim, x.dim(), x.size(), x.size(1), x.numel(), len(x)) == (2, 2, (1, 2), 2, 2, 1)
    assert float(x.sum()) == x.sum().item() == 3.0
    assert [10, 20][t.tensor(1)] == 20
    assert not t.tensor([0.0])
    assert [row.tolist() for row in x] == [[1.0, 2.0]]
    assert np.asarray(x).tolist() == x.tolist()
    assert t.is_tensor(x)
    assert len({x, x}) == 1


def subclass(base):
    class Mine(base):
        pass


@pytest.mark.parametrize(
    ("ask", "why"),
    [
        (lambda t, x: t.erfinv(x), "no op 'erfinv'"),
        (lambda t, x: x.erfinv(), "no op 'erfinv'"),
        (lambda t, x: t.linalg.norm(x), "no op 'linalg.norm'"),
        (lambda t, x: t.nn.functional.mse_loss(x, x), "no op 'mse_loss'"),
        (lambda t, x: x.sum(dtype=t.float64), "sum() without 'dtype'"),
        (lambda t, x: x.add(x, 2, 3), "add() of 4 arguments"),
        (lambda t, x: x.max(), "max() with a required argument: 'dim'"),
        (lambda t, x: x.add_(1), "no op 'add_'"),
        (lambda t, x: x.__iadd__(1), "no op 'add_'"),
        (lambda t, x: x.__setitem__(0, 1), "no op 'setitem'"),
        (lambda t, x: x @ x, "no op 'matmul'"),
        (lambda t, x: x.T, "no op 'T'"),
        (lambda t, x: x.requires_grad, "no op 'requires_grad'"),
        (lambda t, x: x.to("cpu"), "to() with str"),
        (lambda t, x: t.Tensor(2, 3), "no class 'Tensor'"),
        (lambda t, x: subclass(t.autograd.Function), "no class 'autograd.Function'"),
        (lambda t, x: t.manual_seed(0), "no op 'manual_seed'"),
    ],
)
def test_what_is_not_there_is_not_offered(t, ask, why):
    with pytest.raises(NotOffered) as missing:
        ask(t, t.tensor([1.0]))
    assert str(missing.value) == why
    assert t.missing == [why]


def test_helpers_of_adapters():
    assert unlisted((1, 2)) == (1, 2)
    assert unlisted(([1, 2],)) == [1, 2]
    values = np.arange(6.0).reshape(2, 3)
    for options in ({}, {"unbiased": False}, {"correction": 0}, {"dim": 1, "keepdim": True}):
        expected = torch.var(torch.tensor(values), **{"dim": None, **options}).numpy()
        np.testing.assert_allclose(spread(np.var)(values, **options), expected)


# --- a run ----------------------------------------------------------------------------------------

MUL = OpCase("mul", lambda t, x, y: t.mul(x, y), ((3, 4), (4,)))
SEVERAL = OpCase("several", lambda t, x, y: (x + y, [x.sum()]), ((3, 4), (3, 4)), draw="whole")


@pytest.mark.parametrize("case", [MUL, SEVERAL], ids=["mul", "several"])
def test_a_right_engine_is_bit_equal(case):
    for dtype, variant in case.runs():
        found = report(Tiny(), case, dtype, variant)
        if variant == "second order":
            assert (found.verdict, found.reason) == (Verdict.NOT_OFFERED, "no second derivatives")
        else:
            assert found.verdict is Verdict.BIT_EQUAL, found


def test_a_functional_engine_has_second_derivatives():
    cubes = OpCase("cubes", lambda t, x, y: (t.exp(x) * y, (x * y).sum(0), x**3), ((3, 4), (3, 4)))
    for dtype, variant in cubes.runs():
        found = report(Functional(), cubes, dtype, variant)
        assert found.verdict is Verdict.BIT_EQUAL, found
    names = [name for name, _ in Functional().run(cubes, variant="second order").gradients]
    assert names[:2] == ["gradient of input 0", "gradient of input 1"]
    assert names[2:4] == ["second gradient of input 0", "second gradient of input 1"]
    assert names[4:] == [f"second gradient of upstream {k}" for k in range(3)]


def test_outputs_and_inputs_without_a_gradient_do_not_confuse_the_others():
    case = OpCase(
        "mixed",
        lambda t, x, unused, k: (x.detach(), x.argmax(), x * x, k * k),
        ((5,), (2,), (5,)),
        draw=("normal", "normal", lambda rng, shape: rng.integers(0, 9, shape)),
    )
    for variant in ("plain", "second order"):
        found = report(Functional(), case, variant=variant)
        assert found.verdict is Verdict.BIT_EQUAL, found


WRONG = {
    **TINY,
    "mul": lambda input, other: Node(
        input.array * other.array,
        (
            (input, lambda g: g * other.array * g.dtype.type(1.001)),
            (other, lambda g: fitted(g * input.array, other.array)),
        ),
    ),
    "exp": lambda input: Node(np.exp(input.array.astype(np.float64))),
    "relu": lambda input: Node(np.maximum(input.array, 0, out=input.array)),
    "sum": lambda input: 1 / 0,
}


class Wrong(Tiny):
    ops = WRONG


def test_a_wrong_gradient_is_found_and_named():
    found = report(Wrong(), MUL)
    assert found.verdict is Verdict.FAILS
    assert [f.partition(":")[0] for f in found.failures] == ["gradient of input 0"]
    add_case = OpCase("add", lambda t, x, y: t.add(x, y), ((3, 4), (4,)))
    assert report(Wrong(), add_case).verdict is not Verdict.FAILS


@pytest.mark.parametrize(
    ("op", "says"),
    [
        ("exp", "result: dtype float64, expected float32"),
        ("relu", "input 0 was written into"),
        ("sum", "expected no error\n       got ZeroDivisionError: division by zero"),
    ],
)
def test_other_mistakes_of_an_engine_are_failures_in_words(op, says):
    case = OpCase(op, lambda t, x: getattr(t, op)(x), ((3,),), forward_ulp=2, why="exp")
    assert report(Wrong(), case).failures == [says]


def test_where_pytorch_raises_any_error_will_do():
    case = OpCase("sum dim 1", lambda t, x: x.sum(1), ((2, 3),))
    found = report(Tiny(), case, variant="0-d")
    assert found.verdict is Verdict.BIT_EQUAL
    assert found.raised.startswith("IndexError: Dimension out of range")
    assert "(here: AxisError" in found.raised
    silent = OpCase("getitem", lambda t, x: x[0] if t is torch else x.sum(), ((2,),))
    assert report(Tiny(), silent, variant="0-d").verdict is Verdict.FAILS


def swallowing(t, x):
    try:
        return t.erfinv(x)
    except Exception:  # noqa: BLE001 - as a case may
        return x * x


@pytest.mark.parametrize(
    ("fn", "reason"),
    [
        (lambda t, x: t.erfinv(x), "no op 'erfinv'"),
        (swallowing, "no op 'erfinv'"),
        (lambda t, x: [x.shape, x.dtype, x.tolist()], NOTHING_ASKED),
        (lambda t, x: [repr(x), x + x], "PyTorch's way to print"),
    ],
)
def test_a_run_without_an_answer_is_not_offered(fn, reason):
    found = report(Tiny(), OpCase("x", fn, ((3,),), draw="unit"))
    assert (found.verdict, found.reason) == (Verdict.NOT_OFFERED, reason)


def test_not_implemented_is_an_engines_own_word_for_it():
    class Declines(Tiny):
        def backward(self, outputs, grads):
            raise NotImplementedError("derivative of mul")

    found = report(Declines(), MUL)
    assert found.verdict is Verdict.NOT_OFFERED
    assert found.reason == "NotImplementedError: derivative of mul"


def test_error_texts_are_not_asked_of_adapters():
    case = next(iter(load_errors().values()))
    with pytest.raises(NotOffered, match="tiny is not asked"):
        Tiny().run_error(case)


def load_errors():
    from reference.parity.cases import all_errors

    return all_errors()


# --- strangers ------------------------------------------------------------------------------------


def stranger(name):
    pytest.importorskip(name)
    return load_engine(name)


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_multiplies_as_pytorch(name):
    engine = stranger(name)
    assert (engine.name, bool(engine.version)) == (name, True)
    for dtype in ("float32", "float64"):
        found = report(engine, CASES["pointwise/mul"], dtype)
        assert found.verdict is Verdict.BIT_EQUAL, found
    found = report(engine, CASES["pointwise/mul"], variant="second order")
    wanted = Verdict.NOT_OFFERED if name == "mygrad" else Verdict.BIT_EQUAL
    assert found.verdict is wanted, found


@pytest.mark.parametrize("name", STRANGERS)
@pytest.mark.parametrize("case", ["reduce/sum dim 1 keepdim", "choice/comparisons", "linalg/mm"])
def test_a_stranger_adds_compares_and_multiplies_matrices(name, case):
    found = report(stranger(name), CASES[case])
    assert found.ok, found


@pytest.mark.parametrize("name", STRANGERS)
def test_every_op_of_a_stranger_is_one_of_pytorchs(name):
    homes = (torch, torch.nn.functional, torch.Tensor, torch.linalg)
    for op in stranger(name).ops:
        python = f"__{op}__"
        short = op.removeprefix("linalg.")
        assert any(hasattr(home, short) or hasattr(home, python) for home in homes), op


def test_an_adapter_whose_engine_is_not_installed_says_so(monkeypatch):
    import sys

    monkeypatch.delitem(sys.modules, "reference.parity.adapters.mygrad", raising=False)
    monkeypatch.setitem(sys.modules, "mygrad", None)
    with pytest.raises(EngineError, match=r"mygrad"):
        load_engine("mygrad")
