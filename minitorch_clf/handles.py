"""What registering a hook returns, on a Tensor, a module or an optimizer."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from typing import Any, ClassVar

__all__ = ["RemovableHandle"]

_counting = threading.Lock()


class RemovableHandle:
    """The receipt for a registered hook: `remove()` takes it back, as does the end of a `with`.

    It holds the dicts of hooks weakly, so it keeps no module alive.
    """

    next_id: ClassVar[int] = 0

    def __init__(self, *hook_dicts: OrderedDict[int, Any]) -> None:
        with _counting:
            self.id = RemovableHandle.next_id
            RemovableHandle.next_id += 1
        self._hook_dicts = tuple(weakref.ref(hooks) for hooks in hook_dicts)

    def remove(self) -> None:
        """Take the hook away; again is no error."""
        for reference in self._hook_dicts:
            hooks = reference()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()

    def __getstate__(self) -> tuple[int, tuple[OrderedDict[int, Any] | None, ...]]:
        return self.id, tuple(reference() for reference in self._hook_dicts)

    def __setstate__(self, state: tuple[int, tuple[OrderedDict[int, Any] | None, ...]]) -> None:
        self.id, hook_dicts = state
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)
        self._hook_dicts = tuple(weakref.ref(hooks) for hooks in hook_dicts if hooks is not None)
