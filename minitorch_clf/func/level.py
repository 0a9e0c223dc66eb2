"""What makes a transform a function of its arguments: it sees roots, and its caller does not.

In `grad(f)(x)`, f runs on a *root* made from x: another Tensor on the same memory, which requires a
gradient. Gradients are taken with respect to the root, so it does not matter what else x is used
for, inside or outside; so transforms nest.

A root hangs on x where x requires a gradient itself, and so results can be differentiated by the
caller. Otherwise it hangs on a leaf of its own, and when f has run that leaf is closed: it no
longer requires a gradient. A result whose graph ends in closed leaves only is a constant to the
caller, who gets it without that graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from minitorch_clf.autograd.functions import grad
from minitorch_clf.func.pytree import map_leaves
from minitorch_clf.grad_mode import enable_grad, is_grad_enabled
from minitorch_clf.tape import AccumulateGrad, Node
from minitorch_clf.tensor import Tensor

Root: TypeAlias = Callable[[Any], Tensor]


@contextmanager
def level() -> Iterator[Root]:
    """Operations record a graph, and root(x) is a Tensor to differentiate by, until the block ends.

    Under no_grad too: a transform does not depend on the mode it is called in, but that `outside`
    then cuts its results off.
    """
    leaves: list[Tensor] = []

    def root(x: Any) -> Tensor:
        if not isinstance(x, Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(x)}")
        if x.requires_grad:
            return x.view_as(x)
        leaf = x.detach().requires_grad_()
        leaves.append(leaf)
        return leaf.view_as(leaf)

    try:
        with enable_grad():
            yield root
    finally:
        for leaf in leaves:
            leaf.requires_grad = False


def outside(tree: Any) -> Any:
    """The Tensors of a nest as the caller of a transform may have them.

    RuntimeError  a leaf of the nest that is not a Tensor
    """
    return map_leaves(_outside, tree)


def _outside(x: Any) -> Tensor:
    if not isinstance(x, Tensor):
        raise RuntimeError(f"Expected tensors, got unsupported type {type(x)}")
    recorded = x.is_leaf or is_grad_enabled()
    return x if recorded and depends_on_outside([x]) else x.detach()


def depends_on_outside(tensors: Iterable[Tensor]) -> bool:
    """Whether the graph behind any of them ends in a leaf that still requires a gradient."""
    stack: list[Node] = []
    for tensor in tensors:
        if tensor.grad_fn is not None:
            stack.append(tensor.grad_fn)
        elif tensor.requires_grad:
            return True
    seen = set(stack)
    while stack:
        node = stack.pop()
        if isinstance(node, AccumulateGrad) and _requires_grad(node):
            return True
        for successor, _ in node.next_functions:
            if successor is not None and successor not in seen:
                seen.add(successor)
                stack.append(successor)
    return False


def _requires_grad(node: AccumulateGrad) -> bool:
    return isinstance(node.variable, Tensor) and node.variable.requires_grad


def gradients(
    outputs: Sequence[Tensor],
    inputs: Sequence[Tensor],
    upstream: Sequence[Tensor | None],
    *,
    create_graph: bool,
    retain_graph: bool | None = None,
) -> Sequence[Tensor | None]:
    """autograd.grad, with None for an input that nothing depends on; outputs may be constants."""
    pairs = [(y, u) for y, u in zip(outputs, upstream, strict=True) if y.requires_grad]
    if not pairs or not inputs:
        return [None] * len(inputs)
    ys, us = zip(*pairs, strict=True)
    return grad(ys, inputs, us, retain_graph, create_graph, allow_unused=True)
