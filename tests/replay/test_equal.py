"""A replayed step gives the bits of the eager one: losses, parameters, gradients, state, stream."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch_clf as torch
from minitorch_clf import nn
from minitorch_clf.nn import functional as F
from tests.replay.programs import Run, assert_replays, batches, trained

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "softplus": nn.Softplus,
    "selu": nn.SELU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
    "logsigmoid": nn.LogSigmoid,
    "hardtanh": nn.Hardtanh,
}
OPTIMIZERS = {
    "sgd": lambda ps: torch.optim.SGD(ps, lr=0.1),
    "momentum": lambda ps: torch.optim.SGD(ps, lr=0.1, momentum=0.9, dampening=0.1),
    "nesterov": lambda ps: torch.optim.SGD(ps, lr=0.1, momentum=0.9, nesterov=True),
    "sgd_decay": lambda ps: torch.optim.SGD(ps, lr=0.1, weight_decay=0.01, maximize=True),
    "adam": lambda ps: torch.optim.Adam(ps, lr=0.01),
    "adam_decay": lambda ps: torch.optim.Adam(ps, lr=0.01, weight_decay=0.1, amsgrad=True),
    "adamw": lambda ps: torch.optim.AdamW(ps, lr=0.01),
    "adamw_max": lambda ps: torch.optim.AdamW(ps, lr=0.01, amsgrad=True, maximize=True),
    "rmsprop": lambda ps: torch.optim.RMSprop(ps, lr=0.01, momentum=0.5),
    "adagrad": lambda ps: torch.optim.Adagrad(ps, lr=0.01),
    "adadelta": torch.optim.Adadelta,
    "adamax": torch.optim.Adamax,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
}
LOSSES = {
    "mse": F.mse_loss,
    "l1": F.l1_loss,
    "smooth_l1": F.smooth_l1_loss,
    "huber": F.huber_loss,
    "bce": lambda z, y: F.binary_cross_entropy(torch.sigmoid(z), y),
    "bce_sum": lambda z, y: F.binary_cross_entropy(torch.sigmoid(z), y, reduction="sum"),
    "logits": F.binary_cross_entropy_with_logits,
    "mine": lambda z, y: ((z - y) ** 2).mean() + 0.5 * z.abs().sum(),
}
CLASS_LOSSES = {
    "cross_entropy": F.cross_entropy,
    "cross_entropy_sum": lambda z, y: F.cross_entropy(z, y, reduction="sum"),
    "smoothed": lambda z, y: F.cross_entropy(z, y, label_smoothing=0.1),
    "nll": lambda z, y: F.nll_loss(F.log_softmax(z, dim=1), y),
    "weighted": lambda z, y: F.cross_entropy(z, y, weight=torch.tensor([0.5, 1.0, 2.0])),
}
SGD = OPTIMIZERS["sgd"]


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_activations(activation, dtype):
    def layers():
        made = [nn.Linear(7, 9), activation(), nn.Linear(9, 3)]
        return [layer.to(dtype) for layer in made]

    data = batches(5, 13, 7, 3, dtype)
    assert_replays(lambda: trained(layers, F.cross_entropy, OPTIMIZERS["adam"]), data)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_optimizers(optimizer):
    def layers():
        return [nn.Linear(7, 20), nn.ReLU(), nn.Linear(20, 3)]

    assert_replays(lambda: trained(layers, F.cross_entropy, optimizer), batches(6, 10, 7, 3))


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_losses(loss):
    def layers():
        return [nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1)]

    assert_replays(lambda: trained(layers, loss, SGD), batches(5, 12, 5, None))


@pytest.mark.parametrize("loss", CLASS_LOSSES.values(), ids=CLASS_LOSSES)
def test_losses_of_classes(loss):
    def layers():
        return [nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3)]

    assert_replays(lambda: trained(layers, loss, SGD), batches(5, 12, 5, 3))


LAYERS = {
    "dropout": lambda: [nn.Linear(6, 40), nn.ReLU(), nn.Dropout(0.3), nn.Linear(40, 3)],
    "batch_norm": lambda: [nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)],
    "layer_norm": lambda: [nn.Linear(6, 8), nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 3)],
    "no_bias": lambda: [nn.Linear(6, 8, bias=False), nn.ReLU(), nn.Linear(8, 3, bias=False)],
    "one_layer": lambda: [nn.Linear(6, 3)],
    "four_layers": lambda: [
        *(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6), nn.SELU()),
        *(nn.Linear(6, 6), nn.Softplus(), nn.Linear(6, 3)),
    ],
    "flatten": lambda: [nn.Unflatten(1, (2, 3)), nn.Flatten(), nn.Linear(6, 3)],
    "identity": lambda: [nn.Identity(), nn.Linear(6, 3), nn.Identity()],
    "two_activations": lambda: [nn.Linear(6, 9), nn.ReLU(), nn.Sigmoid(), nn.Linear(9, 3)],
}


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
def test_layers(layers, optimizer):
    data = batches(5, 16, 6, 3)
    assert_replays(lambda: trained(layers, F.cross_entropy, OPTIMIZERS[optimizer]), data)


def small(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))


def test_two_backward_calls_add_up():
    def make():
        model = small()
        o = torch.optim.SGD(model.parameters(), lr=0.1)

        def step(x, y):
            o.zero_grad()
            first = F.cross_entropy(model(x[:4]), y[:4])
            (first / 2).backward()
            second = F.cross_entropy(model(x[4:]), y[4:])
            (second / 2).backward()
            o.step()
            return first + second.detach()

        return Run(lambda x, y: step(x, y).detach(), model, o)

    assert_replays(make, batches(5, 8, 4, 3))


def test_retained_graph():
    def make():
        model = small()
        o = torch.optim.SGD(model.parameters(), lr=0.1)

        def step(x, y):
            o.zero_grad()
            z = model(x)
            a, b = F.cross_entropy(z, y), z.square().mean()
            a.backward(retain_graph=True)
            b.backward()
            o.step()
            return a.detach()

        return Run(step, model, o)

    assert_replays(make, batches(5, 8, 4, 3))


def test_gradients_collect_over_calls():
    def make():
        model = small()
        o = torch.optim.SGD(model.parameters(), lr=0.1)

        def step(x, y):
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            return loss

        return Run(step, model, o)

    assert_replays(make, batches(5, 8, 4, 3))


def test_zeros_instead_of_none():
    def make():
        model = small()
        o = torch.optim.Adam(model.parameters(), lr=0.1)

        def step(x, y):
            o.zero_grad(set_to_none=False)
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            o.step()
            return loss

        return Run(step, model, o)

    assert_replays(make, batches(6, 8, 4, 3))


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_clipped_gradients(optimizer):
    def make():
        model = small()
        o = OPTIMIZERS[optimizer](model.parameters())

        def step(x, y):
            o.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.1)
            o.step()
            return loss

        return Run(step, model, o)

    assert_replays(make, batches(5, 8, 4, 3))


def test_scheduler_between_steps():
    eager, replayed = (trained(lambda: [nn.Linear(4, 3)], F.cross_entropy, SGD) for _ in "ab")
    schedulers = [
        torch.optim.lr_scheduler.StepLR(r.optimizer, step_size=2, gamma=0.5)
        for r in (eager, replayed)
    ]
    compiled = torch.compile(replayed.step)
    for x, y in batches(8, 8, 4, 3):
        assert eager.step(x, y).item() == compiled(x, y).item()
        for s in schedulers:
            s.step()
    assert compiled.replays == 6, compiled.explain()


def test_options_of_groups_are_read_each_time():
    eager, replayed = (
        trained(lambda: [nn.Linear(4, 3)], F.cross_entropy, OPTIMIZERS["adamw_max"]) for _ in "ab"
    )
    compiled = torch.compile(replayed.step)
    for k, (x, y) in enumerate(batches(9, 8, 4, 3)):
        for r in (eager, replayed):
            group = r.optimizer.param_groups[0]
            group["lr"], group["betas"] = 0.01 * (k + 1), (0.8 + k / 100, 0.9)
            group["weight_decay"], group["eps"] = 0.1 * (k % 3), 1e-8 * (k + 1)
            group["maximize"] = k % 2 == 0
        assert eager.step(x, y).item() == compiled(x, y).item()
    assert compiled.replays == 7, compiled.explain()


def test_a_step_by_hand():
    def make():
        torch.manual_seed(0)
        w = nn.Parameter(torch.randn(4, 3))
        model = nn.Module()
        model.w = w

        def step(x, y):
            loss = F.cross_entropy(x @ w, y)
            (g,) = torch.autograd.grad(loss, w)
            with torch.no_grad():
                w.sub_(0.1 * g)
            return loss

        return Run(step, model, torch.optim.SGD(model.parameters()))

    assert_replays(make, batches(5, 8, 4, 3))


def test_manual_gradient_descent():
    def make():
        model = small()

        def step(x, y):
            loss = F.cross_entropy(model(x), y)
            model.zero_grad()
            loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= 0.1 * p.grad
            return loss

        return Run(step, model, torch.optim.SGD(model.parameters()))

    assert_replays(make, batches(5, 8, 4, 3))


def test_random_noise_in_the_step():
    def make():
        model = small()
        o = torch.optim.SGD(model.parameters(), lr=0.1)

        def step(x, y):
            o.zero_grad()
            loss = F.cross_entropy(model(x + 0.1 * torch.randn(8, 4)), y)
            loss.backward()
            o.step()
            return loss

        return Run(step, model, o)

    assert_replays(make, batches(5, 8, 4, 3))


def test_inference_of_a_model():
    model = small()
    infer = torch.compile(torch.no_grad()(lambda x: model(x).softmax(dim=1)))
    for x, _ in batches(5, 8, 4, 3):
        assert torch.equal(infer(x), model(x).softmax(dim=1).detach())
    assert infer.replays == 3, infer.explain()


def test_a_model_itself():
    model = small().requires_grad_(False)
    compiled = torch.compile(model)
    for x, _ in batches(5, 8, 4, 3):
        assert torch.equal(compiled(x), model(x))
    assert compiled.replays == 3, compiled.explain()


def test_nests_come_back_as_they_were():
    model = small()
    o = torch.optim.SGD(model.parameters(), lr=0.1)

    @torch.compile
    def step(batch):
        o.zero_grad()
        z = model(batch["x"])
        loss = F.cross_entropy(z, batch["y"])
        loss.backward()
        o.step()
        return {
            "loss": loss,
            "logits": [z.detach(), None],
            "right": (z.argmax(1) == batch["y"]).sum(),
        }

    for x, y in batches(5, 8, 4, 3):
        with torch.no_grad():
            z = model(x)
        out = step({"x": x, "y": y})
        assert list(out) == ["loss", "logits", "right"]
        assert torch.equal(out["logits"][0], z)
        assert out["logits"][1] is None
        assert out["right"].item() == (z.argmax(1) == y).sum().item()
    assert step.replays == 3, step.explain()


@settings(max_examples=25, deadline=None)
@given(
    widths=st.lists(st.integers(1, 20), min_size=0, max_size=3),
    size=st.integers(1, 40),
    features=st.integers(1, 12),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    optimizer=st.sampled_from(["sgd", "momentum", "nesterov", "sgd_decay", "adam", "adamw"]),
    loss=st.sampled_from(["cross_entropy", "mse", "bce", "logits"]),
    seed=st.integers(0, 1000),
)
def test_small_networks(widths, size, features, activation, optimizer, loss, seed):
    classes = 3 if loss == "cross_entropy" else None

    def layers():
        made, before = [], features
        for width in widths:
            made += [nn.Linear(before, width), ACTIVATIONS[activation]()]
            before = width
        return [*made, nn.Linear(before, classes or 1)]

    of = CLASS_LOSSES[loss] if classes else LOSSES[loss]
    data = batches(4, size, features, classes, seed=seed)
    assert_replays(lambda: trained(layers, of, OPTIMIZERS[optimizer], seed), data)
