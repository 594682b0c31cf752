"""The brain module of Benchetrit et al. 2023: MEG of any layout and subject to pictures' space."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import nn

from neurodecode.core.errors import ConfigError
from neurodecode.nn.aggregation import make_aggregation
from neurodecode.nn.dilated import DilatedBlock
from neurodecode.nn.heads import linear_heads, outputs
from neurodecode.nn.spatial_attention import SpatialAttention
from neurodecode.nn.subjects import TOKEN_PROB, SubjectLayers

_TINY: dict[str, Any] = {"n_virtual": 16, "n_features": 128, "width": 32, "n_out": 96}


class Benchetrit(nn.Module):
    """Attention over sensors, a matrix a subject, dilated convolutions, one vector a trial.

    6,424,472 parameters with 181 samples, 4 subjects and one head of 768; 7,998,104 with two.
    None of them belongs to a sensor: a module fitted to one layout reads another.

    Parameters
    ----------
    n_chans : int
        Sensors of the layout it is made for. It sizes nothing: it is here because every other
        module asks for it.
    n_times : int
        Samples of a trial. With ``aggregation="affine"``, of every trial.
    heads : mapping of {"clip", "mse"} to int
        Size of each output.
    n_subjects : int
        0 leaves the subject layer out.
    unknown : {"mean", "token"}
        What an unknown subject is read with: the mean of the subjects' matrices, or a matrix that
        takes a known one's place in training with probability ``token_prob``.
    token_prob : float
    n_virtual : int
        Channels after the attention over sensors.
    n_features : int
        Of the Fourier code of a sensor's position.
    drop_radius : float
        Of spatial dropout, in units of the layout.
    width, n_out : int
        Channels of the convolutions, and of what is aggregated over time.
    n_blocks : int
        Of two convolutions each; the dilation doubles from one to the next.
    aggregation : {"affine", "mean", "attention"}
        Over time.

    References
    ----------
    Benchetrit et al. 2023, "Brain decoding: toward real-time reconstruction of visual perception",
    arXiv 2310.19812; Défossez et al. 2023, doi 10.1038/s42256-023-00714-5.
    """

    def __init__(
        self,
        n_chans: int,
        n_times: int,
        heads: Mapping[str, int],
        n_subjects: int = 0,
        unknown: Literal["mean", "token"] = "mean",
        token_prob: float = TOKEN_PROB,
        n_virtual: int = 270,
        n_features: int = 2048,
        drop_radius: float = 0.2,
        width: int = 320,
        n_out: int = 2048,
        n_blocks: int = 2,
        aggregation: Literal["affine", "mean", "attention"] = "affine",
    ):
        super().__init__()
        del n_chans
        self.attention = SpatialAttention(n_virtual, n_features, drop_radius)
        self.initial = nn.Conv1d(n_virtual, n_virtual, 1)
        self.subjects = (
            SubjectLayers(n_virtual, n_subjects, unknown, token_prob) if n_subjects else None
        )
        self.blocks = nn.Sequential(
            *(
                DilatedBlock(n_virtual if i == 0 else width, width, (4**i, 2 * 4**i))
                for i in range(n_blocks)
            )
        )
        self.project = nn.Sequential(
            nn.Conv1d(width, 2 * width, 1), nn.GELU(), nn.Conv1d(2 * width, n_out, 1)
        )
        self.aggregate = make_aggregation(aggregation, n_out, n_times)
        self.heads = linear_heads(n_out, heads, "Benchetrit")

    @classmethod
    def tiny(
        cls, n_chans: int, n_times: int, heads: Mapping[str, int], **others: Any
    ) -> "Benchetrit":
        """Make a small one: 8 x 8 frequencies, 16 virtual channels, 32 wide, 96 out.

        38,981 parameters at 100 samples and one head of 48 without subject layers: 2,048 for the
        attention, 272 for the 1x1 convolution after it, 11,008 and 12,544 for the blocks, 8,352 for
        the projection, 101 for the samples and 4,656 for the head. Each subject adds 256.
        """
        return cls(n_chans, n_times, heads, **(_TINY | others))

    def forward(
        self,
        x: torch.Tensor,
        subject: torch.Tensor | None = None,
        positions: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Give the outputs of trials.

        Parameters
        ----------
        x : Tensor, shape (n_trials, n_chans, n_times)
        subject : Tensor of int64, shape (n_trials,), or None
            -1 where the subject is unknown; None: all are.
        positions : Tensor, shape (n_trials, n_chans, 2) or (n_chans, 2)
            In the unit square; NaN where a trial's layout has no such channel.

        Returns
        -------
        outputs : dict of str to Tensor, shape (n_trials, size)

        Raises
        ------
        ConfigError
            If there are no positions, if they are not those of the trials' channels, if a subject
            is none of the module's, or if the trials have another length than their aggregation.
        """
        z = self.initial(self.virtual(x, positions))
        if self.subjects is not None:
            z = self.subjects(z, subject)
        return outputs(self.aggregate(self.project(self.blocks(z))), self.heads)

    def virtual(self, x: torch.Tensor, positions: torch.Tensor | None) -> torch.Tensor:
        """Give the averages of sensors, shape (n_trials, n_virtual, n_times)."""
        if positions is None:
            raise ConfigError(
                "Benchetrit reads sensors by where they are and has no positions. Give them in "
                "the unit square (neurodecode.nn.positions), or use align.nice, which needs none."
            )
        if x.ndim != 3 or tuple(positions.shape) not in ((*x.shape[:2], 2), (x.shape[1], 2)):
            raise ConfigError(
                f"Benchetrit: trials of shape {tuple(x.shape)} and positions of shape "
                f"{tuple(positions.shape)} are not of the same channels. Give (n_trials, n_chans, "
                "n_times) and, a channel, its x and y."
            )
        return self.attention(x, positions)

    def sensor_weights(self, positions: torch.Tensor) -> torch.Tensor:
        """Give how much each virtual channel takes from each sensor, for a map of the head.

        Parameters
        ----------
        positions : Tensor, shape (..., n_chans, 2)

        Returns
        -------
        weights : Tensor, shape (..., n_virtual, n_chans)
            They sum to 1 over sensors. Their mean over virtual channels is one map.
        """
        return self.attention.weights(positions)

    def add_subject(self) -> int:
        """Make room for another subject, read as an unknown one for now, and give its number."""
        if self.subjects is None:
            raise ConfigError(
                "Benchetrit without subject layers has no place for a new subject. Make it with "
                "n_subjects of 1 or more."
            )
        return self.subjects.matrices.add()

    def subject_parameters(self, subject: int | None = None) -> list[nn.Parameter]:
        """Give the matrix of a subject, which is all that is its own; None: of every subject."""
        return [] if self.subjects is None else self.subjects.matrices.of(subject)
