"""Tensor, and `apply`: the one place where Tensors become arrays and back.

A Tensor is an array, what it needs to take part in a graph (the node that made it, or, if the user
made it, a place for its gradient), and a version that counts the writes to its memory. What can be
computed with it is inherited, by family, from `methods/`.
"""

from __future__ import annotations

import functools
import operator
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from minitorch_clf import tape
from minitorch_clf.convert import as_array
from minitorch_clf.dtypes import as_device, as_dtype, dtype, float32, get_default_dtype
from minitorch_clf.formatting import tensor_repr
from minitorch_clf.methods.activation import ActivationMethods
from minitorch_clf.methods.index import IndexMethods
from minitorch_clf.methods.inplace import InplaceMethods
from minitorch_clf.methods.linalg import LinalgMethods
from minitorch_clf.methods.reduce import ReduceMethods
from minitorch_clf.methods.shape import ShapeMethods
from minitorch_clf.numpy_protocol import ARRAY_FUNCTIONS, UFUNCS
from minitorch_clf.ops.pointwise import ToCopy
from minitorch_clf.tape import (
    AccumulateGrad,
    Array,
    Context,
    CopySlices,
    Edge,
    Function,
    Meta,
    Node,
    Saved,
    Version,
    quietly,
)

__all__ = ["Tensor", "apply", "wrap"]

NO_EDGE: Edge = (None, 0)


# --- running a Function on Tensors ----------------------------------------------------------------


def apply(op: type[Function], *inputs: Any, **options: Any) -> Any:
    """Run `op` on Tensors: its value as a Tensor (a tuple for several), recorded if need be.

    inputs    Tensors, of which forward gets the arrays; anything else is passed on as it is
    options   plain Python values
    """
    arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
    recording = tape._grad_mode.enabled
    needs = tuple([recording and isinstance(x, Tensor) and x.requires_grad for x in inputs])
    ctx = Context(needs)
    result = quietly(op.forward, ctx, *arrays, **options)
    outputs = result if isinstance(result, tuple) else (result,)
    outputs = tuple([out if type(out) is np.ndarray else np.asarray(out) for out in outputs])
    node = _record(op, ctx, inputs, outputs) if any(needs) else None
    tensors = [wrap(out) for out in outputs]
    if node is not None:
        for k, tensor in enumerate(tensors):
            if tensor.array.dtype.kind == "f":
                tensor._node, tensor._output_nr = node, k
        _save(ctx, inputs, arrays, tensors)
    if op.is_view:
        for k, tensor in enumerate(tensors):
            view = functools.partial(op.call, **options)
            if isinstance(result, tuple):
                view = _chain(view, operator.itemgetter(k))
            tensor._track_view(inputs[0], view, recording, single=not isinstance(result, tuple))
    return tuple(tensors) if isinstance(result, tuple) else tensors[0]


def _record(
    op: type[Function],
    ctx: Context,
    inputs: Sequence[Any],
    outputs: Sequence[Array],
) -> Node | None:
    if not any(out.dtype.kind == "f" for out in outputs):
        return None
    edges = [x._edge() if need else NO_EDGE for x, need in zip(inputs, ctx.needs_input_grad)]
    return Node(op, ctx, tuple(edges), tuple([Meta(out.shape, out.dtype) for out in outputs]))


def _save(ctx: Context, inputs: Sequence[Any], arrays: Sequence[Any], outputs: Sequence[Tensor]) -> None:
    """Note for each saved array whether it is an input or an output, and its version."""
    saved = []
    for array in ctx.to_save:
        source, version = None, None
        if array is not None:
            for k, given in enumerate(arrays):
                if array is given:
                    if isinstance(inputs[k], Tensor):
                        source, version = k, inputs[k]._version
                    break
            else:
                for k, out in enumerate(outputs):
                    if array is out.array:
                        source, version = ~k, out._version
        saved.append(Saved(array, source, version, 0 if version is None else version.value))
    ctx.saved, ctx.to_save = tuple(saved), ()


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
        return Meta(tensor.array.shape, tensor.array.dtype)


RECORDER = TensorRecorder()


class View:
    """Where a view comes from: `replay(base)` is the view, and it was made at version `seen`."""

    __slots__ = ("base", "recorded", "replay", "seen", "single")

    def __init__(
        self, base: Tensor, replay: Callable[[Any], Any], *, recorded: bool, single: bool, seen: int
    ) -> None:
        self.base = base
        self.replay = replay
        self.recorded = recorded
        self.single = single
        self.seen = seen


