"""What the feature axis of an array means, its unit and its rate."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.space import Space
from neurodecode.data._layout import KINDS, fill
from neurodecode.data.readers._array_rows import as_word, as_words, table_rows
from neurodecode.data.readers._array_source import Place, Source
from neurodecode.data.readers._axes import Axes

_UNITS = {"": (1.0, ""), "V": (1.0, "V"), "mV": (1e-3, "V"), "uV": (1e-6, "V")} | {
    "µV": (1e-6, "V"),
    "nV": (1e-9, "V"),
    "T": (1.0, "T"),
    "fT": (1e-15, "T"),
    "T/m": (1.0, "T/m"),
}
_ONLY_TYPE = {"eeg": "eeg"}  # of sensors, where the modality has one kind


def rate_of(source: Source, place: Place) -> float | None:
    options = source.options
    given = options.sfreq if options.t_r is None else options.t_r
    if given is None:
        return source.channels.sfreq
    if isinstance(given, str):
        rows = table_rows(options.table, place)
        held = rows[given].to_numpy() if rows is not None and given in rows else place.read(given)
        found = {as_word(value): value for value in np.ravel(held)}
        if len(found) != 1 or not np.isscalar(value := next(iter(found.values()))):
            raise DataError(
                f"{source.path}: {given!r}, the rate, has {len(found)} values; expected one."
            )
        try:
            given = float(value)  # pyright: ignore[reportArgumentType]
        except ValueError:
            raise DataError(
                f"{source.path}: {given!r}, the rate, is {value!r}, no number."
            ) from None
    if not 0 < given < float("inf"):
        raise DataError(f"{source.path}: a rate of {given:g} cannot be. Correct it.")
    return given if options.t_r is None else 1.0 / given


def space_of(source: Source, place: Place, axes: Axes, keys: Sequence[str]) -> Space:
    """Give what the feature axis means; `keys` of the data are its names where they make it."""
    options, n = source.options, axes.sizes[axes.feature]
    if source.channels.n is not None and source.channels.n != n:
        raise DataError(
            f"{source.path}: {n} along {axes.feature}, the card says {source.channels.n}. Correct "
            "channels.n, or leave this recording out."
        )
    names = _words(place, options.features.names or options.levels.get(axes.feature, ()))
    if not names and keys and options.axes[0] == axes.feature:
        names = tuple(fill(key, place.words) for key in keys)
    names = names or tuple(f"{axes.feature} {i}" for i in range(n))
    types = _words(place, options.features.types)
    types = tuple(options.features.codes.get(one, one) for one in types)
    if axes.feature == "channel" and not types and source.modality in _ONLY_TYPE:
        types = (_ONLY_TYPE[source.modality],) * n
    for what, words in (("names", names), ("types", types)):
        if len(words) not in ((n,) if what == "names" else (0, n)):
            raise DataError(
                f"{source.path}: {len(words)} {what} for {n} along {axes.feature}. Correct "
                f"features.{what} in the card."
            )
    if source.channels.types:
        absent = sorted(set(source.channels.types) - set(names))
        if absent:
            raise DataError(f"{source.path}: channels.types names {absent[0]!r}, which is none.")
        types = types or ("",) * n
        types = tuple(source.channels.types.get(a, b) for a, b in zip(names, types, strict=True))
    kind: Any = KINDS[axes.feature]
    return Space(kind=kind, names=names, types=types, unit=unit_of(source)[1])


def _words(place: Place, given: str | tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(given, str) and given:
        return tuple(as_words(place.read(given).ravel(), ""))
    return tuple(given)


def unit_of(source: Source) -> tuple[float, str]:
    """Factor that brings the data to SI units, and the unit."""
    unit = source.channels.unit
    if unit not in _UNITS:
        raise ConfigError(f"channels.unit {unit!r}; known: {', '.join(filter(None, _UNITS))}.")
    return _UNITS[unit]
