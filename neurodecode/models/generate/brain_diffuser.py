"""Brain-Diffuser: a blurred picture by ridge, and a generator that starts from it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.models.align._repeats import flat
from neurodecode.models.generate._links import arguments_of, with_state
from neurodecode.models.generate._seeds import seeds_of
from neurodecode.models.generate._telling import Shown, first_trials, left_out
from neurodecode.models.generate._two_stages import LOW, TwoStages
from neurodecode.models.generate.token_ridge import Renorm, TokenRidge

_ALPHAS = TokenRidge().alphas


class BrainDiffuser(TwoStages):
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
    prior : mapping or None
        Arguments of `neurodecode.models.generate._prior.Prior`, such as ``{network: transformer}``
        or ``{}``: each condition is drawn from what it could have been, given what ridge tells of
        it, as MindEye does it. It learns from training rows that ridge was not fitted on. None:
        the generator is told what ridge tells.
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
    priors_ : dict of str to Prior
        Of each condition, where a prior is asked for.
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
    Ozcelik & VanRullen 2023, doi 10.1038/s41598-023-42891-8; Scotti et al. 2023, arXiv 2305.18274
    (a prior between the brain and the generator).
    """

    version: ClassVar[int] = 1
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {
            **TwoStages.presets["paper"],
            "alphas": ((50_000.0,), (60_000.0,), (100_000.0,)),
        },
        "tiny": {**TwoStages.presets["tiny"], "alphas": ()},
    }

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
        prior: Mapping[str, Any] | None = None,
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
        self.prior = prior
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
        shown, latents, told = self._linked(y, rows, signals)
        self.low_ = self._ridge(shown, X, LOW, latents)
        self.told_ = {name: self._ridge(shown, X, name, one) for name, one in told.items()}
        self.priors_ = {}
        if (prior := self._prior()) is not None:
            for name, ridge in self.told_.items():
                link = with_state(prior, self.state_)
                true = told[name][first_trials(ridge)]
                self.priors_[name] = link.fit(left_out(ridge), true)
        self.brain_ = None
        if self.candidates > 1:
            brain = flat(X)
            self.brain_mean_, self.brain_std_ = brain.mean(axis=0), brain.std(axis=0)
            self.brain_ = TokenRidge(renorm="none").fit(latents, brain, shown.rows)
        return self

    def _drawn(self, told: dict[str, np.ndarray], X: Any, low: np.ndarray) -> np.ndarray:
        made = []
        for number in range(self.candidates):
            seeds = seeds_of(X, self.state_, number)
            # Another stream than the generator's, whose noise would else begin with the same.
            drawn = {
                n: one.sample(told[n], [s ^ 1 for s in seeds]) for n, one in self.priors_.items()
            }
            made.append(self.generator_.generate(told | drawn, seeds, low))
        return made[0] if len(made) == 1 else self._best(made, X)

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

    def _prior(self) -> Any:
        if self.prior is None:
            return None
        from neurodecode.models.generate._prior import Prior  # torch: only where it is asked for

        return Prior(**arguments_of(Prior, self.prior, f"{self._where}.prior"))

    def _penalties(self) -> dict[str, tuple[float, ...]]:
        """Give penalties by what is told: of the preset by place, and as they are named."""
        preset = self._preset()["alphas"]
        named = {name: tuple(one) for name, one in (self.alphas or {}).items()}
        return dict(zip((LOW, *self._conditions()), preset, strict=False)) | named

    def _check(self) -> None:
        super()._check()
        if (prior := self._prior()) is not None:
            prior.check()
        if self.candidates < 1:
            raise ConfigError(f"{self._where}: candidates is {self.candidates}. Give 1 or more.")
        known = (LOW, *self._conditions())
        other = sorted(set(self.alphas or {}) - set(known))
        if other:
            raise ConfigError(
                f"{self._where}: alphas of {other[0]!r}, which is none of {', '.join(known)}."
            )


def _rows(values: np.ndarray) -> np.ndarray:
    """Centre rows, and divide them by their lengths; one that is constant becomes 0."""
    values = values - values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(length > 0, length, 1)
