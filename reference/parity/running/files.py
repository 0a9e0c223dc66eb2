"""Result files: found to be writable before the work, and written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def why_not_writable(path: Path) -> str:
    """Why a file cannot be written there, as a sentence; "" if it can.

    >>> why_not_writable(Path("no/such/folder/report.json"))
    'there is no folder no/such/folder'
    """
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder}"
    if path.is_dir():
        return f"{path} is a folder"
    if path.parent == Path("/dev") or (path.exists() and not path.is_file()):
        return f"{path} is no file that a report could replace"
    try:
        with tempfile.TemporaryFile(dir=path.resolve().parent):
            return ""
    except OSError as error:
        return f"{path} cannot be written: {error.strerror}"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to; what lies there in the end becomes `path`, unless an error came first."""
    target = path.resolve()  # of a link to a file, the file
    number, name = tempfile.mkstemp(f".{target.name}", ".", target.parent)
    os.close(number)
    draft = Path(name)
    try:
        yield draft
        umask = os.umask(0)
        os.umask(umask)
        draft.chmod(0o666 & ~umask)  # mkstemp's own is for its owner alone
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
