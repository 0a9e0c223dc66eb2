"""Whole programs, written as a PyTorch user would: each has its twin in reference/experiments."""
