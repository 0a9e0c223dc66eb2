"""The tape: what forward records for backward.

A Function is a formula and its derivative, on arrays. Running one on Tensors that need a gradient
(`tensor.apply`) leaves a Node, which knows the formula, what it saved (Context), and the nodes its
inputs came from (edges). `walk.run_backward` visits the nodes, newest first, and hands each the sum
of the gradients of its outputs. The tape never sees a Tensor: gradients are arrays, and a leaf is
something that takes an array. Under create_graph the same walk carries Tensors; what differs
then is behind the methods of `Recorder`.
"""

from __future__ import annotations

import contextvars
import copy
import itertools
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias, TypeVar

import numpy as np

from minitorch_clf.dtypes import as_dtype

Array: TypeAlias = Any
"""An ndarray; inside `backward`, under create_graph, a Tensor that answers to the same names."""

Gradients: TypeAlias = Sequence[Array | None]
Hook: TypeAlias = Callable[[Array], Array | None]
R = TypeVar("R")

# --- without floating-point warnings --------------------------------------------------------------


def _error_state() -> tuple[contextvars.ContextVar[Any], Any]:
    """The context variable that np.seterr sets, and its value while NumPy keeps quiet."""
    context = contextvars.copy_context()
    context.run(np.seterr, all="ignore")
    outside = contextvars.copy_context()
    (variable,) = [v for v in context if v not in outside or outside[v] is not context[v]]
    return variable, context[variable]


ERRORS, QUIET = _error_state()
"""How NumPy is kept from warnings: ERRORS.set(QUIET), and in the end ERRORS.reset of its result.

As `with np.errstate(all="ignore")`, whose entry and exit cost more than a small NumPy call.
"""


