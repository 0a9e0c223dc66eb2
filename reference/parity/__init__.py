"""The parity suite: what PyTorch answers, case by case, and how far another engine is from it.

A case (`case.py`) is one line: a name and a function of the engine module `t`, which is torch on
one side and the engine under test on the other. `cases/` holds the table, `check.py` runs a case on
both engines and measures the distance, `ulp.py` is the measure. Nothing here imports the engine
under test; it is an argument.

Importing it asks PyTorch for its AVX2 loops (`ask_for_avx2`). PyTorch looks when it is imported
itself, so that has to come later.
"""

from __future__ import annotations

import os
from pathlib import Path


def ask_for_avx2() -> None:
    """On a processor with AVX-512, have PyTorch take the loops that it takes on one with AVX2.

    They are what engines are held against everywhere, and what is in vectors/. With AVX-512 other
    elements fall into a loop's vectors and its rest (T16: where the gradient of selu at nan is
    nan), and oneDNN's gelu of infinity is nan. Whoever has set these variables, for the noise
    floor or to look into a difference, is not overruled. Elsewhere nothing is set, because PyTorch
    would believe it of a processor without AVX2 as well; of which it is, only Linux tells.
    """
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and " avx512f " in cpuinfo.read_text(errors="replace"):
        os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
        os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX2")


ask_for_avx2()
