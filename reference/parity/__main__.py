"""`python -m reference.parity COMMAND`: judge an engine by PyTorch."""

from __future__ import annotations

from reference.parity.commands import main

if __name__ == "__main__":
    main()
