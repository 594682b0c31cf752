"""A residual perceptron over voxels."""

from collections.abc import Mapping
from typing import Any, ClassVar

from neurodecode.models.align._aligner import Adaptive, Positives, Preset, Repeats, needs_of_aligner
from neurodecode.models.align._layouts import Scaling


class Mlp(Adaptive):
    """MindEye's backbone: an input layer for each space of voxels, residual blocks, a projector.

    People whose voxels differ are trained together, each space of voxels with an input layer of its
    own; a space that was not trained on has to be fitted first. Trials of channels by time are
    flattened.

    Parameters
    ----------
    preset : {"paper", "tiny"}
        Sizes and recipe: as published, or for a CPU.
    sizes : mapping, optional
        Arguments of `neurodecode.nn.mlp.Mlp` that differ from the preset's.
    positives : {"trial", "stimulus", "concept"}
        Which trials of a batch are no negatives of each other.
    repeats : {"all", "one"}
        What a pass takes of a subject's trials with the same target: all, or one drawn anew.
    loss : mapping, optional
        See `neurodecode.models.align._options.LossOptions`. Published: a third of the training with
        ``kind: bimixco``, the rest with ``kind: soft_clip``.
    training : mapping, optional
        Arguments of `neurodecode.train.training.Training` that differ from the preset's. Published:
        AdamW, lr 3e-4 in one cycle, decay of .01 but for biases and norms, batches of 32, 240
        passes.
    center : bool
        Whether the mean of the training targets is taken off.
    scaling : {"robust", "standard", "none"}
        Of each voxel, learnt of training trials.
    clamp : float or None
        Largest size of what was scaled.
    random_state : int or None

    Attributes
    ----------
    weights_, layouts_, subjects_, y_mean_, y_norm_, history_, best_epoch_, n_epochs_, converged_
        See `neurodecode.models.align._aligner.Aligner`.

    References
    ----------
    Scotti et al. 2023, arXiv 2305.18274.
    """

    version: ClassVar[int] = 2
    any_layout: ClassVar[bool] = True
    own_inputs: ClassVar[bool] = True
    order_matters: ClassVar[tuple[str, ...]] = ("voxel", "feature")
    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {
            "lr": 3e-4, "weight_decay": 0.01, "decay": "matrices", "schedule": "one_cycle",
            "warmup_epochs": 2, "batch_size": 32, "max_epochs": 240, "patience": 240,
        },
        "tiny": {
            "lr": 1e-3, "weight_decay": 0.01, "decay": "matrices", "batch_size": 128,
            "max_epochs": 40, "patience": 6,
        },
    }  # fmt: skip

    def __init__(
        self,
        preset: Preset = "paper",
        sizes: Mapping[str, Any] | None = None,
        positives: Positives = "stimulus",
        repeats: Repeats = "all",
        loss: Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
        center: bool = True,
        scaling: Scaling = "standard",
        clamp: float | None = 20.0,
        random_state: int | None = None,
    ):
        self.preset = preset
        self.sizes = sizes
        self.positives = positives
        self.repeats = repeats
        self.loss = loss
        self.training = training
        self.center = center
        self.scaling = scaling
        self.clamp = clamp
        self.random_state = random_state

    @property
    def needs(self):
        """What it asks for: the column that its positives name, of training rows alone."""
        return needs_of_aligner(self.positives, axes=None, spaces="many")

    def _build(self, made: Mapping[str, Any]) -> Any:
        from neurodecode.nn import mlp

        make = mlp.Mlp.tiny if self.preset == "tiny" else mlp.Mlp
        counts = [n * made["n_times"] for n in made["counts"]]
        return make(counts, made["heads"], **(self.sizes or {}))
