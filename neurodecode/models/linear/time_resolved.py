"""One estimator at each time."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.models import _over_time
from neurodecode.models._haufe import named_patterns, patterns_of_outputs
from neurodecode.steps._input import trials_of


class TimeResolved(BaseEstimator):
    """Fit an estimator at each sample of the trials, and answer with it at that sample.

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
    patterns_ : ndarray, shape (n_patterns, n_channels * n_times)
        Of linear estimators, times varying fastest; one pattern for two classes, else one a class.

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
        maps = [_patterns(one, X[..., time]) for time, one in enumerate(self.estimators_)]
        self.patterns_ = np.stack(maps, axis=-1).reshape(len(maps[0]), X[0].size)
        return self

    def predict(self, X):
        """Give class codes or values, shape (n_trials, n_times)."""
        return self._each("predict", X)

    @available_if(_over_time.offers("predict_proba"))
    def predict_proba(self, X):
        """Give probabilities, shape (n_trials, n_times, n_classes)."""
        return self._each("predict_proba", X)

    @available_if(_over_time.offers("decision_function"))
    def decision_function(self, X):
        """Give margins, shape (n_trials, n_times) of two classes, else (…, n_classes)."""
        return self._each("decision_function", X)

    def patterns(self) -> dict[str, np.ndarray]:
        """Give maps of channels by time, flattened; none of an estimator that is not linear."""
        check_is_fitted(self)
        if len(self.patterns_) == 0:
            return {}
        if is_regressor(self.estimators_[0]):
            return {"value": self.patterns_[0]}
        return named_patterns(self.patterns_, self.classes_)

    def _each(self, method: str, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = trials_of(X, _over_time.AXES, self)
        if X.shape[-1] != len(self.estimators_):
            raise DataError(
                f"time_resolved: trials of {X.shape[-1]} samples, and those of training had "
                f"{len(self.estimators_)}. Give windows one length."
            )
        said = (getattr(one, method)(X[..., t]) for t, one in enumerate(self.estimators_))
        return np.stack(list(said), axis=1)

    def __sklearn_tags__(self):
        return _over_time.tags_of(self, super().__sklearn_tags__())


def _patterns(fitted: Any, X: np.ndarray) -> np.ndarray:
    """Patterns of an estimator of one sample, shape (n_patterns, n_channels)."""
    last = fitted[-1] if hasattr(fitted, "named_steps") else fitted
    if not hasattr(last, "coef_"):
        return np.zeros((0, X.shape[1]))
    said = fitted.predict(X) if is_regressor(fitted) else fitted.decision_function(X)
    return patterns_of_outputs(X, np.reshape(said, (len(X), -1)))
