"""The same values in another shape: views, transposes, joins, splits. All of it exact."""

from __future__ import annotations

from typing import Any

from reference.parity.case import OpCase

BOX = ((2, 3, 4),)
MAT = ((3, 4),)
BROADCAST = "the gradient of a copy is a sum, and PyTorch adds up in another order"
ANY = ("float32", "float64", "int64", "bool")


def _layout(x: Any) -> tuple[Any, ...]:
    """How a result lies in memory: PyTorch's strides and offset, in elements."""
    return tuple(x.shape), x.stride(), x.storage_offset(), x.is_contiguous()


def _shared(t: Any) -> list[Any]:
    x = t.zeros(2, 3)
    views = [
        x[0],
        x.view(6),
        x.t(),
        x.detach(),
        x.data,
        x.reshape(3, 2),
        x.unsqueeze(0),
        x.expand(2, 3),
        x.flatten(),
    ]
    views[0].add_(1)
    versions = [v._version for v in views]
    views[4].add_(1)  # .data does not count
    return [x, x._version, versions, views]


def _detach_and_clone(t: Any) -> list[Any]:
    x = t.ones(3)
    copy, alias = x.clone(), x.detach()
    x.mul_(5)
    return [x, copy, alias]


_VIEWS = (
    OpCase("reshape", lambda t, x: x.reshape(4, 6), BOX),
    OpCase("reshape tuple and -1", lambda t, x: (x.reshape((6, -1)), t.reshape(x, (-1,))), BOX),
    OpCase("reshape_as", lambda t, x, y: x.reshape_as(y), ((2, 6), (3, 4))),
    OpCase("view", lambda t, x: (x.view(6, 4), x.view(-1), x.view((2, 12))), BOX),
    OpCase("view_as", lambda t, x, y: x.view_as(y), ((2, 6), (3, 4))),
    OpCase(
        "flatten",
        lambda t, x: (x.flatten(), x.flatten(1), t.flatten(x, 0, 1), x.flatten(start_dim=-2)),
        BOX,
    ),
    OpCase("unflatten", lambda t, x: x.unflatten(1, (2, 2)), MAT),
    OpCase("ravel", lambda t, x: x.ravel(), BOX),
    OpCase(
        "squeeze",
        lambda t, x: (x.squeeze(), x.squeeze(0), x.squeeze(1), t.squeeze(x, (0, 2))),
        ((1, 3, 1),),
    ),
    OpCase("unsqueeze", lambda t, x: (x.unsqueeze(0), x.unsqueeze(-1), t.unsqueeze(x, 1)), MAT),
    OpCase(
        "transpose", lambda t, x: (x.transpose(0, 2), t.transpose(x, -1, 1), x.swapaxes(0, 1)), BOX
    ),
    OpCase(
        "permute",
        lambda t, x: (x.permute(2, 0, 1), x.permute((1, 0, -1)), t.permute(x, (2, 1, 0))),
        BOX,
    ),
    OpCase("t", lambda t, x: (x.t(), t.t(x), x.T), MAT),
    OpCase("t of a vector", lambda t, x: (x.t(), x.squeeze()), ((4,),)),
    OpCase("mT", lambda t, x: x.mT, BOX),
    OpCase("movedim", lambda t, x: (x.movedim(0, 2), x.movedim(-1, 0)), BOX),
    OpCase(
        "expand",
        lambda t, x: (x.expand(2, 3, 4), x.expand(-1, 4), x.expand((5, 3, -1))),
        ((3, 1),),
        backward_steps=8,
        why=BROADCAST,
        skip={"0-d": "PyTorch multiplies sizes first, and reports an overflow"},
    ),
    OpCase(
        "expand_as",
        lambda t, x, y: x.expand_as(y),
        ((3, 1), (2, 3, 4)),
        backward_steps=8,
        why=BROADCAST,
    ),
    OpCase(
        "broadcast_to",
        lambda t, x: t.broadcast_to(x, (2, 3, 4)),
        ((3, 1),),
        backward_steps=8,
        why=BROADCAST,
    ),
    OpCase(
        "contiguous",
        lambda t, x: (x.contiguous(), x.transpose(0, 1).contiguous(), x.t().is_contiguous()),
        MAT,
    ),
    OpCase("clone and detach", lambda t, x: (x.clone(), x.detach(), x.data), MAT),
    OpCase(
        "narrow", lambda t, x: (x.narrow(1, 1, 2), t.narrow(x, 0, 0, 2), x.narrow(-1, -3, 1)), MAT
    ),
    OpCase("select", lambda t, x: (x.select(1, 2), x.select(-1, -1)), MAT),
    OpCase("unbind", lambda t, x: (x.unbind(), t.unbind(x, 1)), MAT),
    OpCase("split", lambda t, x: (x.split(2), t.split(x, 3, dim=1), x.split((1, 3), 1)), MAT),
    OpCase("split uneven", lambda t, x: t.split(x, 2), ((5, 2),)),
    OpCase("chunk", lambda t, x: (x.chunk(2), t.chunk(x, 3, 1), x.chunk(9, dim=1)), ((5, 4),)),
    OpCase(
        "shapes of every dtype",
        lambda t, x: [x.reshape(4, 3), x.t(), x.unsqueeze(0), x.flatten(), x.flip(0)],
        MAT,
        dtypes=ANY,
    ),
    OpCase(
        "layouts",
        lambda t, x: [
            _layout(y)
            for y in (
                x,
                x.transpose(0, 2),
                x.permute(1, 2, 0),
                x[1],
                x[:, 1:],
                x[..., ::2],
                x.unsqueeze(1),
                x[:, :1].expand(2, 5, 4),
                x.reshape(6, 4),
                x.flatten(1),
                x.transpose(0, 1).reshape(6, 4),
                x.squeeze(),
                x.T if x.ndim == 2 else x,
                x[None],
                x.view(24),
            )
        ],
        BOX,
        gradient=False,
        skip={
            "0-d": "every line would only raise",
            "empty": "strides of empty tensors are nobody's concern",
        },
    ),
    OpCase(
        "layouts of copies",
        lambda t, x: [
            _layout(y)
            for y in (
                x.clone(),
                x.t().clone(),
                x.contiguous(),
                x.t().contiguous(),
                x + 1,
                x.t() + 1,
                t.cat([x, x]),
                t.zeros_like(x.t()),
                x.flip(0),
                x.repeat(2, 1),
            )
        ],
        MAT,
        gradient=False,
        skip={"empty": "strides of empty tensors are nobody's concern"},
    ),
    OpCase(
        "sizes",
        lambda t, x: [
            x.shape,
            x.size(),
            x.size(1),
            x.size(-1),
            x.dim(),
            x.ndim,
            x.numel(),
            x.nelement(),
            len(x),
            t.numel(x),
            x.shape.numel(),
            x.element_size(),
            x.itemsize,
            x.nbytes,
            str(x.size()),
            x.is_floating_point(),
        ],
        BOX,
        gradient=False,
        dtypes=("float32", "float64", "int64", "int32", "uint8", "bool"),
    ),
)

