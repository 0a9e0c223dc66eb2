"""verify=True: a replay and the eager call from the same state, compared bit by bit."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch_clf import random
from minitorch_clf.replay.program import Program
from minitorch_clf.replay.watch import Watch
from minitorch_clf.tape import Array
from minitorch_clf.tensor import Tensor


def verified(
    plan: Any, step: Callable[..., Any], tensors: list[Tensor], args: Any, kwargs: Any
) -> Any:
    """Replay, note what changed, go back, and run the step itself, whose results stay.

    RuntimeError  "replay differs from eager in ..."
    """
    state = State(plan.program, plan.watch)
    before = state.take()
    replayed = plan.replay_tensors(tensors)
    after = state.take()
    after["what the step returns"] = copied(replayed)
    state.restore(before)
    result = step(*args, **kwargs)
    expected = state.take()
    expected["what the step returns"] = copied(result)
    for name, value in expected.items():
        if not same_bits(value, after.get(name)):
            raise RuntimeError(f"replay differs from eager in {name}")
    return result


class State:
    """All that a step may change: tensors, their gradients, optimizers, the random stream."""

    def __init__(self, program: Program, watch: Watch) -> None:
        self.optimizers = watch.optimizers
        known = {id(t): t for _, t in program.lives} | watch.tensors
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                known |= {id(p): p for p in group["params"]}
        self.tensors = list(known.values())
        self.grads = [t._grad for t in self.tensors]

    def take(self) -> dict[str, Any]:
        """Copies of everything, under names for the error."""
        taken: dict[str, Any] = {}
        for k, t in enumerate(self.tensors):
            shape = list(t.array.shape)
            taken[f"tensor {k} of shape {shape}"] = t.array.copy()
            taken[f"the gradient of tensor {k} of shape {shape}"] = copied(t._grad)
            taken[f"the version of tensor {k} of shape {shape}"] = t._writes.value
        for k, optimizer in enumerate(self.optimizers):
            for n, p in enumerate(p for g in optimizer.param_groups for p in g["params"]):
                for key, value in optimizer.state.get(p, {}).items():
                    taken[f"{key} of parameter {n} in optimizer {k}"] = copied(value)
        taken["the random stream"] = random.default().state
        return taken

    def restore(self, taken: dict[str, Any]) -> None:
        """Put everything back to where it was taken."""
        for k, t in enumerate(self.tensors):
            shape = list(t.array.shape)
            t.array[...] = taken[f"tensor {k} of shape {shape}"]
            t._grad = self.grads[k]
            if t._grad is not None:
                t._grad.array[...] = taken[f"the gradient of tensor {k} of shape {shape}"].array
            t._writes.value = taken[f"the version of tensor {k} of shape {shape}"]
        for k, optimizer in enumerate(self.optimizers):
            for n, p in enumerate(p for g in optimizer.param_groups for p in g["params"]):
                state = optimizer.state.get(p, {})
                for key in list(state):
                    name = f"{key} of parameter {n} in optimizer {k}"
                    if name not in taken:
                        del state[key]
                    elif isinstance(state[key], Tensor):
                        state[key].array[...] = taken[name].array
                    else:
                        state[key] = taken[name]
        random.default().state = taken["the random stream"]


def copied(value: Any) -> Any:
    """A copy that shares no memory; Tensors come out without a graph."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if type(value) in (tuple, list):
        return type(value)([copied(v) for v in value])
    if type(value) is dict:
        return {key: copied(v) for key, v in value.items()}
    return copy.copy(value)


def same_bits(a: Any, b: Any) -> bool:
    """Whether two nests hold the same; nan is nan here, and 0.0 is not -0.0."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return same_bits(a.array, b.array)
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and a.dtype == b.dtype and equal_bits(a, b)
    if type(a) is not type(b):
        return False
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(same_bits, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same_bits(a[k], b[k]) for k in a)
    return bool(a == b)


def equal_bits(x: Array, y: Array) -> bool:
    """Whether two arrays have the same bits, but that one nan is as good as another."""
    if x.dtype.kind != "f":
        return bool(np.array_equal(x, y))
    same = (x == y) & (np.signbit(x) == np.signbit(y))
    return bool(np.all(same | (np.isnan(x) & np.isnan(y))))
