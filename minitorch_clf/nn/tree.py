"""Walking the tree of modules: everything below, by dotted name, depth first, shared parts once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from minitorch_clf.nn.parameter import Parameter
from minitorch_clf.tensor import Tensor

if TYPE_CHECKING:
    from minitorch_clf.nn.module import Module

MISSING = object()
"""What getattr returns for an attribute that is not there (None may be there)."""


class TreeMethods:
    """The part of Module that finds things below it; it needs the three registries of Module."""

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]

    def _get_name(self) -> str:
        return type(self).__name__

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module as `prefix`, then everything below it as "prefix.child.grandchild".

        memo               modules to leave out; those visited are added
        remove_duplicate   visit a module that hangs in the tree twice only once
        """
        this: Any = self  # a Module: nothing else inherits these methods
        memo = set() if memo is None else memo
        if this in memo:
            return
        if remove_duplicate:
            memo.add(this)
        yield prefix, this
        for name, module in self._modules.items():
            if module is not None:
                below = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, below, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below this one, a shared one once."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        for _, module in self.named_children():
            yield module

    def _named_tensors(
        self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        for path, module in modules:
            for name, tensor in getattr(module, registry).items():
                if tensor is None or id(tensor) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(tensor))
                yield f"{path}.{name}" if path else name, tensor

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its dotted name; recurse=False: only this module's own."""
        yield from self._named_tensors("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Every buffer with its dotted name, the persistent and the others."""
        yield from self._named_tensors("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, target: str) -> Module:
        """The module at a dotted path; "" is this one.

        AttributeError  "Net has no attribute `fc9`", or "`weight` is not an nn.Module"
        """
        module: Any = self
        for name in target.split(".") if target else ():
            module = module._get_member(name, TreeMethods, "is not an nn.Module")
        return cast("Module", module)

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put `module` at a dotted path. strict: only in place of one that is there.

        ValueError  an empty path, or not a Module
        """
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, TreeMethods):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict or getattr(parent, name, MISSING) is not MISSING:
            parent._get_member(name, TreeMethods, "is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path: "hidden.weight"."""
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        param: Parameter = owner._get_member(name, Parameter, "is not an nn.Parameter")
        return param

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path."""
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        buffer: Tensor = owner._get_member(name, object, "")
        if name not in owner._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return buffer

    def _get_member(self, name: str, kind: type, complaint: str) -> Any:
        member = getattr(self, name, MISSING)
        if member is MISSING:
            raise AttributeError(f"{self._get_name()} has no attribute `{name}`")
        if not isinstance(member, kind):
            raise AttributeError(f"`{name}` {complaint}")
        return member