_COPIES = (
    OpCase("cat", lambda t, x, y: (t.cat((x, y)), t.cat([x, x, y], dim=0)), ((2, 3), (4, 3))),
    OpCase("cat dim", lambda t, x, y: (t.cat((x, y), 1), t.cat((y, x), dim=-1)), ((2, 3), (2, 5))),
    OpCase(
        "cat promotes", lambda t, x: t.cat((x, t.ones(1, dtype=t.float64), t.tensor([1]))), ((3,),)
    ),
    OpCase("cat with an empty one", lambda t, x: t.cat((x, t.zeros(0))), MAT, dtypes=("float32",)),
    OpCase(
        "concat aliases",
        lambda t, x, y: (t.concat((x, y)), t.hstack((x, x)), t.vstack((x, y))),
        ((2, 3), (4, 3)),
    ),
    OpCase(
        "stack",
        lambda t, x, y: (t.stack((x, y)), t.stack([x, y], 1), t.stack((x, y), dim=-1)),
        ((2, 3), (2, 3)),
    ),
    OpCase(
        "repeat",
        lambda t, x: (x.repeat(2, 1), x.repeat((1, 3)), x.repeat(2, 1, 3)),
        MAT,
        backward_steps=8,
        why=BROADCAST,
    ),
    OpCase("tile", lambda t, x: t.tile(x, (2, 1)), MAT),
    OpCase("flip", lambda t, x: (x.flip(0), x.flip(0, 1), t.flip(x, (1,))), MAT),
    OpCase(
        "tril triu",
        lambda t, x: (t.tril(x), x.triu(), x.tril(-1), t.triu(x, 1), t.triu(x, diagonal=-1)),
        ((4, 5),),
    ),
    OpCase("tril of a batch", lambda t, x: (x.tril(1), x.triu(-1)), BOX),
)

_ALIASING = (
    OpCase("T101 views share storage and version", _shared),
    OpCase(
        "T102 write through a view",
        lambda t, x: _write_view(x),
        MAT,
        skip={"0-d": "there is no row to write", "empty": "there is no row to write"},
    ),
    OpCase(
        "write through a view of a view",
        lambda t, x: _write_view_of_view(x),
        ((4, 4),),
        skip={"0-d": "there is no row to write", "empty": "there is no row to write"},
    ),
    OpCase("detach shares, clone does not", _detach_and_clone),
)


def _write_view(x: Any) -> Any:
    y = x * 1
    y[0] *= 3
    y[1:, 1].add_(x[0, 0])
    return y


def _write_view_of_view(x: Any) -> Any:
    y = x.clone()
    rows = y[1:3]
    column = rows[:, 2]
    column.mul_(2)
    return y, rows * 2, column + 1


CASES = (*_VIEWS, *_COPIES, *_ALIASING)
