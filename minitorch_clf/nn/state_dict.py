"""Saving and loading what a module has learned: `state_dict` and `load_state_dict`.

A state dict is an OrderedDict from dotted names ("encoder.0.weight") to tensors, in registration
order, with the version of every module in its attribute `_metadata`. The layout is PyTorch's, key
for key.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

from minitorch_clf.grad_mode import no_grad
from minitorch_clf.handles import RemovableHandle
from minitorch_clf.nn.hooks import add_hook
from minitorch_clf.nn.parameter import Parameter
from minitorch_clf.tensor import Tensor

EXTRA_STATE = "_extra_state"


class _IncompatibleKeys(NamedTuple):
    """What `load_state_dict` returns: the names that found no partner."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"_IncompatibleKeys(missing_keys={self.missing_keys!r}, "
            f"unexpected_keys={self.unexpected_keys!r})"
        )


class StateDictMethods:
    """The part of Module that saves and loads; it needs the three registries of Module."""

    _version: ClassVar[int] = 1
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]
    _state_dict_hooks: OrderedDict[int, Callable[..., Any]]
    _state_dict_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _load_state_dict_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _load_state_dict_post_hooks: OrderedDict[int, Callable[..., Any]]

    # --- hooks ------------------------------------------------------------------------------------

    def register_state_dict_pre_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call hook(module, prefix, keep_vars) before `state_dict` reads the module."""
        return add_hook(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call hook(module, state_dict, prefix, local_metadata) after; it may edit, not replace."""
        return add_hook(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call hook(module, state_dict, prefix, local_metadata, strict, ...) before loading.

        The last three arguments are the lists of missing keys, unexpected keys and error texts.
        """
        return add_hook(self._load_state_dict_pre_hooks, hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call hook(module, incompatible_keys) after loading; it may edit the two lists."""
        return add_hook(self._load_state_dict_post_hooks, hook)

    # --- saving -----------------------------------------------------------------------------------

    def get_extra_state(self) -> Any:
        """State that is no tensor, where a subclass has some: saved as "<prefix>_extra_state"."""
        raise RuntimeError(f"{type(self).__name__} has no extra state: override get_extra_state")

    def set_extra_state(self, state: Any) -> None:  # noqa: ARG002 - for subclasses
        """Take back what `get_extra_state` gave."""
        raise RuntimeError(f"{type(self).__name__} has no extra state: override set_extra_state")

    def _persistent_state(self) -> dict[str, Tensor]:
        """Name -> tensor for what this module itself, without its children, saves."""
        tensors = {name: param for name, param in self._parameters.items() if param is not None}
        buffers = {
            name: buffer
            for name, buffer in self._buffers.items()
            if buffer is not None and name not in self._non_persistent_buffers_set
        }
        return {**tensors, **buffers}

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        for name, tensor in self._persistent_state().items():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if type(self).get_extra_state is not StateDictMethods.get_extra_state:
            destination[prefix + EXTRA_STATE] = self.get_extra_state()

    def state_dict(
        self,
        *,
        destination: dict[str, Any] | None = None,
        prefix: str = "",
        keep_vars: bool = False,
    ) -> dict[str, Any]:
        """Every parameter and persistent buffer below this module, by dotted name.

        The tensors are detached but share memory with the module: training goes on inside them.
        With keep_vars=True they are the parameters themselves. Buffers registered with
        persistent=False are left out.

        Differs from PyTorch: the arguments are keyword-only (there, positional ones are
        deprecated).

        >>> import minitorch_clf as torch
        >>> layer = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
        >>> list(layer.state_dict())
        ['0.weight', '0.bias']
        """
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()  # type: ignore[attr-defined]
        local_metadata = {"version": self._version}
        metadata = getattr(destination, "_metadata", None)
        if metadata is not None:
            metadata[prefix[:-1]] = local_metadata

        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(
                    destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
                )
        for hook in self._state_dict_hooks.values():
            if hook(self, destination, prefix, local_metadata) is not None:
                raise RuntimeError("state_dict post-hook must return None")
        return destination

    # --- loading ----------------------------------------------------------------------------------

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copy the tensors of a state dict into this module's own.

        strict   a name without a partner on the other side is an error
        assign   put the given tensors themselves in place, dtype and all, instead of copying
        returns  the names without a partner, `missing_keys` and `unexpected_keys`

        RuntimeError  lists every missing key, unexpected key and size mismatch, in PyTorch's words

        >>> import minitorch_clf as torch
        >>> layer, twin = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
        >>> layer.load_state_dict(twin.state_dict())
        <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        metadata = getattr(state_dict, "_metadata", None) or {}
        keys = _IncompatibleKeys([], [])
        errors: list[str] = []
        # A copy, because load pre-hooks may rename its keys.
        self._load_tree(OrderedDict(state_dict), "", metadata, assign, keys, errors)

        if strict:
            missing, unexpected = (", ".join(f'"{key}"' for key in names) for names in keys)
            if unexpected:
                errors.insert(0, f"Unexpected key(s) in state_dict: {unexpected}. ")
            if missing:
                errors.insert(0, f"Missing key(s) in state_dict: {missing}. ")
        if errors:
            raise RuntimeError(
                "Error(s) in loading state_dict for {}:\n\t{}".format(
                    type(self).__name__, "\n\t".join(errors)
                )
            )
        return keys

    def _load_tree(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        metadata: Mapping[str, dict[str, Any]],
        assign: bool,
        keys: _IncompatibleKeys,
        errors: list[str],
    ) -> None:
        """Load this module, then its children, each from what is below its prefix."""
        local_metadata = dict(metadata.get(prefix[:-1], {}))
        if assign:
            local_metadata["assign_to_params_buffers"] = True
        missing, unexpected = keys
        self._load_from_state_dict(
            state_dict, prefix, local_metadata, True, missing, unexpected, errors
        )
        for name, child in self._modules.items():
            if child is not None:
                below = f"{prefix}{name}."
                part = {key: value for key, value in state_dict.items() if key.startswith(below)}
                child._load_tree(part, below, metadata, assign, keys, errors)
        for hook in self._load_state_dict_post_hooks.values():
            if hook(self, keys) is not None:
                raise AssertionError(
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not expected "
                    "to return new values, if incompatible_keys need to be modified, it should be "
                    "done inplace."
                )

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load this module alone, adding to the three lists; layers may override it."""
        report = (strict, missing_keys, unexpected_keys, error_msgs)
        for hook in self._load_state_dict_pre_hooks.values():
            hook(self, state_dict, prefix, local_metadata, *report)

        assign = local_metadata.get("assign_to_params_buffers", False)
        own = self._persistent_state()
        for name, tensor in own.items():
            key = prefix + name
            if key in state_dict:
                error = self._load_tensor(key, name, tensor, state_dict[key], assign)
                if error is not None:
                    error_msgs.append(error)
            elif strict:
                missing_keys.append(key)

        takes_extra = type(self).set_extra_state is not StateDictMethods.set_extra_state
        if takes_extra and prefix + EXTRA_STATE in state_dict:
            self.set_extra_state(state_dict[prefix + EXTRA_STATE])
        elif takes_extra and strict:
            missing_keys.append(prefix + EXTRA_STATE)

        if strict:
            known = {*own, EXTRA_STATE} if takes_extra else own.keys()
            for key in state_dict:
                if key.startswith(prefix):
                    name, dot, _ = key.removeprefix(prefix).partition(".")
                    if name not in (self._modules if dot else known):
                        unexpected_keys.append(key)

    def _load_tensor(
        self, key: str, name: str, tensor: Tensor, saved: Any, assign: bool
    ) -> str | None:
        """Put one saved tensor in place; what is wrong with it, if something is."""
        if not isinstance(saved, Tensor):
            return (
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like '
                f"object from checkpoint but received {type(saved)}"
            )
        if tensor.dim() == 0 and saved.shape == (1,):  # scalars were saved so by PyTorch 0.3
            saved = saved[0]
        if saved.shape != tensor.shape:
            return (
                f"size mismatch for {key}: copying a param with shape {saved.shape} from "
                f"checkpoint, the shape in current model is {tensor.shape}."
            )
        try:
            with no_grad():
                if not assign:
                    tensor.copy_(saved)
                elif isinstance(tensor, Parameter) and not isinstance(saved, Parameter):
                    setattr(self, name, Parameter(saved, requires_grad=tensor.requires_grad))
                elif isinstance(tensor, Parameter):
                    setattr(self, name, saved.requires_grad_(tensor.requires_grad))
                else:
                    setattr(self, name, saved)
        except (RuntimeError, TypeError, ValueError) as error:  # one report names every bad tensor
            return (
                f'While copying the parameter named "{key}", whose dimensions in the model are '
                f"{tensor.size()} and whose dimensions in the checkpoint are {saved.size()}, an "
                f"exception occurred : {error.args}."
            )
        return None
