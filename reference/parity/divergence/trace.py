"""A program watched at the border between it and its engine: every call across it is an event.

What counts is a call from the program's own lines into the engine: a function (torch.sigmoid), a
method or operator of a tensor, or a layer that the engine supplies (nn.Linear). What the engine
calls inside of that is its own affair, so that two engines whose Linear is written differently
still tell the same story. After each backward() the gradients are told, of every tensor that the
calls have made or used; after each step of an optimizer, parameters and their state.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from reference.parity.case import Array
from reference.parity.divergence import source
from reference.parity.divergence.events import Call, Event, Given, Gone, Gradients, Op, StepEnd

CHUNK = 4 << 20  # bytes that are collected before they are sent on, if a step has that many


class Marks:
    """Values for objects by identity, for as long as they live."""

    def __init__(self) -> None:
        self._marks: dict[int, tuple[weakref.ref[Any], Any]] = {}

    def get(self, thing: Any) -> Any:
        found = self._marks.get(id(thing))
        return found[1] if found is not None and found[0]() is thing else None

    def set(self, thing: Any, value: Any) -> None:
        self._marks[id(thing)] = (weakref.ref(thing), value)

    def sweep(self, which: Callable[[Any], bool]) -> list[Any]:
        """Forget what belonged to objects that are no more, where `which` says so; return it."""
        dead = [key for key, (ref, value) in self._marks.items() if ref() is None and which(value)]
        return [self._marks.pop(key)[1] for key in dead]


class Tracer:
    """Makes events of calls; wrapping.py is what leads the calls here.

    send      gets lists of events, at least one a step
    enters    gets the name of what is called next, for the case that it never returns
    writes    whether calls are also told as text, so that they can be repeated
    nudged    moves every parameter up by one ulp before its first use; PyTorch only
    """

    def __init__(
        self,
        engine: Any,
        send: Callable[[list[Event]], None],
        enters: Callable[[str], None],
        writes: bool,
        nudged: bool,
    ) -> None:
        self.engine, self.send, self.enters = engine, send, enters
        self.writes, self.nudged = writes, nudged
        self.packages = {"torch", "torchvision", engine.__name__.partition(".")[0]}
        self.packages |= {package(engine.Tensor), package(engine.nn.Module)}
        self.follow: Callable[[], Array | None] | None = None  # gives the first values of tensors
        self.depth = 0  # calls into the engine that are not over
        self.count = 0  # tensors seen
        self.numbers = Marks()  # tensor -> (number, whether it requires a gradient)
        self.titles = Marks()  # parameter or layer -> its name in the model
        self.first_use: dict[int, tuple[int, int]] = {}  # number -> op in this step, place in it
        self.ops = 0
        self.collected: dict[int, Array | None] | None = None  # gradients, during a backward()
        self.optimizers = False  # is there one? Else a step is a backward()
        self.left: dict[int, tuple[Array | None, dict[str, Any]]] = {}  # parameters, by their step
        self.buffer: list[Event] = []
        self.bytes = 0
        self.process, self.thread = os.getpid(), threading.get_ident()

    # --------------------------------------------------------------------------------- what is told

    def tell(self, event: Event, *arrays: Array | None) -> None:
        self.buffer.append(event)
        self.bytes += sum(array.nbytes for array in arrays if array is not None) + 200
        if self.bytes > CHUNK:
            self._forget(lambda mark: not mark[1])  # else a gradient may come to it
            self.flush()

    def flush(self) -> None:
        self.send(self.buffer)
        self.buffer, self.bytes = [], 0

    def _forget(self, which: Callable[[Any], bool]) -> None:
        if gone := self.numbers.sweep(which):
            self.buffer.append(Gone(tuple(number for number, _ in gone)))

    def end_step(self) -> None:
        self._forget(lambda mark: True)
        self.first_use.clear()
        self.buffer.append(StepEnd())
        self.flush()

    def array(self, tensor: Any) -> Array | None:
        """A copy of its values; None for what has none that NumPy knows."""
        try:
            found = np.array(tensor.detach().numpy())
        except (RuntimeError, TypeError, ValueError, AttributeError, NotImplementedError):
            return None
        return found.view(found.real.dtype) if found.dtype.kind == "c" else found

    def tensors(self, value: Any) -> Iterator[Any]:
        if isinstance(value, self.engine.Tensor):
            yield value
        elif isinstance(value, list | tuple):
            for part in value:
                yield from self.tensors(part)
        elif isinstance(value, dict):
            for part in value.values():
                yield from self.tensors(part)

    def number(self, tensor: Any, used_by: str) -> int:
        """The number of an input; a new one is told, and watched for its gradient."""
        if (mark := self.numbers.get(tensor)) is not None:
            known: int = mark[0]
            return known
        parameter = tensor.requires_grad and tensor.is_leaf
        if parameter and self.nudged:
            up = self.engine.full_like(tensor.data, float("inf"))
            tensor.data.copy_(self.engine.nextafter(tensor.data, up))
        number = self._new(tensor)
        title = self.titles.get(tensor)
        if title is None:
            title = "a parameter" if parameter else "a tensor"
        array = self.array(tensor)
        self.tell(Given(number, title, array, used_by), array)
        if self.follow is not None:
            self.flush()
            if (leader := self.follow()) is not None:
                tensor.data.copy_(self.engine.from_numpy(leader))
        return number

    def _new(self, tensor: Any) -> int:
        number, needs = self.count, bool(tensor.requires_grad)
        self.count += 1
        self.numbers.set(tensor, (number, needs))
        if needs:
            tensor.register_hook(lambda gradient: self._collect(number, gradient))
        return number

    def _collect(self, number: int, gradient: Any) -> None:
        if self.collected is not None:
            self.collected[number] = self.array(gradient)

    # -------------------------------------------------------------------------------- one operation

    def record(
        self,
        name: str,
        run: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        write: Callable[[dict[int, int]], Call | None] | None = None,
        where: str = "",
        state: tuple[Any, ...] = (),
    ) -> Any:
        """Run it and tell of it.   write  its text, from {id of a tensor: place in x}"""
        inputs = list({id(t): t for t in self.tensors([args, kwargs, *state])}.values())
        numbers = [self.number(tensor, name) for tensor in inputs]
        needs = tuple(bool(tensor.requires_grad) for tensor in inputs)
        call = None
        if self.writes and write is not None:
            try:
                call = write({id(tensor): k for k, tensor in enumerate(inputs)})
            except source.NoSource:
                call = None
        self.enters(name)
        self.depth += 1
        try:
            result = run(*args, **kwargs)
        finally:
            self.depth -= 1
        made = [args[0]] if name == "operator [] =" else list(self.tensors(result))
        if not made:
            return result
        for k, number in enumerate(numbers):
            self.first_use.setdefault(number, (self.ops, k))
        self.ops += 1
        outputs = [(self._output(tensor, inputs), self.array(tensor)) for tensor in made]
        where = ", ".join(filter(None, (where, self._line())))
        self.tell(
            Op(name, where, tuple(numbers), needs, tuple(outputs), call), *[a for _, a in outputs]
        )
        return result

    def _output(self, tensor: Any, inputs: list[Any]) -> int:
        """A number for an output; a parameter that was written into remains the same one."""
        mark = self.numbers.get(tensor)
        if mark is not None and mark[1] and tensor.is_leaf and any(t is tensor for t in inputs):
            known: int = mark[0]
            return known
        return self._new(tensor)

    def _line(self) -> str:
        """The program's line that we come from."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and self.inside(frame):
            frame = frame.f_back
        return f"{Path(frame.f_code.co_filename).name} line {frame.f_lineno}" if frame else ""

    def inside(self, frame: FrameType) -> bool:
        """Whether these are lines of the engine's, or ours, and not the program's."""
        name = frame.f_globals.get("__name__", "")
        return name.partition(".")[0] in self.packages or name.startswith("reference.parity")

    def here(self) -> bool:
        """Whether we are outside of the engine, in the process and the thread of the program."""
        ours = threading.get_ident() == self.thread and os.getpid() == self.process
        return self.depth == 0 and ours

    def passes(self, frame: FrameType) -> bool:
        """Whether a call from these lines is no event."""
        return self.inside(frame) or not self.here()

    # ------------------------------------------------------------------------------------- one walk

    def walk(self, run: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a backward(), and tell which gradients it sent."""
        for k, root in enumerate(self.tensors([args, kwargs])):
            if (mark := self.numbers.get(root)) is not None:
                self.first_use.setdefault(mark[0], (self.ops, k))
        self.enters("a backward()")
        self.collected = {}
        self.depth += 1
        try:
            result = run(*args, **kwargs)
        finally:
            self.depth -= 1
            collected, self.collected = self.collected, None
        # Newest first; a tensor has its gradient when the first of its uses has been undone.
        place = {n: (-op, k) for n, (op, k) in self.first_use.items()}
        order = sorted(collected, key=lambda n: (*place.get(n, (1, 0)), -n))
        self.tell(Gradients({n: collected[n] for n in order}), *collected.values())
        if not self.optimizers:
            self.end_step()
        return result


def package(thing: Any) -> str:
    """The package that a class or function was defined in.

    >>> package(Path), package(package)
    ('pathlib', 'reference')
    """
    return str(getattr(thing, "__module__", None) or "").partition(".")[0]
