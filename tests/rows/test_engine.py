"""T100 and T128: in which order hooks run, and on how many threads the reference does."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any


def test_t100_hooks_run_in_this_order_however_registered(t: Any) -> None:
    x = t.tensor([2.0], requires_grad=True)
    y = x * 3
    order = []
    x.register_post_accumulate_grad_hook(lambda _: order.append("after accumulation"))
    x.register_hook(lambda _: order.append("leaf"))
    y.grad_fn.register_hook(lambda *_: order.append("node"))
    y.grad_fn.register_prehook(lambda _: order.append("before the node"))
    y.retain_grad()  # before the hook, and yet it sees what the hook made
    y.register_hook(lambda g: (order.append("tensor"), g * 10)[1])
    y.sum().backward()
    assert order == ["tensor", "before the node", "node", "leaf", "after accumulation"]
    assert (y.grad.tolist(), x.grad.tolist()) == ([10.0], [30.0])


def test_t128_the_reference_runs_on_one_thread() -> None:
    """PyTorch's sums and products have other bits on two; whoever imports the reference pins it."""
    program = (
        "import torch; torch.set_num_threads(2); "
        "import reference.experiments; print(torch.get_num_threads())"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.stdout.strip() == "1"
