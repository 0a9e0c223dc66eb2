"""compile: a training step recorded once, and replayed without the Python in between.

What it takes to record is imported when something is compiled, not before.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

__all__ = ["compile"]


def compile(
    model: Callable[..., Any] | None = None,
    *,
    explain: bool = False,
    verify: bool = False,
    **unsupported: Any,
) -> Any:
    """`model`, a function of Tensors, recorded in its first two calls and replayed from then on.

    model     usually one step of training: it may call backward(), zero_grad() and step() of models
              and optimizers that it closes over, and returns a Tensor, or a nest of them, or None
    explain   say on stderr what is recorded, and why a call is not replayed
    verify    run each replayed call eagerly as well, and compare all that it changed, bit by bit

    A replay computes what the eager call would, to the bit, but runs none of the step's Python. So
    all that Python reads in the step is checked first, and what cannot be checked or repeated makes
    calls run eagerly, with a reason that `explain()` tells.

    Differs from torch.compile: nothing is translated, so `backend`, `mode`, `options`, `fullgraph`,
    `dynamic` and `disable` are refused; a step includes backward and the optimizer; what a replayed
    step returns has no graph behind it.

    NotImplementedError  "compile(mode=...) is not supported"
    RuntimeError         verify=True: what differs between the replay and the eager call

    >>> import minitorch_clf as torch
    >>> w = torch.zeros(1, requires_grad=True)
    >>> optimizer = torch.optim.SGD([w], lr=0.25)
    >>> @torch.compile
    ... def step(x, y):
    ...     optimizer.zero_grad()
    ...     loss = ((w * x - y) ** 2).sum()
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> x, y = torch.tensor([1.0]), torch.tensor([2.0])
    >>> [step(x, y).item() for _ in range(4)]
    [4.0, 1.0, 0.25, 0.0625]
    >>> step.replays
    2
    """
    for name, value in unsupported.items():
        if name not in ("fullgraph", "dynamic", "backend", "mode", "options", "disable"):
            raise TypeError(f"compile() got an unexpected keyword argument '{name}'")
        raise NotImplementedError(f"compile({name}={value!r}) is not supported")
    if model is None:
        return functools.partial(compile, explain=explain, verify=verify)
    if not callable(model):
        raise TypeError(f"compile() needs something to call, not {type(model).__name__}")
    from minitorch_clf.replay.compiled import Compiled  # noqa: PLC0415 (a tenth of start-up)

    return Compiled(model, explain=explain, verify=verify)
