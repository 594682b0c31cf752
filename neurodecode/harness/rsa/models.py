"""Model RDMs: of arrays, features, columns of the conditions, or several of them together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.rdms import Rdms, not_square
from neurodecode.linalg.rdm import DISTANCES
from neurodecode.linalg.rdm_pairs import pair_indices, vectors

Kind = Literal["fixed", "weighted", "interpolated", "selected"]
FITTED: tuple[Kind, ...] = ("weighted", "interpolated", "selected")
ModelDistance = Literal["euclidean", "correlation", "cosine"]
_FORMS = ("rdm", "features", "column", *FITTED)


@dataclass(frozen=True, eq=False)
class ModelRdm:
    """What a model says of the dissimilarities between conditions.

    Parameters
    ----------
    name : str
    values : ndarray, shape (n_members, n_pairs)
        One of a fixed model; of others those that it is made of.
    kind : {"fixed", "weighted", "interpolated", "selected"}
        ``selected``: that member which scores best, ``weighted``: a sum with weights from 0 on,
        ``interpolated``: a point between one member
        and the next, both fitted to subjects and conditions that are not scored.
    members : tuple of str
        Names of the members.
    """

    name: str
    values: np.ndarray
    kind: Kind = "fixed"
    members: tuple[str, ...] = ()

    @property
    def content(self) -> str:
        """Digest of what it says."""
        return digest([self.kind, list(self.members), digest_array(self.values)])


def of_rdm(name: str, given: Any, conditions: Sequence[str]) -> ModelRdm:
    """Take an RDM: a square matrix, or the pairs above its diagonal, or `Rdms` of one matrix.

    Rows and columns of a table whose names are those of the conditions are put in their order.

    Raises
    ------
    DataError
        If it is none, or not of these conditions.
    """
    n = len(conditions)
    if isinstance(given, Rdms):
        if len(given) != 1:
            raise DataError(f"model {name!r}: {given!r} are {len(given)} RDMs. Select one.")
        return ModelRdm(name, _finite(name, given.ordered(tuple(conditions)).values))
    names = names_of(given) if isinstance(given, pd.DataFrame) else []
    if names:
        whole = Rdms.of_squares(given.to_numpy(), names)
        return ModelRdm(name, _finite(name, whole.ordered(tuple(conditions)).values))
    values = np.asarray(given, dtype=np.float64)
    if values.ndim == 3:
        raise DataError(
            f"model {name!r}: an array of shape {values.shape} holds {len(values)} RDMs. Give a "
            "model each, or {'weighted': {NAME: rdm, …}} for a sum of them."
        )
    if values.shape == (n, n):
        problem = not_square(values)
        if problem:
            raise DataError(f"model {name!r}: {problem}")
        values = vectors(values)
    if values.shape != (n * (n - 1) // 2,):
        raise DataError(
            f"model {name!r}: an RDM of shape {np.shape(given)} for {n} conditions. Give ({n}, "
            f"{n}), or the {n * (n - 1) // 2} pairs above the diagonal. Features are said to "
            "be some: {'features': array}."
        )
    return ModelRdm(name, _finite(name, values[None]))


def names_of(table: pd.DataFrame) -> list[str]:
    """Names of the conditions that a square table is of; empty where its rows are numbered.

    Raises
    ------
    DataError
        If its rows and columns are named otherwise.
    """
    names = [str(one) for one in table.index]
    if isinstance(table.index, pd.RangeIndex):
        return []
    if names != [str(one) for one in table.columns]:
        raise DataError(
            f"a table of rows {', '.join(names[:4])} … and columns "
            f"{', '.join(map(str, table.columns[:4]))} … is no RDM. Name both alike."
        )
    return names


def of_features(
    name: str, features: Any, conditions: Sequence[str], distance: ModelDistance = "correlation"
) -> ModelRdm:
    """Measure dissimilarities of what a model has for each condition, a row each.

    Raises
    ------
    ConfigError
        If there is no such distance.
    DataError
        If rows are not of the conditions, or a distance of two of them does not exist.
    """
    if distance not in ("euclidean", "correlation", "cosine"):
        raise ConfigError(
            f"model {name!r}: distance: {distance!r}; there are correlation, cosine, euclidean."
        )
    values = np.asarray(features, dtype=np.float64)
    if len(values) != len(conditions):
        raise DataError(
            f"model {name!r}: features of {len(values)} rows for {len(conditions)} conditions. "
            "Give a row a condition, in their order."
        )
    rdm = DISTANCES[distance](values.reshape(len(values), -1))
    if np.isnan(rdm).any():
        raise DataError(
            f"model {name!r}: a condition has the same value in all features, so it correlates "
            "with nothing. Use distance: euclidean."
        )
    return ModelRdm(name, rdm[None])


def of_column(name: str, values: Any, conditions: Sequence[str]) -> ModelRdm:
    """Say how labels or numbers of conditions differ: 0 or 1, or by how much.

    Raises
    ------
    DataError
        If there is not one a condition, or they are all the same.
    """
    told = pd.Series(list(values))
    if len(told) != len(conditions):
        raise DataError(
            f"model {name!r}: {len(told)} labels for {len(conditions)} conditions. Give one each."
        )
    if told.isna().any():
        raise DataError(
            f"model {name!r}: condition {conditions[int(told.isna().argmax())]} has none."
        )
    first, second = pair_indices(len(told))
    if told.dtype.kind in "fiu":
        numbers = told.to_numpy(np.float64)
        rdm = np.abs(numbers[first] - numbers[second])
    else:
        codes = pd.factorize(told)[0]
        rdm = (codes[first] != codes[second]).astype(np.float64)
    return ModelRdm(name, _finite(name, rdm[None]))


def together(name: str, kind: Kind, members: Sequence[ModelRdm]) -> ModelRdm:
    """Join fixed models into one that is fitted.

    Raises
    ------
    ConfigError
        If there are fewer than two, or a member is no fixed model.
    """
    if len(members) < 2 or any(one.kind != "fixed" for one in members):
        raise ConfigError(f"model {name!r}: {kind}: give two fixed models or more.")
    values = np.concatenate([one.values for one in members])
    return ModelRdm(name, values, kind, tuple(one.name for one in members))


def as_models(
    given: Mapping[str, Any],
    conditions: Sequence[str],
    table: pd.DataFrame,
    shown: Callable[[str], np.ndarray] | None = None,
) -> tuple[ModelRdm, ...]:
    """Make models of what a notebook hands in.

    Parameters
    ----------
    given : mapping of str to array, `Rdms` or mapping
        An RDM; or one of ``{"features": array, "distance": "correlation"}``, ``{"column": labels}``
        (or the name of a column of `table`), ``{"weighted": {name: model, …}}``,
        ``{"interpolated": {name: model, …}}`` and ``{"selected": {name: model, …}}``.
    conditions : sequence of str
    table : DataFrame
        A row a condition.
    shown : callable, optional
        Gives the signal of trials that features may name, a row a condition.
    """
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"models: {type(given).__name__} is no mapping. Give one of name to RDM, as in "
            "{'shape': rdm}."
        )
    if not given:
        raise ConfigError("models: none is given. Give a mapping of name to RDM.")
    return tuple(_as_model(str(name), one, conditions, table, shown) for name, one in given.items())


def _as_model(
    name: str,
    given: Any,
    conditions: Sequence[str],
    table: pd.DataFrame,
    shown: Callable[[str], np.ndarray] | None,
) -> ModelRdm:
    if not isinstance(given, Mapping):
        return of_rdm(name, given, conditions)
    kinds = [key for key in _FORMS if key in given]
    rest = set(given) - set(kinds) - ({"distance"} if "features" in given else set())
    if len(kinds) != 1 or rest:
        raise ConfigError(
            f"model {name!r}: {', '.join(map(str, given)) or 'nothing'}: give one of rdm, features "
            "(with distance), column, weighted, interpolated and selected."
        )
    kind: Any = kinds[0]
    value = given[kind]
    if kind == "rdm":
        return of_rdm(name, value, conditions)
    if kind == "features":
        if isinstance(value, str):
            if shown is None:
                raise ConfigError(
                    f"model {name!r}: features {value!r}: data are no Trials. Give an "
                    "array, a row a condition."
                )
            value = shown(value)
        return of_features(name, value, conditions, given.get("distance", "correlation"))
    if kind == "column":
        if isinstance(value, str):
            if value not in table:
                known = ", ".join(map(str, table.columns)) or "none"
                raise ConfigError(
                    f"model {name!r}: conditions have no {value!r}; there are: {known}."
                )
            value = table[value]
        return of_column(name, value, conditions)
    members = [_as_model(str(k), one, conditions, table, shown) for k, one in value.items()]
    return together(name, kind, members)


def _finite(name: str, values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise DataError(f"model {name!r}: a dissimilarity is NaN or infinite.")
    if np.ptp(values) == 0:
        raise DataError(
            f"model {name!r}: all pairs are as dissimilar ({values.flat[0]:g}): it says nothing."
        )
    return values
