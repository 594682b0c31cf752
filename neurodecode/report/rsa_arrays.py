"""Arrays and tables that `rsa` is handed: whose they are, and of which conditions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest_array
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.rdms import Rdms, not_square
from neurodecode.harness.rsa.models import names_of
from neurodecode.harness.rsa.options import RsaOptions
from neurodecode.harness.rsa.sources import Source
from neurodecode.harness.rsa.study import all_conditions, same_conditions
from neurodecode.linalg.rdm_pairs import n_conditions_of, vectors


def sources_of_arrays(
    data: Any, conditions: Any, runs: Any, times: Any, options: RsaOptions
) -> tuple[tuple[Source, ...], pd.DataFrame]:
    """Make sources of arrays by subject, and the table of their conditions.

    Parameters as of `neurodecode.rsa`.

    Raises
    ------
    ConfigError
        If data are none of what `rsa` takes, or subjects lack conditions or runs.
    DataError
        If arrays are not what they are said to be.
    """
    if isinstance(conditions, pd.DataFrame) and "condition" not in conditions:
        raise ConfigError(
            f"conditions: the table has no column 'condition'; there are: "
            f"{', '.join(map(str, conditions.columns)) or 'none'}. Rename the one that names them."
        )
    if isinstance(data, Rdms):
        return _of_rdms(data, conditions)
    if not isinstance(data, Mapping | np.ndarray | pd.DataFrame):
        told = f"{data!r}, a name" if isinstance(data, str) else f"a {type(data).__name__}"
        raise ConfigError(
            f"data: {told}. Give {{subject: array}}, an array of one subject, Rdms, or Trials, as "
            "neurodecode.load gives of a card."
        )
    several = data if isinstance(data, Mapping) else {"01": data}
    if not several:
        raise ConfigError("data: the mapping is empty. Give {subject: array}.")
    sources, named = [], conditions is not None
    for subject, given in several.items():
        regions = given if isinstance(given, Mapping) else {"": given}
        for region, X in regions.items():
            own = _own("conditions", conditions, subject), _own("runs", runs, subject)
            if options.distance == "precomputed" and own[0] is None and isinstance(X, pd.DataFrame):
                own, named = (names_of(X) or None, own[1]), True
            sources.append(_source(str(subject), str(region), X, *own, times, options))
    names = (all_conditions if named else same_conditions)(sources)
    table = pd.DataFrame({"condition": list(names)})
    if isinstance(conditions, pd.DataFrame):
        given = conditions.assign(condition=conditions["condition"].astype(str))
        table = given.drop_duplicates("condition").set_index("condition").loc[list(names)]
        table = table.reset_index()
    return tuple(sources), table


def _of_rdms(rdms: Rdms, conditions: Any) -> tuple[tuple[Source, ...], pd.DataFrame]:
    sources = []
    whose: Any = rdms.table.groupby(["subject", "region"], sort=False)
    for (subject, region), rows in whose:
        values, told = rdms.values[rows.index], rows["time"].to_numpy()
        times = None if np.isnan(told).all() else told
        sources.append(
            Source(
                str(subject), str(region), lambda mine=values: mine, digest_array(values),
                np.array(rdms.conditions), times=times, vectors=True,
            )
        )  # fmt: skip
    all_conditions(sources)
    table = pd.DataFrame({"condition": list(rdms.conditions)})
    if isinstance(conditions, pd.DataFrame):
        known = conditions.assign(condition=conditions["condition"].astype(str))
        table = table.merge(known, on="condition", how="left")
    return tuple(sources), table


def _source(
    subject: str, region: str, given: Any, conditions: Any, runs: Any, times: Any,
    options: RsaOptions,
) -> Source:  # fmt: skip
    X = np.asarray(given)
    if X.dtype.kind not in "fiub" or X.ndim == 0:
        raise DataError(
            f"subject {subject}: a {type(given).__name__} of shape {X.shape} and type {X.dtype} is "
            "no array of numbers."
        )
    times = None if times is None else np.asarray(times, dtype=np.float64)
    if isinstance(conditions, pd.DataFrame):
        conditions = conditions["condition"]
    if options.distance == "precomputed":
        names = names_of(given) if isinstance(given, pd.DataFrame) else []
        if names and conditions is not None:
            X = _reordered(subject, X, names, [str(one) for one in conditions])
        return _ready(subject, region, X, conditions, times)
    n = len(X)
    labels = [f"{i:0{len(str(n))}d}" for i in range(n)] if conditions is None else conditions
    told = np.array([str(one) for one in labels])
    if len(told) != n or (runs is not None and len(runs) != n):
        raise DataError(
            f"subject {subject}: {len(told)} conditions"
            + ("" if runs is None else f" and {len(runs)} runs")
            + f" for {n} trials. Give one each."
        )
    of_run = None if runs is None else np.array([str(one) for one in runs])
    if times is not None and (X.ndim != 3 or X.shape[2] != len(times)):
        raise DataError(
            f"subject {subject}: {len(times)} times for an array of shape {X.shape}. Time is the "
            "last of three axes."
        )
    if X.ndim in (2, 3) and X.shape[-1] > 2 and not not_square(X):
        if X.ndim == 3:
            raise DataError(f"{_stacked(subject, X)} Say distance='precomputed' too.")
        raise DataError(
            f"subject {subject}: an array of shape {X.shape}, symmetric with zeros on its "
            "diagonal, is an RDM and no patterns. Say distance='precomputed'."
        )
    if times is None and X.ndim == 3:
        times = np.arange(X.shape[2], dtype=np.float64)
    return Source(subject, region, lambda: X, digest_array(X), told, of_run, times)


def _ready(
    subject: str, region: str, X: np.ndarray, conditions: Any, times: np.ndarray | None
) -> Source:
    """Take RDMs that are there: squares or vectors, of one time or several."""
    square = X.ndim >= 2 and X.shape[-1] == X.shape[-2] and not not_square(X)
    if times is None and X.ndim == 3 and square:
        raise DataError(_stacked(subject, X))
    if X.ndim == (3 if times is not None else 2) and not square:
        raise DataError(
            f"subject {subject}: an array of shape {X.shape} is no RDM: {not_square(X)} Give "
            "patterns and another distance than precomputed, or a square symmetric matrix; "
            "vectors of pairs one a subject, or with times."
        )
    values = np.atleast_2d(vectors(X) if square else X)
    n = n_conditions_of(values.shape[-1])
    names = [f"{i:0{len(str(n))}d}" for i in range(n)] if conditions is None else conditions
    told = np.array([str(one) for one in names])
    if len(told) != n:
        raise DataError(f"subject {subject}: {len(told)} conditions for RDMs of {n}.")
    return Source(
        subject, region, lambda: values, digest_array(values), told, times=times, vectors=True
    )


def _stacked(subject: str, X: np.ndarray) -> str:
    """Say what several RDMs may be, where one is meant."""
    return (
        f"subject {subject}: an array of shape {X.shape} holds {len(X)} RDMs. Of {len(X)} subjects "
        "give {subject: rdm}, or nd.Rdms.of_squares(array, conditions); of one subject over time, "
        "say times."
    )


def _reordered(
    subject: str, X: np.ndarray, names: Sequence[str], conditions: Sequence[str]
) -> np.ndarray:
    """Bring the rows and columns of a table into the order of the conditions."""
    if sorted(names) != sorted(conditions):
        raise DataError(
            f"subject {subject}: the table's rows are called {', '.join(names[:4])} … and its "
            f"conditions {', '.join(conditions[:4])} …. Give the same names."
        )
    order = [list(names).index(name) for name in conditions]
    return X[np.ix_(order, order)]


def _own(what: str, given: Any, subject: Any) -> Any:
    """Give what is a subject's own, where it is told subject by subject."""
    if not isinstance(given, Mapping):
        return given
    if subject not in given:
        raise ConfigError(
            f"{what}: subject {subject} has none; there are those of "
            f"{', '.join(map(str, given)) or 'nobody'}."
        )
    return given[subject]
