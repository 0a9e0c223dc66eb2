"""Result files: found to be writable before the work, and written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def why_not_writable(path: Path) -> str:
    """Why a file cannot be written there, as a sentence; "" if it can.

    >>> why_not_writable(Path("no/such/folder/report.json"))
    'there is no folder no/such/folder'
    """
    folder = path.parent
    if path.is_dir():
        return f"{path} is a folder"
    if not folder.is_dir():
        return f"there is no folder {folder}"
    try:
        if _is_special(path):
            path.open("ab").close()
        else:
            with tempfile.TemporaryFile(dir=folder):
                pass
    except OSError as error:
        return f"{path} cannot be written: {error.strerror}"
    return ""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to; what lies there in the end becomes `path`, unless an error came first."""
    special = _is_special(path)
    number, name = tempfile.mkstemp(
        prefix=f".{path.name}.", suffix=path.suffix, dir=None if special else path.parent
    )
    os.close(number)
    draft = Path(name)
    try:
        yield draft
        if special:
            path.write_bytes(draft.read_bytes())
        else:
            umask = os.umask(0)
            os.umask(umask)
            draft.chmod(0o666 & ~umask)  # mkstemp's own is for its owner alone
            draft.replace(path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


def _is_special(path: Path) -> bool:
    """/dev/stdout or a pipe: it must not be replaced by a file."""
    return path.exists() and not path.is_file()
