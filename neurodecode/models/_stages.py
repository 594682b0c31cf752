"""What models made of stages share."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.core.stages import fit_stages, fit_transform, through
from neurodecode.steps._input import three_dimensional


class Staged(ClassifierMixin, BaseEstimator):
    """A classifier of trials that is its `stages`, one behind the other.

    The harness fits and shares the stages one by one; these methods are for use without it.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    stages_ : list
        The fitted stages, the predictor last.
    """

    stages_: list[Any]
    classes_: np.ndarray

    def stages(self) -> list[Any]:
        """Give the unfitted stages, the predictor last."""
        raise NotImplementedError

    def fit(self, X, y):
        """Fit on trials of shape (n_trials, …), as the first stage takes them."""
        self.stages_ = fit_stages(self.stages(), X, y)
        self.classes_ = self.stages_[-1].classes_
        return self

    def predict(self, X):
        """Give class codes, shape (n_trials,)."""
        check_is_fitted(self)
        return self.stages_[-1].predict(through(self.stages_, X))

    def predict_proba(self, X):
        """Give probabilities, shape (n_trials, n_classes)."""
        check_is_fitted(self)
        return self.stages_[-1].predict_proba(through(self.stages_, X))

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())


class StagedRegressor(RegressorMixin, BaseEstimator):
    """A regressor that is its `stages`, the last of which may be told of its rows; as `Staged`.

    Attributes
    ----------
    stages_ : list
        The fitted stages, the predictor last.
    """

    stages_: list[Any]

    def stages(self) -> list[Any]:
        """Give the unfitted stages, the predictor last."""
        raise NotImplementedError

    @property
    def needs(self) -> Needs:
        """What its first stage asks for, and the targets and rows that its last does."""
        first, last = (self.stages()[i].needs for i in (0, -1))
        return replace(
            first,
            targets=last.targets,
            training_columns=last.training_columns,
            training_columns_if_there=last.training_columns_if_there,
        )

    def fit(self, X, y, rows: pd.DataFrame | None = None):
        """Fit on trials as the first stage takes them.

        Parameters
        ----------
        X : Trials or ndarray, shape (n_trials, …)
        y : ndarray, shape (n_trials,) or (n_trials, n_targets)
        rows : DataFrame, optional
            Columns of the trials that the last stage asks for.
        """
        *leading, last = self.stages()
        for stage in leading:
            X = fit_transform(stage, X, y)
        last.fit(X, y) if rows is None else last.fit(X, y, rows=rows)
        self.stages_ = [*leading, last]
        return self

    def predict(self, X):
        """Tell targets, shape (n_trials, n_targets) or (n_trials,), as they were learnt."""
        check_is_fitted(self)
        return self.stages_[-1].predict(through(self.stages_, X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.input_tags.two_d_array = False
        return tags
