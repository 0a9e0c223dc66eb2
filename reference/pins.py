"""Pins what would otherwise change PyTorch's last bits from machine to machine; import it for that.

- The number of threads, which decides how sums and matrix products are split.
- TF32, which leaves a GPU's products 10 bits of mantissa out of 23.
- opt_einsum, a package that others bring along (jax does): where PyTorch finds it, einsum of three
  or more operands multiplies in another order, and words its errors in another way.

A program that measures one of these sets it for itself, afterwards.
"""

from __future__ import annotations

import torch
from torch.backends import opt_einsum

torch.set_num_threads(1)
torch.backends.fp32_precision = "ieee"  # type: ignore[attr-defined]
opt_einsum.enabled = False
