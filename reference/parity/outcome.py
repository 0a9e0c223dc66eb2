"""What an engine answered to one run of a case, as plain data, and how it is asked.

    outcome = run_case(case, torch, "float32", "transposed")
    outcome.result      Value(array, "float32", requires_grad=True)
    outcome.gradients   [("gradient of input 0", array)]

An outcome holds NumPy arrays, numbers and texts only: it crosses processes and can be frozen.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reference.parity.case import Array, ErrorCase, OpCase

#: What a result may hold beside tensors, arrays and their nests; anything else becomes a text.
_NUMBERS = (bool, int, float, complex, str, type(None))


class NotOffered(Exception):
    """An engine has no such op, or not with these arguments: "no op 'erfinv'"."""


@dataclass(frozen=True)
class Value:
    """A tensor as it was when the operation returned it.

    dtype           "float32"
    requires_grad   None for an engine whose tensors do not say; then nobody asks
    """

    array: Array
    dtype: str
    requires_grad: bool | None = None


@dataclass
class Outcome:
    """A result and its gradients, or an error.

    result      a nest of tuples, lists and dicts of Values, arrays, numbers and texts
    gradients   by name, in order: of every input, and of those of the second order
    error       "ErrorClass: text"; then there is neither result nor gradient
    own_words   True for an engine that does not repeat PyTorch's error texts: any error will do
    missing     what the engine does not offer, if it does not: "no op 'erfinv'"
    warned      the classes of the warnings; None if the engine is not asked
    written     which inputs were written into
    magnitude   for the oracle only: the case's own bound of what was added up
    """

    result: Any = None
    gradients: list[tuple[str, Array | None]] = field(default_factory=list)
    error: str = ""
    own_words: bool = False
    missing: str = ""
    warned: list[str] | None = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    magnitude: Array | None = None


def run_case(case: OpCase, engine: Any, dtype: str = "float32", variant: str = "plain") -> Outcome:
    """Ask `engine`, a module with PyTorch's names; what it raises is part of the answer."""
    arrays = case.inputs(dtype, variant)
    outcome = Outcome()
    if hasattr(engine, "set_warn_always"):
        engine.set_warn_always(True)  # else the second case that warns would not
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            inputs = leaves(engine, arrays, variant)
            result = case.fn(engine, *inputs)
            if case.gradient:
                outcome.gradients = list(_gradients(case, engine, inputs, result, variant))
            outcome.written = [
                k
                for k, (tensor, array) in enumerate(zip(inputs, arrays, strict=True))
                if tensor.detach().numpy().tobytes() != array.tobytes()
            ]
            outcome.result = plain(result, engine)
        except NotOffered as missing:
            return Outcome(missing=str(missing))
        except Exception as error:  # noqa: BLE001 - compared with the other engine's
            return Outcome(error=told(error))
    outcome.warned = [w.category.__name__ for w in caught]
    return outcome


def run_error(case: ErrorCase, engine: Any) -> str:
    """The error that `engine` raises, "ErrorClass: text"; "" if none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            case.fn(engine)
        except NotOffered:
            raise
        except Exception as error:  # noqa: BLE001 - compared with the other engine's
            return told(error)
    return ""


def attempt(run: Callable[[], Any]) -> Any:
    """What `run()` returns, or "ErrorClass: text" if it raises: for tables of what is legal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return run()
        except NotOffered:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            return told(error)


def told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def leaves(engine: Any, arrays: tuple[Array, ...], variant: str = "plain") -> list[Any]:
    """Leaf tensors with these values, laid out as the variant says; floating ones require grad."""
    tensors = []
    for array in arrays:
        if variant == "transposed" and array.ndim >= 2:
            tensor = engine.tensor(np.ascontiguousarray(array.swapaxes(0, -1))).transpose(0, -1)
        elif variant == "strided" and array.ndim >= 1:
            wide = np.repeat(array, 2, axis=-1)
            wide[..., 1::2] = 7  # whoever ignores the stride sees it
            tensor = engine.tensor(wide)[..., ::2]
        else:
            tensor = engine.tensor(array)
        tensor = tensor.detach()
        tensors.append(tensor.requires_grad_() if array.dtype.kind == "f" else tensor)
    return tensors


