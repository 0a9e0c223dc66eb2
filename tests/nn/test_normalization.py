"""LayerNorm, BatchNorm1d and Embedding as modules: made, printed, trained, saved as PyTorch's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch_clf
from tests.nn.twin import attempt, same

#: Means add up in SIMD lanes in PyTorch, in float64 here; gradients are what remains of terms that
#: cancel. Counted in rounding steps of the largest value.
STEPS = 32

LAYERS = [
    lambda t: t.nn.LayerNorm(3),
    lambda t: t.nn.LayerNorm((2, 3), eps=1e-3),
    lambda t: t.nn.LayerNorm([3], elementwise_affine=False),
    lambda t: t.nn.LayerNorm(t.Size([3]), bias=False),
    lambda t: t.nn.LayerNorm(3, dtype=t.float64, device="cpu"),
    lambda t: t.nn.LayerNorm(()),
    lambda t: t.nn.LayerNorm(3.0),
    lambda t: t.nn.LayerNorm(4),
    lambda t: t.nn.BatchNorm1d(3),
    lambda t: t.nn.BatchNorm1d(3, 1e-3, None, False, False),
    lambda t: t.nn.BatchNorm1d(3, affine=False),
    lambda t: t.nn.BatchNorm1d(3, bias=False),
    lambda t: t.nn.BatchNorm1d(3, track_running_stats=False),
    lambda t: t.nn.BatchNorm1d(3, dtype=t.float64, device="cpu"),
    lambda t: t.nn.BatchNorm1d(4),
    lambda t: t.nn.BatchNorm1d(3, eps=0),
]


@pytest.mark.parametrize("index", range(len(LAYERS)))
def test_layer(index: int) -> None:
    def program(t: Any) -> Any:
        layer = LAYERS[index](t)
        x = t.linspace(-1, 3, 6).reshape(2, 3)
        state = layer.state_dict()
        return repr(layer), state, list(state), attempt(lambda: layer(x)), layer.eval().training

    same(program, steps=STEPS)


@pytest.mark.parametrize("momentum", [0.1, 0.0, 1.0, None])
@pytest.mark.parametrize("shape", [(8, 3), (4, 3, 5), (1, 3, 2)])
def test_running_statistics(shape: tuple[int, ...], momentum: float | None) -> None:
    """Three batches, then evaluation: outputs, statistics, the count of batches."""

    def program(t: Any) -> Any:
        layer = t.nn.BatchNorm1d(3, momentum=momentum)
        outs = [layer(t.randn(shape) * 3 + k) for k in range(3)]
        layer.eval()
        out = layer(t.ones(shape))
        out.sum().backward()
        grads = [p.grad for p in layer.parameters()]
        return outs, out, grads, layer.state_dict(), layer.running_mean._version

    same(program, steps=STEPS)


@pytest.mark.parametrize("shape", [(), (3,), (1, 3), (2, 4), (2, 3, 4, 5), (0, 3), (3, 3, 0)])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_refuses(shape: tuple[int, ...], training: bool) -> None:
    def program(t: Any) -> Any:
        layer = t.nn.BatchNorm1d(3).train(training)
        out = attempt(lambda: layer(t.ones(shape)))
        name = out if isinstance(out, str) else out.grad_fn.name()
        return name, layer.num_batches_tracked, layer.running_var

    same(program, steps=STEPS)


def test_statistics_given_up_later() -> None:
    """Without running statistics, evaluation takes those of the batch."""

    def program(t: Any) -> Any:
        layer = t.nn.BatchNorm1d(3, track_running_stats=False).eval()
        other = t.nn.BatchNorm1d(3)
        other.track_running_stats = False
        x = t.linspace(-1, 3, 12).reshape(4, 3)
        return layer(x), other(x), other.num_batches_tracked, other.eval()(x)

    same(program, steps=STEPS)


@pytest.mark.parametrize("version", [None, 1, 2])
def test_state_dict_of_an_older_version(version: int | None) -> None:
    def program(t: Any) -> Any:
        state = t.nn.BatchNorm1d(3).state_dict()
        del state["num_batches_tracked"]
        state._metadata[""] = {} if version is None else {"version": version}
        layer = t.nn.BatchNorm1d(3)
        layer(t.ones(2, 3))
        return str(attempt(lambda: layer.load_state_dict(state))), layer.num_batches_tracked

    same(program)


def test_running_statistics_written_to_before_backward() -> None:
    def program(t: Any) -> Any:
        layer = t.nn.BatchNorm1d(2).eval()
        out = layer(t.tensor([[1.0, 2.0]], requires_grad=True))
        layer.running_mean.add_(1)
        return attempt(lambda: out.sum().backward())

    same(program)


def test_gradient_penalty_goes_through_the_batch() -> None:
    """The second derivative of a network with both layers (a bias before the first has none)."""

    def program(t: Any) -> Any:
        net = t.nn.Sequential(
            t.nn.Linear(3, 4, bias=False), t.nn.BatchNorm1d(4), t.nn.Tanh(), t.nn.LayerNorm(4)
        )
        x = t.randn(5, 3, requires_grad=True)
        (grad,) = t.autograd.grad((net(x) ** 3).sum(), x, create_graph=True)
        (grad * grad).sum().backward()
        return [p.grad for p in net.parameters()], x.grad

    same(program, steps=1024)  # second order: sums of terms ten times the result, rounded apart


# --- embedding ------------------------------------------------------------------------------------

TABLE = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]

EMBEDDINGS = [
    lambda t: t.nn.Embedding(5, 3),
    lambda t: t.nn.Embedding(5, 3, padding_idx=0),
    lambda t: t.nn.Embedding(5, 3, padding_idx=-1, dtype=t.float64),
    lambda t: t.nn.Embedding(5, 3, max_norm=1.0, norm_type=1.0),
    lambda t: t.nn.Embedding(5, 3, padding_idx=5),
    lambda t: t.nn.Embedding(5, 3, padding_idx=-6),
    lambda t: t.nn.Embedding(3, 2, _weight=t.tensor(TABLE), _freeze=True),
    lambda t: t.nn.Embedding(3, 3, _weight=t.tensor(TABLE)),
    lambda t: t.nn.Embedding.from_pretrained(t.tensor(TABLE)),
    lambda t: t.nn.Embedding.from_pretrained(t.tensor(TABLE), False, 1, max_norm=3.0),
    lambda t: t.nn.Embedding.from_pretrained(t.tensor(TABLE[0])),
]


@pytest.mark.parametrize("index", range(len(EMBEDDINGS)))
def test_embedding(index: int) -> None:
    def program(t: Any) -> Any:
        layer = EMBEDDINGS[index](t)
        out = layer(t.tensor([[1, 2], [0, 1]]))
        if out.requires_grad:
            out.backward(t.arange(out.numel(), dtype=out.dtype).reshape(out.shape))
        return repr(layer), layer.state_dict(), out, layer.weight.grad

    same(program, ulp=1)  # max_norm: the norm adds up in SIMD lanes in PyTorch


@given(st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 5))
def test_embedding_is_drawn_as_in_pytorch(seed: int, rows: int, columns: int) -> None:
    def program(t: Any) -> Any:
        t.manual_seed(seed)
        return t.nn.Embedding(rows, columns, padding_idx=rows - 1).weight, t.rand(1)

    same(program)


def test_embedding_shares_pretrained_memory() -> None:
    def program(t: Any) -> Any:
        table = t.tensor(TABLE)
        layer = t.nn.Embedding.from_pretrained(table)
        table.zero_()
        return layer(t.tensor([2]))

    same(program)


def test_indices_written_to_before_backward() -> None:
    def program(t: Any) -> Any:
        layer, index = t.nn.Embedding(5, 3), t.tensor([1, 2])
        out = layer(index)
        index.zero_()
        return attempt(lambda: out.sum().backward())

    same(program)


@pytest.mark.parametrize("option", ["scale_grad_by_freq", "sparse"])
def test_embedding_refuses_by_name(option: str) -> None:
    nn = minitorch_clf.nn
    index, weight = minitorch_clf.tensor([1]), minitorch_clf.ones(5, 3)
    with pytest.raises(NotImplementedError, match=f"{option}=True"):
        nn.Embedding(5, 3, **{option: True})
    with pytest.raises(NotImplementedError, match=f"{option}=True"):
        nn.functional.embedding(index, weight, **{option: True})
