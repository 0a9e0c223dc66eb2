"""PyTorch as the oracle: it is asked when the question comes up."""

from __future__ import annotations

import numpy as np
import torch

import reference.pins  # noqa: F401 - one thread, and no TF32
from reference.parity import outcome
from reference.parity.case import ErrorCase, OpCase
from reference.parity.oracle import Oracle
from reference.parity.outcome import Outcome


class LiveOracle(Oracle):
    """What the installed PyTorch answers on this machine."""

    def outcome(self, case: OpCase, dtype: str = "float32", variant: str = "plain") -> Outcome:
        answer = outcome.run_case(case, torch, dtype, variant)
        if case.magnitude is not None and not answer.error:
            tensors = [torch.tensor(x) for x in case.inputs(dtype, variant)]
            answer.magnitude = case.magnitude(torch, *tensors).numpy()
        return answer

    def error(self, case: ErrorCase) -> str:
        return outcome.run_error(case, torch)

    def facts(self) -> dict[str, str]:
        return {
            "kind": "live",
            "torch": torch.__version__,
            "capability": torch.backends.cpu.get_cpu_capability(),
            "threads": str(torch.get_num_threads()),
            "numpy": np.__version__,
        }
