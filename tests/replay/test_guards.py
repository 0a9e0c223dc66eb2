"""What a step reads is checked before a replay; what cannot be repeated runs eagerly, and why."""

from __future__ import annotations

import math
import random
import threading
import time
import warnings
from collections import deque
from types import SimpleNamespace

import numpy as np
import pytest

import minitorch_clf as torch
from minitorch_clf import nn
from minitorch_clf.nn import functional as F
from tests.replay.programs import batches, bits, trained

SCALE = 1.0
LOG: list[float] = []
CONFIG = SimpleNamespace(scale=1.0)


def data(n=8, size=8):
    return batches(n, size, 4, 3)


def model_and_step(loss=F.cross_entropy, optimizer=None):
    make = optimizer or (lambda ps: torch.optim.SGD(ps, lr=0.1))
    return trained(lambda: [nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)], loss, make)


def reasons(compiled):
    return " | ".join(compiled.fallbacks)


# --- values that leave as Python numbers ----------------------------------------------------------


def reading(read):
    """A step that reads a value in this way."""
    run = model_and_step()

    def step(x, y):
        run.optimizer.zero_grad()
        loss = F.cross_entropy(run.model(x), y)
        if read(loss):
            loss = loss * 2
        loss.backward()
        run.optimizer.step()
        return loss

    return step


