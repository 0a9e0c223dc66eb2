"""Tensor, and `apply`: the one place where Tensors become arrays and back.

A Tensor is an array, what it needs to take part in a graph (the node that made it, or, if the user
made it, a place for its gradient), and a version that counts the writes to its memory. What can be
computed with it is inherited, by family, from `methods/`.
"""

from __future__ import annotations

import functools
import operator
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch_clf import anomaly, tape
from minitorch_clf.convert import as_array
from minitorch_clf.dtypes import as_dtype, get_default_dtype
from minitorch_clf.formatting import tensor_repr
from minitorch_clf.grad_mode import enable_grad, grad_mode
from minitorch_clf.methods.activation import ActivationMethods
from minitorch_clf.methods.conversion import ConversionMethods
from minitorch_clf.methods.cumulative import CumulativeMethods
from minitorch_clf.methods.gradient import GradientMethods
from minitorch_clf.methods.graph import NodeMethods
from minitorch_clf.methods.history import chain
from minitorch_clf.methods.linalg import LinalgMethods
from minitorch_clf.methods.norm import NormMethods
from minitorch_clf.methods.order import OrderMethods
from minitorch_clf.methods.protocols import ProtocolMethods
from minitorch_clf.methods.reduce import ReduceMethods
from minitorch_clf.methods.saved_names import saved_properties
from minitorch_clf.methods.saving import pack, raise_inference
from minitorch_clf.methods.scatter import ScatterMethods
from minitorch_clf.methods.sets import SetMethods
from minitorch_clf.numpy_protocol import ARRAY_FUNCTIONS, UFUNCS
from minitorch_clf.ops.broadcast import mismatch
from minitorch_clf.tape import (
    ERRORS,
    QUIET,
    Array,
    Context,
    Edge,
    Function,
    FunctionNode,
    Meta,
    Node,
    Saved,
    Uncounted,
    Version,
    hooks_of,
    meta_of,
)
from minitorch_clf.walk import as_outside

__all__ = ["Tensor", "apply", "wrap"]

NO_EDGE: Edge = (None, 0)
_leaf_lock = threading.Lock()


# --- running a Function on Tensors ----------------------------------------------------------------


def apply(op: type[Function], *inputs: Any, **options: Any) -> Any:
    """Run `op` on Tensors: its value as a Tensor (a tuple for several), recorded if need be.

    inputs    Tensors, of which forward gets the arrays; anything else is passed on as it is
    options   plain Python values
    """
    arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
    if grad_mode.enabled:
        needs = tuple([isinstance(x, Tensor) and x.requires_grad for x in inputs])
    else:
        needs = (False,) * len(inputs)
    ctx = Context(needs)
    errors = ERRORS.set(QUIET)
    try:
        result = op.forward(ctx, *arrays, **options)
    except ValueError:  # NumPy's word for shapes that do not broadcast
        text = mismatch(x.shape for x in arrays if isinstance(x, np.ndarray))
        if not text:
            raise
        raise RuntimeError(text) from None
    finally:
        ERRORS.reset(errors)
    if isinstance(result, tuple):
        return _several(op, ctx, inputs, arrays, result, options)
    tensor = wrap(result if type(result) is np.ndarray else np.asarray(result))
    if True in needs and tensor.array.dtype.kind == "f":
        _record(op, ctx, inputs, arrays, (tensor,))
    if op.is_view:
        again = functools.partial(op.call, **options) if options else op.call
        tensor._track_view(inputs[0], again, "graph")
    return tensor


def _several(
    op: type[Function],
    ctx: Context,
    inputs: Sequence[Any],
    arrays: Sequence[Any],
    results: tuple[Any, ...],
    options: dict[str, Any],
) -> tuple[Tensor, ...]:
    """The end of `apply` for a tuple of values."""
    outputs = tuple([wrap(np.asarray(out)) for out in results])
    floats = [k for k, out in enumerate(outputs) if out.array.dtype.kind == "f"]
    if floats and True in ctx.needs_input_grad:
        _record(op, ctx, inputs, arrays, outputs, floats)
    if op.is_view:
        again = functools.partial(op.call, **options)
        for k, tensor in enumerate(outputs):
            tensor._track_view(inputs[0], chain(again, operator.itemgetter(k)), "several")
    return outputs


