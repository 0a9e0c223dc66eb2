"""One thread for PyTorch, and Hypothesis profiles.

"ci" draws the same examples every time, "night" draws new ones for hours:

HYPOTHESIS_PROFILE=night pytest tests/ops/test_hypothesis.py
"""

from __future__ import annotations

import os

import torch
from hypothesis import HealthCheck, settings

# No deadline: the first example of a kernel compiles it.
settings.register_profile(
    "ci",
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "night",
    max_examples=5000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# With more, the bits of sums and matmuls depend on how many.
torch.set_num_threads(1)
