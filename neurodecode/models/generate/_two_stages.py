"""Two stages from brain to picture: a latent that a codec paints, and a generator from there.

What a model adds is how the brain is read: its `fit` sets ``low_`` and ``told_``, whose ``predict``
gives what links are told.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError
from neurodecode.core.pictures import check_pictures
from neurodecode.models.generate._links import codec_of, generator_of, look_at, with_state
from neurodecode.models.generate._once import fitted_once
from neurodecode.models.generate._seeds import seeds_of
from neurodecode.models.generate._telling import Shown, conditions_of, state_of

LOW = "low"
_DRAWN = ("strength", "guidance", "steps", "mixing")  # what a generator may be told here


class TwoStages(BaseEstimator):
    """Pictures from what is told of the brain: a latent, then conditions of a generator.

    A model gives the arguments below, and what it adds to `presets`.

    Attributes
    ----------
    shape_ : tuple of int
        Height, width and channels of the pictures.
    low_, told_
        What tells the latent, and by name each condition: fitted models of ``predict``.
    codec_, generator_
        Links, fitted on the training pictures, each once.
    flags_ : tuple of str
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {
            "conditions": ("vision", "text"),
            "low": {"sd_vae": {"weights": "versatile-diffusion"}},
            "strength": 0.75, "guidance": 7.5, "steps": 50, "mixing": 0.4,
        },
        "tiny": {
            "conditions": ("semantic",),
            "low": {"autoencoder": {}},
            "strength": 0.75, "guidance": 3.0, "steps": 20, "mixing": 0.4,
        },
    }  # fmt: skip

    preset: Any
    conditions: tuple[str, ...] | None
    low: Mapping[str, Any] | None
    generator: Mapping[str, Any] | None
    strength: float | None
    guidance: float | None
    steps: int | None
    mixing: float | None
    renorm: Any
    post_mix: float
    random_state: int | None
    low_: Any
    told_: dict[str, Any]

    def hashes(self, cache: Path) -> dict[str, str]:
        """Give SHA-256 of every file of weights that its links are made from, before `fit`.

        Raises
        ------
        ConfigError
            If an argument of the model or of a link cannot be meant.
        DataMissing, DataError
            If weights are not on this machine, or of another model.
        """
        self._check()
        return look_at({"low": self._codec(), "generator": self._generator()}, cache)

    @available_if(lambda self: self.renorm == "transductive")
    def adapt(self, X, y=None):
        """Take mean and spread of what is told of the test rows, all of them together."""
        del y
        check_is_fitted(self)
        for one in (self.low_, *self.told_.values()):
            one.adapt(X)
        return self

    def predict(self, X):
        """Give pictures, shape (n_trials, height, width, channels), from 0 to 1."""
        check_is_fitted(self)
        low = self._low(X)
        told = {name: one.predict(X).astype(np.float32) for name, one in self.told_.items()}
        return self._mixed(self._drawn(told, X, low), low)

    def predict_low(self, X) -> np.ndarray:
        """Give the pictures of stage 1, shape (n_trials, height, width, channels)."""
        check_is_fitted(self)
        return self._low(X)

    def ceilings(self, y, signals: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Give pictures as they would be without error in what the brain tells.

        Parameters
        ----------
        y : ndarray, shape (n, height, width, channels)
        signals : mapping of str to ndarray, shape (n, …)

        Returns
        -------
        pictures : dict of str to ndarray, shape (n, height, width, channels)
            ``true condition``: the generator told the true conditions, from the picture that stage
            1 would start it from. ``round trip``: of the codec alone.
        """
        check_is_fitted(self)
        pictures = check_pictures(y, f"{self._where}: pictures")
        trip = self.codec_.decode(self.codec_.encode(pictures))
        told = conditions_of(self._conditions(), signals, len(pictures), self._where)
        made = self.generator_.generate(told, seeds_of(pictures, self.state_), trip)
        return {"true condition": self._mixed(made, trip), "round trip": trip}

    @property
    def _where(self) -> str:
        return type(self).__module__.removeprefix("neurodecode.models.")

    def _linked(
        self, y: Any, rows: pd.DataFrame | None, signals: Mapping[str, Any] | None
    ) -> tuple[Shown, np.ndarray, dict[str, np.ndarray]]:
        """Fit the links on training pictures.

        Returns
        -------
        shown : Shown
        latents : ndarray, shape (n_trials, n_numbers)
        conditions : dict of str to ndarray, shape (n_trials, …)
        """
        self.state_ = state_of(self.random_state)
        codec = with_state(self._codec(), self.state_)
        generator = with_state(self._generator(), self.state_)
        shown = Shown(y, rows, self._where)
        told = conditions_of(self._conditions(), signals, len(shown.pictures), self._where)
        self.shape_ = shown.pictures.shape[1:]
        # What cannot be told these conditions is known before any codec is trained.
        self.generator_ = fitted_once(generator, shown.pictures, told)
        self.codec_ = fitted_once(codec, shown.pictures)
        latents = shown.encoded(self.codec_)
        self.latent_shape_ = shown.latent_shape
        self.flags_ = (f"post_mix:{self.post_mix:g}",) if self.post_mix else ()
        return shown, latents, told

    def _low(self, X: Any) -> np.ndarray:
        latents = self.low_.predict(X).astype(np.float32)
        return self.codec_.decode(latents.reshape(len(latents), *self.latent_shape_))

    def _drawn(self, told: dict[str, np.ndarray], X: Any, low: np.ndarray) -> np.ndarray:
        """Draw a picture of each row, from what is told of it and the picture of stage 1."""
        return self.generator_.generate(told, seeds_of(X, self.state_), low)

    def _mixed(self, made: np.ndarray, low: np.ndarray) -> np.ndarray:
        if not self.post_mix:
            return made
        return np.float32(1 - self.post_mix) * made + np.float32(self.post_mix) * low

    def _conditions(self) -> tuple[str, ...]:
        if self.conditions is not None:
            return tuple(self.conditions)
        return self.presets.get(self.preset, self.presets["paper"])["conditions"]

    def _codec(self) -> Any:
        low = self._preset()["low"] if self.low is None else self.low
        return codec_of(low, f"{self._where}.low")

    def _generator(self) -> Any:
        preset, names, said = self._preset(), self._conditions(), self.generator
        if said is None and self.preset == "tiny":
            said = {"unet": {"codec": self.low or preset["low"]}}
        elif said is None:
            vision, text = (*names, None, None)[:2]
            said = {"weights": "versatile-diffusion", "vision": vision, "text": text}
            said = {"versatile_diffusion": said}
        link: Any = clone(generator_of(said, f"{self._where}.generator"))
        known, told = link.get_params(deep=False), _arguments(said)
        for name in _DRAWN:
            mine = getattr(self, name)
            if mine is not None and name in told:
                raise ConfigError(
                    f"{self._where}: {name} is {mine!r} here and {told[name]!r} of the generator. "
                    "Say it once."
                )
            if mine is not None and name not in known:
                raise ConfigError(
                    f"{self._where}: {name} is {mine!r}, and {type(link).__name__} has none. Leave "
                    "it out."
                )
            if mine is not None:
                link.set_params(**{name: mine})
            elif name in known and name not in told and isinstance(said, Mapping):
                link.set_params(**{name: preset[name]})
        return link

    def _preset(self) -> Mapping[str, Any]:
        if self.preset not in self.presets:
            raise ConfigError(f"{self._where}: preset is {self.preset!r}. Give paper or tiny.")
        return self.presets[self.preset]

    def _check(self) -> None:
        """Refuse arguments that cannot be meant, before anything is trained."""
        self._preset()
        if not 0 <= self.post_mix < 1:
            raise ConfigError(
                f"{self._where}: post_mix is {self.post_mix:g}. Give a share from 0 to below 1."
            )
        if LOW in self._conditions():
            raise ConfigError(
                f"{self._where}: conditions name {LOW!r}, which is the latent's own name. Declare "
                "the feature under another."
            )


def _arguments(said: Any) -> Mapping[str, Any]:
    """Give the arguments that a link is named with."""
    return next(iter(said.values())) or {} if isinstance(said, Mapping) else {}
