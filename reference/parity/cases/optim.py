"""Steps of the optimizers: the parameter, and everything that the state dict says, bit for bit.

PyTorch multiplies, divides and takes roots here, each correctly rounded or by a loop that can be
imitated, so there is no budget. The sizes leave a tail behind loops over 8 or 16 numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reference.parity.case import Array, ErrorCase, OpCase, Shape

STEPS = 5
SHAPE = (3, 7)
#: What every rule is asked for besides its defaults, by the name of its case.
RULES: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {"lr": 0.1}),
    "T68 SGD momentum and dampening": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    "T70 SGD nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "T71 SGD momentum and weight decay": (
        "SGD",
        {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.01},
    ),
    "T72 SGD maximize": ("SGD", {"lr": 0.1, "weight_decay": 0.01, "maximize": True}),
    "T80 SGD foreach": ("SGD", {"lr": 0.1, "momentum": 0.9, "foreach": True}),
    "T75 Adam": ("Adam", {}),
    "T73 Adam eps": ("Adam", {"lr": 0.1, "eps": 0.01}),
    "T74 Adam betas": ("Adam", {"lr": 0.1, "betas": (0.5, 0.3)}),
    "T76 Adam amsgrad": ("Adam", {"lr": 0.1, "betas": (0.9, 0.5), "amsgrad": True}),
    "T77 Adam weight decay": ("Adam", {"lr": 0.1, "weight_decay": 0.1}),
    "Adam maximize": ("Adam", {"lr": 0.1, "maximize": True, "weight_decay": 0.1}),
    "T80 Adam foreach": ("Adam", {"lr": 0.1, "foreach": True, "amsgrad": True}),
    "AdamW": ("AdamW", {}),
    "T77 AdamW weight decay": ("AdamW", {"lr": 0.1, "weight_decay": 0.1}),
    "AdamW amsgrad and maximize": ("AdamW", {"lr": 0.1, "amsgrad": True, "maximize": True}),
    "T80 AdamW foreach": ("AdamW", {"lr": 0.1, "foreach": True}),
    "RMSprop": ("RMSprop", {}),
    "RMSprop centered": ("RMSprop", {"lr": 0.1, "alpha": 0.4, "centered": True, "eps": 1e-3}),
    "RMSprop momentum": ("RMSprop", {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.01}),
    "Adagrad": ("Adagrad", {}),
    "Adagrad lr_decay": ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.01}),
    "Adagrad initial value": ("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.1}),
    "Adadelta": ("Adadelta", {}),
    "Adadelta rho": ("Adadelta", {"rho": 0.5, "weight_decay": 0.01, "maximize": True}),
    "Adamax": ("Adamax", {}),
    "Adamax betas": ("Adamax", {"lr": 0.1, "betas": (0.5, 0.9), "weight_decay": 0.01}),
    "NAdam": ("NAdam", {}),
    "NAdam decoupled weight decay": (
        "NAdam",
        {"lr": 0.1, "weight_decay": 0.01, "decoupled_weight_decay": True, "momentum_decay": 0.5},
    ),
    "RAdam": ("RAdam", {"lr": 0.1, "betas": (0.9, 0.7)}),
    "RAdam decoupled weight decay": (
        "RAdam",
        {"lr": 0.1, "weight_decay": 0.01, "decoupled_weight_decay": True},
    ),
}


def _many_sizes(rng: np.random.Generator, shape: Shape) -> Array:
    """Normal values from thousandths to tens.

    The powers are Python's: the last bits of NumPy's depend on the processor.
    """
    normal, exponents = rng.normal(size=shape), rng.uniform(-3, 1, shape)
    return normal * np.reshape([10.0**e for e in exponents.ravel().tolist()], shape)


def _trained(rule: str, options: dict[str, Any]) -> Callable[..., Any]:
    """A step for each gradient; the parameter and the state after it."""

    def fn(t: Any, start: Any, *grads: Any) -> Any:
        p = t.nn.Parameter(start.detach().clone())
        optimizer = getattr(t.optim, rule)([p], **options)
        for grad in grads:
            p.grad = grad.detach().clone()
            optimizer.step()
        return [p, optimizer.state_dict()]

    return fn


def _two_groups(t: Any, start: Any, *grads: Any) -> Any:
    """Options per group, a group added later, and a parameter that never gets a gradient."""
    p, q, idle, late = (t.nn.Parameter(start.detach().clone() * k) for k in (1, 2, 3, 4))
    optimizer = t.optim.SGD(
        [{"params": [p]}, {"params": [q, idle], "lr": 0.5, "weight_decay": 0.1}],
        lr=0.1,
        momentum=0.9,
    )
    for k, grad in enumerate(grads):
        if k == 2:
            optimizer.add_param_group({"params": late, "nesterov": True})
        for parameter in (p, q, late):
            parameter.grad = grad.detach().clone()
        optimizer.step()
    return [p, q, idle, late, optimizer.state_dict()]


def _goes_on(t: Any, start: Any, *grads: Any) -> Any:
    """Half of the steps with one Adam, the rest with another that loaded its state."""
    p = t.nn.Parameter(start.detach().clone())
    optimizer = t.optim.Adam([p], lr=0.1)
    for k, grad in enumerate(grads):
        if k == len(grads) // 2:
            state = optimizer.state_dict()
            optimizer = t.optim.Adam([p], lr=7.0)
            optimizer.load_state_dict(state)
        p.grad = grad.detach().clone()
        optimizer.step()
    return [p, optimizer.state_dict()]


def _no_gradient_no_step(t: Any) -> Any:
    p, q = (t.tensor([1.0], requires_grad=True) for _ in range(2))
    optimizer = t.optim.Adam([p, q], weight_decay=0.1)
    for _ in range(2):
        q.grad = t.zeros(1)
        optimizer.step()
    return [p, q, optimizer.state_dict()]


def _zero_grad(t: Any) -> Any:
    p = t.tensor([1.0], requires_grad=True)
    optimizer = t.optim.SGD([p])
    p.grad = t.ones(1)
    optimizer.zero_grad(set_to_none=False)
    filled = p.grad
    optimizer.zero_grad()
    return [filled, p.grad]


def _with_a_closure(t: Any, x: Any, start: Any) -> Any:
    """Whole numbers and powers of two, so that every order of adding up gives the same bits."""
    w = t.nn.Parameter(start.detach().clone())
    optimizer = t.optim.SGD([w], lr=0.5, momentum=0.5)

    def loss() -> Any:
        optimizer.zero_grad()
        value = t.relu(1 - x.detach() * w).mean()
        value.backward()
        return value

    return [[optimizer.step(loss) for _ in range(3)], w]


def _rate_as_tensor(t: Any, start: Any, *grads: Any) -> Any:
    ends = []
    for rule in ("SGD", "Adam", "AdamW"):
        p = t.nn.Parameter(start.detach().clone())
        optimizer = getattr(t.optim, rule)([p], lr=t.tensor(0.1), weight_decay=0.01)
        for grad in grads:
            p.grad = grad.detach().clone()
            optimizer.step()
        ends.append(p)
    return ends


#: The parameter, and a gradient for each step.
INPUTS = (SHAPE,) * (1 + STEPS)

CASES = (
    *(
        OpCase(name, _trained(rule, options), INPUTS, draw=_many_sizes, gradient=False)
        for name, (rule, options) in RULES.items()
    ),
    OpCase("T81 groups and their state dict", _two_groups, INPUTS, gradient=False),
    OpCase("Adam goes on from its state dict", _goes_on, INPUTS, gradient=False),
    OpCase("a tensor as learning rate", _rate_as_tensor, INPUTS, gradient=False),
    OpCase("T78 no gradient no step", _no_gradient_no_step, gradient=False),
    OpCase("T79 zero_grad", _zero_grad, gradient=False),
    OpCase(
        "a step with a closure",
        _with_a_closure,
        ((8, 4), (8, 4)),
        draw="whole",
        gradient=False,
        skip={
            "empty": "a mean of nothing is nan, and so is every weight",
            "special": "inf * 0 is nan, and so is the mean of all",
        },
    ),
)

_Make = Callable[[Any, Any], Any]
_MISTAKES: dict[str, _Make] = {
    "T83 no parameters": lambda t, p: t.optim.SGD([], lr=0.1),
    "parameters as a tensor": lambda t, p: t.optim.SGD(p, lr=0.1),
    "a parameter that is no tensor": lambda t, p: t.optim.Adam([1.0]),
    "a parameter that is no leaf": lambda t, p: t.optim.SGD([p * 2], lr=0.1),
    "a parameter in two groups": lambda t, p: t.optim.SGD([{"params": p}, {"params": p}], lr=0.1),
    "T70 nesterov without momentum": lambda t, p: t.optim.SGD([p], lr=0.1, nesterov=True),
    "T70 nesterov with dampening": lambda t, p: t.optim.SGD(
        [p], lr=0.1, momentum=0.9, dampening=0.1, nesterov=True
    ),
    "SGD lr": lambda t, p: t.optim.SGD([p], lr=-0.1),
    "SGD momentum": lambda t, p: t.optim.SGD([p], lr=0.1, momentum=-1),
    "SGD weight decay": lambda t, p: t.optim.SGD([p], lr=0.1, weight_decay=-1),
    "Adam lr": lambda t, p: t.optim.Adam([p], lr=-1),
    "Adam betas": lambda t, p: t.optim.Adam([p], betas=(1.0, 0.9)),
    "Adam betas, the second": lambda t, p: t.optim.Adam([p], betas=(0.9, -0.1)),
    "Adam eps": lambda t, p: t.optim.Adam([p], eps=-1e-8),
    "AdamW weight decay": lambda t, p: t.optim.AdamW([p], weight_decay=-1),
    "RMSprop alpha": lambda t, p: t.optim.RMSprop([p], alpha=-1),
    "Adagrad lr_decay": lambda t, p: t.optim.Adagrad([p], lr_decay=-1),
    "Adadelta rho": lambda t, p: t.optim.Adadelta([p], rho=1.5),
    "NAdam momentum_decay": lambda t, p: t.optim.NAdam([p], momentum_decay=-1),
    "a state of other groups": lambda t, p: t.optim.SGD([p], lr=0.1).load_state_dict(
        {"state": {}, "param_groups": []}
    ),
}

ERRORS = tuple(
    ErrorCase(name, lambda t, make=make: make(t, t.ones(2, requires_grad=True)))
    for name, make in _MISTAKES.items()
)
