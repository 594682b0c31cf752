"""Estimate the response to each trial: a general linear model of a run of volumes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.signal import design
from neurodecode.signal._contract import ROUNDING, as_float, check_choice, need_volumes
from neurodecode.signal.blocks import blocks_of, one_event_a_block
from neurodecode.signal.confounds import confounds_of
from neurodecode.signal.design import HrfModel


@dataclass(frozen=True)
class Glm:
    """Estimate the response to each event by a GLM of its run: one beta an event and voxel.

    Each event has a regressor of its own, whatever its label: the estimates know none. ``lsa``
    (least squares, all) fits all events at once; ``lss`` (separate) fits one model an event, with
    all others together in a second regressor, which is steadier where responses overlap (Mumford
    et al. 2012, doi 10.1016/j.neuroimage.2011.08.076). The betas are those of nilearn's
    ``FirstLevelModel(..., signal_scaling=False)`` with one condition an event; for betas in per
    cent of the mean, ``clean: {confounds: null, standardize: psc, detrend: false}`` goes before.

    Parameters
    ----------
    method : {"lsa", "lss"}
    hrf_model : str
        ``glover`` or ``spm``, also ``+ derivative`` and ``+ derivative + dispersion``; the beta is
        that of the response itself. Events of duration 0 are impulses.
    drift_model : {"cosine", "polynomial"} or None
        None for a constant alone.
    high_pass : float
        Of the cosines, Hz.
    drift_order : int
        Of the polynomial.
    noise_model : {"ar1", "ols"}
        ``ar1``: noise that remembers the volume before, estimated for each voxel.
    confounds : str or None
        Track of the recording that is fitted along, as the reader's ``confounds`` makes it.
    by : str or None
        Column of the events whose equal values are one event, such as ``block``; events without a
        value get no regressor. None: each event by itself.
    slice_time_ref : float
        Part of t_r at which a volume counts as taken: 0.5 after slice timing correction to the
        middle.
    """

    method: Literal["lsa", "lss"] = "lsa"
    hrf_model: HrfModel = "glover"
    drift_model: Literal["cosine", "polynomial"] | None = "cosine"
    high_pass: float = 0.01
    drift_order: int = 1
    noise_model: Literal["ar1", "ols"] = "ar1"
    confounds: str | None = None
    by: str | None = None
    slice_time_ref: float = 0.0
    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("nilearn",)  # that the numbers come from

    def __post_init__(self):
        check_choice("glm: method", self.method, ("lsa", "lss"))
        check_choice("glm: hrf_model", self.hrf_model, get_args(HrfModel))
        check_choice("glm: drift_model", self.drift_model, ("cosine", "polynomial", None))
        check_choice("glm: noise_model", self.noise_model, ("ar1", "ols"))
        if not self.high_pass > 0:
            raise ConfigError(
                f"glm: high_pass is {self.high_pass} Hz. Give a frequency above 0; without drifts, "
                "drift_model: null."
            )
        if self.drift_order < 0:
            raise ConfigError(f"glm: drift_order is {self.drift_order}. Give 0 or more.")
        if not 0 <= self.slice_time_ref <= 1:
            raise ConfigError(
                f"glm: slice_time_ref is {self.slice_time_ref:g}. It is a part of t_r, 0 to 1."
            )

    def __call__(self, signal: Signal) -> Signal:
        """Estimate.

        Returns
        -------
        signal : Signal
            Data (n_events, n_voxels), in the unit of the series; no rate: entry i belongs to event
            i. A voxel that is constant has betas of 0. Tracks, which follow volumes, end here.

        Raises
        ------
        ConfigError
            If `high_pass` is at or above half the rate.
        DataError
            If the signal is no run of volumes, an event is outside it, or the responses cannot be
            told apart.
        """
        header, model = self._model(replace(signal, data=None))
        data = np.moveaxis(as_float(signal), signal.time_axis, 0)  # (n_times, n_voxels)
        varies = np.ptp(data, axis=0) > ROUNDING * np.abs(data).max(axis=0)
        betas = np.zeros((len(model.responses), data.shape[1]))
        if varies.any():
            betas[:, varies] = model.fit(data[:, varies], self.noise_model)
        return replace(header, data=betas)

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result; raises what the call would, for the design is made."""
        return self._model(header)[0]

    def reach(self, sfreq: float) -> float:
        """Seconds: infinite, drifts and all responses are fitted together."""
        return math.inf

    def ahead(self, sfreq: float) -> float:
        """Seconds: infinite, as far as the recording goes on."""
        return math.inf

    def _model(self, header: Signal) -> tuple[Signal, "_Model"]:
        """Give the header of the result, and the model of the run."""
        times = self._times(header)
        events, members = self._events(header)
        onset = events["onset"].to_numpy(dtype=np.float64) - header.tmin
        duration = events["duration"].to_numpy(dtype=np.float64)
        design.check_times(onset, duration, times)
        alone = header.events["onset"].to_numpy(dtype=np.float64) - header.tmin
        lasting = header.events["duration"].to_numpy(dtype=np.float64)
        nuisance = design.drifts(times, self.drift_model, self.high_pass, self.drift_order)
        if self.confounds:
            nuisance = np.hstack([confounds_of(header, self.confounds, "glm"), nuisance])
        responses = [
            design.response(alone[index], lasting[index], times, self.hrf_model)
            for index in members
        ]
        others = None
        if self.method == "lss" and len(members) > 1:
            rest = [np.concatenate(members[:i] + members[i + 1 :]) for i in range(len(members))]
            others = [
                design.response(alone[index], lasting[index], times, self.hrf_model)
                for index in rest
            ]
        model = _Model(responses, others, nuisance)
        inflation = model.check(onset)
        notes = header.notes
        if inflation > design.INFLATED:
            notes += (
                f"glm: responses overlap so much that the variance of a beta is up to "
                f"{inflation:.0f} times what it would be alone",
            )
        made = replace(
            header,
            axes=tuple(axis for axis in header.axes if axis != "time"),
            sfreq=None,
            tmin=0.0,
            n_times=len(events),
            events=events,
            tracks={},
            rank=None,
            notes=notes,
        )
        return made, model

    def _times(self, header: Signal) -> np.ndarray:
        """Seconds of each volume from the first, as nilearn counts them."""
        sfreq = need_volumes(
            header, "glm", "It comes before block_mean, and the reader needs a t_r."
        )
        if header.tmin < 0:
            raise DataError(
                f"glm: the clock was moved by {-header.tmin:g} s (shift), and the response's delay "
                "is part of the model. Leave shift out."
            )
        if self.drift_model == "cosine" and self.high_pass >= sfreq / 2:
            raise ConfigError(
                f"glm: high_pass {self.high_pass:g} Hz is not below {sfreq / 2:g} Hz, half the "
                f"rate of one volume in {1 / sfreq:g} s. Lower it."
            )
        n_times = header.n_times or 0
        first, last = self.slice_time_ref / sfreq, (n_times - 1 + self.slice_time_ref) / sfreq
        return np.linspace(first, last, n_times)

    def _events(self, header: Signal) -> tuple[pd.DataFrame, list[np.ndarray]]:
        """One event a regressor, and the positions of the events that it is made of."""
        events = header.events
        if len(events) == 0:
            raise DataError("glm: the recording has no event, so there is nothing to estimate.")
        if self.by is None:
            return events.reset_index(drop=True), [np.array([i]) for i in range(len(events))]
        blocks = blocks_of(events, self.by, "glm")
        return one_event_a_block(events, blocks, self.by, "glm"), list(blocks.values())


