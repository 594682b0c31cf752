"""What fitted stages say of one window after the other."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.needs import Needs
from neurodecode.core.stages import stages_of, takes_rows_of_numbers
from neurodecode.core.updating import Updates, learning, updated

PROBE_SCALE = 2e-5  # volts, of EEG
ROUNDING = 1e-6  # of the largest answer: products of matrices of other sizes round otherwise


class Answering:
    """Fitted stages that are handed one window at a time.

    Parameters
    ----------
    stages : fitted scikit-learn estimator, or sequence of fitted stages
        A pipeline, a model of ours, or its stages, the predictor last. A last one that accumulates
        evidence (it has `stream`) is handed the probabilities of one window after the other.
    classes : sequence of str or None
        Names of the classes that the predictor tells by number; None where it tells names.
    shape : tuple of int
        Of a window, (n_channels, n_times), or with bands before.
    updates : {"", "unlabelled", "delayed_labels"}
        From what the experiment lets stages that can (`update`) go on learning. Labels do not come
        with a stream, so those that learn labels stay as they were fitted under
        ``delayed_labels``; the others learn from each window before it is answered.

    Raises
    ------
    ConfigError
        If they are not fitted, tell no classes, ask for more than a stream has, or answer a window
        otherwise among others than alone.
    """

    def __init__(
        self,
        stages: Any,
        classes: Sequence[str] | None,
        shape: tuple[int, ...],
        *,
        updates: Updates = "",
    ):
        self._fitted = fitted_stages(stages)
        self._learns, _ = learning(self._fitted, updates)
        self._still = (False,) * len(self._fitted)
        self._stages = self._fitted
        self._evidence: Any = None
        last = self._fitted[-1]
        if hasattr(last, "stream"):
            self._evidence = last.stream()
        self._flattens = takes_rows_of_numbers(self._fitted[0])
        methods = ("predict_proba", "decision_function")
        self._scoring = next((one for one in methods if hasattr(last, one)), None)
        known = np.asarray(last.classes_)
        self.classes = tuple(map(str, known if classes is None else classes))
        self._codes = None if classes is None else known.astype(np.int64)
        self._n_made = 0
        self._earlier: np.ndarray | None = None  # a window, until two have been compared
        noise = np.random.default_rng(0).normal(scale=PROBE_SCALE, size=(2, *shape))
        try:
            self._check_alone(noise)
            self._judged = True
        except DataError:  # what was trained on lies in fewer dimensions than noise does
            self._judged = False
        self.reset()

    @property
    def first(self) -> Any:
        """The stage that is handed windows."""
        return self._fitted[0]

    def skip_first(self) -> None:
        """Be handed what the first stage makes of windows, instead of windows."""
        self._n_made = 1

    def __call__(self, window: np.ndarray, time: float) -> tuple[np.ndarray | None, str]:
        """Give scores of all classes, and the name of the predicted one.

        Parameters
        ----------
        window : ndarray
            Of `shape`, or what the first stage makes of it.
        time : float
            When the window ends, in seconds.

        Raises
        ------
        ConfigError
            If it answers the window otherwise beside an earlier one than alone, where that could
            not be found out before there were windows.
        """
        if not self._judged:
            if self._earlier is not None:
                self._check_alone(np.stack([window, self._earlier]))
                self._judged = True
            self._earlier = None if self._judged else window
        X = self._through(self._stages, window[None], self._learns)
        if self._evidence is None:
            scores, said = self._said(X)
            found, code = None if scores is None else scores[0], said[0]
        else:
            code, found = self._evidence.push(X[0], time)
            found = self._of_all_classes(found[None])[0]
        return found, str(code) if self._codes is None else self.classes[int(code)]

    def begin(self) -> None:
        """Forget evidence: what comes does not follow what has come. What was learnt stays."""
        if self._evidence is not None:
            self._evidence.reset()

    def reset(self) -> None:
        """Forget evidence and what was learnt since the fit."""
        self.begin()
        if any(self._learns):
            self._stages = copy.deepcopy(self._fitted)  # the fitted ones are the caller's

    def state_dict(self) -> dict[str, Any]:
        """Give a copy of what is remembered: evidence, and stages that went on learning."""
        evidence = None if self._evidence is None else copy.deepcopy(self._evidence.state_dict())
        return {
            "evidence": evidence,
            "stages": copy.deepcopy(self._stages) if any(self._learns) else None,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        if self._evidence is not None:
            self._evidence.load_state_dict(copy.deepcopy(state["evidence"]))
        if any(self._learns):
            self._stages = copy.deepcopy(state["stages"])

    def _through(self, stages: Sequence[Any], X: np.ndarray, learns: Sequence[bool]) -> Any:
        """Give what the last stage is handed; those that learn do so on the way."""
        n_made = self._n_made
        if self._flattens and n_made == 0:
            X = X.reshape(len(X), -1)
        return updated(stages[n_made:], X, learns[n_made:])

    def _said(self, X: Any) -> tuple[np.ndarray | None, np.ndarray]:
        """Scores and classes that the last stage tells."""
        last = self._stages[-1]
        said = np.asarray(last.predict(X))
        if self._scoring is None:
            return None, said
        found = np.asarray(getattr(last, self._scoring)(X), dtype=np.float64)
        if found.ndim == 1:  # of two classes there may be the second one's margin alone
            found = np.stack([-found, found], axis=-1)
        return self._of_all_classes(found), said

    def _of_all_classes(self, found: np.ndarray) -> np.ndarray:
        if self._codes is None:
            return found
        scores = np.zeros((len(found), len(self.classes)))
        scores[:, self._codes] = found
        return scores

    def _check_alone(self, windows: np.ndarray) -> None:
        """Refuse what looks at the other windows that it is handed: a stream has one."""
        together, alone = (self._probed(one) for one in (windows, windows[:1]))
        size = np.max(np.abs(together), initial=0)
        if not np.allclose(together[:1], alone, rtol=ROUNDING, atol=ROUNDING * size):
            raise ConfigError(
                f"{type(self._fitted[-1]).__name__}: it answers a window among others otherwise "
                "than alone, so a step uses statistics of what is tested, or draws at random, and "
                "of a stream the other windows are still to come. Fit that step to training "
                "trials."
            )

    def _probed(self, windows: np.ndarray) -> np.ndarray:
        """Give what is said of windows, as numbers."""
        X = self._through(self._fitted, windows, self._still)
        if self._evidence is not None:
            return np.asarray(X)
        scores, said = self._said(X)
        if scores is not None:
            return scores
        return (said[:, None] == np.asarray(self._fitted[-1].classes_)).astype(np.float64)


def fitted_stages(
    stages: Any, *, classes: bool = True, known: tuple[str, ...] | None = None
) -> list[Any]:
    """Give the fitted stages of a pipeline, of a model of ours, or of a list of them.

    Parameters
    ----------
    stages : fitted scikit-learn estimator, or sequence of fitted stages
    classes : bool
        Whether the last one must tell classes.
    known : tuple of str or None
        Columns that are known of every window, where stages are handed trials; None: they are
        handed arrays.

    Raises
    ------
    ConfigError
        If one is not fitted, the last tells no classes, or one asks for what a stream has not.
    """
    if not isinstance(stages, list | tuple):
        stages = getattr(stages, "stages_", None) or stages_of(stages)
    for stage in stages:
        name = type(stage).__name__
        needs = getattr(stage, "needs", None)
        evidence = stage is stages[-1] and hasattr(stage, "stream")
        if isinstance(needs, Needs) and not (needs.rowless or evidence):
            lacking = ", ".join(one for one in needs.columns if one not in (known or ()))
            lacking = lacking or ("trials" if needs.trials and known is None else "")
            if lacking or needs.signals != 1:
                raise ConfigError(
                    f"{name}: it asks for {lacking or 'other than one signal'}, which a stream "
                    "does not have. Serve a model of the signal alone."
                )
        try:
            check_is_fitted(stage)
        except NotFittedError as error:
            raise ConfigError(
                f"{name}: it is not fitted. Fit the decoder, or serve one that was kept."
            ) from error
    if classes and not hasattr(stages[-1], "classes_"):
        raise ConfigError(
            f"{type(stages[-1]).__name__}: it tells no classes, and a stream is told by class. "
            "Serve a classifier."
        )
    return list(stages)
