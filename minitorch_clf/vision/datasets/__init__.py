"""torchvision.datasets: MNIST and its siblings from disk, and the digits that need no disk."""

from minitorch_clf.vision.datasets.digits import Digits
from minitorch_clf.vision.datasets.mnist import KMNIST, MNIST, FashionMNIST
from minitorch_clf.vision.datasets.vision import VisionDataset

__all__ = ["KMNIST", "MNIST", "Digits", "FashionMNIST", "VisionDataset"]
