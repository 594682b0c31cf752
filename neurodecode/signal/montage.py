"""One list of channels for recordings that have different ones."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.signal._contract import Preparation
from neurodecode.signal.channels import Pick
from neurodecode.signal.interpolate import Interpolate

SHOWN = 8


def channel_preparations(
    headers: Mapping[str, Signal], channels: str
) -> dict[str, tuple[Preparation, ...]]:
    """Say what brings each recording to one list of channels: the key ``channels`` of experiments.

    Parameters
    ----------
    headers : mapping of str to Signal
        The header of each recording, by its id.
    channels : {"common", "interpolate"}
        ``common``: the channels that all have, in the order of the first recording.
        ``interpolate``: the EEG channels that any has; those that a recording lacks are made of its
        others.

    Returns
    -------
    preparations : dict of str to tuple of Preparation
        To be done to each recording before all else; plain values, so that they are part of its
        key. Empty for a recording that has the list already.

    Raises
    ------
    ConfigError
        If `channels` is none of these.
    DataError
        If nothing is common, or names differ in nothing but case.
    """
    found = CHANNELS.get(channels)
    if found is None:
        raise ConfigError(f"channels: {channels!r} is not known. It is {', '.join(CHANNELS)}.")
    return found(headers)


def common_channels(headers: Mapping[str, Signal]) -> tuple[str, ...]:
    """Channels that all recordings have, in the order of the first.

    Parameters
    ----------
    headers : mapping of str to Signal
        By the recording's id.

    Raises
    ------
    DataError
        If there is none (it says who lacks what), a channel has different types, or one would be
        lost because names differ in case.
    """
    _check_headers(headers)
    first, *others = headers.values()
    names = [set(one.space.names) for one in others]
    common = tuple(one for one in first.space.names if all(one in own for own in names))
    if not common:
        raise DataError(
            f"channels: no channel is common to the {len(headers)} recordings: "
            f"{_lacking(headers)}. Choose recordings of one montage, or correct names in the card."
        )
    return common


def all_channels(headers: Mapping[str, Signal]) -> tuple[str, ...]:
    """Channels that all recordings can have, if those that they lack are interpolated.

    Those that all have, and every EEG channel that some recording has at a known place; in the
    order in which the recordings, one after the other, bring them in.

    Parameters
    ----------
    headers : mapping of str to Signal
        By the recording's id.

    Raises
    ------
    DataError
        As in `common_channels`.
    """
    _check_headers(headers)
    names = [set(one.space.names) for one in headers.values()]
    places = _places(headers)
    union = dict.fromkeys(name for one in headers.values() for name in one.space.names)
    found = tuple(name for name in union if name in places or all(name in own for own in names))
    if not found:
        raise DataError(
            f"channels: no channel is common to the {len(headers)} recordings, and none is an EEG "
            f"channel at a known place: {_lacking(headers)}. Give the reader a montage."
        )
    return found


def _common(headers: Mapping[str, Signal]) -> dict[str, tuple[Preparation, ...]]:
    wanted = common_channels(headers)
    return {name: _picked(one.space.names, wanted) for name, one in headers.items()}


def _interpolated(headers: Mapping[str, Signal]) -> dict[str, tuple[Preparation, ...]]:
    wanted, places = all_channels(headers), _places(headers)
    preparations: dict[str, tuple[Preparation, ...]] = {}
    for name, one in headers.items():
        own = one.space.names
        missing = tuple(channel for channel in wanted if channel not in own)
        if missing:
            fill = Interpolate(missing, tuple(places[channel] for channel in missing))
            try:
                fill.preview(one)
            except DataError as error:
                raise DataError(f"{name}: {error}") from error
            preparations[name] = (fill, *_picked((*own, *missing), wanted))
        else:
            preparations[name] = _picked(own, wanted)
    return preparations


CHANNELS: dict[str, Callable[[Mapping[str, Signal]], dict[str, tuple[Preparation, ...]]]] = {
    "common": _common,
    "interpolate": _interpolated,
}


def _picked(own: Sequence[str], wanted: tuple[str, ...]) -> tuple[Preparation, ...]:
    return () if tuple(own) == wanted else (Pick(wanted),)


def _places(headers: Mapping[str, Signal]) -> dict[str, tuple[float, ...]]:
    """Place of each EEG channel, from the first recording that knows it."""
    places: dict[str, tuple[float, ...]] = {}
    for one in headers.values():
        space: Space = one.space
        if space.positions is None or not space.types:
            continue
        for i, name in enumerate(space.names):
            place = space.positions[i]
            if space.types[i] == "eeg" and name not in places and np.isfinite(place).all():
                places[name] = tuple(float(x) for x in place)
    return places


def _check_headers(headers: Mapping[str, Signal]) -> None:
    """Hold all recordings to one spelling and one type of each channel."""
    if not headers:
        raise DataError("channels: there is no recording. Widen the selection of data.")
    spelt: dict[str, tuple[str, str]] = {}
    types: dict[str, tuple[str, str]] = {}
    for recording, one in headers.items():
        space = one.space
        if space.kind != "sensors" or not space.names:
            raise DataError(
                f"channels: {recording} has {space!r}, which are no named sensors. Leave channels "
                "out of the experiment."
            )
        for i, name in enumerate(space.names):
            other, where = spelt.setdefault(name.casefold(), (name, recording))
            if other != name and other not in space.names:  # else it has both, and means both
                raise DataError(
                    f"channels: {name!r} of {recording} is written {other!r} in {where}. Make the "
                    "names one, in the card's reader (standardize) or in the files."
                )
            if space.types:
                kind, where = types.setdefault(name, (space.types[i], recording))
                if kind != space.types[i]:
                    raise DataError(
                        f"channels: {name!r} is of type {space.types[i]} in {recording} and {kind} "
                        f"in {where}. Correct the types in the card."
                    )


def _lacking(headers: Mapping[str, Signal]) -> str:
    union = dict.fromkeys(name for one in headers.values() for name in one.space.names)
    lines = []
    for recording, one in headers.items():
        missing = [name for name in union if name not in one.space.names]
        lines.append(f"{recording} lacks {_few(missing)}")
    rest = len(lines) - SHOWN
    return "; ".join(lines[:SHOWN]) + (f"; and {rest} more" if rest > 0 else "")


def _few(names: Sequence[str]) -> str:
    rest = len(names) - SHOWN
    return (", ".join(names[:SHOWN]) or "none") + (f" and {rest} more" if rest > 0 else "")
