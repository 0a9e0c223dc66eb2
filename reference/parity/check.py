"""Runs one case on an engine and on PyTorch, and measures how far apart the answers are.

    report = check(case, engine, dtype="float32", variant="strided")
    print(report)     # one line when all is well, else the worst element with both bit patterns
    report.raise_if_failed()

What is compared, in this order: the error, if either engine raises; types, dtypes and shapes;
values; whether the result requires a gradient; the gradient of every input for a random upstream
gradient, again dtype and shape first. In the variant "second order" also the gradient of that
gradient, with respect to the inputs and the upstream gradient. NaNs must be at the same places and
zeros have the same sign. No engine may write into its inputs.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from reference.parity.case import Array, ErrorCase, OpCase
from reference.parity.ulp import bits, rounding_steps, ulp_distance

#: PyTorch's second derivatives are formulas written by hand; differentiating the first derivative
#: rounds the same terms in another order. Counted in rounding steps of the largest value.
SECOND_ORDER_STEPS = 64.0


@dataclass(frozen=True)
class Distance:
    """How far one tensor is from PyTorch's: its worst element, in ULP and in rounding steps."""

    where: str
    ulp: float = 0.0
    steps: float = 0.0


@dataclass
class Report:
    """What one run of one case showed.   raised: PyTorch's error, if it raised one"""

    name: str
    dtype: str = ""
    variant: str = "plain"
    distances: list[Distance] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    raised: str = ""

    @property
    def ok(self) -> bool:
        return not self.failures

    @property
    def ulp(self) -> float:
        """The largest distance of all results and gradients, in ULP."""
        return max((d.ulp for d in self.distances), default=0.0)

    def __str__(self) -> str:
        title = " ".join(filter(None, (self.name, self.dtype, self.variant)))
        if self.ok:
            return f"{title}: {self.raised or f'{self.ulp:g} ulp'}"
        return "\n  ".join([f"{title} differs from PyTorch:", *self.failures])

    def raise_if_failed(self) -> None:
        if not self.ok:
            raise AssertionError(str(self))


@dataclass
class _Outcome:
    """What an engine answered: a result and its gradients, or an error."""

    result: Any = None
    gradients: list[tuple[str, Array | None]] = field(default_factory=list)
    error: str = ""
    warned: list[str] = field(default_factory=list)
    written: list[int] = field(default_factory=list)


def check(case: OpCase, engine: Any, dtype: str = "float32", variant: str = "plain") -> Report:
    """Compare `engine` (a module with PyTorch's names) with torch on one case."""
    report = Report(case.name, dtype, variant)
    expected = _run(case, torch, dtype, variant)
    actual = _run(case, engine, dtype, variant)
    report.raised = expected.error
    if expected.error and variant == "plain":
        report.failures.append(
            f"PyTorch itself raises, so the case shows nothing: {expected.error}"
        )
    elif expected.error or actual.error:
        if expected.error != actual.error:
            report.failures.append(
                f"expected {expected.error or 'no error'}\n       got {actual.error or 'no error'}"
            )
    if report.failures or expected.error:
        return report
    if expected.warned != actual.warned:
        report.failures.append(f"warnings: expected {expected.warned}, got {actual.warned}")
    for k in actual.written:
        report.failures.append(f"input {k} was written into")

    magnitude = None
    if case.magnitude is not None:
        tensors = [torch.tensor(x) for x in case.inputs(dtype, variant)]
        magnitude = case.magnitude(torch, *tensors).numpy()
    for where, want, got in _pairs(expected.result, actual.result, "result"):
        _compare(
            report,
            where,
            want,
            got,
            case.forward_ulp,
            case.forward_steps,
            case.signed_zero,
            magnitude,
        )
    if not report.failures:  # else the two lists of gradients may not belong together
        for (where, want), (_, got) in zip(expected.gradients, actual.gradients, strict=True):
            steps = max(
                case.backward_steps, SECOND_ORDER_STEPS if where.startswith("second") else 0.0
            )
            _compare(
                report, where, want, got, case.backward_ulp, steps, case.signed_zero and not steps
            )
    return report


