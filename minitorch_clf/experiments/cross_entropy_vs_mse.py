"""Why classifiers train on cross-entropy: with squared error, a bad mistake teaches nothing.

One logit z, the true answer is yes (y = 1), p = sigmoid(z):

    cross-entropy   loss = -log(p)       d loss/dz = p - 1              -> -1 as z -> -inf
    squared error   loss = (p - 1)^2     d loss/dz = 2 (p - 1) p (1 - p) -> 0 as z -> -inf

The factor p (1 - p), the slope of the sigmoid, is the vanishing gradient. Cross-entropy cancels it.
"""

from __future__ import annotations

from collections.abc import Callable

import minitorch_clf as torch
from minitorch_clf import Tensor, nn, optim
from minitorch_clf.nn import functional as F

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross-entropy": nn.BCEWithLogitsLoss(),
    "squared error": lambda z, y: F.mse_loss(torch.sigmoid(z), y),
}
YES = torch.tensor([1.0])


def slope(criterion: Callable[[Tensor, Tensor], Tensor], logit: float) -> float:
    """Return d loss/dz at z = logit."""
    z = torch.tensor([logit], requires_grad=True)
    (gradient,) = torch.autograd.grad(criterion(z, YES), z)
    return float(gradient.item())


def train(criterion: Callable[[Tensor, Tensor], Tensor], logit: float, steps: int) -> list[float]:
    """Descend from z = logit with SGD(lr=1); return p before each step, and at the end."""
    z = torch.tensor([logit], requires_grad=True)
    optimizer = optim.SGD([z], lr=1.0)
    probabilities = [torch.sigmoid(z).item()]
    for _ in range(steps):
        optimizer.zero_grad()
        criterion(z, YES).backward()
        optimizer.step()
        probabilities.append(torch.sigmoid(z).item())
    return probabilities


def main() -> None:
    """Print both slopes as the mistake grows, then both ways out of a mistake."""
    print("slope of the loss at logit z, where the answer is yes")
    print(f"{'z':>6}" + "".join(f"{name:>16}" for name in LOSSES))
    for logit in (0.0, -2.0, -4.0, -8.0, -16.0):
        print(f"{logit:6.0f}" + "".join(f"{slope(loss, logit):16.6f}" for loss in LOSSES.values()))

    print("\nprobability of yes, descending from z = -8")
    print(f"{'step':>6}" + "".join(f"{name:>16}" for name in LOSSES))
    paths = [train(loss, -8.0, 100) for loss in LOSSES.values()]
    for step in (0, 5, 10, 20, 100):
        print(f"{step:6d}" + "".join(f"{path[step]:16.6f}" for path in paths))


if __name__ == "__main__":
    main()
