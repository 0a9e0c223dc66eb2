"""MNIST, Fashion-MNIST and Kuzushiji-MNIST in torchvision's folders."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from minitorch_clf.tensor import wrap
from minitorch_clf.vision.datasets.download import download, extract
from minitorch_clf.vision.datasets.idx import read_idx
from minitorch_clf.vision.datasets.vision import GreyImages, Transform


class MNIST(GreyImages):
    """70,000 handwritten digits, 28x28 grey pixels, black 0: 60,000 to train, 10,000 to test.

    root               the folder that holds MNIST/raw with the four IDX files, packed (.gz) or not;
                       the same folder serves torchvision
    train              the training or the test images
    transform          image -> image, for example transforms.ToTensor()
    target_transform   int -> target
    download           fetch what is not there yet (needs the extra "data"), checked and unpacked

    .data (N, 28, 28) uint8;  .targets (N,) int64;  .classes;  .class_to_idx

    RuntimeError  "Dataset not found. You can use download=True to download it"
    RuntimeError  "Error downloading ...", with what each mirror answered
    ValueError, TypeError   a damaged file, named, with what was found in it

    Differences from torchvision: packed files are read in place; a legacy folder `processed` is
    not; damaged files raise errors that name them. Without a transform a sample is a PIL image,
    as there, but Pillow is asked for only then.

    Source: LeCun, Cortes, Burges, http://yann.lecun.com/exdb/mnist/
    """

    mirrors: ClassVar[tuple[str, ...]] = (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    )
    resources: ClassVar[tuple[tuple[str, str], ...]] = (
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    )
    classes = (
        "0 - zero",
        "1 - one",
        "2 - two",
        "3 - three",
        "4 - four",
        "5 - five",
        "6 - six",
        "7 - seven",
        "8 - eight",
        "9 - nine",
    )

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        paths = self._paths()
        if paths is None:
            raise RuntimeError("Dataset not found. You can use download=True to download it")
        images_path, labels_path = paths[:2] if train else paths[2:]
        images = read_idx(images_path, dtype=np.uint8, ndim=3)
        labels = read_idx(labels_path, dtype=np.uint8, ndim=1)
        if len(images) != len(labels):
            raise ValueError(
                f"{images_path} holds {len(images)} images, "
                f"but {labels_path} holds {len(labels)} labels"
            )
        self.data = wrap(images)
        self.targets = wrap(labels.astype(np.int64))

    @property
    def raw_folder(self) -> str:
        """root/MNIST/raw, by the name of the class."""
        return str(Path(self.root or "") / type(self).__name__ / "raw")

    def _paths(self) -> list[Path] | None:
        """The four files, each unpacked or packed as it lies there; None if one is missing."""
        folder = Path(self.raw_folder)
        paths = []
        for packed, _ in self.resources:
            path = folder / Path(packed).stem
            if not path.is_file():
                path = folder / packed
            if not path.is_file():
                return None
            paths.append(path)
        return paths

    def download(self) -> None:
        """Fetch the four files into `raw_folder` and unpack them there, if they are missing."""
        if self._paths() is not None:
            return
        folder = Path(self.raw_folder)
        for filename, md5 in self.resources:
            extract(download(filename, md5, self.mirrors, folder))

    def extra_repr(self) -> str:
        """The split, as torchvision prints it."""
        return f"Split: {'Train' if self.train is True else 'Test'}"


class FashionMNIST(MNIST):
    """Zalando's articles in MNIST's format: https://github.com/zalandoresearch/fashion-mnist"""

    mirrors = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)
    resources = (
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    )
    classes = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )


class KMNIST(MNIST):
    """Cursive Japanese characters in MNIST's format: https://github.com/rois-codh/kmnist"""

    mirrors = ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",)
    resources = (
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    )
    classes = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
