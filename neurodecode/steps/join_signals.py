"""Several signals of a trial as one row of numbers."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import SAME, Needs
from neurodecode.core.trials import Trials


class JoinSignals(TransformerMixin, BaseEstimator):
    """Put the named signals of each trial side by side, or take one of several as it is.

    Of several, each is flattened, and centred and divided by one number learnt on the training
    rows, so that all have the same total variance: else the one of most features, or of the larger
    unit, would be all that a penalty sees.

    Parameters
    ----------
    names : tuple of str
        Of the signals, such as ``eeg`` and ``fmri``.

    Attributes
    ----------
    means_ : dict of str to ndarray
        Of several signals: what each is centred by.
    scales_ : dict of str to float
        Square root of each signal's total variance; 1 where it is constant.

    References
    ----------
    Escofier & Pages 1994, doi 10.1016/0167-9473(94)90135-X: tables that are weighed alike.
    """

    supervised = False
    version: ClassVar[int] = 1

    def __init__(self, names: tuple[str, ...] = ()):
        self.names = names

    @property
    def needs(self) -> Needs:
        """`Trials` with the named signals."""
        return Needs(trials=True, signals=tuple(self.names) or 1)

    @property
    def gives(self) -> tuple[str, ...]:
        """Axes of what it gives: several signals in a row, or one as it is."""
        return ("feature",) if len(self.names) > 1 else SAME

    def fit(self, X: Trials, y=None):
        """Learn each signal's mean and total variance.

        Raises
        ------
        ConfigError
            If a signal is named twice.
        """
        names = self._named(X)
        if len(set(names)) < len(names):
            raise ConfigError(f"join_signals: names are {list(names)}. Name each signal once.")
        self.means_, self.scales_ = {}, {}
        if len(names) > 1:
            for name in names:
                flat = _flat(X, name)
                self.means_[name] = flat.mean(axis=0)
                total = float(np.sqrt(flat.var(axis=0).sum()))
                self.scales_[name] = total if total > 0 else 1.0
        return self

    def transform(self, X: Trials) -> np.ndarray:
        """Give trials, shape (n_trials, n_features), unitless; of one signal, as it is."""
        check_is_fitted(self)
        names = self._named(X)
        if len(names) == 1:
            return X.array(names[0])
        return np.concatenate(
            [(_flat(X, name) - self.means_[name]) / self.scales_[name] for name in names], axis=1
        )

    def _named(self, X: Trials) -> tuple[str, ...]:
        return tuple(self.names) or tuple(X.signals)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


def _flat(X: Trials, name: str) -> np.ndarray:
    return X.array(name).reshape(len(X), -1)
