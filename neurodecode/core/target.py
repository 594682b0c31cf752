"""`Target`: what is to be told from, or told of, the signals."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.rows import Rows

if TYPE_CHECKING:
    from neurodecode.core.trials import Trials

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
        signals of the same `Trials`; ``none`` is nothing: models learn how trials are.
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

    def y(self, trials: "Trials") -> np.ndarray:
        """Give the truth of `trials`.

        Returns
        -------
        y : ndarray
            Codes, shape (n_trials,), -1 unknown; floats, shape (n_trials,), NaN unknown; or the
            target signal's array, shape (n_trials, n) or (n_trials, n, n_times). Of no target,
            zeros.
        """
        if self.kind == NOTHING:
            return np.zeros(len(trials))
        if self.kind in _COLUMNS:
            return self.column_values(trials.rows)
        if self.signal not in trials.signals:
            raise DataError(
                f"target: no signal {self.signal!r}; there are: {', '.join(trials.signals)}."
            )
        return trials.array(self.signal)

    def known(self, y: np.ndarray) -> np.ndarray:
        """Mask of the rows whose truth is known."""
        if self.kind == "label":
            return y >= 0
        return np.logical_and.reduce(np.isfinite(y.reshape(len(y), -1)), axis=1)


def _numbers(rows: Rows, column: str) -> np.ndarray:
    values = rows[column]
    try:
        return values.astype(np.float64)
    except ValueError as error:
        raise DataError(
            f"target: column {column!r} holds what is no number ({error}). Name another column as "
            "value, or this one as label."
        ) from None
