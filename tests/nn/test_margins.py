"""Losses with margins, likelihoods and distances as modules: each passes its options on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.nn.twin import attempt, same

X = [[0.2, 0.3, 0.5], [-0.1, 0.1, 0.8]]
Y = [[1.0, -0.4, 0.3], [0.7, 0.1, -0.2]]
SIGNS = [[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]]
NAMES = {"x": X, "y": Y, "signs": SIGNS, "classes": [2, 0], "sign": [1, -1], "var": [[0.5], [2.0]]}

MODULES: list[tuple[Any, tuple[str, ...]]] = [
    (lambda n: n.HingeEmbeddingLoss(), ("x", "signs")),
    (lambda n: n.HingeEmbeddingLoss(0.25, reduction="sum"), ("x", "signs")),
    (lambda n: n.SoftMarginLoss(), ("x", "signs")),
    (lambda n: n.SoftMarginLoss(reduction="none"), ("x", "signs")),
    (lambda n: n.SoftMarginLoss(size_average=False), ("x", "signs")),
    (lambda n: n.MarginRankingLoss(), ("x", "y", "signs")),
    (lambda n: n.MarginRankingLoss(0.5, reduction="none"), ("x", "y", "signs")),
    (lambda n: n.MultiMarginLoss(), ("x", "classes")),
    (lambda n: n.MultiMarginLoss(2, 0.5, reduction="none"), ("x", "classes")),
    (lambda n: n.MultiLabelSoftMarginLoss(), ("x", "y")),
    (lambda n: n.MultiLabelSoftMarginLoss(reduction="none"), ("x", "y")),
    (lambda n: n.CosineEmbeddingLoss(), ("x", "y", "sign")),
    (lambda n: n.CosineEmbeddingLoss(0.3, reduction="sum"), ("x", "y", "sign")),
    (lambda n: n.TripletMarginLoss(), ("x", "y", "signs")),
    (lambda n: n.TripletMarginLoss(5.0, 1.0, 1e-3, True, reduction="none"), ("x", "y", "signs")),
    (lambda n: n.TripletMarginLoss(margin=0), ()),
    (lambda n: n.PoissonNLLLoss(), ("x", "y")),
    (lambda n: n.PoissonNLLLoss(False, eps=1.0), ("x", "y")),
    (lambda n: n.GaussianNLLLoss(), ("x", "y", "var")),
    (lambda n: n.GaussianNLLLoss(full=True, eps=1.0, reduction="sum"), ("x", "y", "var")),
    (lambda n: n.CosineSimilarity(), ("x", "y")),
    (lambda n: n.CosineSimilarity(0, 1.0), ("x", "y")),
    (lambda n: n.PairwiseDistance(), ("x", "y")),
    (lambda n: n.PairwiseDistance(1.0, 0.5, keepdim=True), ("x", "y")),
]


@pytest.mark.parametrize("index", range(len(MODULES)))
def test_module(index: int) -> None:
    make, names = MODULES[index]

    def program(t: Any) -> Any:
        module = make(t.nn)
        x, *others = (t.tensor(NAMES[name]) for name in names)
        x.requires_grad_()
        out = module(x, *others)
        out.sum().backward()
        return repr(module), list(module.state_dict()), out, x.grad

    same(program, steps=16)


@pytest.mark.parametrize("name", ["MultiMarginLoss", "MultiLabelSoftMarginLoss"])
def test_weights_are_buffers(name: str) -> None:
    def program(t: Any) -> Any:
        module = getattr(t.nn, name)(weight=t.tensor([1.0, 2.0, 0.5])).double()
        target = t.tensor([2, 0]) if name == "MultiMarginLoss" else t.tensor(Y).double()
        return module.state_dict(), module(t.tensor(X).double(), target)

    same(program, steps=16)


def test_options_are_keywords_where_pytorch_says_so() -> None:
    same(lambda t: attempt(lambda: t.nn.GaussianNLLLoss(True)))
