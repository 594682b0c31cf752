"""Scaling of the input, kept with the weights."""

import numpy as np
import torch


class Standardized(torch.nn.Module):
    """A module behind a scaling of its input that was found on training trials.

    Parameters
    ----------
    module : torch Module
    mean, scale : ndarray
        Of a shape that fits the last axes of the input, such as (n_channels, 1).
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, module: torch.nn.Module, mean: np.ndarray, scale: np.ndarray):
        super().__init__()
        self.module = module
        self.register_buffer("mean", torch.from_numpy(np.asarray(mean, dtype=np.float32)))
        self.register_buffer("scale", torch.from_numpy(np.asarray(scale, dtype=np.float32)))

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Give what the module says of scaled trials, shape (n_trials, …)."""
        return self.module((X.float() - self.mean) / self.scale)

    def constrain(self) -> None:
        """Bring the module's weights to where they may be, if it says where."""
        constrain = getattr(self.module, "constrain", None)
        if constrain is not None:
            constrain()
