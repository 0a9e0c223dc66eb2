"""The two kinds of Tensors that a Module keeps: those it learns and those it carries along."""

from __future__ import annotations

from typing import Any

from minitorch_clf.creation import empty
from minitorch_clf.tensor import Tensor


class Parameter(Tensor):
    """A Tensor that a Module learns: assigned to an attribute, it shows up in `parameters()`.

    data             shares its memory; None: empty
    requires_grad    True, whatever `data` and no_grad say

    What is computed from it is a plain Tensor.

    RuntimeError  "Only Tensors of floating point and complex dtype can require gradients"

    >>> import minitorch_clf as torch
    >>> torch.nn.Parameter(torch.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        data = empty(0) if data is None else data.detach()
        if requires_grad and not data.is_floating_point():
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients"
            )
        self._start(data.array)
        self.requires_grad = requires_grad

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        """A Parameter with the same values, in memory of its own, and no gradient."""
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        copied: Parameter = memo[id(self)]
        return copied

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A Tensor that a Module carries along but does not learn: it moves and saves with the module.

    data          shares its memory; None: empty
    persistent    whether it is part of the state_dict of the module it is assigned to

    >>> import minitorch_clf as torch
    >>> module = torch.nn.Module()
    >>> module.steps = torch.nn.Buffer(torch.tensor(0))
    >>> [name for name, _ in module.named_buffers()]
    ['steps']
    """

    persistent = True

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        data = empty(0) if data is None else data
        self._start(data.detach().array)
        self.requires_grad = data.requires_grad
        self.persistent = persistent
