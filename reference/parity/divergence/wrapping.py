"""An engine's public names, replaced by ones that tell a Tracer, for the life of the process."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from reference.parity.case import Array
from reference.parity.divergence import source
from reference.parity.divergence.events import Call, Row, Update
from reference.parity.divergence.trace import Marks, Tracer, package

_NAMESPACES = ("", "nn.functional", "linalg", "special")
_OPERATORS = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
    *("and", "or", "xor", "lshift", "rshift"),
)
_DUNDERS = (
    *(f"__{side}{name}__" for name in _OPERATORS for side in ("", "r", "i")),
    *("__neg__", "__pos__", "__abs__", "__invert__", "__getitem__", "__setitem__"),
    *(f"__{name}__" for name in ("eq", "ne", "lt", "le", "gt", "ge")),
)
_PROPERTIES = ("T", "mT", "H", "mH")
#: They change what is recorded, not a value.
_NO_OPS = ("backward", "requires_grad_", "register_hook", "retain_grad", "share_memory_")


def wrap(tracer: Tracer) -> None:
    """Functions, methods, operators, walks, layers, optimizers."""
    engine = tracer.engine
    _wrap_functions(tracer)
    _wrap_methods(tracer)
    engine.Tensor.backward = _walk(tracer, engine.Tensor.backward)
    for name in ("backward", "grad"):
        if hasattr(engine.autograd, name):
            setattr(engine.autograd, name, _walk(tracer, getattr(engine.autograd, name)))
    _wrap_layers(tracer)
    if hasattr(getattr(engine, "optim", None), "Optimizer"):
        _wrap_optimizers(tracer)


# ------------------------------------------------------------------------- functions and methods


def _wrap_functions(tracer: Tracer) -> None:
    for space in _NAMESPACES:
        module = tracer.engine
        for part in filter(None, space.split(".")):
            module = getattr(module, part, None)
        for name in dir(module) if isinstance(module, ModuleType) else ():
            function = getattr(module, name, None)
            if name[0] != "_" and callable(function) and not isinstance(function, type):
                text = ".".join(filter(None, ("t", space, name)))
                setattr(module, name, _function(tracer, function, name, text))


def _wrap_methods(tracer: Tracer) -> None:
    tensor = tracer.engine.Tensor
    public = [name for name in dir(tensor) if name[0] != "_" and name not in _NO_OPS]
    for name in (*public, *_DUNDERS):
        static = inspect.getattr_static(tensor, name, None)
        if callable(static) and not isinstance(static, staticmethod | classmethod | type):
            setattr(tensor, name, _function(tracer, static, name, f".{name}"))
    for name in _PROPERTIES:
        if (static := inspect.getattr_static(tensor, name, None)) is not None:
            getter = functools.partial(type(static).__get__, static)
            setattr(tensor, name, property(_function(tracer, getter, name, f".{name}")))


def _function(
    tracer: Tracer, original: Callable[..., Any], name: str, text: str
) -> Callable[..., Any]:
    def traced(*args: Any, **kwargs: Any) -> Any:
        if tracer.passes(sys._getframe(1)):
            return original(*args, **kwargs)

        def write(places: dict[int, int]) -> Call:
            def tensor(value: Any) -> str | None:
                place = places.get(id(value))
                return None if place is None else f"x[{place}]"

            return Call(source.call(text, args, kwargs, tensor))

        return tracer.record(shown, original, args, kwargs, write)

    shown = source.shown(name)
    return _looks_like(original, traced)


def _looks_like(original: Callable[..., Any], wrapper: Callable[..., Any]) -> Callable[..., Any]:
    """With its name, docstring and attributes, where it has them."""
    present = [name for name in functools.WRAPPER_ASSIGNMENTS if hasattr(original, name)]
    updated = functools.WRAPPER_UPDATES if hasattr(original, "__dict__") else ()
    return functools.update_wrapper(wrapper, original, present, updated)


def _walk(tracer: Tracer, original: Callable[..., Any]) -> Callable[..., Any]:
    def traced(*args: Any, **kwargs: Any) -> Any:
        if tracer.passes(sys._getframe(1)):
            return original(*args, **kwargs)
        return tracer.walk(original, args, kwargs)

    return _looks_like(original, traced)


# ------------------------------------------------------------------------------------------ layers


def _wrap_layers(tracer: Tracer) -> None:
    """A layer of the engine's is one operation; a Sequential, or a user's Module, is its parts."""
    nn = tracer.engine.nn
    original = nn.Module.__call__

    def traced(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not tracer.here():
            return original(self, *args, **kwargs)
        _name_parts(tracer.titles, self)
        if not _is_operation(tracer, self):
            return original(self, *args, **kwargs)
        parameters = dict(self.named_parameters())

        def write(places: dict[int, int]) -> Call:
            return _layer_call(tracer, self, args, kwargs, parameters, places)

        run = functools.partial(original, self)
        where, state = tracer.titles.get(self), tuple(parameters.values())
        return tracer.record(type(self).__name__, run, args, kwargs, write, where, state)

    nn.Module.__call__ = traced
    public = [c for c in vars(nn).values() if isinstance(c, type) and issubclass(c, nn.Module)]
    for cls in {base for c in public for base in c.__mro__ if issubclass(base, nn.Module)}:
        if "__init__" in vars(cls) and cls is not nn.Module:
            setattr(cls, "__init__", _remembering(vars(cls)["__init__"]))  # noqa: B010 - mypy


def _remembering(original: Callable[..., Any]) -> Callable[..., Any]:
    """A constructor that leaves its arguments in the layer."""

    def remembering(self: Any, *args: Any, **kwargs: Any) -> None:
        vars(self).setdefault("_made_with", (args, kwargs))
        original(self, *args, **kwargs)

    return _looks_like(original, remembering)


def _name_parts(titles: Marks, model: Any) -> None:
    """Names for all parts of a model that is called as a whole, if it is not a part itself."""
    if titles.get(model) is not None:
        return
    for name, part in model.named_modules():
        if titles.get(part) is None:
            titles.set(part, f"layer {name!r}" if name else "")
    for name, parameter in model.named_parameters():
        if titles.get(parameter) is None:
            titles.set(parameter, f"parameter {name!r}")


def _is_operation(tracer: Tracer, layer: Any) -> bool:
    nn = tracer.engine.nn
    containers = tuple(
        getattr(nn, name)
        for name in ("Sequential", "ModuleList", "ModuleDict")
        if hasattr(nn, name)
    )
    return package(type(layer).forward) in tracer.packages and not isinstance(layer, containers)


def _layer_call(
    tracer: Tracer,
    layer: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    parameters: dict[str, Any],
    places: dict[int, int],
) -> Call:
    cls = type(layer)
    if getattr(tracer.engine.nn, cls.__name__, None) is not cls or "_made_with" not in vars(layer):
        raise source.NoSource(cls.__name__)
    constants: list[Array] = []

    def constant(value: Any) -> str | None:
        if not isinstance(value, tracer.engine.Tensor):
            return None
        if (array := tracer.array(value)) is None:
            raise source.NoSource("a tensor without values")
        constants.append(array)
        return f"c[{len(constants) - 1}]"

    def tensor(value: Any) -> str | None:
        place = places.get(id(value))
        return None if place is None else f"x[{place}]"

    made_args, made_kwargs = vars(layer)["_made_with"]
    made = source.call(f"t.nn.{cls.__name__}", made_args, made_kwargs, constant)
    buffers = {name: tracer.array(buffer) for name, buffer in layer.named_buffers()}
    return Call(
        source.call("layer", args, kwargs, tensor),
        made,
        {name: places[id(parameter)] for name, parameter in parameters.items()},
        {name: array for name, array in buffers.items() if array is not None},
        tuple(constants),
        bool(layer.training),
    )


# -------------------------------------------------------------------------------------- optimizers


def _wrap_optimizers(tracer: Tracer) -> None:
    """The step of a class of optimizers, once one is made, so that a user's own are seen too."""
    base = tracer.engine.optim.Optimizer
    original = base.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        tracer.optimizers = True
        owner: Any = next(cls for cls in type(self).__mro__ if "step" in vars(cls))
        if not hasattr(owner.step, "told"):
            owner.step = _telling_step(tracer, owner.step)

    base.__init__ = _looks_like(original, init)


