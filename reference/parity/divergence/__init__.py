"""Two engines in lockstep through one program, up to the first tensor that differs."""
