"""The parity suite: what PyTorch answers, case by case, and how far another engine is from it.

A case (`case.py`) is one line: a name and a function of the engine module `t`, which is torch on
one side and the engine under test on the other. `cases/` holds the table, `check.py` runs a case on
both engines and measures the distance, `ulp.py` is the measure. Nothing here imports the engine
under test; it is an argument.
"""
