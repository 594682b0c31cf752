"""Linear discriminant analysis whose shrinkage is Ledoit and Wolf's, as an estimator."""

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator
from sklearn.linear_model._base import LinearClassifierMixin

from neurodecode.linalg.lda import shrunk_lda


class ShrunkLda(LinearClassifierMixin, BaseEstimator):
    """Linear discriminant analysis of rows of numbers; see `neurodecode.linalg.lda.shrunk_lda`.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    coef_ : ndarray, shape (n_classes, n_features), or (1, n_features) for two classes
    intercept_ : ndarray, shape (n_classes,) or (1,)
    """

    def fit(self, X, y):
        """Fit on rows of shape (n_trials, n_features)."""
        found = shrunk_lda(X, y)
        self.classes_, self.coef_, self.intercept_ = found.classes, found.coef, found.intercept
        self.n_features_in_ = X.shape[1]
        return self

    def predict_proba(self, X):
        """Give probabilities of the classes, shape (n_trials, n_classes)."""
        margins = self.decision_function(X)
        if margins.ndim == 1:
            second = expit(margins)
            return np.column_stack([1 - second, second])
        return softmax(margins, axis=1)
