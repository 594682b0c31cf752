"""Features centred and of one size: by mean and deviation, or by median and quartiles."""

from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import RobustScaler, StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.needs import SAME, Needs
from neurodecode.core.trials import Trials
from neurodecode.steps._domains import domains_of, each_domain


class Scale(TransformerMixin, BaseEstimator):
    """Centre features over the training rows and give them one size; shapes are kept.

    By default means are subtracted, and what is left is divided by standard deviations.

    Parameters
    ----------
    per : {"feature", "channel", "type"}
        What has a mean of its own. A feature is one number of a trial, such as one sample of one
        channel, or one voxel. A channel is all of its samples, whatever the time: ratios between
        its samples are kept. A type is all channels of it, such as ``mag`` and ``grad``, whose
        units differ by a hundredfold: ratios between its channels are kept too. It must then be
        the first step, since it reads which channel is of which type.
    center : {"mean", "median"}
        By what: mean and standard deviation, or median and the range between the quartiles, which
        a few large artefacts do not move.
    clamp : float or None
        What is larger after scaling is set to this, to either side; None: nothing is.
    by : tuple of str
        Columns of the rows: trials that have the same values of all, such as those of a session,
        are scaled by their training rows. A tested trial of none of them is scaled by all training
        rows. It must then be the first step too.

    Attributes
    ----------
    scalers_ : dict of str to Scale
        Of each session that was trained on, where `by` is given.
    overall_ : Scale
        Of all training rows, where `by` is given.
    scaler_ : sklearn.preprocessing.StandardScaler or RobustScaler
        Of features or channels.
    types_ : tuple of str
        Type of each channel, where those are scaled.
    means_, scales_ : ndarray, shape (n_channels,)
        Of types: those of each channel's type, in the unit of the channel.
    flags_ : tuple of str
        ``flat:2/64`` where quartiles of two of 64 are equal: these are centred and not divided, so
        that what is rare in them stays in its own unit.

    Notes
    -----
    What is constant over the training rows becomes 0 there.

    References
    ----------
    Benchetrit et al. 2024, arXiv 2310.19812 (medians and quartiles, clamped at 20).
    """

    supervised = False
    gives = SAME
    keeps_space = True
    version: ClassVar[int] = 1

    def __init__(
        self,
        per: Literal["feature", "channel", "type"] = "feature",
        center: Literal["mean", "median"] = "mean",
        clamp: float | None = None,
        by: tuple[str, ...] = (),
    ):
        self.per = per
        self.center = center
        self.clamp = clamp
        self.by = by

    @property
    def needs(self) -> Needs:
        """Anything; trials of channels by time with their space where types are asked for."""
        if self.per == "type":
            return Needs(trials=True, axes=("channel", "time"))
        if self.by:
            return Needs(trials=True, rowless=True, columns=tuple(self.by))
        return Needs()

    def fit(self, X, y=None):
        """Learn centres and sizes.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …), or Trials
            Per channel the last axis is time, as in (n_trials, n_channels, n_times); per type
            `Trials` of such.

        Raises
        ------
        DataError
            If channels are asked of trials that have no time, or types where none are known.
        ConfigError
            If an argument cannot be.
        """
        if self.center not in ("mean", "median"):
            raise ConfigError(f"scale: center is {self.center!r}. Give mean or median.")
        if self.clamp is not None and not self.clamp > 0:
            raise ConfigError(f"scale: clamp is {self.clamp!r}. Give a number above 0, or none.")
        self.flags_: tuple[str, ...] = ()
        if self.by:
            return self._fit_each(X)
        if self.per == "type":
            return self._fit_types(X)
        X = np.asarray(validate_data(self, X, allow_nd=True))
        rows = self._as_rows(X)
        if self.center == "mean":
            self.scaler_ = StandardScaler().fit(rows)
            return self
        self.scaler_ = RobustScaler().fit(rows)
        self._flag(np.ptp(np.percentile(rows, [25, 75], axis=0), axis=0))
        return self

    def transform(self, X):
        """Scale trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …), or Trials

        Returns
        -------
        Z : ndarray, shape (n_trials, …)
            Without unit.

        Raises
        ------
        DataError
            If types are scaled and the channels are of others than those of training.
        """
        check_is_fitted(self)
        if self.by:
            return self._transform_each(X)
        if self.per == "type":
            if _types_of(X) != self.types_:
                raise DataError(
                    "scale: the channels are of other types than those of training. Bring all "
                    "recordings to one list of channels, as with channels: common."
                )
            return self._clamped((X.array() - self.means_[:, None]) / self.scales_[:, None])
        X = np.asarray(validate_data(self, X, reset=False, allow_nd=True))
        scaled = np.asarray(self.scaler_.transform(self._as_rows(X)))
        return self._clamped(self._as_trials(scaled, X.shape))

    def _fit_each(self, X: Any) -> "Scale":
        if self.per == "type":
            raise ConfigError("scale: by is for features and channels. Leave per: type out.")
        domains = domains_of(X, self.by, self)
        X = X.array() if isinstance(X, Trials) else np.asarray(X)
        plain: Any = {**self.get_params(), "by": ()}
        self.overall_ = Scale(**plain).fit(X)
        each = each_domain(domains)
        self.scalers_ = {name: Scale(**plain).fit(X[mine]) for name, mine in each}
        self.flags_ = self.overall_.flags_
        return self

    def _transform_each(self, X: Any) -> np.ndarray:
        domains = domains_of(X, self.by, self)
        X = X.array() if isinstance(X, Trials) else np.asarray(X)
        made = np.empty(X.shape)
        for name, mine in each_domain(domains):
            made[mine] = self.scalers_.get(name, self.overall_).transform(X[mine])
        return made

    def _fit_types(self, X: Any) -> "Scale":
        self.types_ = _types_of(X)
        data = X.array()
        self.means_, self.scales_ = np.zeros(len(self.types_)), np.ones(len(self.types_))
        for one in dict.fromkeys(self.types_):
            mine = np.array(self.types_) == one
            if self.center == "mean":
                self.means_[mine] = data[:, mine].mean()
                self.scales_[mine] = data[:, mine].std() or 1.0
            else:
                low, self.means_[mine], high = np.percentile(data[:, mine], [25, 50, 75])
                self.scales_[mine] = high - low
        if self.center == "median":
            self._flag(self.scales_)
            self.scales_[self.scales_ == 0] = 1.0
        return self

    def _flag(self, ranges: np.ndarray) -> None:
        """Say how many have equal quartiles, so that there is no range to divide by."""
        n_flat = int(np.sum(ranges == 0))
        if n_flat:
            self.flags_ = (f"flat:{n_flat}/{len(ranges)}",)

    def _clamped(self, Z: np.ndarray) -> np.ndarray:
        return Z if self.clamp is None else np.clip(Z, -self.clamp, self.clamp)

    def _as_rows(self, X: np.ndarray) -> np.ndarray:
        """Give rows of what has means of its own: one a trial, or one a trial and sample."""
        if self.per == "feature":
            return X.reshape(len(X), -1)
        if X.ndim < 3:
            raise DataError(
                f"scale: per: channel needs trials of channels by time, and these have shape "
                f"{X.shape[1:]}. Use per: feature."
            )
        return np.moveaxis(X, -1, 1).reshape(len(X) * X.shape[-1], -1)

    def _as_trials(self, rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        if self.per == "feature":
            return rows.reshape(shape)
        return np.moveaxis(rows.reshape(shape[0], shape[-1], *shape[1:-1]), 1, -1)


def _types_of(X: Any) -> tuple[str, ...]:
    if not isinstance(X, Trials):
        raise DataError(
            f"scale: per: type reads the types of the channels, which the first step of a model is "
            f"handed, and it was handed {type(X).__name__}. Put it first."
        )
    types = X.signal().used()[0].space.types
    if not all(types) or not types:
        raise DataError(
            "scale: per: type, and the types of these channels are not known. Say them in the card "
            "(channels: types), or use per: channel."
        )
    return types