READS = {
    "item": lambda loss: loss.item() > 1,
    "bool": lambda loss: loss > 1,
    "float": lambda loss: float(loss) > 1,
    "int": lambda loss: int(loss) > 1,
    "tolist": lambda loss: loss.tolist() > 1,
    "numpy": lambda loss: loss.detach().numpy() > 1,
    "array": lambda loss: loss.array > 1,
    "asarray": lambda loss: np.asarray(loss.detach()) > 1,
    "format": lambda loss: f"{loss.detach():.2f}" > "1",
    "repr": lambda loss: len(repr(loss)) > 20,
    "equal": lambda loss: torch.equal(loss, loss),
    "contains": lambda loss: 1.0 in loss.reshape(1),
    "allclose": lambda loss: torch.allclose(loss, loss),
    "math": math.isnan,
    "max": lambda loss: max(loss, 1.0) is loss,
    "nonzero": lambda loss: loss.nonzero().shape[0] > 0,
    "unique": lambda loss: loss.unique().shape[0] > 0,
    "mask": lambda loss: loss.reshape(1)[loss.reshape(1) > 1].shape[0] > 0,
    "index": lambda loss: [1, 0][loss.detach().long().clamp(0, 1)],
    "while": lambda loss: next(k for k in range(100) if loss < k) > 2,
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_value_that_python_reads_is_never_frozen(read):
    eager, compiled = reading(read), torch.compile(reading(read))
    for x, y in data():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert bits(eager(x, y)) == bits(compiled(x, y))
    assert compiled.replays == 0
    text = reasons(compiled)
    assert "test_guards.py:" in text, text
    assert "reads" in text or "cannot be replayed" in text, text


def test_reading_after_the_step_is_no_harm():
    run = model_and_step()
    compiled = torch.compile(run.step)
    assert all(compiled(x, y).item() > 0 for x, y in data())
    assert compiled.replays == 6


# --- Python that changes --------------------------------------------------------------------------


def follow(make_step, change, calls=8):
    """Eager and compiled twins, with change(k) before call k of each; returns the compiled one."""
    runs = []
    for wrapped in (lambda s: s, torch.compile):
        run = model_and_step()
        step = wrapped(make_step(run))
        seen = []
        for k, (x, y) in enumerate(data(calls)):
            change(k, run)
            torch.manual_seed(k)
            seen.append(bits(step(x, y)))
        seen += [bits(p) for p in run.model.parameters()]
        runs.append((seen, step))
    assert runs[0][0] == runs[1][0], runs[1][1].explain()
    return runs[1][1]


def usual(run, factor=lambda: 1.0):
    def step(x, y):
        run.optimizer.zero_grad()
        loss = F.cross_entropy(run.model(x), y) * factor()
        loss.backward()
        run.optimizer.step()
        return loss

    return step


def test_a_closure_variable():
    scale = 1.0

    def change(k, run):
        nonlocal scale
        scale = 1.0 if k < 4 else 2.0

    def make(run):
        def step(x, y):
            run.optimizer.zero_grad()
            loss = F.cross_entropy(run.model(x), y) * scale
            loss.backward()
            run.optimizer.step()
            return loss

        return step

    compiled = follow(make, change)
    assert "scale was 1.0, now it is 2.0" in reasons(compiled)
    assert compiled.replays == 4, compiled.explain()


def test_a_global():
    def change(k, run):
        globals()["SCALE"] = 1.0 if k < 4 else 3

    compiled = follow(lambda run: usual(run, lambda: SCALE), change)
    assert "SCALE was 1.0, now it is 3" in reasons(compiled)


def test_one_is_not_one_point_oh():
    def change(k, run):
        globals()["SCALE"] = 1 if k < 4 else 1.0

    assert "SCALE was 1, now it is 1.0" in reasons(
        follow(lambda r: usual(r, lambda: SCALE), change)
    )


def test_an_attribute_of_an_object():
    def change(k, run):
        CONFIG.scale = 1.0 if k < 4 else 0.5

    compiled = follow(lambda run: usual(run, lambda: CONFIG.scale), change)
    assert "CONFIG.scale was 1.0, now it is 0.5" in reasons(compiled)


def test_a_value_in_a_container():
    scales = {"now": [1.0]}

    def change(k, run):
        scales["now"][0] = 1.0 if k < 4 else 0.5

    compiled = follow(lambda run: usual(run, lambda: scales["now"][0]), change)
    assert "scales['now'][0] was 1.0, now it is 0.5" in reasons(compiled)


def test_a_value_that_always_changes():
    def change(k, run):
        CONFIG.scale = 1.0 + k

    compiled = follow(lambda run: usual(run, lambda: CONFIG.scale), change, calls=12)
    assert compiled.replays == 0
    assert "given up after 8 recordings: CONFIG.scale was" in reasons(compiled)


def test_an_equal_value_is_the_same():
    def change(k, run):
        CONFIG.scale = float(f"{1.5}")

    assert follow(lambda run: usual(run, lambda: CONFIG.scale), change).replays == 6


def test_a_counter_in_the_step():
    def make(run):
        count = 0

        def step(x, y):
            nonlocal count
            count += 1
            run.optimizer.zero_grad()
            loss = F.cross_entropy(run.model(x), y) * (2 if count > 3 else 1)
            loss.backward()
            run.optimizer.step()
            return loss

        return step

    compiled = follow(make, lambda k, run: None, calls=12)
    assert compiled.replays == 0
    assert "count was" in reasons(compiled)


def test_a_list_that_grows():
    def make(run):
        losses = []

        def step(x, y):
            loss = usual(run)(x, y)
            losses.append(loss)
            assert len(losses) == len(step.calls)
            return loss

        step.calls = losses
        return step

    compiled = follow(make, lambda k, run: None)
    assert compiled.replays == 0
    assert "the length of losses" in reasons(compiled)


def test_an_attribute_of_the_model():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 3)
            self.scale = 1.0
            self.calls = 0

        def forward(self, x):
            return self.layer(x) * self.scale

    runs = []
    for wrapped in (lambda s: s, torch.compile):
        torch.manual_seed(0)
        net = Net()
        o = torch.optim.SGD(net.parameters(), lr=0.1)
        run = SimpleNamespace(model=net, optimizer=o)
        step = wrapped(usual(run))
        seen = []
        for k, (x, y) in enumerate(data()):
            net.scale = 1.0 if k < 4 else 2.0
            seen.append(bits(step(x, y)))
        runs.append(seen)
    assert runs[0] == runs[1]
    assert "scale was 1.0, now it is 2.0" in reasons(step)
    assert step.replays == 4


