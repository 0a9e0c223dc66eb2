"""What torchvision is to torch: datasets of images, and the transforms that make them tensors."""

from minitorch_clf.vision import datasets as datasets
from minitorch_clf.vision import transforms as transforms
