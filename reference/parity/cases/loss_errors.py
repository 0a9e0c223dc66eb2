"""What the losses refuse, and in which words."""

from __future__ import annotations

from typing import Any

from reference.parity.case import ErrorCase

NAN = float("nan")


def F(t: Any) -> Any:
    return t.nn.functional


def _x(t: Any, *shape: int) -> Any:
    return t.full(shape, 0.5)


def _classes(t: Any, *shape: int) -> Any:
    return t.zeros(*shape, dtype=t.int64)


def _leaf(t: Any, *shape: int) -> Any:
    return t.ones(*shape, requires_grad=True)


_NLL_ERRORS: dict[str, Any] = {
    "0-d": lambda t, f: f(t.tensor(1.0), t.tensor(0)),
    "batch size": lambda t, f: f(_x(t, 3, 2), _classes(t, 2)),
    "no batch": lambda t, f: f(_x(t, 3, 2), t.tensor(0)),
    "two targets": lambda t, f: f(_x(t, 2, 3), _classes(t, 2, 1)),
    "T63 int32": lambda t, f: f(_x(t, 2, 3), _classes(t, 2).int()),
    "T63 float": lambda t, f: f(_x(t, 2, 3), t.zeros(2)),
    "T63 bool": lambda t, f: f(_x(t, 2, 3), t.zeros(2, dtype=t.bool)),
    "T63 out of bounds": lambda t, f: f(_x(t, 2, 3), t.tensor([0, 3])),
    "T63 negative": lambda t, f: f(_x(t, 2, 3), t.tensor([0, -1])),
    "out of bounds, none": lambda t, f: f(_x(t, 2, 3), t.tensor([0, 7]), reduction="none"),
    "out of bounds, 4-d": lambda t, f: f(_x(t, 1, 3, 1, 1), t.full((1, 1, 1), 5)),
    "weight size": lambda t, f: f(_x(t, 2, 3), _classes(t, 2), _x(t, 2)),
    "weight dims": lambda t, f: f(_x(t, 2, 3), _classes(t, 2), _x(t, 1, 3)),
    "weight size, 4-d": lambda t, f: f(_x(t, 1, 3, 1, 1), _classes(t, 1, 1, 1), _x(t, 2)),
    "weight dtype": lambda t, f: f(_x(t, 2, 3), _classes(t, 2), _x(t, 3).double()),
    "weight requires grad": lambda t, f: f(_x(t, 2, 3), _classes(t, 2), _leaf(t, 3)),
    "weight requires grad, 4-d": lambda t, f: f(
        _x(t, 1, 3, 1, 1), _classes(t, 1, 1, 1), _leaf(t, 3)
    ),
    "3-d sizes": lambda t, f: f(_x(t, 2, 3, 2), _classes(t, 2, 3)),
    "3-d dims": lambda t, f: f(_x(t, 2, 3, 2), _classes(t, 2)),
    "4-d sizes": lambda t, f: f(_x(t, 2, 3, 2, 2), _classes(t, 2, 2, 3)),
    "4-d dims": lambda t, f: f(_x(t, 2, 3, 2, 2), _classes(t, 2, 2)),
    "4-d uint8": lambda t, f: f(_x(t, 1, 3, 1, 1), t.zeros(1, 1, 1, dtype=t.uint8)),
    "5-d sizes": lambda t, f: f(_x(t, 2, 3, 2, 2, 2), _classes(t, 2, 2, 2, 3)),
    "integers": lambda t, f: f(_classes(t, 2, 3), _classes(t, 2)),
    "reduction": lambda t, f: f(_x(t, 2, 3), _classes(t, 2), reduction="foo"),
}
_PROBABILITY_ERRORS: dict[str, Any] = {
    "integer probabilities": lambda t, f: f(_x(t, 2, 3), _classes(t, 2, 3)),
    "T59 ignore_index": lambda t, f: f(_x(t, 2, 3), _x(t, 2, 3), ignore_index=0),
    "weight": lambda t, f: f(_x(t, 2, 3), _x(t, 2, 3), _x(t, 2)),
    "label_smoothing": lambda t, f: f(_x(t, 2, 3), _classes(t, 2), label_smoothing=1.1),
    "label_smoothing of probabilities": lambda t, f: f(
        _x(t, 2, 3), _x(t, 2, 3), label_smoothing=1.5
    ),
}
_PAIR_ERRORS: dict[str, Any] = {
    "T66 sizes": lambda t, f: f(_x(t, 2, 3), _x(t, 3)),
    "integer target": lambda t, f: f(_x(t, 2), _classes(t, 2)),
    "bool target": lambda t, f: f(_x(t, 2), t.ones(2, dtype=t.bool)),
    "integers": lambda t, f: f(_classes(t, 2), _classes(t, 2)),
    "weight sizes": lambda t, f: f(_x(t, 2, 3), _x(t, 2, 3), _x(t, 2)),
    "weight too large": lambda t, f: f(_x(t, 2, 3), _x(t, 2, 3), _x(t, 4, 2, 3)),
    "weight requires grad": lambda t, f: f(_x(t, 3), _x(t, 3), _leaf(t, 3)),
    "reduction": lambda t, f: f(_x(t, 2), _x(t, 2), reduction="batchmean"),
}
_LOGITS_ERRORS: dict[str, Any] = {
    "pos_weight sizes": lambda t, f: f(_x(t, 2, 3), _x(t, 2, 3), pos_weight=_x(t, 2)),
    "pos_weight too large": lambda t, f: f(_x(t, 2, 3), _x(t, 2, 3), pos_weight=_x(t, 4, 2, 3)),
    "pos_weight requires grad": lambda t, f: f(_x(t, 3), _x(t, 3), pos_weight=_leaf(t, 3)),
}
_PROBABILITY_RANGE: dict[str, Any] = {
    "T48 input above 1": lambda t, f: f(_x(t, 2) * 3, _x(t, 2)),
    "T48 input nan": lambda t, f: f(_x(t, 2) * NAN, _x(t, 2)),
    "T48 target below 0": lambda t, f: f(_x(t, 2), -_x(t, 2)),
    "target dtype": lambda t, f: f(_x(t, 2), _x(t, 2).double()),
}
_DISTANCE_ERRORS: dict[str, Any] = {
    "integers": lambda t, f: f(_classes(t, 2), _classes(t, 2)),
    "reduction": lambda t, f: f(_x(t, 2), _x(t, 2), reduction="foo"),
    "sizes": lambda t, f: f(_x(t, 2, 3), _x(t, 2, 2)),
}


