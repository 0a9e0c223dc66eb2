"""Which runs of the table somebody asks for, and what to tell those who ask for none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TypeAlias

from reference.parity.cases import all_cases, all_errors

Run: TypeAlias = tuple[str, str, str]  # case, dtype, variant

ERROR_RUN = ("", "error")  # dtype and variant of a case that is a mistake


class SelectionError(ValueError):
    """There is no such run; the text says what there is."""


def all_runs() -> list[Run]:
    """Every run in the order of the table, family by family, the mistakes of a family last."""
    runs = [(name, *run) for name, case in all_cases().items() for run in case.runs()]
    runs += [(name, *ERROR_RUN) for name in all_errors()]
    return sorted(runs, key=family)


def family(run: Run) -> str:
    return run[0].partition("/")[0]


def select(
    families: Sequence[str] = (),
    globs: Sequence[str] = (),
    dtypes: Sequence[str] = (),
    variants: Sequence[str] = (),
) -> list[Run]:
    """The runs that fit one of each kind that is given. SelectionError if there is none.

    globs   for the whole id, activation/relu*, or for the name alone, relu*

    >>> select(globs=["T25 maximum*"], dtypes=["float64"], variants=["plain"])
    [('pointwise/T25 maximum tie', 'float64', 'plain')]
    >>> select(families=["activations"])
    Traceback (most recent call last):
        ...
    reference.parity.running.selection.SelectionError: there is no family 'activations'; near: ...
    """
    runs = all_runs()
    _check("family", families, (family(run) for run in runs))
    _check("dtype", dtypes, (run[1] for run in runs if run[1]))
    _check("variant", variants, (run[2] for run in runs))
    names = list(dict.fromkeys(run[0] for run in runs))
    wanted = set(names)
    if globs:
        found = {glob: {name for name in names if _fits(name, glob)} for glob in globs}
        for glob, matches in found.items():
            if not matches:
                raise SelectionError(f"no case is called {glob!r}{_near(glob, names)}")
        wanted = set().union(*found.values())
    chosen = [
        run
        for run in runs
        if (not families or family(run) in families)
        and run[0] in wanted
        and (not dtypes or run[1] in dtypes)
        and (not variants or run[2] in variants)
    ]
    if not chosen:
        raise SelectionError("no run fits all of these: the cases exist, but not in this form")
    return chosen


def _fits(case: str, glob: str) -> bool:
    """A name may hold brackets, which a glob reads as a set: the name itself fits too."""
    name = case.partition("/")[2]
    return glob in (case, name) or fnmatchcase(case, glob) or fnmatchcase(name, glob)


def _check(kind: str, asked: Sequence[str], known: Iterable[str]) -> None:
    there = list(dict.fromkeys(known))
    for value in asked:
        if value not in there:
            near = _near(value, there) or f"; there are: {', '.join(there)}"
            raise SelectionError(f"there is no {kind} {value!r}{near}")


def _near(value: str, known: Sequence[str]) -> str:
    """What looks like it, by the whole id or by the name alone."""
    plain = value.replace("*", "").replace("?", "")
    names = {name.partition("/")[2]: name for name in known if "/" in name}
    near = get_close_matches(plain, [*known, *names], n=3)
    return f"; near: {', '.join(dict.fromkeys(names.get(n, n) for n in near))}" if near else ""
