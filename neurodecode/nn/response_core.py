"""A small convolutional core that is trained on responses, from pixels."""

import torch
from torch import nn

from neurodecode.core.errors import ConfigError
from neurodecode.nn.feature_maps import MapShape


class ResponseCore(nn.Module):
    """Blocks of a convolution, batch normalisation and ELU; the first two halve the picture.

    Parameters
    ----------
    n_channels : int
        Of the picture.
    channels : tuple of int
        Of the blocks; the first has kernels of 5 × 5, the others of 3 × 3.

    Notes
    -----
    The design is ours, in the spirit of response-optimised models. Of pictures of 64 × 64 in
    colour, the blocks of 32, 64, 128 and 128 have 242,720 parameters and maps of 16 × 16. A batch
    of n such pictures holds ``1.4 n`` MB of activations for gradients.
    """

    def __init__(self, n_channels: int, channels: tuple[int, ...] = (32, 64, 128, 128)):
        super().__init__()
        if not channels or min(channels) < 1:
            raise ConfigError(f"channels are {channels}; give one block or more, each above zero.")
        layers: list[nn.Module] = []
        for i, (n_in, n_out) in enumerate(zip((n_channels, *channels), channels, strict=False)):
            size, stride = (5 if i == 0 else 3), (2 if i < 2 else 1)
            # What a bias would add is taken away by the normalisation.
            layers += [
                nn.Conv2d(n_in, n_out, size, stride, size // 2, bias=False),
                nn.BatchNorm2d(n_out),
                nn.ELU(),
            ]
        self.layers = nn.Sequential(*layers)

    @staticmethod
    def shape_of(picture: MapShape, channels: tuple[int, ...]) -> MapShape:
        """Give the shape of the maps that it makes of pictures."""
        height, width = picture.grid
        for _ in channels[:2]:
            height, width = -(-height // 2), -(-width // 2)
        return MapShape((channels[-1], height, width), "first", (height, width), 0)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Give maps, shape (n, channels, height, width), of pictures in the same order of axes."""
        return self.layers(pictures)


class FromPixels(nn.Module):
    """A readout behind a core, which are trained together; in training, pictures are shifted.

    Parameters
    ----------
    core : ResponseCore
    readout : torch Module
        Of maps, shape (n, n_tokens, n_channels).
    picture : MapShape
    shift : float
        Largest shift along each axis, as a share of the picture; edges are repeated. Pictures are
        never turned or mirrored: voxels see places.
    positive : bool
        Whether answers are rates, above zero.
    """

    def __init__(
        self,
        core: ResponseCore,
        readout: nn.Module,
        picture: MapShape,
        shift: float = 0.04,
        positive: bool = False,
    ):
        super().__init__()
        self.core, self.readout = core, readout
        self.picture, self.shift, self.positive = picture, shift, positive

    @property
    def shape(self) -> MapShape:
        """Shape of the maps that the readout reads."""
        shape: MapShape = self.readout.shape  # type: ignore[assignment]
        return shape

    def maps(self) -> torch.Tensor:
        """Give how much each target weighs each place of the core's maps."""
        return self.readout.maps()  # type: ignore[operator]

    def penalty(self) -> torch.Tensor:
        """Give what the readout adds to the loss."""
        return self.readout.penalty()  # type: ignore[operator]

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Give answers, shape (n, n_targets), to pictures of shape (n, n_pixels, n_channels)."""
        pictures = pixels.transpose(1, 2).unflatten(2, self.picture.grid)
        if self.training and self.shift:
            pictures = _shifted(pictures, self.shift)
        said = self.readout(self.core(pictures).flatten(2).transpose(1, 2))
        return nn.functional.softplus(said) if self.positive else said


def _shifted(pictures: torch.Tensor, most: float) -> torch.Tensor:
    """Shift each picture by a share of it that is drawn, (n, n_channels, height, width)."""
    n = len(pictures)
    moved = torch.zeros(n, 2, 3, device=pictures.device)
    moved[:, 0, 0] = moved[:, 1, 1] = 1
    moved[:, :, 2] = 2 * most * (2 * torch.rand(n, 2, device=pictures.device) - 1)
    grid = nn.functional.affine_grid(moved, list(pictures.shape), align_corners=False)
    return nn.functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