NOT_PURE = {
    "print": (lambda: print(end=""), "it calls print"),  # noqa: T201
    "time": (lambda: time.perf_counter() > 0, "it uses perf_counter"),
    "time.time": (lambda: time.time() > 0, "it calls time"),
    "random": (lambda: random.random() > 2, "random"),
    "numpy.random": (lambda: np.random.rand() > 2, "it uses random"),  # noqa: NPY002
    "eval": (lambda: eval("1") > 2, "it calls eval"),
    "seed": (lambda: torch.manual_seed(0) is None, "draws random numbers through"),
}


@pytest.mark.parametrize(("action", "reason"), NOT_PURE.values(), ids=NOT_PURE)
def test_what_cannot_be_repeated(action, reason):
    def make(run):
        def step(x, y):
            action()
            return usual(run)(x, y)

        return step

    compiled = follow(make, lambda k, run: None)
    assert compiled.replays == 0
    assert reason in reasons(compiled)


def test_what_cannot_be_watched():
    scales = deque([1.0])
    array = np.ones(1)
    numbers = iter(range(100))
    for value, kind in ((scales, "deque"), (array, "ndarray"), (numbers, "range_iterator")):
        compiled = follow(
            lambda run, v=value: usual(run, lambda: 1.0 if v is not None else 2.0),
            lambda k, run: None,
        )
        assert compiled.replays == 0
        assert f"is a {kind}, whose changes replay cannot notice" in reasons(compiled)


# --- modules, parameters, optimizers --------------------------------------------------------------


def drop(run):
    run.model.append(nn.Dropout(0.5)) if len(run.model) == 3 else None
    return usual(run)


def test_train_and_eval():
    def change(k, run):
        run.model.train(k % 6 < 3)

    compiled = follow(drop, change, calls=14)
    assert "training was True, now it is False" in reasons(compiled)


def test_a_frozen_parameter():
    def change(k, run):
        run.model[0].weight.requires_grad_(k < 4)

    compiled = follow(usual, change, calls=9)
    assert "requires_grad of a tensor of shape [6, 4] was True" in reasons(compiled)
    assert compiled.replays == 2 + 3


def test_a_replaced_parameter():
    def change(k, run):
        if k == 4:
            run.model[2].bias = nn.Parameter(torch.zeros(3))

    compiled = follow(usual, change)
    assert "bias is another object than before" in reasons(compiled)


def test_swapped_memory():
    def change(k, run):
        if k == 4:
            run.model[2].bias.data = torch.ones(3)

    compiled = follow(usual, change)
    assert "the memory of a tensor of shape [3] was swapped" in reasons(compiled)


def test_a_loaded_state_dict_is_no_change():
    def change(k, run):
        if k == 4:
            run.model.load_state_dict({n: t * 2 for n, t in run.model.state_dict().items()})
            run.optimizer.load_state_dict(run.optimizer.state_dict())

    follow(usual, change)


def test_another_layer():
    def change(k, run):
        if k == 4:
            run.model.append(nn.Tanh())

    assert "_modules" in reasons(follow(usual, change))


def test_another_group():
    def change(k, run):
        if k == 0:
            run.extra = torch.zeros(2, requires_grad=True)
        if k == 4:
            run.optimizer.add_param_group({"params": [run.extra], "lr": 1.0})

    def make(run):
        return usual(run)

    runs = []
    for wrapped in (lambda s: s, torch.compile):
        run = model_and_step()
        step = wrapped(usual(run))
        seen = []
        for k, (x, y) in enumerate(data()):
            if k == 4:
                run.optimizer.add_param_group({"params": [torch.zeros(2, requires_grad=True)]})
            seen.append(bits(step(x, y)))
        runs.append(seen)
    assert runs[0] == runs[1]
    assert "the number of groups of" in reasons(step)


