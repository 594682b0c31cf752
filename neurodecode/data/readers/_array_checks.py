"""What is asked of arrays in files, whatever their format: sizes, names, one kind of value."""

import contextlib
import math
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.errors import DataError, DataMissing, NeurodecodeError

_PLAIN = "biufcUS"


def check_memory(shape: Sequence[int], itemsize: int, path: Path, key: str) -> None:
    """Refuse what memory cannot hold, before it is tried.

    Raises
    ------
    DataError
        With the size that is declared.
    """
    import psutil

    size, free = math.prod(shape) * itemsize, psutil.virtual_memory().available
    if size > free:
        raise DataError(
            f"{path}: {named(key)}declares shape {tuple(shape)}, {size / 1e9:.3g} GB, more than "
            f"the {free / 1e9:.3g} GB of memory that are free. The file is damaged or made to "
            "harm; if it is neither, part it into smaller ones."
        )


@contextlib.contextmanager
def explained(path: Path, key: str = "") -> Generator[None]:
    """Make whatever a library raises of a damaged file one sentence that names it."""
    try:
        yield
    except NeurodecodeError:
        raise
    except FileNotFoundError:
        raise DataMissing(f"{path}: there is no such file. Fetch it, or leave it out.") from None
    except Exception as error:  # a damaged file raises anything at all
        first = (str(error).strip().splitlines() or ["no message"])[0][:200]
        raise DataError(
            f"{path}: {named(key)}cannot be read ({type(error).__name__}: {first}). The file is "
            "damaged, cut short, or not of the kind that its name says. Fetch it again."
        ) from error


def no_such_key(path: Path, key: str, known: Sequence[str]) -> DataError:
    """Give the error about a key that is not there, with the nearest that is."""
    shown = ", ".join(known[:12]) + (" …" if len(known) > 12 else "")
    return DataError(
        f"{path}: there is no {key!r} in it; it holds: {shown or 'nothing'}."
        f"{nearest(key, known) if len(known) > 12 else ''} Correct the key in the card."
    )


def stacked(elements: list[Any], outer: tuple[int, ...], path: Path, key: str) -> Any:
    """Put the elements of a struct or cell array into one array.

    Parameters
    ----------
    elements : list of ndarray
        In C order of `outer`.
    outer : tuple of int

    Raises
    ------
    DataError
        If they differ in shape, or are neither numbers nor text.
    """
    arrays = [np.asarray(one) for one in elements]
    if any(one.dtype.names for one in arrays) and math.prod(outer) == 1:
        return arrays[0]
    text = [one.dtype.kind in "US" for one in arrays]
    if (
        arrays
        and all(t or one.size == 0 for t, one in zip(text, arrays, strict=True))
        and any(text)
    ):
        words = [str(one.ravel()[0]) if one.size else "" for one in arrays]
        return np.array(words, dtype=object).reshape(outer)
    odd = next((one for one in arrays if one.dtype.kind not in _PLAIN), None)
    if odd is not None or any(text):
        held = "text beside numbers" if odd is None else _word(odd)
        raise DataError(
            f"{path}: {key!r} is an array of objects ({held}), neither all numbers nor all text. "
            "Name a field of it in the card, or save it as a plain array."
        )
    shapes = list(dict.fromkeys(one.shape for one in arrays))
    if len(shapes) != 1:
        raise DataError(
            f"{path}: the {len(arrays)} elements of {key!r} differ in shape "
            f"({', '.join(str(one) for one in shapes[:4])}), so they are no array. Save them with "
            "one shape."
        )
    return np.stack(arrays).reshape(*outer, *shapes[0])


def named(key: str) -> str:
    """Give the key as part of a message; a file of one array has none."""
    return f"{key!r} " if key else ""


def _word(odd: np.ndarray) -> str:
    return "structs" if odd.dtype.names else "cells within cells"
