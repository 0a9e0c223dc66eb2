"""Races against PyTorch: each row a pair (or more), equal results first, then time.

    python -m benchmarks              every row, with its target, and a pass or a miss
    python -m benchmarks step chain   two of them

A time alone says little on a shared machine; a ratio says more. So all sides of a row run in one
process, in turn, in short blocks, and what is compared is the ratio within each round. Three
processes or more, because the spread between processes exceeds the one within.
"""
