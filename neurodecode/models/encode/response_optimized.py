"""Response-optimised encoder: its features are learnt from responses."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.models.encode._readout import Readout


class ResponseOptimized(Readout):
    """A convolutional core that all voxels share, from pixels, and a readout for each.

    What it knows of pictures it has learnt from responses alone: beside readouts of features that
    were trained on a task, it says what the task is worth. Pictures are a declared feature
    (``pixels: {size: 64}``) or a track of pictures.

    Parameters
    ----------
    readout : {"gaussian", "factorized"}
        Where voxels look in the core's maps; maps of the latter are free, with an L1 of 0.01.
    loss : {"gaussian", "poisson"}
        Squared errors; or of counts and rates, which are never below zero, that of Poisson.
    core : tuple of int
        Channels of the core's blocks.
    shift : float
        Largest shift of a picture in training, as a share of its side; nothing else is changed,
        since a mirrored picture has its places elsewhere.
    training : mapping, optional
        Arguments of `neurodecode.train.training.Training` that differ from the recipe: AdamW, a
        rate of 1e-3 that falls on a cosine over 60 passes, batches of 64, stopped by pictures that
        are held out.
    random_state : int or None

    Attributes
    ----------
    weights_, made_, y_mean_, y_scale_, history_, best_epoch_, n_epochs_, converged_
        See `neurodecode.models.encode._readout.Readout`.

    Notes
    -----
    242,720 parameters of the core on colour pictures, ``132`` a voxel with the Gaussian readout. A
    batch of 64 pictures of 64 × 64 holds 90 MB for gradients, whatever the voxels add.

    References
    ----------
    Khosla & Wehbe 2022, doi 10.1101/2022.03.21.485155; Saha, Chadha & Khosla 2024 (readouts). The
    core's design is ours.
    """

    version: ClassVar[int] = 1
    reads_pictures: ClassVar[bool] = True
    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {
            "lr": 1e-3, "weight_decay": 0.01, "batch_size": 64, "max_epochs": 60,
            "schedule": "cosine", "patience": 15,
        },
    }  # fmt: skip
    # Of what base readouts can be told of the form of maps; pictures have one form.
    grid = None
    n_prefix = 0
    channels = "last"

    def __init__(
        self,
        readout: Literal["gaussian", "factorized"] = "gaussian",
        loss: Literal["gaussian", "poisson"] = "gaussian",
        core: tuple[int, ...] = (32, 64, 128, 128),
        shift: float = 0.04,
        training: Mapping[str, Any] | None = None,
        random_state: int | None = None,
    ):
        self.readout = readout
        self.loss = loss
        self.core = core
        self.shift = shift
        self.training = training
        self.random_state = random_state

    def fit(self, X, y, val=None):
        """Train on pictures.

        Parameters
        ----------
        X : ndarray, shape (n_trials, height, width) or (n_trials, height, width, n_channels)
            Or `Trials`, read one batch at a time.
        y, val
            See `neurodecode.models.encode._readout.Readout.fit`.
        """
        for name, known in (("readout", ("gaussian", "factorized")),
                            ("loss", ("gaussian", "poisson"))):  # fmt: skip
            if getattr(self, name) not in known:
                raise ConfigError(
                    f"encode.response_optimized: {name} is {getattr(self, name)!r}; give "
                    f"{' or '.join(known)}."
                )
        if not 0 <= self.shift < 1:
            raise ConfigError(
                f"encode.response_optimized: shift is {self.shift}; give a share below one."
            )
        if self.loss == "poisson" and np.min(y, initial=0) < 0:
            raise DataError(
                "encode.response_optimized: responses below zero, and loss is poisson, which is of "
                "counts and rates. Say loss: gaussian, or leave out what centres them."
            )
        return super().fit(X, y, val)

    def _build(self, made: Mapping[str, Any]) -> Any:
        from neurodecode.nn import readouts, response_core

        picture = self._fitting().shape_of(self)
        core = response_core.ResponseCore(picture.n_channels, tuple(self.core))
        shape = core.shape_of(picture, tuple(self.core))
        n_targets = made["n_targets"]
        readout = readouts.Gaussian(shape, n_targets)
        if self.readout == "factorized":
            readout = readouts.Factorized(shape, n_targets, "free", sparsity=0.01)
        positive = self.loss == "poisson"
        return response_core.FromPixels(core, readout, picture, self.shift, positive)
