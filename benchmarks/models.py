"""The same training step, written once for both engines, and for JAX in its own way.

`t` is torch or minitorch_clf: each step below is what a user of either would write.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Step = Callable[[], Any]


def digits(batch: int, inputs: int = 784, classes: int = 10) -> tuple[Array, Array]:
    """A batch that looks like MNIST: four pixels of five are black."""
    rng = np.random.default_rng(0)
    images = rng.random((batch, inputs), np.float32)
    images[rng.random((batch, inputs)) < 0.8] = 0
    return images, rng.integers(0, classes, batch)


def mlp(t: Any, widths: tuple[int, ...]) -> Any:
    """Linear, ReLU, ..., Linear from seed 0, the same initial weights for both."""
    t.manual_seed(0)
    layers: list[Any] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [t.nn.Linear(inputs, outputs), t.nn.ReLU()]
    return t.nn.Sequential(*layers[:-1])


def step_of(model: Any, criterion: Any, optimizer: Any) -> Callable[[Any, Any], Any]:
    """What a user of either engine writes into the loop: inputs and targets -> loss."""

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def training_step(t: Any, widths: tuple[int, ...], batch: int, **adam: Any) -> Step:
    """One step of Adam on cross-entropy, data in memory; returns the loss."""
    images, labels = digits(batch, widths[0], widths[-1])
    x, y = t.tensor(images), t.tensor(labels)
    model, criterion = mlp(t, widths), t.nn.CrossEntropyLoss()
    optimizer = t.optim.Adam(model.parameters(), lr=0.001, **adam)
    step = step_of(model, criterion, optimizer)
    return lambda: step(x, y)


def replayed(t: Any, widths: tuple[int, ...], batch: int) -> Step:
    """The same step, recorded once by minitorch_clf.compile."""
    images, labels = digits(batch, widths[0], widths[-1])
    x, y = t.tensor(images), t.tensor(labels)
    model, criterion = mlp(t, widths), t.nn.CrossEntropyLoss()
    optimizer = t.optim.Adam(model.parameters(), lr=0.001)

    step = t.compile(step_of(model, criterion, optimizer))
    return lambda: step(x, y)


def engines(widths: tuple[int, ...], batch: int) -> dict[str, Step]:
    """The step on both engines, and ours replayed: the sides of every row of training steps."""
    import torch

    import minitorch_clf

    return {
        "ours": training_step(minitorch_clf, widths, batch),
        "replay": replayed(minitorch_clf, widths, batch),
        "torch": training_step(torch, widths, batch),
    }


def torch_compiled(torch: Any, widths: tuple[int, ...], batch: int) -> Step:
    """torch.compile at its best here: forward and loss compiled, the optimizer's loop fused."""
    images, labels = digits(batch, widths[0], widths[-1])
    x, y = torch.tensor(images), torch.tensor(labels)
    model, criterion = mlp(torch, widths), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
    forward = torch.compile(lambda x, y: criterion(model(x), y))

    def step() -> Any:
        optimizer.zero_grad()
        loss = forward(x, y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def jax_step(torch: Any, widths: tuple[int, ...], batch: int) -> Step:
    """The whole step under jax.jit, buffers donated; from the same initial weights."""
    import jax
    import jax.numpy as jnp

    images, labels = digits(batch, widths[0], widths[-1])
    x, y = jnp.asarray(images), jnp.asarray(labels)
    parameters = [jnp.asarray(p.detach().numpy()) for p in mlp(torch, widths).parameters()]
    lr, beta1, beta2, eps = 0.001, 0.9, 0.999, 1e-8

    def loss_of(parameters: list[Any]) -> Any:
        h = x
        for k in range(0, len(parameters), 2):
            h = h @ parameters[k].T + parameters[k + 1]
            h = h if k + 2 == len(parameters) else jax.nn.relu(h)
        return -jnp.take_along_axis(jax.nn.log_softmax(h), y[:, None], 1).mean()

    def update(state: tuple[Any, ...]) -> tuple[Any, Any]:
        parameters, m, v, t = state
        loss, grads = jax.value_and_grad(loss_of)(parameters)
        t = t + 1
        m = [beta1 * a + (1 - beta1) * g for a, g in zip(m, grads, strict=True)]
        v = [beta2 * a + (1 - beta2) * g * g for a, g in zip(v, grads, strict=True)]
        parameters = [
            p - lr / (1 - beta1**t) * a / (jnp.sqrt(b) / jnp.sqrt(1 - beta2**t) + eps)
            for p, a, b in zip(parameters, m, v, strict=True)
        ]
        return loss, (parameters, m, v, t)

    run = jax.jit(update, donate_argnums=0)
    state: Any = (
        parameters,
        [jnp.zeros_like(p) for p in parameters],
        [jnp.zeros_like(p) for p in parameters],
        jnp.float32(0),
    )

    def step() -> Any:
        nonlocal state
        loss, state = run(state)
        return loss.block_until_ready()

    return step


def agree(sides: dict[str, Step], reference: str, steps: int = 5, rtol: float = 1e-4) -> None:
    """Run every side a few steps; raise if its losses are not the reference's.

    AssertionError names the side. Afterwards all sides are warm.
    """
    losses = {name: [_number(step()) for _ in range(steps)] for name, step in sides.items()}
    for name, values in losses.items():
        if not np.allclose(values, losses[reference], rtol=rtol, atol=1e-6):
            raise AssertionError(f"{name} computes {values}, {reference} {losses[reference]}")


def _number(loss: Any) -> float:
    """A float as it is; of a tensor its only element, without PyTorch's warning of its history."""
    return loss if isinstance(loss, float) else float(loss.item())


def optional(build: Callable[[], Step], name: str, package: str) -> tuple[Step | None, str]:
    """The side, or why it does not run here."""
    try:
        return build(), ""
    except ImportError:
        return None, f"{name}: {package} is not installed (pip install -e '.[bench]')"
