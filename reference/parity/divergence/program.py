"""A program written for PyTorch, run on another engine: the same file, unchanged.

    program = load_program("reference/experiments/mnist.py", "minitorch_clf")
    program.build(program.Config())          # a Sequential of minitorch_clf

While the file is imported, the engine stands where PyTorch is looked for: `import torch`,
`from torch import nn`, `import torch.nn.functional as F` and `from torch.utils.data import ...` all
find the engine, and `torchvision` finds its `vision`. What the engine lacks cannot be imported
(ModuleNotFoundError); PyTorch's own is never mixed in.
"""

from __future__ import annotations

import gzip
import importlib
import importlib.util
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from reference.parity.case import Array
from reference.parity.divergence.events import Job
from reference.parity.engines import EngineError, TorchLike, load_engine

#: What of PyTorch is imported by a name with a dot.
SUBMODULES = (
    *("nn", "nn.functional", "nn.init", "nn.parameter", "nn.modules", "nn.utils", "nn.utils.rnn"),
    *("optim", "optim.lr_scheduler", "utils", "utils.data", "autograd", "autograd.functional"),
    *("linalg", "special", "func", "random", "cuda", "backends", "testing"),
)
VISION = ("datasets", "transforms")


def load_program(path: str | Path, engine: str) -> ModuleType:
    """The file as a module whose torch is `engine`; in the same process others keep theirs.

    engine    as load_engine takes it
    raises    EngineError, or what the file itself raises

    Imports inside functions, which run later, find PyTorch: a program that has any needs
    `standing_in` around its whole life, in a process of its own.

    >>> from reference.experiments import logistic as pytorch_s
    >>> program = load_program(pytorch_s.__file__, "minitorch_clf")
    >>> program.torch.__name__, pytorch_s.torch.__name__
    ('minitorch_clf', 'torch')
    >>> config = program.Config(epochs=3)
    >>> program.train(config, program.build(config)) == pytorch_s.train(
    ...     config, pytorch_s.build(config)
    ... )
    True
    """
    with standing_in(torch_like(engine)):
        return load_file(path)


def torch_like(spec: str) -> ModuleType:
    """The module with PyTorch's names that `spec` stands for; EngineError if it is none."""
    engine = load_engine(spec)
    if not isinstance(engine, TorchLike):
        raise EngineError(
            f"{spec} has names of its own, behind an adapter; a program in PyTorch's words needs a "
            "module with PyTorch's names"
        )
    module: ModuleType = engine.module
    return module


def load_file(path: str | Path, name: str = "program") -> ModuleType:
    """Run a Python file as a module called `name`, which sys.modules has from then on."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look there for the module of their class
    spec.loader.exec_module(module)
    return module


@contextmanager
def standing_in(engine: ModuleType) -> Iterator[None]:
    """Within, whoever imports torch gets `engine`; afterwards all is as it was.

    The programs of reference/experiments, imported within, are the engine's as well.
    """
    if engine.__name__ == "torch":
        yield
        return
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if _follows_torch(name)}
    sys.modules.update(_stand_ins(engine))
    nothing_else = _NothingElse(engine.__name__)
    sys.meta_path.insert(0, nothing_else)
    try:
        yield
    finally:
        sys.meta_path.remove(nothing_else)
        for name in list(sys.modules):
            if _follows_torch(name):
                del sys.modules[name]
        sys.modules.update(hidden)


def _follows_torch(name: str) -> bool:
    """Whether it is PyTorch's module, or one of ours that imports PyTorch."""
    top, _, rest = name.partition(".")
    ours = top == "reference" and rest.partition(".")[0] != "parity"
    return ours or top in ("torch", "torchvision")


