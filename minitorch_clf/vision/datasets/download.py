"""Downloads through pooch: checked, retried, from the next mirror where one fails."""

from __future__ import annotations

import contextlib
import functools
import gzip
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from minitorch_clf.vision.optional import optional_import

if TYPE_CHECKING:
    from rich.progress import Progress

WAITS = (1.0, 2.0)  # seconds before the second and the third attempt at one mirror
TIMEOUT = (5.0, 30.0)  # seconds to wait for a connection, and for the next bytes


def download(filename: str, md5: str, mirrors: Sequence[str], folder: Path) -> Path:
    """Fetch `filename` into `folder` from the first mirror that has it; return where it lies.

    A file that lies there already with the right md5 is not fetched again. Nothing that fails the
    md5 is left behind. A mirror that is busy (HTTP 429 or 5xx) or breaks off is asked three times.

    ImportError   without pooch
    RuntimeError  "Error downloading <filename>:", then every mirror with its reason
    """
    pooch = optional_import("pooch", "pooch", "Downloading a dataset")
    reasons = []
    for mirror in mirrors:
        with _progress(filename) as bar, _quiet(pooch.get_logger()):
            fetch = functools.partial(
                pooch.retrieve,
                mirror + filename,
                known_hash=f"md5:{md5}",
                fname=filename,
                path=folder,
                downloader=pooch.HTTPDownloader(bar or False, chunk_size=1 << 16, timeout=TIMEOUT),
            )
            try:
                return _patiently(fetch)
            except (OSError, ValueError) as error:  # whatever the network does; a wrong md5
                reasons.append(f"Tried {mirror}, got:\n{error}\n")
    raise RuntimeError(f"Error downloading {filename}:\n{''.join(reasons)}")


def _patiently(fetch: Callable[[], str]) -> Path:
    """The fetched file, asked for again where the mirror was busy or broke off."""
    errors = optional_import("requests.exceptions", "pooch", "Downloading a dataset")
    for wait in WAITS:
        try:
            return Path(fetch())
        except (errors.HTTPError, errors.ChunkedEncodingError, errors.ReadTimeout) as error:
            if isinstance(error, errors.HTTPError) and not _is_busy(error.response.status_code):
                raise
            time.sleep(wait)
    return Path(fetch())


def _is_busy(status: int) -> bool:
    return status == 429 or status >= 500


def extract(packed: Path) -> Path:
    """Unpack x.gz to x beside it, all of it or nothing, as torchvision's folders have it."""
    target = packed.with_suffix("")
    partial = packed.with_suffix(".partial")
    try:
        with gzip.open(packed) as source, partial.open("wb") as sink:
            shutil.copyfileobj(source, sink)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


@contextlib.contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """pooch reports every download on stderr; the progress bar does already."""
    before = logger.disabled
    logger.disabled = True  # not setLevel: this logger caches what its level lets through
    try:
        yield
    finally:
        logger.disabled = before


class _Bar:
    """The four things that pooch does with a progress bar, said to a rich one."""

    def __init__(self, progress: Progress, filename: str) -> None:
        self._progress = progress
        self._task = progress.add_task(filename, total=None)

    @property
    def total(self) -> float | None:
        return self._progress.tasks[self._task].total

    @total.setter
    def total(self, size: int) -> None:
        self._progress.update(self._task, total=size or None)

    def update(self, size: int) -> None:
        self._progress.advance(self._task, size)

    def reset(self) -> None:
        self._progress.update(self._task, completed=0)

    def close(self) -> None:
        self._progress.refresh()


@contextlib.contextmanager
def _progress(filename: str) -> Iterator[_Bar | None]:
    """A bar on stderr where that is a terminal, and None elsewhere."""
    # 50 ms that only a download should cost, and not every import of the package.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn  # noqa: PLC0415

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console) as progress:
        yield _Bar(progress, filename)
