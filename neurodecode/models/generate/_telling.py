"""From brains to what links are told: ridge over rows that show a picture each."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.pictures import check_pictures
from neurodecode.models.generate._links import codec_of, with_state
from neurodecode.models.generate._once import distinct, fitted_once
from neurodecode.models.generate.token_ridge import Renorm, TokenRidge

RENORMS = ("none", "loo")


class Shown:
    """Training pictures, and who saw which.

    Parameters
    ----------
    pictures : ndarray, shape (n_trials, height, width, channels)
    rows : DataFrame or None
        Columns ``subject`` and ``stimulus``. Without it, trials of equal picture show the same.
    where : str
        The model, for messages.
    """

    def __init__(self, pictures: Any, rows: pd.DataFrame | None, where: str):
        self.where = where
        self.pictures = check_pictures(pictures, f"{where}: training pictures")
        self._first, self._number = distinct(self.pictures)
        self.rows = rows
        if rows is None:  # the same for all that is told, or their rows would differ
            self.rows = pd.DataFrame({"subject": "", "stimulus": self._number.astype(str)})

    def codec(self, said: Any, name: str, random_state: int | None) -> Any:
        """Fit the codec that a file names."""
        link = with_state(codec_of(said, f"{self.where}.{name}"), random_state)
        return fitted_once(link, self.pictures)

    def encoded(self, codec: Any) -> np.ndarray:
        """Give the latent of each trial's picture, flat; of equal pictures the same numbers."""
        latents = codec.encode(self.pictures[self._first])
        self.latent_shape = latents.shape[1:]
        return latents.reshape(len(latents), -1)[self._number]

    def ridge(self, X: Any, targets: np.ndarray, alphas: Any, renorm: Renorm) -> TokenRidge:
        """Fit the ridge that tells one target of each trial."""
        if len(targets) != len(self.pictures):
            raise DataError(
                f"{self.where}: {len(targets)} rows of a condition for {len(self.pictures)} "
                "pictures. Hand over one a training trial."
            )
        per = "token" if targets.ndim == 3 else "all"
        return TokenRidge(alphas=alphas, per=per, renorm=renorm).fit(X, targets, self.rows)

    def of_rows(self, ridge: TokenRidge) -> np.ndarray:
        """Give the picture of each row that a ridge was fitted on."""
        return self.pictures[first_trials(ridge)]


def first_trials(ridge: TokenRidge) -> np.ndarray:
    """Give a trial of each row that a ridge was fitted on; several may be averaged in one."""
    return np.unique(np.asarray(ridge.row_of_trial_), return_index=True)[1]


def left_out(ridge: TokenRidge) -> np.ndarray:
    """Say each row of a ridge by all others as a new row is told, in the shape of the targets."""
    said = ridge.loo_predictions(around="all")
    return said.reshape(len(said), *ridge.target_shape_).astype(np.float32)


def state_of(random_state: Any) -> int:
    """Draw the number that all chance of a fitted model comes from."""
    if isinstance(random_state, int):
        return random_state
    return int(check_random_state(random_state).randint(2**31))


def check_renorm(renorm: str, where: str) -> None:
    """Refuse words that stand for no way to renormalise."""
    if renorm not in RENORMS:
        raise ConfigError(f"{where}: renorm is {renorm!r}. Give {' or '.join(RENORMS)}.")


def conditions_of(
    names: tuple[str, ...], signals: Mapping[str, Any] | None, n: int, where: str
) -> dict[str, np.ndarray]:
    """Give what rows show in the features that a model's conditions name.

    Raises
    ------
    DataError
        If one was not handed over, or has another number of rows.
    """
    told = {}
    for name in names:
        if signals is None or name not in signals:
            raise DataError(
                f"{where}: nothing was handed over for the condition {name!r}. Declare the feature "
                "in the experiment (features), or hand signals to fit."
            )
        one = np.asarray(signals[name], dtype=np.float32)
        if len(one) != n or one.ndim not in (2, 3):
            raise DataError(
                f"{where}: condition {name!r} has shape {one.shape} for {n} pictures. Give a "
                "vector or tokens each."
            )
        told[name] = one
    return told
