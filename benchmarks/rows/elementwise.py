"""Row 5: each activation and loss, forward and backward, small, middling and large."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.row import Race, Row, Target

SIZES = (1_000, 100_000, 10_000_000)

ACTIVATIONS = (
    "relu",
    "leaky_relu",
    "softplus",
    "selu",
    "sigmoid",
    "tanh",
    "elu",
    "gelu",
    "silu",
    "logsigmoid",
    "softmax",
    "log_softmax",
)
LOSSES: dict[str, Callable[..., Any]] = {
    "cross_entropy": lambda t, x, y: t.nn.functional.cross_entropy(x, y["classes"]),
    "cross_entropy smoothed": lambda t, x, y: t.nn.functional.cross_entropy(
        x, y["classes"], label_smoothing=0.1
    ),
    "nll_loss": lambda t, x, y: t.nn.functional.nll_loss(x, y["classes"]),
    "binary_cross_entropy": lambda t, x, y: t.nn.functional.binary_cross_entropy(x, y["unit"]),
    "binary_cross_entropy_with_logits": lambda t, x, y: (
        t.nn.functional.binary_cross_entropy_with_logits(x, y["unit"])
    ),
    "mse_loss": lambda t, x, y: t.nn.functional.mse_loss(x, y["unit"]),
    "l1_loss": lambda t, x, y: t.nn.functional.l1_loss(x, y["unit"]),
    "smooth_l1_loss": lambda t, x, y: t.nn.functional.smooth_l1_loss(x, y["unit"]),
    "huber_loss": lambda t, x, y: t.nn.functional.huber_loss(x, y["unit"]),
    "kl_div": lambda t, x, y: t.nn.functional.kl_div(x, y["unit"], reduction="batchmean"),
}


def side(t: Any, name: str, size: int) -> Callable[[], Any]:
    """Forward and backward; for an activation with a given upstream gradient."""
    rng = np.random.default_rng(0)
    shape = (size // 10, 10)
    unit = rng.uniform(0.05, 0.95, shape).astype(np.float32)
    values = unit if name == "binary_cross_entropy" else rng.standard_normal(shape, np.float32)
    x = t.tensor(values, requires_grad=True)
    if name in LOSSES:
        y = {"unit": t.tensor(unit), "classes": t.tensor(rng.integers(0, 10, size // 10))}
        loss = LOSSES[name]

        def run() -> Any:
            x.grad = None
            loss(t, x, y).backward()
            return x.grad

        return run
    function = getattr(t.nn.functional, name)
    options = {"dim": 1} if "softmax" in name else {}
    upstream = t.tensor(rng.standard_normal(shape, np.float32))

    def run_activation() -> Any:
        x.grad = None
        function(x, **options).backward(upstream)
        return x.grad

    return run_activation


def build() -> Iterator[Race]:
    import torch

    import minitorch_clf

    for size in SIZES:
        for name in (*ACTIVATIONS, *LOSSES):
            sides = {"ours": side(minitorch_clf, name, size), "torch": side(torch, name, size)}
            ours, theirs = (np.array(run().detach()) for run in sides.values())
            if not np.allclose(ours, theirs, rtol=1e-4, atol=1e-6):
                raise AssertionError(f"{name} at {size}: the gradients differ")
            # read x, write out; read g and x or out, write grad_x
            floor = machine.floor(0, 5 * 4 * size)
            yield Race(f"{name}, {size:.0e}".replace("+0", ""), sides, floor=floor, budget=1.5)


ROW = Row(
    "elementwise",
    "each activation and loss, forward and backward",
    "call",
    build,
    (Target("torch", 1),),
    threads=0,
)