def upstream(case: OpCase) -> Callable[[tuple[int, ...], str], Array]:
    """Draws the random upstream gradients of a case, one after the other: draw(shape, dtype).

    First one for each floating output, then, in the second order, one for each gradient, whether
    wanted or not: some engines cannot tell what requires a gradient. Ones would not show an op
    that forgets to multiply by them.
    """
    rng = np.random.default_rng(zlib.crc32(case.name.encode()) + 1)
    return lambda shape, dtype: np.asarray(rng.normal(size=shape)).astype(dtype)


def dtype_name(dtype: Any) -> str:
    """The dtype without its module.

    >>> dtype_name("torch.float32")
    'float32'
    """
    return str(dtype).rpartition(".")[2]


def is_float(dtype: Any) -> bool:
    return dtype_name(dtype).startswith("float")


def _gradients(
    case: OpCase, engine: Any, inputs: list[Any], result: Any, variant: str
) -> Iterator[tuple[str, Array | None]]:
    """The gradient of every input for a random upstream gradient; and the gradients of those."""
    draw = upstream(case)

    def like(tensor: Any) -> Any:
        return engine.tensor(draw(tuple(tensor.shape), dtype_name(tensor.dtype)))

    wanted = [(k, tensor) for k, tensor in enumerate(inputs) if tensor.requires_grad]
    drawn = [(out, like(out)) for out in tensors(result, engine) if is_float(out.dtype)]
    outputs = [out for out, _ in drawn if out.requires_grad]
    if not wanted or not outputs:
        return
    second = variant == "second order"
    numbered = [(k, grad) for k, (out, grad) in enumerate(drawn) if out.requires_grad]
    grad_outputs = [grad.requires_grad_(second) for _, grad in numbered]
    leaves = [tensor for _, tensor in wanted]
    grads = engine.autograd.grad(
        outputs, leaves, grad_outputs, create_graph=second, allow_unused=True
    )
    for (k, _), grad in zip(wanted, grads, strict=True):
        yield f"gradient of input {k}", None if grad is None else grad.detach().clone().numpy()
    if second:
        targets = [*leaves, *grad_outputs]
        names = [f"input {k}" for k, _ in wanted]
        names += [f"upstream {k}" for k, _ in numbered]
        weights = [like(leaf) for leaf in leaves]
        roots = [(g, w) for g, w in zip(grads, weights, strict=True) if g is not None]
        roots = [root for root in roots if root[0].requires_grad]
        seconds: list[Any] = [None] * len(targets)
        if roots:
            tops, upstreams = zip(*roots, strict=True)
            seconds = engine.autograd.grad(tops, targets, upstreams, allow_unused=True)
        for name, target, grad in zip(names, targets, seconds, strict=True):
            # Whether a second derivative of zero comes as None is a matter of how it is written.
            zero = np.zeros(tuple(target.shape), dtype_name(target.dtype))
            yield (
                f"second gradient of {name}",
                zero if grad is None else grad.detach().clone().numpy(),
            )


def _value(tensor: Any) -> Value:
    array = tensor.detach().clone().numpy()
    return Value(array, dtype_name(tensor.dtype), tensor.requires_grad)


def plain(result: Any, engine: Any, value: Callable[[Any], Value] = _value) -> Any:
    """The result as plain data: tensors become Values, named tuples tuples, dtypes texts."""
    if isinstance(result, engine.Tensor):
        return value(result)
    if isinstance(result, dict):
        return {key: plain(x, engine, value) for key, x in result.items()}
    if isinstance(result, list):
        return [plain(x, engine, value) for x in result]
    if isinstance(result, tuple):  # also the named ones: (values, indices)
        if type(result).__name__ == "Size":
            return f"Size({list(result)})"
        return tuple(plain(x, engine, value) for x in result)
    if isinstance(result, getattr(engine, "dtype", ())):
        return f"dtype {dtype_name(result)}"
    if isinstance(result, np.ndarray):
        return result.copy()
    return result if type(result) in _NUMBERS else f"{type(result).__name__}: {result!r}"


def tensors(result: Any, engine: Any) -> Iterator[Any]:
    """Every tensor in the result, in order."""
    if isinstance(result, engine.Tensor):
        yield result
    elif isinstance(result, dict):
        for value in result.values():
            yield from tensors(value, engine)
    elif isinstance(result, tuple | list):
        for value in result:
            yield from tensors(value, engine)
