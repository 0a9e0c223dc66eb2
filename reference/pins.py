"""Pins what would otherwise change PyTorch's last bits from machine to machine; import it for that.

It is the number of threads, which decides how sums and matrix products are split, and TF32, which
leaves a GPU's products 10 bits of mantissa out of 23. A program that measures either sets it for
itself, afterwards.
"""

from __future__ import annotations

import torch

torch.set_num_threads(1)
torch.backends.fp32_precision = "ieee"
