"""Reading a batch at once must never bypass a subclass that changed how one sample is read."""

from __future__ import annotations


def is_outdated(cls: type, batched: str, *single: str) -> bool:
    """Was one of the `single` methods overridden below the class that `batched` comes from?

    If so, the batched method no longer says what the single one says.

    >>> class Squares:
    ...     def one(self, i): return i * i
    ...     def many(self, indices): return [i * i for i in indices]
    >>> class Cubes(Squares):
    ...     def one(self, i): return i ** 3
    >>> is_outdated(Squares, "many", "one"), is_outdated(Cubes, "many", "one")
    (False, True)
    """

    def depth(name: str) -> int:
        """How far up the method resolution order the definition in force is found."""
        mro = cls.__mro__
        return next((k for k, base in enumerate(mro) if name in vars(base)), len(mro))

    return any(depth(name) < depth(batched) for name in single)
