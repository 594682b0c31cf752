"""What the time of a trial gives away."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.core.trials import Trials
from neurodecode.models.baseline._tags import of_trials

_NEIGHBOURS = (1, 5, 15)
_N_INNER = 5


class Clock(ClassifierMixin, BaseEstimator):
    """Tell the label from a trial's position and onset in its run, by nearest neighbours.

    It sees no brain: what it reaches is what the order of the recording gives away. The number of
    neighbours (1, 5 or 15) is chosen by inner folds of the training rows, stratified and drawn
    with a fixed seed, so that every position in the run is in each of them.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    n_neighbors_ : int
    """

    needs = Needs(trials=True, signals=0, columns=("position", "onset"))
    version: ClassVar[int] = 1

    def fit(self, X: Trials, y):
        """Learn when which label comes; `X` holds the columns `position` and `onset`."""
        times = _times(X)
        n_inner = int(min(_N_INNER, np.bincount(y)[np.unique(y)].min()))
        estimator = make_pipeline(StandardScaler(), KNeighborsClassifier())
        smallest = len(y) - -(-len(y) // max(n_inner, 2))
        choices = [k for k in _NEIGHBOURS if k <= smallest] or [1]
        if n_inner < 2 or len(choices) == 1:
            self.estimator_ = estimator.set_params(kneighborsclassifier__n_neighbors=choices[0])
            self.estimator_.fit(times, y)
            self.n_neighbors_ = choices[0]
        else:
            folds = StratifiedKFold(n_inner, shuffle=True, random_state=0)
            grid = {"kneighborsclassifier__n_neighbors": choices}
            search = GridSearchCV(estimator, grid, cv=folds, scoring="balanced_accuracy").fit(
                times, y
            )
            self.estimator_ = search.best_estimator_
            self.n_neighbors_ = search.best_params_["kneighborsclassifier__n_neighbors"]
        self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: Trials):
        check_is_fitted(self)
        return self.estimator_.predict(_times(X))

    def predict_proba(self, X: Trials):
        check_is_fitted(self)
        return self.estimator_.predict_proba(_times(X))

    def __sklearn_tags__(self):
        return of_trials(super().__sklearn_tags__())


def _times(trials: Trials) -> np.ndarray:
    position, onset = (trials.rows[name].astype(np.float64) for name in ("position", "onset"))
    # Files of epochs may have lost their times; the order is always known.
    return np.column_stack([position, np.where(np.isnan(onset), position, onset)])
