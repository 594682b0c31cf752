"""What links are told, by networks: one target, spread as it is in training pictures."""

from typing import Any, Literal, get_args

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.models.generate._renorm import respread

NetworkRenorm = Literal["held_out", "transductive", "none"]
# Networks compute in single precision: what varies by less of the target's spread is rounding.
_LEAST = 1e-5
_FEWEST = 2  # rows that have a spread


class NetworkTold(BaseEstimator):
    """Tell a target by a network, with the mean and spread that it has in training trials.

    Parameters
    ----------
    network : Aligner
        Not fitted itself.
    renorm : {"held_out", "transductive", "none"}
        By which predictions' mean and standard deviation predictions are scaled: those of
        validation rows, those of the rows handed to `adapt`, or not at all.
    where : str
        The model, for messages.

    Attributes
    ----------
    network_ : Aligner
    target_shape_ : tuple of int
    target_mean_, target_std_ : ndarray, shape (n_targets,)
        Of the training targets.
    said_mean_, said_std_ : ndarray, shape (n_targets,), or None
        Of the predictions that others are scaled by, once there are any.
    """

    def __init__(self, network: Any, renorm: NetworkRenorm = "held_out", where: str = ""):
        self.network = network
        self.renorm: NetworkRenorm = renorm
        self.where = where

    def fit(self, X: Any, y: np.ndarray, val: tuple[Any, np.ndarray] | None = None):
        """Train the network, and look at what it says of validation rows.

        Parameters
        ----------
        X : Trials
        y : ndarray, shape (n_trials, …)
        val : tuple of Trials and ndarray, shape (n_val, …), optional
            Nothing is trained on them; the network stops by them.
        """
        flat = y.reshape(len(y), -1)
        held_out = None if val is None else (val[0], val[1].reshape(len(val[1]), -1))
        network: Any = clone(self.network)
        self.network_ = network.fit(X, flat, val=held_out)
        self.target_shape_ = y.shape[1:]
        self.target_mean_ = flat.mean(axis=0, dtype=np.float64)
        self.target_std_ = flat.std(axis=0, dtype=np.float64)
        self.said_mean_ = self.said_std_ = None
        if self.renorm == "held_out":
            assert val is not None  # `check_val`
            self._scale_by(self.network_.predict(val[0]))
        return self

    def adapt(self, X: Any):
        """Scale by what is said of rows of the tested, all of them together.

        Raises
        ------
        DataError
            If there is one row: it has no spread.
        """
        check_is_fitted(self)
        said = self.network_.predict(X)
        if len(said) < _FEWEST:
            raise DataError(
                f"{self.where}: renorm: transductive scales what is said of test rows by their own "
                "spread, and there is one row: 0 / 0. Say renorm: held_out."
            )
        self._scale_by(said)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Give the target of each trial, shape (n_trials, …)."""
        check_is_fitted(self)
        said = self.network_.predict(X)
        if self.renorm != "none":
            if self.said_mean_ is None or self.said_std_ is None:
                raise DataError(
                    f"{self.where}: renorm: transductive scales by the test rows, and it was shown "
                    "none. Say target_access: transductive, or call adapt with all of them; "
                    "renorm: held_out needs neither."
                )
            mean, sd = self.target_mean_, self.target_std_
            said = respread(said, self.said_mean_, self.said_std_, mean, sd, _LEAST * sd)
        return said.reshape(len(said), *self.target_shape_)

    def _scale_by(self, said: np.ndarray) -> None:
        self.said_mean_, self.said_std_ = said.mean(axis=0), said.std(axis=0)


def check_val(renorm: str, n_val: int, where: str) -> None:
    """Refuse words that stand for no way to renormalise, or one that there are no rows for.

    Raises
    ------
    ConfigError
        If `renorm` is none of the words.
    DataError
        If predictions are to be scaled by those of validation rows, and there are not two.
    """
    words = get_args(NetworkRenorm)
    if renorm not in words:
        raise ConfigError(f"{where}: renorm is {renorm!r}. Give {', '.join(words)}.")
    if renorm == "held_out" and n_val < _FEWEST:
        raise DataError(
            f"{where}: renorm: held_out scales by what is said of validation rows, and there are "
            f"{n_val}. Hand fit val=(X, y, signals), as an experiment does, or say renorm: none."
        )
