"""Memory maps, whose pages a process should not hold for longer than it reads them."""

import mmap
from typing import Any

import numpy as np


def release(array: Any) -> None:
    """Give the pages of a memory map back to the system; a later read takes them from its cache.

    What is no memory map is left alone, and so is one that is copied on write: what was written to
    it would be lost.
    """
    base = array
    while base is not None and not isinstance(base, mmap.mmap):
        if isinstance(base, np.memmap) and base.mode == "c":
            return
        base = getattr(base, "base", None)
    if base is not None and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
