"""BraInCoRL: an encoder that is told in context."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.names import require
from neurodecode.core.needs import Needs
from neurodecode.models.encode._people import OfPeople, Person

_SIZES: dict[str, dict[str, Any]] = {
    "clip": {"width": 560},
    "dino": {"width": 800},
    "siglip": {"width": 1200},
    "tiny": {"width": 64, "depth": 3, "n_heads": 4, "n_hidden": 44, "dropout": 0.0},
}
_CONTEXTS = {"clip": (30, 500), "dino": (30, 500), "siglip": (30, 500), "tiny": (4, 64)}
_QUERIES = {"clip": 100, "dino": 100, "siglip": 100, "tiny": 32}
_PAPER = {
    "lr": 1e-4, "weight_decay": 0.1, "batch_size": 64, "max_epochs": 100, "schedule": "cosine",
    "patience": 20,
}  # fmt: skip


class Braincorl(OfPeople):
    """A transformer that reads a voxel's responses to some pictures and tells its weights.

    It is trained on voxels of some people, each with pictures and responses of its own, to tell its
    responses to others; and is shown, of a new person, the labelled rows that `target_access` gives
    (``calibration: 16``), for all voxels without a step of training. Compare with
    `encode.prior_ridge`, which knows mean and covariance of the same voxels' weights, and with
    ``encode.prior_ridge: {prior: none}``, which knows the context alone.

    Parameters
    ----------
    preset : {"clip", "dino", "siglip", "tiny"}
        Sizes and recipe: as published for embeddings of 512, 768 and 1152 numbers (97.07 million
        parameters for the first), or for a CPU.
    sizes : mapping, optional
        Arguments of `neurodecode.nn.in_context.InContext` that differ from the preset's.
    n_context : tuple of int, optional
        Least and largest context of training; published 30 and 500.
    n_queries : int, optional
        Other pictures that are asked for in training; published 100.
    training : mapping, optional
        Arguments of `neurodecode.train.training.Training` that differ from the preset's. Published:
        AdamW, a rate of 1e-4, decay 0.1, 64 voxels a step, 100 passes, and a rate that falls
        where a loss does not; here it falls on a cosine.
    random_state : int or None

    Attributes
    ----------
    weights_ : dict of str to ndarray
        Of the module, of the pass that was best on a tenth of the voxels, which are held out.
    y_mean_, y_scale_ : float
        Of all training responses, by which responses are scaled: bring each session to z-scores
        (prepare: zscore) where sessions or voxels differ.
    weights_of_ : dict of str to ndarray, shape (n_voxels, n_features + 1)
        See `neurodecode.models.encode._people.OfPeople`; for embeddings of length 1 times the root
        of `n_features`.
    history_, best_epoch_, n_epochs_, converged_
        See `neurodecode.models.networks._classifier.NetworkClassifier`.

    Notes
    -----
    Each voxel of a batch has a context of its own. Attention of 64 voxels with contexts of 500
    takes 650 MB a block in training (`neurodecode.nn.in_context.InContext`): 8 voxels a step fit
    where memory is short. Weights of all voxels are told 256 at a time.

    References
    ----------
    Yu et al. 2025, arXiv 2505.15813.
    """

    needs: ClassVar[Needs] = replace(OfPeople.needs, packages=("torch",))
    version: ClassVar[int] = 1
    judged_beside: ClassVar[str] = "prior_ridge"  # which knows as much of other people's voxels
    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "clip": _PAPER,
        "dino": _PAPER,
        "siglip": _PAPER,
        "tiny": {
            "lr": 2e-3, "batch_size": 64, "max_epochs": 50, "schedule": "cosine", "patience": 20,
        },
    }  # fmt: skip

    def __init__(
        self,
        preset: Literal["clip", "dino", "siglip", "tiny"] = "clip",
        sizes: Mapping[str, Any] | None = None,
        n_context: tuple[int, int] | None = None,
        n_queries: int | None = None,
        training: Mapping[str, Any] | None = None,
        random_state: int | None = None,
    ):
        self.preset = preset
        self.sizes = sizes
        self.n_context = n_context
        self.n_queries = n_queries
        self.training = training
        self.random_state = random_state

    def _learn(self, people: Mapping[str, Person]) -> None:
        if self.preset not in _SIZES:
            words = " or ".join(_SIZES)
            raise ConfigError(f"encode.braincorl: preset is {self.preset!r}; give {words}.")
        (low, high), n_queries = self._contexts()
        if not 1 <= low <= high or n_queries < 1:
            raise ConfigError(
                f"encode.braincorl: contexts of {low} to {high} and {n_queries} queries. Give one "
                "or more, the least first."
            )
        every = np.concatenate([one.Y.reshape(-1) for one in people.values()])
        self.y_mean_ = float(every.mean())
        self.y_scale_ = float(every.std()) or 1.0
        self._fitting().fit(self, people)

    def _weights(self, person: Person) -> np.ndarray:
        return self._fitting().weights(self, person)

    def _contexts(self) -> tuple[tuple[int, int], int]:
        """Give the least and largest context of training, and how many pictures are asked for."""
        low, high = _CONTEXTS[self.preset] if self.n_context is None else self.n_context
        return (low, high), _QUERIES[self.preset] if self.n_queries is None else self.n_queries

    def _sizes(self) -> dict[str, Any]:
        return {**_SIZES[self.preset], **(self.sizes or {})}

    def _read(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        features, subject = super()._read(X)
        length = np.linalg.norm(features, axis=1, keepdims=True)
        root = np.sqrt(features.shape[1])
        return root * features / np.where(length > 0, length, 1), subject

    def _fitting(self) -> Any:
        require("torch", purpose="encode.braincorl", extra="torch")
        from neurodecode.models.encode import _in_context  # torch: only where it is used

        return _in_context

    def __getstate__(self):
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_made"}