def test_hooks():
    calls = []

    def change(k, run):
        if k == 4:
            run.handle = run.model[1].register_forward_hook(lambda m, a, out: out * 2)
        if k == 5:
            run.handle.remove()

    class Run:
        pass

    results = []
    for wrapped in (lambda s: s, torch.compile):
        made = model_and_step()
        run = Run()
        run.model, run.optimizer = made.model, made.optimizer
        step = wrapped(usual(made))
        seen = []
        for k, (x, y) in enumerate(data(12)):
            change(k, run)
            seen.append(bits(step(x, y)))
        results.append(seen)
    assert results[0] == results[1]
    assert "the hooks of" in reasons(step)
    assert calls == []


@pytest.mark.parametrize("kind", ["register_hook", "register_post_accumulate_grad_hook"])
def test_hooks_on_a_parameter(kind):
    seen = []

    def change(k, run):
        if k == 4:
            getattr(run.model[0].weight, kind)(lambda t: seen.append(1))

    compiled = follow(usual, change)
    assert len(seen) == 8  # four calls, twice
    assert "a hook" in reasons(compiled)


def test_hooks_of_an_optimizer_run():
    seen = []

    def change(k, run):
        if k == 4:
            run.optimizer.register_step_post_hook(lambda o, a, kw: seen.append(1))

    follow(usual, change)
    assert len(seen) == 8


@pytest.mark.parametrize("when", ["pre", "post"])
def test_a_hook_of_an_optimizer_that_runs_the_step_again(when):
    """Within itself it runs eagerly: the buffers are in use."""
    results = []
    for wrapped in (lambda s: s, torch.compile):
        run = model_and_step()
        step = wrapped(run.step)
        seen, inside = [], []

        def again(*_, step=step, seen=seen, inside=inside):
            if not inside:
                inside.append(1)
                seen.append(bits(step(*data()[0])))
                inside.pop()

        for k, (x, y) in enumerate(data(8)):
            if k == 4:
                getattr(run.optimizer, f"register_step_{when}_hook")(again)
            seen.append(bits(step(x, y)))
            seen += [bits(p) for p in run.model.parameters()]
        results.append(seen)
    assert results[0] == results[1]
    assert reasons(step) == "it is called within itself"


def test_anomaly_mode():
    run = model_and_step()
    compiled = torch.compile(run.step)
    for k, (x, y) in enumerate(data()):
        with torch.autograd.set_detect_anomaly(k == 5):
            compiled(x, y)
    assert compiled.fallbacks == {"anomaly mode is on": 1}
    assert compiled.replays == 5


def test_grad_mode():
    model = nn.Linear(4, 3)
    compiled = torch.compile(lambda x: model(x).detach())
    for k, (x, _) in enumerate(data()):
        with torch.set_grad_enabled(k % 2 == 0):
            assert torch.equal(compiled(x), model(x))
    assert compiled.replays == 4, compiled.explain()


# --- kinds of calls -------------------------------------------------------------------------------


def test_the_last_smaller_batch():
    run, twin = model_and_step(), model_and_step()
    compiled = torch.compile(run.step)
    for _ in range(4):
        for size in (8, 8, 8, 5):
            ((x, y),) = data(1, size)
            assert bits(compiled(x, y)) == bits(twin.step(x, y))
    assert compiled.replays == 12
    assert not compiled.fallbacks


def test_other_dtypes_and_layouts():
    model = nn.Linear(4, 4).requires_grad_(False)
    compiled = torch.compile(model)
    x = torch.randn(4, 4)
    for _ in range(4):
        assert torch.equal(compiled(x), model(x))
        assert torch.equal(compiled(x.t()), model(x.t()))
    assert compiled.replays == 4


def test_arguments_of_other_kinds():
    compiled = torch.compile(lambda x, scale, more: x * scale + more[0])
    x = torch.ones(3)
    for scale in (2.0, 3.0, 2.0, 3.0, 2.0, 3.0):
        assert compiled(x, scale, more=(1,)).tolist() == [scale + 1] * 3
    assert compiled.replays == 2


