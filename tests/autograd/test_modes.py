"""no_grad, enable_grad, set_grad_enabled and inference_mode: what they say, forbid and leave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import minitorch_clf
from tests.nn.twin import attempt, same

Action = Callable[[Any, Any], Any]


def state(t: Any) -> tuple[bool, bool]:
    return t.is_grad_enabled(), t.is_inference_mode_enabled()


def test_decorators_and_blocks() -> None:
    def program(t: Any) -> Any:
        modes = (
            t.no_grad,
            t.no_grad(),
            t.enable_grad,
            t.enable_grad(),
            t.inference_mode,
            t.inference_mode(),
            t.inference_mode(False),
            t.inference_mode(mode=True),
        )
        decorated = [mode(lambda: state(t))() for mode in modes]
        with t.no_grad():
            decorated += [mode(lambda: state(t))() for mode in modes]
            decorated.append(t.set_grad_enabled(True)(lambda: state(t))())
        blocks = []
        for mode in (t.no_grad(), t.inference_mode(), t.inference_mode(False)):
            with mode as entered:
                blocks.append((state(t), entered))
                with t.enable_grad():
                    blocks.append(state(t))
                    with t.inference_mode(False):
                        blocks.append(state(t))
            blocks.append(state(t))

        @t.no_grad()
        def named() -> None:
            """Its text."""

        return decorated, blocks, named.__name__, named.__doc__

    same(program)


def test_set_grad_enabled_as_a_function() -> None:
    def program(t: Any) -> Any:
        shown = [repr(t.set_grad_enabled(False)), t.is_grad_enabled()]
        with t.set_grad_enabled(True):
            shown.append(t.is_grad_enabled())
        shown.append(t.is_grad_enabled())
        t.set_grad_enabled(True)
        return shown, attempt(lambda: t.set_grad_enabled("a"))

    same(program)


def test_generators_are_in_the_mode_only_while_they_run() -> None:
    def program(t: Any) -> Any:
        log: list[Any] = []

        @t.no_grad()
        def count() -> Iterator[Any]:
            try:
                for k in range(2):
                    try:
                        log.append((yield k, t.is_grad_enabled()))
                    except ValueError:
                        log.append(("caught", t.is_grad_enabled()))
            finally:
                log.append(("closed", t.is_grad_enabled()))
            return "end"

        outside = [(value, t.is_grad_enabled()) for value in count()]
        steps = count()
        outside += [next(steps), steps.send("sent"), t.is_grad_enabled()]
        again = count()
        next(again)
        outside.append(again.throw(ValueError()))
        again.close()
        return outside, log

    same(program)


def test_an_error_leaves_the_mode() -> None:
    def program(t: Any) -> Any:
        def fail() -> None:
            raise ValueError("no")

        return [attempt(mode(fail)) for mode in (t.no_grad(), t.inference_mode())], state(t)

    same(program)


def test_decorated_classes_get_a_warning() -> None:
    same(lambda t: t.no_grad()(type("K", (), {"seen": property(lambda k: 3)}))().seen)


def test_a_mode_belongs_to_its_thread() -> None:
    t = minitorch_clf
    seen: list[tuple[bool, bool]] = []
    with t.inference_mode():
        thread = threading.Thread(target=lambda: seen.append(state(t)))
        thread.start()
        thread.join()
    assert seen == [(True, False)]


# --- inference tensors ----------------------------------------------------------------------------


def test_what_is_an_inference_tensor() -> None:
    def program(t: Any) -> Any:
        leaf = t.ones(2, requires_grad=True)
        plain = t.ones(2)
        with t.inference_mode():
            made = [t.ones(2), leaf * 2, plain.clone(), t.ones(2, requires_grad=True)]
            views = [plain.view(1, 2), plain[0], plain.detach(), leaf.detach()]
            with t.enable_grad():
                inside = leaf * 2
            with t.inference_mode(False):
                normal = [t.ones(2), made[0] * 2]
                view = made[0][0]
        after = [
            made[0] * 1, made[0][0], made[0].view(2), made[0].detach(), made[0].clone(),
            made[0].data, made[0].exp(),
        ]  # fmt: skip
        groups = (made, views, [inside], normal, [view], after)
        flags = [[(x.is_inference(), x.requires_grad) for x in group] for group in groups]
        return flags, t.is_inference(made[0]), made[3].is_leaf

    same(program)


@pytest.mark.parametrize(
    "action",
    [
        lambda t, x: x._version,
        lambda t, x: x.add_(1),
        lambda t, x: x.zero_(),
        lambda t, x: x.__setitem__(0, 1.0),
        lambda t, x: x[0].add_(1),
        lambda t, x: t.no_grad()(lambda: x.add_(1))(),
        lambda t, x: x.requires_grad_(),
        lambda t, x: x.requires_grad_(False),
        lambda t, x: t.ones(2, requires_grad=True) * x,
        lambda t, x: (t.ones(2, requires_grad=True) + x).sum().backward(),
        lambda t, x: (t.ones(2, requires_grad=True) * 1).mul_(x),
        lambda t, x: (t.ones(2, requires_grad=True) * 1).add_(x),
        lambda t, x: t.ones(2).copy_(x),
        lambda t, x: (t.ones(2, requires_grad=True) * 2).backward(x),
        lambda t, x: t.nn.functional.linear(x.view(1, 2), t.ones(1, 2, requires_grad=True)),
        lambda t, x: x.retain_grad(),
        lambda t, x: t.inference_mode()(lambda: x.add_(1))(),
        lambda t, x: t.inference_mode()(x.requires_grad_)().requires_grad,
    ],
)
def test_what_may_be_done_with_one(action: Action) -> None:
    def program(t: Any) -> Any:
        with t.inference_mode():
            x = t.tensor([1.0, 2.0])
        return attempt(lambda: action(t, x))  # not x: PyTorch writes first, and then complains

    same(program)


@pytest.mark.parametrize(
    "action",
    [
        lambda t, x: (x.add_(1), x._version)[1],
        lambda t, x: x[0].add_(1),
        lambda t, x: x.sum().backward(),
        lambda t, x: (x * 2).requires_grad_(),
    ],
)
@pytest.mark.parametrize("requires_grad", [False, True])
def test_normal_tensors_in_inference_mode(action: Action, requires_grad: bool) -> None:
    def program(t: Any) -> Any:
        x = t.tensor([1.0, 2.0], requires_grad=requires_grad)
        with t.inference_mode():
            result = attempt(lambda: action(t, x))
        return result, x

    same(program)


def test_views_made_in_inference_mode_are_not_written_to_outside() -> None:
    def program(t: Any) -> Any:
        x, y = t.ones(2, requires_grad=True), t.ones(2, requires_grad=True) * 1
        with t.inference_mode():
            views = x[0], y[0]
        return [attempt(lambda: view.add_(1)) for view in views]  # noqa: B023

    same(program)


def test_numpy_of_what_requires_grad_where_nothing_is_recorded() -> None:
    def program(t: Any) -> Any:
        x = t.ones(2, requires_grad=True)
        with t.no_grad():
            array = x.numpy()
        return array.sum().item(), attempt(x.numpy)

    same(program)


def test_a_view_made_without_a_graph_of_something_with_one() -> None:
    def program(t: Any) -> Any:
        leaf = t.ones(3, requires_grad=True)
        inner = leaf * 1
        with t.no_grad():
            views = [inner[:2], leaf[:2]]
        flags = [(v.requires_grad, v.is_leaf, v.grad_fn is None) for v in views]
        used = (views[0] * 3).sum()
        used.backward()  # leads nowhere
        written = [attempt(lambda v=v: v.add_(1)) for v in views]  # type: ignore[misc]
        return flags, used.requires_grad, leaf.grad is None, written

    same(program)