def _errors(function: str, *tables: dict[str, Any]) -> list[ErrorCase]:
    return [
        ErrorCase(f"{function} {name}", lambda t, fn=fn: fn(t, getattr(F(t), function)))
        for table in tables
        for name, fn in table.items()
    ]


ERRORS = (
    *_errors("nll_loss", _NLL_ERRORS),
    *_errors("cross_entropy", _NLL_ERRORS, _PROBABILITY_ERRORS),
    *_errors("binary_cross_entropy", _PAIR_ERRORS, _PROBABILITY_RANGE),
    *_errors("binary_cross_entropy_with_logits", _PAIR_ERRORS, _LOGITS_ERRORS),
    *_errors("mse_loss", _DISTANCE_ERRORS),
    *_errors("l1_loss", _DISTANCE_ERRORS),
    *_errors("smooth_l1_loss", _DISTANCE_ERRORS),
    *_errors("huber_loss", _DISTANCE_ERRORS),
    ErrorCase("mse_loss weight", lambda t: F(t).mse_loss(_x(t, 2), _x(t, 2), weight=_x(t, 1))),
    ErrorCase(
        "mse_loss weight reduction",
        lambda t: F(t).mse_loss(_x(t, 2), _x(t, 2), weight=_x(t, 2), reduction="foo"),
    ),
    ErrorCase("smooth_l1_loss beta", lambda t: F(t).smooth_l1_loss(_x(t, 2), _x(t, 2), beta=-1.0)),
    ErrorCase("huber_loss delta", lambda t: F(t).huber_loss(_x(t, 2), _x(t, 2), delta=0.0)),
    ErrorCase("kl_div reduction", lambda t: F(t).kl_div(_x(t, 2), _x(t, 2), reduction="foo")),
    ErrorCase(
        "kl_div integers", lambda t: F(t).kl_div(_classes(t, 2), _classes(t, 2), reduction="sum")
    ),
)
