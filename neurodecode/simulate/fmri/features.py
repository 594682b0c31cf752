"""A film in numbers, and voxels that follow some of them: for encoding models."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.simulate import ORACLE, Simulation
from neurodecode.simulate.fmri._hrf import responses
from neurodecode.simulate.fmri._noise import ar1, spatial_factor
from neurodecode.simulate.fmri._tuning import BASELINE, NOISE
from neurodecode.simulate.fmri._voxels import check_n_voxels, n_voxels_of, positions, voxel_space

PEAKS = np.linspace(4.5, 7.5, 7)  # seconds, of voxels' responses
CANONICAL = 5.0  # seconds, of the response that `expected` features are given
SNR = (0.1, 1.0)  # least and largest ratio of a voxel's variances, where the effect is 1
_ACTIVE = 0.5  # probability that a voxel follows a band
_LONGEST = 32.0  # seconds after which a response has ended


@dataclass(frozen=True, kw_only=True)
class Features(Simulation):
    """Volumes of voxels that follow bands of features, each with a delay of its own.

    Features are autoregressive series, one value a volume; a voxel follows each band with
    probability 1/2. Runs named in `test_runs` show one film, the same for everybody, every other
    run a film of its own. `effect` multiplies each voxel's standard deviation of the response: at
    1 the ratio of response to noise variance is uniform from 0.1 to 1. The oracle is the response
    without noise: the track ``oracle:fmri``.

    Parameters
    ----------
    bands : mapping of str to int
        Features of each band, in the order of their columns in the track ``features``.
    test_runs : tuple of str
        Runs that repeat one film: the split of their rows is ``test``, of the others ``train``.
    expected : bool
        Whether the track holds features as a canonical response would follow them, so that one
        volume's features tell of that volume; otherwise as they were shown.
    n_volumes : int
        Of a run.
    n_voxels : int, or mapping of str to int
        Of everybody, or of each subject.
    shape : tuple of int
        Of the image.
    voxel_size : float
        Millimetres.
    phi_features, phi : float
        Correlation with the volume before, of features and of the noise.
    t_r : float
        Seconds.
    """

    bands: Mapping[str, int]
    test_runs: tuple[str, ...] = ()
    expected: bool = True
    n_volumes: int = 250
    n_voxels: int | Mapping[str, int] = 200
    shape: tuple[int, ...] = (16, 16, 10)
    voxel_size: float = 3.0
    phi_features: float = 0.6
    phi: float = 0.5
    t_r: float = 1.5

    version: ClassVar[int] = 2

    def __post_init__(self):
        super().__post_init__()
        if not self.bands or min(self.bands.values()) < 1:
            raise ConfigError(
                f"bands: {dict(self.bands)}. Give one at least, of 1 feature or more."
            )
        if not (self.n_volumes > 1 and self.t_r > 0 and self.voxel_size > 0):
            raise ConfigError(
                f"n_volumes {self.n_volumes} must be above 1, t_r {self.t_r} and voxel_size "
                f"{self.voxel_size} above zero."
            )
        if not (0 <= self.phi < 1 and 0 <= self.phi_features < 1):
            raise ConfigError(f"phi {self.phi}, phi_features {self.phi_features}: expected [0, 1).")
        unknown = [run for run in self.test_runs if run not in self.runs]
        if unknown:
            raise ConfigError(
                f"test_runs: there is no run {unknown[0]!r}; there are: {', '.join(self.runs)}."
            )
        check_n_voxels(self.n_voxels, self.subjects)

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give the features; the oracle's response is NaN."""
        space = self._space(subject)
        unknown = np.full((self.n_volumes, len(space)), np.nan)
        return self._signal(session, run, space, unknown, None)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the recording."""
        space, shown = self._space(subject), self._shown(session, run)
        weights, peak = self._voxels(subject, len(space))
        response = np.empty((self.n_volumes, len(space)))
        for i, one in enumerate(PEAKS):
            mine = peak == i
            response[:, mine] = self._followed(shown, one) @ weights[:, mine]
        noise = ar1(self.rng("noise", subject, session, run), self.n_volumes, len(space), self.phi)
        noise = noise @ spatial_factor(len(space), positions(space)).T
        expected = BASELINE + NOISE * response
        return self._signal(session, run, space, expected, expected + NOISE * noise)

    def snr(self, subject: str) -> np.ndarray:
        """Ratio of a voxel's variances, response to noise; the ceiling of r is √(snr / (1 + snr)).

        Returns
        -------
        snr : ndarray, shape (n_voxels,)
        """
        drawn = self.rng("snr", subject).uniform(*SNR, size=len(self._space(subject)))
        weights, _ = self._voxels(subject, len(drawn))
        return np.where(weights.any(axis=0), self.effect**2 * drawn, 0.0)

    def _voxels(self, subject: str, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Give weights (n_features, n_voxels) in s.d. of the noise, and positions among `PEAKS`."""
        rng = self.rng("tuning", subject)
        sizes = list(self.bands.values())
        active = np.repeat(rng.random((len(sizes), n)) < _ACTIVE, sizes, axis=0)
        weights = rng.standard_normal(active.shape) * active
        peak = rng.integers(len(PEAKS), size=n)
        # The variance of what a response makes of a feature, so that each voxel has its ratio.
        followed = np.array([self._variance(one) for one in PEAKS])[peak]
        size = np.sqrt((weights**2).sum(axis=0) * followed)
        snr = self.rng("snr", subject).uniform(*SNR, size=n)
        return self.effect * weights * np.sqrt(snr) / np.where(size > 0, size, 1), peak

    def _variance(self, peak: float) -> float:
        kernel = self._kernel(peak)
        lags = np.arange(len(kernel))
        return float(kernel @ self.phi_features ** np.abs(lags[:, None] - lags) @ kernel)

    def _kernel(self, peak: float) -> np.ndarray:
        """Response to what was there for one volume, at that volume and the later ones."""
        lags = np.arange(int(_LONGEST / self.t_r) + 1) * self.t_r
        return responses(np.zeros(1), np.full(1, self.t_r), lags, np.array([peak]))[0, 0]

    def _shown(self, session: str, run: str) -> np.ndarray:
        """Features as they were shown, (n_volumes, n_features); the same for everybody."""
        film = ("", "test") if run in self.test_runs else (session, run)
        rng = self.rng("film", *film)
        return ar1(rng, self.n_volumes, sum(self.bands.values()), self.phi_features)

    def _followed(self, shown: np.ndarray, peak: float) -> np.ndarray:
        """Features as a response of that peak follows them, shape as `shown`."""
        return np.asarray(lfilter(self._kernel(peak), [1.0], shown, axis=0))

    def _space(self, subject: str) -> Space:
        n = n_voxels_of(self.n_voxels, subject)
        where = f"fmri.features: subject {subject}"
        return voxel_space(self.rng("space", subject), n, self.shape, self.voxel_size, where)

    def _signal(self, session, run, space, expected, data) -> Signal:
        shown, test = self._shown(session, run), run in self.test_runs
        film = "test" if test else f"{session}-{run}"
        events = pd.DataFrame(
            {
                "onset": np.arange(self.n_volumes) * self.t_r,
                "duration": np.full(self.n_volumes, self.t_r),
                "label": film,
                "stimulus": [f"{film}-{i:03d}" for i in range(self.n_volumes)],
                "split": "test" if test else "train",
            }
        )
        features = self._followed(shown, CANONICAL) if self.expected else shown
        return Signal(
            data,
            space,
            ("voxel",),
            1 / self.t_r,
            events,
            n_times=self.n_volumes,
            tracks={"features": features, f"{ORACLE}fmri": expected},
            bands={"features": tuple(np.repeat(list(self.bands), list(self.bands.values())))},
        )
