"""`python -m minitorch_clf` is `minitorch-clf`."""

from __future__ import annotations

from minitorch_clf.cli import main

main()
