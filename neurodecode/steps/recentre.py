"""Covariances of each domain brought to the identity."""

from typing import ClassVar

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.steps._centres import Centres, Metric, Update, check_update
from neurodecode.steps._domains import with_domains
from neurodecode.steps._input import three_dimensional
from neurodecode.steps._rank import check_inverses

_AXES = ("channel", "channel")


class Recentre(TransformerMixin, BaseEstimator):
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
    update : {"batch", "recursive"}
        How rows of the tested domain are taken in; see Notes.

    Attributes
    ----------
    centres_ : Centres
        The mean of each training domain, of all, and of each tested domain that was seen.
    flags_ : tuple of str
        ``causal_adaptation`` where `update` is ``recursive``.

    Notes
    -----
    Training rows are whitened by the mean of their own domain. Tested rows are whitened by

    * the mean of what was seen of their domain (`adapt`): its calibration or unlabelled rows, or,
      where ``target_access`` is ``transductive``, the test rows themselves;
    * with ``update: recursive`` (which asks for ``one_by_one: true``, or for a protocol under which
      decoders go on learning, ``pseudo_online: {adapt: unlabelled}``) the mean of the trials so
      far, the tested one among them: ``M_k`` is ``1 / k`` of the way from ``M_(k-1)`` to the
      ``k``-th trial. It goes on from the rows seen before, or begins with the first test trial,
      which becomes the identity and tells nothing. It depends on the order of the trials, is not
      the Karcher mean, and is causal: no trial changes the answer to an earlier one;
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

    supervised = False
    gives = _AXES
    version: ClassVar[int] = 2

    def __init__(
        self,
        metric: Metric = "riemann",
        by: tuple[str, ...] = ("subject", "session"),
        update: Update = "batch",
    ):
        self.metric: Metric = metric
        self.by = by
        self.update: Update = update

    @property
    def needs(self) -> Needs:
        """`Trials` of covariances with the columns of `by`."""
        follows = self.update == "recursive"
        return Needs(trials=True, rowless=True, columns=tuple(self.by), axes=_AXES, follows=follows)

    def fit(self, X, y=None):
        """Learn the mean of each domain of the training rows.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_channels, n_channels)

        Raises
        ------
        ConfigError
            If `update` is unknown.
        DataError
            If a covariance has no inverse, or a row no domain.
        """
        check_update(self.update, self)
        X, domains = with_domains(X, _AXES, self.by, self)
        check_inverses(X)
        self.centres_ = Centres.of(X, domains, self.metric)
        self.flags_ = ("causal_adaptation",) if self.update == "recursive" else ()
        return self

    def adapt(self, X, y=None):
        """Take in rows of the tested domains; labels are not looked at.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_channels, n_channels)
            In time.

        Raises
        ------
        DataError
            If a covariance has no inverse, or a row no domain.
        """
        check_is_fitted(self)
        X, domains = with_domains(X, _AXES, self.by, self)
        check_inverses(X)
        self.centres_ = self.centres_.adapted(X, domains, self.update)
        return self

    def transform(self, X):
        """Whiten covariances.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_channels, n_channels)

        Returns
        -------
        whitened : ndarray, shape (n_trials, n_channels, n_channels)
            Without unit.
        """
        check_is_fitted(self)
        X, domains = with_domains(X, _AXES, self.by, self)
        whitening = self.centres_.whitenings(domains, self)
        return whitening @ X @ whitening

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
