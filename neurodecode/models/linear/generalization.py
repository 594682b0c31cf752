"""Estimators of each time, asked at all times."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.models import _over_time
from neurodecode.steps._input import trials_of


class Generalization(BaseEstimator):
    """Fit an estimator at each sample of the trials, and answer with it at every sample.

    Where an estimator of one time answers well at another, what it reads lasts or comes back.

    Parameters
    ----------
    estimator : scikit-learn estimator or None
        Of rows of channels, such as ``sklearn.svm.LinearSVC``; None for logistic regression on
        standardised channels.

    Attributes
    ----------
    estimators_ : list
        One fitted estimator a sample.
    classes_ : ndarray, shape (n_classes,)
        Of classifiers.

    References
    ----------
    King & Dehaene 2014, doi 10.1016/j.tics.2014.01.002.
    """

    version: ClassVar[int] = 1

    def __init__(self, estimator: Any = None):
        self.estimator = estimator

    @property
    def needs(self) -> Needs:
        """Trials of channels by time."""
        return _over_time.needs_of(self)

    def fit(self, X, y):
        """Fit on trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)
        y : ndarray, shape (n_trials,)
        """
        X = trials_of(X, _over_time.AXES, self)
        self.estimators_ = _over_time.fit_each(self, X, y)
        if hasattr(self.estimators_[0], "classes_"):
            self.classes_ = self.estimators_[0].classes_
        return self

    def predict(self, X):
        """Give class codes or values, shape (n_trials, n_train_times, n_times)."""
        return self._each("predict", X)

    @available_if(_over_time.offers("predict_proba"))
    def predict_proba(self, X):
        """Give probabilities, shape (n_trials, n_train_times, n_times, n_classes)."""
        return self._each("predict_proba", X)

    @available_if(_over_time.offers("decision_function"))
    def decision_function(self, X):
        """Give margins, shape (n_trials, n_train_times, n_times); of three classes on, one each."""
        return self._each("decision_function", X)

    def _each(self, method: str, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = trials_of(X, _over_time.AXES, self)
        n_trials, n_channels, n_times = X.shape
        rows = np.moveaxis(X, -1, 1).reshape(n_trials * n_times, n_channels)
        said = [np.asarray(getattr(one, method)(rows)) for one in self.estimators_]
        shape = (n_trials, n_times, *said[0].shape[1:])
        return np.stack([one.reshape(shape) for one in said], axis=1)

    def __sklearn_tags__(self):
        return _over_time.tags_of(self, super().__sklearn_tags__())
