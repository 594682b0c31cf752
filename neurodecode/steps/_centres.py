"""Whitening by where each domain lies: the mean of its covariances, of all or of those so far."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.linalg.geodesics import geodesic
from neurodecode.linalg.means import mean
from neurodecode.linalg.spd import invsqrtm
from neurodecode.steps._domains import each_domain, learnt_of, name_in, with_domains
from neurodecode.steps._input import three_dimensional

Metric = Literal["riemann", "logeuclid", "euclid"]


@dataclass(frozen=True, eq=False)
class Centres:
    """Means of covariances by domain.

    Parameters
    ----------
    metric : {"riemann", "logeuclid", "euclid"}
    trained : dict of str to ndarray, shape (n_channels, n_channels)
        Of each domain of the training rows.
    overall : ndarray, shape (n_channels, n_channels)
        Mean of those of the training domains, each counting alike however many trials it has: the
        best guess of where a domain lies of which nothing is known, which is one more draw.
    tested : dict of str to ndarray
        Of the tested domains that were seen.
    n_seen : dict of str to int
        How many trials each of them is the mean of.
    """

    metric: Metric
    trained: dict[str, np.ndarray]
    overall: np.ndarray
    tested: dict[str, np.ndarray] = field(default_factory=dict)
    n_seen: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def of(C: np.ndarray, domains: np.ndarray, metric: Metric) -> "Centres":
        """Learn the means of training rows.

        Parameters
        ----------
        C : ndarray, shape (n_trials, n_channels, n_channels)
        domains : ndarray of object, shape (n_trials,)
        metric : str
        """
        trained = {name: mean(C[rows], metric).value for name, rows in each_domain(domains)}
        overall = mean(np.stack(list(trained.values())), metric).value
        return Centres(metric, trained, overall)

    def seen(self, C: np.ndarray, domains: np.ndarray) -> "Centres":
        """Give the means once tested domains were seen: theirs are those of these rows.

        Parameters
        ----------
        C, domains : as in `of`
        """
        several = dict(each_domain(domains))
        means = {name: mean(C[rows], self.metric).value for name, rows in several.items()}
        n_seen = {name: len(rows) for name, rows in several.items()}
        return replace(self, tested=self.tested | means, n_seen=self.n_seen | n_seen)

    def followed(self, C: np.ndarray, domains: np.ndarray, step: object) -> "Centres":
        """Give the means once they went on: the ``k``-th trial moves one by ``1 / k`` to itself.

        Parameters
        ----------
        C, domains : as in `of`
            In time.
        step : object
            Named in errors.
        """
        tested, n_seen = dict(self.tested), dict(self.n_seen)
        for domain, rows in each_domain(domains):
            name = name_in(tested, domain, step)
            for one in C[rows]:
                k = n_seen.get(name, 0) + 1
                before = tested.get(name, one)
                tested[name] = np.asarray(geodesic(before, one, 1 / k, self.metric))
                n_seen[name] = k
        return replace(self, tested=tested, n_seen=n_seen)

    def whitenings(self, domains: np.ndarray, step: object) -> np.ndarray:
        """Give the inverse root of each trial's mean, shape (n_trials, n_channels, n_channels)."""
        found = np.empty((len(domains), *self.overall.shape))
        for name, rows in each_domain(domains):
            centre = learnt_of(name, self.tested, self.trained, self.overall, step)
            found[rows] = invsqrtm(centre)
        return found


class WhitenedByDomain(TransformerMixin, BaseEstimator):
    """What steps share that whiten trials by the mean of their domain.

    One gives the covariances of trials (`_covariances`), and applies a whitening (`_whitened`).
    """

    supervised = False
    axes: ClassVar[tuple[str, ...]]
    metric: Metric
    by: tuple[str, ...]
    recursive: bool
    centres_: Centres

    @property
    def needs(self) -> Needs:
        """`Trials` with the columns of `by`."""
        return Needs(
            trials=True,
            rowless=True,
            columns=tuple(self.by),
            axes=self.axes,
            updates=self.recursive,
        )

    def fit(self, X, y=None):
        """Learn the mean covariance of each domain of the training rows.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, …)
            Covariances or signals, as the step takes them.

        Raises
        ------
        DataError
            If a covariance that is inverted has no inverse, or a row no domain.
        """
        X, domains = with_domains(X, self.axes, self.by, self)
        self.centres_ = Centres.of(self._covariances(X), domains, self.metric)
        self._check(self.centres_.trained)
        return self

    def adapt(self, X, y=None):
        """Take in rows of the tested domains before they are tested; labels are not looked at.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, …)
            As in `fit`; in time where `recursive`.

        Raises
        ------
        DataError
            As in `fit`.
        """
        check_is_fitted(self)
        if self.recursive:
            return self.update(X)
        X, domains = with_domains(X, self.axes, self.by, self)
        self.centres_ = self.centres_.seen(self._covariances(X), domains)
        self._check(self.centres_.tested)
        return self

    @available_if(lambda self: self.recursive)
    def update(self, X, y=None):
        """Go on from the mean so far, trial by trial; there where `recursive`.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, …)
            As in `fit`, in time. An array goes on with the one domain that was seen before.

        Raises
        ------
        DataError
            As in `fit`; or if trials do not say of which of several domains they are.
        """
        check_is_fitted(self)
        X, domains = with_domains(X, self.axes, self.by, self)
        self.centres_ = self.centres_.followed(self._covariances(X), domains, self)
        self._check(self.centres_.tested)
        return self

    def transform(self, X):
        """Whiten trials.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, …)
            As in `fit`.

        Returns
        -------
        whitened : ndarray, shape (n_trials, …)
            Without unit.
        """
        check_is_fitted(self)
        X, domains = with_domains(X, self.axes, self.by, self)
        return self._whitened(X, self.centres_.whitenings(domains, self))

    def _covariances(self, X: np.ndarray) -> np.ndarray:
        """Give the covariance of each trial."""
        raise NotImplementedError

    def _whitened(self, X: np.ndarray, whitening: np.ndarray) -> np.ndarray:
        """Apply the whitening of each trial."""
        raise NotImplementedError

    def _check(self, means: dict[str, np.ndarray]) -> None:
        """Hold the means of domains to what they are used for."""

    def __sklearn_tags__(self) -> Any:
        return three_dimensional(super().__sklearn_tags__())
