"""Reference depth electrodes to their neighbours on the shaft."""

import re
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.signal._contract import as_float
from neurodecode.signal._streams import EachSample, Stream

_NAME = re.compile(r"(.*?)(\d+)")


@dataclass(frozen=True)
class Laplacian:
    """Subtract from each contact the mean of its two neighbours on the shaft.

    Neighbours are told by names: ``LA4`` lies between ``LA3`` and ``LA5``. A contact needs both,
    so those at the ends of a shaft are left out, and those beside one that was not recorded.

    References
    ----------
    Li et al. 2018, doi 10.1016/j.neuroimage.2018.08.020, on references of stereo-EEG.
    """

    version: ClassVar[int] = 1

    def __call__(self, signal: Signal) -> Signal:
        """Subtract the neighbours.

        Raises
        ------
        DataError
            If no contact has both neighbours.
        """
        kept, before, after = _neighbours(signal.space)
        data, axis = as_float(signal), signal.feature_axis
        mean = (np.take(data, before, axis=axis) + np.take(data, after, axis=axis)) / 2
        header = self.preview(replace(signal, data=None))
        return replace(header, data=np.take(data, kept, axis=axis) - mean)

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result: contacts that have both neighbours."""
        kept, _, _ = _neighbours(header.space)
        rank = None if header.rank is None else min(header.rank, len(kept))
        return replace(header, space=header.space.take(kept), rank=rank)

    def reach(self, sfreq: float) -> float:
        """Seconds: none, each sample is referenced by itself."""
        return 0.0

    def ahead(self, sfreq: float) -> float:
        """Seconds: none, no sample waits for a later one."""
        return 0.0

    def stream(self, header: Signal) -> Stream:
        """Run on as samples come: each is referenced by itself."""
        self.preview(header)
        return EachSample(self, header)


def _neighbours(space: Space) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give contacts that have both neighbours, and where these are."""
    if space.kind != "sensors":
        raise DataError(f"laplacian: {space!r} are no sensors. Leave laplacian out.")
    at = {}
    for i, name in enumerate(space.names):
        found = _NAME.fullmatch(name)
        if found is not None:
            at[found.group(1), int(found.group(2))] = i
    both = [
        (i, at[shaft, number - 1], at[shaft, number + 1])
        for (shaft, number), i in at.items()
        if (shaft, number - 1) in at and (shaft, number + 1) in at
    ]
    if not both:
        raise DataError(
            f"laplacian: no contact of {space!r} has two neighbours on its shaft. Contacts are "
            "named by shaft and number, as LA4 between LA3 and LA5."
        )
    kept, before, after = np.array(sorted(both)).T
    return kept, before, after
