"""The numbers of one recording: data and tracks, read by key and brought into order."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.data._layout import Column, Track, fill
from neurodecode.data.readers import _array_files
from neurodecode.data.readers._array_source import Place, Source
from neurodecode.data.readers._array_space import unit_of
from neurodecode.data.readers._axes import Axes, axes_of
from neurodecode.data.readers._feature_table import flags_of, kept_features


def data_keys(source: Source) -> list[str]:
    """Keys of the data: one, or those that are stacked."""
    options = source.options
    if options.data:
        return [options.data] if isinstance(options.data, str) else list(options.data)
    held = _array_files.keys_of(source.path)
    named = (options.codes, options.sfreq, options.t_r, options.features.names,
             options.features.types, options.times.key if options.times else "",
             *options.levels.values())  # fmt: skip
    taken = {one for one in named if isinstance(one, str) and one}
    for one in (*options.columns.values(), *options.tracks.values()):
        if isinstance(one, Column | Track) and one.path:
            continue  # of another file
        key = one.key if isinstance(one, Column | Track) else one
        taken |= {key} if isinstance(key, str) else set(key)
    left = [key for key in held if key not in taken]
    if is_stacked(source) or len(left) == 1:
        return left
    raise ConfigError(
        f"{source.path}: it holds {len(left)} arrays ({', '.join(left[:12])}). Name the data in "
        "the card."
    )


def is_stacked(source: Source) -> bool:
    """Whether the keys of the data are a first axis: they are several, or columns of a table."""
    table = any(suffix in _array_files.TABLES for suffix in source.path.suffixes)
    return not isinstance(source.options.data, str) or (table and not source.options.data)


def stacked_keys(source: Source) -> list[str]:
    """Give the keys that are a first axis, and name it."""
    return data_keys(source) if is_stacked(source) else []


def shape_of(source: Source, place: Place) -> tuple[int, ...]:
    """Shape of the data as stored; several keys are a first axis."""
    keys = [fill(key, place.words) for key in data_keys(source)]
    shapes = [_array_files.shape_of(source.path, key) for key in keys]
    for key, shape in zip(keys, shapes, strict=True):
        if shape != shapes[0]:
            raise DataError(
                f"{source.path}: {key!r} has shape {shape}, {keys[0]!r} has {shapes[0]}, so they "
                "cannot be stacked. Name keys of one shape."
            )
    return (len(keys), *shapes[0]) if is_stacked(source) else shapes[0]


def axes_in(source: Source, place: Place) -> Axes:
    """Give what each axis of the stored data is."""
    options = source.options
    levels = {
        name: place.read(held).size if isinstance(held, str) else len(held)
        for name, held in options.levels.items()
    }
    where = f"{source.path}: {', '.join(fill(key, place.words) for key in data_keys(source)[:4])}"
    axes = axes_of(options.axes, options.sum, levels, shape_of(source, place), where)
    if not options.features.chosen:
        return axes
    kept = kept_features(options.features, place, axes.sizes[axes.feature])
    return replace(axes, sizes={**axes.sizes, axes.feature: len(kept.index)}, kept=kept)


def values_of(source: Source, place: Place, axes: Axes) -> np.ndarray:
    """Read the data and bring them into the order of signals."""
    several = []
    for key in data_keys(source):
        one = _kept(place, key, axes)
        if one.dtype.kind not in "biuf":
            wrong = next((v for v in one.ravel() if isinstance(v, str)), one.dtype)
            raise DataError(
                f"{source.path}: {fill(key, place.words)!r} holds {wrong!r}, which is no real "
                "number. Data are real numbers; correct the file, or name another key."
            )
        several.append(one)
    stored = np.stack(several) if is_stacked(source) else several[0]
    if source.options.missing is not None:
        stored = np.where(stored == source.options.missing, np.nan, stored.astype(np.float64))
    values = axes.arranged(stored, source.chosen)
    factor, _ = unit_of(source)
    return values if factor == 1.0 else values * factor


def _kept(place: Place, key: str, axes: Axes) -> np.ndarray:
    """Read an array, or those of its features that are kept."""
    if axes.kept is None:
        return place.read(key)
    if axes.stored[0] == axes.feature:
        return place.read_entries(key, axes.kept.index)
    return np.take(place.read(key), axes.kept.index, axis=axes.stored.index(axes.feature))


def channel_of(source: Source, place: Place, axes: Axes, number: int) -> np.ndarray:
    """Read one channel as it is stored, and no more where the format allows it."""
    (key,) = data_keys(source)
    return place.read_entry(key, number, axes.stored.index(axes.feature))


def flagged(source: Source, place: Place, axes: Axes, flag: str) -> np.ndarray:
    """Read what the data hold at the one feature that a flag marks.

    Raises
    ------
    ConfigError
        If the layout has no flags.
    DataError
        If it marks none or several.
    """
    features = source.options.features
    if not features.flags:
        raise ConfigError(f"flag {flag!r}: the features of the data have no flags in the card.")
    marked = np.flatnonzero(flags_of(features, place, (flag,))[0] == 1)
    if len(marked) != 1:
        raise DataError(
            f"{source.path}: {flag!r} marks {len(marked)} columns of the data, and a column of the "
            "rows is one of them. Name another flag in the card."
        )
    return channel_of(source, place, axes, int(marked[0]))


def empty_entries(data: np.ndarray, missing: float | None) -> np.ndarray:
    """Mask of the entries that hold no value at all."""
    if missing is None:
        return np.zeros(len(data), dtype=bool)
    return np.logical_and.reduce(np.isnan(data.reshape(len(data), -1)), axis=1)


def tracks_of(
    source: Source, parts: Sequence[Place], index: np.ndarray, n: int, *, with_data: bool
) -> dict[str, np.ndarray]:
    """Give each track's entries at `index` of `n`; in a header, only their shape."""
    made = {}
    for name, one in source.options.tracks.items():
        track = one if isinstance(one, Track) else Track(one)
        keys = (track.key,) if isinstance(track.key, str) else track.key
        wide = not isinstance(track.key, str)
        if not with_data and track.shape:
            made[name] = np.empty((0, *track.shape))
            continue
        several = []
        for place in parts:
            arrays = [_numbers(place, key, track.path) for key in keys]
            several.append(np.column_stack(arrays) if wide else arrays[0])
        values = np.concatenate(several)
        if len(values) != n:
            raise DataError(
                f"{source.path}: track {name!r} ({', '.join(keys)}) has {len(values)} entries, the "
                f"data have {n}. Name a key whose first axis counts them."
            )
        values = values[index]
        if track.shape:
            if values[0].size != np.prod(track.shape):
                raise DataError(
                    f"{source.path}: track {name!r} has {values[0].size} values an entry, which "
                    f"are no {' × '.join(map(str, track.shape))}. Correct its shape in the card."
                )
            values = np.stack([v.reshape(track.shape, order=track.order) for v in values])  # pyright: ignore[reportArgumentType, reportCallIssue]
        made[name] = values / track.divide if with_data else np.empty((0, *values.shape[1:]))
    return made


def _numbers(place: Place, key: str, path: str) -> np.ndarray:
    values = place.read(key, path)
    if values.dtype.kind not in "biuf":
        raise DataError(
            f"{place.file(path)}: {fill(key, place.words)!r}, a track, holds no numbers "
            f"({values.dtype}). Name another key in the card."
        )
    return values
