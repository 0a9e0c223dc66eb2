"""Transforms give torchvision's bits, errors and printed forms, one image or many at once."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minitorch_clf
from minitorch_clf.vision import transforms
from minitorch_clf.vision.transforms import BatchTransform
from reference.torchvision_cure import torchvision

ENGINES = [(minitorch_clf, transforms), (torch, torchvision.transforms)]


def outcome(run, t, v):
    try:
        out = run(t, v)
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        return type(error).__name__, str(error).replace("minitorch_clf.tensor.", "torch.")
    return str(out.dtype), tuple(out.shape), out.is_contiguous(), out.numpy().tobytes()


def same(run):
    ours, theirs = (outcome(run, *engine) for engine in ENGINES)
    assert ours == theirs


shapes = hnp.array_shapes(min_dims=2, max_dims=3, max_side=6)


@given(pic=hnp.arrays(np.uint8, shapes))
def test_to_tensor_of_pixels(pic):
    same(lambda t, v: v.ToTensor()(pic))
    same(lambda t, v: v.functional.to_tensor(pic))
    same(lambda t, v: v.ToTensor()(pic.T))


def test_to_tensor_of_every_pixel():
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    same(lambda t, v: v.ToTensor()(every))
    same(lambda t, v: v.ToTensor()(every[1::3, ::2]))


def test_a_flipped_array_is_welcome():
    """PyTorch has no negative strides, and so torchvision refuses it."""
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    flipped = transforms.ToTensor()(every[::-1])
    assert np.array_equal(flipped.numpy(), transforms.ToTensor()(every).numpy()[:, ::-1])


def test_to_tensor_in_double():
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for t, _ in ENGINES:
        t.set_default_dtype(t.float64)
    try:
        same(lambda t, v: v.ToTensor()(every))
    finally:
        for t, _ in ENGINES:
            t.set_default_dtype(t.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64, np.bool_])
def test_other_dtypes_are_not_scaled(dtype):
    pic = (np.arange(12).reshape(2, 3, 2) % 5).astype(dtype)
    same(lambda t, v: v.ToTensor()(pic))
    same(lambda t, v: v.ToTensor()(pic[:, :, 0]))


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F", "I;16"]
)
def test_pil_images(mode):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    image = PIL.Image.fromarray(pixels).convert("I" if mode == "I;16" else mode).convert(mode)
    same(lambda t, v: v.ToTensor()(image))


@pytest.mark.parametrize(
    "pic", [[1, 2], "a", None, np.zeros(3, np.uint8), np.zeros((1, 1, 1, 1), np.uint8)], ids=repr
)
def test_what_is_no_image(pic):
    same(lambda t, v: v.ToTensor()(pic))


def test_a_tensor_is_no_image():
    same(lambda t, v: v.ToTensor()(t.zeros(2, 2)))


@given(
    pixels=hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=3, max_dims=4, max_side=4),
        elements=st.floats(0, 1, width=32),
    ),
    data=st.data(),
)
def test_normalize(pixels, data):
    channels = pixels.shape[-3]
    numbers = st.lists(st.floats(0.01, 2), min_size=channels, max_size=channels)
    mean, std = data.draw(numbers), data.draw(numbers)
    same(lambda t, v: v.Normalize(mean, std)(t.tensor(pixels)))
    same(lambda t, v: v.functional.normalize(t.tensor(pixels), mean, std))
    same(lambda t, v: v.Normalize(mean, std)(t.tensor(pixels).double()))


@pytest.mark.parametrize(
    "run",
    [
        lambda t, v: v.Normalize(0.5, 0.5)(t.ones(2, 2, 2)),
        lambda t, v: v.Normalize((0.5,), (0.0,))(t.ones(1, 2, 2)),
        lambda t, v: v.Normalize((0.5,), (1e-60,))(t.ones(1, 2, 2)),
        lambda t, v: v.Normalize((0.5,), (0.5,))(t.ones(2, 2)),
        lambda t, v: v.Normalize((0.5,), (0.5,))(t.ones(1, 2, 2).int()),
        lambda t, v: v.Normalize((0.5,), (0.5,))(np.ones((1, 2, 2))),
        lambda t, v: v.Compose([])(t.ones(1)),
        lambda t, v: v.Compose([v.ToTensor(), v.Lambda(lambda x: x + 1)])(np.ones((2, 2))),
        lambda t, v: v.Lambda(3),
    ],
)
def test_edges(run):
    same(run)


def test_normalize_in_place():
    for t, v in ENGINES:
        image = t.ones(1, 2, 2)
        assert v.Normalize((0.5,), (0.5,), inplace=True)(image) is image
        v.Normalize((9.0,), (0.5,))(image)
        assert image.tolist() == [[[1.0, 1.0], [1.0, 1.0]]]


@pytest.mark.parametrize(
    "make",
    [
        lambda v: v.ToTensor(),
        lambda v: v.Normalize((0.1, 0.2), (0.3, 0.4)),
        lambda v: v.Normalize([0.1], [0.3]),
        lambda v: v.Lambda(abs),
        lambda v: v.Compose([]),
        lambda v: v.Compose([v.ToTensor(), v.Compose([v.Lambda(abs)])]),
    ],
)
def test_printed_form(make):
    ours, theirs = (repr(make(v)) for _, v in ENGINES)
    assert ours == theirs


def test_flatten():
    image = minitorch_clf.arange(12.0).reshape(3, 2, 2)
    assert transforms.Flatten()(image).tolist() == list(range(12))
    assert repr(transforms.Flatten()) == "Flatten()"
    with pytest.raises(TypeError, match="img should be Tensor Image"):
        transforms.Flatten()(np.zeros((2, 2)))


# ------------------------------------------------------------------------------ many images at once

CHAINS = [
    [transforms.ToTensor()],
    [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))],
    [transforms.ToTensor(), transforms.Flatten()],
    [
        transforms.Compose([transforms.ToTensor()]),
        transforms.Normalize((0.5,), (3,)),
        transforms.Flatten(),
    ],
]


@given(images=hnp.arrays(np.uint8, hnp.array_shapes(min_dims=3, max_dims=3, max_side=7)))
@pytest.mark.parametrize("chain", CHAINS)
def test_on_batch_is_every_image(chain, images):
    transform = transforms.Compose(chain)
    at_once = transform.on_batch(images)
    one_by_one = minitorch_clf.stack([transform(image) for image in images])
    assert at_once.dtype == one_by_one.dtype
    assert at_once.shape == one_by_one.shape
    assert at_once.numpy().tobytes() == one_by_one.numpy().tobytes()
    assert at_once.is_contiguous()


class Brighter(transforms.ToTensor):
    def __call__(self, pic):
        return super().__call__(pic) + 1


@pytest.mark.parametrize(
    "transform",
    [
        Brighter(),
        transforms.Compose([Brighter()]),
        transforms.Compose([transforms.ToTensor(), transforms.ToTensor()]),
        transforms.Compose([transforms.Normalize((0.5,), (0.5,))]),
        transforms.Compose([transforms.Flatten()]),
        transforms.Compose([transforms.ToTensor(), abs]),
    ],
)
def test_what_cannot_be_done_at_once_is_declined(transform):
    assert transform.on_batch(np.zeros((2, 3, 3), np.uint8)) is NotImplemented


def test_a_transform_of_ones_own_can_join():
    class Invert(BatchTransform):
        def __call__(self, img):
            return 1 - img

        def on_batch(self, images):
            return 1 - images

    chain = transforms.Compose([transforms.ToTensor(), Invert()])
    assert chain.on_batch(np.zeros((2, 1, 1), np.uint8)).tolist() == [[[[1.0]]]] * 2
