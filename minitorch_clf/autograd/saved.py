"""Tensors that a user's Function saved: checked for writes, packed and unpacked by hooks."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

from minitorch_clf.grad_mode import grad_mode
from minitorch_clf.methods.saving import pack, raise_inference
from minitorch_clf.tape import Array, Edge, Node, Saved, stale_text
from minitorch_clf.tensor import AccumulateGrad, Tensor, wrap


class SavedTensor(NamedTuple):
    """One saved Tensor.

    tensor     itself, or what a pack hook made of it; of an output its memory only, because the
               output holds the node, and the node this
    edge       where its gradient goes, None for an output
    output_nr  which output it is, None if it is none
    expected   the version it had
    unpack     undoes the pack hook
    """

    tensor: Any
    edge: Edge | None
    output_nr: int | None
    expected: int
    unpack: Callable[[Any], Tensor] | None

    @classmethod
    def of(cls, tensor: Tensor, output_nr: int | None) -> SavedTensor:
        if tensor.is_inference():
            raise_inference()
        edge = tensor._edge() if output_nr is None else None
        kept, unpack, expected = tensor, None, tensor._writes.value
        if grad_mode.pack_hooks:
            kept, unpack = pack(tensor)
        elif output_nr is not None:
            kept = wrap(tensor.array)
            kept._writes = tensor._writes
        return cls(kept, edge, output_nr, expected, unpack)

    def get(self, node: Node) -> Tensor:
        """The Tensor in its place in the graph; `node` is who saved it."""
        if self.unpack is not None:
            return self._in_graph(self.unpack(self.tensor).array, node)
        writes = self.tensor._writes
        if writes.value != self.expected:
            source = 0 if self.output_nr is None else ~self.output_nr
            saved = Saved(self.tensor.array, source, writes, self.expected)
            raise RuntimeError(stale_text(saved, self._origin(node)))
        if self.output_nr is not None:
            return self._in_graph(self.tensor.array, node)
        tensor: Tensor = self.tensor
        return tensor

    def _origin(self, node: Node) -> Edge:
        return self.edge or (node, self.output_nr or 0)

    def _in_graph(self, array: Array, node: Node) -> Tensor:
        tensor = wrap(array)
        origin, output_nr = self._origin(node)
        if isinstance(origin, AccumulateGrad):
            tensor._requires_grad = True
            tensor._accumulator = weakref.ref(origin)
        elif origin is not None and array.dtype.kind == "f":
            tensor._node, tensor._output_nr = origin, output_nr
        return tensor
