"""Pictures drawn by a diffusion model that was trained on what ridge tells of training brains."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.core.pictures import check_pictures
from neurodecode.models.generate._links import codec_of, generator_of, look_at, with_state
from neurodecode.models.generate._once import fitted_once
from neurodecode.models.generate._seeds import seeds_of
from neurodecode.models.generate._telling import (
    Shown,
    check_renorm,
    conditions_of,
    left_out,
    state_of,
)
from neurodecode.steps._input import check_count

_WHERE = "generate.diffusion"
_LOW = "low"
_CODEC: Mapping[str, Any] = {"autoencoder": {}}  # of the latent that is told, and that is drawn


class Diffusion(RegressorMixin, BaseEstimator):
    """Reconstruct pictures: ridge tells a latent of each, and a small diffusion model draws it.

    The model learns pictures beside what ridge tells of them by all other training rows, which is
    as wrong as what it will be told of new brains. So it draws from the pictures that could have
    been seen: sharp where ridge is smooth, and each draw further from the truth than their mean.

    Parameters
    ----------
    conditions : tuple of str
        Features of the pictures, such as tokens, that are told beside the latent.
    low : mapping
        The codec whose latent is told: ``{pca: {n_components: 20}}`` or ``{autoencoder: {}}``.
    generator : mapping
        What draws: ``{unet: {codec: {autoencoder: {}}}}``.
    start : bool
        Whether drawing starts from the picture that is told, forgotten by the generator's
        ``strength``; else from noise.
    n_samples : int
        Draws that are averaged: of many, the mean of what could have been.
    alphas : tuple of float
        Penalties of ridge to choose from.
    renorm : {"loo", "none"}
        Whether what is told is as spread as it is in training pictures, by rows left out.
    random_state : int or None
        Of training and of draws.

    Attributes
    ----------
    low_, generator_
    ridges_ : dict of str to TokenRidge

    Notes
    -----
    What is drawn of a trial depends on `random_state` and the trial's uid (of arrays, on its
    numbers), and on no other trial.

    References
    ----------
    Ozcelik & VanRullen 2023, doi 10.1038/s41598-023-42891-8 (ridge to what a diffusion model is
    told); Takagi & Nishimoto 2023, doi 10.1109/CVPR52729.2023.01389. Here the diffusion model
    learns from what is told, so that it knows how wrong that is.
    """

    version: ClassVar[int] = 2

    def __init__(
        self,
        conditions: tuple[str, ...] = (),
        low: dict[str, Any] | None = None,
        generator: dict[str, Any] | None = None,
        start: bool = False,
        n_samples: int = 1,
        alphas: tuple[float, ...] = tuple(float(alpha) for alpha in np.logspace(0, 7, 15)),
        renorm: Literal["loo", "none"] = "loo",
        random_state: int | None = None,
    ):
        self.conditions = conditions
        self.low = low
        self.generator = generator
        self.start = start
        self.n_samples = n_samples
        self.alphas = alphas
        self.renorm: Literal["loo", "none"] = renorm
        self.random_state = random_state

    @property
    def needs(self) -> Needs:
        """Trials by their uid, pictures, and what training pictures show in other features."""
        return Needs(
            trials=True,
            targets=("picture",),
            columns=("uid",),
            training_columns=("subject", "stimulus"),
            training_signals=tuple(self.conditions),
            packages=("torch", "diffusers"),
        )

    def hashes(self, cache: Path) -> dict[str, str]:
        """Give SHA-256 of every file of weights that its links are made from, before `fit`.

        Raises
        ------
        ConfigError
            If an argument of the model or of a link cannot be meant.
        DataMissing, DataError
            If weights are not on this machine, or of another model.
        """
        generator = self._checked()
        low = codec_of(self.low or _CODEC, f"{_WHERE}.low")
        return look_at({"low": low, "generator": generator}, cache)

    def fit(self, X, y, rows: pd.DataFrame | None = None, signals: Any = None):
        """Fit on trials.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, …)
        y : ndarray, shape (n_trials, height, width, channels)
            From 0 to 1.
        rows : DataFrame, optional
            Columns ``subject`` and ``stimulus``. Without it, trials of equal picture show the same.
        signals : mapping of str to ndarray, shape (n_trials, …), optional
            What the training pictures show in `conditions`.

        Raises
        ------
        ConfigError
            If an argument cannot be meant, or no step would be run.
        DataError
            If pictures or trials are no finite numbers, or too few, or a condition is missing.
        """
        generator = self._checked()
        shown = Shown(y, rows, _WHERE)
        self.state_ = state_of(self.random_state)
        told = conditions_of(tuple(self.conditions), signals, len(shown.pictures), _WHERE)
        self.low_ = shown.codec(self.low or _CODEC, "low", self.state_)
        told[_LOW] = shown.encoded(self.low_)
        self.latent_shape_ = shown.latent_shape
        self.ridges_ = {
            name: shown.ridge(X, one, self.alphas, self.renorm) for name, one in told.items()
        }
        self.generator_ = fitted_once(
            with_state(generator, self.state_),
            shown.of_rows(self.ridges_[_LOW]),
            {name: left_out(ridge) for name, ridge in self.ridges_.items()},
        )
        return self

    def predict(self, X) -> np.ndarray:
        """Draw pictures, float32, shape (n_trials, height, width, channels), from 0 to 1."""
        check_is_fitted(self)
        told = {name: ridge.predict(X) for name, ridge in self.ridges_.items()}
        return self._drawn(told, X)

    def ceilings(self, y: Any, signals: Any = None) -> dict[str, np.ndarray]:
        """Give what would be drawn were all told without error, and the codec's round trip.

        Parameters
        ----------
        y : ndarray, shape (n, height, width, channels)
        signals : mapping of str to ndarray, optional
            What the pictures show in `conditions`.

        Returns
        -------
        pictures : dict of str to ndarray
            ``true condition`` and ``round trip``.
        """
        check_is_fitted(self)
        true = check_pictures(y, f"{_WHERE}: pictures")
        told = conditions_of(tuple(self.conditions), signals, len(true), _WHERE)
        told[_LOW] = self.low_.encode(true).reshape(len(true), -1)
        codec = getattr(self.generator_, "codec_", None) or self.low_
        return {
            "true condition": self._drawn(told, true),
            "round trip": codec.decode(codec.encode(true)),
        }

    def _checked(self) -> Any:
        """Refuse arguments that cannot be meant before anything is trained; give the generator."""
        check_renorm(self.renorm, _WHERE)
        check_count(self.n_samples, "n_samples", self)
        if _LOW in self.conditions:
            raise ConfigError(
                f"{_WHERE}: conditions name {_LOW!r}, which is the latent's own name. Declare the "
                "feature under another."
            )
        said = self.generator or {"unet": {"codec": _CODEC}}
        generator = generator_of(said, f"{_WHERE}.generator")
        if hasattr(generator, "check"):
            generator.check()
        return generator

    def _drawn(self, told: dict[str, np.ndarray], X: Any) -> np.ndarray:
        told = {name: np.asarray(one, dtype=np.float32) for name, one in told.items()}
        init = None
        if self.start:
            init = self.low_.decode(told[_LOW].reshape(-1, *self.latent_shape_))
        total: Any = 0.0
        for candidate in range(self.n_samples):
            total = total + self.generator_.generate(
                told, seeds_of(X, self.state_, candidate), init
            )
        return np.asarray(total / self.n_samples, dtype=np.float32)
