"""Take confounds, drifts and fast noise out of volumes, as nilearn does."""

import math
import warnings
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.signal._contract import ROUNDING, as_float, check_choice, need_volumes

# Volumes at each end that filtfilt mirrors, three times the coefficients of a Butterworth of order
# 5: for no corner, one, and two.
MIRRORED = (0, 18, 33)
CENTRED = 1e-9  # of the s.d.: what rounding leaves of a mean that was taken out


@dataclass(frozen=True)
class Clean:
    """Take confounds, trends and frequencies out of every voxel or region, as nilearn does.

    ``nilearn.signal.clean(data, ...)`` with the same arguments gives the same numbers: the series
    and the confounds are detrended and filtered alike, then the confounds are regressed out
    (Lindquist et al. 2019, doi 10.1002/hbm.24528), then the series are standardised.

    Parameters
    ----------
    confounds : str or None
        Track of the recording that holds them, as the reader's ``confounds`` makes it; None for
        drifts alone.
    detrend : bool
        Whether a straight line is taken out.
    high_pass, low_pass : float or None
        Corners in Hz; None for none.
    filter : {"butterworth", "cosine"}
        How they are kept to: a Butterworth of order 5, forwards and backwards, or slow cosines
        among the confounds (for `high_pass` alone).
    standardize : {"zscore_sample", "psc"} or None
        Last of all: mean 0 and sample s.d. 1, or per cent of the mean.
    standardize_confounds : bool
        Whether the confounds are z-scored before they are regressed out.
    """

    confounds: str | None = "confounds"
    detrend: bool = True
    high_pass: float | None = None
    low_pass: float | None = None
    filter: Literal["butterworth", "cosine"] = "butterworth"
    standardize: Literal["zscore_sample", "psc"] | None = "zscore_sample"
    standardize_confounds: bool = True
    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("nilearn",)  # that the numbers come from

    def __post_init__(self):
        check_choice("clean: filter", self.filter, ("butterworth", "cosine"))
        check_choice("clean: standardize", self.standardize, ("zscore_sample", "psc", None))
        for name, corner in (("high_pass", self.high_pass), ("low_pass", self.low_pass)):
            if corner is not None and not corner > 0:
                raise ConfigError(
                    f"clean: {name} is {corner} Hz. Give a frequency above 0, or leave it out."
                )
        if self.high_pass and self.low_pass and self.high_pass >= self.low_pass:
            raise ConfigError(
                f"clean: high_pass {self.high_pass:g} Hz is not below low_pass {self.low_pass:g} "
                "Hz. high_pass takes out what is slower; swap them."
            )
        if self.filter == "cosine" and (self.high_pass is None or self.low_pass is not None):
            raise ConfigError(
                "clean: filter: cosine needs high_pass, and knows no low_pass. Give high_pass "
                "alone, or say filter: butterworth."
            )
        if self.confounds and not self.detrend and not self.standardize_confounds:
            raise ConfigError(
                "clean: confounds with a mean take the mean of the series along. Say detrend: "
                "true, or standardize_confounds: true."
            )

    def __call__(self, signal: Signal) -> Signal:
        """Clean.

        Returns
        -------
        signal : Signal
            The same axes; without a unit where it is standardised. A voxel that is constant
            becomes 0, unless its mean is kept. What nilearn warns of stands in the notes.

        Raises
        ------
        ConfigError
            If a corner is at or above half the rate.
        DataError
            If the signal has no rate or no such track, is too short for the filter, or has no mean
            of which to give per cent.
        """
        from nilearn.signal import clean

        header = self.preview(replace(signal, data=None))
        data = np.moveaxis(as_float(signal), signal.time_axis, 0)
        if self.standardize == "psc":
            _check_means(data)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            cleaned = clean(
                data.reshape(len(data), -1),
                confounds=_track(signal, self.confounds),
                detrend=self.detrend,
                high_pass=self.high_pass,
                low_pass=self.low_pass,
                filter=self.filter,
                standardize=self.standardize,
                standardize_confounds=self.standardize_confounds,
                t_r=1 / (signal.sfreq or 1.0),
            )
        ours = [w for w in said if issubclass(w.category, UserWarning | RuntimeWarning)]
        notes = tuple(dict.fromkeys(f"clean: nilearn warns: {w.message}" for w in ours))
        cleaned = cleaned.reshape(data.shape)
        if self.detrend or self.standardize or self.high_pass:
            # What rounding leaves of a constant would be scaled up to noise.
            cleaned[:, np.ptp(data, axis=0) <= ROUNDING * np.abs(data).max(axis=0)] = 0
        cleaned = np.moveaxis(cleaned, 0, signal.time_axis)
        return replace(header, data=np.ascontiguousarray(cleaned), notes=header.notes + notes)

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result; raises what can be told from one."""
        sfreq = need_volumes(header, "clean", "For volumes with gaps there are detrend and zscore.")
        _track(header, self.confounds)
        for name, corner in (("high_pass", self.high_pass), ("low_pass", self.low_pass)):
            if corner is not None and corner >= sfreq / 2:
                raise ConfigError(
                    f"clean: {name} {corner:g} Hz is not below {sfreq / 2:g} Hz, half the rate of "
                    f"one volume in {1 / sfreq:g} s. Lower it, or leave it out."
                )
        mirrored = MIRRORED[sum(corner is not None for corner in (self.high_pass, self.low_pass))]
        if self.filter == "butterworth" and (header.n_times or 0) <= mirrored:
            raise DataError(
                f"clean: the filter mirrors {mirrored} volumes at both ends, and the run has "
                f"{header.n_times}. Say filter: cosine, or leave high_pass and low_pass out."
            )
        unit = "" if self.standardize else header.space.unit
        return replace(header, space=replace(header.space, unit=unit))

    def reach(self, sfreq: float) -> float:
        """Seconds: infinite, the confounds are fitted to the whole recording."""
        return math.inf

    def ahead(self, sfreq: float) -> float:
        """Seconds: infinite, as far as the recording goes on."""
        return math.inf


def confounds_of(signal: Signal, track: str, name: str) -> np.ndarray:
    """Give the confounds that a signal carries.

    Parameters
    ----------
    signal : Signal
        A signal or its header.
    track : str
        Name of the track.
    name : str
        The preparation that asks, for messages.

    Returns
    -------
    confounds : ndarray, shape (n_times, n_confounds)

    Raises
    ------
    DataError
        If there is no such track, or it is not one row a volume of finite numbers.
    """
    if track not in signal.tracks:
        raise DataError(
            f"{name}: the recording has no track {track!r}; there are: "
            f"{', '.join(signal.tracks) or 'none'}.{nearest(track, signal.tracks)} Give the reader "
            "confounds: {path: ...}, or say confounds: null."
        )
    found = np.asarray(signal.tracks[track], dtype=np.float64)
    if len(found) != signal.n_times:
        raise DataError(
            f"{name}: the track {track!r} has {len(found)} rows and the recording "
            f"{signal.n_times} volumes. Name the confounds of this run."
        )
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found.reshape(len(found), -1)).all(axis=1))[0])
        raise DataError(
            f"{name}: the track {track!r} is not finite at volume {row + 1}. Leave that column out."
        )
    return found.reshape(len(found), -1)


def _check_means(data: np.ndarray) -> None:
    sd = data.std(axis=0)
    lacking = np.count_nonzero((np.abs(data.mean(axis=0)) < CENTRED * sd) & (sd > 0))
    if lacking:
        raise DataError(
            f"clean: standardize: psc is per cent of the mean, and {lacking} of {sd.size} series "
            "have none: they were centred before. Put clean first, or take zscore_sample."
        )


def _track(signal: Signal, track: str | None) -> np.ndarray | None:
    return None if not track else confounds_of(signal, track, "clean")
