"""copy.copy, copy.deepcopy and pickle, on both engines."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch_clf
from tests.nn.twin import attempt, same


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


WAYS = {"pickle": pickled, "deepcopy": copy.deepcopy, "copy": copy.copy}

TENSORS: dict[str, Any] = {
    "plain": lambda t: t.arange(6.0).reshape(2, 3),
    "transposed": lambda t: t.arange(6.0).reshape(2, 3).T,
    "row": lambda t: t.arange(6.0).reshape(2, 3)[1],
    "every other": lambda t: t.arange(6.0)[::2],
    "expanded": lambda t: t.ones(1, 3).expand(2, 3),
    "0-d": lambda t: t.tensor(3),
    "empty": lambda t: t.zeros(0, 3),
    "bool": lambda t: t.tensor([True, False]),
    "float64": lambda t: t.tensor([1.0], dtype=t.float64),
    "leaf": lambda t: t.tensor([1.0], requires_grad=True),
    "with grad": lambda t: with_grad(t, t.tensor([1.0, 2.0], requires_grad=True)),
    "not a leaf": lambda t: t.tensor([1.0], requires_grad=True) * 2,
    "parameter": lambda t: with_grad(t, t.nn.Parameter(t.ones(2))),
    "frozen parameter": lambda t: t.nn.Parameter(t.ones(2), requires_grad=False),
    "integer parameter": lambda t: t.nn.Parameter(t.ones(2).long(), requires_grad=False),
}


def with_grad(t: Any, leaf: Any) -> Any:
    (leaf * leaf).sum().backward()
    return leaf


@pytest.mark.parametrize("name", TENSORS)
@pytest.mark.parametrize("way", WAYS)
def test_what_comes_back(way: str, name: str) -> None:
    def program(t: Any) -> Any:
        made = attempt(lambda: WAYS[way](TENSORS[name](t)))
        if isinstance(made, str):
            return made
        return made, made.is_leaf, made.requires_grad, made.grad, type(made).__name__

    same(program)


@pytest.mark.parametrize("name", sorted(set(TENSORS) - {"empty"}))
def test_deepcopy_keeps_the_layout(name: str) -> None:
    same(lambda t: attempt(lambda: copy.deepcopy(TENSORS[name](t)).stride()))


def test_pickle_keeps_the_elements_not_the_memory_behind() -> None:
    """PyTorch pickles the whole storage of a view."""
    t = minitorch_clf
    row = t.zeros(1000, 10)[3]
    assert len(pickle.dumps(row)) < 400
    assert pickled(t.ones(1).expand(3)).stride() == (1,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol(protocol: int) -> None:
    same(lambda t: pickle.loads(pickle.dumps(t.arange(3.0), protocol)))


VIEWS: dict[str, Any] = {
    "row": lambda x: x[1],
    "transposed": lambda x: x.T,
    "every other": lambda x: x[:, ::2],
    "reshaped": lambda x: x.reshape(3, 2),
    "expanded": lambda x: x[:, :1].expand(2, 4),
    "0-d": lambda x: x[1, 2],
    "detached": lambda x: x.detach(),
    "flattened": lambda x: x.view(-1)[2:5],
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("transposed", [False, True])
def test_deepcopied_together_they_share_memory(view: str, order: int, transposed: bool) -> None:
    def program(t: Any) -> Any:
        x = t.arange(6.0).reshape(2, 3)
        x = t.arange(6.0).reshape(3, 2).T.contiguous() if transposed else x
        group = [x, VIEWS[view](x)][::order]
        copied = copy.deepcopy(group)
        before = [made.clone() for made in copied]
        copied[0].fill_(7)
        strides = [made.stride() for made in copied]
        return before, copied, strides, group, copied[0].storage_offset()

    if view == "expanded" and order == -1:  # no engine writes into expanded memory
        pytest.skip("one element in several places")
    same(program)


NARROWER: dict[str, Any] = {
    "last rows": lambda x: x[-2:],
    "transposed": lambda x: x.transpose(0, -1),
    "every other": lambda x: x[::2],
    "first": lambda x: x[0],
}


@given(st.lists(st.sampled_from(sorted(NARROWER)), max_size=4))
def test_views_of_views(names: list[str]) -> None:
    def program(t: Any) -> Any:
        whole = t.arange(24.0).reshape(2, 3, 4)
        part = whole
        for name in names:
            part = NARROWER[name](part) if part.dim() else part
        a, b = copy.deepcopy((whole, part))
        a.mul_(2)
        return a, b, whole, b.stride(), b.storage_offset()

    same(program)


def test_memory_with_gaps_of_another_library() -> None:
    """The elements alone are copied, where the memory around them is not ours to copy."""
    t = minitorch_clf
    lent = np.arange(12.0).reshape(3, 4)[:, ::2]
    x = t.utils.dlpack.from_dlpack(lent)
    a, b = copy.deepcopy((x, x[1]))
    assert a.tolist() == lent.tolist()
    assert b.tolist() == lent[1].tolist()
    a.zero_()
    assert lent[2, 1] == 10


def test_memo() -> None:
    def program(t: Any) -> Any:
        x, memo = t.ones(2), {}
        first, second = copy.deepcopy(x, memo), copy.deepcopy(x, memo)
        pair = copy.deepcopy([x, x])
        return first is second, first is x, id(x) in memo, pair[0] is pair[1]

    same(program)


@pytest.mark.parametrize("way", WAYS)
def test_attributes_come_along(way: str) -> None:
    def program(t: Any) -> Any:
        x = t.ones(2)
        x.label = ["a"]
        made = WAYS[way](x)
        return made.label, made.label is x.label

    same(program)


def test_copy_shares_memory() -> None:
    def program(t: Any) -> Any:
        x = t.zeros(2)
        y = copy.copy(x)
        y.fill_(3)
        return x, x is y

    same(program)


@pytest.mark.parametrize("way", ["pickle", "deepcopy"])
def test_shared_parameters_of_a_module_stay_shared(way: str) -> None:
    def program(t: Any) -> Any:
        net = t.nn.Sequential(t.nn.Linear(2, 2), t.nn.Linear(2, 2), t.nn.BatchNorm1d(2))
        net[1].weight = net[0].weight
        made = WAYS[way](net)
        state = made.state_dict()
        return made[0].weight is made[1].weight, made[0].weight is net[0].weight, state

    same(program)


def test_a_buffer_stays_what_it_was() -> None:
    t = minitorch_clf
    buffer = t.nn.Buffer(t.ones(2), persistent=False)
    for way in WAYS.values():
        made = way(buffer)
        assert type(made) is t.nn.Buffer
        assert made.persistent is False
