"""Statements, and the Python function that they become."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minitorch_clf.kernels.jit import Kernel
from minitorch_clf.kernels.loss import FINE
from minitorch_clf.methods.base import memory_of
from minitorch_clf.replay.program import Instruction, Live, Program, Slot
from minitorch_clf.tape import Array
from minitorch_clf.tensor import Tensor, wrap
from minitorch_clf.threads import product


@dataclass(frozen=True, eq=False)
class Buffer:
    """An array that is known before the replay.

    lives    memory that outlives the step: a parameter, or a view of one
    viewed   a view of another slot's buffer
    """

    array: Array
    lives: bool = False
    viewed: bool = False


@dataclass(frozen=True, eq=False)
class Given:
    """An array that is known in the replay only: the source text for it, and one like it."""

    text: str
    array: Array
    viewed: bool = False


def plain(*arrays: Array) -> bool:
    """Whether all are of one real dtype, contiguous, and hold something."""
    dtypes = {a.dtype for a in arrays}
    return (
        len(dtypes) == 1
        and arrays[0].dtype.kind == "f"
        and all(a.flags.c_contiguous and a.size for a in arrays)
    )


def example(x: Any) -> Array:
    """The array, or one like it."""
    array: Array = x.array if isinstance(x, Given) else x
    return array


def flat(x: Any) -> Any:
    """x in one dimension."""
    return (
        Given(f"{x.text}.reshape(-1)", x.array.reshape(-1))
        if isinstance(x, Given)
        else x.reshape(-1)
    )


@dataclass(eq=False)
class Statement:
    """[result =] function(*args); check(args' arrays, value) raises if the value is not FINE.

    whole   the arrays in their own shapes, where args has them flattened: for fusion
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    check: Callable[..., None] | None = None
    result: str | None = None
    whole: tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        module = getattr(self.function, "__module__", None) or "numpy"
        name = getattr(self.function, "__name__", "call")
        return f"{module.rpartition('.')[2]}.{name}"


def is_numpy(function: Any) -> bool:
    """Whether it may warn of overflow and the like, unless kept quiet."""
    return isinstance(function, np.ufunc) or function in (np.ndarray.dot, product)


def set_grad(variable: Tensor, array: Array) -> None:
    """Stands for: the buffer `array` becomes the gradient of `variable`."""
    raise NotImplementedError


class Grad:
    """The gradient of one variable: one buffer, and the Tensor that lends it to the user.

    A step makes new gradients. If the user has kept the old Tensor, its values move out of the
    buffer, to memory of its own; if he has kept the array or a view of it, the buffer is lost.
    """

    __slots__ = ("array", "kept", "memory", "tensor", "variable")

    def __init__(self, variable: Tensor, array: Array) -> None:
        self.variable = variable
        self.array = array
        self.memory = memory_of(array)
        self.tensor = wrap(array)
        self.kept = (0, 0)

    def references(self) -> tuple[int, int]:
        """To the array, and to the one that owns its memory: views hold on to that."""
        return sys.getrefcount(self.array), sys.getrefcount(self.memory)

    def free(self) -> bool:
        """Make the buffer free to be written to; whether that could be done."""
        tensor = self.tensor
        if self.references() != self.kept or tensor.array is not self.array:
            return False
        ours = 4 if self.variable._grad is tensor else 3
        if sys.getrefcount(tensor) == ours and tensor._node is None and tensor._view is None:
            tensor._writes.value = 0
        else:
            tensor.array = self.array.copy()
            self.tensor = wrap(self.array)
        return True


class Function:
    """The statements of a lowered program as one function of the argument Tensors."""

    def __init__(self, program: Program, lowered: Any) -> None:
        self.names: dict[str, Any] = {"wrap": wrap, "FINE": FINE}
        self.bound: dict[int, str] = {}
        self.places: dict[int, Buffer | Given] = lowered.places
        self.grads = [Grad(v, b.array) for v, b in lowered.grads.values()]
        self.dynamic = any(isinstance(s, Instruction) for s in lowered.statements)
        self.silent = all(
            isinstance(s, Statement) and (s.function is set_grad or not is_numpy(s.function))
            for s in lowered.statements
        )
        lines = [f"x{k} = t{k}.array" for k in range(program.given)]
        if self.dynamic:
            template: list[Any] = [None] * program.size
            for k, place in self.places.items():
                if isinstance(place, Buffer):
                    template[k] = place.array
            lines.append(f"env = {self.bind(template)}.copy()")
            lines += [f"env[{k}] = x{k}" for k in range(program.given)]
        for statement in lowered.statements:
            if isinstance(statement, Instruction):
                lines.append(f"{self.bind(statement.run)}(env)")
            else:
                lines += self.lines_of(statement)
        lines.append(f"return {self.result(program.result)}")
        given = ", ".join(f"t{k}" for k in range(program.given))
        self.source = f"def replay({given}):\n    " + "\n    ".join(lines) + "\n"
        exec(self.source, self.names)
        self.replay: Callable[..., Any] = self.names["replay"]
        for grad in self.grads:
            grad.kept = grad.references()

    def bind(self, value: Any) -> str:
        """A name for an object in the function's source."""
        if id(value) not in self.bound:
            name = f"c{len(self.bound)}"
            self.bound[id(value)] = name
            self.names[name] = value
        return self.bound[id(value)]

    def text(self, value: Any) -> str:
        if isinstance(value, Given):
            return value.text
        if isinstance(value, (int, float, bool)) and type(value) in (int, bool):
            return repr(value)
        return self.bind(value)

    def lines_of(self, s: Statement) -> list[str]:
        if s.function is set_grad:
            variable, _ = s.args
            (grad,) = [g for g in self.grads if g.variable is variable]
            return [f"{self.bind(variable)}._grad = {self.bind(grad)}.tensor"]
        function = s.function.compiled if isinstance(s.function, Kernel) else s.function
        args = ", ".join(map(self.text, s.args))
        call = f"{self.bind(function)}({args})"
        if s.check is not None:
            return [f"bad = {call}", f"if bad != FINE: {self.bind(s.check)}(bad, {args})"]
        lines = [f"{s.result} = {call}" if s.result else call]
        if s.result and self.dynamic:
            slots = [
                k for k, p in self.places.items() if isinstance(p, Given) and p.text == s.result
            ]
            lines += [f"env[{k}] = {s.result}" for k in slots]
        return lines

    def result(self, value: Any) -> str:
        """Source for what the step returns."""
        kind = type(value)
        if kind is Slot:
            place = self.places.get(value.index)
            if place is None:
                return f"wrap(env[{value.index}].copy())"
            if isinstance(place, Given):
                return f"wrap({place.text})" if place.viewed else f"t{value.index}"
            if place.lives:
                return f"wrap({self.bind(place.array)}[...])"
            return f"wrap({self.bind(place.array)}.copy())"
        if kind is Live:
            return self.bind(value.tensor)
        if kind is tuple and len(value) == 2 and value[0] == "grad":
            return f"{self.bind(value[1].tensor)}._grad"
        if kind is tuple:
            return "(" + "".join(f"{self.result(v)}, " for v in value) + ")"
        if kind is list:
            return "[" + ", ".join(map(self.result, value)) + "]"
        if kind is dict:
            return (
                "{" + ", ".join(f"{self.bind(k)}: {self.result(v)}" for k, v in value.items()) + "}"
            )
        return self.bind(value)