# --- Tensor ---------------------------------------------------------------------------------------


class Tensor(
    ActivationMethods,
    InplaceMethods,
    ReduceMethods,
    ShapeMethods,
    IndexMethods,
    LinalgMethods,
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

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_accumulator",
        "_grad",
        "_hooks",
        "_node",
        "_output_nr",
        "_requires_grad",
        "_retains_grad",
        "_version",
        "_view",
        "array",
    )

    _apply = staticmethod(apply)
    record = staticmethod(apply)
    _wrap = staticmethod(wrap)

    def __init__(self, *data: Any) -> None:
        if all(isinstance(n, (int, np.integer)) for n in data):
            self._start(np.empty(data or (0,), get_default_dtype().numpy))
        else:
            self._start(as_array(data[0], get_default_dtype()))

    def _start(self, array: Array) -> None:
        self.array = array
        self._requires_grad = False
        self._grad: Tensor | None = None
        self._node: Node | None = None
        self._output_nr = 0
        self._accumulator: weakref.ref[AccumulateGrad] | None = None
        self._version = Version()
        self._view: View | None = None
        self._hooks: dict[int, Callable[[Tensor], Tensor | None]] | None = None
        self._retains_grad = False

    # --- the graph ---

    @property
    def grad_fn(self) -> Node | None:
        """The Node that computed this Tensor; None for a leaf.

        A view whose base was written to since gets a new one, as its history is the base's.
        """
        view = self._view
        if view is not None and view.seen != self._version.value:
            view.seen = self._version.value
            if view.recorded and view.base.requires_grad:
                with tape.enable_grad():
                    self._node = view.replay(view.base)._node
        return self._node

    @property
    def requires_grad(self) -> bool:
        return self._requires_grad or self.grad_fn is not None

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
        if mode and self.array.dtype.kind != "f":
            raise RuntimeError(
                "only Tensors of floating point and complex dtype can require gradients"
            )
        self._requires_grad = bool(mode)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set requires_grad."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it."""
        return self.grad_fn is None

    @property
    def output_nr(self) -> int:
        """Which output of grad_fn it is."""
        return self._output_nr

    def _edge(self) -> Edge:
        """Where the gradient of this Tensor goes."""
        node = self.grad_fn
        if node is not None:
            return node, self._output_nr
        if not self._requires_grad:
            return NO_EDGE
        accumulator = None if self._accumulator is None else self._accumulator()
        if accumulator is None:
            accumulator = AccumulateGrad(self, Meta(self.array.shape, self.array.dtype))
            self._accumulator = weakref.ref(accumulator)
            if self._hooks:
                accumulator.hooks = {0: self._hooks}  # type: ignore[dict-item]
        return accumulator, 0

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
                    f"assigned grad expected to be a Tensor or None but got grad of type {type(grad).__name__}"
                )
            if grad.array.dtype != self.array.dtype:
                raise RuntimeError(
                    f"assigned grad has data of a different type: expected {self.type()}, got {grad.type()}"
                )
            if grad.array.shape != self.array.shape:
                raise RuntimeError("assigned grad has data of a different size")
        self._grad = grad

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def accumulate_grad(self, grad: Array) -> None:
        """Add a gradient that backward brought here: in place, or recorded under create_graph."""
        if isinstance(grad, Tensor):
            self._grad = grad if self._grad is None else self._grad + grad
        elif self._grad is None:
            self._grad = wrap(np.array(grad, order="C", copy=True))
        elif self._grad.requires_grad:
            self._grad = wrap(self._grad.array + grad)
        else:
            np.add(self._grad.array, grad, out=self._grad.array)
            self._grad._version.value += 1

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the gradient of this Tensor, times `gradient`, to the `grad` of every leaf behind it.

        gradient      1 if left out, which only a Tensor of one element allows
        retain_graph  keep saved values for another backward; defaults to create_graph
        create_graph  record the walk, so that gradients can be differentiated again
        inputs        collect into these leaves only
        """
        backward((self,), (gradient,), retain_graph, create_graph, inputs)

    def retain_grad(self) -> None:
        """Collect `grad` also here, though this Tensor is not a leaf."""
        node = self.grad_fn
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if node is None or self._retains_grad:
            return
        self._retains_grad = True
        kept = weakref.ref(self)

        def keep(grad: Array) -> None:
            tensor = kept()
            if tensor is not None:
                tensor.accumulate_grad(grad)

        # after all other hooks of this output, so that it sees what they make of the gradient
        _hooks_of(node, self._output_nr)[RETAIN] = keep

    @property
    def retains_grad(self) -> bool:
        """Whether retain_grad() was called on a Tensor that is not a leaf."""
        return self._retains_grad

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook` with this Tensor's gradient whenever it is known; it may return another."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")

        def on_arrays(grad: Array) -> Array | None:
            given = grad if isinstance(grad, Tensor) else wrap(grad)
            replaced = hook(given)
            if replaced is None:
                return None
            return replaced if isinstance(grad, Tensor) else replaced.array

        node = self.grad_fn
        if node is not None:
            hooks = _hooks_of(node, self._output_nr)
        else:
            if self._hooks is None:
                self._hooks = {}
            hooks = self._hooks  # type: ignore[assignment]
            accumulator = None if self._accumulator is None else self._accumulator()
            if accumulator is not None:
                accumulator.hooks = {0: hooks}
        keep = hooks.pop(RETAIN, None)
        handle = RemovableHandle(hooks)
        hooks[handle.id] = on_arrays
        if keep is not None:
            hooks[RETAIN] = keep
        return handle

    def detach(self) -> Tensor:
        """The same memory, cut off from the graph."""
        tensor = wrap(self.array[...])
        tensor._version = self._version
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
        return wrap(self.array[...])

    @data.setter
    def data(self, other: Tensor) -> None:
        if not isinstance(other, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(other).__name__}")
        self.array = other.array
        self._accumulator = None

    # --- views and in-place writes ---

    def _track_view(
        self, parent: Tensor, view: Callable[[Any], Any], recorded: bool, *, single: bool
    ) -> None:
        self._version = parent._version
        up = parent._view
        if up is None:
            base, replay = parent, view
        else:
            base, replay = up.base, _chain(up.replay, view)
            recorded = recorded and up.recorded
            single = single and up.single
        seen = self._version.value
        self._view = View(base, replay, recorded=recorded, single=single, seen=seen)

    @property
    def _base(self) -> Tensor | None:
        return None if self._view is None else self._view.base

    def _is_view(self) -> bool:
        return self._view is not None

    def _bump_version(self) -> None:
        """Say that the array was written to."""
        self._version.value += 1

    def _become(self, result: Tensor) -> Tensor:
        """Write `result` into this Tensor's memory and take over its history: in-place operations.

        What `result`'s node saved of the old value is copied first; what it saved of the new value
        is this Tensor from now on. If this is a view, the base gets a CopySlices node.
        """
        array, node = self.array, result._node
        recording = tape._grad_mode.enabled
        if recording:
            self._refuse_leaf()
        _refuse_result(self, result)
        history = recording and (node is not None or self.requires_grad)
        old_edge = None
        if history and self._view is not None:
            self._refuse_view()
            old_edge = self._view.base._edge()
        saved = node.ctx.saved if node is not None else None
        if node is not None and saved:
            private = array.copy() if any(s.array is array for s in saved) else None
            saved = tuple(
                s._replace(array=private, version=None) if s.array is array else s for s in saved
            )
        array[...] = result.array
        self._version.value += 1
        if node is not None and saved:
            now = self._version
            node.ctx.saved = tuple(
                Saved(array, s.source, now, now.value) if s.array is result.array else s
                for s in saved
            )
        if not history:
            return self
        if self._view is None or old_edge is None:
            self._node, self._output_nr = node, 0
            if node is not None:
                self._requires_grad = False
        elif node is not None:
            self._rebase(node, old_edge)
        return self

    def _rebase(self, node: Node, base_edge: Edge) -> None:
        view = self._view
        assert view is not None  # only views are rebased
        base = view.base
        meta = Meta(base.array.shape, base.array.dtype)
        base._node, base._output_nr = CopySlices(base_edge, meta, node, view.replay), 0
        base._requires_grad = False
        view.seen = self._version.value - 1  # so that grad_fn is made anew from the base's

    def _refuse_leaf(self) -> None:
        if self._requires_grad and self._node is None:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation."
            )
        base = self._base
        if base is not None and base._requires_grad and base._node is None and (
            self._view is not None and self._view.recorded
        ):
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place "
                "operation."
            )

    def _refuse_view(self) -> None:
        view = self._view
        assert view is not None  # asked of views only
        if not view.single:
            name = "UnbindBackward0" if self._node is None else self._node.name()
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

    # --- to Python and NumPy ---

    def item(self) -> Any:
        """The one element, as a Python number.

        RuntimeError  "a Tensor with 3 elements cannot be converted to Scalar"
        """
        if self.array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self.array.size} elements cannot be converted to Scalar"
            )
        return self.array.item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return self.array.tolist()

    def numpy(self, *, force: bool = False) -> Array:
        """The NumPy array, sharing memory."""
        if self.requires_grad and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead."
            )
        return self.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.numpy()
        if dtype is None or array.dtype == dtype:
            return array.copy() if copy else array
        if copy is False:
            raise ValueError(f"cannot give {array.dtype} as {np.dtype(dtype)} without a copy")
        return array.astype(dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy's functions on Tensors are the methods of the same meaning."""
        function = UFUNCS.get(ufunc.__name__)
        if method != "__call__" or kwargs or function is None:
            return NotImplemented
        return function(*[wrap(np.asarray(x)) if isinstance(x, np.ndarray) else x for x in inputs])

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        known = ARRAY_FUNCTIONS.get(function)
        return NotImplemented if known is None else known(*args, **kwargs)

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise RuntimeError(
                "Boolean value of Tensor with no values is ambiguous"
                if self.array.size == 0
                else "Boolean value of Tensor with more than one value is ambiguous"
            )
        return bool(self.array.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self.array.dtype.kind not in "iub" or self.array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.array.item())

    def __repr__(self) -> str:
        return tensor_repr(self)

    def __format__(self, spec: str) -> str:
        if self.array.ndim == 0 and type(self) is Tensor:
            return format(self.array.item(), spec)
        return object.__format__(self, spec)

    # --- other dtypes and devices ---

    def to(self, *args: Any, copy: bool = False, **kwargs: Any) -> Tensor:
        """In another dtype, on another device, or like another Tensor; itself if nothing changes.

        AssertionError  a device other than the CPU
        """
        target = kwargs.pop("dtype", None)
        as_device(kwargs.pop("device", None))
        kwargs.pop("non_blocking", None)  # means nothing on a CPU
        if kwargs:
            raise NotImplementedError(f"to: {', '.join(kwargs)} is not supported")
        for arg in args:
            if isinstance(arg, dtype):
                target = arg
            elif isinstance(arg, Tensor):
                target = arg.dtype
            elif not isinstance(arg, bool):
                as_device(arg)
        if target is None or target.numpy == self.array.dtype:
            return self.clone() if copy else self
        return apply(ToCopy, self, dtype=target.numpy)  # type: ignore[no-any-return]

    def type(self, dtype: Any = None) -> Any:
        """"torch.FloatTensor" and the like, or this Tensor in another dtype."""
        if dtype is None:
            return f"torch.{self.dtype.legacy}Tensor"
        if isinstance(dtype, str):
            legacy = dtype.removeprefix("torch.").removesuffix("Tensor")
            dtype = next(d for d in type(float32).by_numpy.values() if d.legacy == legacy)
        return self.to(dtype)

    def type_as(self, other: Tensor) -> Tensor:
        """to(other.dtype)."""
        return self.to(other.dtype)

    def cpu(self) -> Tensor:
        """Itself: there is no other device."""
        return self

    def cuda(self, device: Any = None) -> Tensor:
        """AssertionError: there is no GPU here."""
        return self.to("cuda" if device is None else device)

    def pin_memory(self) -> Tensor:
        raise RuntimeError("Cannot access accelerator device when none is available.")

    def float(self) -> Tensor:
        return self.to(_NAMED["float32"])

    def double(self) -> Tensor:
        return self.to(_NAMED["float64"])

    def int(self) -> Tensor:
        return self.to(_NAMED["int32"])

    def long(self) -> Tensor:
        return self.to(_NAMED["int64"])

    def bool(self) -> Tensor:
        return self.to(_NAMED["bool"])

    def byte(self) -> Tensor:
        return self.to(_NAMED["uint8"])

    is_cuda: ClassVar[Any] = False
    is_sparse: ClassVar[Any] = False
    is_quantized: ClassVar[Any] = False
    layout: ClassVar[Any] = "torch.strided"

    def data_ptr(self) -> Any:
        """The address of the first element."""
        return self.array.ctypes.data

    def __deepcopy__(self, memo: dict[Any, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment.  If you were attempting to deepcopy a module, this may be "
                "because of a torch.nn.utils.weight_norm usage, see "
                "https://github.com/pytorch/pytorch/pull/103001"
            )
        copied = memo.get(id(self))
        if copied is None:
            copied = type(self).__new__(type(self))
            copied._start(self.array.copy(order="K"))
            copied._requires_grad = self._requires_grad
            memo[id(self)] = copied
            if self._grad is not None:
                copied._grad = self._grad.__deepcopy__(memo)
        return copied  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.array, self.requires_grad)


