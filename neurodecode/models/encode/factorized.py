"""Factorised readout."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from neurodecode.core.errors import ConfigError
from neurodecode.models.encode._readout import Readout


class Factorized(Readout):
    """A map of places and weights of channels for each voxel, whatever the map's form.

    A voxel looks at the same places of every stimulus: ``n_tokens + n_channels + 1`` parameters a
    voxel, where weights of every channel at every place would be ``n_tokens * n_channels + 1``.

    Parameters
    ----------
    maps : {"softmax", "free"}
        Whether a voxel's map is positive and sums to one, even at the start; or is of any sign.
    sparsity : float
        Weight of the mean size of free maps, added to the loss (L1).
    smoothness : float
        Weight of the squared differences between neighbours of a map (Laplacian), summed over the
        map, mean over voxels, added to the loss.
    grid, n_prefix, channels, training, random_state
        As in `neurodecode.models.encode.gaussian.Gaussian`.

    Attributes
    ----------
    weights_, made_, y_mean_, y_scale_, history_, best_epoch_, n_epochs_, converged_
        See `neurodecode.models.encode._readout.Readout`.

    Notes
    -----
    A batch of n stimuli takes ``4 n n_targets min(n_tokens, n_channels)`` bytes.

    References
    ----------
    Klindt et al. 2017, arXiv 1711.02653; St-Yves & Naselaris 2018, doi
    10.1016/j.neuroimage.2017.06.035 (feature-weighted receptive fields).
    """

    version: ClassVar[int] = 1
    recipe: ClassVar[Mapping[str, Any]] = {
        "lr": 2e-2, "batch_size": 64, "max_epochs": 40, "schedule": "cosine", "patience": 10,
    }  # fmt: skip

    def __init__(
        self,
        maps: Literal["softmax", "free"] = "softmax",
        sparsity: float = 0.0,
        smoothness: float = 0.0,
        grid: tuple[int, int] | None = None,
        n_prefix: int = 0,
        channels: Literal["first", "last"] = "first",
        training: Mapping[str, Any] | None = None,
        random_state: int | None = None,
    ):
        self.maps = maps
        self.sparsity = sparsity
        self.smoothness = smoothness
        self.grid = grid
        self.n_prefix = n_prefix
        self.channels = channels
        self.training = training
        self.random_state = random_state

    def _build(self, made: Mapping[str, Any]) -> Any:
        from neurodecode.nn import readouts

        if self.maps not in ("softmax", "free"):
            raise ConfigError(f"encode.factorized: maps is {self.maps!r}; give softmax or free.")
        if self.sparsity and self.maps == "softmax":
            raise ConfigError(
                f"encode.factorized: sparsity is {self.sparsity}, and maps of a softmax always sum "
                "to one. Say maps: free."
            )
        if min(self.sparsity, self.smoothness) < 0:
            raise ConfigError("encode.factorized: sparsity and smoothness must be zero or more.")
        shape = self._fitting().shape_of(self)
        weights = self.sparsity, self.smoothness
        return readouts.Factorized(shape, made["n_targets"], self.maps, *weights)
