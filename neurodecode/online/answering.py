"""What fitted stages say of one window."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.core.stages import stages_of, takes_rows_of_numbers

_PROBE_SCALE = 2e-5  # volts, of EEG
_ROUNDING = 1e-6  # of the largest answer: products of matrices of other sizes round otherwise


class Answering:
    """Fitted stages that are handed one window at a time.

    Parameters
    ----------
    stages : fitted scikit-learn estimator, or sequence of fitted stages
        A pipeline, a model of ours, or its stages, the predictor last.
    classes : sequence of str or None
        Names of the classes that the predictor tells by number; None where it tells names.
    shape : tuple of int
        Of a window, (n_channels, n_times), or with bands before.

    Raises
    ------
    ConfigError
        If they are not fitted, tell no classes, ask for more than a stream has, or answer a window
        otherwise among others than alone.
    """

    def __init__(self, stages: Any, classes: Sequence[str] | None, shape: tuple[int, ...]):
        self._stages = fitted_stages(stages)
        self._flattens = takes_rows_of_numbers(self._stages[0])
        last = self._stages[-1]
        methods = ("predict_proba", "decision_function")
        self._scoring = next((one for one in methods if hasattr(last, one)), None)
        known = np.asarray(last.classes_)
        if classes is None:
            self.classes, self._codes = tuple(map(str, known)), None
        else:
            self.classes, self._codes = tuple(classes), known.astype(np.int64)
        self._check_alone(shape)

    def __call__(self, window: np.ndarray) -> tuple[np.ndarray | None, str]:
        """Give scores of all classes, and the name of the predicted one, for one window."""
        scores, said = self._said(window[None])
        label = str(said[0]) if self._codes is None else self.classes[int(said[0])]
        return None if scores is None else scores[0], label

    def _said(self, windows: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
        X = self._handed(windows)
        for stage in self._stages[:-1]:
            X = stage.transform(X)
        last = self._stages[-1]
        said = np.asarray(last.predict(X))
        if self._scoring is None:
            return None, said
        found = np.asarray(getattr(last, self._scoring)(X), dtype=np.float64)
        if found.ndim == 1:  # of two classes there may be the second one's margin alone
            found = np.stack([-found, found], axis=-1)
        if self._codes is None:
            return found, said
        scores = np.zeros((len(windows), len(self.classes)))
        scores[:, self._codes] = found
        return scores, said

    def _handed(self, windows: np.ndarray) -> Any:
        return windows.reshape(len(windows), -1) if self._flattens else windows

    def _check_alone(self, shape: tuple[int, ...]) -> None:
        """Refuse what looks at the other windows that it is handed: a stream has one."""
        noise = np.random.default_rng(0).normal(scale=_PROBE_SCALE, size=(3, *shape))
        together, alone = self._said(noise), self._said(noise[:1])
        differs = not np.array_equal(together[1][:1], alone[1])
        if together[0] is not None and alone[0] is not None:
            size = np.max(np.abs(together[0]), initial=0)
            close = np.isclose(together[0][:1], alone[0], rtol=_ROUNDING, atol=_ROUNDING * size)
            differs = not close.all()
        if differs:
            raise ConfigError(
                f"{type(self._stages[-1]).__name__}: it answers a window among others otherwise "
                "than alone, so a step uses statistics of what is tested, or draws at random, and "
                "of a stream the other windows are still to come. Fit that step to training "
                "trials."
            )


def fitted_stages(stages: Any) -> list[Any]:
    """Give the fitted stages of a pipeline, of a model of ours, or of a list of them.

    Raises
    ------
    ConfigError
        If one is not fitted, the last tells no classes, or one asks for columns of trials.
    """
    if not isinstance(stages, list | tuple):
        stages = getattr(stages, "stages_", None) or stages_of(stages)
    for stage in stages:
        name = type(stage).__name__
        needs = getattr(stage, "needs", None)
        if isinstance(needs, Needs) and (needs.trials or needs.signals != 1):
            asked = ", ".join(needs.columns) or "other than one signal"
            raise ConfigError(
                f"{name}: it asks for {asked} of the trials, which a stream does not have. Serve "
                "a model of the signal alone."
            )
        try:
            check_is_fitted(stage)
        except NotFittedError as error:
            raise ConfigError(
                f"{name}: it is not fitted. Fit the decoder, or serve one that was kept."
            ) from error
    if not hasattr(stages[-1], "classes_"):
        raise ConfigError(
            f"{type(stages[-1]).__name__}: it tells no classes, and a stream is told by class. "
            "Serve a classifier."
        )
    return list(stages)
