"""Each row is a program that runs on PyTorch too: what it says is what PyTorch does."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import minitorch_clf


@pytest.fixture(params=[torch, minitorch_clf], ids=["torch", "ours"])
def t(request: pytest.FixtureRequest) -> Any:
    return request.param
