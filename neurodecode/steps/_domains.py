"""Whose trials are whose: domains, such as sessions, that lie elsewhere in the space of signals.

What steps of transfer learn is kept by domain. A training row is treated by what was learnt of its
own domain, a tested row by what was seen of the tested one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError
from neurodecode.core.trials import Trials
from neurodecode.steps._input import columns_of, trials_of

NAMELESS = ""  # the one domain of trials that come without rows


def with_domains(
    X: Any, axes: tuple[str, ...], by: tuple[str, ...], step: object
) -> tuple[np.ndarray, np.ndarray]:
    """Give trials as an array, and the domain of each.

    Parameters
    ----------
    X : Trials or ndarray, shape (n_trials, …)
        An array has no rows: its trials are of one domain, which has no name.
    axes : tuple of str
        Axes of one trial.
    by : tuple of str
        Columns of the rows; trials that have the same values of all are of one domain.
    step : object
        Whose input it is; named in errors.

    Returns
    -------
    X : ndarray, shape (n_trials, …)
    domains : ndarray of object, shape (n_trials,)
        Such as ``subject 001, session 1``.

    Raises
    ------
    DataError
        If the trials have other axes, or a value of a column is missing.
    """
    domains = domains_of(X, by, step)
    return trials_of(X.X if isinstance(X, Trials) else X, axes, step), domains


def domains_of(X: Any, by: tuple[str, ...], step: object) -> np.ndarray:
    """Give the domain of each trial, shape (n_trials,); parameters and errors as `with_domains`."""
    if not isinstance(X, Trials):
        return np.full(len(X), NAMELESS, dtype=object)
    columns = columns_of(X, tuple(by), step)
    for name, values in columns.items():
        missing = np.flatnonzero(pd.isna(values))
        if len(missing):
            raise DataError(
                f"{type(step).__name__}: {len(missing)} of {len(values)} rows have no {name}, so "
                "their domain is not known. Name other columns in by, or select the rows that "
                "have it."
            )
    domains = np.full(len(X), NAMELESS, dtype=object)
    for i, name in enumerate(columns):
        before = "" if i == 0 else ", "
        domains = domains + np.array([f"{before}{name} {value}" for value in columns[name]], object)
    return domains


def each_domain(domains: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Give each domain's name and the positions of its trials, ascending."""
    for name in dict.fromkeys(domains.tolist()):
        yield name, np.flatnonzero(domains == name)


def learnt_of(
    domain: str, tested: Mapping[str, Any], trained: Mapping[str, Any], otherwise: Any, step: object
) -> Any:
    """Give what was learnt of a domain.

    Parameters
    ----------
    domain : str
    tested, trained : mapping of str to object
        What was learnt of the tested domains before testing, which comes first, and of those of
        the training rows.
    otherwise : object
        What stands for a domain of which nothing is known.
    step : object
        Named in the error.

    Raises
    ------
    DataError
        If the trials have no rows that say whose they are, and several tested domains were seen.
    """
    name = name_in(tested, domain, step)
    return tested[name] if name in tested else trained.get(domain, otherwise)


def name_in(tested: Mapping[str, Any], domain: str, step: object) -> str:
    """Give the name under which a domain was seen: of trials without rows, that of the only one.

    Parameters
    ----------
    tested : mapping of str to object
        What was learnt of the tested domains.
    domain : str
    step : object
        Named in the error.

    Raises
    ------
    DataError
        As in `learnt_of`.
    """
    if domain in tested or domain != NAMELESS or not tested:
        return domain
    if len(tested) > 1:
        raise DataError(
            f"{type(step).__name__} was adapted to {len(tested)} domains ({', '.join(tested)}), "
            "and the trials do not say which is theirs. Hand it Trials with the columns of by."
        )
    return next(iter(tested))


def told_of(
    domain: str, tested: Mapping[str, Any], trained: Mapping[str, Any], step: object, name: str
) -> Any:
    """Give what labels told of a domain; parameters as in `learnt_of`, and the step's name.

    Raises
    ------
    DataError
        If none were told of it, or as in `learnt_of`.
    """
    found = learnt_of(domain, tested, trained, None, step)
    if found is None:
        raise DataError(
            f"{name}: it was told no label of {domain or 'these trials'}, so it cannot turn them. "
            "Say target_access: {calibration: 5}, or name fewer columns in by."
        )
    return found


def labels_of_the_tested(y: Any, name: str) -> np.ndarray:
    """Give the labels that a step or model of this name adapts by.

    Raises
    ------
    DataError
        If there are none.
    """
    if y is None:
        raise DataError(
            f"{name}: it needs labels of the tested, and was shown rows without. Say "
            "target_access: {calibration: 5}."
        )
    return np.asarray(y)