def _telling_step(tracer: Tracer, original: Callable[..., Any]) -> Callable[..., Any]:
    stepping = False  # a user's step() may call its parent's

    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal stepping
        if stepping or not tracer.here():
            return original(self, *args, **kwargs)
        moved = [
            (group, parameter)
            for group in self.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        ]
        before = [_before(tracer, self, parameter) for _, parameter in moved]
        tracer.enters(f"{type(self).__name__}.step")
        stepping = True
        try:
            result = original(self, *args, **kwargs)
        finally:
            stepping = False
        rows = []
        for (group, parameter), (number, gradient, array, state) in zip(moved, before, strict=True):
            left, left_state = tracer.left.get(number, (None, {}))
            unchanged = left is not None and array is not None and np.array_equal(left, array)
            after, after_state = tracer.array(parameter), _state(tracer, self, parameter)
            tracer.left[number] = after, after_state
            rows.append(
                Row(
                    number,
                    tracer.titles.get(parameter) or "a parameter",
                    gradient,
                    None if unchanged else array,
                    None if _same(left_state, state) else state,
                    after,
                    after_state,
                    _options(tracer, self, group),
                )
            )
        tracer.tell(Update(type(self).__name__, tuple(rows)), *[row.after for row in rows])
        tracer.end_step()
        return result

    _looks_like(original, step)
    vars(step)["told"] = True
    return step


def _before(
    tracer: Tracer, optimizer: Any, parameter: Any
) -> tuple[int, Array | None, Array | None, dict[str, Any]]:
    number = tracer.number(parameter, type(optimizer).__name__)
    gradient, array = tracer.array(parameter.grad), tracer.array(parameter)
    return number, gradient, array, _state(tracer, optimizer, parameter)


def _state(tracer: Tracer, optimizer: Any, parameter: Any) -> dict[str, Any]:
    """What the optimizer remembers of a parameter: arrays and numbers."""
    state: dict[str, Any] = {}
    for name, value in sorted(optimizer.state.get(parameter, {}).items()):
        if isinstance(value, tracer.engine.Tensor):
            state[name] = tracer.array(value)
        elif isinstance(value, bool | int | float):
            state[name] = value
    return state


def _same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    return left.keys() == right.keys() and all(np.array_equal(left[k], right[k]) for k in left)


def _options(tracer: Tracer, optimizer: Any, group: dict[str, Any]) -> str:
    """How to make it again, for one tensor p; "" if that cannot be written down."""
    cls = type(optimizer)
    if not tracer.writes or getattr(tracer.engine.optim, cls.__name__, None) is not cls:
        return ""
    known = inspect.signature(cls).parameters
    options = {k: v for k, v in group.items() if k in known and k != "params"}
    try:
        text = source.call("", (), options, lambda value: None)
    except source.NoSource:
        return ""
    return f"t.optim.{cls.__name__}([p], {text[1:]}" if options else f"t.optim.{cls.__name__}([p])"
