"""Modules: names, state dicts, modes, hooks in their order; and that they are their functions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from reference.parity.case import ErrorCase, OpCase

_Program = Callable[[Any], Any]


def make_net(t: Any) -> Any:
    """A module with everything in it: nested, shared, tied and absent members, buffers."""

    class Block(t.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.linear = t.nn.Linear(3, 2)
            self.absent = None
            self.register_parameter("no_bias", None)
            self.register_module("no_child", None)
            self.register_buffer("mean", t.zeros(2))
            self.register_buffer("scratch", t.ones(2), persistent=False)
            self.register_buffer("no_buffer", None)

        def forward(self, x: Any, scale: float = 1.0) -> Any:
            return self.linear(x) * scale + self.mean

        def extra_repr(self) -> str:
            return "a block\nin two lines"

    class Net(t.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.first = Block()
            self.second = t.nn.Sequential(OrderedDict(relu=t.nn.ReLU(), block=self.first))
            self.count = t.nn.Buffer(t.tensor(7))
            self.scale = t.nn.Parameter(t.full((2,), 2.0))
            self.tied = self.first.linear.weight

        def forward(self, x: Any) -> Any:
            return self.first(x) * self.scale

    return Net()


def _of_net(program: Callable[[Any, Any], Any]) -> _Program:
    """program(t, net) with that module, made after seed 0."""

    def fn(t: Any) -> Any:
        t.manual_seed(0)
        return program(t, make_net(t))

    return fn


def _names(_: Any, net: Any) -> Any:
    return [
        [
            [name for name, _ in net.named_parameters(prefix, remove_duplicate=once)],
            [name for name, _ in net.named_buffers(prefix, remove_duplicate=once)],
            [name for name, _ in net.named_modules(prefix=prefix, remove_duplicate=once)],
            [name for name, _ in net.named_children()],
            [tuple(p.shape) for p in net.parameters()],
        ]
        for prefix in ("", "net")
        for once in (True, False)
    ]


def _state_dict(_: Any, net: Any) -> Any:
    state = net.state_dict()
    kept = net.state_dict(prefix="net.", keep_vars=True)
    return [type(state).__name__, dict(state), dict(kept), kept["net.scale"] is net.scale]


def _load_state_dict(t: Any, net: Any) -> Any:
    """Strictly, not strictly, and by assignment."""
    other = make_net(t)
    told = [str(net.load_state_dict(other.state_dict()))]
    equal = [bool(t.equal(net.scale, other.scale)), net.scale is other.scale]
    partial = {"scale": t.zeros(2), "unknown": t.ones(1)}
    told.append(str(net.load_state_dict(partial, strict=False)))
    changed = dict(net.state_dict())
    net.load_state_dict(other.state_dict(), assign=True)
    return [told, equal, changed, dict(net.state_dict())]


def _modes(t: Any, net: Any) -> Any:
    """train, eval, requires_grad_, zero_grad, apply: on all members, and in which order."""
    net.eval()
    seen = [[module.training for module in net.modules()]]
    net.second.train()
    seen.append([module.training for module in net.modules()])
    net(t.ones(1, 3)).sum().backward()
    grads = {name: p.grad.clone() for name, p in net.named_parameters()}
    net.zero_grad()
    visited: list[str] = []
    net.apply(lambda module: visited.append(type(module).__name__))
    net.requires_grad_(False)
    flags = [p.requires_grad for p in net.parameters()]
    return [seen, grads, [p.grad for p in net.parameters()], visited, flags]


def _conversions(t: Any, net: Any) -> Any:
    """To float64 and back; the parameters stay the same objects, integers stay integers."""
    weight = net.first.linear.weight
    same = [net.double() is net, net.first.linear.weight is weight]
    double = dict(net.state_dict())
    net.to(t.float32)
    return [same, double, dict(net.state_dict())]


def _of_halves(t: Any, module: Any) -> Any:
    """The module with every weight 1/2, so that sums are exact in any order."""
    for p in module.parameters():
        t.nn.init.constant_(p, 0.5)
    return module


def _containers(t: Any) -> Any:
    nn = t.nn
    t.manual_seed(0)
    chain = _of_halves(t, nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)))
    several = nn.ModuleList([nn.Linear(1, 1), nn.ReLU()])
    several.append(nn.Identity())
    named = nn.ModuleDict({"a": nn.Linear(1, 2), "b": nn.ReLU()})
    loose = nn.ParameterList([nn.Parameter(t.ones(1)), nn.Parameter(t.zeros(2))])
    return [
        [chain(t.ones(2, 2)), repr(chain), len(chain), repr(chain[1:]), repr(chain[-1])],
        [repr(several), len(several), [name for name, _ in several.named_parameters()]],
        [repr(named), list(named.keys()), "b" in named, dict(named.state_dict())],
        [dict(loose.state_dict()), len(loose)],
    ]


def _forward_hooks(t: Any) -> Any:
    """Who is called when, with what, and what the hooks make of it."""
    log: list[str] = []

    def note(name: str) -> Callable[..., None]:
        return lambda *args, **kwargs: log.append(f"{name} {len(args)}")

    layer = t.nn.ReLU()
    layer.register_forward_hook(note("first"))
    layer.register_forward_hook(note("second"), with_kwargs=True)
    layer.register_forward_hook(note("front"), prepend=True)
    layer.register_forward_pre_hook(note("pre"))
    layer.register_forward_pre_hook(note("pre front"), prepend=True, with_kwargs=True)
    removed = layer.register_forward_hook(note("removed"))
    removed.remove()
    layer(t.ones(1))
    changed = t.nn.ReLU()
    changed.register_forward_pre_hook(lambda module, args: args[0] * 2)
    changed.register_forward_hook(lambda module, args, out: [out, args[0] + 1])
    return [log, changed(t.ones(2))]


def _backward_hooks(t: Any) -> Any:
    """Before and after the backward of every module, outermost first."""
    log: list[Any] = []
    net = _of_halves(t, t.nn.Sequential(t.nn.Linear(2, 2), t.nn.ReLU(), t.nn.Linear(2, 1)))
    for name, module in net.named_modules():
        module.register_full_backward_pre_hook(
            lambda module, given, name=name: log.append([name, "before", given])
        )
        module.register_full_backward_hook(
            lambda module, passed, given, name=name: log.append([name, "after", passed, given])
        )
    x = t.tensor([[1.0, 2.0]], requires_grad=True)
    net(x).sum().backward()
    return [log, [p.grad for p in net.parameters()], x.grad]


def _replaced_gradients(t: Any) -> Any:
    layer = _of_halves(t, t.nn.Linear(2, 1))
    layer.register_full_backward_pre_hook(lambda module, given: (given[0] * 3,))
    layer.register_full_backward_hook(lambda module, passed, given: (passed[0] * 8,))
    layer.register_full_backward_hook(lambda module, passed, given: (passed[0] + 1,), prepend=True)
    x = t.tensor([[1.0, 2.0]], requires_grad=True)
    layer(x).sum().backward()
    return [x.grad, layer.weight.grad, layer.bias.grad]


#: Module and function of one name for one input, with the options of both.
TWINS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("ReLU", "relu", {}),
    ("ReLU6", "relu6", {}),
    ("LeakyReLU", "leaky_relu", {"negative_slope": 0.2}),
    ("ELU", "elu", {"alpha": 0.5}),
    ("CELU", "celu", {"alpha": 0.5}),
    ("SELU", "selu", {}),
    ("GELU", "gelu", {"approximate": "tanh"}),
    ("SiLU", "silu", {}),
    ("Mish", "mish", {}),
    ("Softplus", "softplus", {"beta": 2.0, "threshold": 1.0}),
    ("Softsign", "softsign", {}),
    ("Sigmoid", "sigmoid", {}),
    ("Tanh", "tanh", {}),
    ("LogSigmoid", "logsigmoid", {}),
    ("Hardtanh", "hardtanh", {"min_val": -0.5, "max_val": 0.7}),
    ("Hardsigmoid", "hardsigmoid", {}),
    ("Hardswish", "hardswish", {}),
    ("Hardshrink", "hardshrink", {"lambd": 0.3}),
    ("Softshrink", "softshrink", {"lambd": 0.3}),
    ("Tanhshrink", "tanhshrink", {}),
    ("Softmax", "softmax", {"dim": 1}),
    ("LogSoftmax", "log_softmax", {"dim": 1}),
    ("Softmin", "softmin", {"dim": 0}),
    ("GLU", "glu", {"dim": 1}),
)
LOSSES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("MSELoss", "mse_loss", {"reduction": "sum"}),
    ("L1Loss", "l1_loss", {}),
    ("SmoothL1Loss", "smooth_l1_loss", {"beta": 0.5}),
    ("HuberLoss", "huber_loss", {"delta": 0.5}),
    ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits", {"reduction": "none"}),
    ("CrossEntropyLoss", "cross_entropy", {"label_smoothing": 0.1}),
    ("KLDivLoss", "kl_div", {"reduction": "batchmean"}),
    ("PoissonNLLLoss", "poisson_nll_loss", {"log_input": True}),
    ("SoftMarginLoss", "soft_margin_loss", {}),
)


def _gradient(t: Any, call: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    leaf = x.detach().clone().requires_grad_()
    out = call(leaf)
    return out, t.autograd.grad(out.sum(), leaf)[0]


def _are_functions(t: Any, x: Any, target: Any) -> Any:
    """A module passes its options on: the same value and the same gradient as its function."""
    same = {}
    for module, function, options in TWINS:
        called = getattr(t.nn.functional, function)
        want = _gradient(t, lambda x: called(x, **options), x)  # noqa: B023 - called at once
        got = _gradient(t, getattr(t.nn, module)(**options), x)
        same[module] = [bool(t.equal(a, b)) for a, b in zip(want, got, strict=True)]
    for module, function, options in LOSSES:
        called, loss = getattr(t.nn.functional, function), getattr(t.nn, module)(**options)
        want = _gradient(t, lambda x: called(x, target.detach(), **options), x)  # noqa: B023
        got = _gradient(t, lambda x: loss(x, target.detach()), x)  # noqa: B023
        same[module] = [bool(t.equal(a, b)) for a, b in zip(want, got, strict=True)]
    return same


CASES = (
    OpCase("names", _of_net(_names), gradient=False),
    OpCase("repr", _of_net(lambda t, net: [repr(net), repr(net.first)]), gradient=False),
    OpCase("T81 state_dict", _of_net(_state_dict), gradient=False),
    OpCase("load_state_dict", _of_net(_load_state_dict), gradient=False),
    OpCase("modes and gradients", _of_net(_modes), gradient=False),
    OpCase("conversions", _of_net(_conversions), gradient=False),
    OpCase("containers", _containers, gradient=False),
    OpCase("T100 forward hooks", _forward_hooks, gradient=False),
    OpCase("T100 backward hooks", _backward_hooks, gradient=False),
    OpCase("backward hooks that replace", _replaced_gradients, gradient=False),
    OpCase("modules are their functions", _are_functions, ((4, 6), (4, 6)), draw=("normal", "unit"),
           gradient=False, skip=dict.fromkeys(("empty", "0-d", "special"),
           "whether it is the function shows on the plain values")),
)  # fmt: skip


def _uninitialised(t: Any) -> Any:
    class Hasty(t.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.weight = t.nn.Parameter(t.ones(1))

    return Hasty()


_MISTAKES: dict[str, _Program] = {
    "a missing key": lambda t: t.nn.Linear(1, 1).load_state_dict({"weight": t.ones(1, 1)}),
    "a key too many": lambda t: t.nn.ReLU().load_state_dict({"weight": t.ones(1)}),
    "a parameter of another shape": lambda t: t.nn.Linear(2, 1, bias=False).load_state_dict(
        {"weight": t.ones(3, 1)}
    ),
    "an unknown attribute": lambda t: t.nn.Linear(1, 1).weights,
    "a parameter that is none": lambda t: t.nn.Module().register_parameter("w", t.ones(1)),
    "a name with a dot": lambda t: t.nn.Module().register_buffer("a.b", t.ones(1)),
    "no forward": lambda t: t.nn.Module()(1),
    "a wrong size": lambda t: t.nn.Linear(3, 2)(t.ones(2, 4)),
    "a member before __init__": _uninitialised,
    "an index beyond the end": lambda t: t.nn.Sequential(t.nn.ReLU())[1],
    "no module in Sequential": lambda t: t.nn.Sequential(t.nn.ReLU(), 3),
}


ERRORS = tuple(ErrorCase(name, program) for name, program in _MISTAKES.items())
