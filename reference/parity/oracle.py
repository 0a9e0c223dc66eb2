"""Who knows the right answers: PyTorch itself (live.py), or what it answered once (frozen.py)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeAlias

from reference.parity.case import ErrorCase, OpCase
from reference.parity.outcome import Outcome

#: How far PyTorch is from itself at the tensors of one run: where -> (ulp, steps).
Floor: TypeAlias = Mapping[str, tuple[float, float]]


class OracleError(Exception):
    """An oracle cannot be had at all: no PyTorch, no file, a file of another format."""


class NoAnswerError(Exception):
    """An oracle knows nothing of this run: the case is newer than the vectors, for example."""


class Oracle(ABC):
    """Answers what PyTorch answers."""

    @abstractmethod
    def outcome(self, case: OpCase, dtype: str, variant: str) -> Outcome:
        """PyTorch's answer, with the case's magnitude where it has one; or NoAnswerError."""

    @abstractmethod
    def error(self, case: ErrorCase) -> str:
        """PyTorch's error, "ErrorClass: text", "" if it raises none; or NoAnswerError."""

    @abstractmethod
    def facts(self) -> dict[str, str]:
        """Whence the answers are: kind, torch, capability, numpy, and what else is known."""

    def floor(self, case: OpCase, dtype: str, variant: str) -> Floor:  # noqa: ARG002
        """How far PyTorch is from itself here, as far as this oracle knows; {} if it does not."""
        return {}

    def notes(self) -> list[str]:
        """What a reader of the report must know of the oracle, in sentences."""
        return []