def quietly(function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """function(*args) with overflow, 0 / 0 and the like giving inf and nan and no warning."""
    before = ERRORS.set(QUIET)
    try:
        return function(*args, **kwargs)
    finally:
        ERRORS.reset(before)


# --- what forward leaves for backward -------------------------------------------------------------


class Version:
    """How often the memory behind an array was written to; views of one array share it.

    writer   the name of the operation that wrote last, for the error that tells of it
    """

    counts: ClassVar[bool] = True
    value: int = 0  # on the class until the first write: most memory is never written to again
    writer: str | None = None


class Uncounted(Version):
    """Of memory made in inference mode, which nothing that is recorded may rely on."""

    counts = False


class Meta(NamedTuple):
    """What a gradient must look like: shape and dtype of the value it belongs to."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def meta_of(array: Array) -> Meta:
    """Meta(array.shape, array.dtype), in half the time: every recorded operation makes one."""
    return tuple.__new__(Meta, (array.shape, array.dtype))


class Saved(NamedTuple):
    """One saved value.

    source    k for input k, ~k for output k, None without gradient
    version   of the memory of that input or output;   expected: its value then
    unpack    makes the array again, if a pack hook put something else in its place
    """

    array: Any
    source: int | None
    version: Version | None
    expected: int
    unpack: Callable[[Any], Array] | None = None


class Context:
    """What one run of `forward` leaves for `backward`: saved arrays, and plain Python attributes.

    needs_input_grad   one bool per positional input of forward
    saved_tensors      what save_for_backward was given, checked to be unchanged since

    saved              the same unchecked; None once freed
    watched            (k, source, version, expected) of each that is an input or an output
    unpack             Saved.unpack of each, if there are such hooks
    """

    materialize_grads: bool = True
    to_save: tuple[Array, ...] = ()
    saved: tuple[Array, ...] | None = None
    watched: Sequence[tuple[int, int, Version, int]] = ()
    unpack: Sequence[Callable[[Any], Array] | None] | None = None
    node: Node | None = None  # set only on the copy that a create_graph walk uses
    recorder: Recorder | None = None

    def __init__(self, needs_input_grad: tuple[bool, ...] = ()) -> None:
        self.needs_input_grad = needs_input_grad

    if TYPE_CHECKING:  # forward leaves its options here: ctx.axis = axis

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    def save_for_backward(self, *arrays: Array) -> None:
        """Keep inputs, outputs, or values without derivative (masks, indices), for backward.

        Nothing else: a value computed from the inputs would be a constant to the second derivative.
        """
        self.to_save = arrays

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros, or None, for an output into which no gradient flowed."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Array, ...]:
        saved = self.saved
        if saved is None:
            if self.to_save:  # not recorded: forward and backward are run by hand
                return self.to_save
            raise RuntimeError(FREED)
        for k, _, version, expected in self.watched:
            if version.value != expected:
                raise StaleSave(self.entries()[k])
        if self.recorder is None and self.unpack is None:
            return saved
        return tuple([self._unpacked(entry) for entry in self.entries()])

    def _unpacked(self, saved: Saved) -> Array:
        array = saved.array if saved.unpack is None else saved.unpack(saved.array)
        if self.recorder is None or saved.source is None or self.node is None:
            return array
        if array.dtype.kind != "f":  # an index or a mask: no derivative, so no Tensor
            return array
        k = saved.source
        node, output_nr = (self.node, ~k) if k < 0 else self.node.next_functions[k]
        return array if node is None else self.recorder.attach(array, node, output_nr)

    def entries(self) -> list[Saved]:
        """All that is known of each saved value."""
        saved = self.saved or ()
        entries = [Saved(array, None, None, 0) for array in saved]
        for k, source, version, expected in self.watched:
            entries[k] = Saved(saved[k], source, version, expected)
        unpack = self.unpack or (None,) * len(saved)
        return [e._replace(unpack=u) for e, u in zip(entries, unpack, strict=True)]

    def keep(self, entries: Sequence[Saved]) -> None:
        """Save these instead."""
        self.saved = tuple([entry.array for entry in entries])
        self.watched = [
            (k, entry.source, entry.version, entry.expected)
            for k, entry in enumerate(entries)
            if entry.source is not None and entry.version is not None
        ]
        unpack = [entry.unpack for entry in entries]
        self.unpack = unpack if any(unpack) else None

    def recorded(self, node: Node, recorder: Recorder) -> Context:
        """This context as a create_graph walk sees it: saved values are on the graph."""
        seen = copy.copy(self)
        seen.node, seen.recorder = node, recorder
        return seen


class StaleSave(Exception):
    """A saved array was written to after it was saved."""

    def __init__(self, saved: Saved) -> None:
        super().__init__(saved)
        self.saved = saved


class Function(ABC):
    """A formula and its derivative: two static methods on arrays.

    forward(ctx, *inputs, **options)     the value, or a tuple of values
    backward(ctx, *grad_outputs)         one gradient per positional input, None where there is none

    `backward` is written in NumPy's vocabulary and runs on arrays; for second derivatives the same
    lines run on Tensors.
    """

    name: ClassVar[str]
    """As PyTorch prints the node: the class name and "Backward0" unless said otherwise."""

    is_view: ClassVar[bool] = False
    """Whether the output shares the memory of input 0."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in cls.__dict__:
            cls.name = f"{cls.__name__}Backward0"

    @staticmethod
    @abstractmethod
    def forward(ctx: Context, *inputs: Array, **options: Any) -> Any: ...

    @staticmethod
    @abstractmethod
    def backward(ctx: Context, *grad_outputs: Array) -> Any: ...

    @classmethod
    def call(cls, *inputs: Array, **options: Any) -> Any:
        """Run forward from within a backward: at once on arrays, recorded on Tensors."""
        for x in inputs:
            if isinstance(x, Recordable):
                return x.record(cls, *inputs, **options)
        return cls.forward(Context((False,) * len(inputs)), *inputs, **options)


class Recordable:
    """Something that records the Function run on it: a Tensor, seen from the tape.

    Not an ABC, nor is Leaf below: isinstance() of an array against an ABC costs an addition.
    """

    __slots__ = ()

    @staticmethod
    def record(op: type[Function], *inputs: Array, **options: Any) -> Any:
        raise NotImplementedError


class Recorder(ABC):
    """What a create_graph walk asks of whoever owns the Tensors."""

    @abstractmethod
    def attach(self, array: Array, node: Node, output_nr: int) -> Array:
        """`array` as a Tensor that is output `output_nr` of `node`."""

    @abstractmethod
    def constant(self, array: Array) -> Array:
        """`array` as a Tensor without history."""

    @abstractmethod
    def cast(self, tensor: Array, dtype: np.dtype[Any]) -> Array:
        """`tensor` in another dtype, recorded."""

    @abstractmethod
    def meta(self, tensor: Array) -> Meta:
        """The shape and dtype of a Tensor."""


# --- nodes ----------------------------------------------------------------------------------------

Edge: TypeAlias = tuple["Node | None", int]

_sequence_nr = itertools.count()


class Node:
    """A step of the way back: turns gradients of its outputs into those of its inputs.

    next_functions   one (node, output_nr) per input, (None, 0) where the input needs no gradient
    sequence_nr      larger is newer
    outputs          shape and dtype of each output
    hooks            what the walk calls before and after it runs this node
    """

    __slots__ = ("__weakref__", "_metadata", "hooks", "next_functions", "outputs", "sequence_nr")

    def __init__(self, next_functions: tuple[Edge, ...], outputs: tuple[Meta, ...]) -> None:
        self.next_functions = next_functions
        self.outputs = outputs
        self.sequence_nr: float = next(_sequence_nr)
        self.hooks: Hooks | None = None
        self._metadata: dict[Any, Any] | None = None

    @property
    def metadata(self) -> dict[Any, Any]:
        """A place for notes about this node; anomaly mode leaves its own here."""
        if self._metadata is None:
            self._metadata = {}
        return self._metadata

    def name(self) -> str:
        """As PyTorch prints it: "ExpBackward0"."""
        return type(self).__name__

    def run(self, grads: Gradients, recorder: Recorder | None) -> Gradients:
        """The gradients of the inputs, given those of the outputs (None: nothing flowed in)."""
        raise NotImplementedError

    def free(self) -> None:
        """Forget what was saved, if anything."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"


class Hooks:
    """What the walk calls around one node, in this order.

    tensor   output_nr -> functions of that output's gradient, which may return another
    retain   output_nr -> what keeps the gradient that came of them
    pre      functions of the tuple of gradients that go into the node; may return others
    post     functions of the gradients that come out, and of those that went in
    """

    __slots__ = ("post", "pre", "retain", "tensor")

    def __init__(self) -> None:
        self.tensor: dict[int, OrderedDict[int, Hook]] = {}
        self.retain: dict[int, Callable[[Array], None]] = {}
        self.pre: OrderedDict[int, Callable[[Gradients], Gradients | None]] = OrderedDict()
        self.post: OrderedDict[int, Callable[[Gradients, Gradients], Gradients | None]] = (
            OrderedDict()
        )


_hooks_lock = threading.Lock()


def hooks_of(node: Node) -> Hooks:
    """The hooks of a node, to add to."""
    with _hooks_lock:  # of several threads one makes them
        if node.hooks is None:
            node.hooks = Hooks()
        return node.hooks


class FunctionNode(Node):
    """A Function that was run. Each op has a subclass, named as PyTorch's.

    ctx   what it saved; set by who ran it, as a constructor on top of Node's costs 0.3 us
    """

    __slots__ = ("ctx",)

    op: ClassVar[type[Function]]
    ctx: Context

    def run(self, grads: Gradients, recorder: Recorder | None) -> Gradients:
        ctx = self.ctx if recorder is None else self.ctx.recorded(self, recorder)
        if len(grads) > 1 or grads[0] is None:
            missing = sum([grad is None for grad in grads])
            if missing == len(grads):
                return (None,) * len(self.next_functions)
            if missing and ctx.materialize_grads:
                grads = [
                    zeros(meta, recorder) if grad is None else grad
                    for grad, meta in zip(grads, self.outputs, strict=True)
                ]
        try:
            result = self.op.backward(ctx, *grads)
        except StaleSave as stale:
            raise stale_error(self, stale) from None
        return result if isinstance(result, tuple) else (result,)

    def free(self) -> None:
        if self.ctx.saved:  # what saved nothing may run again
            self.ctx.saved = None


def stale_error(node: Node, stale: StaleSave) -> RuntimeError:
    """What to raise when a value that `node` saved was written to."""
    k = stale.saved.source
    edge = (None, 0) if k is None else (node, ~k) if k < 0 else node.next_functions[k]
    return RuntimeError(stale_text(stale.saved, edge))


def stale_text(saved: Saved, edge: Edge) -> str:
    """What to say of a saved value that was written to; `edge` is where it came from."""
    kind = f"torch.{as_dtype(saved.array.dtype).legacy}Tensor"
    node, output_nr = edge
    is_input = saved.source is not None and saved.source >= 0
    writer = saved.version.writer if saved.version and is_input else None
    origin = ""
    if node is not None:
        origin = f", which is output {output_nr} of {writer or short_name(node)},"
    now = saved.expected if saved.version is None else saved.version.value
    return (
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: [{kind} {list(saved.array.shape)}]{origin} is at version "
        f"{now}; expected version {saved.expected} instead. Hint: enable "
        "anomaly detection to find the operation that failed to compute its gradient, with "
        "torch.autograd.set_detect_anomaly(True, check_nan=False)."
    )


FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed). Saved intermediate values of the graph are freed when you call "
    ".backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the "
    "graph a second time or if you need to access saved tensors after calling backward."
)


def zeros(meta: Meta, recorder: Recorder | None) -> Array:
    """The gradient of an output that nothing flowed into."""
    array = np.zeros(meta.shape, meta.dtype)
    return array if recorder is None else recorder.constant(array)


def short_name(node: Node) -> str:
    """The name as error messages have it: "Exp" for ExpBackward0."""
    return node.name().partition("Backward")[0]


class Leaf:
    """Something that collects a gradient: a Tensor the user made, seen from the tape."""

    __slots__ = ()

    def accumulate_grad(self, grad: Array) -> None:
        raise NotImplementedError


class AccumulateGrad(Node):
    """The end of the graph at a leaf: adds the gradient that arrives to `variable.grad`.

    Its sequence number is the largest possible, so it runs as soon as its gradient is complete.
    """

    __slots__ = ("variable",)

    def __init__(self, variable: Leaf, meta: Meta) -> None:
        super().__init__((), (meta,))
        self.sequence_nr = float("inf")
        self.variable = variable

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def run(self, grads: Gradients, recorder: Recorder | None) -> Gradients:  # noqa: ARG002
        if grads[0] is not None:
            self.variable.accumulate_grad(grads[0])
        return ()


class CopySlices(Node):
    """An in-place write into part of a tensor, seen from the whole tensor.

    The write `view(base).op_(*others)` turns base into a new value: what lies outside the view is
    copied, what lies inside is op's. So, with g the gradient of the new base,

        grad_base = g, but inside the view: op's gradient to its input 0, for upstream view(g)

    and op's other gradients go where op's other inputs came from.
    """

    __slots__ = ("inner", "view")

    def __init__(
        self, base_edge: Edge, meta: Meta, inner: Node, view: Callable[[Array], Array]
    ) -> None:
        super().__init__((base_edge, *inner.next_functions[1:]), (meta,))
        self.inner = inner
        self.view = view

    def name(self) -> str:
        return "torch::autograd::CopySlices"

    def run(self, grads: Gradients, recorder: Recorder | None) -> Gradients:
        if grads[0] is None:
            return (None,) * len(self.next_functions)
        grad_base: Array = np.copy(grads[0])
        grad_view = self.view(grad_base)
        inner = self.inner.run((np.copy(grad_view),), recorder)
        grad_view[...] = 0 if inner[0] is None else inner[0]
        return (grad_base, *inner[1:])

    def free(self) -> None:
        self.inner.free()
