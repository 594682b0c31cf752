"""What one reaches who knows the true class, and no brain."""

from typing import ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.core.trials import Trials
from neurodecode.models.baseline._tags import of_trials


class ClassMean(RegressorMixin, BaseEstimator):
    """Answer the mean training picture (or vector) of the class that the test trial is truly of.

    It is told what no model may see, so it is no control that a model must beat: the table shows
    it as a ceiling. Of a picture it says what the class alone gives away: a model above it tells
    one picture of a class from another.

    Parameters
    ----------
    column : str
        Names the class of each trial, such as ``label``, ``category`` or ``concept``.

    Attributes
    ----------
    mean_ : ndarray, shape (n_targets,)
        Of all training trials: what is said of a class that training did not have, and of none.
    means_ : dict of str to ndarray
        Class to the mean of its training trials.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "ceiling"

    def __init__(self, column: str = "label"):
        self.column = column

    @property
    def needs(self) -> Needs:
        """The column of the class, and no signal."""
        return Needs(trials=True, signals=0, targets=("value", "vector"), columns=(self.column,))

    def fit(self, X: Trials, y):
        """Take the mean of each class; `X` holds the column."""
        y = np.asarray(y)
        classes = _names(X, self.column)
        self.mean_ = y.mean(axis=0)
        self.means_ = {
            str(one): y[classes == one].mean(axis=0) for one in np.unique(classes) if one
        }
        return self

    def predict(self, X: Trials):
        check_is_fitted(self)
        return np.array([self.means_.get(one, self.mean_) for one in _names(X, self.column)])

    def __sklearn_tags__(self):
        return of_trials(super().__sklearn_tags__())


def _names(X: Trials, column: str) -> np.ndarray:
    """Give the class of each trial as text, empty where it has none."""
    values = X.rows[column]
    return np.array(["" if pd.isna(one) else str(one) for one in values], dtype=object)
