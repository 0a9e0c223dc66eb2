"""Training programs, built twice from one seed: once to run eagerly, once to be replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import minitorch_clf as torch
from minitorch_clf import Tensor, nn
from minitorch_clf.nn import functional as F


class Run(NamedTuple):
    """A step, and what it changes."""

    step: Callable[..., Any]
    model: nn.Module
    optimizer: torch.optim.Optimizer


def trained(
    layers: Callable[[], list[nn.Module]],
    loss: Callable[[Tensor, Tensor], Tensor],
    optimizer: Callable[[Any], torch.optim.Optimizer],
    seed: int = 0,
) -> Run:
    """A model and the usual step."""
    torch.manual_seed(seed)
    model = nn.Sequential(*layers())
    o = optimizer(model.parameters())

    def step(x: Tensor, y: Tensor) -> Tensor:
        o.zero_grad()
        out = loss(model(x), y)
        out.backward()
        o.step()
        return out

    return Run(step, model, o)


def batches(
    n: int, size: int, features: int, classes: int | None, dtype: Any = None, seed: int = 1
) -> list[tuple[Tensor, Tensor]]:
    """n batches of one size; classes=None: targets in (0, 1), one per sample."""
    torch.manual_seed(seed)
    made = []
    for _ in range(n):
        x = torch.randn(size, features, dtype=dtype)
        y = (
            torch.rand(size, 1, dtype=dtype)
            if classes is None
            else torch.randint(0, classes, (size,))
        )
        made.append((x, y))
    return made


def bits(t: Tensor | None) -> Any:
    return None if t is None else (t.array.shape, t.array.dtype, t.array.tobytes())


def state_of(run: Run) -> list[Any]:
    """Everything a step changes, as bytes."""
    found: list[Any] = [bits(t) for t in run.model.state_dict().values()]
    for p in run.model.parameters():
        found.append(bits(p.grad))
        state = run.optimizer.state.get(p, {})
        found += [(k, bits(v) if isinstance(v, Tensor) else v) for k, v in state.items()]
    return found


def assert_replays(
    make: Callable[[], Run], data: list[tuple[Tensor, Tensor]], replays: int | None = None
) -> Any:
    """The compiled step equals the eager one after every call, and was replayed."""
    eager, replayed = make(), make()
    compiled = torch.compile(replayed.step)
    for k, (x, y) in enumerate(data):
        torch.manual_seed(100 + k)
        a = eager.step(x, y)
        stream = torch.get_rng_state().tolist()
        torch.manual_seed(100 + k)
        b = compiled(x, y)
        assert torch.get_rng_state().tolist() == stream, k
        assert bits(a) == bits(b), k
        for u, v in zip(state_of(eager), state_of(replayed), strict=True):
            assert u == v, k
        for p, q in zip(eager.model.parameters(), replayed.model.parameters(), strict=True):
            assert p._version == q._version
    assert compiled.replays == (len(data) - 2 if replays is None else replays), compiled.explain()
    return compiled


__all__ = ["F", "Run", "assert_replays", "batches", "bits", "np", "state_of", "trained"]
