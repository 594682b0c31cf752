"""Features of earlier volumes beside those of each volume: a finite impulse response."""

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError, DataError, LeakError
from neurodecode.core.needs import Needs
from neurodecode.core.series import seconds_apart, step_of
from neurodecode.core.trials import Trials
from neurodecode.linalg.delays import delayed
from neurodecode.steps._series import COLUMNS, check_onsets, seconds_of, stretches_of

_FROM, _TO = 1.5, 9.0  # seconds in which blood flow answers
_ROUNDING = 1e-6


class Delays(TransformerMixin, BaseEstimator):
    """Put features of earlier volumes beside those of each volume, within a run alone.

    An encoder of what it gives has a weight for each feature at each delay, so that each voxel has
    a response of its own shape. Rows that follow a break in time begin anew, and what stands where
    a run has not begun yet is the mean of the training rows: 0 of features that are scaled.

    Parameters
    ----------
    delays : tuple of int or None
        Volumes from what was shown to the volume that is told. None: those from 1.5 to 9 s.
        Negative ones look ahead, which no response does: they are a control.

    Attributes
    ----------
    mean_ : ndarray, shape (n_features,)
    seconds_ : float
        From a volume to the next.
    delays_ : tuple of int

    Notes
    -----
    Rows that point into the track of their recording see all of its volumes, also those that are
    no rows of the fold: features alone, never the brain. Behind another step the rows of the fold
    are all there is.

    References
    ----------
    Nishimoto et al. 2011, doi 10.1016/j.cub.2011.08.031; Dupre la Tour et al. 2022,
    doi 10.1016/j.neuroimage.2022.119728.
    """

    supervised = False
    gives = ("feature",)
    keeps_space = True  # once for each delay
    needs = Needs(trials=True, columns=COLUMNS, sequential=True)
    version: ClassVar[int] = 1

    def __init__(self, delays: tuple[int, ...] | None = None):
        self.delays = delays

    def check_rows(self, rows: pd.DataFrame) -> None:
        """Hold training rows to being volumes: before anything is fitted.

        Parameters
        ----------
        rows : DataFrame
            ``recording start stop``.

        Raises
        ------
        DataError
            If rows are of unknown onset, or last no time, so that none follows another.
        """
        check_onsets(rows["start"].to_numpy(), "delays")
        if len(rows) and bool((rows["start"] == rows["stop"]).all()):
            raise DataError(
                "delays: rows last no time, so none is the volume that follows another. Give "
                "volumes their onset and duration; trials have no delays: use encode.ridge, or "
                "delays: [] of encode.banded_ridge."
            )

    def check_apart(self, train: pd.DataFrame, test: pd.DataFrame) -> None:
        """Hold training rows to lying farther from tested ones than delays reach: before any fit.

        Parameters
        ----------
        train, test : DataFrame
            ``recording start stop``.

        Raises
        ------
        LeakError
            If features of one moment would be told of a training row and of a tested one.
        """
        check_reach(self.delays, train, test)

    def fit(self, X: Trials, y=None):
        """Learn the mean of the features, and which delays cover the response.

        Parameters
        ----------
        X : Trials
            Of features, with the columns ``recording start stop``.

        Raises
        ------
        ConfigError
            If a delay is no whole number, is named twice, or there is none.
        DataError
            If rows are of unknown onset, or come as an array.
        """
        self.seconds_ = seconds_of(X, self)
        self.delays_ = (
            default_delays(self.seconds_) if self.delays is None else _checked(self.delays)
        )
        data = X.array()
        self.mean_ = data.reshape(len(data), -1).mean(axis=0)
        return self

    def transform(self, X: Trials) -> np.ndarray:
        """Give features of all delays, shape (n_trials, n_delays * n_features), delay by delay."""
        check_is_fitted(self)
        made = np.empty((len(X), len(self.delays_) * len(self.mean_)))
        for one in stretches_of(X, self.seconds_, self):
            if one.X.shape[1] != len(self.mean_):
                raise DataError(
                    f"delays: features of {one.X.shape[1]} numbers, and it was fitted on "
                    f"{len(self.mean_)}. Give the features that it was fitted on."
                )
            made[one.rows] = delayed(one.X, self.delays_, before=self.mean_)[one.at]
        return made

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


def default_delays(seconds: float) -> tuple[int, ...]:
    """Give the delays that cover 1.5 to 9 s, of volumes that are so many seconds apart.

    Raises
    ------
    ConfigError
        If no volume lies there.
    """
    first, last = np.ceil(_FROM / seconds - _ROUNDING), np.floor(_TO / seconds + _ROUNDING)
    if last < first:
        raise ConfigError(
            f"delays: of volumes {seconds:g} s apart none lies {_FROM} to {_TO} s after another. "
            "Name the delays, in volumes."
        )
    return tuple(range(int(first), int(last) + 1))


def check_reach(delays: tuple[int, ...] | None, train: pd.DataFrame, test: pd.DataFrame) -> None:
    """Hold rows of a fold to delays, those from 1.5 to 9 s by default; see `Delays.check_apart`."""
    rows = pd.concat([train, test])
    recording, start, stop = (rows[one].to_numpy() for one in COLUMNS)
    tested = np.arange(len(rows)) >= len(train)
    left = seconds_apart(recording, start, stop, tested)
    if not np.isfinite(left):  # no run is trained on and tested
        return
    seconds = step_of(recording, start)
    several = default_delays(seconds) if delays is None else _checked(delays)
    farthest = max(map(abs, several))
    if left < farthest * seconds * (1 - _ROUNDING):
        raise LeakError(
            f"delays: they reach {farthest * seconds:g} s ({farthest} rows), and rows that are "
            f"{max(left, 0):g} s from tested ones of their run are trained on: both would be told "
            "what was shown at one time. Test whole runs (cross_run); of one long run give the "
            f"protocol that gap, as in within_session: {{blocked: true, gap: "
            f"{farthest * seconds:g}}}; or take shorter delays."
        )


def _checked(delays: Any) -> tuple[int, ...]:
    found = tuple(delays) if isinstance(delays, tuple | list | np.ndarray) else ()
    whole = all(isinstance(one, int | np.integer) and not isinstance(one, bool) for one in found)
    if not found or not whole or len(set(found)) < len(found):
        raise ConfigError(
            f"delays: {delays!r}. Give whole numbers of volumes, each once, as in [1, 2, 3, 4]."
        )
    return tuple(int(one) for one in found)
