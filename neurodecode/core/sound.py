"""`Sound`: what was heard."""

from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import DataError


@dataclass(frozen=True, eq=False)
class Sound:
    """A sound of one channel.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,)
        From -1 to 1.
    sfreq : float
        Hz.
    """

    samples: np.ndarray
    sfreq: float

    def __post_init__(self):
        if self.samples.ndim != 1 or not len(self.samples) or not self.sfreq > 0:
            raise DataError(
                f"Sound: samples of shape {self.samples.shape} at {self.sfreq} Hz. Give one "
                "channel of one sample or more, and a rate above 0."
            )

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.sfreq

    def part(self, start: float, stop: float) -> "Sound":
        """Give the sound from one second to another; what is before its beginning is silence.

        Raises
        ------
        DataError
            If nothing lies between the two, or it ends later than the sound.
        """
        first, last = round(start * self.sfreq), round(stop * self.sfreq)
        if not first < last <= len(self.samples) + 1:
            raise DataError(
                f"Sound: from {start:g} to {stop:g} s of a sound of {self.seconds:g} s. Give a "
                "part of it."
            )
        silence = np.zeros(max(0, min(-first, last - first)), dtype=self.samples.dtype)
        return Sound(
            np.concatenate([silence, self.samples[max(first, 0) : max(last, 0)]]), self.sfreq
        )