def test_one_tensor_twice():
    compiled = torch.compile(lambda x, y: x * 2 + y)
    x, y = torch.ones(3), torch.zeros(3)
    for _ in range(4):
        assert compiled(x, x).tolist() == [3.0] * 3
        assert compiled(x, y).tolist() == [2.0] * 3
        assert compiled(y, x).tolist() == [1.0] * 3


def test_an_argument_that_requires_grad():
    compiled = torch.compile(lambda x: x * 2)
    x = torch.ones(3, requires_grad=True)
    compiled(x).sum().backward()
    assert x.grad.tolist() == [2.0] * 3
    assert "an argument requires grad" in reasons(compiled)


def test_a_graph_that_is_left():
    model = nn.Linear(4, 3)
    compiled = torch.compile(model)
    for x, _ in data():
        model.zero_grad()
        compiled(x).sum().backward()
        assert model.bias.grad.tolist() == [8.0] * 3
    assert "whose graph is not used up" in reasons(compiled)


def test_an_error_is_the_eager_error():
    run = model_and_step()
    compiled = torch.compile(run.step)
    (x, y), *_ = data()
    for _ in range(4):
        compiled(x, y)
    with pytest.raises(IndexError, match="Target 7 is out of bounds"):
        compiled(x, torch.full((8,), 7))
    assert math.isfinite(compiled(x, y).item())
    assert compiled.replays == 3


def test_a_step_in_a_step():
    inner = torch.compile(lambda x: x * 2)
    outer = torch.compile(lambda x: inner(x) + 1)
    for _ in range(4):
        assert outer(torch.ones(2)).tolist() == [3.0, 3.0]
    assert outer.replays == 2, outer.explain()
    assert inner.replays == 0


def test_results_are_not_overwritten():
    run, twin = model_and_step(), model_and_step()
    compiled = torch.compile(run.step)
    losses, grads, expected = [], [], []
    for x, y in data():
        losses.append(compiled(x, y))
        grads.append(run.model[0].weight.grad)
        expected.append((bits(twin.step(x, y)), bits(twin.model[0].weight.grad)))
    assert [(bits(a), bits(g)) for a, g in zip(losses, grads, strict=True)] == expected


def test_threads():
    runs = [model_and_step() for _ in range(3)]
    twins = [model_and_step() for _ in range(3)]
    steps = [torch.compile(r.step) for r in runs]
    shared = torch.compile(lambda x: (x * 2).sum())
    wrong = []
    given = data(40)

    def work(k):
        for x, y in given:
            steps[k](x, y)
            if shared(x).item() != (x * 2).sum().item():
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    for run, twin in zip(runs, twins, strict=True):
        for x, y in given:
            twin.step(x, y)
        for p, q in zip(run.model.parameters(), twin.model.parameters(), strict=True):
            assert bits(p) == bits(q)
    assert all(s.replays == 38 for s in steps)


# --- arguments of compile -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "option", ["backend", "mode", "fullgraph", "dynamic", "options", "disable"]
)
def test_options_that_are_not_supported(option):
    with pytest.raises(NotImplementedError, match=option):
        torch.compile(lambda x: x, **{option: True})


def test_options_that_do_not_exist():
    with pytest.raises(TypeError, match="unexpected keyword argument 'fast'"):
        torch.compile(lambda x: x, fast=True)
    with pytest.raises(TypeError, match="something to call, not int"):
        torch.compile(3)


def test_explain(capsys):
    run = model_and_step()

    @torch.compile(explain=True)
    def step(x, y):
        return run.step(x, y)

    for k, (x, y) in enumerate(data()):
        run.model.train(k < 5)
        step(x, y)
    said = capsys.readouterr().err
    assert "recorded (float32[8, 4], int64[8])" in said
    assert "training was True, now it is False" in said
    assert "replayed" in step.explain()


