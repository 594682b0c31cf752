"""Columns of a table as regressors: numbers as they are, categories as indicators."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import DataError


@dataclass(frozen=True, eq=False)
class Design:
    """How columns become regressors of mean zero over the rows that it was made of.

    Parameters
    ----------
    levels : mapping of str to tuple of str
        For each column of text its values, in order; an empty tuple for a column of numbers.
    means : ndarray, shape (n_regressors,)
        Of the regressors, over the rows that the design was made of.

    Notes
    -----
    A category that those rows did not have counts as none in particular: its indicators are 0, the
    mean.
    """

    levels: Mapping[str, tuple[str, ...]]
    means: np.ndarray

    @staticmethod
    def of(columns: Mapping[str, np.ndarray]) -> "Design":
        """Give the design of columns.

        Parameters
        ----------
        columns : mapping of str to ndarray, shape (n_rows,)
            Numbers, or text.

        Raises
        ------
        DataError
            If there is no column, or a value is missing.
        """
        if not columns:
            raise DataError("no column is named. Give columns, as in columns: [age, sex].")
        levels = {
            name: () if _is_number(column) else tuple(sorted(set(map(str, column))))
            for name, column in columns.items()
        }
        raw = [_raw(name, columns[name], levels[name]) for name in levels]
        return Design(levels, np.concatenate([one.mean(axis=0) for one in raw]))

    def matrix(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Give the regressors of rows.

        Parameters
        ----------
        columns : mapping of str to ndarray, shape (n_rows,)

        Returns
        -------
        regressors : ndarray, shape (n_rows, n_regressors)
            Of a column of numbers one, in its unit; of text one a category, in the order of
            `levels`.

        Raises
        ------
        DataError
            If a value is missing, or a column of numbers holds text.
        """
        raw = np.column_stack([_raw(name, columns[name], one) for name, one in self.levels.items()])
        means = np.broadcast_to(self.means, raw.shape).copy()
        first = 0
        for name, one in self.levels.items():
            last = first + max(len(one), 1)
            if one:
                unknown = ~np.isin(np.asarray(columns[name], dtype=str), one)
                means[unknown, first:last] = 0.0  # its indicators are 0 as they stand
            first = last
        return raw - means


def numbers(name: str, column: np.ndarray) -> np.ndarray:
    """Give a column of numbers as floats, shape (n_rows,).

    Raises
    ------
    DataError
        If a value is missing, or it holds text.
    """
    _check_complete(name, column)
    if not _is_number(column):
        raise DataError(f"column {name!r} held numbers in training, and holds {column[0]!r} here.")
    return np.asarray(column, dtype=np.float64)


def _raw(name: str, column: np.ndarray, levels: tuple[str, ...]) -> np.ndarray:
    """Regressors of one column, not yet centred, shape (n_rows, n_regressors)."""
    if not levels:
        return numbers(name, column)[:, None]
    _check_complete(name, column)
    return (np.asarray(column, dtype=str)[:, None] == np.array(levels)).astype(np.float64)


def _check_complete(name: str, column: np.ndarray) -> None:
    missing = np.array([value is None or value != value for value in column.tolist()], dtype=bool)
    if missing.any():
        raise DataError(
            f"column {name!r} has no value in {int(missing.sum())} of {len(column)} rows. Select "
            "the rows that have one, or leave the column out."
        )


def _is_number(column: np.ndarray) -> bool:
    if column.dtype.kind in "fiub":
        return True
    return all(isinstance(value, int | float | np.number) for value in column.tolist())
