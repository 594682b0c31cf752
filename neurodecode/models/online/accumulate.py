"""Evidence over successive windows, and when it is enough to act."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.decisions import candidates, held, stretches
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.needs import Needs
from neurodecode.core.timeline import AT_ONCE
from neurodecode.core.trials import Trials
from neurodecode.models.online._evidence import Evidence, averaged


class Accumulate(ClassifierMixin, BaseEstimator):
    """Decide from the probabilities of successive windows: average, threshold, dwell, pause.

    The last stage of a decoder of sliding windows, behind one that gives probabilities; see
    `neurodecode.models.online.accumulated`. Each decision uses its window and earlier ones of the
    same recording, never later ones. It learns no more than how far windows lie apart, so nothing
    is gained by probabilities of rows that a classifier was fitted on; its arguments are to be
    chosen on inner folds (``tune``), where the classifier has not seen what is decided.

    Parameters
    ----------
    average : int
        Windows whose log-probabilities are averaged, the last one among them.
    threshold : float
        Least averaged probability of the most probable task; below it, idle is decided.
    dwell : int
        Windows in a row that must say the same task before it is decided.
    refractory : float
        Seconds from the beginning of one task that was decided to that of the next, at least.
    idle : int
        Class of no task: its place among the target's classes, from 0.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    hop_ : float
        Seconds between windows in training. Where windows lie half as far again apart, as across
        what was marked bad, evidence begins anew.
    """

    version: ClassVar[int] = 1
    needs = Needs(trials=True, axes=("class",), columns=("recording", "stop"), sequential=True)

    def __init__(
        self,
        average: int = 1,
        threshold: float = 0.5,
        dwell: int = 1,
        refractory: float = 0.0,
        idle: int = 0,
    ):
        self.average = average
        self.threshold = threshold
        self.dwell = dwell
        self.refractory = refractory
        self.idle = idle

    def fit(self, X: Trials, y):
        """Learn the classes, and how far windows lie apart.

        Parameters
        ----------
        X : Trials
            Probabilities, (n_trials, n_classes) with the classes of `y` in their order; columns
            ``recording`` and ``stop``.
        y : ndarray of int, shape (n_trials,)
        """
        self._check()
        self.classes_ = np.unique(y)
        _probabilities(X, len(self.classes_))
        recording, stop = X.rows.codes("recording"), X.rows["stop"].astype(np.float64)
        order = np.lexsort((stop, recording))
        step = np.diff(stop[order])[np.diff(recording[order]) == 0]
        step = step[step > AT_ONCE]
        self.hop_ = float(np.median(step)) if len(step) else float("nan")
        return self

    def predict(self, X: Trials):
        """Give the class that is decided at each window, shape (n_trials,)."""
        mean, several = self._averaged(X)
        stop = X.rows["stop"].astype(np.float64)
        decision = np.full(len(mean), self.idle)
        for mine in several:
            decision[mine] = held(
                candidates(mean[mine], self.threshold, self.classes_, self.idle),
                stop[mine],
                idle=self.idle,
                dwell=self.dwell,
                refractory=self.refractory,
            )
        return decision

    def predict_proba(self, X: Trials):
        """Give the averaged probabilities that it decides by, shape (n_trials, n_classes)."""
        return self._averaged(X)[0]

    def stream(self) -> Evidence:
        """Give the state of a stream, to push one window's probabilities after the other."""
        check_is_fitted(self)
        return Evidence(
            self.classes_,
            average=self.average,
            threshold=self.threshold,
            dwell=self.dwell,
            refractory=self.refractory,
            idle=self.idle,
            hop=self.hop_,
        )

    @property
    def decides(self) -> dict[str, float]:
        """How it waits before it acts and after it did: an operating curve keeps both."""
        return {"dwell": self.dwell, "refractory": self.refractory}

    def _averaged(self, X: Trials) -> tuple[np.ndarray, list[np.ndarray]]:
        """Averaged probabilities, and the rows of each stretch in the order of time."""
        check_is_fitted(self)
        probabilities = _probabilities(X, len(self.classes_))
        recording, stop = X.rows.codes("recording"), X.rows["stop"].astype(np.float64)
        order = np.lexsort((stop, recording))
        begins = stretches(recording[order], stop[order], self.hop_)
        several = np.split(order, begins[1:]) if len(order) else []
        mean = np.empty_like(probabilities)
        for mine in several:
            mean[mine] = averaged(probabilities[mine], self.average)
        return mean, several

    def _check(self) -> None:
        for name, least in (("average", 1), ("dwell", 1)):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or value < least:
                raise ConfigError(f"{name} is {value!r}: give a whole number of windows, 1 or more")
        if not 0 <= self.threshold <= 1:
            raise ConfigError(f"threshold is {self.threshold!r}: give a probability, 0 to 1")
        if not 0 <= self.refractory < np.inf:
            raise ConfigError(f"refractory is {self.refractory!r}: give seconds, 0 or more")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # it is handed `Trials`
        return tags


def _probabilities(X: Trials, n_classes: int) -> np.ndarray:
    found = np.asarray(X.X, dtype=np.float64)
    if found.ndim != 2 or found.shape[1] != n_classes:
        raise DataError(
            f"online.accumulate takes probabilities of {n_classes} classes, one row a window, and "
            f"was handed {found.shape}. Put it behind a classifier: accumulated(model)."
        )
    return found
