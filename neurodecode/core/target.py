"""`Target`: what is to be told from, or told of, the signals."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodecode.core.entries import Entries
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.pictures import check_pictures
from neurodecode.core.rows import Rows
from neurodecode.core.trials import Trials
from neurodecode.core.truth import BrainTruth, Truth, known_rows

Kind = Literal["label", "value", "vector", "series", "picture", "text", "brain", "none"]
_COLUMNS = ("label", "value")
NOTHING = "none"  # kind of a target where models learn how trials are, and are told nothing


@dataclass(frozen=True)
class Target:
    """What a model learns to tell.

    Parameters
    ----------
    kind : str
        ``label`` and ``value`` are columns of the rows; ``vector series picture text brain`` are
        signals of the same `Trials`. A ``series`` runs along with the recording. ``none`` is
        nothing: models learn how trials are.
    column : str
        The column, for label and value.
    signal : str
        The signal, for the others.
    classes : tuple of str
        For labels: all classes, in the order of their codes.
    """

    kind: Kind
    column: str = ""
    signal: str = ""
    classes: tuple[str, ...] = ()

    def __post_init__(self):
        if self.kind in _COLUMNS and not self.column:
            raise ConfigError(f"target: a {self.kind} needs the column that holds it.")
        if self.kind not in (*_COLUMNS, NOTHING) and not self.signal:
            raise ConfigError(f"target: a {self.kind} needs the signal that holds it.")
        if self.kind == "label" and len(set(self.classes)) < 2:
            raise ConfigError(f"target: classes {self.classes} are fewer than two.")

    def column_values(self, rows: Rows) -> np.ndarray:
        """Codes in the order of `classes` (-1 unknown), or floats (NaN unknown), one a row.

        Raises
        ------
        DataError
            If there is no such column, or values are asked of one that holds text.
        """
        if self.column not in rows:
            raise DataError(
                f"target: no column {self.column!r}; there are: {', '.join(rows.columns)}."
            )
        if self.kind == "value":
            return _numbers(rows, self.column)
        codes = {name: code for code, name in enumerate(self.classes)}
        return np.array([codes.get(value, -1) for value in rows[self.column]], dtype=np.int64)

    @property
    def n_axes(self) -> int:
        """Axes of the truth, that of rows among them."""
        return n_axes(self.kind)

    def y(self, trials: Trials) -> Truth:
        """Give the truth of `trials`.

        Returns
        -------
        y : ndarray, Entries or BrainTruth
            Codes, shape (n_trials,), -1 unknown; floats, shape (n_trials,), NaN unknown; vectors,
            shape (n_trials, n), which are read when they are asked for; series, shape (n_trials, n,
            n_times); pictures, float32 of shape (n_trials, height, width, channels), from 0 to 1; a
            brain gives arrays of shape (n_trials, n) for rows of one space. Of no target, zeros.

        Raises
        ------
        DataError
            If there is no such signal, or what it holds is no picture where one is asked for.
        """
        if self.kind == NOTHING:
            return np.zeros(len(trials))
        if self.kind in _COLUMNS:
            return self.column_values(trials.rows)
        if self.signal not in trials.signals:
            raise DataError(
                f"target: no signal {self.signal!r}; there are: {', '.join(trials.signals)}."
            )
        if self.kind == "brain":
            told = {self.signal: trials.signals[self.signal]}
            return BrainTruth(Trials(trials.rows, told))
        if self.kind == "picture":
            return self._pictures(trials)
        signal = trials.signals[self.signal]
        if self.kind == "vector" and len(trials) and (signal.length < 0).all():
            trials.check_alike(self.signal)
            return Entries.of_signal(signal).flat
        return trials.array(self.signal)

    def _pictures(self, trials: Trials) -> np.ndarray:
        where, signal = f"target: {self.signal}", trials.signals[self.signal]
        if len(trials) and np.any(signal.length >= 0):
            raise DataError(f"{where} runs along with the recording, and is no picture a trial.")
        if len(trials) == 0:
            return check_pictures(trials.array(self.signal), where)
        trials.check_alike(self.signal)
        pictures = Entries.of_signal(signal)
        # Bytes are 0 to 255, and told from floats by their type.
        precision = np.float32 if pictures.dtype.kind == "f" else None
        return check_pictures(np.asarray(pictures, precision), where)

    def known(self, y: Truth) -> np.ndarray:
        """Mask of the rows whose truth is known."""
        return known_rows(y, self.kind)


def n_axes(kind: str) -> int:
    """Axes of truth and predictions of a kind of target, that of rows among them."""
    return {"vector": 2, "brain": 2, "series": 3, "picture": 4}.get(kind, 1)


def _numbers(rows: Rows, column: str) -> np.ndarray:
    values = rows[column]
    try:
        return values.astype(np.float64)
    except ValueError as error:
        raise DataError(
            f"target: column {column!r} holds what is no number ({error}). Name another column as "
            "value, or this one as label."
        ) from None
