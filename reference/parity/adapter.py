"""An engine with an API of its own, as the suite sees it: what an adapter declares.

    class MyEngine(Adapter):
        name, version = "mine", "0.1"
        ops = {"exp": lambda input: mine.exp(input), ...}    # PyTorch's names, for op and arguments

        def tensor(self, array, requires_grad): ...          # a tensor of the engine
        def numpy(self, x): ...                              # and back

Gradients come out in one of two ways. An engine with a tape has `backward(outputs, grads)` and
`gradient(x)`; one that differentiates functions has `vjp(fn, arrays)`, and second derivatives if
vjp can be nested.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from reference.parity.case import Array, OpCase
from reference.parity.engines import Engine
from reference.parity.facade import Namespace
from reference.parity.outcome import (
    NotOffered,
    Outcome,
    Value,
    dtype_name,
    is_float,
    plain,
    tensors,
    told,
    upstream,
)

Op = Callable[..., Any]

#: Of a case that is about shapes, dtypes and Python's numbers, the facade's own business.
NOTHING_ASKED = "it asks for no op of the engine"


def one(fn: Op) -> Op:
    """An op of one tensor, whatever else `fn` may take."""

    def op(input: Any) -> Any:
        return fn(input)

    return op


def two(fn: Op) -> Op:
    """An op of two tensors, or of a tensor and a number."""

    def op(input: Any, other: Any) -> Any:
        return fn(input, other)

    return op


def along(fn: Op) -> Op:
    """A reduction in NumPy's words, axis and keepdims."""

    def op(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
        return fn(input, axis=dim, keepdims=keepdim)

    return op


def spread(fn: Op) -> Op:
    """A variance or deviation in NumPy's words: ddof is PyTorch's correction."""

    def op(
        input: Any,
        dim: Any = None,
        unbiased: bool = True,
        keepdim: bool = False,
        *,
        correction: int | None = None,
    ) -> Any:
        ddof = int(unbiased) if correction is None else correction
        return fn(input, axis=dim, ddof=ddof, keepdims=keepdim)

    return op


def unlisted(tensors: tuple[Any, ...]) -> Sequence[Any]:
    """Tensors that may come one by one or in one list, one by one."""
    listed = len(tensors) == 1 and isinstance(tensors[0], list | tuple)
    return tensors[0] if listed else tensors


class Adapter(Engine):
    """An engine of whatever names.

    ops            PyTorch's short name -> function with PyTorch's argument names
    tensor_types   the engine's tensors; by default the class of what `tensor` returns
    """

    ops: ClassVar[Mapping[str, Op]] = {}

    def tensor(self, array: Array, requires_grad: bool) -> Any:
        """A tensor with these values, of this dtype and, if the engine has any, this layout."""
        raise NotImplementedError

    def numpy(self, x: Any) -> Array:
        raise NotImplementedError

    def backward(self, outputs: Sequence[Any], grads: Sequence[Array]) -> None:
        """Bring the sum of output * grad back to the tensors that require a gradient."""
        raise NotImplementedError

    def gradient(self, x: Any) -> Array | None:
        """What `backward` brought to x; None if nothing."""
        raise NotImplementedError

    def vjp(
        self, fn: Callable[..., tuple[Any, ...]], arrays: Sequence[Any]
    ) -> tuple[Sequence[Any], Callable[[Sequence[Any]], Sequence[Any]]]:
        """fn(*arrays), and the function from upstream gradients to the gradients of the arrays."""
        raise NotImplementedError

    @functools.cached_property
    def tensor_types(self) -> tuple[type, ...]:
        made = (self.tensor(np.zeros(1, np.float32), grad) for grad in (False, True))
        return tuple({type(x) for x in made})

    def shape(self, x: Any) -> tuple[int, ...]:
        return tuple(x.shape)

    def dtype(self, x: Any) -> Any:
        return x.dtype

    def run(self, case: OpCase, dtype: str = "float32", variant: str = "plain") -> Outcome:
        """Errors and warnings are the engine's own, and so is what requires a gradient."""
        arrays = [_laid_out(a, variant) for a in case.inputs(dtype, variant)]
        t = Namespace(self)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if type(self).vjp is not Adapter.vjp:
                    outcome = self._by_function(case, t, arrays, variant)
                else:
                    outcome = self._by_tape(case, t, arrays, variant)
        except NotOffered as missing:
            return Outcome(missing=str(missing))
        except NotImplementedError as error:  # the engine's own word for it
            return Outcome(missing=told(error))
        except Exception as error:  # noqa: BLE001 - whether it should have raised is for compare
            outcome = Outcome(error=told(error))
        if t.missing or not t.asked:
            return Outcome(missing=(t.missing or [NOTHING_ASKED])[0])
        outcome.own_words, outcome.warned = True, None
        return outcome

    def _by_tape(self, case: OpCase, t: Namespace, arrays: list[Array], variant: str) -> Outcome:
        leaves = [self.tensor(array.copy("K"), array.dtype.kind == "f") for array in arrays]
        result = case.fn(t, *map(t.tensor_of, leaves))
        outcome = Outcome(self._plain(result, t))
        wanted = [(k, x) for k, x in enumerate(leaves) if arrays[k].dtype.kind == "f"]
        outputs = [out for out in tensors(result, t) if is_float(out.dtype)]
        if case.gradient and wanted and outputs:
            if variant == "second order":
                raise NotOffered("no second derivatives")
            draw = upstream(case)
            grads = [draw(out.shape, dtype_name(out.dtype)) for out in outputs]
            self.backward([out.native for out in outputs], grads)
            names = [f"input {k}" for k, _ in wanted]
            found = [self.gradient(x) for _, x in wanted]
            outcome.gradients = list(_named("gradient of", names, found))
        outcome.written = self._written(leaves, arrays)
        return outcome

    def _by_function(
        self, case: OpCase, t: Namespace, arrays: list[Array], variant: str
    ) -> Outcome:
        natives = [self.tensor(array, False) for array in arrays]
        result = case.fn(t, *map(t.tensor_of, natives))
        outcome = Outcome(self._plain(result, t), written=self._written(natives, arrays))
        wanted = [k for k, array in enumerate(arrays) if array.dtype.kind == "f"]
        outputs = [out for out in tensors(result, t) if is_float(out.dtype)]
        if not (case.gradient and wanted and outputs):
            return outcome

        def of_floats(*given: Any) -> tuple[Any, ...]:
            inputs = list(natives)
            for k, x in zip(wanted, given, strict=True):
                inputs[k] = x
            out = case.fn(t, *map(t.tensor_of, inputs))
            return tuple(x.native for x in tensors(out, t) if is_float(x.dtype))

        def gradients(*given: Any) -> tuple[Any, ...]:
            _, pullback = self.vjp(of_floats, given[: len(wanted)])
            return tuple(pullback(given[len(wanted) :]))

        draw = upstream(case)

        def random_like(x: Any) -> Any:
            return self.tensor(draw(tuple(x.shape), dtype_name(x.dtype)), False)

        at = [natives[k] for k in wanted]
        at += [random_like(out) for out in outputs]
        names = [f"input {k}" for k in wanted]
        if variant == "second order":
            weights = [
                self.tensor(draw(a.shape, a.dtype.name), False)
                for a in map(arrays.__getitem__, wanted)
            ]
            grads, pullback = self.vjp(gradients, at)
            seconds = pullback(tuple(weights))
        else:
            grads, seconds = gradients(*at), ()
        outcome.gradients = list(_named("gradient of", names, map(self.numpy, grads)))
        names += [f"upstream {k}" for k in range(len(outputs))]
        outcome.gradients += _named("second gradient of", names, map(self.numpy, seconds))
        return outcome

    def _plain(self, result: Any, t: Namespace) -> Any:
        return plain(result, t, lambda x: Value(np.array(x.numpy()), dtype_name(x.dtype)))

    def _written(self, leaves: Sequence[Any], arrays: Sequence[Array]) -> list[int]:
        pairs = enumerate(zip(leaves, arrays, strict=True))
        return [k for k, (x, a) in pairs if self.numpy(x).tobytes() != a.tobytes()]


def _named(
    prefix: str, names: Iterable[str], grads: Iterable[Array | None]
) -> Iterator[tuple[str, Array | None]]:
    for name, grad in zip(names, grads, strict=False):  # without second ones, names are left over
        yield f"{prefix} {name}", None if grad is None else np.array(grad)


def _laid_out(array: Array, variant: str) -> Array:
    """The same values, in the variant's layout."""
    if variant == "transposed" and array.ndim >= 2:
        return np.ascontiguousarray(array.swapaxes(0, -1)).swapaxes(0, -1)
    if variant == "strided" and array.ndim >= 1:
        wide = np.repeat(array, 2, axis=-1)
        wide[..., 1::2] = 7  # whoever ignores the stride sees it
        return wide[..., ::2]
    return array
