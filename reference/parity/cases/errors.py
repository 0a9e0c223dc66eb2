"""Mistakes, and what PyTorch says about them: the same class, the same text."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from reference.parity.case import ErrorCase


def _leaf(t: Any, *shape: int) -> Any:
    return t.ones(shape, requires_grad=True)


def _stale(t: Any, operation: Any, spoil: Any) -> Any:
    """An operation saves a value; the value is then written into; backward must refuse."""
    x = t.full((3,), 0.5, requires_grad=True)
    y = x * 1
    z = operation(y)
    spoil(y, z)
    z.sum().backward()


def _grad_of_several(t: Any) -> Any:
    x = _leaf(t, 2)
    return t.autograd.grad(x * 2, x)


def _in(write: Any) -> Any:
    """A write into a leaf that requires grad."""
    return lambda t: write(_leaf(t, 3))


_SHAPES = (
    ErrorCase("add shapes", lambda t: t.ones(3) + t.ones(4)),
    ErrorCase("add shapes deep", lambda t: t.ones(2, 3, 4) + t.ones(3, 5)),
    ErrorCase("mul shapes", lambda t: t.ones(2, 3) * t.ones(3, 2)),
    ErrorCase("view wrong size", lambda t: t.zeros(2, 3).view(4)),
    ErrorCase("reshape wrong size", lambda t: t.zeros(2, 3).reshape(4, 2)),
    ErrorCase("reshape two unknowns", lambda t: t.zeros(2, 3).reshape(-1, -1)),
    ErrorCase("reshape -1 does not divide", lambda t: t.zeros(2, 3).reshape(4, -1)),
    ErrorCase("reshape -1 of nothing", lambda t: t.zeros(0, 3).reshape(0, -1)),
    ErrorCase("reshape negative", lambda t: t.zeros(2, 3).reshape(-2, 3)),
    ErrorCase("view not contiguous", lambda t: t.zeros(2, 3).t().view(6)),
    ErrorCase("transpose dim", lambda t: t.zeros(2, 3).transpose(0, 2)),
    ErrorCase("permute length", lambda t: t.zeros(2, 3).permute(0, 1, 2)),
    ErrorCase("permute repeats", lambda t: t.zeros(2, 3).permute(0, 0)),
    ErrorCase("t of a cube", lambda t: t.zeros(2, 3, 4).t()),
    ErrorCase("mT of a vector", lambda t: t.zeros(2).mT),
    ErrorCase("expand size", lambda t: t.zeros(2, 3).expand(2, 4)),
    ErrorCase("expand rank", lambda t: t.zeros(2, 3).expand(3)),
    ErrorCase("expand -1 leading", lambda t: t.zeros(3).expand(-1, 3)),
    ErrorCase("squeeze dim", lambda t: t.zeros(2, 3).squeeze(2)),
    ErrorCase("unsqueeze dim", lambda t: t.zeros(2).unsqueeze(3)),
    ErrorCase("flatten order", lambda t: t.zeros(2, 3).flatten(1, 0)),
    ErrorCase("cat shapes", lambda t: t.cat((t.ones(2, 3), t.ones(2, 4)))),
    ErrorCase("cat ranks", lambda t: t.cat((t.ones(2, 3), t.ones(2)))),
    ErrorCase("cat nothing", lambda t: t.cat(())),
    ErrorCase("cat 0-dim", lambda t: t.cat((t.tensor(1), t.tensor(2)))),
    ErrorCase("stack shapes", lambda t: t.stack((t.ones(2), t.ones(3)))),
    ErrorCase("stack nothing", lambda t: t.stack([])),
    ErrorCase("split sizes", lambda t: t.ones(5).split([2, 2])),
    ErrorCase("split negative", lambda t: t.ones(5).split(-1)),
    ErrorCase("chunk zero", lambda t: t.ones(5).chunk(0)),
    ErrorCase("narrow too long", lambda t: t.ones(5).narrow(0, 3, 4)),
    ErrorCase("narrow start", lambda t: t.ones(5).narrow(0, 7, 1)),
    ErrorCase("repeat too few", lambda t: t.ones(2, 3).repeat(2)),
    ErrorCase("flip twice", lambda t: t.ones(2, 3).flip(0, 0)),
    ErrorCase("tril of a vector", lambda t: t.ones(3).tril()),
    ErrorCase("unbind 0-dim", lambda t: t.tensor(1.0).unbind()),
    ErrorCase("size dim", lambda t: t.ones(2).size(1)),
    ErrorCase("len of 0-dim", lambda t: len(t.tensor(1))),
    ErrorCase("iterate 0-dim", lambda t: list(t.tensor(1))),
    ErrorCase("negative size", lambda t: t.zeros(-1)),
)

_REDUCTIONS = (
    ErrorCase("sum dim", lambda t: t.ones(2, 3).sum(2)),
    ErrorCase("sum dim negative", lambda t: t.ones(2, 3).sum(-3)),
    ErrorCase("sum dim twice", lambda t: t.ones(2, 3).sum((0, 0))),
    ErrorCase("T43 max of nothing", lambda t: t.zeros(0).max()),
    ErrorCase("T43 min of nothing", lambda t: t.zeros(0).min()),
    ErrorCase("max dim of nothing", lambda t: t.zeros(0, 3).max(0)),
    ErrorCase("argmax of nothing", lambda t: t.zeros(0).argmax()),
    ErrorCase("argmax dim of nothing", lambda t: t.zeros(0, 3).argmax(0)),
    ErrorCase("amax of nothing", lambda t: t.zeros(0).amax()),
    ErrorCase("T88 mean of integers", lambda t: t.tensor([1, 2]).mean()),
    ErrorCase("mean of bools", lambda t: t.tensor([True]).mean()),
    ErrorCase("var of integers", lambda t: t.tensor([1, 2]).var()),
    ErrorCase("norm of integers", lambda t: t.tensor([1, 2]).norm()),
    ErrorCase("topk too many", lambda t: t.ones(3).topk(4)),
    ErrorCase("sort dim", lambda t: t.ones(3).sort(1)),
    ErrorCase("cumsum dim", lambda t: t.ones(3).cumsum(1)),
    ErrorCase("allclose dtypes", lambda t: t.allclose(t.ones(1), t.ones(1, dtype=t.float64))),
)

_DTYPES = (
    ErrorCase("T89 matmul dtypes", lambda t: t.ones(2, 2) @ t.ones(2, 2, dtype=t.float64)),
    ErrorCase(
        "T89 matmul integers and floats", lambda t: t.ones(2, 2) @ t.ones(2, 2, dtype=t.int64)
    ),
    ErrorCase("T89 dot dtypes", lambda t: t.dot(t.ones(2), t.ones(2, dtype=t.float64))),
    ErrorCase("T89 mv dtypes", lambda t: t.mv(t.ones(2, 2), t.ones(2, dtype=t.float64))),
    ErrorCase(
        "T89 addmm dtypes",
        lambda t: t.addmm(t.ones(2), t.ones(2, 2), t.ones(2, 2, dtype=t.float64)),
    ),
    ErrorCase("T90 bool minus bool", lambda t: t.tensor([True]) - t.tensor([True])),
    ErrorCase("T90 bool minus True", lambda t: t.tensor([True]) - True),
    ErrorCase("T90 number minus bool", lambda t: 1.5 - t.tensor([True])),
    ErrorCase("T90 minus bool", lambda t: -t.tensor([True])),
    ErrorCase("T90 integer to a negative power", lambda t: t.tensor([2]) ** -1),
    ErrorCase("T91 integer floor division by 0", lambda t: t.tensor([1]) // 0),
    ErrorCase("T91 integer remainder by 0", lambda t: t.tensor([1]) % 0),
    ErrorCase("T91 integer fmod by 0", lambda t: t.fmod(t.tensor([1]), 0)),
    ErrorCase("T91 floor division by a tensor of 0", lambda t: t.tensor([1]) // t.tensor([0])),
    ErrorCase("T93 integer add_ float", lambda t: t.tensor([1]).add_(1.5)),
    ErrorCase("T93 integer add_ float tensor", lambda t: t.tensor([1]).add_(t.tensor([1.5]))),
    ErrorCase("T93 integer mul_ float", lambda t: t.tensor([1]).mul_(0.5)),
    ErrorCase("T93 integer div_", lambda t: t.tensor([1]).div_(2)),
    ErrorCase("T93 bool add_ integer", lambda t: t.tensor([True]).add_(1)),
    ErrorCase("in-place shape", lambda t: t.ones(3).add_(t.ones(2, 3))),
    ErrorCase("copy_ shape", lambda t: t.ones(3).copy_(t.ones(2))),
    ErrorCase("bitwise not of floats", lambda t: ~t.ones(2)),
    ErrorCase("bitwise and of floats", lambda t: t.ones(2) & t.ones(2)),
    ErrorCase("div rounding mode", lambda t: t.div(t.ones(2), 2, rounding_mode="up")),
    ErrorCase("requires_grad of integers", lambda t: t.tensor([1]).requires_grad_()),
    ErrorCase("requires_grad of new integers", lambda t: t.tensor([1], requires_grad=True)),
    ErrorCase(
        "requires_grad of an intermediate", lambda t: (_leaf(t, 2) * 2).requires_grad_(False)
    ),
    ErrorCase("where of three dtypes", lambda t: t.where(t.ones(2), t.ones(2), t.ones(2))),
    ErrorCase("alpha of integers", lambda t: t.tensor([1]).add(t.tensor([1]), alpha=0.5)),
    ErrorCase("clamp without bounds", lambda t: t.ones(2).clamp()),
    ErrorCase("set_default_dtype integer", lambda t: t.set_default_dtype(t.int64)),
)

_MATMULS = (
    ErrorCase("matmul inner sizes", lambda t: t.ones(2, 3) @ t.ones(2, 3)),
    ErrorCase("matmul matrix vector sizes", lambda t: t.ones(2, 3) @ t.ones(2)),
    ErrorCase("matmul vector matrix sizes", lambda t: t.ones(2) @ t.ones(3, 2)),
    ErrorCase("matmul vectors sizes", lambda t: t.ones(2) @ t.ones(3)),
    ErrorCase("matmul batches", lambda t: t.ones(2, 3, 4) @ t.ones(3, 4, 5)),
    ErrorCase("matmul batch inner sizes", lambda t: t.ones(2, 3, 4) @ t.ones(2, 3, 4)),
    ErrorCase("matmul 0-dim", lambda t: t.tensor(1.0) @ t.ones(2)),
    ErrorCase("mm ranks", lambda t: t.mm(t.ones(2), t.ones(2, 2))),
    ErrorCase("mm sizes", lambda t: t.mm(t.ones(2, 3), t.ones(2, 3))),
    ErrorCase("mv sizes", lambda t: t.mv(t.ones(2, 3), t.ones(2))),
    ErrorCase("mv ranks", lambda t: t.mv(t.ones(2), t.ones(2))),
    ErrorCase("bmm ranks", lambda t: t.bmm(t.ones(2, 3), t.ones(2, 3))),
    ErrorCase("bmm sizes", lambda t: t.bmm(t.ones(2, 3, 4), t.ones(2, 3, 4))),
    ErrorCase("dot ranks", lambda t: t.dot(t.ones(2, 2), t.ones(2))),
    ErrorCase("dot sizes", lambda t: t.dot(t.ones(2), t.ones(3))),
    ErrorCase("addmm sizes", lambda t: t.addmm(t.ones(4), t.ones(2, 3), t.ones(3, 5))),
    ErrorCase("outer ranks", lambda t: t.outer(t.ones(2, 2), t.ones(2))),
    ErrorCase("matmul number", lambda t: t.ones(2) @ 2),
    ErrorCase("einsum sizes", lambda t: t.einsum("ij,jk->ik", t.ones(2, 3), t.ones(2, 3))),
    ErrorCase("einsum operands", lambda t: t.einsum("ij,jk->ik", t.ones(2, 3))),
    ErrorCase("einsum ranks", lambda t: t.einsum("ijk->ij", t.ones(2, 3))),
)

_INDICES = (
    ErrorCase("index too large", lambda t: t.ones(3)[3]),
    ErrorCase("index too negative", lambda t: t.ones(3)[-4]),
    ErrorCase("index of dim 1", lambda t: t.ones(2, 3)[0, 5]),
    ErrorCase("too many indices", lambda t: t.ones(3)[0, 0]),
    ErrorCase("index 0-dim", lambda t: t.tensor(1.0)[0]),
    ErrorCase("T105 negative step", lambda t: t.ones(3)[::-1]),
    ErrorCase("zero step", lambda t: t.ones(3)[::0]),
    ErrorCase("index tensor too large", lambda t: t.ones(3)[t.tensor([0, 3])]),
    ErrorCase("index tensor of dim 1", lambda t: t.ones(2, 3)[:, t.tensor([0, -4])]),
    ErrorCase(
        "index tensors do not broadcast",
        lambda t: t.ones(3, 3)[t.tensor([0, 1]), t.tensor([0, 1, 2])],
    ),
    ErrorCase("float index", lambda t: t.ones(3)[1.0]),
    ErrorCase("float tensor index", lambda t: t.ones(3)[t.tensor([1.0])]),
    ErrorCase("mask shape", lambda t: t.ones(3, 2)[t.tensor([True, False])]),
    ErrorCase("mask shape of dim 1", lambda t: t.ones(3, 2)[:, t.tensor([True, False, True])]),
    ErrorCase("write shape", lambda t: t.ones(3).__setitem__(slice(None), t.ones(2))),
    ErrorCase(
        "write by index shape", lambda t: t.ones(3, 4).__setitem__(t.tensor([0, 1]), t.ones(3))
    ),
    ErrorCase("write too large index", lambda t: t.ones(3).__setitem__(3, 1.0)),
    ErrorCase("write string", lambda t: t.ones(3).__setitem__(0, "a")),
    ErrorCase("gather too large", lambda t: t.ones(3).gather(0, t.tensor([3]))),
    ErrorCase("gather rank", lambda t: t.ones(3, 2).gather(0, t.tensor([0]))),
    ErrorCase("gather size", lambda t: t.ones(2, 2).gather(0, t.tensor([[0, 0, 0]]))),
    ErrorCase("gather dtype", lambda t: t.ones(3).gather(0, t.tensor([0.0]))),
    ErrorCase("index_select too large", lambda t: t.ones(3).index_select(0, t.tensor([3]))),
    ErrorCase("index_select rank", lambda t: t.ones(3).index_select(0, t.tensor([[0]]))),
    ErrorCase("masked_fill dtype", lambda t: t.ones(3).masked_fill(t.tensor([1, 0, 1]), 0)),
    ErrorCase("masked_select dtype", lambda t: t.ones(3).masked_select(t.tensor([1, 0, 1]))),
    ErrorCase("masked_fill value", lambda t: t.ones(3).masked_fill(t.tensor([True]), t.ones(2))),
    ErrorCase("T103 write into an expanded tensor", lambda t: t.ones(1).expand(3).add_(t.ones(3))),
)

_VALUES = (
    ErrorCase("item of several", lambda t: t.ones(2).item()),
    ErrorCase("item of none", lambda t: t.zeros(0).item()),
    ErrorCase("float of several", lambda t: float(t.ones(2))),
    ErrorCase("truth of several", lambda t: bool(t.ones(2))),
    ErrorCase("truth of none", lambda t: bool(t.zeros(0))),
    ErrorCase("numpy of a tensor with a gradient", lambda t: _leaf(t, 2).numpy()),
    ErrorCase("asarray of a tensor with a gradient", lambda t: np.asarray(_leaf(t, 2))),
    ErrorCase("integer index of a float", lambda t: [1, 2][t.tensor(1.0)]),
    ErrorCase("tensor of ragged lists", lambda t: t.tensor([[1, 2], [3]])),
    ErrorCase("tensor of a list and a number", lambda t: t.tensor([1, [2]])),
    ErrorCase("tensor of a number and a list", lambda t: t.tensor([[1], 2])),
    ErrorCase("tensor of a string", lambda t: t.tensor("a")),
    ErrorCase("tensor of strings", lambda t: t.tensor(["a"])),
    ErrorCase("tensor of None", lambda t: t.tensor(None)),
    ErrorCase("arange zero step", lambda t: t.arange(0, 3, 0)),
    ErrorCase("arange wrong sign", lambda t: t.arange(3, 0)),
    ErrorCase("eye negative", lambda t: t.eye(-1)),
    ErrorCase("linspace negative", lambda t: t.linspace(0, 1, -1)),
    ErrorCase("add string", lambda t: t.ones(1) + "a"),
    ErrorCase("format of several", lambda t: f"{t.ones(2):.2f}"),
    ErrorCase("int64 out of range", lambda t: t.tensor(2**63)),
)

_AUTOGRAD = (
    ErrorCase("backward of several", lambda t: (_leaf(t, 2) * 2).backward()),
    ErrorCase("backward without a graph", lambda t: t.ones(()).backward()),
    ErrorCase("backward gradient shape", lambda t: (_leaf(t, 2) * 2).backward(t.ones(3))),
    ErrorCase("backward of a detached", lambda t: _leaf(t, 2).sum().detach().backward()),
    ErrorCase(
        "T98 second backward", lambda t: [y.backward() for y in [(_leaf(t, 3) ** 2).sum()] * 2]
    ),
    ErrorCase(
        "T98 second backward of exp",
        lambda t: [y.backward() for y in [_leaf(t, 3).exp().sum()] * 2],
    ),
    ErrorCase(
        "T98 second backward of a product",
        lambda t: [y.backward() for y in [(_leaf(t, 2) * _leaf(t, 2)).sum()] * 2],
    ),
    ErrorCase(
        "grad of an unused input", lambda t: t.autograd.grad(_leaf(t, 2).sum(), [_leaf(t, 2)])
    ),
    ErrorCase(
        "grad of a tensor without one", lambda t: t.autograd.grad(_leaf(t, 2).sum(), [t.ones(2)])
    ),
    ErrorCase("grad of several", _grad_of_several),
    ErrorCase("leaf add_", _in(lambda x: x.add_(1))),
    ErrorCase("leaf mul_", _in(lambda x: x.mul_(2))),
    ErrorCase("leaf zero_", _in(lambda x: x.zero_())),
    ErrorCase("leaf setitem", _in(lambda x: x.__setitem__(0, 1.0))),
    ErrorCase("leaf view add_", _in(lambda x: x[0].add_(1))),
    ErrorCase("leaf view of a view", _in(lambda x: x.view(3, 1)[1:].mul_(2))),
    ErrorCase("leaf copy_", _in(lambda x: x.copy_(x.detach() * 2))),
    ErrorCase("leaf uniform_", _in(lambda x: x.uniform_())),
    ErrorCase("unbind view add_", lambda t: (_leaf(t, 3) * 1).unbind()[0].add_(1)),
    ErrorCase("split view mul_", lambda t: (_leaf(t, 4) * 1).split(2)[0].mul_(2)),
    ErrorCase("retain_grad without a graph", lambda t: t.ones(2).retain_grad()),
    ErrorCase("T101 stale exp", lambda t: _stale(t, lambda y: y.exp(), lambda y, z: z.add_(1))),
    ErrorCase("T101 stale pow", lambda t: _stale(t, lambda y: y**2, lambda y, z: y.add_(1))),
    ErrorCase(
        "T101 stale twice", lambda t: _stale(t, lambda y: y * y, lambda y, z: y.add_(1).mul_(2))
    ),
    ErrorCase(
        "T101 stale through a view",
        lambda t: _stale(t, lambda y: y.log(), lambda y, z: y[0].add_(1)),
    ),
    ErrorCase(
        "T101 stale through detach",
        lambda t: _stale(t, lambda y: y.log(), lambda y, z: y.detach().add_(1)),
    ),
    ErrorCase(
        "T21 stale sigmoid result",
        lambda t: _stale(t, lambda y: y.sigmoid(), lambda y, z: z.mul_(2)),
    ),
    ErrorCase(
        "T21 stale tanh result", lambda t: _stale(t, lambda y: y.tanh(), lambda y, z: z.zero_())
    ),
    ErrorCase(
        "T21 stale sin input", lambda t: _stale(t, lambda y: y.sin(), lambda y, z: y.zero_())
    ),
    ErrorCase(
        "stale matmul",
        lambda t: _stale(t, lambda y: y @ t.ones(3).mul_(2) + (y @ y), lambda y, z: y.add_(1)),
    ),
    ErrorCase("stale div", lambda t: _stale(t, lambda y: y / y, lambda y, z: y.add_(1))),
    ErrorCase("backward of floor division", lambda t: (_leaf(t, 2) // 2).sum().backward()),
    ErrorCase("deepcopy of an intermediate", lambda t: copy.deepcopy(_leaf(t, 2) * 2)),
    ErrorCase("grad of another shape", lambda t: setattr(_leaf(t, 2), "grad", t.ones(3))),
    ErrorCase("grad of another type", lambda t: setattr(_leaf(t, 2), "grad", 3)),
    ErrorCase(
        "grad of another dtype", lambda t: setattr(_leaf(t, 2), "grad", t.ones(2, dtype=t.float64))
    ),
)

ERRORS = (*_SHAPES, *_REDUCTIONS, *_DTYPES, *_MATMULS, *_INDICES, *_VALUES, *_AUTOGRAD)
