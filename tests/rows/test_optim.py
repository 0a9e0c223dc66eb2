"""T70, T75, T76, T80, T81: rules of optimizers, each beside one that others follow.

T68 to T79 are also in tests/optim/test_steps.py, where every option meets every other.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pytest
import torch

import minitorch_clf
from tests.nn.twin import same

AS_PYTHON = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"


def positions(t: Any, optimizer: str, grads: list[float], **options: Any) -> list[float]:
    """Where one float64 parameter, which starts at 0, is after each gradient."""
    p = t.zeros(1, dtype=t.float64, requires_grad=True)
    chosen = getattr(t.optim, optimizer)([p], **options)
    path = []
    for g in grads:
        p.grad = t.tensor([g], dtype=t.float64)
        chosen.step()
        path.append(p.item())
    return path


def test_t70_nesterov_adds_the_new_buffer_to_the_gradient(t: Any) -> None:
    path = positions(t, "SGD", [1.0, 1.0], lr=1, momentum=0.5, nesterov=True)
    buffers = [1.0, 0.5 * 1.0 + 1.0]
    assert path == [-1.5, -1.5 - (1.0 + 0.5 * buffers[1])]
    old_buffers = [0.0, *buffers]
    assert path[1] != path[0] - (1.0 + 0.5 * old_buffers[1])
    assert path != positions(t, "SGD", [1.0, 1.0], lr=1, momentum=0.5)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "dampening": 0.1}])
def test_t70_nesterov_needs_momentum_and_no_dampening(t: Any, options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Nesterov momentum requires a momentum and zero"):
        t.optim.SGD([t.zeros(1)], nesterov=True, **options)


def moments(t: Any, steps: int = 10) -> tuple[list[Any], dict[str, Any]]:
    """1,000 gradients for each step, and Adam's state after them."""
    rng = np.random.default_rng(0)
    grads = rng.standard_normal((steps, 1000)).astype(np.float32)
    p = t.zeros(1000, requires_grad=True)
    adam = t.optim.Adam([p])
    for g in grads:
        p.grad = t.tensor(g)
        adam.step()
    return list(grads), adam.state[p]


def test_t75_adam_moves_its_mean_towards_the_gradient() -> None:
    """m + (1 - b) (g - m), rounded so, and v b + (1 - b) g g with its own; a step is a float32."""
    same(lambda t: moments(t)[1])
    grads, state = moments(torch)
    one_moment = np.zeros(1000, np.float32)
    for g in grads:
        one_moment = 0.9 * one_moment + (1 - 0.9) * g
    as_usual = np.mean(state["exp_avg"].numpy() != one_moment)
    assert as_usual > 0.1  # of the elements have other bits if m is a weighted sum
    assert moments(minitorch_clf)[1]["step"].dtype == minitorch_clf.float32


def test_t76_amsgrad_keeps_the_largest_v_uncorrected(t: Any) -> None:
    grads, beta1, beta2, lr = [1.0, 0.5, 0.1], 0.9, 0.99, 0.1
    path = positions(t, "Adam", grads, lr=lr, betas=(beta1, beta2), eps=0, amsgrad=True)
    p = m = v = largest = largest_corrected = 0.0
    others = 0.0
    for k, g in enumerate(grads, start=1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        correction = 1 - beta2**k
        largest, largest_corrected = max(largest, v), max(largest_corrected, v / correction)
        rate = lr / (1 - beta1**k)
        p -= rate * m / math.sqrt(largest / correction)
        others -= rate * m / math.sqrt(largest_corrected)
    assert path[-1] == pytest.approx(p, rel=1e-14)  # ours and PyTorch's order, not this one
    assert others != pytest.approx(p, rel=0.1)


RULES: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.9, "weight_decay": 0.01},
    "Adam": {},
    "AdamW": {"amsgrad": True},
}


def trained(t: Any, optimizer: str, **kind: bool | None) -> bytes:
    """Two parameters of 2,000 numbers after five steps."""
    rng = np.random.default_rng(0)

    def normal() -> Any:
        return t.tensor(rng.standard_normal(2000).astype(np.float32))

    params = [normal(), normal()]
    chosen = getattr(t.optim, optimizer)(params, **RULES[optimizer], **kind)
    for _ in range(5):
        for p in params:
            p.grad = normal()
        chosen.step()
    return b"".join(p.numpy().tobytes() for p in params)


@pytest.mark.parametrize("optimizer", RULES)
def test_t80_foreach_has_the_bits_of_the_loop(optimizer: str) -> None:
    loop = trained(torch, optimizer, foreach=False)
    assert trained(torch, optimizer, foreach=True) == loop
    ours = {trained(minitorch_clf, optimizer, foreach=foreach) for foreach in (None, False, True)}
    assert len(ours) == 1
    if optimizer == "SGD" or not AS_PYTHON:  # the root is MKL's, which Python cannot call
        assert ours == {loop}


def test_t80_fused_has_not_and_is_refused() -> None:
    """Which rule differs is up to the processor; this is why there is no fused loop here."""
    assert any(
        trained(torch, optimizer, fused=True) != trained(torch, optimizer, foreach=False)
        for optimizer in RULES
    )
    for optimizer in RULES:
        with pytest.raises(NotImplementedError, match="fused=True"):
            trained(minitorch_clf, optimizer, fused=True)


def test_t81_state_dicts_name_parameters_by_number_and_hold_every_flag(t: Any) -> None:
    p, q = (t.ones(2, requires_grad=True) for _ in range(2))
    adam = t.optim.Adam([{"params": [p]}, {"params": [q], "lr": 1.0}])
    q.grad = t.ones(2)
    adam.step()
    state_dict = adam.state_dict()
    assert [group["params"] for group in state_dict["param_groups"]] == [[0], [1]]
    assert list(state_dict["state"]) == [1]  # by their place; nothing for what has no gradient yet
    assert list(state_dict["state"][1]) == ["step", "exp_avg", "exp_avg_sq"]
    step = state_dict["state"][1]["step"]
    assert (step.dtype, tuple(step.shape), step.item()) == (t.float32, (), 1)
    flags = {"foreach": None, "fused": None, "capturable": False, "differentiable": False}
    for group in state_dict["param_groups"]:
        assert {**group, **flags, "maximize": False, "amsgrad": False} == group

    sgd = t.optim.SGD([p], momentum=0.9)
    p.grad = t.ones(2)
    sgd.step()
    assert list(sgd.state_dict()["state"][0]) == ["momentum_buffer"]
    fresh = t.optim.SGD([p])
    fresh.load_state_dict(sgd.state_dict())
    assert fresh.state[p]["momentum_buffer"].tolist() == [1.0, 1.0]
