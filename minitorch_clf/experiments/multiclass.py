"""Three classes from ten features, with one linear layer: softmax regression trained with Adam.

    logits = Linear(10, 3)(x)        P(class c) = softmax(logits)[c]

Each class is a cloud around a centre of its own; 300 points, 100 a class.
"""

from __future__ import annotations

import minitorch_clf as torch
from minitorch_clf import Tensor, nn, optim

STEPS = 200


def data(seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return 300 points float32 (300, 10) and their classes int64 (300,)."""
    torch.manual_seed(seed)
    centres = torch.randn(3, 10)
    classes = torch.arange(300) % 3
    return centres[classes] + torch.randn(300, 10), classes


def train(x: Tensor, y: Tensor) -> tuple[nn.Linear, list[float]]:
    """Return the trained layer, and the loss before each step."""
    model = nn.Linear(10, 3)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return model, losses


def main() -> None:
    """Train; print the loss on the way, the accuracy, and what it says of three points."""
    x, y = data()
    model, losses = train(x, y)
    for step in (1, 50, 100, 150, 200):
        print(f"step {step:3d}  loss {losses[step - 1]:.4f}")
    with torch.no_grad():
        probabilities = torch.softmax(model(x), dim=1)
    print(f"accuracy {(probabilities.argmax(dim=1) == y).float().mean().item():.2%}")
    for row, label in zip(probabilities[:3].tolist(), y[:3].tolist(), strict=True):
        print("P = " + "  ".join(f"{p:.4f}" for p in row) + f"   true class {label}")


if __name__ == "__main__":
    main()
