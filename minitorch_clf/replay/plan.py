"""A confirmed program, ready to be replayed: guards in one line of Python, buffers, kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from minitorch_clf.grad_mode import grad_mode
from minitorch_clf.replay.lowering import Lowering, lower
from minitorch_clf.replay.program import Env, Instruction, Live, Program, Slot, Write
from minitorch_clf.replay.statements import Function
from minitorch_clf.replay.verify import State, copied, same_bits
from minitorch_clf.replay.watch import Watch
from minitorch_clf.tape import Array, Meta, quietly
from minitorch_clf.tensor import Tensor, wrap

R = TypeVar("R")
REBUILDS = 20


class Plan:
    """How to replay one kind of call.

    quick     how many calls took the shortest way
    running   whether the buffers are in use: a hook of an optimizer may run the step again
    """

    def __init__(
        self, program: Program, watch: Watch, tensors: list[Tensor], args: Any, kwargs: Any
    ) -> None:
        self.program = program
        self.watch = watch
        watch.prepare()
        self.optimizers = watch.optimizers
        self.quick = 0
        self.running = False
        self.layouts = [(t.array.shape, t.array.dtype, t.array.strides) for t in tensors]
        self.mode = (grad_mode.wanted, grad_mode.inference)
        self.plain = not kwargs and all(a is b for a, b in zip(args, tensors, strict=False))
        self.plain = self.plain and len(args) == len(tensors) == len({id(t.array) for t in tensors})
        self.counted = [t._writes.counts for t in tensors]
        leaves = watch.tensors | {id(t): t for _, t in program.lives}
        self.states = [LeafState(t) for t in leaves.values()]
        self.examples = [wrap(t.array.copy(order="K")) for t in tensors]
        self.lowered: Lowering | None = None
        self.function: Function | None = None
        self.note = ""
        self.rebuilt = 0
        self.dense: dict[int, Meta] = {}
        self.start(tensors)

    # --- may it be replayed? ---

    def fits_tensors(self, tensors: list[Tensor]) -> bool:
        """Whether these are laid out as the recorded ones."""
        layouts = [(t.array.shape, t.array.dtype, t.array.strides) for t in tensors]
        return layouts == self.layouts

    def problem(self) -> str | None:
        """What changed about the tensors that outlive the step."""
        for state in self.states:
            problem = state.problem()
            if problem is not None:
                return problem
        for variable, missing in self.program.entry:
            if (variable._grad is None) is not missing:
                was = "had none" if missing else "had one"
                return f"the step looks for a gradient of {list(variable.array.shape)}, which {was}"
        return None

    # --- building ---

    def build(self) -> None:
        """Lower the program, into buffers of its own."""
        self.lowered = lower(self.program, self.examples, self.dense)
        self.function = Function(self.program, self.lowered) if self.lowered.lowered else None

    def rebuild(self) -> None:
        """Build anew, as somebody has kept the memory of a gradient; not again and again."""
        self.rebuilt += 1
        if self.rebuilt > REBUILDS:
            self.function, self.note = (
                None,
                "not lowered: the memory of gradients is kept elsewhere",
            )
        else:
            self.build()

    def start(self, tensors: list[Tensor]) -> None:
        """Run the program plain and lowered from the state that is, and keep the state.

        If they differ by a bit, the plain one is used.
        """
        if any(
            o._optimizer_step_pre_hooks or o._optimizer_step_post_hooks for o in self.optimizers
        ):
            self.note = "not lowered: an optimizer has hooks"
            return
        state = State(self.program, self.watch)
        before = state.take()
        env = self.run(tensors)
        self.dense = dense(env, tensors, self.program)
        plain = copied(self.returned(self.program.result, env, tensors))
        expected = state.take()
        state.restore(before)
        try:
            self.build()
            fast = copied(self.replay_tensors(tensors))
            found = state.take()
        except Exception as error:  # noqa: BLE001 - the plain replay is there
            self.function, self.note = None, f"not lowered: {error!r}"
            return
        finally:
            state.restore(before)
        wrong = [name for name, value in expected.items() if not same_bits(value, found.get(name))]
        if wrong or not same_bits(plain, fast):
            where = wrong[0] if wrong else "what is returned"
            self.function, self.note = None, f"not lowered: kernels gave other bits in {where}"

    # --- replaying ---

    def replay_tensors(self, tensors: Sequence[Tensor]) -> Any:
        """Run the program on these arguments."""
        function = self.function
        if function is not None:
            for grad in function.grads:
                if not grad.free():
                    self.rebuild()
                    return self.replay_tensors(tensors)
            self.running = True
            try:
                if not function.dynamic:
                    return quietly(function.replay, *tensors)
                return self.unrecorded(function.replay, *tensors)
            finally:
                self.running = False
        return self.returned(self.program.result, self.run(tensors), tensors)

    def run(self, tensors: Sequence[Tensor]) -> Env:
        """The plain replay."""
        return self.unrecorded(self.program.run, [t.array for t in tensors])

    def unrecorded(self, function: Callable[..., R], *args: Any) -> R:
        """function(*args) under no_grad, and without floating-point warnings."""
        was = grad_mode.wanted
        grad_mode.set(False)
        try:
            return quietly(function, *args)
        finally:
            grad_mode.set(was)

    def returned(self, result: Any, env: Env, tensors: Sequence[Tensor]) -> Any:
        """What the step returns."""
        kind = type(result)
        if kind is Slot:
            if result.index < len(tensors):
                return tensors[result.index]
            return wrap(env[result.index])
        if kind is Live:
            return result.tensor
        if kind is tuple and len(result) == 2 and result[0] == "grad":
            return result[1].tensor._grad
        if kind is tuple or kind is list:
            return kind([self.returned(v, env, tensors) for v in result])
        if kind is dict:
            return {key: self.returned(v, env, tensors) for key, v in result.items()}
        return result

    def describe(self) -> list[str]:
        """What the program does, one line each."""
        if self.function is None or self.lowered is None:
            return [
                *([self.note] if self.note else []),
                *(i.name for i in self.program.instructions),
            ]
        return [
            f"{s.name}, not lowered" if isinstance(s, Instruction) else s.name
            for s in self.lowered.statements
        ]


def dense(env: Env, tensors: Sequence[Tensor], program: Program) -> dict[int, Meta]:
    """The slots whose values could as well be in a buffer: contiguous, and nobody else's memory.

    Where the step writes in place, a copy would miss it: none, then.
    """
    if any(isinstance(i, Write) and isinstance(i.target, Slot) for i in program.instructions):
        return {}
    others = [t.array for t in tensors] + [t.array for _, t in program.lives]
    return {
        k: Meta(x.shape, x.dtype)
        for k, x in enumerate(env)
        if isinstance(x, np.ndarray)
        and x.flags.c_contiguous
        and not any(np.may_share_memory(x, other) for other in others)
    }


class LeafState:
    """What a tensor that outlives the step was like: its memory, its flag, hooks."""

    __slots__ = ("array", "hooked", "requires_grad", "tensor")

    def __init__(self, t: Tensor) -> None:
        self.tensor = t
        self.array: Array = t.array
        self.requires_grad = t._requires_grad
        self.hooked = self._is_hooked()

    def _is_hooked(self) -> bool:
        hooks = self.tensor._hooks
        return hooks is not None and bool(hooks.gradient or hooks.accumulated)

    def same(self) -> bool:
        t = self.tensor
        return (
            t.array is self.array
            and t._requires_grad is self.requires_grad
            and t._node is None
            and (t._hooks is None or not self._is_hooked())
        )

    def problem(self) -> str | None:
        t = self.tensor
        name = f"a tensor of shape {list(self.array.shape)}"
        if t.array is not self.array:
            return f"the memory of {name} was swapped"
        if t._requires_grad is not self.requires_grad:
            return f"requires_grad of {name} was {self.requires_grad}"
        if t._node is not None:
            return f"{name} is on a graph now"
        if self._is_hooked():
            return f"a hook was registered on {name}"
        return None
