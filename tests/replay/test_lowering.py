"""What is lowered and fused, and that a wrong kernel does not get through."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_clf as torch
from minitorch_clf import nn
from minitorch_clf.kernels import fused
from minitorch_clf.kernels.jit import Kernel
from minitorch_clf.nn import functional as F
from minitorch_clf.replay import fusion
from tests.replay.programs import assert_replays, batches, bits, trained


def adam(params):
    return torch.optim.Adam(params, lr=0.01)


def sgd(params):
    return torch.optim.SGD(params, lr=0.1)


def mlp():
    return [nn.Linear(7, 9), nn.ReLU(), nn.Linear(9, 3)]


def test_the_usual_classifier_is_lowered_wholly():
    data = batches(5, 16, 7, 3)
    compiled = assert_replays(lambda: trained(mlp, F.cross_entropy, adam), data)
    text = compiled.explain()
    assert "not lowered" not in text
    for kernel in ("bias_relu", "cross_entropy", "relu_backward_sums"):
        assert f"fused.{kernel}" in text


def test_logistic_regression_is_lowered_wholly():
    def layers():
        return [nn.Linear(1, 1), nn.Sigmoid()]

    data = batches(5, 3, 1, None)
    compiled = assert_replays(lambda: trained(layers, nn.BCELoss(), sgd), data)
    text = compiled.explain()
    assert "not lowered" not in text
    assert "fused.sigmoid_bce" in text


@pytest.mark.parametrize(
    ("loss", "kernel"), [(nn.BCEWithLogitsLoss, "logits_bce"), (nn.MSELoss, "linear_mse")]
)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_last_layer_and_its_loss_are_one_kernel(loss, kernel, reduction, dtype):
    def layers():
        return [nn.Linear(7, 9, dtype=dtype), nn.ReLU(), nn.Linear(9, 1, dtype=dtype)]

    data = batches(6, 150, 7, None, dtype)
    text = assert_replays(lambda: trained(layers, loss(reduction=reduction), sgd), data).explain()
    assert "not lowered" not in text
    assert f"fused.{kernel}\n" in text
    assert "fused.column_sums" not in text


def test_weights_of_logits_are_not_lowered():
    def layers():
        return [nn.Linear(7, 1)]

    for weights in ({"weight": torch.full((1,), 2.0)}, {"pos_weight": torch.full((1,), 3.0)}):
        loss = nn.BCEWithLogitsLoss(**weights)
        text = assert_replays(lambda loss=loss: trained(layers, loss, sgd), batches(5, 9, 7, None))
        assert "BinaryCrossEntropyWithLogits, not lowered" in text.explain()


def clears(where):
    """A step that clears the gradients "before" or "after" it computes the loss."""
    run = trained(lambda: [nn.Linear(4, 1)], nn.BCELoss(), sgd)

    def step(x, y):
        p = run.model(x).sigmoid()
        if where == "before":
            run.optimizer.zero_grad()
        loss = F.binary_cross_entropy(p, y)
        if where == "after":
            run.optimizer.zero_grad()
        loss.backward()
        run.optimizer.step()
        return loss

    return run._replace(step=step)


def test_gradients_cleared_between_the_loss_and_backward():
    text = assert_replays(lambda: clears("after"), batches(5, 3, 4, None)).explain()
    assert "fused.sigmoid_bce" in text


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_loss_that_raises_where_gradients_are_cleared(where):
    run, twin = clears(where), clears(where)
    compiled = torch.compile(run.step)
    for x, y in batches(4, 5, 4, None):
        compiled(x, y)
        twin.step(x, y)
    for step in (compiled, twin.step):
        with pytest.raises(RuntimeError, match="all elements of target should be between 0 and 1"):
            step(x, y + 2)
    for p, q in zip(run.model.parameters(), twin.model.parameters(), strict=True):
        assert bits(p.grad) == bits(q.grad)


def test_what_is_not_lowered_runs_between_what_is():
    def layers():
        return [nn.Linear(7, 9), nn.LayerNorm(9), nn.ReLU(), nn.Dropout(0.2), nn.Linear(9, 3)]

    data = batches(6, 16, 7, 3)
    text = assert_replays(lambda: trained(layers, F.cross_entropy, adam), data).explain()
    assert "NativeLayerNorm, not lowered" in text
    assert "steps.zero_grad" in text


def planted(function):
    """A kernel that does the same, and then changes the last bit of one value."""

    def wrong(*args):
        result = function.compiled(*args)
        args[-1].reshape(-1)[0] = np.nextafter(args[-1].reshape(-1)[0], np.float32(9))
        return result

    return Kernel(wrong)


def test_a_wrong_kernel_is_not_used(monkeypatch):
    """The first replay is compared with the plain one: kernels that differ are left out."""
    wrong = planted(fused.relu_backward_sums)
    wrong.__dict__["compiled"] = wrong.function
    monkeypatch.setattr(fusion.kernels, "relu_backward_sums", wrong)
    data = batches(5, 16, 7, 3)
    compiled = assert_replays(lambda: trained(mlp, F.cross_entropy, adam), data)
    assert "kernels gave other bits in" in compiled.explain()


def test_verify_catches_a_kernel_that_goes_wrong_later(monkeypatch):
    calls = []
    right = fused.relu_backward_sums.compiled

    def late(*args):
        calls.append(1)
        result = right(*args)
        if len(calls) > 3:
            args[-1].reshape(-1)[0] += np.float32(1e-3)
        return result

    wrong = Kernel(late)
    wrong.__dict__["compiled"] = late
    monkeypatch.setattr(fusion.kernels, "relu_backward_sums", wrong)
    run = trained(mlp, F.cross_entropy, adam)
    compiled = torch.compile(run.step, verify=True)
    data = batches(12, 16, 7, 3)
    for x, y in data[:3]:
        compiled(x, y)
    calls += [1, 1, 1]
    with pytest.raises(RuntimeError, match="replay differs from eager in"):
        compiled(*data[3])


def test_verify_leaves_the_eager_state():
    run, twin = trained(mlp, F.cross_entropy, adam), trained(mlp, F.cross_entropy, adam)
    compiled = torch.compile(run.step, verify=True)
    for x, y in batches(6, 16, 7, 3):
        assert bits(compiled(x, y)) == bits(twin.step(x, y))
        for p, q in zip(run.model.parameters(), twin.model.parameters(), strict=True):
            assert bits(p) == bits(q)
            assert p._version == q._version
    assert compiled.replays == 4


def test_memory_that_the_user_keeps_is_left_alone():
    """Gradients, their arrays, and views of them, kept from step to step."""
    run, twin = trained(mlp, F.cross_entropy, adam), trained(mlp, F.cross_entropy, adam)
    compiled = torch.compile(run.step)
    kept, expected = [], []
    for k, (x, y) in enumerate(batches(12, 16, 7, 3)):
        compiled(x, y)
        twin.step(x, y)
        g, h = (r.model[0].weight.grad for r in (run, twin))
        how = [lambda t: t, lambda t: t.array, lambda t: t.view(-1), lambda t: t.detach().t()][
            k % 4
        ]
        kept.append(how(g))
        expected.append(np.array(getattr(how(h), "array", how(h))))
    for a, b in zip(kept, expected, strict=True):
        assert np.array_equal(getattr(a, "array", a), b)
    assert compiled.replays == 10


def test_a_gradient_as_the_next_input():
    def make():
        torch.manual_seed(0)
        layer = nn.Linear(3, 3, bias=False)

        def step(x):
            layer.zero_grad()
            loss = layer(x).square().mean()
            loss.backward()
            return loss

        return layer, step

    (a, eager), (b, step) = make(), make()
    compiled = torch.compile(step)
    x = u = torch.ones(3, 3)
    for _ in range(6):
        assert bits(eager(x)) == bits(compiled(u))
        x, u = a.weight.grad, b.weight.grad
        assert bits(x) == bits(u)


def test_an_optimizer_state_that_is_loaded():
    run, twin = trained(mlp, F.cross_entropy, adam), trained(mlp, F.cross_entropy, adam)
    compiled = torch.compile(run.step)
    for k, (x, y) in enumerate(batches(10, 16, 7, 3)):
        if k == 5:
            for r in (run, twin):
                other = trained(mlp, F.cross_entropy, adam)
                for a, b in batches(2, 16, 7, 3):
                    other.step(a, b)
                r.optimizer.load_state_dict(other.optimizer.state_dict())
        assert bits(compiled(x, y)) == bits(twin.step(x, y))
    for p, q in zip(run.model.parameters(), twin.model.parameters(), strict=True):
        assert bits(p) == bits(q)
        for name in ("step", "exp_avg", "exp_avg_sq"):
            assert bits(run.optimizer.state[p][name]) == bits(twin.optimizer.state[q][name])
    assert compiled.replays == 6  # loading makes new groups


def momentum(params):
    return torch.optim.SGD(params, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)


@pytest.mark.parametrize("optimizer", [sgd, momentum, adam])
def test_the_eager_step_is_left_out(monkeypatch, optimizer):
    """Once an optimizer has its state, until somebody puts another in its place."""
    run, twin = trained(mlp, F.cross_entropy, optimizer), trained(mlp, F.cross_entropy, optimizer)
    compiled = torch.compile(run.step)
    kind, calls = type(run.optimizer), []
    eager = kind._step_group
    monkeypatch.setattr(kind, "_step_group", lambda o, g: (calls.append(o), eager(o, g))[1])
    for k, (x, y) in enumerate(batches(10, 16, 7, 3)):
        if k == 6:
            for r in (run, twin):
                for state in r.optimizer.state.values():
                    state |= {name: v * 0.5 for name, v in state.items() if v.dim()}
        assert bits(compiled(x, y)) == bits(twin.step(x, y))
        assert (run.optimizer in calls) is (k < 2), k
        calls.clear()
        for p, q in zip(run.model.parameters(), twin.model.parameters(), strict=True):
            assert bits(p) == bits(q)
            assert p._version == q._version
            for name, value in twin.optimizer.state[q].items():
                assert bits(run.optimizer.state[p][name]) == bits(value)


def test_momentum_in_one_group_only():
    def two_groups(params):
        first, *others = params
        return torch.optim.SGD([{"params": [first], "momentum": 0.9}, {"params": others}], lr=0.1)

    assert_replays(lambda: trained(mlp, F.cross_entropy, two_groups), batches(6, 16, 7, 3))


def test_values_that_are_not_finite():
    """inf and nan take the same way through kernels as through operations."""
    run, twin = trained(mlp, F.cross_entropy, sgd), trained(mlp, F.cross_entropy, sgd)
    compiled = torch.compile(run.step)
    for k, (x, y) in enumerate(batches(8, 16, 7, 3)):
        if k > 3:
            x[0, 0] = (np.inf, np.nan, 1e38, -0.0)[k % 4]
        assert bits(compiled(x, y)) == bits(twin.step(x, y))
        for p, q in zip(run.model.parameters(), twin.model.parameters(), strict=True):
            assert np.array_equal(p.array, q.array, equal_nan=True)


def test_a_probability_out_of_range():
    run = trained(
        lambda: [nn.Linear(4, 1)], lambda p, y: F.binary_cross_entropy(p.sigmoid(), y), sgd
    )
    compiled = torch.compile(run.step)
    for x, y in batches(4, 5, 4, None):
        compiled(x, y)
    with pytest.raises(RuntimeError, match="all elements of target should be between 0 and 1"):
        compiled(x, y + 2)
    assert run.model[0].weight.grad is None
    assert compiled(x, y).item() > 0


def test_views_that_are_returned():
    weight = torch.arange(6.0).reshape(2, 3)
    compiled = torch.compile(lambda x: (x.flatten(), weight.t(), (x @ weight.t()).t(), x))
    for _ in range(5):
        x = torch.randn(4, 3)
        flat, turned, product, same = compiled(x)
        assert same is x
        assert torch.equal(flat, x.flatten())
        assert torch.equal(turned, weight.t())
        assert torch.equal(product, (x @ weight.t()).t())
        assert np.shares_memory(flat.array, x.array)
        assert np.shares_memory(turned.array, weight.array)
    assert compiled.replays == 3
    assert "not lowered:" not in compiled.explain()
