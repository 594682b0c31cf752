"""The brain module of Benchetrit et al."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from neurodecode.models.align._aligner import Adaptive, Positives, Preset, Repeats, needs_of_aligner
from neurodecode.models.align._layouts import Scaling


class Benchetrit(Adaptive):
    """Attention over sensor positions, a matrix a subject, dilated convolutions: MEG to pictures.

    It is trained on layouts of any sensors that have positions, several at once, and reads others.
    Positions are those of the training layouts' square. A channel that was not trained on is
    scaled as the middle one of its type.

    Parameters
    ----------
    preset : {"paper", "tiny"}
        Sizes and recipe: as published (6,424,472 parameters with 181 samples, 4 subjects and 768
        targets), or 38,981 for a CPU.
    sizes : mapping, optional
        Arguments of `neurodecode.nn.benchetrit.Benchetrit` that differ from the preset's.
    unknown_subject : {"mean", "token", "refuse"}
        What a subject that was not trained on is read with: the mean of the subjects' matrices; a
        matrix that takes a known one's place now and then in training; nothing.
    positives : {"trial", "stimulus", "concept"}
        Which trials of a batch are no negatives of each other.
    repeats : {"all", "one"}
        What a pass takes of a subject's trials with the same target: all, or one drawn anew.
    loss : mapping, optional
        See `neurodecode.models.align._options.LossOptions`. Published: ``clip_weight: 0.75``, with
        two outputs.
    training : mapping, optional
        Arguments of `neurodecode.train.training.Training` that differ from the preset's. Published:
        Adam, lr 3e-4, batches of 128, 50 passes at most, patience 10.
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
    Benchetrit et al. 2023, arXiv 2310.19812.
    """

    version: ClassVar[int] = 2
    any_layout: ClassVar[bool] = True
    sees_positions: ClassVar[bool] = True
    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {"lr": 3e-4, "batch_size": 128, "max_epochs": 50, "patience": 10},
        "tiny": {"lr": 2e-3, "batch_size": 128, "max_epochs": 40, "patience": 6},
    }

    def __init__(
        self,
        preset: Preset = "paper",
        sizes: Mapping[str, Any] | None = None,
        unknown_subject: Literal["mean", "token", "refuse"] = "mean",
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
        return needs_of_aligner(self.positives, spaces="many", positions=True)

    def patterns(self) -> dict[str, Any]:
        """Give one map, ``attention``: what each sensor gets of it beyond an even share.

        Of the first layout it was trained on, as a share of the even one, shape (n_sensors,).
        """
        return {"attention": self._contrast().attention(self)}

    def _build(self, made: Mapping[str, Any]) -> Any:
        from neurodecode.nn import benchetrit

        make = benchetrit.Benchetrit.tiny if self.preset == "tiny" else benchetrit.Benchetrit
        return make(
            made["n_chans"],
            made["n_times"],
            made["heads"],
            n_subjects=made["n_subjects"],
            unknown="token" if self.unknown_subject == "token" else "mean",
            **(self.sizes or {}),
        )
