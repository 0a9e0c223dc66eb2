"""Four activations side by side on (-1, 0, 1): their values, and their slopes.

    relu(x)       = max(x, 0)
    leaky_relu(x) = x if x > 0 else 0.01 x
    softplus(x)   = log(1 + exp(x)), a smooth relu
    selu(x)       = 1.0507 (x if x > 0 else 1.6733 (exp(x) - 1)), which keeps mean 0 and variance 1

At 0, where three of them have a kink, the slope is the one that PyTorch chooses.
"""

from __future__ import annotations

import minitorch_clf as torch
from minitorch_clf import Tensor
from minitorch_clf.nn import functional as F

ACTIVATIONS = (F.relu, F.leaky_relu, F.softplus, F.selu)
POINTS = (-1.0, 0.0, 1.0)


def values_and_slopes() -> dict[str, tuple[Tensor, Tensor]]:
    """Return for each activation its values at POINTS and its derivatives there."""
    table = {}
    for activation in ACTIVATIONS:
        x = torch.tensor(POINTS, requires_grad=True)
        y = activation(x)
        (slope,) = torch.autograd.grad(y.sum(), x)
        table[activation.__name__] = (y.detach(), slope)
    return table


def main() -> None:
    """Print the table."""
    print(f"{'x':12}" + "".join(f"{x:9.0f}" for x in POINTS))
    for name, (y, slope) in values_and_slopes().items():
        print(f"{name:12}" + "".join(f"{v:9.4f}" for v in y.tolist()))
        print(f"{'  slope':12}" + "".join(f"{v:9.4f}" for v in slope.tolist()))


if __name__ == "__main__":
    main()
