"""Where the covariances of each domain lie: means, of all trials seen or of those so far."""

from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.linalg.geodesics import geodesic
from neurodecode.linalg.means import mean
from neurodecode.linalg.spd import invsqrtm
from neurodecode.steps._domains import each_domain, learnt_of

Metric = Literal["riemann", "logeuclid", "euclid"]
Update = Literal["batch", "recursive"]


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
        Of the domains that were seen before testing.
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

    def adapted(self, C: np.ndarray, domains: np.ndarray, update: Update) -> "Centres":
        """Give the means once rows of the tested domains were seen.

        Parameters
        ----------
        C, domains : as in `of`
        update : {"batch", "recursive"}
            Whether a domain's mean is that of these rows, or goes on from that of those before:
            the ``k``-th trial moves it by ``1 / k`` of the way to itself.
        """
        tested, n_seen = dict(self.tested), dict(self.n_seen)
        for name, rows in each_domain(domains):
            if update == "batch":
                tested[name], n_seen[name] = mean(C[rows], self.metric).value, len(rows)
                continue
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


def check_update(update: str, step: object) -> None:
    """Hold an argument to the ways in which a mean is brought up to date.

    Raises
    ------
    ConfigError
        If it is none.
    """
    if update not in get_args(Update):
        raise ConfigError(
            f"{type(step).__name__}: update is {update!r}. Give one of "
            f"{', '.join(get_args(Update))}."
        )
