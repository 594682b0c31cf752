"""Digests: the names by which results, prepared signals and rows are known."""

import hashlib
import json
from typing import Any

import numpy as np

LENGTH = 32


def digest(value: Any) -> str:
    """Digest of plain data (numbers, text, lists, mappings), whatever the order of its keys.

    Parameters
    ----------
    value : plain data
        Tuples count as lists; numpy scalars as Python numbers.

    Returns
    -------
    name : str of 32 hexadecimal digits
    """
    text = json.dumps(value, sort_keys=True, default=_plain, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def digest_array(array: np.ndarray) -> str:
    """Digest of an array's dtype, shape and content; object arrays are taken as text."""
    if array.dtype == object or array.dtype.kind in "UT":
        return digest(["text", list(array.shape), [str(value) for value in array.ravel()]])
    contiguous = np.ascontiguousarray(array)
    content = hashlib.sha256(f"{contiguous.dtype.str}{contiguous.shape}".encode())
    content.update(contiguous.reshape(-1).view(np.uint8).data)
    return content.hexdigest()[:LENGTH]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return digest_array(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not plain data, so it has no digest: {value!r}")
