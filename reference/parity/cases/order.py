"""What sorting finds: the k-th, the median, quantiles, the mode; sets and counts of values."""

from __future__ import annotations

from reference.parity.case import OpCase, indices

NAN, INF = float("nan"), float("inf")
CUBE = ((3, 4, 5),)
EQUALS = {"special": "T37: which of equal values is found is not specified"}
ORDER = "PyTorch adds up in another order"
BETWEEN = "PyTorch's lerp of tensors is fused"
NO_ROOM = {"0-d": "the index does not fit", "empty": "the index does not fit"}

_PICKED = (
    OpCase(
        "kthvalue",
        lambda t, x: (t.kthvalue(x, 2), x.kthvalue(1, 0), x.kthvalue(3, dim=1, keepdim=True)),
        CUBE,
        draw="distinct",
        skip=EQUALS,
    ),
    OpCase("median", lambda t, x: t.median(x), CUBE, draw="distinct"),
    OpCase(
        "median dim",
        lambda t, x: (t.median(x, 1), x.median(0, keepdim=True), x.median(dim=-1)),
        CUBE,
        draw="distinct",
        skip=EQUALS,
    ),
    OpCase("T42 median of an even number", lambda t, x: x.median(), values=([1.0, 2.0, 3.0, 4.0],)),
    OpCase("T22 median ties", lambda t, x: x.median(), values=([1.0, 2.0, 2.0, 2.0, 3.0],)),
    OpCase(
        "median with nan",
        lambda t, x: (x.median(), x.median(1), x.nanmedian(), x.nanmedian(1)),
        values=([[3.0, NAN, 1.0], [1.0, 5.0, INF], [NAN, NAN, 2.0]],),
    ),
    OpCase("nanmedian of nothing else", lambda t, x: x.nanmedian(), values=([NAN, NAN],)),
    OpCase("median of nothing", lambda t: [t.zeros(0).median(), t.zeros(0).nanmedian()]),
    OpCase("nanmedian", lambda t, x: t.nanmedian(x), CUBE, draw="distinct", skip=EQUALS),
    OpCase("nanmedian dim", lambda t, x: t.nanmedian(x, 1), CUBE, draw="distinct", skip=EQUALS),
    OpCase(
        "mode",
        lambda t, x: (t.mode(x).values, x.mode(0).values, x.mode(1, keepdim=True).values),
        ((4, 7),),
        draw="whole",
        gradient=False,
        dtypes=("float32", "float64", "int64"),
        skip=EQUALS,
    ),
    OpCase("mode gradient", lambda t, x: x.mode(1), values=([[1.0, 2.0, 2.0], [3.0, 3.0, 1.0]],)),
    OpCase("msort", lambda t, x: t.msort(x), ((5, 3),), draw="distinct"),
    OpCase(
        "order of integers",
        lambda t, x: [x.median(), x.median(0).values, x.kthvalue(2).values, x.nanmedian()],
        ((5, 3),),
        dtypes=("int64", "int32", "uint8"),
    ),
    OpCase("aminmax", lambda t, x: (t.aminmax(x), x.aminmax()), ((4, 5),), draw="distinct"),
    OpCase(
        "aminmax dim",
        lambda t, x: (t.aminmax(x, dim=1), x.aminmax(dim=0, keepdim=True)),
        ((4, 5),),
        draw="distinct",
    ),
    OpCase(
        "aminmax ties",
        lambda t, x: (x.aminmax(dim=1), x.aminmax()),
        values=([[3.0, 3.0, 1.0], [1.0, 1.0, 1.0]],),
        backward_ulp=2,
        why=ORDER,
    ),
    OpCase(
        "fields",
        lambda t, x: [x.aminmax().min, x.aminmax().max, x.median(0).values, x.cummax(0).indices],
        ((3, 4),),
        draw="distinct",
    ),
)

_QUANTILES = (
    *(
        OpCase(
            f"quantile {kind}",
            lambda t, x, kind=kind: (
                t.quantile(x, 0.3, interpolation=kind),
                x.quantile(0.77, dim=1, interpolation=kind),
            ),
            ((4, 7),),
            draw="distinct",
            skip=EQUALS,
        )
        for kind in ("linear", "lower", "higher", "midpoint", "nearest")
    ),
    OpCase(
        "quantile tensor",
        lambda t, x: (
            x.quantile(t.tensor([0.0, 0.25, 1.0], dtype=x.dtype), dim=0),
            x.quantile(t.tensor([0.5], dtype=x.dtype), dim=1, keepdim=True),
            x.quantile(t.tensor(0.5, dtype=x.dtype)),
            x.quantile(0.5, keepdim=True),
        ),
        ((4, 7),),
        draw="distinct",
    ),
    OpCase(
        "quantile with nan",
        lambda t, x: (
            x.quantile(0.4, dim=1),
            x.nanquantile(0.4, dim=1),
            x.nanquantile(0.9),
        ),
        values=([[3.0, NAN, 1.0, 2.0], [1.0, 5.0, 4.0, -3.0], [NAN, NAN, NAN, NAN]],),
    ),
)

