"""The digits that ship are the source's, and are split and read as documented."""

from __future__ import annotations

import numpy as np

import minitorch_clf as torch
from minitorch_clf.utils.data import DataLoader
from minitorch_clf.vision import transforms
from minitorch_clf.vision.datasets import Digits


def test_they_are_the_source():
    from sklearn.datasets import load_digits

    source = load_digits()
    train, test = Digits(), Digits(train=False)
    pixels = np.concatenate([train.data.numpy(), test.data.numpy()])
    assert pixels.dtype == np.uint8
    assert np.array_equal(np.round(pixels / 255 * 16), source.images)
    assert pixels.max() == 255
    labels = np.concatenate([train.targets.numpy(), test.targets.numpy()])
    assert labels.dtype == np.int64
    assert np.array_equal(labels, source.target)


def test_the_split():
    train, test = Digits(), Digits(train=False)
    assert (len(train), len(test)) == (1437, 360)
    assert all(np.bincount(part.targets.numpy()).min() > 30 for part in (train, test))
    assert train.class_to_idx["7"] == 7


def test_a_sample_and_a_batch():
    digits = Digits(transform=transforms.ToTensor())
    image, target = digits[0]
    assert (image.shape, image.dtype, target) == (torch.Size([1, 8, 8]), torch.float32, 0)
    assert float(image.max()) <= 1
    images, targets = next(iter(DataLoader(digits, batch_size=64)))
    assert (images.shape, targets.dtype) == (torch.Size([64, 1, 8, 8]), torch.int64)
    assert np.array_equal(images[0].numpy(), image.numpy())
    assert Digits()[0][0].size == (8, 8)


def test_printed_form():
    assert repr(Digits(transform=transforms.ToTensor())) == (
        "Dataset Digits\n"
        "    Number of datapoints: 1437\n"
        "    Split: Train\n"
        "    StandardTransform\n"
        "Transform: ToTensor()"
    )
