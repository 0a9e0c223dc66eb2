"""The 8x8 handwritten digits that ship inside the package: what to learn from without a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minitorch_clf.tensor import wrap
from minitorch_clf.vision.datasets.idx import read_idx
from minitorch_clf.vision.datasets.vision import GreyImages, Transform

TRAIN_SIZE = 1437  # of 1,797: four fifths


class Digits(GreyImages):
    """1,797 handwritten digits, 8x8 grey pixels, black 0: MNIST's little sister.

    train              the first 1,437 images in the order of the source, or the last 360. People
                       wrote them one after the other, so the split is mostly one of people.
    transform          image -> image, for example transforms.ToTensor()
    target_transform   int -> target

    .data (N, 8, 8) uint8;  .targets (N,) int64;  .classes;  .class_to_idx

    The source counts the inked points of a 4x4 block, ink = 0 to 16. Here a pixel is a grey level
    like MNIST's, (255 * ink + 8) // 16, so that the same transforms fit both, and
    ink = round(pixel / 255 * 16) is what the source has.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine
    Learning Repository, 1998, doi:10.24432/C50P49, its 1,797 test images; CC BY 4.0. The two files
    were written from scikit-learn's copy by

        digits = sklearn.datasets.load_digits()
        write_idx(folder / IMAGES, ((255 * digits.images + 8) // 16).astype(np.uint8))
        write_idx(folder / LABELS, digits.target.astype(np.uint8))

    and a test compares them with it.

    >>> Digits(train=False)
    Dataset Digits
        Number of datapoints: 360
        Split: Test
    """

    IMAGES = "digits-images-idx3-ubyte.gz"
    LABELS = "digits-labels-idx1-ubyte.gz"
    classes = tuple("0123456789")

    def __init__(
        self,
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
    ) -> None:
        super().__init__(transform=transform, target_transform=target_transform)
        self.train = train
        folder = Path(__file__).parent
        rows = slice(None, TRAIN_SIZE) if train else slice(TRAIN_SIZE, None)
        self.data = wrap(read_idx(folder / self.IMAGES, dtype=np.uint8, ndim=3)[rows])
        self.targets = wrap(
            read_idx(folder / self.LABELS, dtype=np.uint8, ndim=1)[rows].astype(np.int64)
        )

    def extra_repr(self) -> str:
        """The split, as MNIST prints it."""
        return f"Split: {'Train' if self.train else 'Test'}"