def _stand_ins(engine: ModuleType) -> dict[str, ModuleType]:
    """Module names, and what of the engine is found under them."""
    modules = {"torch": engine}
    for name in SUBMODULES:
        if (module := _submodule(engine, name)) is not None:
            modules[f"torch.{name}"] = module
    vision = _submodule(engine, "vision") or ModuleType("vision")
    modules["torchvision"] = vision
    for name in VISION:
        module = _submodule(vision, name)
        if module is not None:
            modules[f"torchvision.{name}"] = module

    # Ours around torchvision cure its installation and PyTorch's threads: nothing that an engine
    # has to suffer. A new `reference` has no attributes that lead to the modules that are hidden.
    ours = ModuleType("reference")
    ours.__path__ = [str(Path(__file__).parents[2])]
    cure = ModuleType("reference.torchvision_cure")
    for name in VISION:
        setattr(cure, name, modules.get(f"torchvision.{name}", ModuleType(name)))
    return {
        **modules,
        "reference": ours,
        "reference.pins": ModuleType("reference.pins"),
        "reference.torchvision_cure": cure,
        "reference.datasets": modules.get("torchvision.datasets", ModuleType("datasets")),
    }


def _submodule(module: ModuleType, name: str) -> Any:
    """`module.name`, imported if it must be; None if there is no such thing."""
    found: Any = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            try:
                found = importlib.import_module(f"{found.__name__}.{part}")
            except ModuleNotFoundError:
                return None
    return found


class _NothingElse:
    """A finder that ends every search for a torch.something that the engine does not have."""

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,  # noqa: ARG002 - a finder's signature
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in ("torch", "torchvision"):
            raise ModuleNotFoundError(f"{self._engine} has no module {name!r}", name=name)
        return None


# --------------------------------------------------------------------- the two programs, and a file


def run(job: Job, engine: Any) -> None:
    """Run the program to its end, in a process of its own, within `standing_in(engine)`."""
    if job.program == "mnist":
        _mnist(job, engine)
    elif job.program == "logistic":
        engine.set_default_dtype(getattr(engine, job.dtype))
        logistic = importlib.import_module("reference.experiments.logistic")
        config = logistic.Config(seed=job.seed)
        logistic.train(config, logistic.build(config))
    else:
        _file(job, engine)


def _mnist(job: Job, engine: Any) -> None:
    mnist = importlib.import_module("reference.experiments.mnist")
    data = importlib.import_module("torch.utils.data")
    images, labels = map(engine.tensor, mnist_arrays(job.data_dir))
    config = mnist.Config(seed=job.seed, dtype=job.dtype)
    batches = data.DataLoader(
        data.TensorDataset(images, labels), batch_size=config.batch_size, shuffle=True
    )
    mnist.train(config, mnist.build(config), batches)


def _file(job: Job, engine: Any) -> None:
    """As `python FILE ARGUMENTS` would, but for seeds and a default dtype that it may override."""
    random.seed(job.seed)
    np.random.seed(job.seed)  # noqa: NPY002 - the generator that the file may use
    engine.manual_seed(job.seed)
    if job.dtype != "float32":
        engine.set_default_dtype(getattr(engine, job.dtype))
    path = Path(job.program).resolve()
    sys.argv = [str(path), *job.arguments]
    sys.path.insert(0, str(path.parent))
    load_file(path, "__main__")


def mnist_arrays(data_dir: str) -> tuple[Array, Array]:
    """MNIST's training images as ToTensor makes them, float32 (60000, 1, 28, 28), and classes.

    FileNotFoundError   names the file that is missing from DATA_DIR/MNIST/raw
    """
    images = _idx(data_dir, "train-images-idx3-ubyte").reshape(-1, 1, 28, 28)
    labels = _idx(data_dir, "train-labels-idx1-ubyte")
    return images.astype(np.float32) / np.float32(255), labels.astype(np.int64)


def _idx(data_dir: str, name: str) -> Array:
    """The bytes of an IDX file, behind its magic number and its sizes, 4 bytes each."""
    path = Path(data_dir, "MNIST", "raw", name)
    packed = path.with_name(f"{name}.gz")
    raw = path.read_bytes() if path.is_file() else gzip.decompress(packed.read_bytes())
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3])
