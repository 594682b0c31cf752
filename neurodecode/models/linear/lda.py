"""Linear discriminant analysis."""

from typing import ClassVar, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from neurodecode.core.needs import Needs
from neurodecode.models import _flat
from neurodecode.models.linear._shrunk_lda import ShrunkLda


class Lda(ClassifierMixin, BaseEstimator):
    """Linear discriminant analysis with shrinkage on flattened trials, with patterns.

    Parameters
    ----------
    shrinkage : "auto", float or None
        Of the covariance within classes, towards its diagonal: by Ledoit and Wolf's estimate, by
        this part (0 to 1), or none.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    patterns_ : ndarray, shape (n_patterns, n_features)
        One for two classes, else one a class.

    References
    ----------
    Blankertz et al. 2011, doi 10.1016/j.neuroimage.2010.06.048.
    """

    needs = Needs()
    version: ClassVar[int] = 2

    def __init__(self, shrinkage: Literal["auto"] | float | None = "auto"):
        self.shrinkage = shrinkage

    def fit(self, X, y):
        """Fit on trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …)
            Axes beyond the first are flattened.
        y : ndarray, shape (n_trials,)

        Raises
        ------
        ValueError
            If all trials are of one class, as scikit-learn's classifiers do.
        """
        X, y = _flat.training(self, X, y)
        if len(np.unique(y)) < 2:
            raise ValueError(f"lda: all {len(y)} training trials are of one class. Give two.")
        estimator = (
            ShrunkLda()
            if self.shrinkage == "auto"
            else LinearDiscriminantAnalysis(solver="lsqr", shrinkage=self.shrinkage)
        )
        return _flat.learn(self, estimator, X, y)

    def predict(self, X):
        return _flat.answer(self, "predict", X)

    def decision_function(self, X):
        return _flat.answer(self, "decision_function", X)

    def predict_proba(self, X):
        return _flat.answer(self, "predict_proba", X)

    def patterns(self) -> dict[str, np.ndarray]:
        """Give one map a class, or one for two classes: Haufe et al. 2014, eq. 6."""
        return _flat.patterns(self)
