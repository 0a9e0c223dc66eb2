"""Module is PyTorch's Module: the same registries, names, texts, hooks and state dicts."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from typing import Any

import pytest

import minitorch_clf
from tests.nn.twin import attempt, same


def make_net(t: Any) -> Any:
    """A module with everything in it: nested, shared, tied and absent members, buffers."""

    class Block(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = t.nn.Linear(3, 2)
            self.absent = None
            self.register_parameter("no_bias", None)
            self.register_module("no_child", None)
            self.register_buffer("mean", t.zeros(2))
            self.register_buffer("scratch", t.ones(2), persistent=False)
            self.register_buffer("no_buffer", None)

        def forward(self, x: Any, scale: float = 1.0) -> Any:
            return self.linear(x) * scale + self.mean

        def extra_repr(self) -> str:
            return "a block\nin two lines"

    class Net(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = Block()
            self.second = t.nn.Sequential(OrderedDict(relu=t.nn.ReLU(), block=self.first))
            self.count = t.nn.Buffer(t.tensor(7))
            self.scale = t.nn.Parameter(t.full((2,), 2.0))
            self.tied = self.first.linear.weight

        def forward(self, x: Any) -> Any:
            return self.first(x) * self.scale

    return Net()


# --- registration, lookup, traversal --------------------------------------------------------------


@pytest.mark.parametrize("remove_duplicate", [True, False])
@pytest.mark.parametrize("prefix", ["", "net"])
def test_names(prefix: str, remove_duplicate: bool) -> None:
    def program(t: Any) -> Any:
        net, options = make_net(t), {"prefix": prefix, "remove_duplicate": remove_duplicate}
        return (
            [name for name, _ in net.named_parameters(**options)],
            [name for name, _ in net.named_buffers(**options)],
            [name for name, _ in net.named_modules(**options)],
            [name for name, _ in net.named_parameters(**options, recurse=False)],
            [name for name, _ in net.named_children()],
            [type(m).__name__ for m in net.modules(remove_duplicate=remove_duplicate)],
            [type(m).__name__ for m in net.children()],
            [tuple(p.shape) for p in net.parameters()],
            [tuple(p.shape) for p in net.parameters(recurse=False)],
            [tuple(b.shape) for b in net.buffers()],
            list(net._parameters),
            list(net._modules),
            list(net._buffers),
            sorted(net.first._non_persistent_buffers_set),
        )

    same(program)


def test_repr() -> None:
    same(lambda t: [repr(make_net(t)), repr(t.nn.Module()), repr(make_net(t).first)])


def test_dir_lists_members_but_not_numbers() -> None:
    same(lambda t: [n for n in dir(make_net(t)) if n in {"first", "count", "scale", "tied", "zz"}])
    assert "0" not in dir(minitorch_clf.nn.Sequential(minitorch_clf.nn.ReLU()))


def test_assignment_moves_a_name_between_registries() -> None:
    def program(t: Any) -> Any:
        module, seen = t.nn.Module(), []

        def look() -> None:
            own = [k for k in vars(module) if not k.startswith("_") and k != "training"]
            seen.append(
                (own, list(module._parameters), list(module._buffers), list(module._modules))
            )

        values = [
            3,
            t.nn.Parameter(t.ones(1)),
            t.nn.Buffer(t.ones(1), persistent=False),
            t.nn.ReLU(),
            t.nn.Parameter(t.ones(2)),
        ]
        for value in values:
            if isinstance(value, t.nn.Buffer):
                del module.x
            module.x = value
            look()
        module.register_buffer("b", None)
        module.b = t.ones(1)
        module.m = t.nn.ReLU()
        module.m = None
        module.x = None
        look()
        module.b = None
        module.plain = t.ones(1)
        look()
        del module.x, module.b, module.m, module.plain
        look()
        return seen

    same(program)


def test_reassigned_buffer_stays_persistent_or_not() -> None:
    def program(t: Any) -> Any:
        net = make_net(t)
        net.first.scratch = t.zeros(2)
        net.first.mean = t.nn.Buffer(t.zeros(2), persistent=False)
        return list(net.state_dict()), net.first.scratch

    same(program)


def test_reassigned_parameter_keeps_its_place() -> None:
    def program(t: Any) -> Any:
        layer = t.nn.Linear(2, 3)
        layer.weight = t.nn.Parameter(t.zeros(3, 2))
        return list(layer.state_dict())

    same(program)


def no_init(t: Any, member: Any) -> Any:
    class Hasty(t.nn.Module):
        def __init__(self) -> None:
            self.member = member

        def forward(self, x: Any) -> Any:
            return x

    return Hasty()


def strict_child(t: Any, **options: bool) -> Any:
    class Child(t.nn.Module):
        call_super_init = options.get("call_super_init", False)

    return Child


ERRORS = [
    lambda t, m: m.nothing,
    lambda t, m: delattr(m, "nothing"),
    lambda t, m: setattr(m, "weight", t.zeros(3, 2)),
    lambda t, m: setattr(m, "weight", 3),
    lambda t, m: setattr(t.nn.Sequential(t.nn.ReLU()), "0", "text"),
    lambda t, m: setattr(make_net(t), "count", 3),
    lambda t, m: no_init(t, t.nn.ReLU()),
    lambda t, m: no_init(t, t.nn.Parameter(t.ones(1))),
    lambda t, m: no_init(t, t.nn.Buffer(t.ones(1))),
    lambda t, m: no_init(t, 3)(1),
    lambda t, m: list(no_init(t, 3).parameters()),
    lambda t, m: no_init(t, 3).other,
    lambda t, m: m.register_parameter(3, None),
    lambda t, m: m.register_parameter("a.b", None),
    lambda t, m: m.register_parameter("", None),
    lambda t, m: m.register_parameter("forward", None),
    lambda t, m: m.register_parameter("in_features", None),
    lambda t, m: m.register_parameter("x", t.ones(1)),
    lambda t, m: m.register_parameter("x", 1),
    lambda t, m: m.register_buffer(3, None),
    lambda t, m: m.register_buffer("a.b", None),
    lambda t, m: m.register_buffer("", None),
    lambda t, m: m.register_buffer("weight", None),
    lambda t, m: m.register_buffer("x", [1]),
    lambda t, m: m.add_module(3, None),
    lambda t, m: m.add_module("a.b", None),
    lambda t, m: m.add_module("", None),
    lambda t, m: m.add_module("weight", None),
    lambda t, m: m.add_module("x", t.ones(1)),
    lambda t, m: m.get_submodule("a"),
    lambda t, m: m.get_submodule("weight"),
    lambda t, m: m.get_parameter("weigth"),
    lambda t, m: m.get_parameter("in_features"),
    lambda t, m: m.get_buffer("weight"),
    lambda t, m: m.get_buffer("x"),
    lambda t, m: m.set_submodule("", m),
    lambda t, m: m.set_submodule("x", 3),
    lambda t, m: m.set_submodule("x", m, strict=True),
    lambda t, m: m.set_submodule("weight", m),
    lambda t, m: m.train("yes"),
    lambda t, m: m.to(t.int64),
    lambda t, m: m.to(t.bool),
    lambda t, m: m.type(t.int64),
    lambda t, m: m.load_state_dict([1]),
    lambda t, m: m.load_state_dict({"weight": t.zeros(3, 2), "x": t.zeros(1), "y.z": t.zeros(1)}),
    lambda t, m: m.load_state_dict({"weight": t.zeros(2, 3), "bias": t.zeros(3)}),
    lambda t, m: m.load_state_dict({"weight": t.zeros(2, 3)}, strict=False),
    lambda t, m: m.load_state_dict({"weight": 3, "bias": t.zeros(3)}),
    lambda t, m: m.load_state_dict({}),
    lambda t, m: t.nn.Sequential(m, m).load_state_dict({"0.weight": t.zeros(3, 2), "2.weight": 1}),
    lambda t, m: t.nn.Module()(1),
    lambda t, m: t.nn.Module(1),
    lambda t, m: t.nn.Module(a=1),
    lambda t, m: strict_child(t)(1, 2),
    lambda t, m: strict_child(t, call_super_init=True)(1, 2),
    lambda t, m: t.nn.Parameter(t.ones(2, dtype=t.int64)),
    lambda t, m: t.nn.Parameter([1.0]),
]


@pytest.mark.parametrize("index", range(len(ERRORS)))
def test_errors(index: int) -> None:
    same(lambda t: ERRORS[index](t, t.nn.Linear(2, 3)))


def test_set_and_get_by_path() -> None:
    def program(t: Any) -> Any:
        net = make_net(t)
        net.set_submodule("second.relu", t.nn.Tanh())
        net.set_submodule("second.more", t.nn.Sigmoid())
        net.set_submodule("second.relu", t.nn.ReLU(), strict=True)
        return (
            repr(net),
            net.get_submodule("") is net,
            net.get_submodule("second.block.linear"),
            net.get_parameter("second.block.linear.weight"),
            net.get_buffer("first.mean"),
        )

    same(program)


# --- doing something to all of it -----------------------------------------------------------------


def test_modes_and_grads() -> None:
    def program(t: Any) -> Any:
        net = make_net(t)
        modes = [[m.training for m in net.modules()]]
        modes.append([m.training for m in net.eval().modules()])
        net.first.train()
        modes.append([m.training for m in net.modules()])
        net(t.ones(1, 3)).sum().backward()
        grads = [[p.grad for p in net.parameters()]]
        net.zero_grad(set_to_none=False)
        grads.append([p.grad for p in net.parameters()])
        net.zero_grad()
        grads.append([p.grad for p in net.parameters()])
        net.requires_grad_(False)
        return modes, grads, [p.requires_grad for p in net.parameters()]

    same(program)


def test_apply_visits_children_first() -> None:
    def program(t: Any) -> Any:
        visited: list[str] = []
        net = make_net(t)
        assert net.apply(lambda m: visited.append(type(m).__name__)) is net
        return visited

    same(program)


CONVERSIONS = [
    lambda t, m: m.to(t.float64),
    lambda t, m: m.to("cpu"),
    lambda t, m: m.to("cpu", t.float64),
    lambda t, m: m.to("cpu", t.float64, True),
    lambda t, m: m.to(device="cpu", dtype=t.float64),
    lambda t, m: m.to(t.device("cpu")),
    lambda t, m: m.to(t.zeros(1, dtype=t.float64)),
    lambda t, m: m.to(tensor=t.zeros(1, dtype=t.float64)),
    lambda t, m: m.to(dtype=t.float64),
    lambda t, m: m.to(None),
    lambda t, m: m.to(),
    lambda t, m: m.double(),
    lambda t, m: m.double().float(),
    lambda t, m: m.cpu(),
]


@pytest.mark.parametrize("index", range(len(CONVERSIONS)))
def test_conversions(index: int) -> None:
    def program(t: Any) -> Any:
        net = make_net(t)
        net(t.ones(1, 3)).sum().backward()
        weight, grad = net.first.linear.weight, net.first.linear.weight.grad
        converted = CONVERSIONS[index](t, net)
        return (
            converted is net,
            net.first.linear.weight is weight,
            weight.grad is grad,
            net.state_dict(),
            [p.grad for p in net.parameters()],
            net.first.scratch,
        )

    same(program)


def test_no_cuda() -> None:
    def program(t: Any) -> Any:
        layer = t.nn.Linear(2, 3)
        errors = [
            attempt(lambda: layer.to("cuda")),
            attempt(layer.cuda),
            attempt(lambda: t.nn.Linear(2, 3, device="cuda")),
        ]
        # Ours say more after PyTorch's words.
        return [
            str(error)[: len("AssertionError: Torch not compiled with CUDA enabled")]
            for error in errors
        ]

    same(program)


# --- state dicts ----------------------------------------------------------------------------------


def test_state_dict_layout() -> None:
    def program(t: Any) -> Any:
        net = make_net(t)
        state = net.state_dict()
        kept = net.state_dict(keep_vars=True, prefix="net.")
        return (
            type(state).__name__,
            dict(state._metadata),
            list(state._metadata),
            state,
            kept,
            kept["net.scale"] is net.scale,
            state["scale"].requires_grad,
        )

    same(program)


def test_state_dict_shares_memory() -> None:
    layer = minitorch_clf.nn.Linear(2, 3)
    layer.state_dict()["bias"].fill_(5.0)
    assert layer.bias.tolist() == [5.0, 5.0, 5.0]


def test_load_copies_and_assign_replaces() -> None:
    def program(t: Any) -> Any:
        seen = []
        for assign in (False, True):
            net, other = make_net(t), make_net(t).double()
            weight = net.first.linear.weight
            net.first.linear.bias.requires_grad_(False)
            state = other.state_dict()
            result = net.load_state_dict(state, assign=assign)
            seen.append((repr(result), result.missing_keys, net.first.linear.weight is weight))
            seen.append((net.state_dict(), net.first.linear.bias, net.first.linear.weight))
        return seen

    same(program)


def test_load_not_strict() -> None:
    def program(t: Any) -> Any:
        layer = t.nn.Linear(2, 3)
        result = layer.load_state_dict({"weight": t.zeros(3, 2), "x": t.zeros(1)}, strict=False)
        return repr(result), str(result), list(result), layer.weight

    same(program)


def test_load_scalar_saved_as_one_element() -> None:
    def program(t: Any) -> Any:
        module = t.nn.Module()
        module.scale = t.nn.Parameter(t.tensor(1.0))
        module.load_state_dict({"scale": t.tensor([3.0])})
        return module.scale

    same(program)


def test_extra_state() -> None:
    def program(t: Any) -> Any:
        class Counter(t.nn.Linear):
            def get_extra_state(self) -> Any:
                return {"count": 3}

            def set_extra_state(self, state: Any) -> None:
                self.count = state["count"]

        net = t.nn.Sequential(Counter(2, 3), t.nn.Linear(3, 1))
        state = net.state_dict()
        net.load_state_dict(state)
        without = {key: value for key, value in state.items() if "extra" not in key}
        plain = t.nn.Sequential(t.nn.Linear(2, 3), t.nn.Linear(3, 1))
        return (
            list(state),
            net[0].count,
            attempt(lambda: net.load_state_dict(without)),
            attempt(lambda: plain.load_state_dict(state)),
        )

    same(program)


def test_state_dict_hooks() -> None:
    def program(t: Any) -> Any:
        log = []
        net = t.nn.Sequential(t.nn.Linear(1, 1), t.nn.Linear(1, 1))
        for name, module in (("net", net), ("child", net[0])):

            def pre(module: Any, prefix: str, keep_vars: bool, name: str = name) -> None:
                log.append((name, "save pre", prefix, keep_vars))

            def post(m: Any, state: Any, prefix: str, metadata: Any, name: str = name) -> None:
                log.append((name, "save post", prefix, list(state), dict(metadata)))

            def load_pre(m: Any, state: Any, prefix: str, *rest: Any, name: str = name) -> None:
                log.append((name, "load pre", prefix, list(state), len(rest)))

            def load_post(module: Any, keys: Any, name: str = name) -> None:
                log.append((name, "load post", list(keys.missing_keys)))

            module.register_state_dict_pre_hook(pre)
            module.register_state_dict_post_hook(post)
            module.register_load_state_dict_pre_hook(load_pre)
            handle = module.register_load_state_dict_post_hook(load_post)
        net.load_state_dict(net.state_dict())
        handle.remove()
        net.load_state_dict(net.state_dict(), strict=True)
        net.register_load_state_dict_post_hook(lambda module, keys: keys)
        log.append(attempt(lambda: net.load_state_dict(net.state_dict())))
        net.register_state_dict_post_hook(lambda *args: 3)
        log.append(attempt(net.state_dict))
        return log

    same(program)


# --- copies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_equal_and_apart(duplicate: Any) -> None:
    t = minitorch_clf
    net = t.nn.Sequential(t.nn.Linear(2, 3), t.nn.CrossEntropyLoss(weight=t.ones(3)), t.nn.ReLU())
    net[2].register_buffer("count", t.tensor(3), persistent=False)
    net[0].bias.requires_grad_(False)
    net.eval()
    twin = duplicate(net)
    assert repr(twin) == repr(net)
    assert list(twin.state_dict()) == list(net.state_dict())
    assert type(twin[0].weight) is t.nn.Parameter
    assert twin[0].weight.requires_grad
    assert not twin[0].bias.requires_grad
    assert not twin.training
    assert twin[0].weight.tolist() == net[0].weight.tolist()
    with t.no_grad():
        net[0].weight.zero_()
    assert twin[0].weight.abs().sum().item() > 0


def test_deepcopy_keeps_tied_parameters_tied() -> None:
    def program(t: Any) -> Any:
        net = copy.deepcopy(make_net(t))
        return net.tied is net.first.linear.weight, net.second.block is net.first, repr(net)

    same(program)


def test_deepcopy_with_hook_handle() -> None:
    def program(t: Any) -> Any:
        layer = t.nn.ReLU()
        layer.handle = layer.register_forward_hook(lambda m, args, out: out + 1)
        twin = copy.deepcopy(layer)
        twin.handle.remove()
        return layer(t.zeros(1)), twin(t.zeros(1))

    same(program)


def test_shallow_copy_shares_parameters() -> None:
    def program(t: Any) -> Any:
        layer = t.nn.Linear(2, 3)
        twin = copy.copy(layer)
        return twin.weight is layer.weight, twin._parameters is layer._parameters

    same(program)
