"""Logistic regression on three points: from which x on is the answer yes?

    p(x) = sigmoid(weight * x + bias)          x = 1, 2, 3 -> y = 0, 0, 1

The points can be separated, so no finite weight is best: it grows for as long as training goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn, optim


@dataclass(frozen=True)
class Config:
    """What a run depends on."""

    epochs: int = 10_000
    lr: float = 0.01
    seed: int = 0


def data() -> tuple[Tensor, Tensor]:
    """Return the points and their classes, both float32 (3, 1)."""
    return torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([[0.0], [0.0], [1.0]])


class LogisticRegression(nn.Module):
    """x (N, 1) -> sigmoid(weight * x + bias) (N, 1): how likely the answer is yes."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.linear(x))


def build(config: Config) -> LogisticRegression:
    """Return the untrained model: one weight, one bias, drawn from the seed."""
    torch.manual_seed(config.seed)
    return LogisticRegression()


def train(
    config: Config, model: nn.Module, on_epoch: Callable[[int, float], None] | None = None
) -> list[float]:
    """Train in place on all three points at once; return the loss before each step.

    on_epoch(epoch, loss) is called after every step, epochs counted from 1.
    """
    x, y = data()
    criterion = nn.BCELoss()
    optimizer = optim.SGD(model.parameters(), lr=config.lr)
    losses = []
    for epoch in range(1, config.epochs + 1):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if on_epoch is not None:
            on_epoch(epoch, losses[-1])
    return losses


def predictions(model: nn.Module) -> list[tuple[float, float, int]]:
    """Return (x, probability of yes, class) for x = 1, 2, 3, and 4, which it never saw."""
    with torch.no_grad():
        probabilities = model(torch.tensor([[1.0], [2.0], [3.0], [4.0]])).flatten().tolist()
    return [(x, p, int(p >= 0.5)) for x, p in zip((1.0, 2.0, 3.0, 4.0), probabilities, strict=True)]


def main(arguments: list[str] | None = None) -> None:
    """Train, then print what was learned and what it says about x = 1, 2, 3, 4."""
    defaults = Config()
    parser = argparse.ArgumentParser(description="Logistic regression on three points.")
    parser.add_argument("--epochs", type=int, default=defaults.epochs)
    parser.add_argument("--lr", type=float, default=defaults.lr)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    config = Config(**vars(parser.parse_args(arguments)))

    def report(epoch: int, loss: float) -> None:
        if epoch % 2000 == 0:
            print(f"epoch {epoch:5d}  loss {loss:.6f}")

    model = build(config)
    train(config, model, report)
    for name, parameter in model.named_parameters():
        print(f"{name} {parameter.item():.4f}")
    for x, probability, label in predictions(model):
        print(f"x = {x:.0f}  probability {probability:.4f}  class {label}")


if __name__ == "__main__":
    main()
