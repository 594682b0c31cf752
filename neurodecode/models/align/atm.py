"""ATM."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from neurodecode.models.align._aligner import Adaptive, Positives, Preset, Repeats, needs_of_aligner
from neurodecode.models.align._layouts import Scaling

_Slice = Literal["channels", "released"]


class Atm(Adaptive):
    """Channels attend to each other and to a token of the subject, then a convolution as NICE's.

    Weights belong to channels: other layouts are refused.

    Parameters
    ----------
    preset : {"paper", "tiny"}
        Sizes and recipe: as published (63 channels, 250 samples), or for a CPU.
    sizes : mapping, optional
        Arguments of `neurodecode.nn.atm.Atm` that differ from the preset's.
    slice : {"channels", "released"}
        Which tokens the convolution is handed: those of the channels; or, as the released code
        does, the subject's and all channels but the last.
    compat : "atm" or None
        Subjects as published. Its loss had ``normalise: y`` and a scale of 2.66 (``temperature:
        0.376``).
    unknown_subject : {"token", "refuse"}
        What a subject that was not trained on is read with: a token that takes a known one's place
        now and then in training; nothing.
    positives : {"trial", "stimulus", "concept"}
        Which trials of a batch are no negatives of each other.
    repeats : {"all", "one"}
        What a pass takes of a subject's trials with the same target: all, or one drawn anew.
    loss : mapping, optional
        See `neurodecode.models.align._options.LossOptions`.
    training : mapping, optional
        Arguments of `neurodecode.train.training.Training` that differ from the preset's. Published:
        AdamW, lr 3e-4, batches of 64, 40 passes.
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
    Li et al. 2024, arXiv 2403.07721.
    """

    version: ClassVar[int] = 2
    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {
            "lr": 3e-4, "weight_decay": 0.01, "decay": "matrices", "batch_size": 64,
            "max_epochs": 40, "patience": 10,
        },
        "tiny": {"lr": 1e-3, "batch_size": 64, "max_epochs": 40, "patience": 6},
    }  # fmt: skip

    def __init__(
        self,
        preset: Preset = "paper",
        sizes: Mapping[str, Any] | None = None,
        slice: _Slice = "channels",  # noqa: A002 (the option's known name)
        compat: Literal["atm"] | None = None,
        unknown_subject: Literal["token", "refuse"] = "token",
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
        self.slice = slice
        self.compat = compat
        self.unknown_subject = unknown_subject
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
        from neurodecode.nn import atm

        make = atm.Atm.tiny if self.preset == "tiny" else atm.Atm
        return make(
            made["n_chans"],
            made["n_times"],
            made["heads"],
            n_subjects=made["n_subjects"],
            **{"slice": self.slice, "compat": self.compat, **(self.sizes or {})},
        )
