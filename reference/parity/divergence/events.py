"""What a traced program tells its parent, in order: plain data that crosses a pipe.

A tensor is known by a number, given at first sight; two streams of one program agree on numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from reference.parity.case import Array


@dataclass(frozen=True)
class Job:
    """What one process runs.

    program     "mnist", "logistic", or a Python file
    arguments   for the file, its sys.argv[1:]
    nudged      every parameter is moved up by one ulp before its first use
    threads     of PyTorch, or of an engine that can be told
    capability  for PyTorch: which of its kernels, as ATEN_CPU_CAPABILITY has it; "" for the best
    follows     data and parameters are, at their first use, replaced by what the parent sends: the
                plain kernels draw random numbers that differ in the last bit of float32, and that
                is no noise of a program in float64
    writes      calls are also told as text
    """

    program: str
    engine: str = "torch"
    seed: int = 0
    dtype: str = "float32"
    data_dir: str = ""
    arguments: tuple[str, ...] = ()
    nudged: bool = False
    threads: int = 1
    capability: str = ""
    follows: bool = False
    writes: bool = False


@dataclass(frozen=True)
class Call:
    """A call as text, so that it can be made again, from the tensors that it was made with.

    expression   of `t`, the engine, and x[0], x[1], ...: "t.relu(x[0])", or of layer: "layer(x[0])"
    layer        what makes the layer, "t.nn.Linear(784, 128)", or ""
    parameters   its parameters: their names in it, and their places in x
    buffers      its other state, before the call
    constants    tensors that `layer` has as arguments: c[0], c[1], ...
    training     the mode of the layer
    """

    expression: str
    layer: str = ""
    parameters: dict[str, int] = field(default_factory=dict)
    buffers: dict[str, Array] = field(default_factory=dict)
    constants: tuple[Array, ...] = ()
    training: bool = True


@dataclass(frozen=True)
class Given:
    """A tensor that none of the operations below made, when it is first used: data, a parameter."""

    number: int
    title: str
    array: Array | None
    used_by: str


@dataclass(frozen=True)
class Op:
    """A call from the program into the engine that returned tensors.

    inputs    numbers of the tensors that went in, each once
    needs     which of them require a gradient
    call      None where it cannot be written down
    """

    name: str
    where: str
    inputs: tuple[int, ...]
    needs: tuple[bool, ...]
    outputs: tuple[tuple[int, Array | None], ...]
    call: Call | None = None


@dataclass(frozen=True)
class Gradients:
    """What one backward() sent to each tensor, in the order of the walk: from the loss back."""

    of: dict[int, Array | None]


@dataclass(frozen=True)
class Row:
    """One parameter in a step of an optimizer.

    before, state_before    None: as the last step left them
    options                 of its group, as text
    """

    parameter: int
    title: str
    gradient: Array | None
    before: Array | None
    state_before: dict[str, Any] | None
    after: Array | None
    state: dict[str, Any]
    options: str = ""


@dataclass(frozen=True)
class Update:
    """A step of an optimizer."""

    optimizer: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Gone:
    """These tensors are no more, and no gradient will come to them."""

    numbers: tuple[int, ...]


@dataclass(frozen=True)
class StepEnd:
    """A training step is over."""


@dataclass(frozen=True)
class Ended:
    """The program is over, or has raised.   error  class and text;   where  the program's line"""

    error: str = ""
    where: str = ""
    refused: bool = False


Event: TypeAlias = Given | Op | Gradients | Update | Gone | StepEnd | Ended
