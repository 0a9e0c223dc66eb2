"""torchvision's MNIST, read where only its .gz files lie as well.

torchvision unpacks what it downloads, and then looks for the unpacked files alone. A folder made by
hand, or one that may not be written to, often holds the .gz files that MNIST is published as.
"""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import Any

from reference.torchvision_cure import import_torchvision

torchvision = import_torchvision()


class MNIST(torchvision.datasets.MNIST):  # type: ignore[misc, name-defined]
    """torchvision.datasets.MNIST, which also takes `root/MNIST/raw/*-ubyte.gz`."""

    root: Any

    def _check_exists(self) -> bool:
        files = [Path(self.raw_folder, Path(name).stem) for name, _ in self.resources]
        return all(file.is_file() or file.with_name(f"{file.name}.gz").is_file() for file in files)

    def _load_data(self) -> Any:
        packed = [Path(self.raw_folder, name) for name, _ in self.resources]
        if all(file.with_suffix("").is_file() for file in packed):
            return super()._load_data()
        with tempfile.TemporaryDirectory() as folder:
            unpacked = Path(folder, type(self).__name__, "raw")
            unpacked.mkdir(parents=True)
            for file in packed:
                here = file.with_suffix("")
                read = here.read_bytes() if here.is_file() else gzip.decompress(file.read_bytes())
                (unpacked / here.name).write_bytes(read)
            root, self.root = self.root, folder
            try:
                return super()._load_data()
            finally:
                self.root = root
