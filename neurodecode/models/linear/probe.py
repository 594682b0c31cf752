"""Logistic regression on what a pretrained model makes of trials."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.core.stages import takes_rows_of_numbers


class Probe(ClassifierMixin, BaseEstimator):
    """Logistic regression on standardised features that a pretrained model gives, left as it is.

    The experiment's `init` says which. Features are what the model's `embed` gives, or its
    `transform`; without a pretrained model they are the flattened trials themselves.

    Parameters
    ----------
    C : float
        Inverse of the L2 penalty.

    Attributes
    ----------
    trunk_ : scikit-learn estimator or None
        The pretrained model.
    estimator_ : sklearn.pipeline.Pipeline
    classes_ : ndarray, shape (n_classes,)

    References
    ----------
    Alain & Bengio 2016, arXiv 1610.01644.
    """

    needs = Needs(init=True)
    version: ClassVar[int] = 1

    def __init__(self, C: float = 1.0):
        self.C = C

    def fit(self, X, y, init: Any = None):
        """Fit on trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …)
        y : ndarray, shape (n_trials,)
        init : scikit-learn estimator, optional
            Fitted, with `embed` or `transform`.

        Raises
        ------
        DataError
            If `init` has neither.
        """
        X, y = validate_data(self, X, y, allow_nd=True)
        if init is not None and not (hasattr(init, "embed") or hasattr(init, "transform")):
            raise DataError(
                f"probe: {type(init).__name__} has no embed or transform, so it gives no features. "
                "Pretrain a model that has."
            )
        self.trunk_ = init
        last = LogisticRegression(C=self.C, max_iter=1000)
        self.estimator_ = make_pipeline(StandardScaler(), last).fit(self._features(X), y)
        self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X):
        return self._said("predict", X)

    def decision_function(self, X):
        return self._said("decision_function", X)

    def predict_proba(self, X):
        return self._said("predict_proba", X)

    def _said(self, method: str, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, allow_nd=True)
        return getattr(self.estimator_, method)(self._features(X))

    def _features(self, X: Any) -> np.ndarray:
        """Give one row of numbers a trial, shape (n_trials, n_features)."""
        trunk = self.trunk_
        if trunk is None:
            return np.reshape(X, (len(X), -1))
        if takes_rows_of_numbers(trunk):
            X = np.reshape(X, (len(X), -1))
        features = trunk.embed(X) if hasattr(trunk, "embed") else trunk.transform(X)
        return np.reshape(features, (len(features), -1))
