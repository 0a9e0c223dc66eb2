"""Calling a module, and the hooks that watch or change what goes in and what comes out.

    y = module(x)                            loss.backward()
      forward pre-hook(module, args)           full backward pre-hook(module, grad_output)
      module.forward(*args)                    ... the backward of the ops inside ...
      forward hook(module, args, output)       full backward hook(module, grad_input, grad_output)

Hooks of one kind run in the order of registration, `prepend=True` before all others; what a hook
returns, if it is not None, replaces what it was given.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch_clf.grad_mode import is_grad_enabled
from minitorch_clf.handles import RemovableHandle
from minitorch_clf.tape import Array, Context, Function
from minitorch_clf.tensor import Tensor, apply, wrap

Hook = Callable[..., Any]


def add_hook(
    hooks: OrderedDict[int, Hook],
    hook: Hook,
    *,
    prepend: bool = False,
    flags: Sequence[tuple[OrderedDict[int, bool], bool]] = (),
) -> RemovableHandle:
    """Register `hook` in `hooks`, and its id in each dict of `flags` whose flag is set."""
    handle = RemovableHandle(hooks, *(ids for ids, _ in flags))
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    for ids, flag in flags:
        if flag:
            ids[handle.id] = True
    return handle


class CallMethods:
    """The part of Module that is called: `__call__` and the registration of the hooks around it."""

    forward: Hook
    _forward_hooks: OrderedDict[int, Hook]
    _forward_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks_always_called: OrderedDict[int, bool]
    _forward_pre_hooks: OrderedDict[int, Hook]
    _forward_pre_hooks_with_kwargs: OrderedDict[int, bool]
    _backward_hooks: OrderedDict[int, Hook]
    _backward_pre_hooks: OrderedDict[int, Hook]

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call hook(module, args) before every forward; a returned value, or tuple, replaces args.

        With with_kwargs=True it is hook(module, args, kwargs), and may return (new_args,
        new_kwargs).
        """
        flags = [(self._forward_pre_hooks_with_kwargs, with_kwargs)]
        return add_hook(self._forward_pre_hooks, hook, prepend=prepend, flags=flags)

    def register_forward_hook(
        self,
        hook: Hook,
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call hook(module, args, output) after every forward; a returned value replaces output.

        with_kwargs  the hook is called as hook(module, args, kwargs, output)
        always_call  the hook is called even if forward raises, with output None

        >>> import minitorch_clf as torch
        >>> layer = torch.nn.ReLU()
        >>> handle = layer.register_forward_hook(lambda module, args, output: output + 1)
        >>> layer(torch.tensor([-1.0, 2.0]))
        tensor([1., 3.])
        >>> handle.remove()
        """
        flags = [
            (self._forward_hooks_with_kwargs, with_kwargs),
            (self._forward_hooks_always_called, always_call),
        ]
        return add_hook(self._forward_hooks, hook, prepend=prepend, flags=flags)

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_output) when those gradients are known; it may return others."""
        return add_hook(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_input, grad_output) once the gradients of the inputs are known.

        It may return other gradients for the inputs. Both are tuples, with None for what is no
        Tensor or has no gradient. If no input requires grad, the hook runs as soon as the gradients
        of the outputs are known.
        """
        return add_hook(self._backward_hooks, hook, prepend=prepend)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not (
            self._backward_hooks
            or self._backward_pre_hooks
            or self._forward_hooks
            or self._forward_pre_hooks
        ):
            return self.forward(*args, **kwargs)
        return self._call_with_hooks(args, kwargs)

    def _call_with_hooks(self, args: Any, kwargs: Any) -> Any:
        unseen = [id for id in self._forward_hooks if id in self._forward_hooks_always_called]
        output = None
        try:
            args, kwargs = self._run_forward_pre_hooks(args, kwargs)
            boundary = None
            if self._backward_hooks or self._backward_pre_hooks:
                boundary = BackwardBoundary(self, self._backward_hooks, self._backward_pre_hooks)
                args = boundary.enter(args)
            output = self.forward(*args, **kwargs)
            for id, hook in list(self._forward_hooks.items()):
                if id in unseen:
                    unseen.remove(id)
                output = self._run_forward_hook(id, hook, args, kwargs, output)
            return output if boundary is None else boundary.leave(output)
        except Exception:
            for id in unseen:
                try:
                    hook = self._forward_hooks[id]
                    output = self._run_forward_hook(id, hook, args, kwargs, output)
                except Exception as error:  # noqa: BLE001 - the first error is the one to see
                    warnings.warn(
                        "module forward hook with ``always_call=True`` raised an exception that "
                        f"was silenced as another error was raised in forward: {error}",
                        stacklevel=3,
                    )
            raise

    def _run_forward_pre_hooks(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        for id, hook in list(self._forward_pre_hooks.items()):
            if id in self._forward_pre_hooks_with_kwargs:
                changed = hook(self, args, kwargs)
                if isinstance(changed, tuple) and len(changed) == 2:
                    args, kwargs = changed
                elif changed is not None:
                    raise RuntimeError(
                        "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                        f"but got {changed}."
                    )
            else:
                changed = hook(self, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
        return args, kwargs

    def _run_forward_hook(self, id: int, hook: Hook, args: Any, kwargs: Any, output: Any) -> Any:
        if id in self._forward_hooks_with_kwargs:
            changed = hook(self, args, kwargs, output)
        else:
            changed = hook(self, args, output)
        return output if changed is None else changed


class BackwardHookFunction(Function):
    """out = inputs, copied.   backward hands the gradients to `on_grads`, which may replace them

    on_grads           gradients of the outputs -> gradients of the inputs
    fill_with_zeros    whether a gradient that never arrived is zeros there, or None

    PyTorch passes the inputs on without a copy, and so must forbid writing into them in place.
    """

    name = "BackwardHookFunctionBackward"

    @staticmethod
    def forward(ctx: Context, *inputs: Array, on_grads: Hook, fill_with_zeros: bool) -> Any:
        ctx.on_grads = on_grads
        ctx.set_materialize_grads(fill_with_zeros)
        return tuple(np.copy(x) for x in inputs)

    @staticmethod
    def backward(ctx: Context, *grad_outputs: Array) -> Any:
        return ctx.on_grads(grad_outputs)


class BackwardBoundary:
    """One call of a module, seen from backward: gradients enter by the outputs, leave by the inputs

    `enter` and `leave` put an identity on the graph around forward, which notices the gradients
    passing.
    """

    def __init__(
        self, module: object, hooks: OrderedDict[int, Hook], pre_hooks: OrderedDict[int, Hook]
    ) -> None:
        self.module = module
        self.hooks = list(hooks.values())
        self.pre_hooks = list(pre_hooks.values())
        self.args: tuple[Any, ...] = ()
        self.outputs: tuple[Any, ...] = ()
        self.grad_output: Sequence[Tensor | None] | None = None  # known between the two crossings

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.args = args
        return _watch(args, self._at_inputs, fill_with_zeros=True)

    def leave(self, output: Any) -> Any:
        if isinstance(output, tuple):
            self.outputs = output
            return _watch(output, self._at_outputs, fill_with_zeros=False)
        if not isinstance(output, Tensor):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of "
                f"Tensors but received {type(output)}",
                stacklevel=4,
            )
        self.outputs = (output,)
        return _watch((output,), self._at_outputs, fill_with_zeros=False)[0]

    def _at_outputs(self, grads: Sequence[Array | None]) -> Sequence[Array | None]:
        grad_output: Any = _spread(grads, self.outputs, passive=None)
        for hook in self.pre_hooks:
            changed = hook(self.module, grad_output)
            if changed is not None:
                if len(changed) != len(grad_output):
                    raise RuntimeError(
                        "Backward pre hook returned an invalid number of grad_output, got "
                        f"{len(changed)}, but expected {len(grad_output)}"
                    )
                grad_output = changed
        if any(_needs_grad(arg) for arg in self.args):
            self.grad_output = grad_output
        else:
            self._run_hooks_without_inputs(grad_output)
        return _gather(grad_output, self.outputs, like=grads)

    def _run_hooks_without_inputs(self, grad_output: Sequence[Tensor | None]) -> None:
        """No gradient will ever cross the inputs, so the hooks run now."""
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module "
            "outputs since no inputs require gradients.",
            stacklevel=2,
        )
        for hook in self.hooks:
            changed = hook(self.module, (None,) * len(self.args), grad_output)
            if changed is not None and any(grad is not None for grad in changed):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always "
                    "return None or None for all gradients."
                )

    def _at_inputs(self, grads: Sequence[Array | None]) -> Sequence[Array | None]:
        if (
            self.grad_output is None
        ):  # something inside the module was differentiated, not its outputs
            return grads
        grad_input: Any = _spread(grads, self.args, passive=np.zeros_like)
        for hook in self.hooks:
            changed = hook(self.module, grad_input, self.grad_output)
            if changed is not None:
                if len(changed) != len(grad_input):
                    raise RuntimeError(
                        "Backward hook returned an invalid number of grad_input, got "
                        f"{len(changed)}, but expected {len(grad_input)}"
                    )
                grad_input = changed
        self.grad_output = None
        return _gather(grad_input, self.args, like=grads)


def _needs_grad(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad


def _watch(values: tuple[Any, ...], on_grads: Hook, *, fill_with_zeros: bool) -> tuple[Any, ...]:
    """`values`, where the Tensors that require grad have passed through a BackwardHookFunction."""
    active = [value for value in values if _needs_grad(value)]
    if not active or not is_grad_enabled():
        return values
    watched = iter(
        apply(BackwardHookFunction, *active, on_grads=on_grads, fill_with_zeros=fill_with_zeros)
    )
    result = [next(watched) if _needs_grad(value) else value for value in values]
    return tuple(result) if type(values) is tuple else type(values)(*result)


def _spread(
    grads: Sequence[Array | None],
    values: tuple[Any, ...],
    passive: Callable[[Array], Array] | None,
) -> tuple[Tensor | None, ...]:
    """The gradients of the active `values` in their places, as Tensors.

    passive   makes the gradient of a Tensor that requires none
    """
    arrived = iter(grads)
    spread: list[Array | None] = []
    for value in values:
        if _needs_grad(value):
            spread.append(next(arrived))
        elif passive is not None and isinstance(value, Tensor):
            spread.append(passive(value.array))
        else:
            spread.append(None)
    return tuple(wrap(grad) if isinstance(grad, np.ndarray) else grad for grad in spread)


def _gather(
    grads: Sequence[Tensor | None], values: tuple[Any, ...], like: Sequence[Array | None]
) -> tuple[Array | None, ...]:
    """The gradients of the active `values` alone: Tensors if those in `like` are, else arrays."""
    active = [grad for grad, value in zip(grads, values, strict=True) if _needs_grad(value)]
    if any(isinstance(grad, Tensor) for grad in like):
        return tuple(active)
    return tuple(None if grad is None else grad.array for grad in active)
