"""A node of the graph as the user of Tensors meets it: hooks on it, and hooks on gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from minitorch_clf.handles import RemovableHandle
from minitorch_clf.methods.base import Methods
from minitorch_clf.tape import Array, Gradients, Hook, Hooks, Node, Recorder, hooks_of

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor

Wrap = Callable[[Array], Any]


class GradientEdge(NamedTuple):
    """A place in the graph that a gradient passes: on its way into output `output_nr` of `node`."""

    node: Node
    output_nr: int
    ownership_token: Any = None


class NodeMethods:
    """What a Node offers beside what the walk needs of it."""

    __slots__ = ()

    _recorder: ClassVar[Recorder]
    hooks: Hooks | None
    sequence_nr: float

    def register_hook(self, fn: Callable[[Any, Any], Any]) -> RemovableHandle:
        """Call `fn(grad_inputs, grad_outputs)` after this node ran.

        Both are tuples of Tensors, None where nothing flowed. It may return other grad_inputs.

        RuntimeError  "hook 'fn' has returned an incorrect number of values (got 1, but expected 2)"
        """
        wrap = self._recorder.constant

        def after(grad_inputs: Gradients, grad_outputs: Gradients) -> Gradients | None:
            given = _tensors(wrap, grad_inputs)
            return _replaced(fn, given, grad_inputs, fn(given, _tensors(wrap, grad_outputs)))

        return _register(hooks_of(self._node()).post, after)

    def register_prehook(self, fn: Callable[[Any], Any]) -> RemovableHandle:
        """Call `fn(grad_outputs)` before this node runs; it may return others, as a tuple."""
        wrap = self._recorder.constant

        def before(grad_outputs: Gradients) -> Gradients | None:
            given = _tensors(wrap, grad_outputs)
            return _replaced(fn, given, grad_outputs, fn(given))

        return _register(hooks_of(self._node()).pre, before)

    def _node(self) -> Node:
        return self  # type: ignore[return-value]  # mixed into Nodes only

    def _sequence_nr(self) -> int:
        """Larger is newer; a leaf's is the largest there is."""
        return int(min(self.sequence_nr, 2**64 - 1))


def on_gradient(wrap: Wrap, hook: Callable[[Any], Any]) -> Hook:
    """A hook on Tensors as the walk calls it: arrays in, and out."""

    def on_array(grad: Array) -> Array | None:
        (given,) = _tensors(wrap, (grad,))
        result = hook(given)
        return None if result is None else _like(grad, _checked(hook, given, result))

    return on_array


def _register(hooks: Any, hook: Any) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


def _tensors(wrap: Wrap, grads: Gradients) -> tuple[Any, ...]:
    return tuple([g if g is None or isinstance(g, Methods) else wrap(g) for g in grads])


def _like(grad: Array, tensor: Tensor) -> Array:
    """`tensor` as the walk had `grad`: a Tensor under create_graph, an array otherwise."""
    return tensor if isinstance(grad, Methods) else tensor.array


def _replaced(
    hook: Callable[..., Any], given: Sequence[Any], grads: Gradients, results: Any
) -> Gradients | None:
    """What a hook on a node returned, checked, as the walk had it."""
    if results is None:
        return None
    if not isinstance(results, tuple):
        raise TypeError(f"expected tuple, but hook returned '{type(results).__name__}'")
    if len(results) != len(given):
        raise RuntimeError(
            f"hook '{_name(hook)}' has returned an incorrect number of values "
            f"(got {len(results)}, but expected {len(given)})"
        )
    return [
        None if result is None else _like(grad, _checked(hook, old, result))
        for grad, old, result in zip(grads, given, results, strict=True)
    ]


def _checked(hook: Callable[..., Any], given: Tensor | None, result: Any) -> Tensor:
    if given is None:
        raise RuntimeError("can't replace a None gradient with a non-None value")
    if not isinstance(result, Methods):
        raise TypeError(f"expected Variable, but hook returned '{type(result).__name__}'")
    if result.dtype != given.dtype:
        raise RuntimeError(
            f"hook '{_name(hook)}' has changed the type of value (was "
            f"torch.{given.dtype.legacy}Tensor got torch.{result.dtype.legacy}Tensor)"
        )
    if result.shape != given.shape:
        raise RuntimeError(f"hook '{_name(hook)}' has changed the size of value")
    return result  # type: ignore[return-value]  # every Methods is a Tensor


def _name(hook: Any) -> str:
    return str(getattr(hook, "__name__", "<unknown>"))
