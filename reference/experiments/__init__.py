"""The programs of minitorch_clf/experiments in PyTorch: the same lines, but for the imports."""
