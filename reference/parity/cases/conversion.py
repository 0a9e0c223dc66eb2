"""Casts, dtype and device objects, and the ways out of a tensor: item, tolist, numpy, float()."""

from __future__ import annotations

from typing import Any

import numpy as np

from reference.parity.case import OpCase

NAN, INF = float("nan"), float("inf")
DTYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")


def _shares(t: Any) -> list[Any]:
    array = np.zeros(3, np.float32)
    x, copy = t.from_numpy(array), t.tensor(array)
    array[0] = 1
    x[1] = 2
    x.numpy()[2] = 3
    return [array, x, copy]


def _default_dtype(t: Any) -> list[Any]:
    t.set_default_dtype(t.float64)
    try:
        return [
            t.get_default_dtype(),
            t.ones(2),
            t.tensor([1.5]),
            t.tensor([1]) / 2,
            t.tensor([1]) + 1.5,
            t.arange(2.0),
        ]
    finally:
        t.set_default_dtype(t.float32)


_CASTS = (
    OpCase(
        "casts",
        lambda t, x: [x.to(getattr(t, d)) for d in DTYPES],
        values=([0.0, 0.5, 1.9, 100.7],),
        gradient=False,
    ),
    OpCase(
        "T92 casts truncate",
        lambda t, x: [x.int(), x.long(), x.bool()],
        values=([-1.9, -0.5, 0.5, 1.9, 2.5],),
        gradient=False,
    ),
    OpCase(
        "cast methods",
        lambda t, x: [
            x.float(),
            x.double(),
            x.int(),
            x.long(),
            x.bool(),
            x.type(t.int64),
            x.to(dtype=t.float64),
            x.to("cpu"),
        ],
        ((3,),),
        draw="whole",
        gradient=False,
        dtypes=DTYPES,
    ),
    OpCase(
        "T97 gradient through casts",
        lambda t, x: (x.double() * 2, x.float() * 3, x.to(t.float64).sum()),
        ((3,),),
    ),
    OpCase(
        "T97 gradient of mixed dtypes",
        lambda t, x, y: x * t.tensor(2.0, dtype=t.float64) + y.double(),
        ((3,), ()),
    ),
    OpCase("T97 gradient of a wide sum", lambda t, x, y: x.double() * y, ((3,), (2, 1))),
    OpCase("to gives the same tensor", lambda t: [_is_same(t.ones(2))]),
    OpCase("to another tensor", lambda t: t.ones(2).to(t.ones(1, dtype=t.int64))),
    OpCase("type_as", lambda t: t.ones(2).type_as(t.ones(1, dtype=t.int64))),
    OpCase(
        "dtype objects",
        lambda t: [
            [str(d), repr(d), d.is_floating_point, d.itemsize, d.is_complex, d.is_signed]
            for d in (getattr(t, n) for n in DTYPES)
        ],
    ),
    OpCase(
        "dtype aliases",
        lambda t: [
            t.float is t.float32,
            t.double is t.float64,
            t.long is t.int64,
            t.int is t.int32,
        ],
    ),
    OpCase(
        "finfo and iinfo",
        lambda t: [
            t.finfo(t.float32).eps,
            t.finfo(t.float64).max,
            t.finfo(t.float32).tiny,
            t.iinfo(t.int32).max,
            t.iinfo(t.uint8).min,
        ],
    ),
    OpCase("default dtype", _default_dtype),
    OpCase(
        "device",
        lambda t: [
            str(t.ones(1).device),
            repr(t.device("cpu")),
            t.device("cpu") == t.ones(1).device,
            t.device("cpu").type,
            t.cuda.is_available(),
            t.ones(1, device="cpu").device.index,
        ],
    ),
)


def _is_same(x: Any) -> list[bool]:
    return [
        x.to(x.dtype) is x,
        x.float() is x,
        x.to("cpu") is x,
        x.contiguous() is x,
        x.to(x.dtype, copy=True) is x,
        x.cpu() is x,
    ]


_EXITS = (
    OpCase(
        "item",
        lambda t: (
            [t.tensor(v).item() for v in (1.5, 3, True, -0.0, NAN, INF)]
            + [t.tensor([[2.5]]).item()]
        ),
    ),
    OpCase(
        "item of float32 is a double",
        lambda t: [t.tensor(0.1).item(), t.tensor([0.1, 0.2]).tolist()],
    ),
    OpCase(
        "tolist",
        lambda t, x: (x.tolist(), x.shape),
        ((2, 3),),
        draw="whole",
        gradient=False,
        dtypes=DTYPES,
    ),
    OpCase(
        "tolist of 0-dim",
        lambda t: [
            t.tensor(2).tolist(),
            t.tensor(1.5).tolist(),
            t.tensor(True).tolist(),
            t.tensor([]).tolist(),
        ],
    ),
    OpCase(
        "numpy",
        lambda t, x: (x.detach().numpy(), x.detach().numpy().dtype.name),
        ((2, 3),),
        gradient=False,
        dtypes=(*DTYPES,),
        skip={"special": "draws no special whole numbers"},
    ),
    OpCase("numpy shares memory", _shares),
    OpCase(
        "__array__",
        lambda t: [
            np.asarray(t.arange(3)),
            np.asarray(t.ones(2), dtype=np.float64),
        ],
    ),
    OpCase(
        "numbers of tensors",
        lambda t: [
            float(t.tensor(2.5)),
            int(t.tensor(2.9)),
            bool(t.tensor([0.0])),
            bool(t.tensor(3)),
            int(t.tensor([7])),
            [10, 20, 30][t.tensor(1)],
            f"{t.tensor(2.5):.3f}",
            f"{t.tensor(7)}",
            round(float(t.tensor(1.26)), 1),
            complex(t.tensor(2.0)),
        ],
    ),
    OpCase(
        "hash and truth",
        lambda t: [
            len({t.ones(2), t.ones(2)}),
            t.is_tensor(t.ones(1)),
            t.is_tensor(1),
        ],
    ),
)


CASES = (*_CASTS, *_EXITS)
