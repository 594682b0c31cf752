"""Brain-Diffuser: a blurred picture by ridge, and a generator that starts from it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.core.pictures import check_pictures
from neurodecode.models.align._repeats import flat
from neurodecode.models.generate._links import codec_of, generator_of, with_state
from neurodecode.models.generate._once import fitted_once
from neurodecode.models.generate._seeds import seeds_of
from neurodecode.models.generate._telling import Shown, conditions_of, state_of
from neurodecode.models.generate.token_ridge import Renorm, TokenRidge

_WHERE = "generate.brain_diffuser"
_LOW = "low"
_ALPHAS = TokenRidge().alphas
_DRAWN = ("strength", "guidance", "steps", "mixing")  # what a generator may be told here


class BrainDiffuser(BaseEstimator):
    """Make pictures in two stages: what ridge says of the latent, and a generator from there.

    Stage 1 tells a low-level latent by ridge, and a codec makes a picture of it. Stage 2 tells
    conditions, such as tokens of vision and text, by ridge, and a generator starts from the first
    picture, forgets a share of it (`strength`), and paints what the conditions say.

    Parameters
    ----------
    preset : {"paper", "tiny"}
        ``paper``: Versatile Diffusion from the folder of weights ``versatile-diffusion``, stage 1
        by its auto-encoder, penalties of 50,000 (latent), 60,000 and 100,000 (first and second
        condition), 50 steps, guidance 7.5, share of the text .4. ``tiny``: an auto-encoder and a
        U-Net that are trained here, penalties that are chosen, 20 steps, guidance 3.
    conditions : tuple of str or None
        Declared features or tracks that the generator is told, of training rows alone. None: of
        ``paper`` vision and text, of ``tiny`` semantic.
    low : mapping or None
        Codec of stage 1: ``{pca: …}``, ``{autoencoder: …}`` or ``{sd_vae: {weights: NAME}}``; None:
        that of the preset.
    generator : mapping or None
        ``{unet: …}``, ``{kandinsky: …}``, ``{stable_diffusion: …}``, ``{ip_adapter: …}`` or
        ``{versatile_diffusion: …}``; None: that of the preset.
    strength, guidance, steps, mixing : optional
        Of the generator: share of the steps that is taken from the picture of stage 1, how far
        conditions are followed, steps, and the share of the text where it takes two conditions.
        None: as the generator is told, else as the preset has it (strength .75).
    alphas : mapping of str to tuple of float, optional
        Penalties to choose from, of ``low`` and of conditions by name, as of `TokenRidge`. They are
        of one recording: published ones suit 8,859 pictures of z-scored voxels.
    renorm : {"loo", "transductive", "none"}
        As of `TokenRidge`; the paper's is ``transductive``.
    post_mix : float
        Share of the picture of stage 1 in what comes out, which raises PixCorr and SSIM and tells
        nothing more; rows of the table are flagged by it.
    candidates : int
        Pictures that are drawn of each row. The one whose latent predicts the measured brain best,
        by ridge over the training rows, is kept; no true picture is asked.
    random_state : int or None

    Attributes
    ----------
    shape_ : tuple of int
        Height, width and channels of the pictures.
    low_ : TokenRidge
        Brain to latent.
    told_ : dict of str to TokenRidge
        Brain to each condition.
    codec_, generator_
        Links, fitted on the training pictures, each once.
    brain_ : TokenRidge or None
        Latent to brain, where there are several candidates.
    flags_ : tuple of str

    Notes
    -----
    The paper's stage 1 is a very deep variational auto-encoder of 91,168 numbers; here it is the
    auto-encoder whose latent the generator works in. Pictures differ from row to row in the noise
    that they are drawn from; a row draws the same whatever else is told.

    References
    ----------
    Ozcelik & VanRullen 2023, doi 10.1038/s41598-023-42891-8.
    """

    version: ClassVar[int] = 1
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {
            "conditions": ("vision", "text"),
            "low": {"sd_vae": {"weights": "versatile-diffusion"}},
            "alphas": ((50_000.0,), (60_000.0,), (100_000.0,)),
            "strength": 0.75, "guidance": 7.5, "steps": 50, "mixing": 0.4,
        },
        "tiny": {
            "conditions": ("semantic",),
            "low": {"autoencoder": {}},
            "alphas": (),
            "strength": 0.75, "guidance": 3.0, "steps": 20, "mixing": 0.4,
        },
    }  # fmt: skip

    def __init__(
        self,
        preset: Literal["paper", "tiny"] = "paper",
        conditions: tuple[str, ...] | None = None,
        low: Mapping[str, Any] | None = None,
        generator: Mapping[str, Any] | None = None,
        strength: float | None = None,
        guidance: float | None = None,
        steps: int | None = None,
        mixing: float | None = None,
        alphas: Mapping[str, tuple[float, ...]] | None = None,
        renorm: Renorm = "loo",
        post_mix: float = 0.0,
        candidates: int = 1,
        random_state: int | None = None,
    ):
        self.preset: Literal["paper", "tiny"] = preset
        self.conditions = conditions
        self.low = low
        self.generator = generator
        self.strength = strength
        self.guidance = guidance
        self.steps = steps
        self.mixing = mixing
        self.alphas = alphas
        self.renorm: Renorm = renorm
        self.post_mix = post_mix
        self.candidates = candidates
        self.random_state = random_state

    @property
    def needs(self) -> Needs:
        """Trials by name, pictures, and what the generator is told of training rows."""
        return Needs(
            trials=True,
            targets=("picture",),
            columns=("uid",),
            training_columns=("subject", "stimulus"),
            training_signals=self._conditions(),
            transductive=self.renorm == "transductive",
            packages=("torch", "diffusers"),
        )

    def hashes(self, cache: Path) -> dict[str, str]:
        """Give SHA-256 of every file of weights that its links are made from, before `fit`.

        Raises
        ------
        ConfigError
            If an argument of a link cannot be meant.
        DataMissing, DataError
            If weights are not on this machine, or of another model.
        """
        made = {}
        for name, link in (("low", self._codec()), ("generator", self._generator())):
            found = link.hashes(cache) if hasattr(link, "hashes") else {}
            made |= {f"{name}/{file}": sha for file, sha in found.items()}
        return made

    def fit(
        self,
        X,
        y,
        rows: pd.DataFrame | None = None,
        signals: Mapping[str, np.ndarray] | None = None,
    ):
        """Fit both stages.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …), or Trials
        y : ndarray, shape (n_trials, height, width, channels)
            Pictures, from 0 to 1.
        rows : DataFrame, optional
            Columns ``subject`` and ``stimulus`` of the trials.
        signals : mapping of str to ndarray, shape (n_trials, …)
            Each of the conditions.

        Raises
        ------
        ConfigError
            If an argument cannot be meant, or a condition is not told.
        DataMissing, DataError
            If weights are not there or of another model, pictures are none, or numbers are not
            finite.
        """
        self._check()
        self.state_ = state_of(self.random_state)
        codec = with_state(self._codec(), self.state_)
        generator = with_state(self._generator(), self.state_)
        shown = Shown(y, rows, _WHERE)
        tokens = conditions_of(self._conditions(), signals, len(shown.pictures), _WHERE)
        self.shape_ = shown.pictures.shape[1:]
        # What cannot be told these conditions is known before any codec is trained.
        self.generator_ = fitted_once(generator, shown.pictures, tokens)
        self.codec_ = fitted_once(codec, shown.pictures)
        latents = shown.encoded(self.codec_)
        self.latent_shape_ = shown.latent_shape
        self.low_ = self._ridge(shown, X, _LOW, latents)
        self.told_ = {name: self._ridge(shown, X, name, one) for name, one in tokens.items()}
        self.brain_ = None
        if self.candidates > 1:
            brain = flat(X)
            self.brain_mean_, self.brain_std_ = brain.mean(axis=0), brain.std(axis=0)
            self.brain_ = TokenRidge(renorm="none").fit(latents, brain, shown.rows)
        self.flags_ = (f"post_mix:{self.post_mix:g}",) if self.post_mix else ()
        return self

    @available_if(lambda self: self.renorm == "transductive")
    def adapt(self, X, y=None):
        """Take mean and spread of what ridge says of the test rows; see `TokenRidge.adapt`."""
        del y
        check_is_fitted(self)
        for ridge in (self.low_, *self.told_.values()):
            ridge.adapt(X)
        return self

    def predict(self, X):
        """Give pictures, shape (n_trials, height, width, channels), from 0 to 1."""
        check_is_fitted(self)
        low = self._low(X)
        told = {name: ridge.predict(X).astype(np.float32) for name, ridge in self.told_.items()}
        made = [
            self.generator_.generate(told, seeds_of(X, self.state_, number), low)
            for number in range(self.candidates)
        ]
        best = made[0] if len(made) == 1 else self._best(made, X)
        return self._mixed(best, low)

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
        pictures = check_pictures(y, f"{_WHERE}: pictures")
        trip = self.codec_.decode(self.codec_.encode(pictures))
        told = conditions_of(self._conditions(), signals, len(pictures), _WHERE)
        made = self.generator_.generate(told, seeds_of(pictures, self.state_), trip)
        return {"true condition": self._mixed(made, trip), "round trip": trip}

    def _low(self, X: Any) -> np.ndarray:
        latents = self.low_.predict(X).astype(np.float32)
        return self.codec_.decode(latents.reshape(len(latents), *self.latent_shape_))

    def _mixed(self, made: np.ndarray, low: np.ndarray) -> np.ndarray:
        if not self.post_mix:
            return made
        return np.float32(1 - self.post_mix) * made + np.float32(self.post_mix) * low

    def _best(self, made: list[np.ndarray], X: Any) -> np.ndarray:
        """Keep of each row the candidate whose brain, as ridge says it, is most like its own."""
        assert self.brain_ is not None  # `fit`, of several candidates
        unit = np.where(self.brain_std_ > 0, self.brain_std_, np.inf)
        seen = _rows((flat(X) - self.brain_mean_) / unit)
        alike = []
        for pictures in made:
            latents = self.codec_.encode(pictures)
            said = self.brain_.predict(latents.reshape(len(latents), -1))
            alike.append((_rows((said - self.brain_mean_) / unit) * seen).sum(axis=1))
        best = np.argmax(alike, axis=0)
        return np.stack([made[k][i] for i, k in enumerate(best)])

    def _ridge(self, shown: Shown, X: Any, name: str, target: np.ndarray) -> TokenRidge:
        return shown.ridge(X, target, self._penalties().get(name, _ALPHAS), self.renorm)

    def _penalties(self) -> dict[str, tuple[float, ...]]:
        """Give penalties by what is told: of the preset by place, and as they are named."""
        preset = self._preset()["alphas"]
        named = {name: tuple(one) for name, one in (self.alphas or {}).items()}
        return dict(zip((_LOW, *self._conditions()), preset, strict=False)) | named

    def _conditions(self) -> tuple[str, ...]:
        if self.conditions is not None:
            return tuple(self.conditions)
        return self.presets.get(self.preset, self.presets["paper"])["conditions"]

    def _codec(self) -> Any:
        low = self._preset()["low"] if self.low is None else self.low
        return codec_of(low, f"{_WHERE}.low")

    def _generator(self) -> Any:
        preset, names, said = self._preset(), self._conditions(), self.generator
        if said is None and self.preset == "tiny":
            said = {"unet": {"codec": self.low or preset["low"]}}
        elif said is None:
            vision, text = (*names, None, None)[:2]
            said = {"weights": "versatile-diffusion", "vision": vision, "text": text}
            said = {"versatile_diffusion": said}
        link: Any = clone(generator_of(said, f"{_WHERE}.generator"))
        known, told = link.get_params(deep=False), _arguments(said)
        for name in _DRAWN:
            mine = getattr(self, name)
            if mine is not None and name in told:
                raise ConfigError(
                    f"{_WHERE}: {name} is {mine!r} here and {told[name]!r} of the generator. Say "
                    "it once."
                )
            if mine is not None and name not in known:
                raise ConfigError(
                    f"{_WHERE}: {name} is {mine!r}, and {type(link).__name__} has none. Leave it "
                    "out."
                )
            if mine is not None:
                link.set_params(**{name: mine})
            elif name in known and name not in told and isinstance(said, Mapping):
                link.set_params(**{name: preset[name]})
        return link

    def _preset(self) -> Mapping[str, Any]:
        if self.preset not in self.presets:
            raise ConfigError(f"{_WHERE}: preset is {self.preset!r}. Give paper or tiny.")
        return self.presets[self.preset]

    def _check(self) -> None:
        self._preset()
        if not 0 <= self.post_mix < 1:
            raise ConfigError(
                f"{_WHERE}: post_mix is {self.post_mix:g}. Give a share from 0 to below 1."
            )
        if self.candidates < 1:
            raise ConfigError(f"{_WHERE}: candidates is {self.candidates}. Give 1 or more.")
        if _LOW in self._conditions():
            raise ConfigError(
                f"{_WHERE}: conditions name {_LOW!r}, which is the latent's own name. Declare the "
                "feature under another."
            )
        known = (_LOW, *self._conditions())
        other = sorted(set(self.alphas or {}) - set(known))
        if other:
            raise ConfigError(
                f"{_WHERE}: alphas of {other[0]!r}, which is none of {', '.join(known)}."
            )


def _arguments(said: Any) -> Mapping[str, Any]:
    """Give the arguments that a link is named with."""
    return next(iter(said.values())) or {} if isinstance(said, Mapping) else {}


def _rows(values: np.ndarray) -> np.ndarray:
    """Centre rows, and divide them by their lengths; one that is constant becomes 0."""
    values = values - values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(length > 0, length, 1)
