"""Packages that are needed for a part of the work only."""

from __future__ import annotations

import importlib
from typing import Any


def optional_import(name: str, package: str, purpose: str) -> Any:
    """The module `name`, or an ImportError that says what wanted it and how to get it.

    >>> optional_import("no_such_module", "no-such-package", "Flying")
    Traceback (most recent call last):
    ImportError: Flying needs no-such-package: pip install 'minitorch_clf[data]'
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs {package}: pip install 'minitorch_clf[data]'"
        ) from error
