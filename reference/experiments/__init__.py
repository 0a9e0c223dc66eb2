"""The programs of minitorch_clf/experiments in PyTorch: the same lines, but for the imports."""

import reference.pins  # noqa: F401 - one thread, and no TF32: the same bits on every machine
