"""Loops over arrays, compiled by Numba: inputs first, `out` last, the caller allocates.

The only package that imports Numba, and that only when a loop is first called (see `jit.kernel`).
"""
