"""Plain PyTorch, the ground truth. It never imports the engine it judges."""
