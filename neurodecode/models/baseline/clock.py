"""What the time of a trial gives away."""

import itertools
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.core.trials import Trials
from neurodecode.models.baseline._tags import of_trials

_NEIGHBOURS = (1, 5, 15)
_N_INNER = 5
_COMPARED = ((0,), (1,), (0, 1))  # position, onset, both


class Clock(ClassifierMixin, BaseEstimator):
    """Tell the label from a trial's position and onset in its run, by nearest neighbours.

    It sees no brain: what it reaches is what the order of the recording gives away. Whether
    position, onset or both are compared, and with how many neighbours (1, 5 or 15), is chosen by
    inner folds of the training rows: recordings are left out where there are several, so that an
    order which they share is found; else rows are, stratified and drawn with a fixed seed. Where
    nothing does better than the prior, as where labels alternate within the one recording, the
    nearest position answers.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    n_neighbors_ : int
    compared_ : tuple of int
        Columns of (position, onset).
    """

    needs = Needs(trials=True, signals=0, columns=("position", "onset", "recording"))
    version: ClassVar[int] = 2

    def fit(self, X: Trials, y):
        """Learn when which label comes; `X` has the columns `position`, `onset`, `recording`."""
        times = _times(X)
        self.compared_, self.n_neighbors_ = _chosen(times, y, X.rows.codes("recording"))
        self.estimator_ = _neighbours(self.n_neighbors_).fit(times[:, self.compared_], y)
        self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: Trials):
        check_is_fitted(self)
        return self.estimator_.predict(_times(X)[:, self.compared_])

    def predict_proba(self, X: Trials):
        check_is_fitted(self)
        return self.estimator_.predict_proba(_times(X)[:, self.compared_])

    def __sklearn_tags__(self):
        return of_trials(super().__sklearn_tags__())


def _neighbours(k: int) -> Any:
    return make_pipeline(StandardScaler(), KNeighborsClassifier(k))


def _chosen(
    times: np.ndarray, y: np.ndarray, recordings: np.ndarray
) -> tuple[tuple[int, ...], int]:
    """Give the columns and the number of neighbours that inner folds favour."""
    classes, counts = np.unique(y, return_counts=True)
    n_recordings = len(np.unique(recordings))
    splitter: Any
    if n_recordings > 1:
        splitter = GroupKFold(min(_N_INNER, n_recordings))
    elif counts.min() > 1:
        n_inner = int(min(_N_INNER, counts.min()))
        splitter = StratifiedKFold(n_inner, shuffle=True, random_state=0)
    else:
        return _COMPARED[0], 1
    best, chosen = 1 / len(classes), (_COMPARED[0], 1)
    groups = recordings if n_recordings > 1 else None
    folds = list(splitter.split(times, y, groups))
    smallest = min(len(train) for train, _ in folds)
    for compared, k in itertools.product(_COMPARED, [k for k in _NEIGHBOURS if k <= smallest]):
        X = times[:, compared]
        said = [
            balanced_accuracy_score(
                y[test], _neighbours(k).fit(X[train], y[train]).predict(X[test])
            )
            for train, test in folds
        ]
        if np.mean(said) > best:
            best, chosen = float(np.mean(said)), (compared, k)
    return chosen


def _times(trials: Trials) -> np.ndarray:
    position, onset = (trials.rows[name].astype(np.float64) for name in ("position", "onset"))
    # Files of epochs may have lost their times; the order is always known.
    return np.column_stack([position, np.where(np.isnan(onset), position, onset)])
