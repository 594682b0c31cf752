"""Banded ridge whose bands are signals of the trials, each by its name."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.needs import Needs
from neurodecode.core.trials import Trials
from neurodecode.models.encode import _inner
from neurodecode.models.encode._banded import Banded
from neurodecode.steps._series import COLUMNS
from neurodecode.steps.delays import Delays
from neurodecode.steps.scale import Scale


class NamedBands(Banded):
    """Ridge regression with a penalty a signal; each is delayed and scaled by itself.

    Arguments and references as `encode.banded_ridge`, whose `bands` are names.

    Attributes
    ----------
    made_ : dict of str to list
        Of each band, the fitted steps that make its columns.
    sizes_ : dict of str to int
        Columns of each band, at all of its delays.
    """

    version: ClassVar[int] = 1

    @property
    def needs(self) -> Needs:  # pyright: ignore[reportIncompatibleVariableOverride]
        """`Trials` with the named signals, and when their rows were where these are delayed."""
        delayed = bool(self._any_delay())
        return Needs(
            trials=True,
            signals=tuple(self.bands or ()),
            columns=COLUMNS if delayed else (),
            sequential=delayed,
            targets=("brain", "vector", "value"),
            training_columns=_inner.COLUMNS,
            training_columns_if_there=_inner.IF_THERE,
        )

    def fit(self, X: Trials, y, rows: pd.DataFrame | None = None):
        """Fit on trials of the named signals; as `encode.ridge`."""
        self.made_: dict[str, list[Any]] = {}
        several = []
        for name in tuple(self.bands or ()):
            delays = self._delays_of(name)
            delayed = delays is None or len(delays) > 0
            self.made_[name] = [Delays(delays), Scale()] if delayed else [Scale()]
            made: Any = _alone(X, name, delayed=delayed)
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

    def unique(self, X: Any, y: Any, new: Any, y_new: Any, rows: pd.DataFrame | None):
        """Say what is lost without each band; see `BandedRidge.unique`."""
        return super().unique(self._joined(X), y, self._joined(new), y_new, rows)

    def _joined(self, X: Trials) -> np.ndarray:
        several = []
        for name, steps in self.made_.items():
            made: Any = _alone(X, name, delayed=len(steps) > 1)
            for step in steps:
                made = step.transform(made)
            several.append(made)
        return np.concatenate(several, axis=1)

    def _sizes(self) -> Mapping[str, int]:
        return getattr(self, "sizes_", dict.fromkeys(self.bands or (), 1))

    def _bands(self, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
        band = np.repeat(np.arange(len(self.sizes_)), list(self.sizes_.values()))
        return band, np.ones(n_columns, dtype=bool)

    def _delays_of(self, name: str) -> tuple[int, ...] | None:
        return self.delays[name] if isinstance(self.delays, Mapping) else self.delays

    def _any_delay(self) -> bool:
        return self.union is None or len(self.union) > 0


def _alone(X: Trials, name: str, *, delayed: bool) -> Any:
    """Give trials of one signal, or its numbers where nothing is asked of their rows."""
    if delayed:
        return Trials(X.rows, {name: X.signals[name]})
    return X.array(name).reshape(len(X), -1)
