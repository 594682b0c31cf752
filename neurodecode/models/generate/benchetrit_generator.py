"""The generator of Benchetrit et al.: networks tell a latent and conditions from MEG or EEG."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.models.align.benchetrit import Benchetrit
from neurodecode.models.generate._links import arguments_of
from neurodecode.models.generate._network_told import NetworkRenorm, NetworkTold, check_val
from neurodecode.models.generate._telling import Shown, conditions_of
from neurodecode.models.generate._two_stages import LOW, TwoStages

_OWN = ("preset", "positives", "loss", "random_state")  # of the networks, that are said here


class BenchetritGenerator(TwoStages):
    """Make pictures from MEG or EEG in two stages: what networks say of the latent and conditions.

    A network each (`neurodecode.models.align.benchetrit`), trained by squared error alone, tells a
    low-level latent and conditions, such as tokens of vision and text. A codec makes a picture of
    the latent; a generator starts from it, forgets a share of it (`strength`), and paints what the
    conditions say. Trials may be of several people, and of any sensors whose places are known.

    Parameters
    ----------
    preset : {"paper", "tiny"}
        ``paper``: networks at their published sizes, Versatile Diffusion from the folder of weights
        ``versatile-diffusion``, stage 1 by its auto-encoder, 50 steps of DDIM, guidance 7.5, share
        of the text .4, strength .75. ``tiny``: networks for a CPU, an auto-encoder and a U-Net that
        are trained here, 20 steps, guidance 3.
    conditions : tuple of str or None
        Declared features or tracks that the generator is told, of training rows alone. None: of
        ``paper`` vision and text, of ``tiny`` semantic.
    low, generator
        As of `BrainDiffuser`.
    strength, guidance, steps, mixing : optional
        As of `BrainDiffuser`.
    network : mapping, optional
        Arguments of `neurodecode.models.align.benchetrit.Benchetrit` that differ from its preset's,
        of all networks: ``{training: {max_epochs: 20}, unknown_subject: refuse}``.
    renorm : {"held_out", "transductive", "none"}
        By which predictions' mean and standard deviation predictions are scaled, output by output,
        to those of the training targets: of validation rows, which no network was trained on; of
        the test rows themselves, which is the paper's and ``target_access: transductive`` must
        allow; or not at all.
    post_mix : float
        Share of the picture of stage 1 in what comes out; rows of the table are flagged by it.
    random_state : int or None

    Attributes
    ----------
    shape_ : tuple of int
        Height, width and channels of the pictures.
    low_ : NetworkTold
        Brain to latent.
    told_ : dict of str to NetworkTold
        Brain to each condition.
    codec_, generator_
        Links, fitted on the training pictures, each once.
    flags_ : tuple of str

    Notes
    -----
    An experiment cuts validation rows for it, by concept or stimulus where there are any: each
    network keeps its best pass by them, and ``held_out`` is measured on them. So these statistics
    are of pictures that were not trained on, of all people together, and of single trials:
    averages of repeats (``aggregate: {of: inputs}``) spread less, and come out a little nearer to
    the mean. Nothing is known of test rows: a picture alone is told as it is among others. `fit`
    by hand needs ``val``, or ``renorm: none``. Of single trials of two people of
    `simulated_meg_scenes` (few updates, one seed) two-way is .687 by ``held_out``, .692 by
    ``transductive`` and .681 by ``none``; PixCorr .260, .261 and .236.

    Not held to the paper's text: 50 steps, guidance 7.5, strength .75 and share of the text .4 are
    those of Brain-Diffuser, whose second stage this is. Ours: ``held_out``, how validation rows are
    cut, and a network of its own for each target. Filter, rate and window are the experiment's. A
    network of 257 × 768 outputs has 409 million parameters. Several pictures of a trial are not
    ranked by the brain, as `BrainDiffuser` does it: one regression to the sensors of several people
    means little.

    References
    ----------
    Benchetrit et al. 2023, arXiv 2310.19812; Ozcelik & VanRullen 2023,
    doi 10.1038/s41598-023-42891-8.
    """

    version: ClassVar[int] = 1
    # As of its networks: weights are drawn channel by channel.
    order_matters: ClassVar[tuple[str, ...]] = Benchetrit.order_matters

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
        network: Mapping[str, Any] | None = None,
        renorm: NetworkRenorm = "held_out",
        post_mix: float = 0.0,
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
        self.network = network
        self.renorm: NetworkRenorm = renorm
        self.post_mix = post_mix
        self.random_state = random_state

    @property
    def needs(self) -> Needs:
        """Trials of sensors with places, pictures, what they show, and rows to validate on."""
        return Needs(
            trials=True,
            targets=("picture",),
            axes=("channel", "time"),
            spaces="many",
            columns=("subject", "uid"),
            training_signals=self._conditions(),
            positions=True,
            transductive=self.renorm == "transductive",
            val=True,
            packages=("torch", "diffusers"),
        )

    def fit(
        self,
        X,
        y,
        signals: Mapping[str, np.ndarray] | None = None,
        val: tuple[Any, Any, Mapping[str, np.ndarray]] | None = None,
    ):
        """Fit links, then networks.

        Parameters
        ----------
        X : Trials
            Of sensors, with the columns ``subject`` and ``uid``.
        y : ndarray, shape (n_trials, height, width, channels)
            Pictures, from 0 to 1.
        signals : mapping of str to ndarray, shape (n_trials, …)
            Each of the conditions.
        val : tuple of X, y and signals, optional
            Validation rows: nothing is trained on them.

        Raises
        ------
        ConfigError
            If an argument cannot be meant, or a condition is not told.
        DataMissing, DataError
            If weights are not there or of another model, pictures are none, numbers are not finite,
            or there are no validation rows to scale by.
        """
        self._check()
        check_val(self.renorm, 0 if val is None else len(val[0]), self._where)
        network = self._network()
        network.check(X)
        shown_val, targets_val = None, {}
        if val is not None and len(val[0]):
            shown_val = Shown(val[1], None, f"{self._where}, val")
            targets_val = conditions_of(self._conditions(), val[2], len(val[0]), shown_val.where)
        _, latents, told = self._linked(y, None, signals)
        if shown_val is not None:
            targets_val[LOW] = shown_val.encoded(self.codec_)
        network.set_params(random_state=self.state_)
        fitted = {}
        for name, target in {LOW: latents, **told}.items():
            held_out = None if val is None or shown_val is None else (val[0], targets_val[name])
            one = NetworkTold(network, self.renorm, self._where)
            fitted[name] = one.fit(X, target, held_out)
        self.low_, self.told_ = fitted.pop(LOW), fitted
        return self

    def _check(self) -> None:
        super()._check()
        self._network()

    def _network(self) -> Benchetrit:
        said, place = dict(self.network or {}), f"{self._where}.network"
        for name in _OWN:
            if name in said:
                raise ConfigError(
                    f"{place}: {name} is the model's own, and the same for all networks. Leave it "
                    "out."
                )
        said = arguments_of(Benchetrit, said, place)
        return Benchetrit(**said, preset=self.preset, positives="trial", loss={"clip_weight": 0.0})
