"""How the series of parcels go together."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from nilearn.connectome import ConnectivityMeasure
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.steps._input import three_dimensional

Kind = Literal["correlation", "partial correlation", "tangent", "covariance", "precision"]


class Connectivity(TransformerMixin, BaseEstimator):
    """Estimate how the parcels of each trial go together, in one number a pair of parcels.

    Parameters
    ----------
    kind : {"correlation", "partial correlation", "tangent", "covariance", "precision"}
        Covariances are shrunk (Ledoit-Wolf), and turned into the others. ``tangent`` are the
        differences from the geometric mean of the training rows, in the space tangent to it.
    vectorize : bool
        Whether to give one row of numbers a trial, the lower triangle; else matrices.
    discard_diagonal : bool
        Whether rows leave out what a parcel has with itself.
    standardize : bool
        Whether series are z-scored before a ``correlation`` is estimated, so that all parcels
        shrink alike; other kinds take series as they are.

    Attributes
    ----------
    measure_ : nilearn.connectome.ConnectivityMeasure
        Of ``tangent`` only: the other kinds learn nothing.

    References
    ----------
    Varoquaux et al. 2010, doi 10.1007/978-3-642-15705-9_25 (tangent); Ledoit & Wolf 2004,
    doi 10.1016/S0047-259X(03)00096-4.
    """

    supervised = False
    needs = Needs(axes=("parcel", "time"), ragged=True)
    version: ClassVar[int] = 1

    def __init__(
        self,
        kind: Kind = "correlation",
        vectorize: bool = True,
        discard_diagonal: bool = True,
        standardize: bool = True,
    ):
        self.kind: Kind = kind
        self.vectorize = vectorize
        self.discard_diagonal = discard_diagonal
        self.standardize = standardize

    @property
    def gives(self) -> tuple[str, ...]:
        """Axes of what it gives: pairs in a row, or matrices."""
        return ("feature",) if self.vectorize else ("parcel", "parcel")

    @property
    def stateless(self) -> bool:
        """Whether each trial is mapped by itself: all kinds but ``tangent``."""
        return self.kind != "tangent"

    def fit(self, X, y=None):
        """Learn the mean of covariances, for ``tangent``; nothing for other kinds.

        Parameters
        ----------
        X : list of ndarray, shape (n_parcels, n_times), or ndarray, shape (n_trials, …)
            Series of one trial each, of lengths that may differ.

        Raises
        ------
        DataError
            If a series is no matrix, is not finite, has fewer than two samples, or has another
            number of parcels than the first.
        """
        if not self.stateless:
            self.measure_ = self._measure().fit(_series(X))
        return self

    def transform(self, X):
        """Give the connectivity of each trial.

        Parameters
        ----------
        X : list of ndarray, shape (n_parcels, n_times), or ndarray, shape (n_trials, …)

        Returns
        -------
        C : ndarray, shape (n_trials, n_pairs) or (n_trials, n_parcels, n_parcels)
            Rows of the lower triangle, row by row, where `vectorize`; the diagonal, where kept,
            is divided by √2.

        Raises
        ------
        DataError
            As `fit`; also if the number of parcels is not that of the training rows.
        """
        if self.stateless:
            return self._measure().fit_transform(_series(X))
        check_is_fitted(self)
        series = _series(X, self.measure_.n_features_in_)
        # nilearn maps no group of one, although a fitted mean needs no group.
        return self.measure_.transform([*series, series[0]])[: len(series)]

    def _measure(self) -> Any:
        # nilearn will drop the argument, and warns of it: it is given where it changes something.
        as_they_are: dict[str, Any] = {} if self.standardize else {"standardize": False}
        return ConnectivityMeasure(
            kind=self.kind,
            vectorize=self.vectorize,
            discard_diagonal=self.discard_diagonal,
            **as_they_are,
        )

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.requires_fit = not self.stateless
        return tags


def _series(X: Sequence[Any] | np.ndarray, n_parcels: int | None = None) -> list[np.ndarray]:
    """Check series of shape (n_parcels, n_times) and turn them, as nilearn takes them."""
    series = [np.asarray(one, dtype=np.float64) for one in X]
    if not series:
        raise DataError("connectivity: there is no trial.")
    for i, one in enumerate(series):
        if one.ndim != 2 or one.shape[1] < 2:
            raise DataError(
                f"connectivity: trial {i} has shape {one.shape}. Series of parcels by time are "
                "needed, of two samples or more."
            )
        n_parcels = n_parcels or len(one)
        if len(one) != n_parcels:
            raise DataError(
                f"connectivity: trial {i} has {len(one)} parcels, and others have {n_parcels}. "
                "Take all series from one atlas."
            )
        if not np.isfinite(one).all():
            raise DataError(
                f"connectivity: trial {i} holds values that are not finite. Leave its recording, "
                "or the parcels without data, out."
            )
    return [one.T for one in series]
