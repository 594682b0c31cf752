"""MATLAB files up to version 7: variables, fields of structs, cells of equal content.

scipy's reader can be crashed by a damaged file, so these functions are called in the worker.
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.data.readers._array_checks import check_memory, no_such_key, stacked

_NUMBERS = ("double", "single", "logical", "int", "uint")


def keys_of(path: Path) -> list[str]:
    """Names of the variables, in the file's order."""
    import scipy.io

    return [name for name, _, _ in scipy.io.whosmat(path)]


def shape_of(path: Path, key: str) -> tuple[int, ...]:
    """Shape of a variable from its header; fields are read for theirs."""
    import scipy.io

    shapes = {
        name: shape for name, shape, kind in scipy.io.whosmat(path) if kind.startswith(_NUMBERS)
    }
    return shapes[key] if key in shapes else read(path, key).shape


def read(path: Path, key: str) -> np.ndarray:
    """Read a variable, or with ``variable.field`` one field of all elements of a struct array.

    Returns
    -------
    array : ndarray
        Axes of the struct or cell array first, then those of its elements. Text counts as one
        element.

    Raises
    ------
    DataError
        If there is no such variable or field, or its elements do not fit into one array.
    """
    name, *fields = key.split(".")
    value: Any = _struct(path, path.stat().st_mtime_ns, name) if fields else _variable(path, name)
    for field in fields:
        known = list(value.dtype.names or ()) if isinstance(value, np.ndarray) else []
        if field not in known:
            raise no_such_key(path, key, [f"{name}.{one}" for one in known] or keys_of(path))
        held = list(value[field].ravel())
        one_cell = len(held) == 1 and isinstance(held[0], np.ndarray) and held[0].dtype == object
        value = held[0] if one_cell else stacked(held, value.shape, path, key)
    if hasattr(value, "toarray"):  # sparse
        check_memory(value.shape, 8, path, key)
        value = value.toarray()
    if not isinstance(value, np.ndarray) or value.dtype.names:
        fields = list(getattr(value.dtype, "names", ()) or ())
        raise DataError(
            f"{path}: {key!r} is a struct with the fields {', '.join(fields)}, not an array. Name "
            f"one of them in the card, as in {key}.{fields[0] if fields else 'FIELD'}."
        )
    if value.dtype == object:
        return stacked(list(value.ravel()), value.shape, path, key)
    return value


def _variable(path: Path, name: str) -> Any:
    import scipy.io

    held = scipy.io.loadmat(path, variable_names=[name])
    if name not in held:
        raise no_such_key(path, name, keys_of(path))
    return held[name]


@functools.lru_cache(maxsize=1)  # its fields are asked for one by one
def _struct(path: Path, _changed: int, name: str) -> Any:
    return _variable(path, name)
