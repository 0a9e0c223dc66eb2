"""Whole programs, written as a PyTorch user would: each has its twin in reference/experiments.

Importing them lets a matrix product use one thread, as importing reference does for PyTorch: their
products are small. Two threads change the last bits, gain nothing, and lose much where another
program wants the second core (an epoch of MNIST took 1.3 s with one, 14 s with two of them).
"""

from minitorch_clf.threads import set_num_threads

set_num_threads(1)
