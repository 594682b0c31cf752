"""What the label before gives away."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.core.trials import Trials
from neurodecode.models.baseline._tags import of_trials


class History(ClassifierMixin, BaseEstimator):
    """Answer with the training frequencies of the label, given the label of the event before.

    The event before is the last earlier one of the same run that has one of the task's labels,
    whether or not it became a trial; where trials come in blocks, the block before. A first trial,
    or one after a label that training never saw before another, gets the training prior.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    prior_ : ndarray, shape (n_classes,)
    after_ : dict of str to ndarray
        Label before to the frequencies of what follows.
    """

    needs = Needs(trials=True, signals=0, columns=("previous",))
    version: ClassVar[int] = 1

    def fit(self, X: Trials, y):
        """Count what follows what; `X` holds the column `previous`."""
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.prior_ = np.bincount(codes) / len(codes)
        before = X.rows["previous"]
        self.after_ = {}
        for label in {one for one in before if one is not None}:
            counts = np.bincount(codes[before == label], minlength=len(self.classes_))
            self.after_[label] = counts / counts.sum()
        return self

    def predict(self, X: Trials):
        check_is_fitted(self)
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]

    def predict_proba(self, X: Trials):
        check_is_fitted(self)
        before = X.rows["previous"]
        return np.array([self.after_.get(label, self.prior_) for label in before])

    def __sklearn_tags__(self):
        return of_trials(super().__sklearn_tags__())
