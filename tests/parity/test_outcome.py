"""One case on one engine: what is recorded of it, and that it is plain data."""

from __future__ import annotations

import pickle
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from reference.parity.case import ErrorCase, OpCase
from reference.parity.outcome import (
    NotOffered,
    Outcome,
    Value,
    attempt,
    run_case,
    run_error,
    upstream,
)


def planted(**names: Any) -> SimpleNamespace:
    """torch with other functions under these names."""
    return SimpleNamespace(**{**vars(torch), **names})


EXP = OpCase("exp", lambda t, x: t.exp(x), ((2, 3),))


def test_values_gradients_and_who_requires_one() -> None:
    outcome = run_case(EXP, torch)
    (x,) = EXP.inputs("float32")
    assert isinstance(outcome.result, Value)
    np.testing.assert_array_equal(outcome.result.array, torch.tensor(x).exp().numpy())
    assert (outcome.result.dtype, outcome.result.requires_grad) == ("float32", True)
    ((where, gradient),) = outcome.gradients
    weight = upstream(EXP)((2, 3), "float32")
    assert where == "gradient of input 0"
    np.testing.assert_array_equal(gradient, outcome.result.array * weight)


def test_the_second_order_has_a_gradient_for_every_input_and_every_upstream_gradient() -> None:
    outcome = run_case(EXP, torch, "float64", "second order")
    assert [where for where, _ in outcome.gradients] == [
        "gradient of input 0",
        "second gradient of input 0",
        "second gradient of upstream 0",
    ]
    draw = upstream(EXP)
    first, second = draw((2, 3), "float64"), draw((2, 3), "float64")
    result = outcome.result.array
    np.testing.assert_allclose(outcome.gradients[1][1], result * first * second)
    np.testing.assert_allclose(outcome.gradients[2][1], result * second)


@pytest.mark.parametrize("variant", ["transposed", "strided"])
def test_a_layout_changes_strides_and_no_value(variant: str) -> None:
    seen = []
    case = OpCase("x", lambda t, x: seen.append(x) or x.exp(), ((2, 3),))
    plain, other = run_case(case, torch), run_case(case, torch, "float32", variant)
    assert [x.is_contiguous() for x in seen] == [True, False]
    np.testing.assert_array_equal(plain.result.array, other.result.array)
    if variant == "strided":  # what lies between the elements shows if strides are ignored
        assert (torch.as_strided(seen[1], (12,), (1,))[1::2] == 7).all()


def test_everything_in_a_result_becomes_plain_data() -> None:
    def nest(t: Any, x: Any) -> Any:
        return {
            "values": t.sort(x),  # a named tuple
            "shape": x.shape,
            "dtype": x.dtype,
            "list": [1, 2.5, None, True, "text", 1j],
            "array": np.ones(2),
            "device": x.device,
        }

    outcome = run_case(OpCase("nest", nest, ((3,),), gradient=False), torch)
    result = pickle.loads(pickle.dumps(outcome)).result
    assert type(result["values"]) is tuple
    assert [value.dtype for value in result["values"]] == ["float32", "int64"]
    assert (result["shape"], result["dtype"]) == ("Size([3])", "dtype float32")
    assert result["list"] == [1, 2.5, None, True, "text", 1j]
    assert result["array"].tolist() == [1.0, 1.0]
    assert result["device"] == "device: device(type='cpu')"


def test_a_result_is_as_it_was_when_it_was_returned() -> None:
    def later(t: Any, x: Any) -> Any:
        out = x.detach().clone()
        return [out, out.add_(1)]

    result = run_case(OpCase("later", later, ((2,),), gradient=False), torch).result
    np.testing.assert_array_equal(result[0].array, result[1].array)  # one tensor, twice
    (x,) = OpCase("later", later, ((2,),)).inputs("float32")
    np.testing.assert_array_equal(result[0].array, x + np.float32(1))


def test_an_error_is_an_answer_with_class_and_text() -> None:
    outcome = run_case(OpCase("e", lambda t, x: x.view(5), ((2, 3),)), torch)
    assert outcome == Outcome(error="RuntimeError: shape '[5]' is invalid for input of size 6")


def test_an_error_in_the_engine_before_the_case_begins_costs_this_case_only() -> None:
    def refuses(_: Any) -> Any:
        raise TypeError("no arrays, please")

    assert run_case(EXP, planted(tensor=refuses)).error == "TypeError: no arrays, please"


def test_what_is_not_offered_is_no_error() -> None:
    def lacks(_: Any) -> Any:
        raise NotOffered("no op 'exp'")

    assert run_case(EXP, planted(exp=lacks)) == Outcome(missing="no op 'exp'")
    with pytest.raises(NotOffered):  # a table of what is legal is not offered as a whole
        attempt(lambda: lacks(None))


def test_an_input_that_is_written_into_is_named() -> None:
    def spoils(x: Any, y: Any) -> Any:
        out = x * y
        y.data.add_(1)
        return out

    case = OpCase("mul", lambda t, x, y: t.mul(x, y), ((3,), (3,)))
    assert run_case(case, torch).written == []
    assert run_case(case, planted(mul=spoils)).written == [1]


def test_warnings_are_recorded_by_class_every_time() -> None:
    def warns(t: Any, x: Any) -> Any:
        warnings.warn("careful", UserWarning, stacklevel=2)
        return x.exp()

    case = OpCase("w", warns, ((2,),))
    assert [run_case(case, torch).warned for _ in range(2)] == [["UserWarning"]] * 2


def test_a_gradient_that_does_not_reach_an_input_is_none() -> None:
    case = OpCase("first", lambda t, x, y: x * 2, ((2,), (2,)))
    assert run_case(case, torch).gradients[1] == ("gradient of input 1", None)


def test_the_error_of_a_mistake() -> None:
    assert run_error(ErrorCase("e", lambda t: t.ones(2).view(3)), torch).startswith("RuntimeError")
    assert run_error(ErrorCase("e", lambda t: t.ones(2)), torch) == ""


def test_upstream_gradients_are_the_same_in_every_process_and_another_one_each_time() -> None:
    draw = upstream(EXP)
    first, second = draw((4,), "float64"), draw((4,), "float64")
    assert (first != second).all()
    assert first.tolist() == upstream(EXP)((4,), "float64").tolist()
    assert draw((), "float32").dtype == np.float32