def _rebuild(kind: type[Tensor], array: Array, requires_grad: bool) -> Tensor:
    """A Tensor from a pickle: a leaf, as pickles hold no graph."""
    tensor = kind.__new__(kind)
    tensor._start(array)
    tensor._requires_grad = requires_grad
    return tensor


_NAMED = {d.name: d for d in type(float32).by_numpy.values()}


def _chain(first: Callable[[Any], Any], second: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda base: second(first(base))


def _refuse_result(target: Tensor, result: Tensor) -> None:
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


# --- hooks ----------------------------------------------------------------------------------------

RETAIN = -1


class RemovableHandle:
    """What registering a hook returns: `remove()` takes the hook away again."""

    _next: ClassVar[Any] = 0

    def __init__(self, hooks: dict[Any, Any]) -> None:
        self.hooks = hooks
        self.id = RemovableHandle._next
        RemovableHandle._next += 1

    def remove(self) -> None:
        """Take the hook away; again is no error."""
        self.hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.remove()


def _hooks_of(node: Node, output_nr: int) -> dict[Any, Any]:
    if node.hooks is None:
        node.hooks = {}
    return node.hooks.setdefault(output_nr, {})


# --- backward and grad ----------------------------------------------------------------------------


def backward(
    tensors: Sequence[Tensor],
    grad_tensors: Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """The walk from several Tensors at once: see Tensor.backward and autograd.backward."""
    upstream = [None] * len(tensors) if grad_tensors is None else list(grad_tensors)
    if inputs is not None:
        inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward` cannot be empty.")
        if any(not t.is_leaf for t in inputs):
            raise NotImplementedError(
                "backward(inputs=...) is supported for leaf tensors; use autograd.grad for others"
            )
    _walk(tensors, upstream, retain_graph, create_graph, inputs, accumulate=True)


def _walk(
    tensors: Sequence[Tensor],
    upstream: Sequence[Tensor | None],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Sequence[Tensor] | None,
    *,
    accumulate: bool,
) -> list[Any]:
    grads = [_upstream(t, g, create_graph) for t, g in zip(tensors, upstream, strict=True)]
    roots = []
    for k, tensor in enumerate(tensors):
        if not tensor.requires_grad:
            raise RuntimeError(
                f"element {k} of tensors does not require grad and does not have a grad_fn"
            )
        roots.append(tensor._edge())
    retain = create_graph if retain_graph is None else retain_graph
    with tape.set_grad_enabled(create_graph):
        return tape.run_backward(
            roots,
            grads,
            retain_graph=retain,
            recorder=RECORDER if create_graph else None,
            inputs=None if inputs is None else [t._edge() for t in inputs],
            accumulate=accumulate,
        )


def _upstream(tensor: Tensor, grad: Any, create_graph: bool) -> Array:
    if grad is None:
        if not tensor.requires_grad:
            return None
        if tensor.array.size != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        ones = np.ones_like(tensor.array)
        return wrap(ones) if create_graph else ones
    if not isinstance(grad, Tensor):
        raise TypeError(
            f"gradients can be either Tensors or None, but got {type(grad).__name__}"
        )
    if grad.array.shape != tensor.array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of {grad.shape} and output[0] has a "
            f"shape of {tensor.shape}."
        )
    if create_graph:
        return grad._cast(tensor.dtype)
    return grad.array.astype(tensor.array.dtype, copy=False)
