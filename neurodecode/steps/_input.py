"""What steps are handed, held to the axes that they take."""

from numbers import Integral
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.trials import Trials


def trials_of(X: Any, axes: tuple[str, ...], step: object) -> np.ndarray:
    """Give trials as an array of the axes that a step takes.

    Parameters
    ----------
    X : array-like, shape (n_trials, …)
    axes : tuple of str
        Axes of one trial.
    step : object
        Whose input it is; named in the error.

    Raises
    ------
    DataError
        If the array has other than one axis of trials and those of `axes`.
    """
    X = np.asarray(X)
    if X.ndim != 1 + len(axes):
        raise DataError(
            f"{type(step).__name__} takes trials of {' × '.join(axes)}, and was handed an array of "
            f"shape {X.shape}. Look at the step before it."
        )
    return X


def each_trial(X: Any, axes: tuple[str, ...], step: object) -> list[np.ndarray]:
    """Give trials that may differ in length, one array each, of the axes that a step takes.

    Parameters
    ----------
    X : array-like, shape (n_trials, …), or sequence of ndarray
    axes : tuple of str
        Axes of one trial, time last.
    step : object
        Whose input it is; named in the error.

    Raises
    ------
    DataError
        If a trial has other axes, or no sample.
    """
    trials = [np.asarray(one, dtype=np.float64) for one in X]
    for one in trials:
        if one.ndim != len(axes) or one.shape[-1] == 0:
            raise DataError(
                f"{type(step).__name__} takes trials of {' × '.join(axes)}, and was handed one of "
                f"shape {one.shape}. Look at the step before it, and at windows."
            )
    return trials


def columns_of(trials: Any, names: tuple[str, ...], who: object) -> dict[str, np.ndarray]:
    """Give columns of the rows that a step or model is handed.

    Parameters
    ----------
    trials : Trials
    names : tuple of str
    who : object
        Who reads them; named in the error.

    Raises
    ------
    DataError
        If it was handed no `Trials`, or a column is lacking.
    """
    if not isinstance(trials, Trials):
        raise DataError(
            f"{type(who).__name__} reads columns of the rows, and was handed "
            f"{type(trials).__name__}, which has none. Hand it Trials; an experiment does."
        )
    return {name: trials.rows[name] for name in names}


def check_count(value: Any, name: str, step: object) -> None:
    """Hold an argument to a whole number from 1 on.

    Raises
    ------
    ConfigError
        If it is none.
    """
    if not isinstance(value, Integral) or value < 1:
        raise ConfigError(
            f"{type(step).__name__}: {name} is {value!r}. Give a whole number, 1 or more."
        )


def three_dimensional(tags: Any) -> Any:
    """Tags of an estimator of trials of channels by time, or of matrices."""
    tags.input_tags.three_d_array = True
    tags.input_tags.two_d_array = False
    return tags
