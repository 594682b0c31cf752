"""SD VAE: the latent of Stable Diffusion's auto-encoder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator

from neurodecode.core.errors import DataError
from neurodecode.core.files import cache_folder
from neurodecode.core.pictures import check_pictures
from neurodecode.data.pretrained import load_part
from neurodecode.data.weights import Weights
from neurodecode.models.generate._pretrained import (
    Precision,
    as_pictures,
    as_tensor,
    config_of,
    held,
    latent_factor,
    open_weights,
    place_of,
    side_of,
)

_PART = "vae"


class SdVae(BaseEstimator):
    """Give the mean latent of a variational auto-encoder, and pictures of latents.

    Parameters
    ----------
    weights : str
        Folder of a pipeline with a ``vae/``, such as Stable Diffusion's or Versatile Diffusion's; a
        name below a folder of weights; or a repository in the hub's cache.
    size : int or None
        Pixels of a side, to which pictures are brought first; None: as the weights were trained.
    precision : {"auto", "float32", "float16"}
        ``auto``: half precision on a GPU.
    batch_size : int
        Pictures at a time.

    Attributes
    ----------
    shape_ : tuple of int
        Height, width and channels of the pictures.
    latent_shape_ : tuple of int
        Channels, height and width of a latent: 4 × 64 × 64 of 512 pixels.
    hashes_ : dict of str to str
        SHA-256 of every file of the weights.

    Notes
    -----
    Latents are times the scaling factor of the configuration, as the U-Net takes them. The mean of
    the posterior is given, so that two encodings of a picture are one.

    References
    ----------
    Rombach et al. 2022, doi 10.1109/CVPR52688.2022.01042.
    """

    parts: ClassVar[Mapping[str, str]] = {_PART: "AutoencoderKL"}
    where: ClassVar[str] = "sd_vae"

    def __init__(
        self,
        weights: str,
        size: int | None = None,
        precision: Precision = "auto",
        batch_size: int = 8,
    ):
        self.weights = weights
        self.size = size
        self.precision: Precision = precision
        self.batch_size = batch_size

    def hashes(self, cache: Path) -> dict[str, str]:
        """Give SHA-256 of every file; see `PipelineGenerator.hashes`."""
        part = self._found().part(_PART)
        part.need()
        return {f"{_PART}/{file}": sha for file, sha in part.hashes(cache).items()}

    def fit(self, pictures: np.ndarray) -> Self:
        """Hold pictures to the weights; nothing is learnt.

        Raises
        ------
        ConfigError, DataMissing, DataError
            If an argument cannot be meant, or weights are not there, or another model's.
        """
        pictures = check_pictures(pictures, self.where)
        self.hashes_ = self.hashes(cache_folder())
        config = config_of(self._found(), _PART)
        side = self._side() // latent_factor(config)
        self.latent_shape_ = (config["latent_channels"], side, side)
        self.shape_ = pictures.shape[1:]
        return self

    def encode(self, pictures: np.ndarray) -> np.ndarray:
        pictures = check_pictures(pictures, self.where)
        if pictures.shape[1:] != self.shape_:
            raise DataError(
                f"{self.where}: pictures of {pictures.shape[1:]}, and it was fitted on pictures of "
                f"{self.shape_}. Bring them to that size."
            )
        import torch

        from neurodecode.nn.pictures import signed  # torch: only where it is used

        device, dtype = place_of(self.precision, self.where)
        vae, factor = self._opened(device, dtype)
        latents = np.empty((len(pictures), *self.latent_shape_), dtype=np.float32)
        for at in self._batches(len(pictures)):
            batch = as_tensor(pictures[at], self._side(), device, dtype)
            with torch.inference_mode():
                mean = vae.encode(signed(batch)).latent_dist.mean
            latents[at] = (mean * factor).float().cpu().numpy()
        return latents

    def decode(self, latents: np.ndarray) -> np.ndarray:
        import torch

        from neurodecode.nn.pictures import unsigned

        latents = np.ascontiguousarray(latents, dtype=np.float32)
        device, dtype = place_of(self.precision, self.where)
        vae, factor = self._opened(device, dtype)
        made = np.empty((len(latents), *self.shape_), dtype=np.float32)
        for at in self._batches(len(latents)):
            batch = torch.from_numpy(latents[at]).to(device, dtype)
            with torch.inference_mode():
                done = unsigned(vae.decode(batch / factor).sample)
            made[at] = as_pictures(done, self.shape_, self.where)
        return made

    def _batches(self, n: int) -> list[slice]:
        return [slice(i, i + self.batch_size) for i in range(0, n, self.batch_size)]

    def _found(self) -> Weights:
        return open_weights(self.weights, (), self.parts, self.where)

    def _side(self) -> int:
        config = config_of(self._found(), _PART)
        return side_of(self.size, config.get("sample_size"), latent_factor(config), self.where)

    def _opened(self, device: str, dtype: Any) -> tuple[Any, float]:
        if self.hashes(cache_folder()) != self.hashes_:
            raise DataError(
                f"{self.where}: weights {self.weights!r} are not those that it was fitted with. "
                "Put these back, or fit anew."
            )

        def make() -> tuple[Any, float]:
            vae = load_part(self._found().part(_PART), "AutoencoderKL", dtype, purpose=self.where)
            return vae.to(device), float(vae.config.scaling_factor)

        return held([self.where, self.weights, self.hashes_, device, str(dtype)], make)