@dataclass(frozen=True, eq=False)
class _Model:
    """Regressors of a run.

    Parameters
    ----------
    responses : list of ndarray, shape (n_times, n_basis)
        One an event.
    others : list of ndarray, shape (n_times, n_basis) or None
        The response to all other events, for each event; None where all are fitted at once.
    nuisance : ndarray, shape (n_times, n_nuisance)
    """

    responses: Sequence[np.ndarray]
    others: Sequence[np.ndarray] | None
    nuisance: np.ndarray

    def check(self, onset: np.ndarray) -> float:
        """Hold each design to what can be told apart; gives the largest variance inflation."""
        design.check_distinct(self.responses, onset)
        if self.others is None:
            return design.check_apart(self.responses, self.nuisance, onset)
        return max(
            design.check_apart([one], np.hstack([other, self.nuisance]), onset[i : i + 1], first=i)
            for i, (one, other) in enumerate(zip(self.responses, self.others, strict=True))
        )

    def fit(self, data: np.ndarray, noise_model: str) -> np.ndarray:
        """Give the betas, (n_events, n_voxels), of data (n_times, n_voxels)."""
        if self.others is None:
            n_basis = self.responses[0].shape[1]
            wanted = np.arange(len(self.responses)) * n_basis
            return _betas(data, np.hstack([*self.responses, self.nuisance]), wanted, noise_model)
        first = np.zeros(1, dtype=np.intp)
        return np.concatenate(
            [
                _betas(data, np.hstack([one, other, self.nuisance]), first, noise_model)
                for one, other in zip(self.responses, self.others, strict=True)
            ]
        )


def _betas(
    data: np.ndarray, matrix: np.ndarray, wanted: np.ndarray, noise_model: str
) -> np.ndarray:
    from nilearn.glm.first_level import run_glm

    labels, results = run_glm(data, matrix, noise_model=noise_model)
    betas = np.empty((len(wanted), data.shape[1]))
    for label, fitted in results.items():  # voxels whose noise is alike are fitted together
        betas[:, labels == label] = fitted.theta[wanted]
    return betas
