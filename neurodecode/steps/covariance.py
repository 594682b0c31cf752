"""A covariance a trial."""

from numbers import Real
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.linalg.conditioning import conditioning
from neurodecode.linalg.covariance import covariances
from neurodecode.steps._input import each_trial, three_dimensional, trials_of
from neurodecode.steps._rank import SHRINKING, check_inverses
from neurodecode.steps.rank_reducer import RankReducer

_AXES = ("channel", "time")
_GIVEN = ("channel", "channel")
TrialEstimator = Literal["oas", "lwf", "sch", "scm", "cov"]
Estimator = Literal[TrialEstimator, "given"]
Regularize = Literal["auto"] | float | None
SMALLEST_RIDGE = 1e-6  # less than that, and rounding of the smallest eigenvalues shows in distances


class Covariance(TransformerMixin, BaseEstimator):
    """Estimate the covariance of the channels in each trial.

    Parameters
    ----------
    estimator : {"oas", "lwf", "sch", "scm", "cov", "given"}
        Oracle approximating shrinkage, Ledoit-Wolf and Schäfer-Strimmer shrink, so that the result
        has an inverse; ``scm`` and ``cov`` do not. ``given``: trials are covariances already, as in
        a model that stands behind steps of covariances.
    regularize : "auto", float or None
        What is done where covariances have no inverse; see Notes. With None, nothing: without
        shrinkage they are refused.

    Attributes
    ----------
    reducer_ : neurodecode.steps.rank_reducer.RankReducer
        With ``auto``: what trials are projected by.
    estimator_ : str
        With ``auto``: what is estimated.
    flags_ : tuple of str
        What was done, for the table: ``projected:63/64``, ``shrunk:oas``, ``ridge:0.01``.

    Notes
    -----
    ``auto`` looks at the covariance of all training trials, before anything is shrunk. Where its
    channels depend on one another (average reference, ICA, interpolation), trials are projected on
    the directions in which they vary. That loses nothing: affine-invariant distances are those on
    that space. Where single trials are still without inverse, as when they are short, ``scm`` and
    ``cov`` become ``oas``.

    A number is a ridge: that share of the mean eigenvalue is added to each. Directions in which
    there was nothing then weigh as much as signal; it is the last resort.

    Shrinkage alone gives an inverse too, by the same noise in the directions that hold nothing.

    References
    ----------
    Chen et al. 2010, doi 10.1109/TSP.2010.2053029 (oas); Ledoit & Wolf 2004,
    doi 10.1016/S0047-259X(03)00096-4 (lwf); Schäfer & Strimmer 2005, doi 10.2202/1544-6115.1175
    (sch).
    """

    supervised = False
    gives = _GIVEN
    version: ClassVar[int] = 2

    def __init__(self, estimator: Estimator = "oas", regularize: Regularize = None):
        self.estimator: Estimator = estimator
        self.regularize: Regularize = regularize

    @property
    def stateless(self) -> bool:
        """Whether each trial is mapped by itself: where nothing is to be regularized."""
        return self.regularize is None

    @property
    def needs(self) -> Needs:
        """Trials of channels by time, of any lengths; of full rank where nothing else helps."""
        if self.estimator == "given":
            return Needs(axes=_GIVEN)
        inverts = self.estimator not in SHRINKING and self.regularize is None
        return Needs(axes=_AXES, ragged=True, full_rank=inverts)

    def fit(self, X, y=None):
        """Learn what is to be regularized; without `regularize`, nothing.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times), or list of ndarray

        Raises
        ------
        ConfigError
            If `regularize` is none of those named, or covariances are given.
        """
        if self.regularize is None:
            return self
        if self.estimator == "given":
            raise ConfigError(
                f"regularize: {self.regularize!r}. With estimator: given, say it of the step that "
                "estimates the covariances."
            )
        self.estimator_: Estimator = self.estimator
        if self.regularize != "auto":
            self.flags_ = (f"ridge:{self._ridge():g}",)
            return self
        self.reducer_ = RankReducer().fit(X)
        self.flags_ = self.reducer_.flags_
        if self.estimator not in SHRINKING:
            C = self._estimated(self.reducer_.transform(X), self.estimator)
            if any(found.deficient for found in conditioning(C)):
                self.estimator_ = "oas"
                self.flags_ = (*self.flags_, "shrunk:oas")
        return self

    def transform(self, X):
        """Give one covariance a trial.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times), or list of ndarray
            A list where trials differ in length.

        Returns
        -------
        C : ndarray, shape (n_trials, n_channels, n_channels)
            In the square of the unit of `X`; of as many rows as directions, where trials are
            projected.

        Raises
        ------
        DataError
            If a covariance without shrinkage has no inverse, or a trial varies where no training
            trial did.
        """
        if self.regularize is None:
            C = self._estimated(X, self.estimator)
            if self.estimator not in SHRINKING:
                check_inverses(C)
            return C
        check_is_fitted(self)
        if self.regularize == "auto":
            C = self._estimated(self.reducer_.transform(X), self.estimator_)
            if self.estimator_ not in SHRINKING:
                check_inverses(C)
            return C
        C = self._estimated(X, self.estimator)
        mean = np.trace(C, axis1=-2, axis2=-1) / C.shape[-1]
        return C + self._ridge() * mean[:, np.newaxis, np.newaxis] * np.eye(C.shape[-1])

    def _estimated(self, X: Any, estimator: Estimator) -> np.ndarray:
        if estimator == "given":
            return trials_of(X, _GIVEN, self)
        if isinstance(X, list) and len({np.shape(one) for one in X}) > 1:
            return np.stack([covariances(one, estimator) for one in each_trial(X, _AXES, self)])
        return covariances(trials_of(X, _AXES, self), estimator)

    def _ridge(self) -> float:
        ridge: Any = self.regularize
        if isinstance(ridge, bool) or not isinstance(ridge, Real) or ridge < SMALLEST_RIDGE:
            raise ConfigError(
                f"regularize: {ridge!r}. Give auto, null, or a share of the mean eigenvalue of "
                f"{SMALLEST_RIDGE:g} or more."
            )
        return float(ridge)

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.requires_fit = self.regularize is not None
        return tags
