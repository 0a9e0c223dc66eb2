"""Groups, names, hooks, closures, repr, errors, and state dicts that both engines can load."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch

import minitorch_clf
from tests.nn.twin import same

OPTIONS: dict[str, dict[str, Any]] = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01},
    "Adam": {"lr": 0.01, "amsgrad": True},
    "AdamW": {"lr": 0.01},
    "RMSprop": {"momentum": 0.9, "centered": True},
    "Adagrad": {"lr_decay": 0.1, "initial_accumulator_value": 0.5},
    "Adadelta": {"rho": 0.5},
    "Adamax": {"weight_decay": 0.1},
    "NAdam": {"momentum_decay": 0.1},
    "RAdam": {"betas": (0.5, 0.6)},
}


def pair(t: Any) -> list[Any]:
    return [t.tensor([1.0, 2.0], requires_grad=True), t.tensor([[3.0]], requires_grad=True)]


def train(t: Any, optimizer: Any, steps: int = 3, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.grad = t.tensor(rng.standard_normal(tuple(p.shape)).astype("float32"))
        optimizer.step()


def converted(t: Any, value: Any) -> Any:
    """A state dict with its tensors made anew in engine t."""
    if isinstance(value, torch.Tensor | minitorch_clf.Tensor):
        return t.tensor(value.detach().numpy().copy())
    if isinstance(value, dict):
        return {key: converted(t, item) for key, item in value.items()}
    if isinstance(value, list):
        return [converted(t, item) for item in value]
    return value


# --- state dicts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIONS)
def test_state_dict_has_pytorchs_layout(optimizer: str) -> None:
    """T81: parameters by number, and every flag in the group."""

    def program(t: Any) -> Any:
        first, second = pair(t)
        groups = [{"params": [first]}, {"params": [second], "lr": 1.0}]
        chosen = getattr(t.optim, optimizer)(groups, **OPTIONS[optimizer])
        before = copy.deepcopy(chosen.state_dict())
        train(t, chosen)
        return before, chosen.state_dict(), first, second

    same(program)


@pytest.mark.parametrize(("source", "target"), [(torch, minitorch_clf), (minitorch_clf, torch)])
@pytest.mark.parametrize("optimizer", OPTIONS)
def test_a_state_dict_moves_between_the_engines(optimizer: str, source: Any, target: Any) -> None:
    """Three steps here, three there: the same bits as six in one place."""
    start = pair(source)
    first = getattr(source.optim, optimizer)(start, **OPTIONS[optimizer])
    train(source, first)
    moved = [converted(target, p).requires_grad_() for p in start]
    second = getattr(target.optim, optimizer)(moved)
    second.load_state_dict(converted(target, first.state_dict()))
    train(source, first, seed=1)
    train(target, second, seed=1)
    for p, q in zip(start, moved, strict=True):
        assert np.array_equal(p.detach().numpy(), q.detach().numpy())
    ours, theirs = (str(converted(torch, o.state_dict())) for o in (first, second))
    assert ours == theirs


def test_loading_converts_dtypes_but_not_the_count_of_steps() -> None:
    def program(t: Any) -> Any:
        source = t.optim.Adam(pair(t))
        train(t, source)
        target = t.optim.Adam([p.detach().double().requires_grad_() for p in pair(t)])
        target.load_state_dict(source.state_dict())
        return target.state_dict()

    same(program)


def test_loading_does_not_copy() -> None:
    for t in (minitorch_clf, torch):
        source = t.optim.SGD(pair(t), momentum=0.9)
        train(t, source)
        target = t.optim.SGD(pair(t), momentum=0.9)
        target.load_state_dict(source.state_dict())
        buffers = [next(iter(o.state.values()))["momentum_buffer"] for o in (source, target)]
        assert buffers[0] is buffers[1]


@pytest.mark.parametrize("optimizer", OPTIONS)
def test_old_state_dicts_lack_options(optimizer: str) -> None:
    def program(t: Any) -> Any:
        chosen = getattr(t.optim, optimizer)(pair(t))
        train(t, chosen, 1)
        old = chosen.state_dict()
        for group in old["param_groups"]:
            for option in set(group) - {"params", "lr", "momentum", "dampening", "weight_decay",
                                        "betas", "eps", "alpha", "rho", "lr_decay",
                                        "momentum_decay", "initial_accumulator_value"}:  # fmt: skip
                del group[option]
        for state in old["state"].values():
            if "step" in state:
                state["step"] = 7
        fresh = getattr(t.optim, optimizer)(pair(t))
        fresh.load_state_dict(old)
        return [dict(sorted(group.items())) for group in fresh.param_groups], fresh.state_dict()[
            "state"
        ]

    same(program)


def test_the_count_of_steps_follows_the_default_dtype() -> None:
    def program(t: Any) -> Any:
        before = t.get_default_dtype()
        t.set_default_dtype(t.float64)
        try:
            adam = t.optim.Adam([t.zeros(2, dtype=t.float32).requires_grad_()])
            adam.param_groups[0]["params"][0].grad = t.ones(2, dtype=t.float32)
            adam.step()
            return adam.state_dict()["state"]
        finally:
            t.set_default_dtype(before)

    same(program)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_copies_and_pickles_go_on(again: Callable[[Any], Any]) -> None:
    adam = minitorch_clf.optim.Adam(pair(minitorch_clf))
    train(minitorch_clf, adam)
    other = again(adam)
    train(minitorch_clf, adam, seed=1)
    train(minitorch_clf, other, seed=1)
    assert str(adam.state_dict()) == str(other.state_dict())
    assert other.param_groups[0]["params"][0] is not adam.param_groups[0]["params"][0]


# --- groups and names -----------------------------------------------------------------------------

GOOD_PARAMS: dict[str, Callable[[Any], Any]] = {
    "list": pair,
    "generator": lambda t: (p for p in pair(t)),
    "named": lambda t: [("w", pair(t)[0]), ("b", pair(t)[1])],
    "groups": lambda t: [{"params": pair(t)[0], "lr": 1.0}, {"params": pair(t)}],
    "named groups": lambda t: [
        {"params": [("w", pair(t)[0])]},
        {"params": [("b", pair(t)[1])], "lr": 1},
    ],
    "no parameters in a group": lambda t: [{"params": []}],
    "retains grad": lambda t: [_with_retained_grad(t)],
}

BAD_PARAMS: dict[str, Callable[[Any], Any]] = {
    "tensor": lambda t: pair(t)[0],
    "empty": lambda t: [],
    "number": lambda t: [pair(t)[0], 3],
    "text": lambda t: ["weight"],
    "class": lambda t: [dict],
    "non-leaf": lambda t: [pair(t)[0] * 2],
    "set": lambda t: [{"params": set(pair(t))}],
    "partly named": lambda t: [("w", pair(t)[0]), pair(t)[1]],
    "groups partly named": lambda t: [{"params": [("w", pair(t)[0])]}, {"params": [pair(t)[1]]}],
    "groups partly named, the other way": lambda t: [
        {"params": [pair(t)[1]]},
        {"params": [("w", pair(t)[0])]},
    ],
    "in two groups": lambda t: [{"params": (p := pair(t))[0]}, {"params": p}],
    "twice": lambda t: pair(t)[:1] * 2,
    "no dict": lambda t: [{"params": pair(t)}, 3],
    "no params": lambda t: [{"lr": 3}],
}


def _with_retained_grad(t: Any) -> Any:
    p = pair(t)[0] * 2
    p.retain_grad()
    return p


@pytest.mark.parametrize("name", [*GOOD_PARAMS, *BAD_PARAMS])
def test_params(name: str) -> None:
    """T83: duplicates only warn, an empty list raises."""
    params = {**GOOD_PARAMS, **BAD_PARAMS}[name]

    def program(t: Any) -> Any:
        optimizer = t.optim.SGD(params(t), lr=0.5)
        return repr(optimizer), optimizer.state_dict()

    same(program)


@pytest.mark.parametrize("optimizer", OPTIONS)
def test_repr(optimizer: str) -> None:
    same(lambda t: repr(getattr(t.optim, optimizer)(pair(t), **OPTIONS[optimizer])))
    same(lambda t: repr(getattr(t.optim, optimizer)(pair(t), lr=t.tensor(0.5))))


def test_defaults_and_mro() -> None:
    for optimizer in OPTIONS:
        same(lambda t, name=optimizer: getattr(t.optim, name)(pair(t)).defaults)
    assert issubclass(minitorch_clf.optim.AdamW, minitorch_clf.optim.Adam)


def test_names_outlive_a_state_dict_without_them() -> None:
    def program(t: Any) -> Any:
        named = t.optim.SGD([("w", pair(t)[0])])
        named.load_state_dict(t.optim.SGD(pair(t)[:1], lr=1).state_dict())
        return named.state_dict()

    same(program)


# --- errors ---------------------------------------------------------------------------------------

BAD_OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": -1}),
    ("SGD", {"momentum": -0.1}),
    ("SGD", {"weight_decay": -1}),
    ("SGD", {"nesterov": True}),
    ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}),
    ("SGD", {"learning_rate": 1}),
    ("Adam", {"lr": -1.0}),
    ("Adam", {"lr": float("nan")}),
    ("Adam", {"eps": -1}),
    ("Adam", {"betas": (1.0, 0.9)}),
    ("Adam", {"betas": (0.9, -0.5)}),
    ("Adam", {"betas": (0, 0.9)}),
    ("Adam", {"weight_decay": -1}),
    ("AdamW", {"weight_decay": -1}),
    ("AdamW", {"betas": (0.9, 1)}),
    *[(name, {"lr": -1.0}) for name in OPTIONS],
    *[(name, {"eps": -1.0}) for name in OPTIONS],
    *[(name, {"weight_decay": float("nan")}) for name in OPTIONS if name != "SGD"],
    *[(name, {"betas": (1.0, 0.9)}) for name in ("Adamax", "NAdam", "RAdam")],
    *[(name, {"betas": (0, -1)}) for name in ("Adamax", "NAdam", "RAdam")],
    *[("RMSprop", {option: -1}) for option in ("alpha", "momentum", "centred")],
    *[("Adagrad", {option: -1}) for option in ("lr_decay", "initial_accumulator_value")],
    ("Adadelta", {"rho": 1.5}),
    ("Adadelta", {"rho": 1.5, "lr": -1}),
    ("NAdam", {"momentum_decay": -1}),
]


@pytest.mark.parametrize(("optimizer", "options"), BAD_OPTIONS)
def test_bad_options(optimizer: str, options: dict[str, Any]) -> None:
    same(lambda t: getattr(t.optim, optimizer)(pair(t), **options))


@pytest.mark.parametrize("optimizer", OPTIONS)
@pytest.mark.parametrize("shape", [(2,), (0,)])
def test_a_tensor_rate_has_one_element(optimizer: str, shape: tuple[int, ...]) -> None:
    same(lambda t: getattr(t.optim, optimizer)(pair(t), lr=t.full(shape, 0.1)))
    same(lambda t: getattr(t.optim, optimizer)(pair(t), lr=t.tensor(-0.5)))


def test_tensor_rates_and_foreach() -> None:
    same(lambda t: t.optim.Adam(pair(t), lr=t.tensor(0.1), foreach=True))
    same(lambda t: t.optim.Adam(pair(t), betas=(0.9, t.tensor(0.9))))


@pytest.mark.parametrize("optimizer", sorted(set(OPTIONS) - {"SGD", "Adagrad"}))
def test_capturable_fails_in_the_first_step(optimizer: str) -> None:
    def program(t: Any) -> Any:
        chosen = getattr(t.optim, optimizer)(pair(t), capturable=True)
        chosen.step()  # nothing to do yet
        train(t, chosen)

    same(program)


REFUSED = [(name, "differentiable") for name in OPTIONS]
REFUSED += [(name, "fused") for name in ("SGD", "Adam", "AdamW", "Adagrad")]
REFUSED += [(name, "foreach") for name in ("NAdam", "RAdam")]


@pytest.mark.parametrize(("optimizer", "option"), REFUSED)
def test_what_is_not_supported_is_named(optimizer: str, option: str) -> None:
    t = minitorch_clf
    match = rf"^{optimizer}\({option}=True\)"
    make = getattr(t.optim, optimizer)
    with pytest.raises(NotImplementedError, match=match):
        make(pair(t), **{option: True})
    with pytest.raises(NotImplementedError, match=match):
        make([{"params": pair(t), option: True}])
    chosen = make(pair(t))
    state_dict = chosen.state_dict()
    state_dict["param_groups"][0][option] = True
    with pytest.raises(NotImplementedError, match=match):
        chosen.load_state_dict(state_dict)
    assert not chosen.param_groups[0][option]


def test_betas_as_tensors_are_named() -> None:
    t = minitorch_clf
    with pytest.raises(NotImplementedError, match="betas"):
        t.optim.Adam(pair(t), betas=(t.tensor(0.9), t.tensor(0.99)))


def test_state_dicts_of_another_shape() -> None:
    def smaller(t: Any) -> None:
        t.optim.SGD(pair(t)).load_state_dict(t.optim.SGD(pair(t)[:1]).state_dict())

    def more_groups(t: Any) -> None:
        groups = [{"params": p} for p in pair(t)]
        t.optim.SGD(pair(t)).load_state_dict(t.optim.SGD(groups).state_dict())

    same(smaller)
    same(more_groups)


# --- closures, hooks, optimizers of one's own -----------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIONS)
def test_a_closure_runs_first_and_with_gradients(optimizer: str) -> None:
    def program(t: Any) -> Any:
        p = t.tensor([1.0, 2.0], requires_grad=True)
        chosen = getattr(t.optim, optimizer)([p], **OPTIONS[optimizer])

        def closure() -> Any:
            chosen.zero_grad()
            loss = (p * p).sum()
            loss.backward()
            return loss

        with t.no_grad():
            losses = [chosen.step(closure).item() for _ in range(3)]
        return losses, chosen.step(), p

    same(program)


def test_hooks() -> None:
    def program(t: Any) -> Any:
        module = import_module(f"{t.__name__}.optim.optimizer")
        before_all = module.register_optimizer_step_pre_hook
        after_all = module.register_optimizer_step_post_hook
        calls: list[Any] = []
        sgd = t.optim.SGD(pair(t))
        handles = [
            before_all(lambda o, a, k: calls.append(("all", len(a), k))),
            after_all(lambda o, a, k: calls.append("all after")),
            sgd.register_step_pre_hook(lambda o, a, k: calls.append(o is sgd)),
            sgd.register_step_pre_hook(lambda o, a, k: ((a[0], lambda: 42), k)),
            sgd.register_step_post_hook(lambda o, a, k: calls.append(("after", len(a), k))),
            sgd.register_state_dict_pre_hook(lambda o: calls.append("saving")),
            sgd.register_state_dict_post_hook(lambda o, s: {**s, "more": 1}),
            sgd.register_state_dict_post_hook(lambda o, s: calls.append("more" in s), prepend=True),
            sgd.register_load_state_dict_pre_hook(lambda o, s: calls.append(list(s))),
            sgd.register_load_state_dict_post_hook(lambda o: calls.append("loaded")),
        ]
        returned = [sgd.step()]
        state_dict = sgd.state_dict()
        sgd.load_state_dict(state_dict)
        for handle in handles:
            handle.remove()
        returned += [sgd.step(), sgd.step(lambda: 3)]
        return calls, returned, state_dict

    same(program)


def test_a_hook_returns_nothing_or_two_things() -> None:
    sgd = minitorch_clf.optim.SGD(pair(minitorch_clf))
    sgd.register_step_pre_hook(lambda o, a, k: 3)
    with pytest.raises(RuntimeError, match=r"must return None or a tuple of .* but got 3\.$"):
        sgd.step()


def test_an_optimizer_of_ones_own() -> None:
    def program(t: Any) -> Any:
        required = import_module(f"{t.__name__}.optim.optimizer").required

        class SignSGD(t.optim.Optimizer):  # type: ignore[misc, name-defined]
            def __init__(self, params: Any, lr: Any = required) -> None:
                super().__init__(params, {"lr": lr})

            def step(self, closure: Any = None) -> Any:
                with t.no_grad():
                    for group in self.param_groups:
                        for p in group["params"]:
                            p.add_(p.grad.sign(), alpha=-group["lr"])
                            self.state[p]["seen"] = True

        calls: list[Any] = []
        params = pair(t)
        own = SignSGD(params, lr=0.5)
        own.register_step_post_hook(lambda o, a, k: calls.append("after"))
        train(t, own)
        with pytest.raises(ValueError, match="didn't specify a value of required"):
            SignSGD(params)
        return calls, params, repr(own), own.state_dict()

    same(program)


def test_an_optimizer_without_a_rule() -> None:
    def program(t: Any) -> Any:
        t.optim.Optimizer(pair(t), {}).step()

    same(program)


def test_nothing_is_printed_or_warned() -> None:
    t = minitorch_clf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for optimizer, options in OPTIONS.items():
            train(t, getattr(t.optim, optimizer)(pair(t), **options))
