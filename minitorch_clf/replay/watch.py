"""What Python may read in a step, written down, so that a change is noticed before a replay.

From the step function all that its code can reach by name is visited: variables it closes over,
globals and defaults, the attributes whose names occur in the code, modules and their parameters,
what lists and dicts hold; and so for every function of the user that ran. Each value becomes a
check of where it was found. Numbers, strings and the like are compared by value and type, all else
by identity. What can change without a trace (an iterator, a NumPy array, an object of a C library)
cannot be watched, and a step that names it is not replayed.
"""

from __future__ import annotations

import builtins
import enum
import functools
import itertools
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from minitorch_clf import dtypes, random
from minitorch_clf.handles import RemovableHandle
from minitorch_clf.nn import Module
from minitorch_clf.optim.optimizer import Optimizer
from minitorch_clf.replay.codes import (
    STANDARD,
    globals_of,
    imports_of,
    is_engine,
    is_engine_class,
    nested,
)
from minitorch_clf.replay.program import CannotReplay
from minitorch_clf.tensor import Tensor

LIMIT = 10_000

PRIMITIVES = (
    type(None), bool, int, float, complex, str, bytes, np.generic, enum.Enum, np.dtype,
    dtypes.dtype, dtypes.device, type(...), type(NotImplemented), Path,
)  # fmt: skip
STATELESS = (
    types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType,
    types.MethodWrapperType, types.GetSetDescriptorType, types.MemberDescriptorType, np.ufunc,
    random.Generator, RemovableHandle, property, slice, range, types.GenericAlias,
)  # fmt: skip
REGISTRIES = ("_parameters", "_buffers", "_modules")
HOOKS = (
    "_backward_pre_hooks", "_backward_hooks", "_forward_hooks", "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called", "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs",
)  # fmt: skip
CALLED_HOOKS = ("_backward_pre_hooks", "_backward_hooks", "_forward_hooks", "_forward_pre_hooks")
UNREAD = {
    *HOOKS, *REGISTRIES, "_non_persistent_buffers_set", "_state_dict_hooks",
    "_state_dict_pre_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks",
}  # fmt: skip
MISSING = object()


class Wrapper:
    """What compile() returns, seen from a step that calls it: the step inside."""

    step: Callable[..., Any]


@dataclass(slots=True)
class Check:
    """`read()` must give `value`; `text` is the same as Python source, in terms of `names`.

    by_value   a number or the like: an equal one of the same type will do
    """

    path: str
    text: str
    value: Any
    names: dict[str, Any]
    by_value: bool

    def read(self) -> Any:
        try:
            return eval(self.text, {"len": len, "type": type}, self.names)
        except (AttributeError, KeyError, IndexError, ValueError):
            return MISSING

    def problem(self) -> str | None:
        """What changed, in words; None if nothing did."""
        now = self.read()
        if now is self.value or (self.by_value and alike(now, self.value)):
            return None
        if now is MISSING:
            return f"{self.path} is gone"
        if self.by_value:
            return f"{self.path} was {self.value!r}, now it is {now!r}"
        return f"{self.path} is another object than before"


def alike(a: Any, b: Any) -> bool:
    """Whether two plain values are the same; 1, 1.0 and True are not, nor are 0.0 and -0.0."""
    return type(a) is type(b) and repr(a) == repr(b)


