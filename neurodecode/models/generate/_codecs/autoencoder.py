"""A small auto-encoder, trained here, as a codec."""

from typing import Any

import numpy as np
import torch
from torch import nn

from neurodecode.core.errors import DataError
from neurodecode.models.generate._training import Learnt, module_of, start, train_steps
from neurodecode.nn.autoencoder import Autoencoder as Network
from neurodecode.nn.pictures import from_tensor, signed, to_tensor, unsigned
from neurodecode.steps._input import check_count
from neurodecode.train.source import Batch
from neurodecode.train.training import Training

_PICTURES = 256  # that are read at a time


class Autoencoder(Learnt):
    """Pictures to latents of 4 channels, a quarter as wide and high, and back.

    Parameters
    ----------
    widths : tuple of int
        Channels after the first and the second halving.
    n_latent : int
        Channels of the latent.
    n_updates, batch_size : int
    lr : float
        Of Adam.
    random_state : int or None
        Of training; of a link within a model, None is the model's.

    Attributes
    ----------
    shape_ : tuple of int
        Height, width and channels of a picture.
    weights_ : dict of str to ndarray
    """

    def __init__(
        self,
        widths: tuple[int, int] = (24, 48),
        n_latent: int = 4,
        n_updates: int = 500,
        batch_size: int = 64,
        lr: float = 2e-3,
        random_state: int | None = None,
    ):
        self.widths = widths
        self.n_latent = n_latent
        self.n_updates = n_updates
        self.batch_size = batch_size
        self.lr = lr
        self.random_state = random_state

    def check(self) -> None:
        """Refuse arguments that cannot be meant, before anything is trained."""
        check_count(self.n_updates, "n_updates", self)

    def fit(self, pictures: np.ndarray) -> "Autoencoder":
        """Learn the round trip of training pictures, shape (n, height, width, channels)."""
        self.check()
        height, width, channels = pictures.shape[1:]
        self.shape_ = (int(height), int(width), int(channels))
        seed, module = start(self, self._build)
        recipe = Training(batch_size=self.batch_size, lr=self.lr)
        columns = {"picture": signed(to_tensor(pictures)).numpy()}
        self.history_ = train_steps(
            module, _round_trip, columns, n_updates=self.n_updates, recipe=recipe, link=self,
            seed=seed,
        )  # fmt: skip
        self.weights_ = {k: v.numpy().copy() for k, v in module.state_dict().items()}
        return self

    def encode(self, pictures: np.ndarray) -> np.ndarray:
        """Give latents, float32, shape (n, n_latent, height, width).

        Raises
        ------
        DataError
            If pictures are of another size than those it was fitted on.
        """
        if pictures.shape[1:] != self.shape_:
            raise DataError(
                f"autoencoder: pictures of {pictures.shape[1:]}, and it was fitted on "
                f"{self.shape_}. Give the same height, width and channels."
            )
        return self._through(lambda module, at: module.encode(signed(to_tensor(pictures[at]))),
                             len(pictures))  # fmt: skip

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """Give pictures, float32, shape (n, height, width, channels), from 0 to 1."""
        height, width, _ = self.shape_
        latents = np.asarray(latents, dtype=np.float32)
        made = self._through(
            lambda module, at: module.decode(torch.from_numpy(latents[at]), height, width),
            len(latents),
        )
        return from_tensor(unsigned(torch.from_numpy(made)))

    def _through(self, call: Any, n: int) -> np.ndarray:
        module = module_of(self, self._build)
        with torch.inference_mode():
            parts = [call(module, slice(i, i + _PICTURES)).numpy() for i in range(0, n, _PICTURES)]
        return np.concatenate(parts)

    def _build(self) -> nn.Module:
        wide, deep = self.widths
        return Network(self.shape_[2], (wide, deep), self.n_latent)


def _round_trip(module: nn.Module, batch: Batch) -> tuple[torch.Tensor, float]:
    pictures = batch["picture"]
    return nn.functional.mse_loss(module(pictures).float(), pictures), float(len(pictures))
