"""Instructions made into calls of kernels on buffers that stay from replay to replay.

A program is lowered into statements, each one call of a compiled or NumPy function with all its
arguments bound, and these into one Python function. Two instructions belong together: an
operation's backward reads what its forward saved, so either both are lowered or neither is. What is
not lowered runs as program.py has it, between the statements, on the same slots.

    slot        where it is
    static      a buffer, a parameter, a constant, or a view of one: known before the replay
    given       an argument, or a view of one: a local variable of the function
    dynamic     made by an instruction that was not lowered: in `env`; copied into a buffer where a
                lowered one needs it, if it is laid out as a buffer is
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minitorch_clf.replay.fusion import fused
from minitorch_clf.replay.program import (
    Accumulate,
    Add,
    Backward,
    Call,
    Constant,
    Forward,
    Instruction,
    Program,
)
from minitorch_clf.replay.rules import BACKWARD, FORWARD
from minitorch_clf.replay.statements import Buffer, Given, Statement, set_grad
from minitorch_clf.replay.steps import fast_step, fast_zero, zero_grad
from minitorch_clf.tape import Array, Context, Meta
from minitorch_clf.tensor import Tensor


class Refused(Exception):
    """That the operation of instruction `index` cannot be lowered after all."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


@dataclass
class Saved:
    """What a lowered forward leaves for its backward."""

    index: int
    values: dict[str, Any] = field(default_factory=dict)


