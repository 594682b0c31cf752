"""Mel spectrogram: the power of a sound in bands as wide as hearing's, in decibels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.sound import Sound
from neurodecode.core.stimuli import Stimuli
from neurodecode.features._contract import Extract, Feature, check_count
from neurodecode.features._hearing import check_look_back, contents, heard

_LEAST = 1e-10  # of the power: -100 dB


@dataclass(frozen=True)
class MelSpectrogram(Feature):
    """Give the power of a sound in mel bands, the mean over stretches of it, in decibels.

    Parameters
    ----------
    n_mels : int
        Bands, triangles of equal width on the mel scale that overlap by half.
    fmin, fmax : float
        Hz, of the lowest and the highest band's end; a sound's rate must be twice `fmax` or more.
    window, hop : float
        Seconds, of a Hann window, and from one to the next. None looks beyond the sound.
    n_bins : int
        Stretches of equal length over which decibels are averaged.
    look_back : float or None
        Of stimuli that are volumes of films: seconds of the film before each volume begins, of
        which nothing later is heard. None: stimuli are sounds.

    Notes
    -----
    Shape (n_mels,), or (n_bins, n_mels). A full-scale tone in the middle of a band is near 0 dB.
    Mel scale: 2595 log10(1 + f / 700) (O'Shaughnessy 1987, Speech Communication, p. 150).
    """

    version: ClassVar[int] = 1
    of: ClassVar[Literal["sound"]] = "sound"
    libraries: ClassVar[tuple[str, ...]] = ("numpy",)

    n_mels: int = 40
    fmin: float = 50.0
    fmax: float = 8000.0
    window: float = 0.025
    hop: float = 0.010
    n_bins: int = 1
    look_back: float | None = None

    def __post_init__(self):
        check_count("mel_spectrogram: n_mels", self.n_mels)
        check_count("mel_spectrogram: n_bins", self.n_bins)
        check_look_back(self.look_back, "mel_spectrogram")
        if not 0 <= self.fmin < self.fmax or not (self.window > 0 and self.hop > 0):
            raise ConfigError(
                f"mel_spectrogram: fmin {self.fmin} must be below fmax {self.fmax} Hz, window "
                f"{self.window} and hop {self.hop} s above zero."
            )

    def read(self, stimuli: Stimuli, stimulus: str) -> Sound:
        """Give the sound of one stimulus, or of a volume what its film was before it."""
        return heard(stimuli, stimulus, self.look_back, "mel_spectrogram")

    def contents(self, stimuli: Stimuli, cache: Path) -> str:
        """Digest of the sounds, and of films of when their volumes begin."""
        return contents(stimuli, cache, self.look_back, "mel_spectrogram")

    def open(self, device: Literal["auto", "cpu", "cuda"] = "auto") -> Extract:
        """Give the function; nothing is loaded."""
        del device
        return self._extract

    def _extract(self, sounds: Sequence[Sound]) -> np.ndarray:
        made = np.stack([self._one(sound) for sound in sounds]).astype(np.float32)
        return made[:, 0] if self.n_bins == 1 else made

    def _one(self, sound: Sound) -> np.ndarray:
        """Give decibels, shape (n_bins, n_mels)."""
        if sound.sfreq < 2 * self.fmax:
            raise DataError(
                f"mel_spectrogram: a sound at {sound.sfreq:g} Hz holds nothing up to fmax "
                f"{self.fmax:g} Hz. Give an fmax of {sound.sfreq / 2:g} at most."
            )
        n, step = round(self.window * sound.sfreq), max(1, round(self.hop * sound.sfreq))
        if len(sound.samples) < n:
            raise DataError(
                f"mel_spectrogram: a sound of {sound.seconds:g} s is shorter than the window of "
                f"{self.window:g} s. Give a shorter window."
            )
        frames = np.lib.stride_tricks.sliding_window_view(sound.samples, n)[::step]
        if len(frames) < self.n_bins:
            raise DataError(
                f"mel_spectrogram: a sound of {sound.seconds:g} s has {len(frames)} windows, fewer "
                f"than n_bins {self.n_bins}."
            )
        hann = np.hanning(n + 1)[:-1]
        # A tone of amplitude 1 has power 1 at its frequency.
        power = np.abs(np.fft.rfft(frames * hann, axis=1) / (hann.sum() / 2)) ** 2
        bands = power @ mel_filters(n, sound.sfreq, self.n_mels, self.fmin, self.fmax)
        decibels = 10 * np.log10(np.maximum(bands, _LEAST))
        return np.stack([part.mean(axis=0) for part in np.array_split(decibels, self.n_bins)])


def mel_filters(n: int, sfreq: float, n_mels: int, fmin: float, fmax: float) -> np.ndarray:
    """Give triangles on the mel scale, 1 at their middle.

    Parameters
    ----------
    n : int
        Samples of a window.
    sfreq : float
    n_mels : int
    fmin, fmax : float
        Hz.

    Returns
    -------
    filters : ndarray, shape (n // 2 + 1, n_mels)
        A band that is narrower than a step of the window's spectrum takes the nearest frequency.
    """
    mel = 2595 * np.log10(1 + np.fft.rfftfreq(n, 1 / sfreq) / 700)
    ends = 2595 * np.log10(1 + np.array([fmin, fmax]) / 700)
    edges = np.linspace(ends[0], ends[1], n_mels + 2)
    rise = (mel[:, None] - edges[:-2]) / np.diff(edges)[0]
    filters = np.clip(np.minimum(rise, 2 - rise), 0, None)
    empty = ~filters.any(axis=0)
    nearest = np.abs(mel[:, None] - edges[1:-1]).argmin(axis=0)
    filters[nearest[empty], np.flatnonzero(empty)] = 1.0
    return filters
