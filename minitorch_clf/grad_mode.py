"""Whether operations on this thread record a graph, and the ways to say so."""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, ClassVar, TypeVar

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

F = TypeVar("F", bound=Callable[..., Any])


class _GradMode(threading.local):
    """What holds on this thread.

    enabled      operations record a graph
    wanted       the same, but for inference mode, in which nothing is recorded
    inference    what is made takes no part in any graph
    pack_hooks   pairs (pack, unpack) for what is saved for backward, innermost last
    no_pack      not None: no such pair may be added, with this as the error
    """

    enabled = True
    wanted = True
    inference = False
    pack_hooks: tuple[tuple[Callable[[Any], Any], Callable[[Any], Any]], ...] = ()
    no_pack: str | None = None

    def set(self, mode: bool) -> None:
        """Record a graph, or not, where nothing forbids it."""
        self.wanted = mode
        self.enabled = mode and not self.inference


grad_mode = _GradMode()


def is_grad_enabled() -> bool:
    """Whether operations on this thread record a graph."""
    return grad_mode.wanted


class set_grad_enabled:
    """Record a graph, or not, from here on; as a context manager, until the block ends.

    >>> import minitorch_clf as torch
    >>> x = torch.tensor([1.0], requires_grad=True)
    >>> with torch.set_grad_enabled(False):
    ...     (x * 2).requires_grad
    False
    """

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(
                "set_grad_enabled(): argument 'enabled' (position 1) must be bool, not "
                f"{type(mode).__name__}"
            )
        self.mode = mode
        self.previous = [grad_mode.wanted]
        grad_mode.set(self.mode)

    def __enter__(self) -> None:
        grad_mode.set(self.mode)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        grad_mode.set(self.previous[-1])

    def __call__(self, function: F) -> F:
        grad_mode.set(self.previous[-1])  # as a decorator it changes nothing now
        return decorated(function, lambda: set_grad_enabled(self.mode))

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.mode})"


def decorated(function: F, block: Callable[[], AbstractContextManager[Any]]) -> F:
    """`function`, each call of it run within `block()`; of a generator, each step."""
    if inspect.isclass(function):
        warnings.warn(
            "Decorating classes is deprecated and will be disabled in future versions. You should "
            "only decorate functions or methods. To preserve the current behavior of class "
            "decoration, you can directly decorate the `__init__` method and nothing else.",
            FutureWarning,
            stacklevel=3,
        )

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with block():
            return function(*args, **kwargs)

    @functools.wraps(function)
    def stepwise(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        step, given = generator.send, None
        while True:
            try:
                with block():
                    value = step(given)
            except StopIteration as stop:
                return stop.value
            try:
                given = yield value
                step = generator.send
            except GeneratorExit:
                with block():
                    generator.close()
                raise
            except BaseException as error:  # noqa: BLE001 - all of them are the generator's to handle
                step, given = generator.throw, error

    chosen: Any = stepwise if inspect.isgeneratorfunction(function) else wrapped
    return chosen  # type: ignore[no-any-return]


class _Mode:
    """A grad mode as a context manager and as a decorator, with or without brackets."""

    mode: ClassVar[bool]

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else decorated(function, cls)

    def __init__(self) -> None:
        self.previous: list[bool] = []  # a stack: one object may be entered again while inside

    def __enter__(self) -> None:
        self.previous.append(grad_mode.wanted)
        grad_mode.set(self.mode)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        grad_mode.set(self.previous.pop())

    def __call__(self, function: F) -> F:
        return decorated(function, type(self))


class no_grad(_Mode):
    """Operations inside record no graph: `with no_grad():` or `@no_grad`.

    >>> import minitorch_clf as torch
    >>> x = torch.tensor([1.0], requires_grad=True)
    >>> with torch.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    mode = False


class enable_grad(_Mode):
    """Operations inside record a graph again, within `no_grad`."""

    mode = True


class inference_mode:
    """Operations inside record no graph, and what they make takes part in none later.

    Such a tensor cannot be saved for backward or, outside, be written into; a clone of it can. With
    mode=False: normal mode, within inference mode.

    RuntimeError  "Inference tensors cannot be saved for backward. ..."

    >>> import minitorch_clf as torch
    >>> with torch.inference_mode():
    ...     y = torch.ones(2) * 3
    >>> y.is_inference()
    True
    """

    def __new__(cls, mode: Any = True) -> Any:
        return super().__new__(cls) if isinstance(mode, bool) else decorated(mode, cls)

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode
        self.previous: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self.previous.append((grad_mode.inference, grad_mode.wanted))
        grad_mode.inference = self.mode
        grad_mode.set(not self.mode)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        grad_mode.inference, wanted = self.previous.pop()
        grad_mode.set(wanted)

    def __call__(self, function: F) -> F:
        return decorated(function, lambda: inference_mode(self.mode))


def is_inference_mode_enabled() -> bool:
    """Whether this thread is in inference mode."""
    return grad_mode.inference