class Lowering:
    """One attempt to lower a program, `refused` being the forward instructions to leave alone.

    places     slot -> Buffer or Given; a slot without a place is dynamic
    dense      slot -> shape and dtype, of values that are contiguous and have memory of their own
    copied     the dynamic slots that the instruction at hand has had copied into buffers
    saved      context slot -> Saved, of forwards that were lowered
    grads      id of a variable -> the buffer that becomes its grad
    """

    def __init__(
        self,
        program: Program,
        tensors: list[Tensor],
        refused: set[int],
        dense: dict[int, Meta],
    ) -> None:
        self.program = program
        self.dense = dense
        self.copied: list[int] = []
        self.refused = refused
        self.places: dict[int, Buffer | Given] = {}
        self.saved: dict[int, Saved] = {}
        self.statements: list[Statement | Instruction] = []
        self.grads: dict[int, tuple[Tensor, Buffer]] = {}
        self.cleared: set[int] = set()
        self.lowered = 0
        for k, t in enumerate(tensors):
            self.places[k] = Given(f"x{k}", t.array)
        for k, t in program.lives:
            self.places[k] = Buffer(t.array, lives=True)
        for k, instruction in enumerate(program.instructions):
            before = len(self.statements)
            self.copied = []
            if not self.lower(k, instruction):
                del self.statements[before:]
                for slot in self.copied:
                    del self.places[slot]
                self.statements.append(instruction)
            else:
                self.lowered += 1
        self.statements = fused(self.statements)

    # --- what the tables of operations use ---

    def buffer(self, slot: int, shape: tuple[int, ...], dtype: Any) -> Array:
        """A new buffer for the value of a slot."""
        array = np.empty(shape, dtype)
        self.places[slot] = Buffer(array)
        return array

    def array(self, slot: Any) -> Any:
        """What a statement may be given for a slot: an array or a Given.   KeyError: dynamic"""
        place = self.place(slot)
        return place.array if isinstance(place, Buffer) else place

    def place(self, slot: Any) -> Buffer | Given:
        """Where a slot is.   KeyError: in no buffer, and it cannot be copied into one"""
        if slot not in self.places and slot is not None:
            array = self.buffer(slot, *self.dense[slot])
            self.copied.append(slot)
            self.call(np.copyto, array, Given(f"env[{slot}]", array))
        return self.places[slot]

    def call(self, function: Callable[..., Any], *args: Any, check: Any = None) -> None:
        """One statement more."""
        self.statements.append(Statement(function, args, check))

    # --- instructions ---

    def lower(self, index: int, instruction: Instruction) -> bool:
        """Whether it was lowered."""
        if isinstance(instruction, Constant):
            if instruction.shared:
                self.places[instruction.out] = Buffer(instruction.value)
            return instruction.shared
        if isinstance(instruction, Forward):
            return index not in self.refused and self.forward(index, instruction)
        if isinstance(instruction, Backward):
            saved = self.saved.get(instruction.context)
            if saved is None:
                return False
            if not self.backward(instruction, saved):
                raise Refused(saved.index)
            return True
        if isinstance(instruction, Add):
            return self.add(instruction)
        if isinstance(instruction, Accumulate):
            return self.accumulate(instruction)
        if isinstance(instruction, Call):
            return self.repeated(instruction)
        return False

    def add(self, ins: Add) -> bool:
        x, y = self.places.get(ins.x), self.places.get(ins.y)
        if not isinstance(x, Buffer) or not isinstance(y, Buffer):
            return False
        if not (x.array.flags.c_contiguous and y.array.flags.c_contiguous):
            return False
        self.call(np.add, x.array, y.array, self.buffer(ins.out, x.array.shape, x.array.dtype))
        return True

    def forward(self, index: int, ins: Forward) -> bool:
        rule = FORWARD.get(ins.op)
        saved = Saved(index)
        try:
            if rule is not None:
                done = rule(self, ins, saved)
            else:
                done = ins.op.is_view and self.view(ins, saved)
        except KeyError:  # one of its inputs is dynamic
            return False
        if done:
            self.saved[ins.context] = saved
        return done

    def backward(self, ins: Backward, saved: Saved) -> bool:
        rule = BACKWARD.get(ins.op)
        try:
            if rule is not None:
                return rule(self, ins, saved)
            return self.view_backward(ins, saved)
        except KeyError:
            return False

    def view(self, ins: Forward, saved: Saved) -> bool:
        """A view of a buffer is made once, a view of an argument in every replay."""
        if len(ins.outs) != 1 or len(ins.inputs) != 1:
            return False
        place = self.place(ins.inputs[0].index)
        ctx = Context(ins.needs)
        view = ins.op.forward(ctx, place.array, **ins.options)
        if not np.may_share_memory(view, place.array):
            return False
        saved.values["ctx"] = ctx
        if isinstance(place, Buffer):
            self.places[ins.outs[0]] = Buffer(view, lives=place.lives, viewed=True)
            return True
        name = f"v{ins.outs[0]}"
        self.places[ins.outs[0]] = Given(name, view, viewed=True)
        context = Context(ins.needs)
        op, options = ins.op, ins.options
        whole = view.size == place.array.size
        if (
            whole and view.flags.c_contiguous and place.array.flags.c_contiguous
        ):  # whatever the operation, the same elements in another shape
            self.statements.append(Statement(np.ndarray.reshape, (place, view.shape), result=name))
        else:
            function = lambda x: op.forward(context, x, **options)  # noqa: E731
            self.statements.append(Statement(function, (place,), result=name))
        return True

    def view_backward(self, ins: Backward, saved: Saved) -> bool:
        """The gradient of a view is, where it can be, a view of the gradient."""
        place = self.place(ins.grads[0])
        if not isinstance(place, Buffer) or len(ins.outs) != 1 or ins.outs[0] is None:
            return False
        view = ins.op.backward(saved.values["ctx"], place.array)
        if not isinstance(view, np.ndarray) or not np.may_share_memory(view, place.array):
            return False
        self.places[ins.outs[0]] = Buffer(view, viewed=True)
        return True

    def accumulate(self, ins: Accumulate) -> bool:
        """The gradient's buffer becomes `grad` itself, where the step has cleared it before."""
        v = ins.variable
        try:
            place = self.place(ins.grad)
        except KeyError:
            return False
        if id(v) not in self.cleared or not isinstance(place, Buffer):
            return False
        self.cleared.discard(id(v))
        array = place.array
        mine = array.flags.c_contiguous and v.array.flags.c_contiguous and not place.lives
        taken = any(np.may_share_memory(array, b.array) for _, b in self.grads.values())
        if not mine or taken or array.dtype != v.array.dtype:
            return False
        self.grads[id(v)] = (v, place)
        self.statements.append(Statement(set_grad, (v, array)))
        return True

    def repeated(self, ins: Call) -> bool:
        """zero_grad() and step() of the optimizers that are known here."""
        params = fast_zero(ins)
        if params is not None:
            self.cleared |= {id(p) for p in params}
            self.call(zero_grad, params)
            return True
        self.cleared -= {id(v) for v, _ in self.grads.values()}
        step = fast_step(ins, {key: b.array for key, (_, b) in self.grads.items()})
        if step is None:
            return False
        self.call(step)
        return True


def lower(program: Program, tensors: list[Tensor], dense: dict[int, Meta]) -> Lowering:
    """The program with as much lowered as can be."""
    refused: set[int] = set()
    while True:
        try:
            return Lowering(program, tensors, refused, dense)
        except Refused as operation:
            refused.add(operation.index)
