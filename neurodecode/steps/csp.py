"""Common spatial patterns."""

from typing import ClassVar

import mne
import numpy as np
from mne.decoding import CSP
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.steps._input import three_dimensional


class Csp(TransformerMixin, BaseEstimator):
    """Project trials on common spatial patterns and take the log power of each.

    Parameters
    ----------
    n_components : int
    reg : str, float or None
        Regularisation of the class covariances, as in `mne.decoding.CSP`.
    log : bool
        Whether powers are logged; else they are standardised.

    Attributes
    ----------
    csp_ : mne.decoding.CSP

    References
    ----------
    Blankertz et al. 2008, doi 10.1109/MSP.2008.4408441.
    """

    supervised = True
    needs = Needs(axes=("channel", "time"))
    gives = ("feature",)
    version: ClassVar[int] = 1

    def __init__(
        self, n_components: int = 6, reg: str | float | None = "ledoit_wolf", log: bool = True
    ):
        self.n_components = n_components
        self.reg = reg
        self.log = log

    def fit(self, X, y):
        """Learn the filters.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)
        y : ndarray, shape (n_trials,)
        """
        self.csp_ = CSP(n_components=self.n_components, reg=self.reg, log=self.log)
        with mne.use_log_level("ERROR"):
            self.csp_.fit(np.asarray(X), y)
        return self

    def transform(self, X):
        """Give one power a component, shape (n_trials, n_components)."""
        check_is_fitted(self)
        with mne.use_log_level("ERROR"):
            return self.csp_.transform(np.asarray(X))

    @property
    def patterns_(self) -> np.ndarray:
        """Patterns of the components, shape (n_components, n_channels)."""
        return self.csp_.patterns_[: self.n_components]

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.target_tags.required = True
        return tags
