"""Signals of each domain whitened by their mean covariance."""

from typing import ClassVar

from neurodecode.core.errors import DataError
from neurodecode.linalg.covariance import covariance_rank
from neurodecode.steps._centres import WhitenedByDomain


class EuclideanAlignment(WhitenedByDomain):
    """Whiten trials by the mean covariance of their own domain, such as a session.

    With ``R`` the arithmetic mean of ``x xᵀ / n_times`` over a domain's trials, ``x`` becomes
    ``R^(-1/2) x``: what `recentre` does to covariances, for decoders of signals, such as networks.

    Parameters
    ----------
    by : tuple of str
        Columns of the rows; trials that have the same values of all are of one domain. Trials that
        come as an array, without rows, are of one domain.
    recursive : bool
        Whether the mean of a tested domain goes on trial by trial (`update`); see Notes.

    Attributes
    ----------
    centres_ : Centres
        The mean of each training domain, of all, and of each tested domain that was seen.

    Notes
    -----
    Whose mean a trial is whitened by is as in `neurodecode.steps.recentre.Recentre`: its own
    domain's in training; of the tested what `adapt` has seen, and (``recursive: true``, with
    ``target_access: {updates: unlabelled}``) trial by trial what is tested; else the mean of the
    training domains' means. A mean of fewer samples than channels has no inverse, so that
    ``recursive`` needs trials longer than that.

    Whitening commutes with filters over time, and not with leaving out channels.

    References
    ----------
    He & Wu 2020, doi 10.1109/TBME.2019.2913914.
    """

    axes = gives = ("channel", "time")
    metric = "euclid"
    version: ClassVar[int] = 1

    def __init__(self, by: tuple[str, ...] = ("subject", "session"), recursive: bool = False):
        self.by = by
        self.recursive = recursive

    def _covariances(self, X):
        """Give ``x xᵀ / n_times`` of each trial; as in the paper, channels are not centred."""
        return X @ X.swapaxes(-1, -2) / X.shape[-1]

    def _whitened(self, X, whitening):
        return whitening @ X

    def _check(self, means):
        """Hold each domain's mean covariance to having an inverse."""
        for domain, mean in means.items():
            rank = covariance_rank(mean)
            if rank < len(mean):
                raise DataError(
                    f"euclidean_alignment: the mean covariance of {domain or 'the trials'} has "
                    f"rank {rank} for {len(mean)} channels, so it has no inverse. Average "
                    "reference, ICA and interpolated channels do this. Drop the redundant channels."
                )
