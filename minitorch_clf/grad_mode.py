"""Whether operations on this thread record a graph, and the ways to say so."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, ClassVar, TypeVar

__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]

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
        self.mode = bool(mode)
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
        return _in_grad_mode(function, self.mode)


def _in_grad_mode(function: F, mode: bool) -> F:
    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        previous = grad_mode.wanted
        grad_mode.set(mode)
        try:
            return function(*args, **kwargs)
        finally:
            grad_mode.set(previous)

    return wrapped  # type: ignore[return-value]  # functools.wraps keeps the signature, mypy cannot see it


class _Mode:
    """A grad mode as a context manager and as a decorator, with or without brackets."""

    mode: ClassVar[bool]

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else _in_grad_mode(function, cls.mode)

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
        return _in_grad_mode(function, self.mode)


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
