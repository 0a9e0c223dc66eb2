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
from minitorch_clf.methods.saving import pack
from minitorch_clf.tape import (
    CopySlices,
    Edge,
    FunctionNode,
    Meta,
    Node,
    Saved,
    Version,
    short_name,
)

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


class View:
    """Where a view comes from: `replay(base)` makes it again.

    origin   "graph" if a write through it can be differentiated; else why not: it is one of
             "several" outputs, was made in "no_grad" or "inference" mode, or by a custom "function"
    seen     the version at which its grad_fn was made
    """

    __slots__ = ("base", "origin", "replay", "seen")

    def __init__(self, base: Any, replay: Callable[[Any], Any], origin: str, seen: int) -> None:
        self.base = base
        self.replay = replay
        self.origin = origin
        self.seen = seen

    @property
    def recorded(self) -> bool:
        """Whether its history is that of its base."""
        return self.origin in ("graph", "several")


class HistoryMethods(Methods):
    """What a Tensor does when its memory is shared or written to."""

    __slots__ = ()

    requires_grad: Any
    _copy_slices: ClassVar[type[CopySlices]]

    def _edge(self) -> Edge:
        raise NotImplementedError

    def _track_view(self, parent: HistoryMethods, view: Callable[[Any], Any], origin: str) -> None:
        self._writes = parent._writes
        if not grad_mode.enabled:
            origin = "inference" if grad_mode.inference else "no_grad"
            self._requires_grad = grad_mode.inference and parent.requires_grad  # so PyTorch says
        base, up = parent, parent._view
        if up is not None:
            base, view = up.base, chain(up.replay, view)
            origin = origin if up.origin == "graph" else up.origin
        self._view = View(base, view, origin, self._writes.value)

    @property
    def _base(self) -> Tensor | None:
        return None if self._view is None else self._view.base

    def _is_view(self) -> bool:
        return self._view is not None

    @property
    def _version(self) -> int:
        """How often the memory was written to, by this Tensor or a view of it."""
        if not self._writes.counts:
            raise RuntimeError("Inference tensors do not track version counter.")
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
        if not (self._writes.counts or grad_mode.inference):
            raise RuntimeError(
                "Inplace update to inference tensor outside InferenceMode is not allowed.You can "
                "make a clone to get a normal tensor before doing inplace update.See "
                "https://github.com/pytorch/rfcs/pull/17 for more details."
            )
        recording = grad_mode.enabled
        if recording:
            self._refuse_leaf()
        _refuse_result(self, result)
        history = recording and (node is not None or self.requires_grad)
        old_edge = None
        if history and self._view is not None:
            self._refuse_view(self._view)
            old_edge = self._view.base._edge()
        saved = node.ctx.entries() if isinstance(node, FunctionNode) else []
        saved = self._without_old_value(saved)
        array[...] = result.array
        self._writes.value += 1
        if node is not None:
            self._writes.writer = short_name(node)
        if isinstance(node, FunctionNode) and saved:
            now = self._writes
            node.ctx.keep(
                [
                    Saved(array, s.source, now, now.value) if s.array is result.array else s
                    for s in saved
                ]
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

    def _without_old_value(self, saved: list[Saved]) -> list[Saved]:
        """`saved` with copies of this Tensor's value, which is about to be overwritten."""
        replaced = []
        for s in saved:
            if s.array is self.array:
                s = s._replace(array=self.array.copy(), version=Version(), expected=0)
            elif s.unpack and s.source == 0 and grad_mode.pack_hooks:  # may have kept the memory
                s = s._replace(array=pack(self._wrap(self.array.copy()))[0])
            replaced.append(s)
        return replaced

    def _rebase(self, view: View, node: Node, base_edge: Edge) -> None:
        base = view.base
        meta = Meta(base.array.shape, base.array.dtype)
        base._node, base._output_nr = self._copy_slices(base_edge, meta, node, view.replay), 0
        base._writes.writer = short_name(base._node)
        base._requires_grad = False
        view.seen = self._writes.value - 1  # so that grad_fn is made anew from the base's

    def _refuse_leaf(self) -> None:
        view = self._view
        if view is not None and view.origin == "inference" and view.base.requires_grad:
            self._refuse_view(view)
        if self._requires_grad and self._node is None:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation."
            )
        base = None if view is None or not view.recorded else view.base
        if base is not None and base._requires_grad and base._node is None:
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place "
                "operation."
            )

    def _refuse_view(self, view: View) -> None:
        if view.origin == "graph":
            return
        text = _REFUSED[view.origin]
        if view.origin in ("several", "function"):
            name = "Unbind" if self._node is None else short_name(self._node)
            which = f"Output {self._output_nr} of {name}"
            text = f"{which} is a view and is being modified inplace. {text}"
        raise RuntimeError(text)


_AMBIGUOUS = (
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your "
    "code by moving both the view and the inplace either both inside the {mode} block (if you "
    "don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)
_REFUSED = {
    "several": "This view is the output of a function that returns multiple views. Such functions "
    "do not allow the output views to be modified inplace. You should replace the inplace "
    "operation by an out-of-place one.",
    "function": "This view was created inside a custom Function (or because an input was returned "
    "as-is) and the autograd logic to handle view+inplace would override the custom backward "
    "associated with the custom Function, leading to incorrect gradients. This behavior is "
    "forbidden. You can fix this by cloning the output of the custom Function.",
    "no_grad": "A view was created in no_grad mode and is being modified inplace with grad mode "
    "enabled. " + _AMBIGUOUS.format(mode="no_grad"),
    "inference": "A view was created in inference mode and is being modified inplace in normal "
    "mode. " + _AMBIGUOUS.format(mode="inference_mode"),
}


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
