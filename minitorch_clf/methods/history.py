"""Views, and writes in place: how memory that is shared keeps one history.

A view knows its base, and how to be made again from it. A write through a view changes the base,
so the base gets a new node (CopySlices), and every view of it, when next asked, makes its own node
anew from the base's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from minitorch_clf.grad_mode import grad_mode
from minitorch_clf.methods.base import Methods
from minitorch_clf.tape import CopySlices, Edge, FunctionNode, Meta, Node, Saved, short_name

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


class View:
    """Where a view comes from: `replay(base)` makes it again.

    seen       the version at which its grad_fn was made
    recorded   made while gradients were recorded
    single     not one of several outputs of one operation
    """

    __slots__ = ("base", "recorded", "replay", "seen", "single")

    def __init__(
        self, base: Any, replay: Callable[[Any], Any], *, recorded: bool, single: bool, seen: int
    ) -> None:
        self.base = base
        self.replay = replay
        self.recorded = recorded
        self.single = single
        self.seen = seen


class HistoryMethods(Methods):
    """What a Tensor does when its memory is shared or written to."""

    __slots__ = ()

    requires_grad: Any
    _copy_slices: ClassVar[type[CopySlices]]

    def _edge(self) -> Edge:
        raise NotImplementedError

    def _track_view(
        self, parent: HistoryMethods, view: Callable[[Any], Any], recorded: bool, *, single: bool
    ) -> None:
        self._writes = parent._writes
        up = parent._view
        if up is None:
            base, replay = parent, view
        else:
            base, replay = up.base, chain(up.replay, view)
            recorded = recorded and up.recorded
            single = single and up.single
        seen = self._writes.value
        self._view = View(base, replay, recorded=recorded, single=single, seen=seen)

    @property
    def _base(self) -> Tensor | None:
        return None if self._view is None else self._view.base

    def _is_view(self) -> bool:
        return self._view is not None

    @property
    def _version(self) -> int:
        """How often the memory was written to, by this Tensor or a view of it."""
        return self._writes.value

    def _bump_version(self) -> None:
        """Say that the array was written to."""
        self._writes.value += 1

    def _become(self, result: Tensor) -> Tensor:
        """Write `result` into this Tensor's memory and take over its history: in-place operations.

        What `result`'s node saved of the old value is copied first; what it saved of the new value
        is this Tensor from now on. If this is a view, the base gets a CopySlices node.
        """
        array, node = self.array, result._node
        recording = grad_mode.enabled
        if recording:
            self._refuse_leaf()
        _refuse_result(self, result)
        history = recording and (node is not None or self.requires_grad)
        old_edge = None
        if history and self._view is not None:
            self._refuse_view(self._view)
            old_edge = self._view.base._edge()
        saved = node.ctx.saved if isinstance(node, FunctionNode) else None
        if isinstance(node, FunctionNode) and saved:
            private = array.copy() if any(s.array is array for s in saved) else None
            saved = tuple(
                s._replace(array=private, version=None) if s.array is array else s for s in saved
            )
        array[...] = result.array
        self._writes.value += 1
        if node is not None:
            self._writes.writer = short_name(node)
        if isinstance(node, FunctionNode) and saved:
            now = self._writes
            node.ctx.saved = tuple(
                Saved(array, s.source, now, now.value) if s.array is result.array else s
                for s in saved
            )
        if not history:
            return self  # type: ignore[return-value]  # every Methods is a Tensor
        if self._view is None or old_edge is None:
            self._node, self._output_nr = node, 0
            if node is not None:
                self._requires_grad = False
        elif node is not None:
            self._rebase(self._view, node, old_edge)
        return self  # type: ignore[return-value]

    def _rebase(self, view: View, node: Node, base_edge: Edge) -> None:
        base = view.base
        meta = Meta(base.array.shape, base.array.dtype)
        base._node, base._output_nr = self._copy_slices(base_edge, meta, node, view.replay), 0
        base._writes.writer = short_name(base._node)
        base._requires_grad = False
        view.seen = self._writes.value - 1  # so that grad_fn is made anew from the base's

    def _refuse_leaf(self) -> None:
        if self._requires_grad and self._node is None:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation."
            )
        base = self._base
        if (
            base is not None
            and base._requires_grad
            and base._node is None
            and (self._view is not None and self._view.recorded)
        ):
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place "
                "operation."
            )

    def _refuse_view(self, view: View) -> None:
        if not view.single:
            name = "Unbind" if self._node is None else short_name(self._node)
            raise RuntimeError(
                f"Output {self._output_nr} of {name} is a view and is being modified inplace. This "
                "view is the output of a function that returns multiple views. Such functions do "
                "not allow the output views to be modified inplace. You should replace the inplace "
                "operation by an out-of-place one."
            )
        if not view.recorded:
            raise RuntimeError(
                "A view was created in no_grad mode and is being modified inplace with grad mode "
                "enabled. Given that this use case is ambiguous and error-prone, it is forbidden. "
                "You can clarify your code by moving both the view and the inplace either both "
                "inside the no_grad block (if you don't want the inplace to be tracked) or both "
                "outside (if you want the inplace to be tracked)."
            )


def chain(first: Callable[[Any], Any], second: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """second(first(base)), for a view of a view."""
    return lambda base: second(first(base))


def _refuse_result(target: Methods, result: Tensor) -> None:
    """Complain where `result` cannot be written into `target`."""
    if result.array.shape != target.array.shape:
        raise RuntimeError(
            f"output with shape {list(target.array.shape)} doesn't match the broadcast shape "
            f"{list(result.array.shape)}"
        )
    if result.dtype.category > target.dtype.category:
        raise RuntimeError(
            f"result type {result.dtype.legacy} can't be cast to the desired output type "
            f"{target.dtype.legacy}"
        )
    overlapping = any(
        s == 0 and n > 1 for s, n in zip(target.array.strides, target.array.shape, strict=True)
    )
    if overlapping and target.array.size > 1:
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )
