"""The methods of Tensor, by family. `tensor.Tensor` inherits them all."""
