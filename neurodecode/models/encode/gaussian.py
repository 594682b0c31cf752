"""Gaussian readout."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from neurodecode.core.errors import ConfigError
from neurodecode.models.encode._readout import Readout


class Gaussian(Readout):
    """A Gaussian receptive field and weights of channels for each voxel.

    A voxel looks at one place of every stimulus: it weighs the places of a map of features by a
    Gaussian of its own, then channels. Early visual areas do; an area that follows an object
    wherever it is does not.

    Parameters
    ----------
    covariance : {"isotropic", "full"}
        Of a Gaussian: one width, ``n_channels + 4`` parameters a voxel; or two and a slant,
        ``n_channels + 6``.
    sampled : bool
        Whether a voxel looks at one place in training, drawn from its Gaussian for each batch, and
        at the middle afterwards, as in Lurz et al.; else it weighs all places.
    grid : tuple of int, optional
        Height and width of the map, where features are tokens that fill no square.
    n_prefix : int
        Tokens before those of places, such as a class token; they are left out.
    channels : {"first", "last"}
        Of features of three axes: channels, height, width; or height, width, channels.
    training : mapping, optional
        Arguments of `neurodecode.train.training.Training` that differ from the recipe: 40 passes
        of AdamW, batches of 64, a rate of 2e-2 that falls on a cosine.
    random_state : int or None

    Attributes
    ----------
    weights_, made_, y_mean_, y_scale_, history_, best_epoch_, n_epochs_, converged_
        See `neurodecode.models.encode._readout.Readout`.

    Notes
    -----
    A batch of n stimuli takes ``4 n n_targets min(n_tokens, n_channels)`` bytes: 8 of 10,000
    voxels on maps of 31 × 31 places and 768 channels 246 MB, and as much again for gradients.

    References
    ----------
    Lurz et al. 2021, OpenReview Tp7kI90Htd; Dumoulin & Wandell 2008, doi
    10.1016/j.neuroimage.2007.09.034 (population receptive fields).
    """

    version: ClassVar[int] = 1
    recipe: ClassVar[Mapping[str, Any]] = {
        "lr": 2e-2, "batch_size": 64, "max_epochs": 40, "schedule": "cosine", "patience": 10,
    }  # fmt: skip

    def __init__(
        self,
        covariance: Literal["isotropic", "full"] = "isotropic",
        sampled: bool = False,
        grid: tuple[int, int] | None = None,
        n_prefix: int = 0,
        channels: Literal["first", "last"] = "first",
        training: Mapping[str, Any] | None = None,
        random_state: int | None = None,
    ):
        self.covariance = covariance
        self.sampled = sampled
        self.grid = grid
        self.n_prefix = n_prefix
        self.channels = channels
        self.training = training
        self.random_state = random_state

    def _build(self, made: Mapping[str, Any]) -> Any:
        from neurodecode.nn import readouts

        if self.covariance not in ("isotropic", "full"):
            raise ConfigError(
                f"encode.gaussian: covariance is {self.covariance!r}; give isotropic or full."
            )
        shape = self._fitting().shape_of(self)
        return readouts.Gaussian(shape, made["n_targets"], self.covariance, self.sampled)
