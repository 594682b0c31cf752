"""`Rdms`: dissimilarities of the same conditions, and whose each matrix is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError

_OF = ("subject", "region", "time")


@dataclass(frozen=True, eq=False)
class Rdms:
    """Representational dissimilarity matrices of the same conditions.

    Parameters
    ----------
    values : ndarray, shape (n_rdms, n_pairs)
        Pairs above the diagonal, row by row, as ``numpy.triu_indices(n_conditions, 1)`` has them.
        NaN where a pair was not measured.
    conditions : tuple of str
    table : DataFrame
        A row a matrix: ``subject``, ``region`` (empty where there is one) and ``time`` (seconds;
        NaN where there is none). What is missing is filled in so.

    Raises
    ------
    DataError
        If the shapes do not fit, a condition is named twice, or two matrices are of one subject,
        region and time.

    References
    ----------
    Kriegeskorte, Mur & Bandettini 2008, doi 10.3389/neuro.06.004.2008.
    """

    values: np.ndarray
    conditions: tuple[str, ...]
    table: pd.DataFrame

    def __post_init__(self):
        n = len(self.conditions)
        values = np.atleast_2d(np.asarray(self.values))
        if values.ndim != 2 or values.shape[1] != n * (n - 1) // 2:
            raise DataError(
                f"RDMs of shape {values.shape} for {n} conditions: (n_rdms, {n * (n - 1) // 2}) is "
                "wanted, the pairs above the diagonal. Rdms.of_squares takes square matrices."
            )
        if len(set(self.conditions)) < n:
            twice = next(c for i, c in enumerate(self.conditions) if c in self.conditions[:i])
            raise DataError(f"condition {twice!r} is named twice. Average its patterns first.")
        if len(self.table) != len(values):
            raise DataError(f"{len(values)} RDMs and {len(self.table)} rows that say whose.")
        table = self.table.reset_index(drop=True).copy()
        for name, nothing in zip(_OF, ("", "", np.nan), strict=True):
            if name not in table:
                table[name] = nothing
        table["subject"] = table["subject"].astype(str)
        table["region"] = table["region"].astype(str)
        table["time"] = table["time"].astype(np.float64)
        again = table.duplicated(list(_OF))
        if bool(again.any()):
            first: Any = table.loc[again].iloc[0]
            raise DataError(
                f"two RDMs of subject {first['subject']!r}, region {first['region']!r}, time "
                f"{first['time']}. Average them, or name their regions."
            )
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "table", table)

    @staticmethod
    def of_squares(matrices: Any, conditions: Any = None, table: Any = None) -> "Rdms":
        """Take square matrices.

        Parameters
        ----------
        matrices : ndarray, shape (n_rdms, n_conditions, n_conditions) or one of two axes
        conditions : sequence of str, optional
            Numbers as text without.
        table : DataFrame or mapping, optional
            Whose each is; subjects are numbered without.

        Raises
        ------
        DataError
            If a matrix is not symmetric or its diagonal not zero.
        """
        squares = np.asarray(matrices, dtype=np.float64)
        squares = squares[None] if squares.ndim == 2 else squares
        problem = not_square(squares)
        if problem:
            raise DataError(f"RDMs: {problem}")
        n_rdms, n = squares.shape[:2]
        above = np.triu_indices(n, 1)
        names = map(str, range(n) if conditions is None else conditions)
        whose = {"subject": [f"{i + 1:02d}" for i in range(n_rdms)]} if table is None else table
        return Rdms(squares[:, *above], tuple(names), pd.DataFrame(whose))

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        counts = {name: len(set(self.table[name])) for name in ("subject", "region")}
        counts["time"] = len(set(self.table["time"].dropna()))
        told = [
            f"{n} {name}{'s' if n != 1 else ''}"
            for name, n in counts.items()
            if n > 1 or name == "subject"
        ]
        return f"Rdms({len(self)} of {len(self.conditions)} conditions; {', '.join(told)})"

    def squares(self) -> np.ndarray:
        """Give square matrices, shape (n_rdms, n_conditions, n_conditions), of diagonal zero."""
        n = len(self.conditions)
        found = np.zeros((len(self), n, n), self.values.dtype)
        above = np.triu_indices(n, 1)
        found[:, *above] = self.values
        return found + found.swapaxes(1, 2)

    def select(self, **columns: Any) -> "Rdms":
        """Give the matrices whose columns have these values."""
        kept = np.ones(len(self), dtype=bool)
        for name, value in columns.items():
            kept &= (self.table[name] == value).to_numpy()
        return Rdms(self.values[kept], self.conditions, self.table.iloc[np.flatnonzero(kept)])

    def ordered(self, conditions: tuple[str, ...]) -> "Rdms":
        """Give the same with conditions in another order, or fewer of them.

        Raises
        ------
        DataError
            If a condition is not there.
        """
        place = {name: i for i, name in enumerate(self.conditions)}
        lacking = [name for name in conditions if name not in place]
        if lacking:
            raise DataError(
                f"RDMs lack {len(lacking)} of {len(conditions)} conditions, such as {lacking[0]!r}."
            )
        at = np.array([place[name] for name in conditions])
        first, second = np.triu_indices(len(at), 1)
        moved = self.squares()[:, at[first], at[second]]
        return Rdms(moved, conditions, self.table)

    def sites(self) -> Iterator[tuple[str, float, "Rdms"]]:
        """Give region, time and the matrices there, one a subject, in the order of the table."""
        places: Any = self.table.groupby(["region", "time"], sort=False, dropna=False)
        for (region, time), rows in places:
            at = rows.index.to_numpy()
            yield (
                str(region),
                float(time),
                Rdms(self.values[at], self.conditions, self.table.iloc[at]),
            )


def not_square(matrices: np.ndarray) -> str:
    """Say why matrices, shape (..., n, n), are no RDMs; empty where they are."""
    if matrices.ndim < 2 or matrices.shape[-1] != matrices.shape[-2]:
        return f"shape {matrices.shape} holds no square matrices."
    swapped = matrices.swapaxes(-1, -2)
    size = np.nanmax(np.abs(matrices), initial=0)
    if not np.allclose(matrices, swapped, atol=1e-5 * size, rtol=0, equal_nan=True):
        return "a matrix is not symmetric. Average it with its transpose, if that is meant."
    if np.nanmax(np.abs(np.einsum("...ii->...i", matrices)), initial=0) > 1e-5 * size:
        return "a diagonal is not zero: are these similarities? An RDM has dissimilarities."
    return ""