def _record(
    op: type[Function],
    ctx: Context,
    inputs: Sequence[Any],
    arrays: Sequence[Any],
    outputs: tuple[Tensor, ...],
    floats: Sequence[int] = (0,),
) -> None:
    """Leave a node behind those outputs that are floats, and what it saves."""
    needs = zip(inputs, ctx.needs_input_grad)  # noqa: B905 - strict=True costs 2 % of an operation
    edges = [x._edge() if need else NO_EDGE for x, need in needs]
    metas = tuple([meta_of(out.array) for out in outputs])
    node = NODES[op](tuple(edges), metas)
    node.ctx = ctx
    for k in floats:
        outputs[k]._node, outputs[k]._output_nr = node, k
    ctx.saved, ctx.to_save = ctx.to_save, ()
    if ctx.saved:
        _watch(ctx, inputs, arrays, outputs)
    if anomaly.mode.enabled:
        anomaly.note(node, arrays, [out.array for out in outputs])


def _watch(
    ctx: Context, inputs: Sequence[Any], arrays: Sequence[Any], outputs: tuple[Tensor, ...]
) -> None:
    """Note which saved arrays are inputs or outputs, and at what version."""
    watched = []
    for k, array in enumerate(ctx.saved or ()):
        if array is None or type(array) is float:
            continue
        source = _source(array, inputs, arrays, outputs)
        if source is not None:
            version = (inputs[source] if source >= 0 else outputs[~source])._writes
            if not version.counts:
                raise_inference()
            watched.append((k, source, version, version.value))
    if watched:
        ctx.watched = watched
    if grad_mode.pack_hooks:
        ctx.keep([_packed(entry, inputs, outputs) for entry in ctx.entries()])


def _source(
    array: Any, inputs: Sequence[Any], arrays: Sequence[Any], outputs: tuple[Tensor, ...]
) -> int | None:
    """Which input the array is, or, as ~k, which output; None if it is neither."""
    for k, given in enumerate(arrays):
        if array is given:
            return k if isinstance(inputs[k], Tensor) else None
    for k, out in enumerate(outputs):
        if array is out.array:
            return ~k
    return None


def _packed(saved: Saved, inputs: Sequence[Any], outputs: Sequence[Tensor]) -> Saved:
    """What the hooks of saved_tensors_hooks make of a saved value."""
    k = saved.source
    if k is not None:
        tensor = outputs[~k] if k < 0 else inputs[k]
    elif isinstance(saved.array, np.ndarray):
        tensor = wrap(saved.array)
    else:
        return saved
    packed, unpack = pack(tensor)
    return saved._replace(
        array=packed,
        version=Version(),  # no write that follows is noticed
        expected=0,
        unpack=lambda packed: unpack(packed).array,
    )


def wrap(array: Array) -> Tensor:
    """`array` as a Tensor without history that shares its memory."""
    tensor = Tensor.__new__(Tensor)
    tensor._start(array)
    return tensor


class TensorRecorder(tape.Recorder):
    """What the tape asks for under create_graph."""

    def attach(self, array: Array, node: Node, output_nr: int) -> Tensor:
        tensor = wrap(array)
        tensor._node, tensor._output_nr = node, output_nr
        return tensor

    def constant(self, array: Array) -> Tensor:
        return wrap(np.asarray(array))

    def cast(self, tensor: Tensor, dtype: np.dtype[Any]) -> Tensor:
        return tensor._cast(as_dtype(dtype))

    def meta(self, tensor: Tensor) -> Meta:
        return meta_of(tensor.array)


RECORDER = TensorRecorder()


class AccumulateGrad(NodeMethods, tape.AccumulateGrad):
    __slots__ = ()
    _recorder = RECORDER


class _Holders(tape.Leaf):
    """How many references a gradient has that nobody but a walk holds: measured, not known.

    array, base   to the array itself, and to the array whose memory it is a view of
    """

    def __init__(self) -> None:
        meta = Meta((2, 2), np.dtype(np.float64))
        AccumulateGrad(self, meta).run([np.empty(meta.shape).T], None)

    def accumulate_grad(self, grad: Array) -> None:
        base = grad.base
        self.array, self.base = sys.getrefcount(grad), sys.getrefcount(base)


ALONE = _Holders()


def _may_keep(grad: Array, like: Array) -> bool:
    """Whether `grad` is memory of NumPy's own, all of it, laid out as `like` is."""
    owner = grad if grad.base is None else grad.base
    return bool(
        grad.strides == like.strides
        and type(owner) is np.ndarray
        and owner.flags.owndata
        and owner.nbytes == grad.nbytes == like.nbytes
        and grad.flags.writeable
        and grad.flags.forc
    )


class CopySlices(NodeMethods, tape.CopySlices):
    __slots__ = ()
    _recorder = RECORDER


