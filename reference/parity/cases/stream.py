"""The random stream of a seed: what is drawn, and the state that is left, byte for byte."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from reference.parity.case import ErrorCase, OpCase

_Draw = Callable[[Any], Any]
#: Around the 16 normals of a block and the 624 words of the generator.
SIZES = (0, 1, 2, 8, 15, 16, 17, 31, 32, 33, 48, 623, 625)
REALS = ("float32", "float64")
INTEGERS = ("bool", "uint8", "int8", "int16", "int32", "int64")
SEEDS = (0, 1, 42, 2**32 - 1, 2**32, 2**64 - 1, -1, -(2**63))


def _state(generator: Any) -> int:
    """The 5,056 bytes of a generator's state, as one number."""
    return zlib.crc32(generator.get_state().numpy().tobytes())


def _seeded(draw: _Draw, seed: int = 5) -> _Draw:
    """What is drawn after the seed, and the state of the default generator then."""

    def fn(t: Any) -> Any:
        t.manual_seed(seed)
        return [draw(t), _state(t.default_generator)]

    return fn


def _each(names: tuple[str, ...], draw: Callable[[Any, int, Any], Any]) -> _Draw:
    """draw(t, n, dtype) for every size and dtype."""
    return lambda t: {f"{name} {n}": draw(t, n, getattr(t, name)) for name in names for n in SIZES}


def _kept_normal(t: Any) -> Any:
    """The second of a pair waits, through other draws, for the next few normals."""
    generator = t.Generator().manual_seed(3)
    first = t.randn(3, generator=generator)
    states = [_state(generator)]
    middle = [t.randn(16, generator=generator), t.rand(2, generator=generator)]
    last = t.randn(1, generator=generator)
    return [first, middle, last, states, _state(generator)]


def _there_and_back(t: Any) -> Any:
    """A state put back gives the same numbers again."""
    t.manual_seed(11)
    t.randn(3)
    state = t.get_rng_state()
    first = [t.rand(3), t.randn(5)]
    t.set_rng_state(state)
    generator = t.Generator()
    generator.set_state(state)
    return [
        first,
        [t.rand(3), t.randn(5)],
        [t.rand(3, generator=generator), t.randn(5, generator=generator)],
        generator.initial_seed(),
        zlib.crc32(state.numpy().tobytes()),
    ]


def _dropout(t: Any) -> Any:
    """Masks of the function and of the module, in float32, float64, and by columns."""
    functional = t.nn.functional
    layer = t.nn.Dropout(0.3)
    return [
        [functional.dropout(t.ones(n), p) for n in SIZES for p in (0.0, 0.1, 0.5, 1.0)],
        functional.dropout(t.ones(40, dtype=t.float64), 0.4),
        functional.dropout(t.ones(5, 4).t(), 0.3),
        functional.dropout(t.ones(4), 0.3, training=False),
        layer(t.ones(20)),
        layer.eval()(t.ones(3)),
    ]


DRAWS: dict[str, _Draw] = {
    "T109 rand": _each(REALS, lambda t, n, d: t.rand(n, dtype=d)),
    "T111 T112 randn": _each(REALS, lambda t, n, d: t.randn(n, dtype=d)),
    "T112 randn of rows": lambda t: [t.randn(3, 5), t.randn(4, 4), t.randn(2, 3, 7)],
    "T113 randint": lambda t: [
        t.randint(low, high, (n,))
        for low, high in ((0, 2), (-7, 9), (0, 2**28), (0, 2**28 - 1), (-(2**62), 2**62))
        for n in (1, 7, 33)
    ],
    "T114 randperm": lambda t: [t.randperm(n) for n in SIZES],
    "T115 random_": _each((*REALS, *INTEGERS), lambda t, n, d: t.empty(n, dtype=d).random_()),
    "random_ in a range": _each(
        (*REALS, *INTEGERS[1:]), lambda t, n, d: t.empty(n, dtype=d).random_(3, 100)
    ),
    "bernoulli_": lambda t: [t.empty(n).bernoulli_(p) for n in SIZES for p in (0, 0.3, 1)],
    "bernoulli of a tensor": lambda t: [
        t.bernoulli(t.linspace(0, 1, n, dtype=d)) for n in SIZES for d in (t.float32, t.float64)
    ],
    "T110 uniform_": _each(REALS, lambda t, n, d: t.empty(n, dtype=d).uniform_(-3, 0.7)),
    "T110 uniform_ of a few floats": lambda t: t.empty(300).uniform_(1.0, 1.0 + 3 * 2.0**-23),
    "normal_": _each(REALS, lambda t, n, d: t.empty(n, dtype=d).normal_(1.5, 0.2)),
    "T111 normal_ with gaps": lambda t: [t.empty(n, 2)[:, 0].normal_(1.5, 0.2) for n in SIZES],
    "in the order of memory": lambda t: [
        t.empty(9, 5).t().normal_(),
        t.empty(4, 5, 6).transpose(0, 2).uniform_(),
        t.zeros(6, 7)[:, 1::2].normal_(),
        t.empty(5, 6).t().random_(7),
        t.empty(5, 6).t().bernoulli_(0.3),
        t.bernoulli(t.rand(5, 4).t()),
    ],
    "like": lambda t: [
        t.rand_like(t.ones(5, 4).t()),
        t.randn_like(t.ones(3, 6), dtype=t.float64),
    ],
    "T119 dropout": _dropout,
    "one after the other": lambda t: [
        t.rand(3),
        t.randn(2),
        t.randperm(4),
        t.randn(17),
        t.randint(9, (2,)),
        t.empty(3).bernoulli_(0.5),
        t.randn(1),
    ],
}

CASES = (
    *(OpCase(name, _seeded(draw), gradient=False) for name, draw in DRAWS.items()),
    OpCase(
        "T108 seeds",
        lambda t: {
            seed: _seeded(lambda t: [t.rand(3), t.randn(3), t.initial_seed()], seed)(t)
            for seed in SEEDS
        },
        gradient=False,
    ),
    OpCase("T111 the second of a pair of normals", _kept_normal, gradient=False),
    OpCase("the state put back", _there_and_back, gradient=False),
    OpCase(
        "a new Generator",
        lambda t: [t.Generator().initial_seed(), t.rand(2, generator=t.Generator())],
        gradient=False,
    ),
)

_MISTAKES: dict[str, _Draw] = {
    "a seed that is too large": lambda t: t.Generator().manual_seed(2**64),
    "a state that is too short": lambda t: t.Generator().set_state(t.zeros(3, dtype=t.uint8)),
    "a state of the wrong dtype": lambda t: t.Generator().set_state(t.zeros(5056)),
    "randint of nothing": lambda t: t.randint(5, 5, (3,)),
    "randperm of a negative number": lambda t: t.randperm(-1),
    "uniform_ bounds": lambda t: t.empty(3).uniform_(1, 0),
    "normal_ std": lambda t: t.empty(3).normal_(0, -1),
    "bernoulli_ p": lambda t: t.empty(3).bernoulli_(1.5),
    "bernoulli of values that are no probabilities": lambda t: t.bernoulli(t.full((3,), 2.0)),
    "dropout p": lambda t: t.nn.functional.dropout(t.ones(3), 1.5),
    "random_ beyond the dtype": lambda t: t.empty(3, dtype=t.uint8).random_(0, 300),
}

ERRORS = tuple(ErrorCase(name, draw) for name, draw in _MISTAKES.items())
