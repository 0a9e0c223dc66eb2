"""Which functions of the engine a replay calls again, and which may look into a tensor's array.

REPEATED   called again in every replay: they read values, draw random numbers, or change what
           outlives the step, and see the same Tensors and the same Python values as when recorded
VETTED     they use `.array`, but no value in it decides anything: with None always, else where the
           predicate of their arguments says so
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch_clf import convert, creation, random, threads
from minitorch_clf.autograd import anomaly_mode
from minitorch_clf.methods import base, choice, index, shape
from minitorch_clf.methods.choice import ChoiceMethods
from minitorch_clf.methods.elementary import ElementaryMethods
from minitorch_clf.methods.pointwise import PointwiseMethods
from minitorch_clf.methods.reduce import ReduceMethods
from minitorch_clf.nn import Module
from minitorch_clf.nn.functional import normalization
from minitorch_clf.nn.functional.linear import _keep_or_drop
from minitorch_clf.nn.utils import clip_grad
from minitorch_clf.optim.optimizer import Optimizer
from minitorch_clf.replay.program import CannotReplay
from minitorch_clf.tensor import Tensor

__all__ = ["HARMLESS_RANDOM", "OPS", "RANDOM_FILE", "REFUSED_OPS", "REPEATED", "VETTED"]

OPS = {
    f"minitorch_clf.ops.{family}"
    for family in (
        "activation", "arrange", "bends", "choice", "circles", "combine", "copies", "cumulative",
        "elementary", "elu", "gelu", "index", "loss", "margins", "matmul", "norm", "normalization",
        "order", "pointwise", "reduce", "shape", "softmax", "special",
    )
}  # fmt: skip
"""Where the operations come from that mean the same whatever the values are."""

REFUSED_OPS = {"MaskedSelect", "Gather", "IndexSelect", "IndexPut"}
"""Results of a size that the values decide, or an index that is checked before it is used."""

SETTINGS = {threads.__file__, anomaly_mode.__file__}
"""What is switched in these files stays switched, or changes what an operation does."""

RANDOM_FILE = random.__file__
HARMLESS_RANDOM = {
    random.default.__code__,
    random.axes_in_memory.__code__,
}


def step(optimizer: Optimizer) -> None:
    """One step of an optimizer, hooks and all; it reads its options now."""
    optimizer.step()


def clear_grad(x: Tensor) -> None:
    """x.grad = None."""
    x.grad = None


def cleared(function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> set[int]:
    """The ids of the variables that have no gradient after this call."""
    if not (args[-1] is True or kwargs.get("set_to_none") is True):
        return set()
    if function is Optimizer.zero_grad:
        return {id(p) for group in args[0].param_groups for p in group["params"]}
    if function is Module.zero_grad:
        return {id(p) for p in args[0].parameters()}
    return set()


REPEATED: list[Callable[..., Any]] = [
    Optimizer.zero_grad,
    Module.zero_grad,
    clip_grad.clip_grad_norm_,
    clip_grad.clip_grads_with_norm_,
    clip_grad.get_total_norm,
    clip_grad.clip_grad_value_,
    _keep_or_drop,
    normalization._move,
    creation.rand,
    creation.randn,
    creation.randint,
    creation.randperm,
    creation.rand_like,
    creation.randn_like,
    creation.bernoulli,
    creation.normal,
    ChoiceMethods._compare,
    ChoiceMethods._bitwise,
    ChoiceMethods.isnan,
    ChoiceMethods.isinf,
    ChoiceMethods.isfinite,
    ChoiceMethods.isposinf,
    ChoiceMethods.isneginf,
    ChoiceMethods.logical_not,
    ChoiceMethods.logical_and,
    ChoiceMethods.logical_or,
    ChoiceMethods.logical_xor,
    ChoiceMethods.bitwise_not,
    ElementaryMethods.signbit,
    ReduceMethods._arg,
    ReduceMethods.count_nonzero,
    ReduceMethods.isclose,
]


def arguments(
    function: Callable[..., Any], frame: types.FrameType
) -> tuple[Callable[..., Any], list[Any], dict[str, Any]]:
    """What to call again, and with what, seen from the frame of `function`."""
    code, seen = frame.f_code, frame.f_locals
    if code is STEP:  # the wrapper around every optimizer's step
        if seen["args"] or seen["kwargs"]:
            raise CannotReplay("optimizer.step() is given a closure")
        return function, [seen["self"]], {}
    count = code.co_argcount
    names = code.co_varnames
    args = [seen[n] for n in names[:count]]
    kwargs = {n: seen[n] for n in names[count : count + code.co_kwonlyargcount]}
    rest = count + code.co_kwonlyargcount
    if code.co_flags & 0x04:
        args += seen[names[rest]]
        rest += 1
    if code.co_flags & 0x08:
        kwargs |= seen[names[rest]]
    return getattr(function, "__func__", function), args, kwargs


STEP = Optimizer.step.__code__


def makes_lists(function: Callable[..., Any]) -> bool:
    """Whether it makes a list of its parameters, which may come as a generator."""
    return function is clip_grad.clip_grad_norm_


# --- functions that use .array --------------------------------------------------------------------


def _no_tensor(*names: str) -> Callable[[dict[str, Any]], bool]:
    return lambda seen: not any(_holds_array(seen[name]) for name in names)


def _holds_array(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_holds_array, value))
    return isinstance(value, (Tensor, np.ndarray))


VETTED: list[tuple[Any, Callable[[dict[str, Any]], bool] | None]] = [
    (creation.empty_like, None),
    (creation.zeros_like, None),
    (creation.ones_like, None),
    (creation.full, _no_tensor("fill_value")),
    (convert.as_array, _no_tensor("data")),
    (convert._leaf, _no_tensor("value")),
    (base.wrap_dim, _no_tensor("dim")),
    (base.values, None),
    (choice._mask, None),
    (shape.ShapeMethods._can_view, None),
    (index.IndexMethods.__len__, None),
    (index._item, _no_tensor("i")),
    (index._bound, _no_tensor("b")),
    (PointwiseMethods.div, lambda seen: seen["rounding_mode"] is None),
    (PointwiseMethods.pow, lambda seen: seen["self"].array.dtype != bool),
    (normalization.batch_norm, None),
]
