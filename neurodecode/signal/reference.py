"""Reference EEG and intracranial channels to the mean of all, or of some."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.signal._contract import as_float
from neurodecode.signal._streams import EachSample, Stream
from neurodecode.signal.channels import find_channels, listed

# As in mne: the first of these that a recording has is referenced; MEG and eyes are not.
REFERENCED = ("eeg", "ecog", "seeg", "dbs")


@dataclass(frozen=True)
class Reference:
    """Subtract the mean of all channels, or of the named ones, from every channel.

    Only channels of one type are referenced: the first of ``eeg``, ``ecog``, ``seeg``, ``dbs`` that
    the recording has (all channels where the space says no types). It costs one dimension: the
    covariance has no inverse any more, and `rank` says so.

    Parameters
    ----------
    channels : "average" or tuple of str
        Names of the channels whose mean is the new reference. A single one becomes 0 everywhere;
        drop it then.
    """

    channels: Literal["average"] | tuple[str, ...] = "average"
    version: ClassVar[int] = 1

    def __post_init__(self):
        if self.channels != "average":
            object.__setattr__(self, "channels", listed(self.channels, "reference"))

    def __call__(self, signal: Signal) -> Signal:
        """Subtract the reference.

        Raises
        ------
        DataError
            If there is no channel of those types, or a named one is missing.
        """
        header = self.preview(replace(signal, data=None))
        referenced, sources = self._indices(signal.space)
        data, axis = np.array(as_float(signal)), signal.feature_axis
        mean = np.take(data, sources, axis=axis).mean(axis=axis, keepdims=True)
        at = (slice(None),) * axis + (referenced,)
        data[at] -= mean
        return replace(header, data=data)

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result: its rank is one lower."""
        referenced, sources = self._indices(header.space)
        rank = len(header.space) if header.rank is None else header.rank
        # A reference that stays in the data as it was recorded leaves everything recoverable.
        return replace(header, rank=rank - 1 if set(sources) <= set(referenced) else rank)

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

    def _indices(self, space: Space) -> tuple[list[int], list[int]]:
        """Channels that are referenced, and those whose mean is the reference."""
        if space.kind != "sensors":
            raise DataError(f"reference: {space!r} are no sensors. Leave reference out.")
        kind = next((one for one in REFERENCED if one in space.types), None)
        if space.types and kind is None:
            raise DataError(
                f"reference: {space!r} has no channel of type {', '.join(REFERENCED)}. "
                "Leave reference out, or correct the channel types in the card."
            )
        referenced = [i for i in range(len(space)) if kind is None or space.types[i] == kind]
        if self.channels != "average":
            sources = find_channels(space, self.channels, "reference")
            return referenced, list(dict.fromkeys(sources))
        if len(referenced) < 2:
            raise DataError(
                f"reference: {space!r} has one channel to average, which would become 0. "
                "Leave reference out."
            )
        return referenced, referenced
