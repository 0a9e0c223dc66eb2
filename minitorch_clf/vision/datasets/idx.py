"""The IDX format of the MNIST files: a header of big-endian integers, then the values in C order.

    bytes 0-1   0
    byte  2     what a value is: 8 uint8, 9 int8, 11 int16, 12 int32, 13 float32, 14 float64
    byte  3     number of dimensions
    then        the size of each dimension, uint32; then the values, big-endian

Described at the foot of http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

PIECE = 2**18
"""Bytes that are unpacked at a time."""

_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_idx(path: Path, dtype: DTypeLike | None = None, ndim: int | None = None) -> NDArray[Any]:
    """The array in an IDX file, packed if its name ends in .gz; in native byte order, writable.

    dtype, ndim   what the caller expects; None: anything

    ValueError  the path, and what was found: not gzip, cut short, no IDX header, too few or too
                many values, another number of dimensions
    TypeError   the path, and the dtype that was found
    """
    content = _unpacked(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _TYPES:
        raise ValueError(
            f"{path} is not an IDX file: it begins with {content[:4].hex(' ') or 'nothing'}, "
            "not with 00 00, a type (08 to 0e) and the number of dimensions"
        )
    value = np.dtype(_TYPES[content[2]])
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"{path} is cut short: {len(content)} bytes, and its header alone {start}")
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", content[3], offset=4))
    count = int(np.prod(shape, dtype=object))
    if len(content) != start + count * value.itemsize:
        raise ValueError(
            f"{path} is damaged: its header promises {' x '.join(map(str, shape))} values "
            f"of {value.itemsize} byte(s) and so {start + count * value.itemsize} bytes, "
            f"but it has {len(content)}"
        )
    if dtype is not None and value.newbyteorder("=") != np.dtype(dtype):
        raise TypeError(
            f"{path}: x should be of dtype torch.{np.dtype(dtype)} "
            f"instead of torch.{value.newbyteorder('=')}"
        )
    if ndim is not None and len(shape) != ndim:
        raise ValueError(f"{path}: x should have {ndim} dimension instead of {len(shape)}")
    values = np.frombuffer(content, value, count, offset=start).reshape(shape)
    return values.astype(value.newbyteorder("="), copy=False)


def write_idx(path: Path, array: NDArray[Any]) -> None:
    """Write an array as an IDX file, packed if the name ends in .gz, then without a time.

    TypeError  "IDX has no type for int64"

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "cube.gz"
    ...     write_idx(path, np.arange(8, dtype=np.int16).reshape(2, 2, 2))
    ...     read_idx(path).tolist()
    [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]
    """
    codes = {np.dtype(name).newbyteorder("="): code for code, name in _TYPES.items()}
    if array.dtype not in codes:
        raise TypeError(f"IDX has no type for {array.dtype}")
    code = codes[array.dtype]
    header = bytes((0, 0, code, array.ndim)) + np.array(array.shape, ">u4").tobytes()
    content = header + array.astype(_TYPES[code]).tobytes()
    packed = path.suffix == ".gz"
    path.write_bytes(gzip.compress(content, mtime=0) if packed else content)


def _unpacked(path: Path) -> bytearray:
    """What the file holds, once in memory; gzip.decompress would hold it twice at its end.

    A bytearray grows in place, and an array on it is writable: read_idx need not copy it either.
    """
    content = bytearray()
    with path.open("rb") as packed:
        file = gzip.GzipFile(fileobj=packed) if path.suffix == ".gz" else packed
        try:
            while piece := file.read(PIECE):
                content += piece
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{path} is not a whole gzip file: {error}") from error
    return content
