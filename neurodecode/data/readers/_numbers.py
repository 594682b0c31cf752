"""Numbers in tables that were read as text."""

from collections.abc import Iterable

import numpy as np

_MISSING = ("", "n/a", "na", "nan")


def is_number(word: str) -> bool:
    """Whether a word can be read as a number."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def numbers(column: Iterable[object]) -> tuple[np.ndarray, int | None]:
    """Give a column as numbers.

    Parameters
    ----------
    column : iterable
        Words, or numbers; empty words and BIDS's ``n/a`` are missing.

    Returns
    -------
    values : ndarray, shape (n_rows,), float64
        NaN where missing.
    wrong : int or None
        Position of the first word that is neither a number nor missing.
    """
    words = [str(word).strip() for word in column]
    values, wrong = np.full(len(words), np.nan), None
    for i, word in enumerate(words):
        if is_number(word):
            values[i] = float(word)
        elif word.lower() not in _MISSING and wrong is None:
            wrong = i
    return values, wrong
