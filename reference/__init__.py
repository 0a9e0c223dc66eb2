"""Plain PyTorch, the ground truth. It never imports the engine it judges.

Whatever computes with PyTorch here imports reference.pins, and so has the same bits everywhere.
Frozen answers of the parity suite need no PyTorch, so this module imports nothing.
"""