class Watch:
    """The checks for one step.

    tensors   id -> Tensor, of all that were reached
    """

    def __init__(
        self,
        step: Callable[..., Any],
        ran: set[types.CodeType],
        selves: list[Any],
        arguments: list[Any],
    ) -> None:
        self.ran = ran
        self.unchanged: Callable[[], bool] | None = None
        self.checks: list[Check] = []
        self.tensors: dict[int, Tensor] = {}
        self.optimizers: list[Optimizer] = []
        self.modules: list[Module] = []
        self.seen: dict[int, Any] = {}
        self.codes: set[types.CodeType] = set()
        self.counter = itertools.count()
        self.names = {name for code in ran for name in code.co_names}
        self.dynamic = bool(self.names & {"getattr", "hasattr", "vars", "__dict__"})
        self.visit(getattr(step, "__name__", "step"), step)
        for argument in arguments:
            self.visit(f"the {type(argument).__name__} given to it", argument)
        for owner in selves:
            if isinstance(owner, (Module, Optimizer)) and id(owner) not in self.seen:
                raise CannotReplay(
                    f"it uses a {type(owner).__name__} that no variable of the step names"
                )
        unknown = [code for code in ran if code not in self.codes and code.co_freevars]
        if unknown:
            raise CannotReplay(f"the variables that {unknown[0].co_name}() closes over are hidden")

    # --- checks ---

    def hold(self, value: Any) -> None:
        """Keep an object alive, as long as its id is in `seen`."""
        self.seen[id(value)] = value

    def check(self, path: str, text: str, value: Any, **names: Any) -> None:
        """Let `text`, where names stand for objects, be `value` from now on; then look into it."""
        if len(self.checks) > LIMIT:
            raise CannotReplay(f"it can reach more than {LIMIT} values")
        fresh = {name: f"{name}{next(self.counter)}" for name in names}
        for name, unique in fresh.items():
            text = text.replace(f"<{name}>", unique)
        bound = {fresh[name]: obj for name, obj in names.items()}
        by_value = isinstance(value, PRIMITIVES) or (
            type(value) is tuple and all(isinstance(v, PRIMITIVES) for v in value)
        )
        self.checks.append(Check(path, text, value, bound, by_value))
        if not by_value:
            self.visit(path, value)

    # --- objects ---

    def visit(self, path: str, value: Any) -> None:
        """Check what the step can read of an object."""
        if isinstance(value, (*PRIMITIVES, *STATELESS)) or id(value) in self.seen:
            return
        self.hold(value)
        for kinds, visit in self.VISITS:
            if isinstance(value, kinds):
                visit(self, path, value)
                return
        self.visit_object(path, value)

    def visit_tensor(self, path: str, value: Tensor) -> None:
        """It is watched in plan.py; here, what the user has hung on it."""
        self.tensors[id(value)] = value
        for name in sorted(self.names & set(vars(value))):
            self.check(f"{path}.{name}", f"<t>.{name}", vars(value)[name], t=value)

    def visit_inner(self, path: str, value: Any) -> None:
        """What a bound method, a class method or a compiled step is made of."""
        for name in ("__self__", "__func__", "step"):
            if hasattr(value, name):
                self.visit(path, getattr(value, name))

    def visit_partial(self, path: str, value: Any) -> None:
        for name in ("func", "args", "keywords"):
            self.check(f"{path}.{name}", f"<o>.{name}", getattr(value, name), o=value)

    def visit_function(self, path: str, function: types.FunctionType) -> None:
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None and not isinstance(wrapped, types.FunctionType):
            self.visit(path, wrapped)
        code = function.__code__
        if is_engine(code) and not function.__closure__:
            return
        self.codes.update(nested(code))
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            try:
                value = cell.cell_contents
            except ValueError:  # not assigned yet
                continue
            self.check(name, "<cell>.cell_contents", value, cell=cell)
        if is_engine(code) or code not in self.ran:
            return
        parameters = reversed(code.co_varnames[: code.co_argcount])
        defaults = dict(zip(parameters, reversed(function.__defaults__ or ()), strict=False))
        for name, value in {**defaults, **(function.__kwdefaults__ or {})}.items():
            self.visit(f"the default of {name} in {path}", value)
        for name in sorted(self.names & set(vars(function))):
            self.check(f"{path}.{name}", f"<f>.{name}", vars(function)[name], f=function)
        for name in imports_of(code):
            self.visit(name, sys.modules.get(name))
        variables = function.__globals__
        for name in sorted(globals_of(code)):
            if name in variables:
                self.check(name, f"<globals>[{name!r}]", variables[name], globals=variables)
            elif not hasattr(builtins, name):
                raise CannotReplay(f"the global {name} is not defined")

    def visit_module(self, path: str, module: Module) -> None:
        self.modules.append(module)
        state = vars(module)
        for registry in REGISTRIES:
            members = state[registry]
            self.hold(members)  # so that `check` does not visit it as a dict
            self.check(f"{path}.{registry}", f"<o>[{registry!r}]", members, o=state)
            self.check(f"the number of {path}.{registry}", "len(<r>)", len(members), r=members)
            for name, member in members.items():
                self.check(f"{path}.{name}", f"<r>[{name!r}]", member, r=members)
        for name in HOOKS if any(state[name] for name in CALLED_HOOKS) else CALLED_HOOKS:
            hooks = state[name]
            self.check(f"the hooks of {path}", "len(<h>)", len(hooks), h=hooks)
            for key, hook in hooks.items():
                self.check(f"a hook of {path}", f"<h>[{key}]", hook, h=hooks)
        own = is_engine_class(type(module))
        self.check(f"the attributes of {path}", "len(<o>)", len(state), o=state)
        for name, value in state.items():
            if name not in UNREAD and (
                own or self.dynamic or name in self.names or name == "training"
            ):
                self.check(f"{path}.{name}", f"<o>[{name!r}]", value, o=state)
        self.visit_methods(path, type(module), {"forward"})

    def visit_optimizer(self, path: str, optimizer: Optimizer) -> None:
        """Its groups and their parameters; not its options, which each replay reads anew."""
        self.optimizers.append(optimizer)
        groups = optimizer.param_groups
        self.hold(groups)
        self.check(
            f"the number of groups of {path}", "len(<o>.param_groups)", len(groups), o=optimizer
        )
        self.check(f"{path}.param_groups", "<o>.param_groups", groups, o=optimizer)
        reads = self.dynamic or self.names & {"param_groups", "defaults", "state", "state_dict"}
        for g, group in enumerate(groups):
            where = f"{path}.param_groups[{g}]"
            self.hold(group)  # so that `check` does not visit it as a dict
            self.check(where, f"<groups>[{g}]", group, groups=groups)
            for name, value in group.items():
                if name == "params" or reads:
                    self.check(f"{where}[{name!r}]", f"<group>[{name!r}]", value, group=group)
        if self.names & {"state", "state_dict"}:
            raise CannotReplay("it reads the state of an optimizer")

    def visit_python_module(self, path: str, module: types.ModuleType) -> None:
        name = module.__name__
        top = name.partition(".")[0]
        if (top == "minitorch_clf" and ".experiments" not in name) or top in STANDARD:
            return
        for attribute in sorted(self.names & set(vars(module))):
            value = vars(module)[attribute]
            self.check(f"{path}.{attribute}", f"<m>.{attribute}", value, m=module)

    def visit_class(self, path: str, kind: type) -> None:
        if is_engine_class(kind) or kind.__module__.partition(".")[0] in STANDARD:
            return
        self.visit_methods(path, kind, set())

    def visit_methods(self, path: str, kind: type, also: set[str]) -> None:
        """The attributes of a class that the code names: its methods, and constants in its body."""
        for base in kind.__mro__:
            if is_engine_class(base) or base.__module__.partition(".")[0] in STANDARD:
                continue
            for name, value in vars(base).items():
                special = name.startswith("__")
                if special and getattr(value, "__code__", None) not in self.ran:
                    continue
                if not (name in self.names or name in also or special):
                    continue
                if isinstance(value, property):
                    self.visit(f"{path}.{name}", value.fget)
                elif isinstance(value, PRIMITIVES) or not hasattr(type(value), "__get__"):
                    self.check(f"{path}.{name}", f"<k>.__dict__[{name!r}]", value, k=base)
                else:
                    self.check(f"{path}.{name}()", f"<k>.__dict__[{name!r}]", value, k=base)

    def visit_list(self, path: str, values: list[Any] | tuple[Any, ...]) -> None:
        if isinstance(values, list):
            self.check(f"the length of {path}", "len(<v>)", len(values), v=values)
        for k, value in enumerate(values):
            self.check(f"{path}[{k}]", f"<v>[{k}]", value, v=values)

    def visit_dict(self, path: str, values: dict[Any, Any]) -> None:
        self.check(f"the length of {path}", "len(<v>)", len(values), v=values)
        for key, value in values.items():
            if not isinstance(key, PRIMITIVES):
                raise CannotReplay(f"{path} is a dict with keys that cannot be watched")
            self.check(f"{path}[{key!r}]", "<v>[<k>]", value, v=values, k=key)

    def visit_set(self, path: str, values: set[Any] | frozenset[Any]) -> None:
        if not all(isinstance(v, PRIMITIVES) for v in values):
            raise CannotReplay(f"{path} is a set of objects that cannot be watched")
        self.check(f"what is in {path}", "tuple(<v>)", tuple(values), v=values)

    def visit_object(self, path: str, value: Any) -> None:
        """An object of some class: the attributes that the code names, or all of an engine's."""
        kind = type(value)
        state = getattr(value, "__dict__", None)
        slots = [name for base in kind.__mro__ for name in vars(base).get("__slots__", ())]
        opaque = isinstance(value, (np.ndarray, types.GeneratorType, type(globals_of))) or (
            state is None and not slots and kind.__module__ != "builtins"
        )
        if (
            opaque
            or (kind.__module__ == "builtins" and kind is not object)
            or hasattr(kind, "__next__")
        ):
            raise CannotReplay(f"{path} is a {kind.__name__}, whose changes replay cannot notice")
        everything = is_engine_class(kind) or self.dynamic
        if state is not None:
            self.check(f"the attributes of {path}", "len(<o>)", len(state), o=state)
            for name, v in list(state.items()):
                if everything or name in self.names:
                    self.check(f"{path}.{name}", f"<o>[{name!r}]", v, o=state)
        for name in slots:
            if (everything or name in self.names) and hasattr(value, name):
                self.check(f"{path}.{name}", f"<o>.{name}", getattr(value, name), o=value)
        self.visit_methods(path, kind, set())

    VISITS: ClassVar[list[tuple[Any, Callable[[Watch, str, Any], None]]]] = [
        (Tensor, visit_tensor),
        (Module, visit_module),
        (Optimizer, visit_optimizer),
        (Wrapper, visit_inner),
        (types.FunctionType, visit_function),
        ((types.MethodType, classmethod, staticmethod), visit_inner),
        (types.ModuleType, visit_python_module),
        (type, visit_class),
        (functools.partial, visit_partial),
        ((list, tuple), visit_list),
        (dict, visit_dict),
        ((set, frozenset), visit_set),
    ]

    # --- asking ---

    def terms(self, names: dict[str, Any]) -> list[str]:
        """The checks as Python expressions in terms of `names`, which is added to.

        Values that are equal but other objects than before are taken over first.
        """
        terms = []
        for k, check in enumerate(self.checks):
            check.value = check.read() if check.by_value else check.value
            names |= check.names
            if check.text.startswith("len(") and check.value == 0:
                terms.append(f"not {check.text[4:-1]}")
                continue
            names[f"value{k}"] = check.value
            terms.append(f"{check.text} {'==' if '(' in check.text else 'is'} value{k}")
        return terms

    def prepare(self) -> None:
        """Make one function of all checks, for the usual answer."""
        names: dict[str, Any] = {}
        terms = self.terms(names)
        exec("def unchanged():\n    return " + (" and ".join(terms) or "True"), names)
        self.unchanged = names["unchanged"]

    def problem(self) -> str | None:
        """The first thing that changed, in words; None if nothing did."""
        if self.unchanged is not None and self.unchanged():
            return None
        for check in self.checks:
            problem = check.problem()
            if problem is not None:
                return problem
        return None
