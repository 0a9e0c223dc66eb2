"""One program trained on two engines from the same seeds: curve over curve, in PyTorch's noise."""
