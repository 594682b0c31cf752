"""NICE."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from neurodecode.models.align._aligner import Aligner, Positives, Preset, Repeats, needs_of_aligner
from neurodecode.models.align._layouts import Scaling


class Nice(Aligner):
    """A convolution over time and one over channels: EEG to pictures, by what is evoked.

    Convolution and average pooling come before anything that is not linear, so little is left of
    activity whose phase is not locked to the stimulus; what is left, a long training finds where
    rhythms are strong. Weights belong to channels: other
    layouts are refused.

    Parameters
    ----------
    preset : {"paper", "tiny"}
        Sizes and recipe: as published (1,802,496 parameters with 63 channels, 250 samples and 768
        targets), or 19,200 for a CPU.
    sizes : mapping, optional
        Arguments of `neurodecode.nn.nice.Nice` that differ from the preset's.
    compat : "nice" or None
        First weights as published. Its temperature was .07 and not learned (``loss: {temperature:
        0.07}``).
    positives : {"trial", "stimulus", "concept"}
        Which trials of a batch are no negatives of each other.
    repeats : {"all", "one"}
        What a pass takes of a subject's trials with the same target: all, or one drawn anew.
    loss : mapping, optional
        See `neurodecode.models.align._options.LossOptions`.
    training : mapping, optional
        Arguments of `neurodecode.train.training.Training` that differ from the preset's. Published:
        Adam, lr 2e-4, betas .5 and .999, batches of 1000, 200 passes.
    center : bool
        Whether the mean of the training targets is taken off.
    baseline : float or None
        Seconds at the beginning of the window whose mean is taken off each channel.
    scaling : {"robust", "standard", "none"}
        Of each channel, learnt of training trials after the baseline.
    clamp : float or None
        Largest size of what was scaled.
    random_state : int or None

    Attributes
    ----------
    weights_, layouts_, subjects_, y_mean_, y_norm_, history_, best_epoch_, n_epochs_, converged_
        See `neurodecode.models.align._aligner.Aligner`.

    References
    ----------
    Song et al. 2024, arXiv 2308.13234.
    """

    version: ClassVar[int] = 1
    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {
            "lr": 2e-4, "betas": (0.5, 0.999), "batch_size": 1000, "max_epochs": 200,
            "patience": 200,
        },
        "tiny": {"lr": 2e-3, "batch_size": 128, "max_epochs": 40, "patience": 6},
    }  # fmt: skip

    def __init__(
        self,
        preset: Preset = "paper",
        sizes: Mapping[str, Any] | None = None,
        compat: Literal["nice"] | None = None,
        positives: Positives = "stimulus",
        repeats: Repeats = "all",
        loss: Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
        center: bool = True,
        baseline: float | None = None,
        scaling: Scaling = "robust",
        clamp: float | None = 20.0,
        random_state: int | None = None,
    ):
        self.preset = preset
        self.sizes = sizes
        self.compat = compat
        self.positives = positives
        self.repeats = repeats
        self.loss = loss
        self.training = training
        self.center = center
        self.baseline = baseline
        self.scaling = scaling
        self.clamp = clamp
        self.random_state = random_state

    @property
    def needs(self):
        """What it asks for: the column that its positives name, of training rows alone."""
        return needs_of_aligner(self.positives)

    def check_shape(self, n_channels: int, n_times: int | None, sfreq: float | None) -> None:
        """Hold trials of this shape to its filters, which `plan` does before any is read.

        None where it is not known.

        Raises
        ------
        ConfigError
            If they are too short.
        """
        del sfreq
        if n_times is not None:
            self._contrast().check_shape(self, n_channels, n_times)

    def _build(self, made: Mapping[str, Any]) -> Any:
        from neurodecode.nn import nice

        make = nice.Nice.tiny if self.preset == "tiny" else nice.Nice
        return make(
            made["n_chans"],
            made["n_times"],
            made["heads"],
            **{"compat": self.compat, **(self.sizes or {})},
        )
