"""Module: a tree of parts, each with parameters and buffers of its own and a forward."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, ClassVar, Self

from minitorch_clf.dtypes import device as Device
from minitorch_clf.dtypes import dtype as DType
from minitorch_clf.grad_mode import no_grad
from minitorch_clf.nn.hooks import CallMethods
from minitorch_clf.nn.parameter import Buffer, Parameter
from minitorch_clf.nn.state_dict import StateDictMethods
from minitorch_clf.nn.tree import MISSING, TreeMethods
from minitorch_clf.tensor import Tensor


def typename(value: object) -> str:
    """The full name of a value's type, as error messages print it: 'torch.FloatTensor', 'int'."""
    if isinstance(value, Tensor):
        name: str = value.type()
        return name
    cls = type(value)
    return (
        cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    )


def indent(text: str, spaces: int = 2) -> str:
    """Every line but the first moved to the right, empty ones left empty."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(" " * spaces + line if line.strip() else "" for line in rest)])


class Module(TreeMethods, CallMethods, StateDictMethods):
    """Base class of all layers, models and losses.

    Subclasses call `super().__init__()`, assign parts as attributes, and define `forward`:

    >>> import minitorch_clf as torch
    >>> from minitorch_clf import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = nn.Linear(784, 128)
    ...         self.scale = nn.Parameter(torch.ones(()))
    ...
    ...     def forward(self, x):
    ...         return self.scale * self.hidden(x).relu()
    >>> net = Net()
    >>> net(torch.zeros(64, 784)).shape
    torch.Size([64, 128])
    >>> [name for name, _ in net.named_parameters()]
    ['scale', 'hidden.weight', 'hidden.bias']
    >>> net
    Net(
      (hidden): Linear(in_features=784, out_features=128, bias=True)
    )

    Assigning an attribute sorts it: a Parameter goes into `_parameters`, a Module into `_modules`,
    a Buffer into `_buffers` (as does a Tensor under the name of a buffer), all else into the
    instance as usual. Looking an attribute up searches the three. Everything a module can do to its
    tensors walks this tree, depth first, in the order of registration, visiting a shared part once.
    """

    call_super_init: ClassVar[bool] = False
    training: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init:
            if kwargs:
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument "
                    f"'{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{type(self).__name__}.__init__() takes 1 positional argument but "
                    f"{len(args) + 1} were given"
                )
        # Straight into __dict__: __setattr__ would look for registries that are only made here.
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _non_persistent_buffers_set=set(),
            _backward_pre_hooks=OrderedDict(),
            _backward_hooks=OrderedDict(),
            _forward_hooks=OrderedDict(),
            _forward_hooks_with_kwargs=OrderedDict(),
            _forward_hooks_always_called=OrderedDict(),
            _forward_pre_hooks=OrderedDict(),
            _forward_pre_hooks_with_kwargs=OrderedDict(),
            _state_dict_hooks=OrderedDict(),
            _state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_post_hooks=OrderedDict(),
            _modules={},
        )
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The computation, which a subclass defines. Call the module, not this: then hooks run."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    # --- registration -----------------------------------------------------------------------------

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under `name`; None says that it is absent (Linear without bias)."""
        self._check_name("parameter", "_parameters", name)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{typename(param)}' object to parameter '{name}' "
                    "(torch.nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must "
                    f"be created explicitly. To express '{name}' as a function of another Tensor, "
                    "compute the value in the forward() method."
                )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the module but is not learned: it moves and saves with it.

        persistent   whether it is part of the state_dict
        """
        self._check_name("buffer", "_buffers", name)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child under a name that may be no identifier: Sequential's are "0", "1", ..."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self._check_name("module", "_modules", name)
        self._modules[name] = module

    register_module = add_module

    def _check_name(self, kind: str, registry: str, name: str) -> None:
        if registry not in self.__dict__:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
        if "." in name:
            got = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{got}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if name not in self.__dict__[registry] and getattr(self, name, MISSING) is not MISSING:
            raise KeyError(f"attribute '{name}' already exists")

    # --- attributes -------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        """Looked up last, after the instance and the class: parameters, buffers, modules."""
        attributes = self.__dict__
        for registry in ("_parameters", "_buffers", "_modules"):
            if registry in attributes and name in attributes[registry]:
                return attributes[registry][name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        parameters = self.__dict__.get("_parameters", {})
        modules = self.__dict__.get("_modules", {})
        buffers = self.__dict__.get("_buffers", {})
        if isinstance(value, Parameter):
            if "_parameters" not in self.__dict__:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._forget(name, keep=parameters)
            self.register_parameter(name, value)
        elif name in parameters:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{typename(value)}' as parameter '{name}' "
                    "(torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, None)
        elif isinstance(value, Module):
            if "_modules" not in self.__dict__:
                raise AttributeError("cannot assign module before Module.__init__() call")
            self._forget(name, keep=modules)
            modules[name] = value
        elif name in modules:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{typename(value)}' as child module '{name}' "
                    "(torch.nn.Module or None expected)"
                )
            modules[name] = None
        elif isinstance(value, Buffer) or name in buffers:
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{typename(value)}' as buffer '{name}' "
                    "(torch.nn.Buffer, torch.Tensor or None expected)"
                )
            known = name not in self.__dict__.get("_non_persistent_buffers_set", ())
            persistent = value.persistent if isinstance(value, Buffer) else known
            self.register_buffer(name, value, persistent)
        else:
            super().__setattr__(name, value)

    def _forget(self, name: str, keep: dict[str, Any]) -> None:
        """Free `name` for another kind of member."""
        for members in (self.__dict__, self._parameters, self._buffers, self._modules):
            if members is not keep:
                members.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def __delattr__(self, name: str) -> None:
        for members in (self._parameters, self._buffers, self._modules):
            if name in members:
                del members[name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = {*super().__dir__(), *self._parameters, *self._buffers, *self._modules}
        return sorted(name for name in names if not name[0].isdigit())

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    # --- doing something to all of it -------------------------------------------------------------

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call fn(module) on everything below this module, children first, then on itself.

        >>> import minitorch_clf as torch
        >>> from minitorch_clf import nn
        >>> def init(module):
        ...     if isinstance(module, nn.Linear):
        ...         nn.init.zeros_(module.bias)
        >>> nn.Sequential(nn.Linear(3, 2), nn.ReLU()).apply(init)[0].bias
        Parameter containing:
        tensor([0., 0.], requires_grad=True)
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Set `training` everywhere below: Dropout acts only then."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze (False) or unfreeze every parameter."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients; with set_to_none=False, fill them with zeros instead."""
        for param in self.parameters():
            if param.grad is None:
                continue
            if set_to_none:
                param.grad = None
            else:
                param.grad.detach_()
                param.grad.zero_()

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """t becomes fn(t): parameters (which stay the same objects), gradients, buffers."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        with no_grad():
            for param in self._parameters.values():
                if param is not None:
                    grad = param.grad
                    param.data = fn(param)
                    if grad is not None:
                        grad.data = fn(grad)
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert all floating tensors: to(dtype), to(device), to(device, dtype), to(tensor).

        Unlike a Tensor's `to`, it changes the module itself, and leaves integer buffers as they
        are.

        TypeError  a dtype that is not floating
        """
        device, dtype = _parse_to(*args, **kwargs)
        if dtype is not None and not dtype.is_floating_point:
            raise TypeError(
                "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                f"dtype={dtype}"
            )
        return self._apply(
            lambda t: t.to(device=device, dtype=dtype if t.is_floating_point() else None)
        )

    def float(self) -> Self:
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self) -> Self:
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def type(self, dst_type: DType | str) -> Self:
        return self._apply(lambda t: t.type(dst_type))

    def cpu(self) -> Self:
        return self._apply(lambda t: t.cpu())

    def cuda(self, device: int | Device | None = None) -> Self:
        return self._apply(lambda t: t.cuda(device))

    # --- printing ---------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What a subclass prints between its brackets, such as "p=0.5, inplace=False"."""
        return ""

    def __repr__(self) -> str:
        own = self.extra_repr()
        children = [f"({name}): {indent(repr(child))}" for name, child in self._modules.items()]
        if not children and "\n" not in own:
            return f"{self._get_name()}({own})"
        lines = [*(own.split("\n") if own else ()), *children]
        return "\n  ".join([f"{self._get_name()}(", *lines]) + "\n)"


def _parse_to(
    *args: Any,
    device: str | Device | None = None,
    dtype: DType | None = None,
    tensor: Tensor | None = None,
    non_blocking: bool = False,  # noqa: ARG001 - all memory is the CPU's, so nothing ever blocks
) -> tuple[str | Device | None, DType | None]:
    """The device and dtype that the arguments of `Module.to` ask for."""
    for arg in args:
        if isinstance(arg, DType) and dtype is None:
            dtype = arg
        elif isinstance(arg, Tensor) and tensor is None:
            tensor = arg
        elif isinstance(arg, (str, Device)) and device is None and dtype is None:
            device = arg
        elif arg is not None and not isinstance(arg, bool):
            kinds = ", ".join(typename(arg).removeprefix("torch.") for arg in args)
            raise TypeError(
                f"to() received an invalid combination of arguments - got ({kinds}), but expected "
                "a device, a dtype, a device and a dtype, or a tensor"
            )
    if tensor is not None:
        return tensor.device, tensor.dtype
    return device, dtype
