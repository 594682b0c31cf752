"""The class whose mean covariance is nearest, as a predictor of covariances."""

from typing import ClassVar

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.linalg.distances import distance
from neurodecode.linalg.means import mean
from neurodecode.steps._input import three_dimensional, trials_of
from neurodecode.steps.tangent_space import Metric

_AXES = ("channel", "channel")


class NearestMean(ClassifierMixin, BaseEstimator):
    """Give each covariance the class whose mean is nearest.

    Parameters
    ----------
    metric : {"riemann", "logeuclid", "euclid"}
        Of means and distances.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    means_ : ndarray, shape (n_classes, n_channels, n_channels)

    References
    ----------
    Barachant et al. 2012, doi 10.1109/TBME.2011.2172210.
    """

    needs = Needs(axes=_AXES)
    version: ClassVar[int] = 1

    def __init__(self, metric: Metric = "riemann"):
        self.metric: Metric = metric

    def fit(self, X, y):
        """Learn the mean of each class.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_channels)
        y : ndarray, shape (n_trials,)

        Raises
        ------
        DataError
            If a covariance has no inverse.
        """
        X, y = trials_of(X, _AXES, self), np.asarray(y)
        self.classes_ = np.unique(y)
        self.means_ = np.stack([mean(X[y == code], self.metric).value for code in self.classes_])
        return self

    def predict(self, X):
        return self.classes_[self._squares(X).argmin(axis=1)]

    def predict_proba(self, X):
        """Give the share of exp(-d²) of each class, d being the distance to its mean."""
        return softmax(-self._squares(X), axis=1)

    def _squares(self, X) -> np.ndarray:
        """Squared distances to the means, shape (n_trials, n_classes)."""
        check_is_fitted(self)
        X = trials_of(X, _AXES, self)
        each = [distance(X, one, self.metric, squared=True) for one in self.means_]
        return np.stack(each, axis=1)

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