_SUMS = (
    OpCase(
        "nansum",
        lambda t, x: (t.nansum(x), x.nansum(1), x.nansum((0, 1), keepdim=True)),
        ((3, 4),),
        draw="whole",
    ),
    OpCase(
        "nanmean",
        lambda t, x: (t.nanmean(x), x.nanmean(1), x.nanmean(0, keepdim=True)),
        ((3, 4),),
        forward_ulp=8,
        forward_steps=4,
        why=ORDER,
    ),
    OpCase(
        "nansum nanmean with nan",
        lambda t, x: (x.nansum(1), x.nanmean(1), x.nansum(), x.nanmean()),
        values=([[1.0, NAN, 2.0], [NAN, NAN, NAN], [1.0, 2.0, 3.0]],),
    ),
    *(
        OpCase(
            name,
            lambda t, x, name=name: (
                getattr(t, name)(x),
                getattr(t, name)(x, 1),
                getattr(t, name)(x, dim=(0, 2), keepdim=True),
                getattr(t, name)(x, dim=0, correction=0),
                getattr(t, name)(x, unbiased=False),
            ),
            CUBE,
            forward_ulp=8,
            backward_ulp=8,
            backward_steps=16,
            forward_steps=32,
            why=ORDER + "; the gradient is proportional to x - mean, which cancels",
            skip={"special": "PyTorch's running mean of inf is nan, unless inf comes last"},
        )
        for name in ("var_mean", "std_mean")
    ),
)

_SETS = (
    OpCase(
        "unique",
        lambda t, x: (
            t.unique(x.detach()),
            x.detach().unique(return_inverse=True),
            x.detach().unique(return_counts=True),
            t.unique(x.detach(), return_inverse=True, return_counts=True),
        ),
        ((4, 5),),
        draw="whole",
        gradient=False,
        dtypes=("float32", "int64", "uint8"),
        skip={"special": "which of 0.0 and -0.0 stands for both is not specified"},
    ),
    OpCase(
        "unique dim",
        lambda t: [
            t.unique(t.tensor([[1, 2], [1, 2], [0, 5]]), dim=0, return_inverse=True),
            t.unique(t.tensor([[1, 1, 0], [2, 2, 5]]), dim=1, return_counts=True),
        ],
    ),
    OpCase(
        "unique_consecutive",
        lambda t: [
            t.unique_consecutive(
                t.tensor([1, 1, 2, 2, 1]), return_inverse=True, return_counts=True
            ),
            t.tensor([[1.0, 1.0], [1.0, 1.0], [2.0, 1.0]]).unique_consecutive(dim=0),
            t.zeros(0).unique_consecutive(),
        ],
    ),
    OpCase("unique of nan", lambda t: t.tensor([NAN, 1.0, NAN]).unique(return_counts=True)),
    OpCase(
        "bincount",
        lambda t, i: (t.bincount(i), i.bincount(minlength=9), i.bincount(t.ones(len(i)))),
        ((12,),),
        draw=indices(5),
        skip={"0-d": "a number has no len()"},
    ),
    OpCase(
        "histc",
        lambda t, x: (t.histc(x, 4, -1, 1), x.histc(5), x.histc(bins=3, min=0, max=2)),
        ((20,),),
        draw="distinct",
        gradient=False,
        skip={"special": "PyTorch prints the sign of the nan in its error", "empty": "as before"},
    ),
    OpCase(
        "isin",
        lambda t, x, y: (t.isin(x, y), t.isin(x, 1), t.isin(1, y), t.isin(x, y, invert=True)),
        ((4, 5), (3,)),
        draw="whole",
        gradient=False,
        dtypes=("float32", "int64"),
    ),
    OpCase(
        "searchsorted",
        lambda t, x: (
            t.searchsorted(t.tensor([-1.0, 0.0, 0.0, 2.0]), x.contiguous()),
            t.searchsorted(t.tensor([-1.0, 0.0, 0.0, 2.0]), x.contiguous(), right=True),
            t.searchsorted(
                t.tensor([-1.0, 0.0, 0.0, 2.0]), x.contiguous(), side="right", out_int32=True
            ),
            t.searchsorted(t.tensor([1, 3]), 2),
            t.bucketize(x.contiguous(), t.tensor([-1.0, 0.0, 2.0])),
            t.bucketize(x.contiguous(), t.tensor([-1.0, 0.0, 2.0]), right=True),
        ),
        ((3, 4),),
        draw="whole",
        gradient=False,
        dtypes=("float32",),
    ),
    OpCase(
        "searchsorted rows",
        lambda t: t.searchsorted(
            t.tensor([[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]), t.tensor([[3.0, 9.0], [3.0, 0.0]])
        ),
    ),
    OpCase(
        "questions",
        lambda t, x: [
            t.is_nonzero(x.sum()),
            t.is_same_size(x, x[:1]),
            t.can_cast(t.float32, t.int64),
            t.can_cast(t.int64, t.float32),
            t.is_tensor(x),
        ],
        ((3, 4),),
        gradient=False,
        skip={"0-d": "x[:1] has nothing to read"},
    ),
    OpCase(
        "argwhere",
        lambda t, x: (t.argwhere(x), x.argwhere()),
        ((3, 4),),
        draw="whole",
        gradient=False,
    ),
)

CASES = (*_PICKED, *_QUANTILES, *_SUMS, *_SETS)