def check_error(case: ErrorCase, engine: Any) -> Report:
    """Compare the error that `engine` raises with torch's: same class, same text."""
    expected, actual = attempt(lambda: case.fn(torch)), attempt(lambda: case.fn(engine))
    report = Report(case.name)
    if not isinstance(expected, str):
        report.failures.append("PyTorch raises nothing here: the case is wrong")
    elif expected != actual:
        report.failures.append(
            f"expected {expected}\n       got {actual if isinstance(actual, str) else 'no error'}"
        )
    return report


def attempt(run: Any) -> Any:
    """What `run()` returns, or "ErrorClass: text" if it raises: for tables of what is legal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return run()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
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


def _run(case: OpCase, engine: Any, dtype: str, variant: str) -> _Outcome:
    arrays = case.inputs(dtype, variant)
    inputs = leaves(engine, arrays, variant)
    outcome = _Outcome()
    torch.set_warn_always(True)  # else the second case that warns would not
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = case.fn(engine, *inputs)
            if case.gradient:
                outcome.gradients = list(_gradients(case, engine, inputs, result, variant))
        except Exception as error:  # noqa: BLE001 - compared with the other engine's
            outcome.error = f"{type(error).__name__}: {error}"
            return outcome
    outcome.warned = [w.category.__name__ for w in caught]
    outcome.written = [
        k
        for k, (tensor, array) in enumerate(zip(inputs, arrays, strict=True))
        if _differs(tensor, array)
    ]
    outcome.result = _frozen(result, engine)
    return outcome


def _gradients(
    case: OpCase, engine: Any, inputs: list[Any], result: Any, variant: str
) -> Iterator[tuple[str, Array | None]]:
    """The gradient of every input for a random upstream gradient; and the gradients of those."""
    wanted = [(k, tensor) for k, tensor in enumerate(inputs) if tensor.requires_grad]
    outputs = [out for out in _tensors(result, engine) if out.requires_grad]
    if not wanted or not outputs:
        return
    second = variant == "second order"
    rng = np.random.default_rng(zlib.crc32(case.name.encode()) + 1)

    def upstream(like: Any) -> Any:
        values = np.asarray(rng.normal(size=tuple(like.shape)))
        return engine.tensor(values.astype(str(like.dtype).removeprefix("torch.")))

    grad_outputs = [upstream(out).requires_grad_(second) for out in outputs]
    leaves = [tensor for _, tensor in wanted]
    grads = engine.autograd.grad(
        outputs, leaves, grad_outputs, create_graph=second, allow_unused=True
    )
    for (k, _), grad in zip(wanted, grads, strict=True):
        yield f"gradient of input {k}", None if grad is None else grad.detach().clone().numpy()
    if second:
        targets = [*leaves, *grad_outputs]
        names = [f"input {k}" for k, _ in wanted]
        names += [f"upstream {k}" for k in range(len(grad_outputs))]
        roots = [(grad, upstream(grad)) for grad in grads if grad is not None]
        roots = [root for root in roots if root[0].requires_grad]
        seconds = [None] * len(targets)
        if roots:
            tensors, weights = zip(*roots, strict=True)
            seconds = engine.autograd.grad(tensors, targets, weights, allow_unused=True)
        for name, target, grad in zip(names, targets, seconds, strict=True):
            # Whether a second derivative of zero comes as None is a matter of how it is written.
            zero = np.zeros(tuple(target.shape), str(target.dtype).removeprefix("torch."))
            yield (
                f"second gradient of {name}",
                zero if grad is None else grad.detach().clone().numpy(),
            )


@dataclass(frozen=True)
class _Frozen:
    """A tensor as it was when the operation returned it."""

    array: Array
    dtype: str
    requires_grad: bool


def _frozen(result: Any, engine: Any) -> Any:
    """The result with tensors replaced by their values, to compare the results of two engines."""
    if isinstance(result, engine.Tensor):
        return _Frozen(result.detach().clone().numpy(), str(result.dtype), result.requires_grad)
    if isinstance(result, dict):
        return {key: _frozen(value, engine) for key, value in result.items()}
    if isinstance(result, list):
        return [_frozen(value, engine) for value in result]
    if isinstance(result, tuple) and type(result).__name__ != "Size":
        return tuple(
            _frozen(value, engine) for value in result
        )  # also the named ones: (values, indices)
    if isinstance(result, engine.dtype):
        return f"dtype {result}"
    return result


def _tensors(result: Any, engine: Any) -> Iterator[Any]:
    """Every tensor in the result, in order."""
    if isinstance(result, engine.Tensor):
        yield result
    elif isinstance(result, dict):
        for value in result.values():
            yield from _tensors(value, engine)
    elif isinstance(result, tuple | list):
        for value in result:
            yield from _tensors(value, engine)


def _pairs(expected: Any, actual: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    """The two nests side by side, leaf by leaf; whole where their structure differs."""
    if isinstance(expected, dict) and isinstance(actual, dict) and expected.keys() == actual.keys():
        for key in expected:
            yield from _pairs(expected[key], actual[key], f"{where}[{key!r}]")
    elif type(expected) is type(actual) in (tuple, list) and len(expected) == len(actual):
        for k, (want, got) in enumerate(zip(expected, actual, strict=True)):
            yield from _pairs(want, got, f"{where}[{k}]")
    else:
        yield where, expected, actual


def _compare(
    report: Report,
    where: str,
    expected: Any,
    actual: Any,
    ulp_budget: float = 0,
    steps_budget: float = 0,
    signed_zero: bool = True,
    magnitude: Array | None = None,
) -> None:
    """Add the distance of one leaf to the report, and a failure if it is over its budget."""
    if isinstance(expected, _Frozen) and isinstance(actual, _Frozen):
        if expected.dtype != actual.dtype:
            report.failures.append(f"{where}: dtype {actual.dtype}, expected {expected.dtype}")
            return
        if expected.requires_grad != actual.requires_grad:
            report.failures.append(f"{where}: requires_grad {actual.requires_grad}, not as PyTorch")
        expected, actual = expected.array, actual.array
    if not (isinstance(expected, np.ndarray) and isinstance(actual, np.ndarray)):
        if not _same(expected, actual):
            report.failures.append(
                f"{where}: expected {expected!r}\n    {' ' * len(where)}   got {actual!r}"
            )
        return
    if expected.shape != actual.shape or expected.dtype != actual.dtype:
        report.failures.append(
            f"{where}: {actual.dtype}{list(actual.shape)}, "
            f"expected {expected.dtype}{list(expected.shape)}"
        )
        return
    if expected.size == 0:
        return
    failure, distance = measure(
        where, expected, actual, ulp_budget, steps_budget, signed_zero, magnitude
    )
    report.distances.append(distance)
    if failure:
        report.failures.append(failure)


def measure(
    where: str,
    expected: Array,
    actual: Array,
    ulp_budget: float = 0,
    steps_budget: float = 0,
    signed_zero: bool = True,
    magnitude: Array | None = None,
) -> tuple[str, Distance]:
    """The distance of two arrays of one shape and dtype, and a sentence if it is over budget."""
    if expected.dtype.kind != "f":
        wrong = expected != actual
        ulp = steps = np.where(wrong, np.inf, 0.0)
    else:
        ulp, steps = ulp_distance(expected, actual), rounding_steps(expected, actual, magnitude)
        wrong = (ulp > ulp_budget) & (steps > steps_budget)
        if signed_zero:
            wrong |= (expected == 0) & (actual == 0) & (np.signbit(expected) != np.signbit(actual))
    distance = Distance(where, float(ulp.max()), float(steps.max()))
    if not wrong.any():
        return "", distance
    worst = tuple(
        int(i) for i in np.unravel_index(np.argmax(np.where(wrong, ulp + 1, 0)), wrong.shape)
    )
    budget = f"{ulp_budget:g} ulp" + (
        f" or {steps_budget:g} rounding steps" if steps_budget else ""
    )
    failure = (
        f"{where}: {int(wrong.sum())} of {wrong.size} elements over the budget of {budget}; "
        f"the worst is at {list(worst)}:\n"
        f"      expected {bits(expected[worst])}\n"
        f"           got {bits(actual[worst])}\n"
        f"      {ulp[worst]:g} ulp, {steps[worst]:.3g} steps apart"
    )
    return failure, distance


def _same(expected: Any, actual: Any) -> bool:
    """Equal in type and value; NaN equals NaN, and the sign of zero counts."""
    if type(expected).__name__ != type(actual).__name__:
        return False
    if isinstance(expected, float):
        return repr(expected) == repr(actual)
    return bool(expected == actual)


def _differs(tensor: Any, array: Array) -> bool:
    now = tensor.detach().numpy()
    return now.tobytes() != array.tobytes()
