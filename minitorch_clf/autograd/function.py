"""Functions that users write on Tensors: a forward, and the backward that belongs to it."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from minitorch_clf import anomaly
from minitorch_clf.autograd.saved import SavedTensor
from minitorch_clf.grad_mode import grad_mode, is_grad_enabled, no_grad
from minitorch_clf.methods.graph import NodeMethods
from minitorch_clf.ops.broadcast import sum_to_size
from minitorch_clf.tape import FREED, Array, Gradients, Meta, Node, Recorder, short_name, zeros
from minitorch_clf.tensor import NO_EDGE, RECORDER, Tensor, wrap
from minitorch_clf.walk import as_outside

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionCtx(NodeMethods, Node):
    """The `ctx` of a user's Function, which is also the node that its outputs have as grad_fn.

    needs_input_grad   one bool per argument of forward
    saved_tensors      what save_for_backward was given, checked to be unchanged since

    Any attribute may be added: what forward leaves here, backward finds.
    """

    _recorder = RECORDER
    function: ClassVar[type[Function]]

    def __init__(self, inputs: tuple[Any, ...], *, recording: bool) -> None:
        edges = [x._edge() if recording else NO_EDGE for x in inputs if isinstance(x, Tensor)]
        super().__init__(tuple(edges), ())
        self.needs_input_grad = tuple([_requires_grad(x) for x in inputs])
        self.materialize_grads = True
        self.to_save: tuple[Tensor | None, ...] = ()
        self.saved_for_forward: tuple[Tensor | None, ...] = ()
        self.dirty_tensors: tuple[Tensor, ...] = ()
        self.non_differentiable: tuple[Tensor, ...] = ()
        self._saved: tuple[SavedTensor | None, ...] | None = ()
        self._metas: tuple[Meta | None, ...] = ()  # of the outputs, None for what is no Tensor
        self._is_tensor = [isinstance(x, Tensor) for x in inputs]

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep Tensors for backward: inputs, outputs, or others, which then count as constants."""
        self.to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep Tensors for jvp, which nothing here calls: there is no forward-mode derivative."""
        self.saved_for_forward = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs forward wrote into; each must also be returned."""
        self.dirty_tensors = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which outputs have no gradient. Outputs of integer dtype need not be named."""
        self.non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros, or None, for an output into which no gradient flowed."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        if self._saved is None:
            raise RuntimeError(FREED)
        return tuple([s if s is None else s.get(self) for s in self._saved])

    def run(self, grads: Gradients, recorder: Recorder | None) -> Gradients:
        given: list[Tensor | None] = []
        for grad, meta in zip(grads, self._metas, strict=True):
            if grad is None and meta is not None and self.materialize_grads:
                grad = zeros(meta, recorder)
            given.append(grad if grad is None or isinstance(grad, Tensor) else wrap(grad))
        results = as_outside(self._differentiate(), self, *given)
        results = self._checked(results if isinstance(results, tuple) else (results,))
        fitted = [g if g is None else self._fit(k, g) for k, g in enumerate(results)]
        return fitted if recorder else [g if g is None else g.array for g in fitted]

    def _differentiate(self) -> Callable[..., Any]:
        backward, vjp = self.function.backward, self.function.vjp
        if backward is Function.backward:
            return vjp
        if vjp is not Function.vjp:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You "
                "should only implement one of them."
            )
        return backward

    def _checked(self, results: tuple[Any, ...]) -> list[Tensor | None]:
        """The gradients of the arguments that are Tensors, or an error saying what is wrong."""
        expected = len(self._is_tensor)
        if all(extra is None for extra in results[expected:]):
            results = results[:expected]
        if len(results) != expected:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients "
                f"(expected {expected}, got {len(results)})"
            )
        gradients: list[Tensor | None] = []
        for k, (result, is_tensor) in enumerate(zip(results, self._is_tensor, strict=True)):
            if not is_tensor:
                if result is not None:
                    raise RuntimeError(
                        f"function {self.name()} returned a gradient different than None at "
                        f"position {k + 1}, but the corresponding forward input was not a Variable"
                    )
            elif result is None or isinstance(result, Tensor):
                gradients.append(result)
            else:
                raise RuntimeError(f"expected Variable or None (got {type(result).__name__})")
        return gradients

    def _fit(self, k: int, grad: Tensor) -> Tensor:
        """`grad` summed to the shape of input k, where that was broadcast to grad's."""
        node, output_nr = self.next_functions[k]
        if node is None:
            return grad
        shape, got = node.outputs[output_nr].shape, grad.array.shape
        trailing = zip(reversed(shape), reversed(got), strict=False)
        if shape != got and len(shape) <= len(got) and all(n in (1, m) for n, m in trailing):
            summed: Tensor = sum_to_size(grad, shape)
            return summed
        return grad  # the walk complains

    def free(self) -> None:
        self._saved = None

    def __repr__(self) -> str:
        return object.__repr__(self)


