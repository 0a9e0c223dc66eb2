"""The same folder gives torchvision and us the same samples, batches, texts and printed forms."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
import torch

import minitorch_clf
from minitorch_clf.utils.data import DataLoader, Subset, default_collate
from minitorch_clf.vision import datasets, transforms
from minitorch_clf.vision.datasets.idx import write_idx
from reference.torchvision_cure import torchvision

ENGINES = [(minitorch_clf, datasets, transforms)]
ENGINES += [(torch, torchvision.datasets, torchvision.transforms)]


def same_tensor(ours, theirs):
    assert str(ours.dtype) == str(theirs.dtype)
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert ours.numpy().tobytes() == theirs.numpy().tobytes()


def same_batches(ours, theirs):
    for (x, y), (u, v) in zip(ours, theirs, strict=True):
        same_tensor(x, u)
        same_tensor(y, v)


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_the_same_data(tmp_path, mnist_maker, name, packed, train):
    mnist_maker(tmp_path / "ours", name, packed)
    mnist_maker(tmp_path / "theirs", name)
    ours = getattr(datasets, name)(tmp_path / "ours", train=train)
    theirs = getattr(torchvision.datasets, name)(tmp_path / "theirs", train=train)
    same_tensor(ours.data, theirs.data)
    same_tensor(ours.targets, theirs.targets)
    assert len(ours) == len(theirs)
    assert list(ours.classes) == list(theirs.classes)
    assert ours.class_to_idx == theirs.class_to_idx
    assert ours.mirrors == tuple(theirs.mirrors)
    assert ours.resources == tuple(theirs.resources)
    assert str(ours.raw_folder) == str(theirs.raw_folder).replace("theirs", "ours")


def tensors(t, v):
    return v.ToTensor()


def normalized(t, v):
    return v.Compose([v.ToTensor(), v.Normalize((0.1307,), (0.3081,))])


def half_own(t, v):
    return v.Compose([v.ToTensor(), v.Lambda(lambda x: x * 2)])


def own(t, v):
    return lambda image: t.tensor(np.asarray(image, dtype=np.float32).reshape(-1)[:9])


TRANSFORMS = [tensors, normalized, half_own, own]


@pytest.mark.parametrize("make", TRANSFORMS)
@pytest.mark.parametrize("target_transform", [None, lambda y: y + 0.5])
def test_the_same_samples(root, make, target_transform):
    ours, theirs = (
        d.MNIST(root, transform=make(t, v), target_transform=target_transform)
        for t, d, v in ENGINES
    )
    for i in (0, 5, -1):
        (x, y), (u, v) = ours[i], theirs[i]
        same_tensor(x, u)
        assert (type(y), y) == (type(v), v)


def test_without_a_transform_a_sample_is_a_pil_image(root):
    ours, theirs = (d.MNIST(root)[3] for _, d, _ in ENGINES)
    assert isinstance(ours[0], PIL.Image.Image)
    assert (ours[0].mode, ours[0].size) == (theirs[0].mode, theirs[0].size)
    assert ours[0].tobytes() == theirs[0].tobytes()
    assert ours[1] == theirs[1]


@pytest.mark.parametrize("make", TRANSFORMS)
@pytest.mark.parametrize("target_transform", [None, lambda y: y + 0.5])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_same_batches(root, make, target_transform, size):
    epochs = []
    for t, d, v in ENGINES:
        t.manual_seed(1)
        dataset = d.MNIST(root, transform=make(t, v), target_transform=target_transform)
        loader = t.utils.data.DataLoader(dataset, batch_size=size, shuffle=True)
        epochs.append([*loader, *loader])
    same_batches(*epochs)


def test_a_batch_without_a_transform_is_refused_alike(root):
    messages = []
    for t, d, _ in ENGINES:
        with pytest.raises(TypeError) as caught:
            next(iter(t.utils.data.DataLoader(d.MNIST(root))))
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize(
    ("make", "at_once"),
    [
        (lambda v: v.ToTensor(), True),
        (lambda v: v.Compose([v.ToTensor(), v.Normalize((0.1,), (0.3,)), v.Flatten()]), True),
        (lambda v: v.Compose([v.Compose([v.ToTensor()]), v.Flatten()]), True),
        (lambda v: v.Compose([v.ToTensor(), v.Lambda(lambda x: x)]), False),
        (lambda v: v.Compose([np.array, v.ToTensor()]), False),
        (lambda v: v.Lambda(v.ToTensor()), False),
    ],
)
def test_a_batch_is_read_at_once_when_every_transform_can(root, make, at_once):
    dataset = datasets.MNIST(root, transform=make(transforms))
    indices = [4, 4, 0, -1, 30]
    batch = dataset.__getbatch__(indices)
    assert (batch is not NotImplemented) == at_once
    if at_once:
        same_batches([batch], [default_collate([dataset[i] for i in indices])])
        subset = Subset(dataset, [9, 8, 7])
        same_batches([subset.__getbatch__([2, 0])], [default_collate([subset[2], subset[0]])])


def test_an_override_is_never_bypassed(root):
    class Indexed(datasets.MNIST):
        @property
        def raw_folder(self):
            return str(root / "MNIST" / "raw")

        def __getitem__(self, index):
            return (*super().__getitem__(index), index)

    loader = DataLoader(Indexed(root, transform=transforms.ToTensor()), batch_sampler=[[5, 3]])
    ((_, _, indices),) = loader
    assert indices.tolist() == [5, 3]


@pytest.mark.parametrize("change", ["short", "float targets", "list of targets"])
def test_data_that_a_script_has_changed(root, change):
    epochs = []
    for t, d, v in ENGINES:
        dataset = d.MNIST(root, transform=v.ToTensor())
        if change == "short":
            dataset.data, dataset.targets = dataset.data[:5], dataset.targets[:5]
        elif change == "float targets":
            dataset.targets = dataset.targets.float() + 0.5
        else:
            dataset.targets = dataset.targets.tolist()
        epochs.append(list(t.utils.data.DataLoader(dataset, 2)))
    same_batches(*epochs)


@pytest.mark.parametrize("train", [True, False])
def test_the_same_printed_form(root, train):
    for make in (
        lambda v: {},
        lambda v: {"transform": v.ToTensor()},
        lambda v: {
            "transform": v.Compose([v.ToTensor(), v.Normalize((0.5,), (0.5,))]),
            "target_transform": v.Compose([v.Lambda(int)]),
        },
    ):
        ours, theirs = (repr(d.MNIST(str(root), train, **make(v))) for _, d, v in ENGINES)
        assert ours == theirs


def test_the_home_folder(root, monkeypatch):
    monkeypatch.setenv("HOME", str(root))
    ours, theirs = (d.MNIST("~") for _, d, _ in ENGINES)
    assert repr(ours) == repr(theirs)


def test_not_found(tmp_path, mnist_maker):
    for folder in (tmp_path, tmp_path / "no such folder"):
        messages = []
        for _, d, _ in ENGINES:
            with pytest.raises(RuntimeError) as caught:
                d.MNIST(folder)
            messages.append(str(caught.value))
        assert messages[0] == messages[1]
    (mnist_maker(tmp_path) / "t10k-labels-idx1-ubyte").unlink()  # one of four is missing
    for _, d, _ in ENGINES:
        with pytest.raises(RuntimeError, match="Dataset not found"):
            d.MNIST(tmp_path)


def test_damaged_files_are_named(tmp_path, mnist_maker):
    folder = mnist_maker(tmp_path)
    images, labels = folder / "train-images-idx3-ubyte", folder / "train-labels-idx1-ubyte"
    good = images.read_bytes()
    images.write_bytes(good[:-1])
    with pytest.raises(ValueError, match=re.escape(f"{images} is damaged")):
        datasets.MNIST(tmp_path)
    images.write_bytes(labels.read_bytes())
    with pytest.raises(
        ValueError, match="images-idx3-ubyte: x should have 3 dimension instead of 1"
    ):
        datasets.MNIST(tmp_path)
    images.write_bytes(good)
    write_idx(labels, np.zeros(37, np.int32))
    with pytest.raises(TypeError, match=r"dtype torch\.uint8 instead of torch\.int32"):
        datasets.MNIST(tmp_path)
    write_idx(labels, np.zeros(36, np.uint8))
    with pytest.raises(ValueError, match=r"holds 37 images, but .* holds 36 labels"):
        datasets.MNIST(tmp_path)


WITHOUT_PILLOW = """
import sys
sys.modules["PIL"] = sys.modules["PIL.Image"] = None  # as if it were not installed
from minitorch_clf.utils.data import DataLoader
from minitorch_clf.vision import datasets, transforms
steps = [transforms.ToTensor(), transforms.Lambda(lambda x: x)]
dataset = datasets.MNIST(sys.argv[1], transform=transforms.Compose(steps))
print(len(list(DataLoader(dataset, 64))), dataset[0][0].shape)
try:
    datasets.MNIST(sys.argv[1])[0]
except ImportError as error:
    print(error)
"""


def test_pillow_is_needed_for_pil_images_only(root):
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_PILLOW, str(root)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines() == [
        "1 torch.Size([1, 28, 28])",
        "A dataset that hands out PIL images needs pillow: pip install 'minitorch_clf[data]'",
    ]


def test_real_mnist(real_root, tmp_path):
    """The folder as it is for us, unpacked for torchvision; a tenth of a shuffled epoch."""
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for path in (real_root / "MNIST" / "raw").glob("*.gz"):
        (folder / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    epochs = []
    for root, (t, d, v) in zip((real_root, tmp_path), ENGINES, strict=True):
        dataset = d.MNIST(root, transform=v.ToTensor())
        assert len(dataset) == 60_000
        assert len(d.MNIST(root, train=False)) == 10_000
        t.manual_seed(0)
        tenth = t.utils.data.Subset(dataset, range(0, 60_000, 10))
        epochs.append(t.utils.data.DataLoader(tenth, batch_size=64, shuffle=True))
    same_batches(*epochs)
