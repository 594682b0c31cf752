"""What the feature axis of an array means, its unit and its rate."""

from collections.abc import Sequence

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.space import NO_UNIT, Space
from neurodecode.data._layout import KINDS, Codes, fill
from neurodecode.data.readers._array_rows import as_word, as_words, table_rows
from neurodecode.data.readers._array_source import Place, Source
from neurodecode.data.readers._axes import Axes
from neurodecode.data.readers._sensors import places_by_name

_UNITS = {
    "": (1.0, ""),
    NO_UNIT: (1.0, NO_UNIT),
    "V": (1.0, "V"),
    "mV": (1e-3, "V"),
    "uV": (1e-6, "V"),
} | {
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


def timing_of(source: Source, place: Place, n_times: int) -> tuple[float | None, float]:
    """Give the rate of trials, and the seconds from the event to their first sample.

    Raises
    ------
    DataError
        If the file's times are no evenly spaced ones of the samples that it holds.
    """
    times = source.options.times
    if times is None:
        return rate_of(source, place), source.options.tmin
    held = place.read(times.key)
    more = held.size - n_times
    if held.dtype.kind not in "iuf" or held.ndim != 1 or more not in times.before:
        known = " or ".join(str(n_times + n) for n in times.before)
        raise DataError(
            f"{source.path}: {times.key!r} has shape {held.shape} for {n_times} samples a trial; "
            f"expected {known} times. Correct times in the card, or fetch the file again."
        )
    steps = np.diff(held.astype(np.float64))
    if not (len(steps) and steps[0] > 0 and np.allclose(steps, steps.mean(), rtol=1e-3)):
        raise DataError(
            f"{source.path}: the times {times.key!r} are not evenly spaced. Fetch the file again."
        )
    # To the microhertz: times are rounded decimals.
    return round(float(1 / steps.mean()), 6), float(held[more])


def space_of(source: Source, place: Place, axes: Axes, keys: Sequence[str]) -> Space:
    """Give what the feature axis means; `keys` of the data are its names where they make it."""
    options, n = source.options, axes.sizes[axes.feature]
    n_data = n - isinstance(options.codes, Codes)
    if source.channels.n is not None and source.channels.n != n_data:
        raise DataError(
            f"{source.path}: {n_data} along {axes.feature}, the card says {source.channels.n}. "
            "Correct channels.n, or leave this recording out."
        )
    if axes.kept is not None:
        return Space(KINDS[axes.feature], axes.kept.names, axes.kept.types, unit=unit_of(source)[1])
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
    positions = None
    if options.montage:
        positions = places_by_name(names, options.montage)
    return Space(
        kind=KINDS[axes.feature], names=names, types=types, positions=positions,
        unit=unit_of(source)[1],
    )  # fmt: skip


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
