"""Covariances of each domain brought to the identity."""

from typing import ClassVar

from neurodecode.steps._centres import Metric, WhitenedByDomain
from neurodecode.steps._rank import check_inverses


class Recentre(WhitenedByDomain):
    """Whiten covariances by the mean of their own domain, such as a session.

    Sessions and people differ most in where their covariances lie, and less in how classes differ
    from there. Whitened by their own mean, all lie around the identity.

    Parameters
    ----------
    metric : {"riemann", "logeuclid", "euclid"}
        Of the means.
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
    Training rows are whitened by the mean of their own domain. Tested rows are whitened by

    * the mean of what was seen of their domain (`adapt`): its calibration or unlabelled rows, or,
      where ``target_access`` is ``transductive``, the test rows themselves;
    * with ``recursive: true`` (which asks for ``target_access: {updates: unlabelled}``) the mean of
      the trials so far, the tested one among them: ``M_k`` is ``1 / k`` of the way from
      ``M_(k-1)`` to the ``k``-th trial. It goes on from the rows seen before, or begins with the
      first test trial, which becomes the identity and tells nothing. It depends on the order of the
      trials, is not the Karcher mean, and is causal: no trial changes the answer to an earlier one;
    * where nothing was seen of the domain, but training rows are of it (as within a session): their
      mean;
    * else (``none``) the mean of the training domains' means, so that tested trials stay off the
      identity by as much as their domain lies from the average one.

    In pyriemann, ``TLCenter.fit_transform`` treats each row by its own domain and ``transform`` all
    rows by the target domain. Here `transform` looks up each row's domain, so that
    ``fit(X).transform(X)`` is ``fit_transform(X)``.

    References
    ----------
    Zanini et al. 2018, doi 10.1109/TBME.2017.2742541.
    """

    axes = gives = ("channel", "channel")
    version: ClassVar[int] = 2

    def __init__(
        self,
        metric: Metric = "riemann",
        by: tuple[str, ...] = ("subject", "session"),
        recursive: bool = False,
    ):
        self.metric: Metric = metric
        self.by = by
        self.recursive = recursive

    def _covariances(self, X):
        check_inverses(X)
        return X

    def _whitened(self, X, whitening):
        return whitening @ X @ whitening
