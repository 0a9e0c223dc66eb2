"""A list of samples becomes the batch that PyTorch makes of it."""

from __future__ import annotations

from collections import OrderedDict, UserDict, defaultdict, deque, namedtuple
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

Point = namedtuple("Point", ["x", "y"])

BATCHES = {
    "tensors": lambda t: [t.tensor([1.0, 2.0]), t.tensor([3.0, 4.0])],
    "0-d tensors": lambda t: [t.tensor(1), t.tensor(2)],
    "bool tensors": lambda t: [t.tensor([True]), t.tensor([False])],
    "tensors of two shapes": lambda t: [t.zeros(2), t.zeros(3)],
    "ints": lambda t: [1, 2, 3],
    "big ints": lambda t: [2**40, -1],
    "floats": lambda t: [0.1, 0.2],
    "float then int": lambda t: [0.5, 1],
    "int then float": lambda t: [1, 0.5],
    "bools": lambda t: [True, False],
    "strings": lambda t: ["a", "b"],
    "bytes": lambda t: [b"a", b"b"],
    "float64 scalars": lambda t: [np.float64(1.5), np.float64(2)],
    "float32 scalars": lambda t: [np.float32(1.5), np.float32(2)],
    "int scalars": lambda t: [np.int32(1), np.int32(2)],
    "uint8 scalars": lambda t: [np.uint8(1), np.uint8(200)],
    "bool scalars": lambda t: [np.bool_(True), np.bool_(False)],
    "arrays": lambda t: [np.arange(3), np.arange(3)],
    "0-d arrays": lambda t: [np.array(1.5), np.array(2.5)],
    "arrays of strings": lambda t: [np.array(["a"]), np.array(["b"])],
    "arrays of objects": lambda t: [np.array([None]), np.array([None])],
    "tuples": lambda t: [(1, 0.5), (2, 1.5)],
    "lists": lambda t: [[1, 0.5], [2, 1.5]],
    "a batch that is a tuple": lambda t: ((1, "a"), (2, "b")),
    "empty tuples": lambda t: [(), ()],
    "two lengths": lambda t: [(1, 2), (3,)],
    "ranges": lambda t: [range(2), range(2)],
    "deques": lambda t: [deque([1, 2]), deque([3, 4])],
    "dicts": lambda t: [{"a": 1, "b": t.zeros(1)}, {"b": t.ones(1), "a": 2, "c": 5}],
    "a missing key": lambda t: [{"a": 1}, {"b": 2}],
    "ordered dicts": lambda t: [OrderedDict(a=1), OrderedDict(a=2)],
    "default dicts": lambda t: [defaultdict(list, a=1), defaultdict(list, a=2)],
    "user dicts": lambda t: [UserDict(a=1), UserDict(a=2)],
    "frozen mappings": lambda t: [MappingProxyType({"a": 1}), MappingProxyType({"a": 2})],
    "namedtuples": lambda t: [Point(0, t.zeros(2)), Point(1, t.ones(2))],
    "nested": lambda t: [({"p": Point(1, [2, "x"])}, 0), ({"p": Point(3, [4, "y"])}, 1)],
    "nothing": lambda t: [],
    "None": lambda t: [None, None],
    "objects": lambda t: [object, object],
    "sets": lambda t: [{1}, {2}],
}


@pytest.mark.parametrize("make", BATCHES.values(), ids=BATCHES)
def test_default_collate(same, make):
    same(lambda t: t.utils.data.default_collate(make(t)))


@pytest.mark.parametrize("make", BATCHES.values(), ids=BATCHES)
def test_default_convert(same, make):
    same(lambda t: t.utils.data.default_convert(make(t)))


@pytest.mark.parametrize(
    "data", [np.array([1, 2]), np.float32(1.5), np.str_("a"), 3, "abc", b"a"], ids=repr
)
def test_default_convert_of_one_value(same, data):
    same(lambda t: t.utils.data.default_convert(data))


@given(
    batch=st.sampled_from([np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_]).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0))
    )
)
def test_arrays_and_tensors(same, batch):
    same(lambda t: t.utils.data.default_collate(list(batch)))
    same(lambda t: t.utils.data.default_collate([t.tensor(item) for item in batch]))


def test_a_sample_keeps_its_memory(same):
    """default_convert is a view of the array, as in PyTorch; default_collate a copy."""

    def run(t):
        array = np.zeros(3)
        viewed, copied = t.utils.data.default_convert(array), t.utils.data.default_collate([array])
        array[0] = 1
        return viewed, copied

    same(run)


def test_the_first_sample_is_not_changed(same):
    def run(t):
        first = {"a": [1, 2]}
        t.utils.data.default_collate([first, {"a": [3, 4]}])
        return first

    same(run)


def test_extra_attributes_of_a_mapping_survive(same):
    class Tagged(dict):
        tag = None

    def run(t):
        first = Tagged(a=1)
        first.tag = "train"
        return t.utils.data.default_collate([first, Tagged(a=2)]).tag

    same(run)
