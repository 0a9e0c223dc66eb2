"""Functions that run before and after a step, saving, or loading.

    optimizer.step(closure)                          state_dict()            load_state_dict(d)
      pre-hooks, those of all optimizers first         pre-hooks               pre-hooks
      the step                                         the dict                the loading
      post-hooks, those of all optimizers last         post-hooks              post-hooks

Hooks of one kind run in the order of registration, `prepend=True` before all others.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from minitorch_clf.handles import RemovableHandle

Hook: TypeAlias = Callable[..., Any]
F = TypeVar("F", bound=Callable[..., Any])


def _register(
    hooks: OrderedDict[int, Hook], hook: Hook, *, prepend: bool = False
) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


_global_pre_hooks: OrderedDict[int, Hook] = OrderedDict()
_global_post_hooks: OrderedDict[int, Hook] = OrderedDict()


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Call hook(optimizer, args, kwargs) before every step of every optimizer.

    It may return (new_args, new_kwargs).
    """
    return _register(_global_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Call hook(optimizer, args, kwargs) after every step of every optimizer."""
    return _register(_global_post_hooks, hook)


def _all(first: OrderedDict[int, Hook], then: OrderedDict[int, Hook]) -> tuple[Hook, ...]:
    """The hooks as they are now: a hook may register others, which wait for the next step."""
    return (*first.values(), *then.values()) if first or then else ()


def hooked(step: F) -> F:
    """`step` with its hooks around it; and schedulers want to know whether it was called."""

    @functools.wraps(step)
    def wrapper(self: HookMethods, *args: Any, **kwargs: Any) -> Any:
        if self._opt_called is not None:
            self._opt_called = True
        for hook in _all(_global_pre_hooks, self._optimizer_step_pre_hooks):
            changed = hook(self, (self, *args), kwargs)
            if changed is not None:
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(
                        f"{step} must return None or a tuple of (new_args, new_kwargs), "
                        f"but got {changed}."
                    )
                (_, *args), kwargs = changed
        result = step(self, *args, **kwargs)
        for hook in _all(self._optimizer_step_post_hooks, _global_post_hooks):
            hook(self, (self, *args), kwargs)
        return result

    wrapper.hooked = True  # type: ignore[attr-defined]
    return wrapper  # type: ignore[return-value]  # functools.wraps keeps the signature


class HookMethods:
    """The part of Optimizer that is about hooks."""

    def _init_hooks(self) -> None:
        self._opt_called: bool | None = None  # None until a scheduler asks
        self._optimizer_step_pre_hooks: OrderedDict[int, Hook] = OrderedDict()
        self._optimizer_step_post_hooks: OrderedDict[int, Hook] = OrderedDict()
        self._optimizer_state_dict_pre_hooks: OrderedDict[int, Hook] = OrderedDict()
        self._optimizer_state_dict_post_hooks: OrderedDict[int, Hook] = OrderedDict()
        self._optimizer_load_state_dict_pre_hooks: OrderedDict[int, Hook] = OrderedDict()
        self._optimizer_load_state_dict_post_hooks: OrderedDict[int, Hook] = OrderedDict()

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) before each step; it may return new ones of both."""
        return _register(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) after each step."""
        return _register(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(optimizer) at the start of `state_dict`."""
        return _register(self._optimizer_state_dict_pre_hooks, hook, prepend=prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(optimizer, state_dict) at the end of `state_dict`; it may return another."""
        return _register(self._optimizer_state_dict_post_hooks, hook, prepend=prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Call hook(optimizer, state_dict) before loading; it may return another state dict."""
        return _register(self._optimizer_load_state_dict_pre_hooks, hook, prepend=prepend)

    def register_load_state_dict_post_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Call hook(optimizer) after loading."""
        return _register(self._optimizer_load_state_dict_post_hooks, hook, prepend=prepend)
