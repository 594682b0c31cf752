"""Attention over sensors by where they are: any layout becomes the same virtual channels."""

import torch
from torch import nn

from neurodecode.nn.fourier import fourier_code, n_frequencies


class SpatialAttention(nn.Module):
    """Averages of sensors, each with weights that are a learnt function of the position.

    Parameters
    ----------
    n_virtual : int
        Averages, which are the channels from here on.
    n_features : int
        Of the Fourier code of a position: twice a square.
    drop_radius : float
        In training, all sensors this near a place drawn once a batch are left out; 0: none.
        In units of the square that the layout fills.

    References
    ----------
    Défossez et al. 2023, doi 10.1038/s42256-023-00714-5, "spatial attention"; Benchetrit et al.
    2023, arXiv 2310.19812.
    """

    def __init__(self, n_virtual: int, n_features: int = 2048, drop_radius: float = 0.2):
        super().__init__()
        n_frequencies(n_features)
        self.n_features = n_features
        self.drop_radius = drop_radius
        self.heads = nn.Parameter(torch.randn(n_virtual, n_features) / n_features**0.5)

    def forward(self, x: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """Average the sensors.

        Parameters
        ----------
        x : Tensor, shape (n_trials, n_chans, n_times)
        positions : Tensor, shape (n_trials, n_chans, 2) or (n_chans, 2)
            In the unit square; NaN where there is no such sensor. One layout for all trials is
            read once, not once a trial.

        Returns
        -------
        virtual : Tensor, shape (n_trials, n_virtual, n_times)
        """
        # A weight of 0 does not undo a NaN, so that the padding of a layout is emptied too.
        present = x.masked_fill(_missing(positions).unsqueeze(-1), 0.0)
        return self.weights(positions) @ present

    def weights(self, positions: torch.Tensor) -> torch.Tensor:
        """Give the weights of the sensors.

        Parameters
        ----------
        positions : Tensor, shape (..., n_chans, 2)

        Returns
        -------
        weights : Tensor, shape (..., n_virtual, n_chans)
            They sum to 1 over sensors; exactly 0 where a position is missing and, in training,
            where the sensor is dropped. NaN where all positions are missing.
        """
        missing = _missing(positions)
        # Not NaN into the code: masked afterwards, it would still be NaN in the gradient of heads.
        code = fourier_code(positions.masked_fill(missing.unsqueeze(-1), 0.0), self.n_features)
        scores = self.heads @ code.mT  # (..., n_virtual, n_chans)
        out = missing | self._dropped(positions, missing)
        return scores.masked_fill(out.unsqueeze(-2), float("-inf")).softmax(-1)

    def _dropped(self, positions: torch.Tensor, missing: torch.Tensor) -> torch.Tensor:
        """Say which sensors are near the place of this batch, shape (..., n_chans)."""
        if not self.training or not self.drop_radius:
            return torch.zeros_like(missing)
        center = torch.rand(2, device=positions.device, dtype=positions.dtype)
        near = (positions - center).norm(dim=-1) <= self.drop_radius  # NaN is near nothing
        # A small layout may lie within the radius as a whole: it is kept rather than lost.
        nothing_left = (near | missing).all(-1, keepdim=True)
        return near & ~nothing_left


def _missing(positions: torch.Tensor) -> torch.Tensor:
    return positions.isnan().any(-1)
