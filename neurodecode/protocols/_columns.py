"""What protocols read from the columns of rows: values as text, blocks, strata."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.rows import Rows


def texts(rows: Rows, column: str, protocol: str) -> np.ndarray:
    """Values of a column as an experiment file writes them; None where there is none.

    Parameters
    ----------
    rows : Rows
    column : str
    protocol : str
        Who asks, for the message.

    Returns
    -------
    values : ndarray of object, shape (n_rows,)
        ``3.0`` is "3": a column of whole numbers with gaps in it is read as floats.

    Raises
    ------
    ConfigError
        If there is no such column.
    """
    if column not in rows:
        raise ConfigError(
            f"{protocol}: rows have no column {column!r}.{nearest(column, rows.columns)}"
        )
    codes, values = pd.factorize(rows[column])
    names = np.array([*map(_text, values), None], dtype=object)
    return names[codes]


def strata(rows: Rows, columns: Sequence[str], protocol: str) -> np.ndarray:
    """Join the values of several columns into one text a row: ``a, NYU``; ``–`` for none.

    Returns
    -------
    strata : ndarray of object, shape (n_rows,)
    """
    several = [texts(rows, column, protocol) for column in columns]
    joined = [
        ", ".join("–" if value is None else value for value in values)
        for values in zip(*several, strict=True)
    ]
    return np.array(joined, dtype=object)


def blocks(rows: Rows) -> np.ndarray:
    """Block of each row as a number; -1 for rows of no known block.

    A block is named by recording and block together. Where one of two data sets has none, its rows
    are no block.
    """
    if "block" not in rows:
        return np.full(len(rows), -1)
    return np.where(pd.notna(rows["block"]), rows.codes("recording", "block"), -1)


def listed(values: Sequence[str], protocol: str, key: str) -> tuple[str, ...]:
    """Give a list as a tuple of text; a lone word or an empty list is an error."""
    if isinstance(values, str) or len(values) == 0:
        raise ConfigError(f"{protocol}: {key} is {values!r}. Give a list, such as [{key}].")
    return tuple(_text(value) for value in values)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
