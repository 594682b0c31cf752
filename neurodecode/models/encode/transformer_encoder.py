"""Transformer brain encoder: region queries over the tokens of a picture."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.models.encode._readout import Readout

_SIZES = {
    "paper": {"width": 768, "n_heads": 16, "n_hidden": 1024, "dropout": 0.1},
    "tiny": {"width": 32, "n_heads": 4, "n_hidden": 64, "dropout": 0.0},
}


class TransformerEncoder(Readout):
    """A query for each region attends to places of a picture; voxels weigh what it has seen.

    What a region looks at depends on the picture: it finds an object wherever it is. One query
    serves all voxels of a region (the types of the brain's space; without types, there is one),
    so voxels that see many places are better told by `encode.gaussian`, or by a query each.

    Parameters
    ----------
    preset : {"paper", "tiny"}
        Sizes and recipe: as published (features of 768 channels, such as the 31 × 31 tokens of
        DINOv2 B/14), or for a CPU.
    queries : {"regions", "targets"}
        One for each region, or one for each voxel.
    sizes : mapping, optional
        Arguments of `neurodecode.nn.attention_readouts.RoiAttention` that differ from the preset's.
    grid, n_prefix, channels, random_state
        As in `neurodecode.models.encode.gaussian.Gaussian`.
    training : mapping, optional
        Arguments of `neurodecode.train.training.Training` that differ from the preset's. Published:
        AdamW, a rate of 5e-4, decay 1e-4, batches of 16, 15 passes, gradients cut at 0.1, the best
        pass by validation pictures.

    Attributes
    ----------
    regions_ : list of str
        Of each query.
    weights_, made_, y_mean_, y_scale_, history_, best_epoch_, n_epochs_, converged_, attended_
        See `neurodecode.models.encode._readout.Readout`.

    Notes
    -----
    Of the preset ``paper`` 3.94 million parameters are shared, 768 are a query's and 769 a
    voxel's. Attention of a batch takes ``4 n n_heads n_queries n_tokens`` bytes: 16 pictures and 50
    regions 49 MB; of queries of all voxels at most 134 MB are held at a time, and computed anew
    for gradients. Each voxel reads its own region's query, so no product is made to be masked.
    Published scores are means over trainings, weighted by validation scores of their layers: one
    training is a row here.

    References
    ----------
    Adeli, Sun & Kriegeskorte 2025, arXiv 2505.17329.
    """

    needs = Needs(
        targets=("vector", "brain"), batches=True, val=True, target_space=True, packages=("torch",)
    )
    version: ClassVar[int] = 1
    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {
            "lr": 5e-4, "weight_decay": 1e-4, "batch_size": 16, "max_epochs": 15, "patience": 15,
            "max_grad_norm": 0.1,
        },
        "tiny": {
            "lr": 3e-3, "batch_size": 64, "max_epochs": 60, "schedule": "cosine", "patience": 15,
        },
    }  # fmt: skip

    def __init__(
        self,
        preset: Literal["paper", "tiny"] = "paper",
        queries: Literal["regions", "targets"] = "regions",
        sizes: Mapping[str, Any] | None = None,
        grid: tuple[int, int] | None = None,
        n_prefix: int = 0,
        channels: Literal["first", "last"] = "first",
        training: Mapping[str, Any] | None = None,
        random_state: int | None = None,
    ):
        self.preset = preset
        self.queries = queries
        self.sizes = sizes
        self.grid = grid
        self.n_prefix = n_prefix
        self.channels = channels
        self.training = training
        self.random_state = random_state

    def fit(self, X, y, val=None, space=None):
        """Train on maps of what was shown.

        Parameters
        ----------
        X, y, val
            See `neurodecode.models.encode._readout.Readout.fit`.
        space : Space, optional
            Of the targets; its types are their regions. Without it, all are of one.
        """
        if self.queries not in ("regions", "targets"):
            raise ConfigError(
                f"encode.transformer_encoder: queries is {self.queries!r}; give regions or targets."
            )
        n_targets = 1 if np.ndim(y) == 1 else np.shape(y)[1]
        types = getattr(space, "types", ()) or ("all",) * n_targets
        if len(types) != n_targets:
            raise ConfigError(
                f"encode.transformer_encoder: a space of {len(types)} for {n_targets} targets. "
                "Give the space of the brain that is told."
            )
        self.regions_ = list(dict.fromkeys(types))
        query_of = [self.regions_.index(one) for one in types]
        if self.queries == "targets":
            self.regions_, query_of = list(types), list(range(n_targets))
        return self._fitting().fit(self, X, y, val, {"query_of": query_of})

    def attention(self, X):
        """Give what each query attends to, shape (n_trials, n_queries, height, width).

        Mean over heads; sums to one over places.
        """
        return self._fitting().attention(self, X)

    def _build(self, made: Mapping[str, Any]) -> Any:
        from neurodecode.nn import attention_readouts

        return attention_readouts.RoiAttention(
            self._fitting().shape_of(self), made["query_of"], len(self.regions_),
            **{**_SIZES[self.preset], **(self.sizes or {})},
        )  # fmt: skip