# --- verify ---------------------------------------------------------------------------------------


def test_verify():
    run, twin = (model_and_step(optimizer=torch.optim.Adam) for _ in "ab")
    compiled = torch.compile(run.step, verify=True)
    for x, y in data():
        assert bits(compiled(x, y)) == bits(twin.step(x, y))
    for p, q in zip(run.model.parameters(), twin.model.parameters(), strict=True):
        assert bits(p) == bits(q)
    assert compiled.replays == 6


# --- holes that a first version had ---------------------------------------------------------------


def test_gradients_that_are_assigned():
    def make(run):
        def step(x, y):
            run.optimizer.zero_grad()
            loss = F.cross_entropy(run.model(x), y)
            loss.backward()
            for p in run.model.parameters():
                p.grad = p.grad * 0.5
            run.optimizer.step()
            return loss

        return step

    compiled = follow(make, lambda k, run: None)
    assert "it assigns to .grad (test_guards.py:" in reasons(compiled)


def test_gradients_that_are_cleared_by_hand():
    def make(run):
        def step(x, y):
            for p in run.model.parameters():
                p.grad = None
            loss = F.cross_entropy(run.model(x), y)
            loss.backward()
            run.optimizer.step()
            return loss

        return step

    assert follow(make, lambda k, run: None).replays == 6


def test_whether_there_is_a_gradient():
    def make(run):
        def step(x, y):
            scale = 1.0 if run.model[0].weight.grad is None else 2.0
            loss = F.cross_entropy(run.model(x), y) * scale
            loss.backward()
            return loss.detach()

        return step

    def change(k, run):
        if k % 5 == 0:
            run.optimizer.step()
            run.optimizer.zero_grad()

    compiled = follow(make, change, calls=16)
    assert "looks for a gradient" in reasons(compiled)


def test_flags_that_the_step_sets():
    def make(run):
        def step(x, y):
            run.model[0].weight.requires_grad_(len(x) > 9)
            loss = usual(run)(x, y)
            run.model[0].weight.requires_grad_(True)
            return loss

        return step

    assert "it changes requires_grad" in reasons(follow(make, lambda k, run: None))


def test_errors_that_the_step_catches():
    def make(run):
        def step(x, y):
            try:
                return usual(run)(x, y)
            except IndexError:
                return None

        return step

    assert "it catches errors" in reasons(follow(make, lambda k, run: None))


def test_an_attribute_of_a_function():
    def factor():
        return factor.value

    def change(k, run):
        factor.value = 1.0 if k < 4 else 2.0

    compiled = follow(lambda run: usual(run, factor), change)
    assert "value was 1.0, now it is 2.0" in reasons(compiled)


def test_settings_in_the_step():
    def make(run):
        def step(x, y):
            torch.set_num_threads(1)
            return usual(run)(x, y)

        return step

    assert "it changes a setting with set_num_threads" in reasons(follow(make, lambda k, run: None))


def test_a_loss_made_in_the_step():
    def make(run):
        def step(x, y):
            run.optimizer.zero_grad()
            loss = nn.CrossEntropyLoss()(run.model(x), y)
            loss.backward()
            run.optimizer.step()
            return loss

        return step

    assert follow(make, lambda k, run: None).replays == 6


def test_train_in_the_step():
    def make(run):
        def step(x, y):
            run.model.train()
            return usual(run)(x, y)

        return step

    def change(k, run):
        if k == 4:
            run.model.eval()

    follow(make, change)


def test_batches_that_are_views():
    run, twin = model_and_step(), model_and_step()
    compiled = torch.compile(run.step)
    x, y = torch.randn(64, 4), torch.randint(0, 3, (64,))
    for k in range(0, 64, 8):
        assert bits(compiled(x[k : k + 8], y[k : k + 8])) == bits(
            twin.step(x[k : k + 8], y[k : k + 8])
        )
    assert compiled.replays == 6
