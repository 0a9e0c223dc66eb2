"""What a node saved, under PyTorch's names: grad_fn._saved_self, grad_fn._saved_dim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch_clf.tape import AccumulateGrad, FunctionNode, StaleSave, stale_error

_SHAPE = "self_sym_sizes=shape"
_DIM = "dim=axis keepdim=keepdims"

SAVED = {
    "AddBackward0": "alpha",
    "SubBackward0": "alpha",
    "MulBackward0": "self=0 other=1",
    "DivBackward0": "self=0 other=1",
    "PowBackward0": "self=0 exponent",
    "PowBackward1": "self=0 exponent=1 result=2",
    "PowBackward2": "exponent=1 result=2",
    "MaximumBackward0": "self=0 other=1",
    "MinimumBackward0": "self=0 other=1",
    "Atan2Backward0": "self=0 other=1",
    "ClampBackward1": "self=0 min=lower max=upper",
    "WhereBackward0": "condition=0",
    "MaskedFillBackward0": "mask=0",
    "LerpBackward0": "weight",
    "AddcmulBackward0": "tensor1=0 tensor2=1 value",
    "SumBackward0": _SHAPE,
    "SumBackward1": f"{_SHAPE} {_DIM}",
    "MeanBackward0": _SHAPE,
    "MeanBackward1": f"{_SHAPE} {_DIM}",
    "MaxBackward0": f"{_SHAPE} {_DIM}",
    "MinBackward0": f"{_SHAPE} {_DIM}",
    "MaxBackward1": "self=0 result=1",
    "MinBackward1": "self=0 result=1",
    "AmaxBackward0": f"self=0 result=1 {_DIM}",
    "AminBackward0": f"self=0 result=1 {_DIM}",
    "VarBackward0": f"self=0 {_DIM}",
    "StdBackward0": f"self=0 result=1 {_DIM}",
    "ProdBackward0": "self=0 result=1",
    "ProdBackward1": "self=0 result=1 keepdim=keepdims",
    "LogsumexpBackward0": f"self=0 result=1 {_DIM}",
    "LinalgVectorNormBackward0": f"self=0 result=1 ord=p {_DIM}",
    "CumsumBackward0": "dim=axis",
    "CumprodBackward0": "self=0 result=1 dim=axis",
    "MmBackward0": "self=0 mat2=1",
    "MvBackward0": "self=0 vec=1",
    "DotBackward0": "self=0 tensor=1",
    "BmmBackward0": "self=0 mat2=1",
    "AddmmBackward0": "mat1=0 mat2=1 alpha beta",
    "ViewBackward0": _SHAPE,
    "UnsafeViewBackward0": _SHAPE,
    "SqueezeBackward0": _SHAPE,
    "SqueezeBackward1": _SHAPE,
    "ExpandBackward0": _SHAPE,
    "SelectBackward0": _SHAPE,
    "SliceBackward0": _SHAPE,
    "IndexBackward0": _SHAPE,
    "IndexSelectBackward0": _SHAPE,
    "RepeatBackward0": _SHAPE,
    "TransposeBackward0": "dim0=a dim1=b",
    "GatherBackward0": "dim=axis index",
    "CatBackward0": "dim=axis",
    "StackBackward0": "dim=axis",
    "SplitBackward0": "dim=axis",
    "UnbindBackward0": "dim=axis",
    "SortBackward0": f"{_SHAPE} indices=0 dim=axis",
    "TopkBackward0": f"{_SHAPE} indices=0 dim=axis",
    "FlipBackward0": "dims=axes",
    "TrilBackward0": "diagonal=k",
    "TriuBackward0": "diagonal=k",
    "LogSoftmaxBackward0": "result=0 dim=axis",
    "SoftmaxBackward0": "result=0 dim=axis",
    "NllLossBackward0": "self=0 target=1 weight=2 total_weight",
    "MseLossBackward0": "self=0 target=1",
    "BinaryCrossEntropyBackward0": "self=0 target=1 weight=2",
    "BinaryCrossEntropyWithLogitsBackward0": "self=0 target=1 weight=2 pos_weight=3",
    "LeakyReluBackward0": "self=0 negative_slope=slope",
    "SoftplusBackward0": "self=0 beta threshold",
    "EmbeddingBackward0": "indices=0 padding_idx",
    **dict.fromkeys(
        ("ExpBackward0", "SqrtBackward0", "RsqrtBackward0", "TanhBackward0", "SigmoidBackward0",
         "ReluBackward0", "ReciprocalBackward0", "Expm1Backward0"),
        "result=0",
    ),
    **dict.fromkeys(
        ("LogBackward0", "Log1PBackward0", "SinBackward0", "CosBackward0", "AbsBackward0",
         "ErfBackward0", "GeluBackward0", "SiluBackward0", "EluBackward0"),
        "self=0",
    ),
}  # fmt: skip
"""Node name -> "name=place ...": the place is that in save_for_backward, or an attribute of ctx."""


def saved_properties(node_name: str) -> dict[str, property]:
    """The `_saved_...` properties of the nodes of this name."""
    properties = {}
    for entry in SAVED.get(node_name, "").split():
        name, _, place = entry.partition("=")
        place = place or name
        get = _slot(int(place)) if place.isdigit() else _attribute(place)
        properties[f"_saved_{name}"] = property(get)
    return properties


def _slot(k: int) -> Callable[[Any], Any]:
    def get(node: Any) -> Any:
        """The saved Tensor in its place in the graph; the leaf itself, if it is one."""
        seen = node.ctx.recorded(node, node._recorder)
        try:
            value = seen.saved_tensors[k] if seen.saved or seen.saved is None else None
        except StaleSave as stale:
            raise stale_error(node, stale) from None
        origin = getattr(value, "_node", None)
        return origin.variable if isinstance(origin, AccumulateGrad) else _shown(node, value)

    return get


def _attribute(name: str) -> Callable[[Any], Any]:
    return lambda node: _shown(node, getattr(node.ctx, name))


def _shown(node: FunctionNode, value: Any) -> Any:
    """An array as a Tensor; anything else as it is."""
    recorder = node._recorder  # type: ignore[attr-defined]  # every op's node has one
    return recorder.constant(value) if isinstance(value, np.ndarray | np.generic) else value
