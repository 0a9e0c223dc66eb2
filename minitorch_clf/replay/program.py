"""A recorded step as a flat list of instructions on numbered slots, and its plain replay.

    slot   what a step computes with: an argument, a parameter, a constant, or a value on the way
    env    slot -> array, while a replay runs

Each instruction calls what the eager step called (`Op.forward`, `Op.backward`, `optimizer.step`)
with the arrays that were recorded as belonging there. Values and their bits are therefore the eager
ones for every operation; what is saved is the Python in between: Tensors, nodes, the walk's heap.
`lowering` puts kernels that write into static buffers in the place of the common instructions.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from minitorch_clf.tape import Array, Context, Function, Meta
from minitorch_clf.tensor import Tensor, wrap

Env: TypeAlias = list[Any]


class CannotReplay(Exception):
    """Why a step cannot be replayed."""


@dataclass(frozen=True)
class Slot:
    """A reference to a slot, among arguments that are plain values."""

    index: int


@dataclass(frozen=True)
class Live:
    """A Tensor that outlives the step: a parameter, a buffer, data that a closure names."""

    tensor: Tensor


class Instruction:
    """One thing that a replay does."""

    line = ""

    def run(self, env: Env) -> None:
        raise NotImplementedError

    def signature(self) -> tuple[Any, ...]:
        """What must be the same in two recordings of the step."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        return type(self).__name__


@dataclass
class Forward(Instruction):
    """outs = op.forward(*inputs, **options), its context kept for backward in slot `context`."""

    op: type[Function]
    inputs: tuple[Any, ...]
    options: dict[str, Any]
    needs: tuple[bool, ...]
    context: int
    outs: tuple[int, ...]
    metas: tuple[Meta, ...]
    line: str = ""

    def run(self, env: Env) -> None:
        ctx = Context(self.needs)
        inputs = [env[x.index] if type(x) is Slot else x for x in self.inputs]
        options = {key: filled(value, env) for key, value in self.options.items()}
        result = self.op.forward(ctx, *inputs, **options)
        if not ctx.to_save:
            ctx.saved = ()
        env[self.context] = ctx
        for k, value in zip(self.outs, result if type(result) is tuple else (result,), strict=True):
            env[k] = value if type(value) is np.ndarray else np.asarray(value)

    def signature(self) -> tuple[Any, ...]:
        return self.op, self.inputs, self.options, self.needs, self.outs, self.metas

    @property
    def name(self) -> str:
        return self.op.__name__


@dataclass
class Backward(Instruction):
    """outs = op.backward(*grads), in the shapes and dtypes of the inputs; None: no gradient.

    zeros   for each gradient that did not arrive, what it looks like; None: backward wants None
    """

    op: type[Function]
    context: int
    grads: tuple[int | None, ...]
    zeros: tuple[Meta | None, ...]
    outs: tuple[int | None, ...]
    metas: tuple[Meta | None, ...]
    line: str = ""

    def run(self, env: Env) -> None:
        grads = [
            env[k] if k is not None else None if meta is None else np.zeros(*meta)
            for k, meta in zip(self.grads, self.zeros, strict=True)
        ]
        result = self.op.backward(env[self.context], *grads)
        results = result if isinstance(result, tuple) else (result,)
        for k, grad, meta in zip(self.outs, results, self.metas, strict=True):
            if k is not None and meta is not None:
                env[k] = np.asarray(grad, meta.dtype)

    def signature(self) -> tuple[Any, ...]:
        return self.op, self.context, self.grads, self.zeros, self.outs, self.metas

    @property
    def name(self) -> str:
        return f"{self.op.__name__}, backward"


@dataclass
class Add(Instruction):
    """out = x + y: two gradients that meet."""

    x: int
    y: int
    out: int

    def run(self, env: Env) -> None:
        env[self.out] = np.asarray(operator.add(env[self.x], env[self.y]))

    def signature(self) -> tuple[Any, ...]:
        return self.x, self.y, self.out


@dataclass
class Accumulate(Instruction):
    """variable.grad += grad, or = grad if there is none yet."""

    variable: Tensor
    grad: int

    def run(self, env: Env) -> None:
        self.variable.accumulate_grad(env[self.grad])

    def signature(self) -> tuple[Any, ...]:
        return Live(self.variable), self.grad


@dataclass
class LoadGrad(Instruction):
    """out = variable.grad, as it is at this point of the step."""

    variable: Tensor
    out: int

    def run(self, env: Env) -> None:
        grad: Any = self.variable._grad
        env[self.out] = grad.array

    def signature(self) -> tuple[Any, ...]:
        return Live(self.variable), self.out


@dataclass
class Alias(Instruction):
    """out = the memory of x under another name: detach()."""

    x: int
    out: int

    def run(self, env: Env) -> None:
        env[self.out] = env[self.x][...]

    def signature(self) -> tuple[Any, ...]:
        return self.x, self.out


@dataclass
class Copy(Instruction):
    """out = a copy of x: what autograd.grad hands out."""

    x: int
    out: int

    def run(self, env: Env) -> None:
        env[self.out] = np.array(env[self.x], order="C")

    def signature(self) -> tuple[Any, ...]:
        return self.x, self.out


