"""Pictures by ridge to the latents of an auto-encoder, and its decoder; nothing is drawn."""

from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.core.pictures import check_pictures
from neurodecode.models.generate._telling import Shown, check_renorm, state_of

_WHERE = "generate.autoencoder"


class Autoencoder(RegressorMixin, BaseEstimator):
    """Reconstruct pictures: ridge tells an auto-encoder's latent, which its decoder paints.

    The auto-encoder learns the round trip of the training pictures. One picture is told for each
    trial, the likeliest and so a smooth one; `neurodecode.models.generate.diffusion` draws instead.

    Parameters
    ----------
    alphas : tuple of float
        Penalties of ridge to choose from.
    renorm : {"loo", "none"}
        Whether latents are told as spread as those of training pictures are, by rows left out.
    widths : tuple of int
        Channels of the auto-encoder after the first and the second halving.
    n_latent : int
        Channels of the latent.
    n_updates, batch_size : int
        Of its training.
    lr : float
    random_state : int or None
        Of its training.

    Attributes
    ----------
    codec_, ridge_
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        alphas: tuple[float, ...] = tuple(float(alpha) for alpha in np.logspace(0, 7, 15)),
        renorm: Literal["loo", "none"] = "loo",
        widths: tuple[int, int] = (24, 48),
        n_latent: int = 4,
        n_updates: int = 500,
        batch_size: int = 64,
        lr: float = 2e-3,
        random_state: int | None = None,
    ):
        self.alphas = alphas
        self.renorm: Literal["loo", "none"] = renorm
        self.widths = widths
        self.n_latent = n_latent
        self.n_updates = n_updates
        self.batch_size = batch_size
        self.lr = lr
        self.random_state = random_state

    @property
    def needs(self) -> Needs:
        """Trials and pictures, and which training trials show the same."""
        return Needs(
            targets=("picture",),
            batches=True,
            training_columns=("subject", "stimulus"),
            packages=("torch",),
        )

    def fit(self, X, y, rows: pd.DataFrame | None = None):
        """Fit on trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …), or Trials
        y : ndarray, shape (n_trials, height, width, channels)
            From 0 to 1.
        rows : DataFrame, optional
            Columns ``subject`` and ``stimulus``. Without it, trials of equal picture show the same.

        Raises
        ------
        ConfigError
            If an argument cannot be meant.
        DataError
            If pictures or trials are no finite numbers, or too few.
        """
        check_renorm(self.renorm, _WHERE)
        shown = Shown(y, rows, _WHERE)
        names = ("widths", "n_latent", "n_updates", "batch_size", "lr")
        said = {"autoencoder": {name: getattr(self, name) for name in names}}
        self.codec_ = shown.codec(said, "codec", state_of(self.random_state))
        self.ridge_ = shown.ridge(X, shown.encoded(self.codec_), self.alphas, self.renorm)
        self.latent_shape_ = shown.latent_shape
        return self

    def predict(self, X) -> np.ndarray:
        """Give pictures, float32, shape (n_trials, height, width, channels), from 0 to 1."""
        check_is_fitted(self)
        told = self.ridge_.predict(X)
        return self.codec_.decode(told.reshape(len(told), *self.latent_shape_))

    def ceilings(self, y: Any, signals: Any = None) -> dict[str, np.ndarray]:
        """Give the pictures as the auto-encoder gives them back: no brain does better.

        Parameters
        ----------
        y : ndarray, shape (n, height, width, channels)
        signals : ignored

        Returns
        -------
        pictures : dict of str to ndarray
            ``round trip``.
        """
        del signals
        check_is_fitted(self)
        true = check_pictures(y, f"{_WHERE}: pictures")
        return {"round trip": self.codec_.decode(self.codec_.encode(true))}
