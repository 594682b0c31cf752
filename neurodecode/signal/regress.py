"""Subtract what eye and heart channels explain in all others."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import mne
import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.recording import Signal
from neurodecode.signal._artifacts import artifact_channels, data_channels
from neurodecode.signal._contract import as_float, need_channels_over_time
from neurodecode.signal._raw import as_raw
from neurodecode.signal.channels import listed


@dataclass(frozen=True)
class Regress:
    """Subtract from every data channel what the named channels explain of it, by least squares.

    ``mne.preprocessing.EOGRegression`` on the whole recording. Reference the EEG before, for a
    later reference would bring the artefacts back; leave the channels out after, with drop.

    Parameters
    ----------
    channels : tuple of str
        Names, or types such as ``eog``, of the channels that record the artefact. The reader keeps
        them where its options say so.

    References
    ----------
    Gratton, Coles & Donchin (1983), doi 10.1016/0013-4694(83)90135-9.
    """

    channels: tuple[str, ...] = ("eog",)
    version: ClassVar[int] = 1

    def __post_init__(self):
        object.__setattr__(self, "channels", listed(self.channels, "regress"))

    def __call__(self, signal: Signal) -> Signal:
        """Fit the regression, and subtract.

        Raises
        ------
        DataError
            If the recording lacks one of the channels, they tell the same twice, or the signal is
            not continuous.
        """
        header = self.preview(replace(signal, data=None))
        raw = as_raw(signal, as_float(signal), "regress")
        artifacts, others = self._indices(signal)
        centred = as_float(signal)[artifacts]
        centred = centred - centred.mean(axis=1, keepdims=True)
        sd = centred.std(axis=1, keepdims=True)
        if np.linalg.matrix_rank(centred / np.where(sd > 0, sd, 1)) < len(artifacts):
            names = ", ".join(signal.space.names[i] for i in artifacts)
            raise DataError(
                f"regress: the channels {names} are flat, or one follows from the others, so there "
                "is no regression on all of them. Name fewer."
            )
        # mne's annotations are those of its defaults, one word each.
        if "eeg" in signal.space.types:
            # An empty list keeps the reference that there is, and tells mne that it is meant.
            raw.set_eeg_reference([], verbose="ERROR")  # pyright: ignore[reportArgumentType]
        model = mne.preprocessing.EOGRegression(
            picks=others,
            picks_artifact=artifacts,  # pyright: ignore[reportArgumentType]
        )
        with mne.use_log_level("ERROR"):  # it remarks that there is no projector
            cleaned = model.fit(raw).apply(raw, copy=False)
        return replace(header, data=cleaned.get_data())

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result, with a note that names what was regressed on."""
        need_channels_over_time(header, "regress")
        artifacts, _ = self._indices(header)
        names = ", ".join(header.space.names[i] for i in artifacts)
        return replace(header, notes=(*header.notes, f"Regressed on {names}."))

    def reach(self, sfreq: float) -> float:
        """Seconds: infinite, the coefficients are those of the whole recording."""
        return math.inf

    def ahead(self, sfreq: float) -> float:
        """Seconds: infinite, as far as the recording goes on."""
        return math.inf

    def _indices(self, signal: Signal) -> tuple[list[int], list[int]]:
        """Channels that record the artefact, and the data channels that are cleaned."""
        artifacts = artifact_channels(signal.space, self.channels, "regress")
        return artifacts, data_channels(signal.space, artifacts, "regress")
