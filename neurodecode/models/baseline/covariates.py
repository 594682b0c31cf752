"""What columns such as age, sex and site give away."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.core.trials import Trials
from neurodecode.linalg.design import Design
from neurodecode.models.baseline._tags import of_trials
from neurodecode.steps._input import columns_of


class Covariates(BaseEstimator):
    """Tell the target from named columns, by logistic regression, or ridge regression of values.

    It sees no brain: what it reaches is what those columns give away.

    Parameters
    ----------
    columns : tuple of str
        Numbers are taken as they are, text as categories; a category that training did not have
        counts as none.
    C : float
        Inverse of the L2 penalty on standardised regressors; of values the penalty is 1 / (2 C).

    Attributes
    ----------
    design_ : Design
    estimator_ : scikit-learn estimator
    classes_ : ndarray, shape (n_classes,)
        Where y holds classes: whole numbers, not floats.
    """

    version: ClassVar[int] = 1

    def __init__(self, columns: tuple[str, ...] = (), C: float = 1.0):
        self.columns = columns
        self.C = C

    @property
    def needs(self) -> Needs:
        """The named columns, and no signal."""
        return Needs(
            trials=True,
            signals=0,
            targets=("label", "value", "vector", "brain"),
            columns=tuple(self.columns),
        )

    def fit(self, X: Trials, y):
        """Learn from the columns of `X`.

        Parameters
        ----------
        X : Trials
        y : ndarray, shape (n_trials,) or (n_trials, n_targets)
            Class codes, or values (floats).

        Raises
        ------
        DataError
            If no column is named, or a value of one is missing.
        """
        columns = columns_of(X, self.columns, self)
        self.design_ = Design.of(columns)
        is_label = np.asarray(y).dtype.kind in "iub"
        last = LogisticRegression(C=self.C, max_iter=1000) if is_label else Ridge(0.5 / self.C)
        self.estimator_ = make_pipeline(StandardScaler(), last)
        self.estimator_.fit(self.design_.matrix(columns), y)
        if is_label:
            self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: Trials):
        check_is_fitted(self)
        return self.estimator_.predict(self._design(X))

    def predict_proba(self, X: Trials):
        check_is_fitted(self)
        return self.estimator_.predict_proba(self._design(X))

    def _design(self, X: Trials) -> np.ndarray:
        return self.design_.matrix(columns_of(X, self.columns, self))

    def __sklearn_tags__(self):
        return of_trials(super().__sklearn_tags__())
