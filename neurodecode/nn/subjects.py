"""What each subject has of its own: a matrix over channels, and what one has that is unknown."""

from typing import Literal

import torch
from torch import nn

from neurodecode.core.errors import ConfigError
from neurodecode.nn._border import check_one_of, check_subjects

TOKEN_PROB = 0.1


class PerSubject(nn.Module):
    """A table of one learnt tensor a subject, and what stands in for an unknown one.

    Parameters
    ----------
    n_subjects : int
    shape : tuple of int
        Of the tensor of a subject.
    scale : float
        Standard deviation of the normal numbers that the tensors start from.
    unknown : {"mean", "token"}
        Instead of an unknown subject: the mean of the subjects' tensors, or a tensor of its own
        that takes the place of a known subject in training now and then.
    token_prob : float
        How often that happens to a trial; without a meaning for the mean.
    """

    token: nn.Parameter | None

    def __init__(
        self,
        n_subjects: int,
        shape: tuple[int, ...],
        scale: float,
        unknown: Literal["mean", "token"] = "mean",
        token_prob: float = TOKEN_PROB,
    ):
        super().__init__()
        check_one_of(unknown, ("mean", "token"), "unknown", "a subject layer")
        if n_subjects < (unknown == "mean") or not 0 <= token_prob < 1:
            raise ConfigError(
                f"a subject layer of {n_subjects} subjects with token_prob {token_prob} does not "
                "exist: give at least one subject, of whom there is a mean, and a probability "
                "below 1."
            )
        self.token_prob = token_prob
        self.subjects = nn.ParameterList(
            [nn.Parameter(scale * torch.randn(shape)) for _ in range(n_subjects)]
        )
        token = nn.Parameter(scale * torch.randn(shape)) if unknown == "token" else None
        self.register_parameter("token", token)

    def __len__(self) -> int:
        return len(self.subjects)

    def forward(self, subject: torch.Tensor | None, n_trials: int) -> torch.Tensor:
        """Give each trial the tensor of its subject.

        Parameters
        ----------
        subject : Tensor of int64, shape (n_trials,), or None
            -1 is an unknown subject; None says so of all.
        n_trials : int

        Returns
        -------
        tensors : Tensor, shape (n_trials, …)
        """
        stand_in, n_subjects = self._stand_in(), len(self)
        if subject is None:
            return stand_in.expand(n_trials, *stand_in.shape)
        check_subjects(subject, n_subjects, -1, "the subject layer")
        row = torch.where(subject == -1, n_subjects, subject)
        if self.training and self.token is not None and self.token_prob:
            dropped = torch.rand(row.shape, device=row.device) < self.token_prob
            row = torch.where(dropped, n_subjects, row)
        # The unknown subject is the last row.
        return torch.stack([*self.subjects, stand_in]).index_select(0, row)

    def add(self) -> int:
        """Add a subject that starts where an unknown one stands, and give its number."""
        self.subjects.append(nn.Parameter(self._stand_in().detach().clone()))
        return len(self) - 1

    def of(self, subject: int | None) -> list[nn.Parameter]:
        """Give the tensor of a subject; None: of every subject."""
        if subject is None:
            return list(self.subjects)
        check_subjects(torch.tensor([subject]), len(self), 0, "the subject layer")
        return [self.subjects[subject]]

    def _stand_in(self) -> torch.Tensor:
        return torch.stack(list(self.subjects)).mean(0) if self.token is None else self.token


class SubjectLayers(nn.Module):
    """A matrix over channels for each subject, without bias.

    Parameters
    ----------
    n_chans, n_subjects : int
    unknown, token_prob
        See `PerSubject`.

    References
    ----------
    Défossez et al. 2023, doi 10.1038/s42256-023-00714-5, "participant layer".
    """

    def __init__(
        self,
        n_chans: int,
        n_subjects: int,
        unknown: Literal["mean", "token"] = "mean",
        token_prob: float = TOKEN_PROB,
    ):
        super().__init__()
        self.matrices = PerSubject(
            n_subjects, (n_chans, n_chans), n_chans**-0.5, unknown, token_prob
        )

    def forward(self, x: torch.Tensor, subject: torch.Tensor | None) -> torch.Tensor:
        """Mix the channels as the subject does, shape (n_trials, n_chans, n_times)."""
        return self.matrices(subject, len(x)) @ x
