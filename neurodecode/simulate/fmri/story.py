"""Films in which something is said, and parcels that follow it: for encoding models."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.core.stimuli import Stimuli
from neurodecode.simulate import ORACLE, Simulation, check_counts
from neurodecode.simulate._words import vocabulary
from neurodecode.simulate.fmri._hrf import responses
from neurodecode.simulate.fmri._noise import ar1

_LONGEST = 32.0  # seconds after which a response has ended
_PEAKS = np.linspace(4.5, 7.5, 5)  # seconds
_SPOKEN = 0.3  # seconds, of each word
_SILENT = 0.3  # of the volumes, in which nothing is said


@dataclass(frozen=True, kw_only=True)
class Story(Simulation):
    """Volumes of people who hear what is said in films, a run a film.

    Words are said at times of their own, none in three of ten volumes. Each word has latent
    features; a parcel follows a mixture of those that were said, with a delay of its own, and noise
    that goes on from volume to volume. Films are the same for everybody. Stimuli are volumes: the
    text said during each, and in the table ``film``, ``onset`` (s), and ``words``, ``onsets`` and
    ``durations`` as lists written out, as transcripts have them. The oracle is the response without
    noise: the track ``oracle:fmri``.

    Parameters
    ----------
    effect : float
        S.d. of a parcel's response, in s.d. of its noise.
    regions : int
        Parcels.
    n_volumes : int
        Of a run.
    n_vocabulary, n_latents : int
        Words that there are, and features of each.
    rate : float
        Words a second, while something is said.
    phi : float
        Correlation of the noise with the volume before.
    t_r : float
        Seconds.
    """

    regions: int = 100
    n_volumes: int = 250
    n_vocabulary: int = 60
    n_latents: int = 6
    rate: float = 2.5
    phi: float = 0.5
    t_r: float = 1.49

    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        check_counts(self, "regions", "n_volumes", "n_vocabulary", "n_latents")
        if not (self.rate > 0 and self.t_r > 0 and 0 <= self.phi < 1):
            raise ConfigError(
                f"rate {self.rate} and t_r {self.t_r} must be above zero, phi {self.phi} in [0, 1)."
            )

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give what is said; the oracle's response is NaN."""
        return self._signal(run, np.full((self.n_volumes, self.regions), np.nan), None)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make one recording."""
        known = self.rng("words").standard_normal((self.n_vocabulary, self.n_latents))
        volume, word, _ = self._said(run)
        latents = np.zeros((self.n_volumes, self.n_latents))
        np.add.at(latents, volume, known[word])
        rng = self.rng("parcels", subject)
        weights = rng.standard_normal((self.n_latents, self.regions))
        peak = rng.integers(len(_PEAKS), size=self.regions)
        expected = np.empty((self.n_volumes, self.regions))
        for i, one in enumerate(_PEAKS):
            kernel = self._kernel(one)
            followed = np.asarray(lfilter(kernel, [1.0], latents, axis=0))
            scale = np.sqrt(self.n_latents * self._variance() * (kernel**2).sum())
            expected[:, peak == i] = self.effect * followed @ weights[:, peak == i] / scale
        noise = ar1(
            self.rng("noise", subject, session, run), self.n_volumes, self.regions, self.phi
        )
        return self._signal(run, expected, expected + noise)

    def stimuli(self) -> Stimuli:
        """Give what is said during each volume of each film."""
        spelt = vocabulary(self.rng("spelling"), self.n_vocabulary)
        tables, texts = [], {}
        for run in self.runs:
            volume, word, onset = self._said(run)
            rows = []
            for i in range(self.n_volumes):
                words = [str(one) for one in spelt[word[volume == i]]]
                starts = [round(float(one), 3) for one in onset[volume == i]]
                name = f"{run}/{i:04d}"
                texts[name] = " ".join(words)
                lists = (str(words), str(starts), str([_SPOKEN] * len(words)))
                rows.append((name, run, i * self.t_r, *lists))
            columns = ["stimulus", "film", "onset", "words", "onsets", "durations"]
            tables.append(pd.DataFrame(rows, columns=columns))
        return Stimuli(pd.concat(tables).set_index("stimulus"), texts.__getitem__)

    def _said(self, run: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give volume, number and onset (s) of each word, in the order of their onsets."""
        rng = self.rng("film", run)
        speaks = rng.random(self.n_volumes) >= _SILENT
        counts = np.where(speaks, rng.poisson(self.rate * self.t_r, self.n_volumes), 0)
        volume = np.repeat(np.arange(self.n_volumes), counts)
        onset = (volume + rng.random(len(volume))) * self.t_r
        order = np.argsort(onset, kind="stable")
        return volume[order], rng.integers(self.n_vocabulary, size=len(volume)), onset[order]

    def _variance(self) -> float:
        """Variance of one latent feature summed over the words of a volume."""
        return (1 - _SILENT) * self.rate * self.t_r

    def _kernel(self, peak: float) -> np.ndarray:
        lags = np.arange(int(_LONGEST / self.t_r) + 1) * self.t_r
        return responses(np.zeros(1), np.full(1, self.t_r), lags, np.array([peak]))[0, 0]

    def _signal(self, run: str, expected: np.ndarray, data: np.ndarray | None) -> Signal:
        movie = run.rstrip("0123456789")
        events = pd.DataFrame(
            {
                "onset": np.arange(self.n_volumes) * self.t_r,
                "duration": np.full(self.n_volumes, self.t_r),
                "label": movie,
                "movie": movie,
                "stimulus": [f"{run}/{i:04d}" for i in range(self.n_volumes)],
            }
        )
        return Signal(
            data=data,
            space=Space("parcels", tuple(f"parcel {i + 1}" for i in range(self.regions))),
            axes=("parcel",),
            sfreq=1 / self.t_r,
            events=events,
            n_times=self.n_volumes,
            tracks={f"{ORACLE}fmri": expected},
        )