class _NodeClasses(dict[type[Function], type[FunctionNode]]):
    """The class of the nodes of each op, made when first asked for, with PyTorch's name."""

    def __missing__(self, op: type[Function]) -> type[FunctionNode]:
        members = {"__slots__": (), "op": op, "_recorder": RECORDER, **saved_properties(op.name)}
        self[op] = made = type(op.name, (NodeMethods, FunctionNode), members)
        return made


NODES = _NodeClasses()


def _operand(x: Any) -> Any:
    """An operand of NumPy's as a Tensor's: arrays become Tensors, NumPy scalars Python's."""
    if isinstance(x, np.ndarray):
        return wrap(x)
    return x.item() if isinstance(x, np.generic) else x


# --- Tensor ---------------------------------------------------------------------------------------


class Tensor(
    ActivationMethods,
    ReduceMethods,
    CumulativeMethods,
    OrderMethods,
    SetMethods,
    NormMethods,
    ScatterMethods,
    LinalgMethods,
    ConversionMethods,
    ProtocolMethods,
    GradientMethods,
    tape.Recordable,
    tape.Leaf,
):
    """An array that can remember how it was computed.

    array          the NumPy array behind it (not in PyTorch; writes into it go unseen by autograd)
    grad           the gradient that backward() collected, a Tensor or None
    requires_grad  whether operations on it are recorded
    grad_fn        the Node that computed it; None for a leaf

    `Tensor(2, 3)` is, as in PyTorch, an uninitialised float tensor of that shape, and
    `Tensor([1, 2])` one with those values; `torch.tensor` is what one usually wants.

    >>> import minitorch_clf as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ()

    _apply = staticmethod(apply)
    record = staticmethod(apply)
    _wrap = staticmethod(wrap)
    _recorder = RECORDER
    _copy_slices = CopySlices

    def __init__(self, *data: Any) -> None:
        if all(isinstance(n, (int, np.integer)) for n in data):
            self._start(np.empty(data or (0,), get_default_dtype().numpy))
        else:
            self._start(as_array(data[0], get_default_dtype()))

    def _start(self, array: Array) -> None:
        self.array = array
        self._requires_grad = False
        self._grad = None
        self._node = None
        self._output_nr = 0
        self._accumulator = None
        self._writes = Uncounted() if grad_mode.inference else Version()
        self._view = None
        self._hooks = None
        self._retains_grad = False

    # --- the graph ---

    @property
    def grad_fn(self) -> Node | None:
        """The Node that computed this Tensor; None for a leaf.

        A view whose base was written to since gets a new one, as its history is the base's.
        """
        view = self._view
        if view is not None and view.seen != self._writes.value:
            view.seen = self._writes.value
            if view.recorded and view.base.requires_grad:
                with enable_grad():
                    self._node = view.replay(view.base)._node
        return self._node

    @property
    def requires_grad(self) -> bool:
        view = self._view
        if view is None:
            return self._requires_grad or self._node is not None
        if self._requires_grad or self.grad_fn is not None:
            return True
        # Made without a graph, of something with one: True, but leading nowhere.
        return view.origin == "no_grad" and bool(view.base.requires_grad)

    @requires_grad.setter
    def requires_grad(self, mode: bool) -> None:
        if self.grad_fn is not None:
            if not mode:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use "
                    "a computed variable in a subgraph that doesn't require differentiation use "
                    "var_no_grad = var.detach()."
                )
            return
        if mode and not (self._writes.counts or grad_mode.inference):
            raise RuntimeError(
                "Setting requires_grad=True on inference tensor outside InferenceMode is not "
                "allowed."
            )
        if mode and self.array.dtype.kind != "f":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        self._requires_grad = bool(mode)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set requires_grad."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it."""
        return self.grad_fn is None

    def is_inference(self) -> bool:
        """Whether it was made in inference mode, and so takes part in no graph."""
        return not self._writes.counts

    @property
    def output_nr(self) -> int:
        """Which output of grad_fn it is."""
        return self._output_nr

    def _edge(self) -> Edge:
        """Where the gradient of this Tensor goes."""
        node = self._node if self._view is None else self.grad_fn
        if node is not None:
            return node, self._output_nr
        if not self._requires_grad:
            return NO_EDGE
        accumulator = None if self._accumulator is None else self._accumulator()
        return accumulator or self._new_accumulator(), 0

    def _new_accumulator(self) -> Node:
        with _leaf_lock:  # another thread may have asked first
            accumulator = None if self._accumulator is None else self._accumulator()
            if accumulator is None:
                accumulator = AccumulateGrad(self, meta_of(self.array))
                self._accumulator = weakref.ref(accumulator)
                if self._hooks is not None:
                    hooks_of(accumulator).tensor[0] = self._hooks.gradient
            return accumulator

    @property
    def grad(self) -> Tensor | None:
        """What backward() collected: shape and dtype of this Tensor."""
        if self._grad is None and not (self._retains_grad or self.is_leaf):
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its "
                ".grad attribute won't be populated during autograd.backward(). If you indeed want "
                "the .grad field to be populated for a non-leaf Tensor, use .retain_grad() on the "
                "non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you "
                "access the leaf Tensor instead.",
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, grad: Tensor | None) -> None:
        if grad is not None:
            if not isinstance(grad, Tensor):
                raise TypeError(
                    "assigned grad expected to be a Tensor or None but got grad of type "
                    f"{type(grad).__name__}"
                )
            if grad.array.dtype != self.array.dtype:
                raise RuntimeError(
                    f"attempting to assign a gradient with dtype '{grad.dtype.c_name}' to a tensor "
                    f"with grad_dtype '{self.dtype.legacy}'. The gradient must match the tensor's "
                    "grad_dtype (defaults to the tensor's dtype). You can set the tensor's "
                    "grad_dtype attribute with a specific dtype, or None to allow any dtype. Set "
                    "grad_dtype with caution. Diverging the dtypes of a tensor and its gradient "
                    "may break downstream systems that assume they match."
                )
            if grad.array.shape != self.array.shape:
                raise RuntimeError(
                    f"attempting to assign a gradient of size '{list(grad.array.shape)}' to a "
                    f"tensor of size '{list(self.array.shape)}'. Please ensure that the gradient "
                    "and the tensor are the same size"
                )
        self._grad = grad

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def accumulate_grad(self, grad: Array) -> None:
        """Add a gradient that backward brought here: in place, or recorded under create_graph."""
        with _leaf_lock:  # other threads may bring theirs
            if isinstance(grad, Tensor):
                self._grad = grad if self._grad is None else self._grad + grad
            elif self._grad is None:
                base = grad.base
                if not (  # the walk alone holds it, in this Tensor's layout: no copy
                    sys.getrefcount(grad) <= ALONE.array
                    and (base is None or sys.getrefcount(base) <= ALONE.base)
                    and _may_keep(grad, self.array)
                ):
                    own = np.empty_like(self.array)
                    own[...] = grad
                    grad = own
                self._grad = wrap(grad)
            elif self._grad.requires_grad:
                self._grad = wrap(np.asarray(np.add(self._grad.array, grad)))
            else:
                np.add(self._grad.array, grad, out=self._grad.array)
                self._grad._writes.value += 1
        if self._hooks is not None:
            for hook in list(self._hooks.accumulated.values()):
                result: Any = as_outside(hook, self)
                if result is not None:
                    raise TypeError(
                        f"expected Variable, but hook returned '{type(result).__name__}'"
                    )

    def detach(self) -> Tensor:
        """The same memory, cut off from the graph."""
        tensor = wrap(self.array[...])
        tensor._writes = self._writes
        return tensor

    def detach_(self) -> Tensor:
        """Cut this Tensor off from the graph."""
        if self._view is not None:
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead. If you are using "
                "DistributedDataParallel (DDP) for training, and gradient_as_bucket_view is set as "
                "True, gradients are views of DDP buckets, and hence detach_() cannot be called on "
                "these gradients. To fix this error, please refer to the Optimizer.zero_grad() "
                "function in torch/optim/optimizer.py as a solution."
            )
        self._node, self._output_nr, self._requires_grad = None, 0, False
        return self

    @property
    def data(self) -> Tensor:
        """The same memory, unknown to autograd: not even its version is shared."""
        tensor = wrap(self.array[...])
        tensor._writes = type(self._writes)()
        return tensor

    @data.setter
    def data(self, other: Tensor) -> None:
        if not isinstance(other, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(other).__name__}")
        if self.requires_grad and not other.is_floating_point():
            raise RuntimeError(
                "data set to a tensor that requires gradients must be floating point or complex "
                "dtype"
            )
        self.array = other.array
        self._accumulator = None

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy's functions on Tensors are the methods of the same meaning."""
        function = UFUNCS.get(ufunc.__name__)
        if method != "__call__" or kwargs or function is None:
            return NotImplemented
        return function(*[_operand(x) for x in inputs])

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        known = ARRAY_FUNCTIONS.get(function)
        return NotImplemented if known is None else known(*args, **kwargs)

    def __repr__(self) -> str:
        return tensor_repr(self)

    def new_tensor(self, data: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
        """`data` as a tensor of this dtype."""
        return self._new(as_array(data, dtype or self.dtype), requires_grad)
