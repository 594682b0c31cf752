"""Banded ridge whose bands have names in the data: signals, or kinds of columns of one signal."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.core.parts import TrialSignal
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.models.encode import _inner
from neurodecode.models.encode._banded import WHO, Banded
from neurodecode.steps._series import COLUMNS
from neurodecode.steps.delays import Delays, check_reach
from neurodecode.steps.scale import Scale


class NamedBands(Banded):
    """Ridge regression with a penalty a named band; each is delayed and scaled by itself.

    Arguments and references as `encode.banded_ridge`, whose `bands` are names of signals; or None:
    those that the columns of the one signal are of.

    Attributes
    ----------
    made_ : dict of str to list
        Of each band, the fitted steps that make its columns.
    sizes_ : dict of str to int
        Columns of each band, at all of its delays.
    """

    version: ClassVar[int] = 2

    @property
    def needs(self) -> Needs:  # pyright: ignore[reportIncompatibleVariableOverride]
        """`Trials` with the named signals, and when their rows were where these are delayed."""
        delayed = bool(self._any_delay())
        return Needs(
            trials=True,
            signals=1 if self.bands is None else tuple(self.bands),
            axes=("feature",) if self.bands is None else None,
            columns=COLUMNS if delayed else (),
            sequential=delayed,
            targets=("brain", "vector", "value"),
            training_columns=_inner.COLUMNS,
            training_columns_if_there=_inner.IF_THERE,
        )

    def check_space(self, space: Space) -> None:
        """Hold features to naming the bands of their columns, which `plan` does before any is read.

        Raises
        ------
        ConfigError
            If they name none, or delays are named for others.
        """
        if len(space) == 0:  # they are not computed yet
            return
        if not space.types or not all(space.types):
            raise ConfigError(
                f"{WHO}: bands are not said, and these features do not say of which band each "
                "column is. Give names and numbers of features, as in bands: {low: 20, high: 40}, "
                "or names of signals."
            )
        self.check_delays(space.types)

    def check_apart(self, train: pd.DataFrame, test: pd.DataFrame) -> None:
        """Hold training rows to lying farther from tested ones than delays reach, as `Delays`."""
        if self._any_delay():
            check_reach(self.union, train, test)

    def fit(self, X: Trials, y, rows: pd.DataFrame | None = None):
        """Fit on trials of the named signals; as `encode.ridge`."""
        if not isinstance(X, Trials):
            raise ConfigError(
                f"{WHO}: bands are {self.bands}, and it was handed an array, which names none. "
                "Give names and numbers of features, as in bands: {low: 20, high: 40}, or Trials."
            )
        self.made_: dict[str, list[Any]] = {}
        several = []
        for name in self._names(X):
            delays = self._delays_of(name)
            delayed = delays is None or len(delays) > 0
            self.made_[name] = [Delays(delays), Scale()] if delayed else [Scale()]
            made: Any = self._alone(X, name, delayed=delayed)
            for step in self.made_[name]:
                made = step.fit(made).transform(made)
            several.append(made)
        widths = (one.shape[1] for one in several)
        self.sizes_ = dict(zip(self.made_, widths, strict=True))
        return super().fit(np.concatenate(several, axis=1), y, rows)

    def predict(self, X):
        """Tell targets, shape (n_rows, n_targets), or (n_rows,) where one was learnt as such."""
        return super().predict(self._joined(X))

    def by_band(self, X: Any) -> dict[str, np.ndarray]:
        """Tell what each band adds to the mean of the training targets, as `predict` is shaped."""
        return super().by_band(self._joined(X))

    def without_band(self, X: Any) -> dict[str, np.ndarray]:
        """Tell targets without each band, as `predict` is shaped; empty unless `drop_one`."""
        return super().without_band(self._joined(X)) if self.drop_one else {}

    def _joined(self, X: Trials) -> np.ndarray:
        several = []
        for name, steps in self.made_.items():
            made: Any = self._alone(X, name, delayed=len(steps) > 1)
            for step in steps:
                made = step.transform(made)
            several.append(made)
        return np.concatenate(several, axis=1)

    def _names(self, X: Trials) -> tuple[str, ...]:
        if self.bands is not None:
            return tuple(self.bands)
        for part in X.signal().used():
            self.check_space(part.space)
        return tuple(dict.fromkeys(X.signal().used()[0].space.types))

    def _alone(self, X: Trials, name: str, *, delayed: bool) -> Any:
        """Give trials of one band, or its numbers where nothing is asked of their rows."""
        signal = X.signal() if self.bands is None else X.signals[name]
        alone = Trials(X.rows, {name: _of_band(signal, name) if self.bands is None else signal})
        return alone if delayed else alone.array(name).reshape(len(X), -1)

    def _sizes(self) -> Mapping[str, int]:
        return getattr(self, "sizes_", dict.fromkeys(self.bands or (), 1))

    def _bands(self, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
        band = np.repeat(np.arange(len(self.sizes_)), list(self.sizes_.values()))
        return band, np.ones(n_columns, dtype=bool)

    def _delays_of(self, name: str) -> tuple[int, ...] | None:
        return self.delays[name] if isinstance(self.delays, Mapping) else self.delays

    def _any_delay(self) -> bool:
        return self.union is None or len(self.union) > 0


def _of_band(signal: TrialSignal, band: str) -> TrialSignal:
    """Give the columns of one band, of entries of one axis."""
    parts = []
    for part in signal.parts:
        mine = np.flatnonzero(np.array(part.space.types) == band)
        own, space = np.asarray(part.open())[:, mine], replace(part.space.take(mine), shape=())
        parts.append(replace(part, source=own, space=space))
    return replace(signal, parts=tuple(parts))