@dataclass
class Constant(Instruction):
    """out = a value made of nothing that changes: zeros(3), tensor([1.0]), the 1 of backward().

    shared   nothing writes into it, so one array will do for all replays
    """

    value: Array
    out: int
    shared: bool = True

    def run(self, env: Env) -> None:
        env[self.out] = self.value if self.shared else self.value.copy()

    def signature(self) -> tuple[Any, ...]:
        return self.value, self.out


@dataclass
class Write(Instruction):
    """target[...] = x, in place.   target: a slot, or a Tensor that outlives the step"""

    target: Slot | Live
    x: int

    def run(self, env: Env) -> None:
        if isinstance(self.target, Live):
            tensor = self.target.tensor
            tensor.array[...] = env[self.x]
            tensor._bump_version()
        else:
            env[self.target.index][...] = env[self.x]

    def signature(self) -> tuple[Any, ...]:
        return self.target, self.x


@dataclass
class Call(Instruction):
    """outs = function(*args, **kwargs), called again as it stands: optimizer.step(), a random draw.

    It sees Tensors, and reads what it reads (lr, the generator) when it is called.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outs: tuple[int, ...] = ()
    line: str = ""

    def run(self, env: Env) -> None:
        args = [as_tensors(x, env) for x in self.args]
        kwargs = {key: as_tensors(x, env) for key, x in self.kwargs.items()}
        result = self.function(*args, **kwargs)
        if self.outs:
            results = result if isinstance(result, tuple) else (result,)
            for k, value in zip(self.outs, results, strict=True):
                env[k] = value.array if isinstance(value, Tensor) else value

    def signature(self) -> tuple[Any, ...]:
        return self.function, self.args, self.kwargs, self.outs

    @property
    def name(self) -> str:
        owner = type(self.args[0]).__name__ + "." if self.args and not self.outs else ""
        return f"{owner}{self.function.__name__}()"


def filled(value: Any, env: Env) -> Any:
    """`value` with the arrays of its slots."""
    kind = type(value)
    if kind is Slot:
        return env[value.index]
    if kind is tuple or kind is list:
        return kind([filled(v, env) for v in value])
    return value


def as_tensors(value: Any, env: Env) -> Any:
    """`value` with Tensors for its slots."""
    kind = type(value)
    if kind is Live:
        return value.tensor
    if kind is Slot:
        return wrap(env[value.index])
    if kind is tuple or kind is list:
        return kind([as_tensors(v, env) for v in value])
    return value


@dataclass
class Program:
    """A step: what it starts from, what it does, what it gives back.

    given       how many Tensors are among the arguments: theirs are the first slots
    lives       (slot, Tensor) for each that outlives the step
    entry       (variable, whether it had no gradient) where the step depends on it
    result      the step's return value, with Slots, Lives and Arguments where Tensors were
    """

    size: int
    given: int
    lives: list[tuple[int, Tensor]]
    instructions: list[Instruction]
    result: Any
    entry: list[tuple[Tensor, bool]] = field(default_factory=list)

    def run(self, arrays: Sequence[Array]) -> Env:
        """Run all instructions on these argument arrays; return what all slots hold."""
        env: Env = [*arrays, *[None] * (self.size - self.given)]
        for k, tensor in self.lives:
            env[k] = tensor.array
        for instruction in self.instructions:
            instruction.run(env)
        return env


def difference(a: Any, b: Any) -> bool:
    """Whether two values of two recordings differ; floats by their bits, objects by identity."""
    if a is b:
        return False
    if type(a) is not type(b):
        return True
    if isinstance(a, np.ndarray):
        return (a.shape, a.dtype, a.tobytes()) != (b.shape, b.dtype, b.tobytes())
    if isinstance(a, (tuple, list)):
        return len(a) != len(b) or any(map(difference, a, b))
    if isinstance(a, dict):
        return list(a) != list(b) or any(difference(a[k], b[k]) for k in a)
    if isinstance(a, Live):
        return a.tensor is not b.tensor
    if isinstance(a, Tensor):
        return True
    if isinstance(a, (float, np.floating)):
        return bool(np.asarray(a).tobytes() != np.asarray(b).tobytes())
    try:
        return not bool(a == b)
    except Exception:  # noqa: BLE001 - what cannot be compared is not known to be the same
        return True


def first_difference(a: Program, b: Program) -> str | None:
    """Where two recordings of one step part, in words; None if they are the same."""
    for x, y in zip(a.instructions, b.instructions, strict=False):
        if type(x) is not type(y) or x.name != y.name:
            return f"two calls in a row took different ways: {x.name}, then {y.name}{_at(x)}"
        if difference(x.signature(), y.signature()):
            return f"{x.name} was given other values in two calls in a row{_at(x)}"
    if len(a.instructions) != len(b.instructions):
        counts = f"{len(a.instructions)}, then {len(b.instructions)}"
        return f"two calls in a row took different ways: {counts} operations"
    if difference(a.result, b.result):
        return "what is returned, beside Tensors, was different in two calls in a row"
    if difference([t for _, t in a.lives], [t for _, t in b.lives]):
        return "two calls in a row used different tensors"
    return None


def _at(instruction: Instruction) -> str:
    return f" ({instruction.line})" if instruction.line else ""
