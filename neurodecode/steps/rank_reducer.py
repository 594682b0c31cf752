"""Trials on the directions in which their channels vary."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.linalg.conditioning import column_space
from neurodecode.linalg.covariance import covariances
from neurodecode.steps._input import each_trial, three_dimensional, trials_of

_AXES = ("channel", "time")
# Share of a trial's power outside the space that was learnt. Rounding leaves 1e-16 of a reference,
# files of single precision 1e-14.
OUTSIDE = 1e-8


class RankReducer(TransformerMixin, BaseEstimator):
    """Project trials on as many directions as their channels vary in.

    After an average reference, ICA or interpolation some channels are sums of others, and
    covariances have no inverse. On the directions that are left they have one, and affine-invariant
    distances are what they are among covariances of independent channels: nothing is lost. Where
    all channels are independent, trials stay as they are.

    Attributes
    ----------
    basis_ : ndarray, shape (n_channels, rank), or None
        Orthonormal directions in which the training trials vary; None where those are all.
    flags_ : tuple of str
        What was done, for the table: ``projected:63/64``.

    Notes
    -----
    The rank is that of the covariance of all training trials, which nothing has shrunk; constant
    channels count as none.
    """

    supervised = False
    needs = Needs(axes=_AXES, ragged=True)
    gives = _AXES
    version: ClassVar[int] = 1

    def fit(self, X, y=None):
        """Learn the directions.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times), or list of ndarray

        Raises
        ------
        DataError
            If a value is not finite.
        """
        several = self._several(X)
        S = np.mean([covariances(one, "scm").mean(axis=0) for one in several], axis=0)
        # The variance of a constant is the rounding of its mean, and no direction.
        constant = np.all([np.ptp(one, axis=-1).max(axis=0) == 0 for one in several], axis=0)
        S[constant] = S[:, constant] = 0
        basis = column_space(S)
        n_channels, rank = basis.shape
        reduces = rank < n_channels
        self.basis_ = basis if reduces else None
        self.flags_ = (f"projected:{rank}/{n_channels}",) if reduces else ()
        return self

    def transform(self, X):
        """Project trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times), or list of ndarray

        Returns
        -------
        projected : ndarray, shape (n_trials, rank, n_times), or list of ndarray
            In the unit of `X`.

        Raises
        ------
        DataError
            If a trial varies where no training trial did.
        """
        check_is_fitted(self)
        several = self._several(X)
        projected = [self._projected(one, i) for i, one in enumerate(several)]
        return projected[0] if len(several) == 1 else [one[0] for one in projected]

    def _several(self, X: Any) -> list[np.ndarray]:
        """Give trials as one array, or as many of one trial where they differ in length."""
        if isinstance(X, list) and len({np.shape(one) for one in X}) > 1:
            return [one[np.newaxis] for one in each_trial(X, _AXES, self)]
        return [trials_of(X, _AXES, self)]

    def _projected(self, X: np.ndarray, number: int) -> np.ndarray:
        if self.basis_ is None:
            return X
        projected = self.basis_.T @ X
        whole, within = (one.var(axis=-1).sum(axis=-1) for one in (X, projected))
        outside = whole - within > OUTSIDE * whole
        if outside.any():
            i = int(np.argmax(outside))
            n_channels, rank = self.basis_.shape
            raise DataError(
                f"trial {number + i}: {(whole[i] - within[i]) / whole[i]:.1e} of its power lies "
                f"where no training trial has any: those have rank {rank} for {n_channels} "
                "channels. Prepare all recordings alike (reference, ICA, interpolation)."
            )
        return projected

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
