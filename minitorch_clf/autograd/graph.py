"""The graph itself: nodes and edges, hooks on several gradients, hooks on what is saved."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from minitorch_clf.grad_mode import F, decorated, grad_mode
from minitorch_clf.handles import RemovableHandle
from minitorch_clf.methods.graph import GradientEdge
from minitorch_clf.tape import Node
from minitorch_clf.tensor import Tensor
from minitorch_clf.walk import Walk, current_walk

__all__ = [
    "GradientEdge",
    "Node",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """Where the gradient of `tensor` passes; `grad` and `backward` take it instead of the tensor.

    >>> import minitorch_clf as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> edge = torch.autograd.graph.get_gradient_edge(x * 3)
    >>> torch.autograd.grad(edge, x, torch.ones(2))
    (tensor([3., 3.]),)
    """
    if not tensor.requires_grad:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require "
            "gradients"
        )
    node, output_nr = tensor._edge()
    if node is None:
        raise RuntimeError("the tensor has no place in a graph")
    return GradientEdge(node, output_nr)


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Say that a tensor was written to by something that autograd did not see."""
    for x in (tensor,) if isinstance(tensor, Tensor) else tensor:
        x._bump_version()


# --- hooks on several gradients -------------------------------------------------------------------


class MultiHandle(RemovableHandle):
    """Takes back several hooks at once."""

    def __init__(self, handles: tuple[RemovableHandle, ...]) -> None:
        super().__init__()
        self.handles = handles

    def remove(self) -> None:
        """Take the hooks away; again is no error."""
        for handle in self.handles:
            handle.remove()

    def __getstate__(self) -> Any:
        return self.handles

    def __setstate__(self, state: Any) -> None:
        self.handles = state


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[[Any], None], *, mode: str = "all"
) -> RemovableHandle:
    """Call `fn` with the gradients of several tensors.

    mode   "all": once per backward, with a list of all gradients, when the last one has arrived;
           None for a tensor that this backward does not reach
           "any": once per backward, with the first gradient that arrives

    >>> import minitorch_clf as torch
    >>> a, b = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    >>> handle = torch.autograd.graph.register_multi_grad_hook((a, b), print)
    >>> (a * 2 + b * 3).backward()
    [tensor([2.]), tensor([3.])]
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    if mode == "any":
        tensors = [tensor for tensor in tensors if tensor.requires_grad]
    elif not all(tensor.requires_grad for tensor in tensors):
        raise AssertionError("Expected gradient function to be set")
    collector = _Collector([get_gradient_edge(t).node for t in tensors], fn, first=mode == "any")
    handles = [t.register_hook(collector.hook(k)) for k, t in enumerate(tensors)]
    return MultiHandle(tuple(handles))


class _Collector:
    """The gradients of several tensors in one backward, as they arrive."""

    def __init__(self, nodes: Sequence[Node], fn: Callable[[Any], None], *, first: bool) -> None:
        self.nodes = nodes
        self.fn = fn
        self.first = first
        self.lock = threading.Lock()
        self.arrived: weakref.WeakKeyDictionary[Walk, dict[int, Any]] = weakref.WeakKeyDictionary()

    def hook(self, k: int) -> Callable[[Any], None]:
        """The hook on tensor k."""

        def arrives(grad: Any) -> None:
            walk = current_walk()
            with self.lock:
                arrived = self.arrived.setdefault(walk, {})
                arrived[k] = grad
            if self.first:
                if len(arrived) == 1:
                    self.fn(grad)
            elif len(arrived) == sum(map(walk.visits, self.nodes)):
                self.fn([arrived.get(n) for n in range(len(self.nodes))])

        return arrives


# --- hooks on what is saved for backward ----------------------------------------------------------


class saved_tensors_hooks:
    """Inside, what is saved for backward is given to `pack_hook`, and its result kept instead.

    unpack_hook   takes that result, and returns the tensor that pack_hook was given, or one like it

    RuntimeError  the pack hook writes into its argument;  TypeError  unpack_hook returns no Tensor

    Writes into a tensor between packing and unpacking are not noticed, as in PyTorch. An operation
    in place packs what it overwrites twice; PyTorch once.

    >>> import minitorch_clf as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> with torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(), torch.from_numpy):
    ...     y = (x.detach() * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([1., 2.])
    """

    def __init__(
        self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]
    ) -> None:
        self.pack_hook: Any = pack_hook
        self.unpack_hook: Any = unpack_hook

    def __enter__(self) -> None:
        if grad_mode.no_pack is not None:
            raise RuntimeError(grad_mode.no_pack)
        if not (callable(self.pack_hook) and callable(self.unpack_hook)):
            raise TypeError(
                "saved_tensors_hooks: pack_hook and unpack_hook must be callable, but got "
                f"{type(self.pack_hook).__name__} and {type(self.unpack_hook).__name__}"
            )
        grad_mode.pack_hooks = (*grad_mode.pack_hooks, (self.pack_hook, self.unpack_hook))

    def __exit__(self, *exception: object) -> None:
        grad_mode.pack_hooks = grad_mode.pack_hooks[:-1]


class save_on_cpu(saved_tensors_hooks):
    """Inside, copies are kept of what is saved for backward: here, memory is the CPU's anyway."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        if pin_memory:
            raise NotImplementedError("save_on_cpu: pin_memory=True is not supported")
        self.device_type = device_type
        super().__init__(lambda tensor: tensor.clone(), lambda packed: packed)


class disable_saved_tensors_hooks:
    """Inside, entering saved_tensors_hooks is an error with this message; also a decorator."""

    def __init__(self, error_message: str) -> None:
        self.error_message = error_message
        self.previous: list[str | None] = []

    def __enter__(self) -> None:
        if grad_mode.pack_hooks:
            raise RuntimeError(self.error_message)
        self.previous.append(grad_mode.no_pack)
        grad_mode.no_pack = self.error_message

    def __exit__(self, *exception: object) -> None:
        grad_mode.no_pack = self.previous.pop()

    def __call__(self, function: F) -> F:
        return decorated(function, lambda: disable_saved_tensors_hooks(self.error_message))