class Function:
    """An operation of one's own: what it computes, and how gradients go back through it.

        class Cube(Function):
            forward(ctx, x)            x ** 3;   saves x
            backward(ctx, grad)        3 * x ** 2 * grad

        Cube.apply(x)

    forward is run without recording. It may also be written without `ctx`; then
    `setup_context(ctx, inputs, output)` saves what is needed. backward gets one gradient per
    output, and returns one per argument of forward, None where there is none. It is written on
    Tensors, so that under create_graph it is recorded and can be differentiated again.

    >>> import minitorch_clf as torch
    >>> class Cube(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...     @staticmethod
    ...     def backward(ctx, grad_output):
    ...         (x,) = ctx.saved_tensors
    ...         return 3 * x**2 * grad_output
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> y = Cube.apply(x)
    >>> y
    tensor(8., grad_fn=<CubeBackward>)
    >>> (first,) = torch.autograd.grad(y, x, create_graph=True)
    >>> torch.autograd.grad(first, x)
    (tensor(12.),)
    """

    _node: ClassVar[type[FunctionCtx]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - only to warn
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all "
            "static, so you should invoke them on the class itself. Instantiating an autograd "
            "function will raise an error in a future version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        members = {"function": cls, "__module__": __name__}
        cls._node = type(f"{cls.__name__}Backward", (FunctionCtx,), members)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - only to refuse
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use "
            "new-style autograd function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    vjp = backward
    """Another name under which backward may be written."""

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward on the arguments; the Tensors that it returns have backward behind them."""
        separate = cls.setup_context is not Function.setup_context
        if kwargs or separate:
            args = _positional(cls.forward, separate, args, kwargs)
        recording = grad_mode.enabled and any(_requires_grad(x) for x in args)
        ctx = getattr(cls, "_node", FunctionCtx)(args, recording=recording)
        with no_grad():
            result = cls.forward(*args) if separate else cls.forward(ctx, *args)
            if separate:
                cls.setup_context(ctx, args, result)
        outputs = result if isinstance(result, tuple) else (result,)
        outputs = _outputs(ctx, args, outputs, recording=recording)
        return outputs if isinstance(result, tuple) else outputs[0]


def _requires_grad(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def _positional(
    forward: Callable[..., Any], separate: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, ...]:
    """Arguments in the order of forward's parameters, defaults filled in."""
    context = () if separate else (None,)
    bound = inspect.signature(forward).bind(*context, *args, **kwargs)
    bound.apply_defaults()
    return bound.args[len(context) :]


# --- what forward returned ------------------------------------------------------------------------


def _outputs(
    ctx: FunctionCtx, inputs: tuple[Any, ...], outputs: tuple[Any, ...], *, recording: bool
) -> tuple[Any, ...]:
    """`outputs` with `ctx` as their grad_fn, and what was saved kept in it."""
    _check_marks(ctx, inputs, outputs)
    ctx._metas = tuple([_meta(out) for out in outputs])
    ctx.outputs = tuple([meta or Meta((), np.dtype(bool)) for meta in ctx._metas])
    finished = list(outputs)
    for k, out in enumerate(outputs):
        if isinstance(out, Tensor):
            finished[k] = _output(ctx, inputs, out, k, len(outputs) > 1, recording)
    if recording:
        ctx._saved = tuple([_save(tensor, k, outputs) for k, tensor in enumerate(ctx.to_save)])
        if anomaly.mode.enabled:
            anomaly.note(ctx, map(_array, inputs), [_array(out) for out in outputs])
    ctx.to_save = ()
    return tuple(finished)


def _output(
    ctx: FunctionCtx, inputs: tuple[Any, ...], out: Tensor, k: int, several: bool, recording: bool
) -> Tensor:
    differentiable = out.is_floating_point() and not _among(out, ctx.non_differentiable)
    recording = recording and differentiable
    if _among(out, ctx.dirty_tensors) and _among(out, inputs):
        out._writes.value += 1
        if recording:
            _rewrite(ctx, out, k)
        return out
    if _among(out, inputs):
        if not differentiable:
            return out.detach()
        given, out = out, wrap(out.array[...])
        out._track_view(given, lambda base: base, "function")
    if recording:
        out._node, out._output_nr, out._requires_grad = ctx, k, False
        if out._view is not None:
            out._view.origin = "several" if several else "function"
            out._view.seen = out._writes.value
    return out


def _rewrite(ctx: FunctionCtx, out: Tensor, k: int) -> None:
    """Give an input that forward wrote into its new history."""
    if out.grad_fn is None and out.requires_grad:
        raise RuntimeError(
            "a leaf Variable that requires grad has been used in an in-place operation."
        )
    view = out._view
    if view is None:
        out._node, out._output_nr, out._requires_grad = ctx, k, False
    else:
        out._refuse_view(view)
        out._rebase(view, ctx, view.base._edge())
    out._writes.writer = short_name(ctx)


def _check_marks(ctx: FunctionCtx, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
    for tensor in ctx.dirty_tensors:
        if not isinstance(tensor, Tensor):
            raise RuntimeError("mark_dirty can only accept variables, but argument ")
        if not _among(tensor, inputs):
            warnings.warn(
                "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that "
                "have been mutated should be passed to ctx.mark_dirty().",
                stacklevel=4,
            )
        if not _among(tensor, outputs):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as "
                "output. The inputs that are modified inplace must all be outputs of the Function."
            )
    for tensor in ctx.non_differentiable:
        if not isinstance(tensor, Tensor):
            raise RuntimeError("mark_non_differentiable only accepts variable arguments, but got ")


def _save(tensor: Any, k: int, outputs: Sequence[Any]) -> SavedTensor | None:
    if tensor is None:
        return None
    if not isinstance(tensor, Tensor):
        raise TypeError(
            f"save_for_backward can only save variables, but argument {k} is of type "
            f"{type(tensor).__name__}"
        )
    for output_nr, out in enumerate(outputs):
        if out is tensor:
            return SavedTensor.of(tensor, output_nr if tensor._node is not None else None)
    return SavedTensor.of(tensor, None)


def _array(x: Any) -> Any:
    return x.array if isinstance(x, Tensor) else x


def _among(tensor: Tensor, others: Sequence[Any]) -> bool:
    return any(tensor is other for other in others)


def _meta(out: Any) -> Meta | None:
    return Meta(out.array.shape, out.array.dtype) if isinstance(out, Tensor) else None


# --- one derivative only --------------------------------------------------------------------------


class Error(NodeMethods, Node):
    """Stands where the second derivative would be, which there is none of."""

    _recorder = RECORDER

    def name(self) -> str:
        return "torch::autograd::Error"

    def run(self, grads: Array, recorder: Recorder | None) -> Gradients:  # noqa: ARG002 - Node's
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a `backward` that must not be differentiated.

    It runs unrecorded, and differentiating its result is an error instead of a wrong zero.
    """

    @functools.wraps(backward)
    def wrapped(ctx: Any, *grad_outputs: Any) -> Any:
        with no_grad():
            result = backward(ctx, *grad_outputs)
        if not is_grad_enabled() or not any(_requires_grad(g) for g in grad_outputs):
            return result
        grads = result if isinstance(result, tuple) else (result,)
        error = Error((), tuple([_meta(g) or Meta((), np.dtype(bool)) for g in grads]))
        guarded = []
        for k, grad in enumerate(grads):
            if isinstance(grad, Tensor):
                grad = grad.detach()
                grad._node, grad._output_nr = error, k
            guarded.append(grad)
        return tuple(guarded) if isinstance(result, tuple) else guarded[0]

    return wrapped
