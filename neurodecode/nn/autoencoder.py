"""A small convolutional auto-encoder of pictures."""

import torch
from torch import nn

from neurodecode.nn.pictures import crop_to, pad_to

FACTOR = 4  # by which a side is shortened
# Sides of a latent are even, so that a network with one halving fits onto it.
_MULTIPLE = 2 * FACTOR


class Autoencoder(nn.Module):
    """Pictures to latents a quarter as wide and as high, and back.

    36,055 parameters at three channels, and 4 x 8 x 8 numbers a picture of 32 x 32. The edges of
    pictures whose sides are no multiples of 8 are repeated; the reconstruction is cut back.

    Parameters
    ----------
    n_channels : int
        1 or 3.
    widths : tuple of int
        After the first and the second halving.
    n_latent : int
        Channels of the latent.
    """

    def __init__(self, n_channels: int, widths: tuple[int, int] = (24, 48), n_latent: int = 4):
        super().__init__()
        wide, deep = widths
        self.encoder = nn.Sequential(
            _convolution(n_channels, wide, stride=2), nn.SiLU(),
            _convolution(wide, wide), nn.SiLU(),
            _convolution(wide, deep, stride=2), nn.SiLU(),
            _convolution(deep, n_latent),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            _convolution(n_latent, deep), nn.SiLU(), nn.Upsample(scale_factor=2),
            _convolution(deep, wide), nn.SiLU(),
            _convolution(wide, wide), nn.SiLU(), nn.Upsample(scale_factor=2),
            _convolution(wide, n_channels),
        )  # fmt: skip

    def encode(self, pictures: torch.Tensor) -> torch.Tensor:
        """Give latents, shape (n, n_latent, ⌈height / 8⌉ · 2, ⌈width / 8⌉ · 2).

        Parameters
        ----------
        pictures : Tensor, shape (n, n_channels, height, width)
            From -1 to 1.
        """
        return self.encoder(pad_to(pictures, _MULTIPLE))

    def decode(self, latents: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """Give pictures of a size, from -1 to 1 and a little beyond."""
        return crop_to(self.decoder(latents), height, width)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Give the round trip of pictures, in their shape."""
        height, width = pictures.shape[-2:]
        return self.decode(self.encode(pictures), height, width)


def _convolution(n_in: int, n_out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1)
