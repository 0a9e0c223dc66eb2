"""Values brought to a common scale: along their features, along the batch, to length 1."""

from __future__ import annotations

from collections.abc import Sequence

from minitorch_clf.dtypes import promote_types
from minitorch_clf.grad_mode import no_grad
from minitorch_clf.methods.activation import require_float
from minitorch_clf.nn.functional.checks import broadcast, check_tensor, refuse_gradient
from minitorch_clf.ops.normalization import NativeBatchNorm, NativeLayerNorm, batch_axes
from minitorch_clf.ops.reduce import count
from minitorch_clf.tensor import Tensor, apply


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias, over the last dimensions of each sample.

    input             (*, *normalized_shape)  float
    normalized_shape  the sizes of the dimensions that share a mean and a variance (divided by n)
    weight, bias      of that shape

    Ba et al., "Layer Normalization", 2016.

    RuntimeError  "Given normalized_shape=[4], expected input with shape [*, 4], but got input of
                  size[4, 3]", and other shapes or dtypes that do not fit

    >>> import minitorch_clf as torch
    >>> layer_norm(torch.tensor([[1.0, 3.0], [10.0, 30.0]]), (2,))
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """
    check_tensor("layer_norm", input)
    if isinstance(normalized_shape, int):
        raise TypeError(
            "layer_norm(): argument 'normalized_shape' (position 2) must be tuple of ints, not int"
        )
    shape = tuple(normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
            "element, but got normalized_shape = []"
        )
    for name, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and tensor.shape != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(tensor.shape)} and normalized_shape = {list(shape)}"
            )
    if input.dim() < len(shape) or input.shape[input.dim() - len(shape) :] != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape "
            f"{['*', *shape]}, but got input of size{list(input.shape)}".replace("'*'", "*")
        )
    _check_dtypes(input, weight, bias)
    require_float("LayerNormKernelImpl", input)
    axes = tuple(range(input.dim() - len(shape), input.dim()))
    out: Tensor = apply(NativeLayerNorm, input, weight, bias, axes=axes, eps=eps)[0]
    return out


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias, for each channel.

    input         (N, C) or (N, C, L, ...)  float
    weight, bias  (C,)
    running_mean, running_var
                  (C,)  used for mean and var outside training; in training those of the batch are
                  used (var divided by n), and these move towards them (var divided by n - 1):
                  running = (1 - momentum) * running + momentum * batch. None: nothing is kept

    Ioffe and Szegedy, "Batch Normalization", 2015.

    ValueError    "Expected more than 1 value per channel when training, got input size ...";
                  only one of running_mean and running_var in training; eps <= 0 in training
    RuntimeError  shapes or dtypes that do not fit; a running statistic that requires grad

    >>> import minitorch_clf as torch
    >>> mean, var = torch.zeros(1), torch.ones(1)
    >>> batch_norm(torch.tensor([[1.0], [3.0]]), mean, var, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    >>> mean, var
    (tensor([0.2000]), tensor([1.1000]))
    """
    check_tensor("batch_norm", input)
    if training and input.dim() and count(input.shape, batch_axes(input.array)) == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {input.size()}"
        )
    if training and eps <= 0.0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    if eps < 0.0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")
    if not isinstance(momentum, (int, float)):
        raise TypeError(
            "batch_norm(): argument 'momentum' (position 7) must be float, not "
            f"{type(momentum).__name__}"
        )
    if input.dim() > 1 and input.numel() == 0:
        return _of_nothing(input, weight, bias)
    _check_channels(input, training, running_mean, running_var, weight, bias)
    refuse_gradient("native_batch_norm", running_mean=running_mean, running_var=running_var)
    _check_dtypes(input, weight, bias, running_mean, running_var)
    require_float("batch_norm", input)
    constants = {"training": training, "eps": eps}
    tensors = (weight, bias, running_mean, running_var)
    out, mean, squares = apply(NativeBatchNorm, input, *tensors, **constants)
    if training and running_mean is not None and running_var is not None:
        n = count(input.shape, batch_axes(input.array))
        _move(running_mean, mean, 1, momentum)
        _move(running_var, squares, n - 1, momentum)
    result: Tensor = out
    return result


def _move(running: Tensor, total: Tensor, n: int, momentum: float) -> None:
    """running = (1 - momentum) * running + momentum * total / n

    Unseen by autograd, as in PyTorch: no version is counted up.
    """
    batch = total.array.astype(float) / n
    running.array[...] = momentum * batch + (1 - momentum) * running.array.astype(float)


def _of_nothing(input: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """No values, but connected to weight and bias, which then get zeros as gradients."""
    out = input.clone()
    if weight is not None:
        out = out * weight[0]
    return out if bias is None else out + bias[0]


def _check_channels(
    input: Tensor,
    training: bool,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
) -> None:
    """Raise unless everything has one value per channel, and what is needed is there."""
    C = input.size(1) if input.dim() > 1 else 0
    tensors = {"running_mean": running_mean, "running_var": running_var}
    for name, tensor in {**tensors, "weight": weight, "bias": bias}.items():
        if tensor is None:
            if name in tensors and not training:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
        elif tensor.numel() != C:
            raise RuntimeError(f"{name} should contain {C} elements not {tensor.numel()}")
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")


def _check_dtypes(input: Tensor, *others: Tensor | None) -> None:
    """RuntimeError  unless all are of one dtype; which text depends on the first of `others`."""
    given = [other for other in others if other is not None]
    if all(other.dtype is input.dtype for other in given):
        return
    if given[0].dtype is input.dtype:
        other = next(other for other in given if other.dtype is not input.dtype)
        raise RuntimeError(
            f"expected scalar type {input.dtype.legacy} but found {other.dtype.legacy}"
        )
    if any(other.dtype.legacy != "Float" for other in given):
        raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
    raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")


# --- lengths and angles ---------------------------------------------------------------------------


def normalize(
    input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    """input / max(norm, eps), with norm = (sum |input|**p)**(1/p) along `dim`.

    NotImplementedError  out

    >>> import minitorch_clf as torch
    >>> normalize(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    if out is not None:
        raise NotImplementedError("normalize(out=...): results are always new tensors")
    norm = input.norm(p, dim, keepdim=True)
    return input / norm.clamp_min(eps).expand_as(input)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between x1 and x2: their product along `dim` over their lengths.

    x1, x2   broadcast against each other
    eps      lengths count as at least this much (not so for the gradient, as in PyTorch)

    RuntimeError  "expected common dtype to be floating point, yet common dtype is Long"

    >>> import minitorch_clf as torch
    >>> cosine_similarity(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    check_tensor("cosine_similarity", x1, "x1", 1)
    check_tensor("cosine_similarity", x2, "x2", 2)
    dtype = promote_types(x1.dtype, x2.dtype)
    if not dtype.is_floating_point:
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {dtype.legacy}"
        )
    x, y = broadcast(x1._cast(dtype), x2._cast(dtype))
    return (_unit(x, dim, eps) * _unit(y, dim, eps)).sum(dim)


def _unit(x: Tensor, dim: int, eps: float) -> Tensor:
    length = x.norm(2, dim, keepdim=True).clone()
    with no_grad():
        length.clamp_min_(eps)
    return x / length
