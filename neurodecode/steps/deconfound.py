"""Features without what confounds explain of them."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.core.trials import Trials
from neurodecode.linalg.design import Design
from neurodecode.steps._input import columns_of


class Deconfound(TransformerMixin, BaseEstimator):
    """Subtract what columns of the rows, such as age or motion, explain of each feature.

    One linear regression a feature is fitted on the training rows; test rows are corrected by its
    weights. It is the first step of a model, since it reads columns: it is handed `Trials`, and
    gives arrays.

    Parameters
    ----------
    columns : tuple of str
        Names of the confounds. Numbers are taken as they are, text as categories; a category
        that training did not have corrects nothing.

    Attributes
    ----------
    design_ : Design
    weights_ : ndarray, shape (n_regressors, n_features)
        In the features' unit by the confounds' unit. Where confounds depend on one another, the
        weights of least norm.

    Notes
    -----
    Features keep their training mean: what is subtracted is the difference to a trial whose
    confounds are average.

    References
    ----------
    Snoek et al. 2019, doi 10.1016/j.neuroimage.2018.09.074: to be fitted within the fold.
    """

    supervised = False
    version: ClassVar[int] = 1

    def __init__(self, columns: tuple[str, ...] = ()):
        self.columns = columns

    @property
    def needs(self) -> Needs:
        """`Trials` with the named columns."""
        return Needs(trials=True, columns=tuple(self.columns))

    def fit(self, X: Trials, y=None):
        """Learn the weights.

        Parameters
        ----------
        X : Trials
            With one signal and the columns.

        Raises
        ------
        DataError
            If no column is named, or a value of one is missing.
        """
        confounds = columns_of(X, self.columns, self)
        self.design_ = Design.of(confounds)
        features = _flat(X.X)
        features = features - features.mean(axis=0)
        self.weights_ = np.linalg.lstsq(self.design_.matrix(confounds), features, rcond=None)[0]
        return self

    def transform(self, X: Trials) -> np.ndarray:
        """Give the corrected trials.

        Returns
        -------
        X : ndarray, shape (n_trials, …)
            Axes and unit of the signal.
        """
        check_is_fitted(self)
        explained = self.design_.matrix(columns_of(X, self.columns, self)) @ self.weights_
        trials = X.X
        return trials - explained.reshape(trials.shape)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


def _flat(X: np.ndarray) -> np.ndarray:
    return X.reshape(len(X), -1)
