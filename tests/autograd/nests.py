"""Nests as tests compare them: with the type of each container."""

from __future__ import annotations

from typing import Any


def named(value: Any) -> Any:
    """Tuples and lists as (name of the type, *items): twin.same takes them for the same thing."""
    if isinstance(value, dict):
        return {"type": type(value).__name__, **{key: named(item) for key, item in value.items()}}
    if isinstance(value, tuple | list):
        return [type(value).__name__, *[named(item) for item in value]]
    return value
