"""Class means of each domain, and where those of several domains meet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.steps._domains import each_domain

_MAX_ROUNDS = 10
_SETTLED = 1e-3  # share of the distance to the reference by which the last round must still gain


@dataclass(frozen=True, eq=False)
class Anchors:
    """Means of the classes of one domain.

    Parameters
    ----------
    classes : ndarray of int, shape (n_classes,)
        Ascending; a domain may lack some.
    means : ndarray, shape (n_classes, …)
    n_trials : int
        Of the domain.
    """

    classes: np.ndarray
    means: np.ndarray
    n_trials: int


@dataclass(frozen=True, eq=False)
class Turning:
    """How means are made, and sets of them brought onto others.

    Parameters
    ----------
    mean : callable
        Trials, shape (n_trials, …), to their mean.
    between : callable
        Means of some classes, others of the same, and None or a turn to start from, to the turn
        that brings the one there.
    apply : callable
        Trials, and a turn, to the turned trials.
    """

    mean: Callable[[np.ndarray], np.ndarray]
    between: Callable[[np.ndarray, np.ndarray, Any], Any]
    apply: Callable[[np.ndarray, Any], np.ndarray]

    def onto(self, one: Anchors, other: Anchors, start: Any = None) -> Any:
        """Give the turn that brings the classes of one domain onto those of another."""
        _, mine, theirs = np.intersect1d(one.classes, other.classes, return_indices=True)
        return self.between(one.means[mine], other.means[theirs], start)


def anchors_of(
    X: np.ndarray, y: np.ndarray, domains: np.ndarray, mean: Callable[[np.ndarray], np.ndarray]
) -> dict[str, Anchors]:
    """Give the class means of each domain.

    Parameters
    ----------
    X : ndarray, shape (n_trials, …)
    y : ndarray, shape (n_trials,)
    domains : ndarray of object, shape (n_trials,)
    mean : callable
    """
    found = {}
    for name, rows in each_domain(domains):
        classes = np.unique(y[rows])
        means = np.stack([mean(X[rows][y[rows] == one]) for one in classes])
        found[name] = Anchors(classes, means, len(rows))
    return found


def meeting_point(
    anchors: Mapping[str, Anchors], turning: Turning, step: object
) -> tuple[Anchors, dict[str, Any]]:
    """Give class means to which all domains are turned, and the turn of each.

    The search begins at the domain of most trials. All are turned onto it, the turned are averaged,
    all are turned onto the average, and so on.

    Parameters
    ----------
    anchors : mapping of str to Anchors
    turning : Turning
    step : object
        Named in the error.

    Returns
    -------
    reference : Anchors
    turns : dict of str to object

    Raises
    ------
    DataError
        If no domain has all classes.

    References
    ----------
    Gower 1975, doi 10.1007/BF02291478.
    """
    classes = np.unique(np.concatenate([one.classes for one in anchors.values()]))
    complete = [one for one in anchors.values() if len(one.classes) == len(classes)]
    if not complete:
        raise DataError(
            f"{type(step).__name__}: none of the {len(anchors)} training domains has trials of all "
            f"{len(classes)} classes, so there is nothing to bring the others onto. Name fewer "
            "columns in by."
        )
    reference = max(complete, key=lambda one: one.n_trials)
    if len(anchors) == 1:
        return reference, {name: turning.onto(reference, reference) for name in anchors}
    turns: dict[str, Any] = {}
    before = np.inf
    for _ in range(_MAX_ROUNDS):
        turns = {
            name: turning.onto(one, reference, turns.get(name)) for name, one in anchors.items()
        }
        moved = {name: turning.apply(one.means, turns[name]) for name, one in anchors.items()}
        left = sum(
            np.sum((moved[name] - reference.means[np.isin(classes, one.classes)]) ** 2)
            for name, one in anchors.items()
        )
        if left >= (1 - _SETTLED) * before:
            break
        before = left
        means = [
            turning.mean(
                np.stack(
                    [
                        moved[name][np.searchsorted(anchors[name].classes, one)]
                        for name in anchors
                        if one in anchors[name].classes
                    ]
                )
            )
            for one in classes
        ]
        reference = Anchors(classes, np.stack(means), reference.n_trials)
    return reference, turns
