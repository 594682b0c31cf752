"""Semantic-spatial readout."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from neurodecode.core.errors import ConfigError
from neurodecode.models.encode._readout import Readout


class SemanticTransformer(Readout):
    """A map of places for each voxel that is moved by what is shown, and channels that it gates.

    A voxel has a map of its own, as in `encode.factorized`, and a query: a place counts more whose
    features answer it. What the whole stimulus shows gates channels. So one readout serves areas
    that see a place and areas that see an object.

    Parameters
    ----------
    n_keys : int
        Numbers of a query.
    grid, n_prefix, channels, training, random_state
        As in `neurodecode.models.encode.gaussian.Gaussian`. The recipe: 60 passes of AdamW, batches
        of 64, a rate of 1e-2 that falls on a cosine.

    Attributes
    ----------
    weights_, made_, y_mean_, y_scale_, history_, best_epoch_, n_epochs_, converged_, attended_
        See `neurodecode.models.encode._readout.Readout`.

    Notes
    -----
    ``n_tokens + n_keys + n_channels + 1`` parameters a voxel. A batch of n stimuli takes
    ``8 n n_targets n_tokens`` bytes for attention and what it weighs; above 134 MB of attention
    voxels are computed in parts, and anew for gradients.

    References
    ----------
    Saha, Chadha & Khosla 2024, OpenReview.
    """

    version: ClassVar[int] = 1
    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {
            "lr": 1e-2, "batch_size": 64, "max_epochs": 60, "schedule": "cosine", "patience": 15,
        },
    }  # fmt: skip

    def __init__(
        self,
        n_keys: int = 16,
        grid: tuple[int, int] | None = None,
        n_prefix: int = 0,
        channels: Literal["first", "last"] = "first",
        training: Mapping[str, Any] | None = None,
        random_state: int | None = None,
    ):
        self.n_keys = n_keys
        self.grid = grid
        self.n_prefix = n_prefix
        self.channels = channels
        self.training = training
        self.random_state = random_state

    def attention(self, X):
        """Give how voxels weigh places, shape (n_trials, n_targets, height, width)."""
        return self._fitting().attention(self, X)

    def _build(self, made: Mapping[str, Any]) -> Any:
        from neurodecode.nn import attention_readouts

        if self.n_keys < 1:
            raise ConfigError(
                f"encode.semantic_transformer: n_keys is {self.n_keys}; give 1 or more."
            )
        shape = self._fitting().shape_of(self)
        return attention_readouts.SemanticSpatial(shape, made["n_targets"], self.n_keys)
