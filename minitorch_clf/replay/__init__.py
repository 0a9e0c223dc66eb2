"""compile: a training step recorded once, and replayed without the Python in between."""

from minitorch_clf.replay.compiled import Compiled, compile

__all__ = ["Compiled", "compile"]
