"""IDX files: what is written is read, and what is damaged is said, with the file's name."""

from __future__ import annotations

import gzip
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minitorch_clf.vision.datasets.idx import read_idx, write_idx
from reference.torchvision_cure import torchvision

TYPES = [np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64]


@given(
    array=st.sampled_from(TYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0))
    ),
    suffix=st.sampled_from(["", ".gz"]),
)
def test_round_trip(tmp_path_factory, array, suffix):
    path = tmp_path_factory.mktemp("idx") / f"array{suffix}"
    write_idx(path, array)
    back = read_idx(path)
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()
    assert back.shape == array.shape
    assert back.flags.writeable
    assert back.dtype.isnative


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_pixels_are_in_memory_once(tmp_path, suffix):
    """And while they are read, a growing block may be copied: by an eighth more than it holds."""
    pixels = np.random.default_rng(0).integers(0, 256, 8_000_000, np.uint8)
    write_idx(tmp_path / f"pixels{suffix}", pixels)
    tracemalloc.start()
    back = read_idx(tmp_path / f"pixels{suffix}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.array_equal(back, pixels)
    assert peak < 1.5 * pixels.nbytes


@pytest.mark.parametrize("dtype", TYPES)
def test_torchvision_reads_what_we_write(tmp_path, dtype):
    from torchvision.datasets.mnist import read_sn3_pascalvincent_tensor

    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    write_idx(tmp_path / "array", array)
    theirs = read_sn3_pascalvincent_tensor(str(tmp_path / "array")).numpy()
    assert theirs.dtype == array.dtype
    assert np.array_equal(theirs, array)
    assert torchvision is not None


def test_the_bytes_of_a_known_file(tmp_path):
    """From the format's description, not from our writer."""
    path = tmp_path / "pair"
    path.write_bytes(bytes.fromhex("00000b02 00000001 00000002 0102 fffe"))
    assert read_idx(path).tolist() == [[258, -2]]


def test_packed_files_do_not_depend_on_the_time(tmp_path):
    for name in ("a.gz", "b.gz"):
        write_idx(tmp_path / name, np.arange(5, dtype=np.uint8))
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_no_type_for_int64(tmp_path):
    with pytest.raises(TypeError, match="IDX has no type for int64"):
        write_idx(tmp_path / "x", np.arange(3))


GOOD = bytes.fromhex("00000801 00000003 010203")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an IDX file: it begins with nothing"),
        (b"<!DOCTYPE html>", "is not an IDX file: it begins with 3c 21 44 4f"),
        (gzip.compress(GOOD), "is not an IDX file: it begins with 1f 8b 08"),
        (b"\0\0\x0a\x01" + GOOD[4:], "is not an IDX file: it begins with 00 00 0a 01"),
        (GOOD[:6], "is cut short: 6 bytes, and its header alone 8"),
        (GOOD[:-1], "header promises 3 values of 1 byte(s) and so 11 bytes, but it has 10"),
        (GOOD + b"!", "but it has 12"),
        (b"\0\0\x08\x02" + b"\xff" * 8, "promises 4294967295 x 4294967295 values"),
    ],
)
def test_damage_is_named(tmp_path, content, message):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [GOOD, b"", gzip.compress(GOOD)[:-9], gzip.compress(GOOD)[:15] + b"\xff" * 9],
    ids=["not packed", "empty", "cut short", "damaged"],
)
def test_damaged_gzip_is_named(tmp_path, content):
    path = tmp_path / "x.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.gz is not"):
        read_idx(path)


def test_what_the_caller_expects(tmp_path):
    path = tmp_path / "x"
    write_idx(path, np.zeros((2, 2), np.int32))
    with pytest.raises(
        TypeError, match=r"x: x should be of dtype torch\.uint8 instead of torch\.i"
    ):
        read_idx(path, dtype=np.uint8)
    with pytest.raises(ValueError, match="x: x should have 3 dimension instead of 2"):
        read_idx(path, ndim=3)
