"""Covariances of each domain turned so that its classes lie where those of the others do."""

import warnings
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.linalg.means import mean
from neurodecode.linalg.procrustes import Metric, rotation
from neurodecode.steps._anchors import Turning, anchors_of, meeting_point
from neurodecode.steps._domains import each_domain, labels_of_the_tested, told_of, with_domains
from neurodecode.steps._input import three_dimensional
from neurodecode.steps._rank import check_inverses

_AXES = ("channel", "channel")


class Rotate(TransformerMixin, BaseEstimator):
    """Turn covariances of each domain so that its class means lie where those of the others do.

    What recentring leaves of a mixing between two sessions is a rotation, which class means tell:
    the orthogonal ``Q`` that brings those of a domain nearest to the common ones, by the sum of
    squared distances. So labels of the tested are needed: ``target_access: {calibration: …}``. The
    step `recentre`, and mostly `rescale`, stand before.

    Parameters
    ----------
    metric : {"riemann", "logeuclid", "euclid"}
        Of the distances. Around the identity the second is nearly the first, as little changed by a
        rotation of everything, and a tenth of the work.
    by : tuple of str
        Columns of the rows; trials that have the same values of all are of one domain. Trials that
        come as an array, without rows, are of one domain.

    Attributes
    ----------
    reference_ : Anchors
        Class means to which all domains are turned.
    rotations_ : dict of str to ndarray, shape (n_channels, n_channels)
        ``Q`` of each domain of the training rows; ``C`` becomes ``Q C Qᵀ``.
    tested_ : dict of str to ndarray
        ``Q`` of each tested domain that was seen.

    Notes
    -----
    The common class means are those of the training domains, turned onto one another. Tested rows
    are turned there too, by what calibration tells of their domain. In pyriemann ``TLRotate`` turns
    each source domain to the target domain instead, and ``transform`` leaves rows as they are; with
    one source the two differ by a rotation of everything, which affine-invariant models do not see.
    Turned to the training domains, tested domains of one fold are told by one model.

    A rotation of n channels has n (n - 1) / 2 angles: few calibration trials of many channels fit
    their noise.

    References
    ----------
    Rodrigues et al. 2019, doi 10.1109/TBME.2018.2889705.
    """

    supervised = True
    gives = _AXES
    version: ClassVar[int] = 1

    def __init__(self, metric: Metric = "logeuclid", by: tuple[str, ...] = ("subject", "session")):
        self.metric: Metric = metric
        self.by = by

    @property
    def needs(self) -> Needs:
        """`Trials` of covariances with the columns of `by`; labels of some of the tested."""
        return Needs(
            trials=True, rowless=True, columns=tuple(self.by), axes=_AXES, calibration=True
        )

    def fit(self, X, y):
        """Learn the common class means, and the rotation of each training domain.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_channels, n_channels)
        y : ndarray, shape (n_trials,)

        Raises
        ------
        ConfigError
            If the metric is unknown.
        DataError
            If a covariance has no inverse, no training domain has all classes, or a row no domain.
        """
        X, domains = with_domains(X, _AXES, self.by, self)
        check_inverses(X)
        anchors = anchors_of(X, np.asarray(y), domains, _mean)
        self.reference_, self.rotations_ = meeting_point(anchors, self._turning, self)
        self.tested_ = {}
        return self

    def adapt(self, X, y=None):
        """Learn the rotation of tested domains.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_channels, n_channels)
        y : ndarray, shape (n_trials,)

        Raises
        ------
        DataError
            If there are no labels, a covariance has no inverse, or a row no domain.
        """
        check_is_fitted(self)
        y = labels_of_the_tested(y, "rotate")
        X, domains = with_domains(X, _AXES, self.by, self)
        check_inverses(X)
        anchors = anchors_of(X, y, domains, _mean)
        found = {name: self._turning.onto(one, self.reference_) for name, one in anchors.items()}
        self.tested_ = {**self.tested_, **found}
        return self

    def transform(self, X):
        """Turn covariances.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_channels, n_channels)

        Returns
        -------
        turned : ndarray, shape (n_trials, n_channels, n_channels)

        Raises
        ------
        DataError
            If trials are of a domain whose labels were never seen.
        """
        check_is_fitted(self)
        X, domains = with_domains(X, _AXES, self.by, self)
        turned = np.empty_like(X)
        for name, rows in each_domain(domains):
            Q = told_of(name, self.tested_, self.rotations_, self, "rotate")
            turned[rows] = Q @ X[rows] @ Q.T
        return turned

    @property
    def _turning(self) -> Turning:
        return Turning(_mean, self._between, lambda C, Q: Q @ C @ Q.T)

    def _between(
        self, ours: np.ndarray, theirs: np.ndarray, start: np.ndarray | None
    ) -> np.ndarray:
        found = rotation(ours, theirs, self.metric, start=start)
        if not found.converged:
            warnings.warn(
                f"rotate: the search for a rotation ended after {found.n_iter} steps at a gradient "
                f"of {found.grad_norm:.2g}. Give more trials of each class.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return found.value

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.target_tags.required = True
        return tags


def _mean(C: np.ndarray) -> np.ndarray:
    return np.asarray(mean(C).value)
