"""Row 8: from nothing to the first step, compiled or not, and the memory of the MNIST program."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator

from benchmarks.row import Race, Row, Target

FIRST_STEP = """
import {module} as t
model = t.nn.Sequential(t.nn.Linear(784, 128), t.nn.ReLU(), t.nn.Linear(128, 10))
optimizer = t.optim.Adam(model.parameters())
loss = t.nn.functional.cross_entropy(model(t.rand(64, 784)), t.randint(0, 10, (64,)))
loss.backward()
optimizer.step()
"""
IMPORT = "import {module}"


def process(code: str, **environment: str) -> Callable[[], object]:
    """A call that runs a script in a fresh interpreter."""
    command = [sys.executable, "-c", code]
    return lambda: subprocess.run(command, check=True, env=os.environ | environment)


def cold(code: str) -> Callable[[], object]:
    """The same with an empty folder for compiled kernels."""

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            process(code, NUMBA_CACHE_DIR=folder)()

    return run


def build_startup() -> Iterator[Race]:
    for label, code in (("import", IMPORT), ("import and first step", FIRST_STEP)):
        ours, theirs = code.format(module="minitorch_clf"), code.format(module="torch")
        sides = {"ours": process(ours), "torch": process(theirs)}
        if code is FIRST_STEP:
            sides["cold"] = cold(ours)
        for side in sides.values():
            side()
        yield Race(label, sides, budget=30, rounds=5)


STARTUP = Row(
    "startup",
    "from nothing to the first step; cold: kernels compiled for the first time",
    "process",
    build_startup,
    (Target("torch", 1),),
    processes=1,
)


COMPILED = {
    "replay": "import minitorch_clf as t; step = models.replayed(t, WIDTHS, BATCH)",
    "torch.compile": "import torch as t; step = models.torch_compiled(t, WIDTHS, BATCH)",
    "jax.jit": "import torch as t; step = models.jax_step(t, WIDTHS, BATCH)",
}
"""Of each side, how it gets a compiled step; none of them compiles before the step is called."""
TIMED = """
import time
from benchmarks import models
from benchmarks.rows.step import BATCH, WIDTHS
{build}
start = time.perf_counter()
for _ in range(3):
    float(step().item())
print(time.perf_counter() - start)
"""


def printed(code: str, *arguments: str) -> Callable[[], float]:
    """A call that runs a script in a fresh interpreter, for the number that it prints last."""
    command = [sys.executable, "-c", code, *arguments]

    def run() -> float:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return float(done.stdout.split()[-1])

    return run


def build_compile() -> Iterator[Race]:
    sides: dict[str, Callable[[], object]] = {
        name: printed(TIMED.format(build=build)) for name, build in COMPILED.items()
    }
    skipped = {}
    if importlib.util.find_spec("jax") is None:
        del sides["jax.jit"]
        skipped["jax.jit"] = "jax is not installed (pip install -e '.[bench]')"
    for side in sides.values():
        side()  # what each keeps on disk is there
    yield Race("", sides, skipped=skipped, rounds=5, budget=60, returns_value=True)


COMPILE = Row(
    "compile",
    "the first three compiled steps, caches on disk warm: 784-128-10, batch 64, Adam",
    "process",
    build_compile,
    (Target("torch.compile", 1, "replay"), Target("jax.jit", 1, "replay")),
    processes=1,
)


def peak(module: str) -> Callable[[], float]:
    """Peak resident memory, in bytes, of one epoch of the MNIST program.

    From /proc: what getrusage says also counts the process that this one was forked from, and that
    one has loaded PyTorch.
    """
    code = (
        "import sys\n"
        f"from {module}.experiments import mnist\n"
        "mnist.main(['--epochs', '1', '--data-dir', sys.argv[1]])\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(1024 * int(status['VmHWM'].split()[0]))"
    )
    return printed(code, os.environ["MINITORCH_CLF_DATA"])


def build_memory() -> Iterator[Race]:
    yield Race(
        "",
        {"ours": peak("minitorch_clf"), "torch": peak("reference")},
        rounds=3,
        budget=60,
        returns_value=True,
    )


MEMORY = Row(
    "memory",
    "peak memory of the MNIST program, one epoch",
    "bytes",
    build_memory,
    (Target("torch", 2),),
    processes=1,
    needs_mnist=True,
)
