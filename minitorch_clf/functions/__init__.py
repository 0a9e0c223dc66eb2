"""The functions of `torch`: the methods of one Tensor by name, and what takes several."""
