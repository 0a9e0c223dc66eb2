"""However a step reaches a value, a change of it is seen."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import random
import sys
import types

import numpy as np
import pytest

import minitorch_clf as torch

D = {"s": 1.0}
SETTINGS = types.ModuleType("settings_of_a_test")


class Plain:
    base = 1.0
    s = 1.0

    @property
    def doubled(self):
        return self.base * 2

    def times(self, x):
        return x * self.s


class Slots:
    __slots__ = ("s",)


class Dynamic:
    def __getattr__(self, name):
        return D["s"]


@contextlib.contextmanager
def scaled():
    yield D["s"]


@functools.lru_cache
def cached():
    return D["s"]


def by_default(x, s=[1.0]):  # noqa: B006 - what the test is about
    return x * s[0]


def by_import(x):
    import settings_of_a_test

    return x * settings_of_a_test.s


def by_context(x):
    with scaled() as s:
        return x * s


plain, slots, dynamic = Plain(), Slots(), Dynamic()
hung = torch.ones(4)
weight = torch.ones(4)
holder = {}


def set_all(value):
    """Every place that a step below looks at."""
    D["s"] = SETTINGS.s = slots.s = hung.tag = Plain.base = plain.s = value
    by_default.__defaults__[0][0] = value
    weight.array[...] = value
    holder["tensor"] = torch.full((4,), value)
    holder["partial"] = functools.partial(lambda s, x: x * s, value)
    holder["kind"] = "a" if value == 1 else "b"
    holder["scalar"] = np.float32(value)
    holder["list"] = [0] * int(value)
    holder["set"] = {value}
    holder["nested"] = ({"x": [value]},)
    cached.cache_clear()


STEPS = {
    "import": by_import,
    "default": by_default,
    "context manager": by_context,
    "dict.get": lambda x: x * D.get("s"),
    "property": lambda x: x * plain.doubled,
    "method": lambda x: plain.times(x),  # noqa: PLW0108 - a name to look up
    "bound method": plain.times,
    "slots": lambda x: x * slots.s,
    "getattr": lambda x: x * getattr(slots, "s"),  # noqa: B009 - what the test is about
    "__getattr__": lambda x: x * dynamic.anything,
    "attribute of a tensor": lambda x: x * hung * hung.tag,
    "memory of a tensor": lambda x: x * weight,
    "tensor": lambda x: x * holder["tensor"],
    "tensor of a number": lambda x: x * torch.tensor(D["s"]),
    "partial": lambda x: holder["partial"](x),  # noqa: PLW0108
    "string": lambda x: x * 2 if holder["kind"] == "a" else x * 3,
    "NumPy scalar": lambda x: x * holder["scalar"],
    "len": lambda x: x * len(holder["list"]),
    "in": lambda x: x * 2 if 1.0 in holder["set"] else x * 3,
    "nest": lambda x: x * holder["nested"][0]["x"][0],
    "map": lambda x: x * sum(map(lambda q: q * D["s"], [1, 2])),  # noqa: C417
    "comprehension": lambda x: x * sum([q * D["s"] for q in (1, 2)]),
    "generator": lambda x: x * sum(q * D["s"] for q in (1, 2)),
    "inner function": lambda x: (lambda: x * D["s"])(),  # noqa: PLC3002
    "cache": lambda x: x * cached(),
    "shape of a return": lambda x: len(x) * D["s"],
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_change_is_seen(step):
    sys.modules["settings_of_a_test"] = SETTINGS
    compiled = torch.compile(step)
    set_all(1.0)
    for k in range(10):
        if k == 5:
            set_all(2.0)
        x = torch.randn(6, 4)
        expected, found = step(x), compiled(x)
        assert (
            getattr(found, "tolist", lambda f=found: f)()
            == getattr(expected, "tolist", lambda e=expected: e)()
        )
    del sys.modules["settings_of_a_test"]
    assert compiled.replays in (0, 6, 8), compiled.explain()
    assert (compiled.replays == 0) == (step is STEPS["cache"]), compiled.explain()


UNKNOWABLE = {
    "count": (itertools.count(), next),
    "Random": (random.Random(0), lambda r: r.uniform(0, 1)),
    "Generator": (np.random.default_rng(0), lambda g: g.integers(10)),
    "bytearray": (bytearray(b"1"), lambda b: b[0]),
    "environ": (None, lambda _: float(os.environ["A_TEST"])),
}


@pytest.mark.parametrize(("value", "use"), UNKNOWABLE.values(), ids=UNKNOWABLE)
def test_what_cannot_be_known_is_not_replayed(value, use, monkeypatch):
    monkeypatch.setenv("A_TEST", "1")
    compiled = torch.compile(lambda x: x * use(value))
    for _ in range(5):
        compiled(torch.ones(2))
    assert compiled.replays == 0
    assert compiled.fallbacks


def test_a_method_that_is_replaced():
    class Net:
        def f(self, x):
            return x * 2

    net = Net()
    compiled = torch.compile(lambda x: net.f(x))  # noqa: PLW0108
    x = torch.ones(2)
    assert [compiled(x).tolist()[0] for _ in range(4)] == [2.0] * 4
    Net.f = lambda self, x: x * 3
    assert [compiled(x).tolist()[0] for _ in range(4)] == [3.0] * 4
    net.f = lambda x: x * 4
    assert [compiled(x).tolist()[0] for _ in range(4)] == [4.0] * 4
    assert compiled.replays == 6


def test_the_default_dtype():
    compiled = torch.compile(lambda x: x.sum() * torch.ones(2))
    x = torch.ones(3)
    try:
        for dtype in (torch.float32, torch.float64) * 4:
            torch.set_default_dtype(dtype)
            assert compiled(x).dtype is dtype
    finally:
        torch.set_default_dtype(torch.float32)
    assert compiled.replays == 4


def test_buffers_that_the_step_writes():
    buffer, twin = torch.zeros(6, 4), torch.zeros(6, 4)

    def write(b, x):
        b.mul_(0.5)
        b.add_(x)
        return b, b.sum()

    compiled = torch.compile(lambda x: write(buffer, x))
    for _ in range(6):
        x = torch.randn(6, 4)
        same, total = compiled(x)
        assert same is buffer
        assert total.item() == write(twin, x)[1].item()
        assert torch.equal(buffer, twin)
        assert buffer._version == twin._version
    assert compiled.replays == 4


def test_an_object_among_the_arguments():
    compiled = torch.compile(lambda x, settings: x * settings.s)
    settings = Slots()
    for k in range(10):
        settings.s = 1.0 if k < 5 else 2.0
        assert compiled(torch.ones(2), settings).tolist() == [settings.s] * 2
    assert compiled.replays == 6, compiled.explain()
    assert "s was 1.0, now it is 2.0" in " ".join(compiled.fallbacks)


def test_an_array_among_the_arguments():
    compiled = torch.compile(lambda x, a: x * float(a[0]))
    a = np.ones(1)
    for k in range(6):
        a[0] = k
        assert compiled(torch.ones(2), a).tolist() == [k] * 2
    assert compiled.replays == 0


def test_a_compiled_method():
    class Trainer:
        def __init__(self):
            torch.manual_seed(0)
            self.model = torch.nn.Linear(4, 3)
            self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
            self.scale = 1.0

        def plain(self, x):
            self.optimizer.zero_grad()
            loss = self.model(x).square().mean() * self.scale
            loss.backward()
            self.optimizer.step()
            return loss

        step = torch.compile(plain)

    a, b = Trainer(), Trainer()
    for k in range(10):
        a.scale = b.scale = 1.0 if k < 5 else 2.0
        x = torch.randn(5, 4)
        assert a.plain(x).item() == b.step(x).item()
        assert torch.equal(a.model.weight, b.model.weight)
    assert Trainer.step.replays == 6, Trainer.step.explain()
