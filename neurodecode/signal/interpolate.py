"""Channels made of their neighbours: spherical splines."""

import math
import warnings
from dataclasses import dataclass, replace
from typing import ClassVar

import mne
import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.signal._contract import as_float
from neurodecode.signal._streams import Stream, Weights
from neurodecode.signal.channels import find_channels, listed

LEAST = 4  # places: fewer fit no sphere


@dataclass(frozen=True)
class Interpolate:
    """Replace EEG channels by what the others say of their place, by spherical splines.

    ``raw.interpolate_bads()`` of mne, from all EEG channels whose places are known. What comes out
    follows from the others, so that the rank falls by one a channel; the notes of the signal say
    which channels these are.

    Parameters
    ----------
    channels : tuple of str
        Names of channels of the recording, or, with `positions`, of channels that it lacks, which
        are put after its own.
    positions : tuple of (float, float, float)
        Metres in head coordinates, one for each of `channels`.

    References
    ----------
    Perrin et al. (1989), doi 10.1016/0013-4694(89)90180-6.
    """

    channels: tuple[str, ...]
    positions: tuple[tuple[float, ...], ...] = ()
    version: ClassVar[int] = 1

    def __post_init__(self):
        object.__setattr__(self, "channels", listed(self.channels, "interpolate"))
        if len(set(self.channels)) < len(self.channels):
            raise ConfigError(
                f"interpolate: channels is {list(self.channels)}, one of them twice. Name it once."
            )
        positions = tuple(tuple(float(x) for x in place) for place in self.positions)
        if positions and len(positions) != len(self.channels):
            raise ConfigError(
                f"interpolate: {len(positions)} positions for {len(self.channels)} channels. Give "
                "one for each, or none where the recording has the channels."
            )
        for name, place in zip(self.channels, positions, strict=False):
            if len(place) != 3 or not all(map(math.isfinite, place)):
                raise ConfigError(
                    f"interpolate: the position of {name} is {list(place)}. Give x, y, z in metres."
                )
        object.__setattr__(self, "positions", positions)

    def __call__(self, signal: Signal) -> Signal:
        """Interpolate, sample by sample: of a recording, of epochs, or of bands.

        Raises
        ------
        DataError
            If a channel is missing, or there where it should be missing; is no EEG channel; has no
            known place; or fewer than four others have one.
        """
        header = self.preview(replace(signal, data=None))
        space, wanted, sources = self._places(signal.space)
        data = np.moveaxis(as_float(signal), signal.feature_axis, 0)
        # (n_channels, everything else): the spline of a sample sees no other sample.
        new = np.zeros((len(space), *data.shape[1:]))
        new[: len(data)] = data
        flat = new.reshape(len(space), -1)
        used = sorted([*wanted, *sources])
        info = _info(space, used)
        names = [space.names[i] for i in wanted]
        flat[wanted] = _splines(info, _sphere(info)[0], flat[used], names)
        data = np.ascontiguousarray(np.moveaxis(new, 0, signal.feature_axis))
        return replace(header, data=data)

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result: the rank falls, or the channels grow in number."""
        space, wanted, sources = self._places(header.space)
        n_own = len(header.space)
        rank = n_own if header.rank is None else header.rank
        if not self.positions:
            rank = min(rank, n_own - len(wanted))
        note = (
            f"{len(wanted)} of {len(space)} channels interpolated: "
            f"{', '.join(space.names[i] for i in wanted)}."
        )
        _, warned = _sphere(_info(space, sorted([*wanted, *sources])))
        return replace(header, space=space, rank=rank, notes=(*header.notes, note, *warned))

    def reach(self, sfreq: float) -> float:
        """Seconds: none, each sample is interpolated by itself."""
        return 0.0

    def ahead(self, sfreq: float) -> float:
        """Seconds: none, no sample waits for a later one."""
        return 0.0

    def stream(self, header: Signal) -> Stream:
        """Run on as samples come: the splines are found once, as weights of the others."""
        self.preview(header)
        if header.axes != ("channel", "time"):
            raise DataError(
                f"interpolate: the axes are {header.axes}. In a stream, put it before filter_bank."
            )
        return Weights(self, header)

    def _places(self, space: Space) -> tuple[Space, list[int], list[int]]:
        """Space of the result, the channels that are interpolated, and those they are made of."""
        if self.positions:
            space = self._grown(space)
        wanted = find_channels(space, self.channels, "interpolate")
        others = [space.names[i] for i in wanted if not space.types or space.types[i] != "eeg"] + [
            one for one in self.channels if one not in space.names
        ]
        if others:
            raise DataError(
                f"interpolate: {', '.join(others)} of {space!r} are no single EEG channels, and "
                "splines on a sphere are for these alone. Drop them, or say channels: common."
            )
        known = _known(space)
        lost = [space.names[i] for i in wanted if not known[i]]
        if lost:
            raise DataError(
                f"interpolate: nothing says where {', '.join(lost)} is. Give the reader a montage, "
                "or drop the channel."
            )
        sources = [
            i
            for i, kind in enumerate(space.types)
            if kind == "eeg" and known[i] and i not in wanted
        ]
        if len(sources) < LEAST:
            raise DataError(
                f"interpolate: {len(sources)} other EEG channels of {space!r} have a known place, "
                f"and a sphere needs {LEAST}. Give the reader a montage, or drop the channel."
            )
        return space, wanted, sources

    def _grown(self, space: Space) -> Space:
        there = [name for name in self.channels if name in space.names]
        if there:
            raise DataError(
                f"interpolate: {', '.join(there)} is there already. Leave positions out to replace "
                "it by what the others say."
            )
        n_new = len(self.channels)
        unknown = np.full((len(space), 3), np.nan)
        own = unknown if space.positions is None else space.positions
        normals = space.normals
        if normals is not None:
            normals = np.concatenate([normals, np.full((n_new, 3), np.nan)])
        return replace(
            space,
            names=(*space.names, *self.channels),
            types=(*space.types, *["eeg"] * n_new) if space.types else (),
            positions=np.concatenate([own, np.array(self.positions)]),
            normals=normals,
        )


def _known(space: Space) -> np.ndarray:
    if space.positions is None:
        return np.zeros(len(space), dtype=bool)
    # The head's centre is what mne writes where it knows nothing.
    return np.isfinite(space.positions[:, 0]) & space.positions.any(axis=1)


def _info(space: Space, used: list[int]) -> mne.Info:
    """Describe the channels that take part to mne: EEG at these places."""
    part = space.take(np.array(used))
    info = mne.create_info(list(part.names), 1.0, "eeg")
    info.set_montage(part.montage(), verbose="ERROR")
    return info


def _sphere(info: mne.Info) -> tuple[np.ndarray, tuple[str, ...]]:
    """Centre of the sphere that fits the places best, as mne does it, and what mne warns of."""
    try:
        # Its log is caught too: what it warns of is said once, in the notes.
        with warnings.catch_warnings(record=True) as said, mne.utils.catch_logging():
            warnings.simplefilter("always")
            centre = mne.bem.fit_sphere_to_headshape(info, units="m", verbose="WARNING")[1]
    except (ValueError, RuntimeError, np.linalg.LinAlgError) as error:
        raise DataError(
            f"interpolate: mne finds no sphere for the places of {len(info['chs'])} EEG channels: "
            f"{error} Correct the montage."
        ) from error
    return centre, tuple(f"Of the interpolation mne warns: {one.message}." for one in said)


def _splines(info: mne.Info, centre: np.ndarray, data: np.ndarray, wanted: list[str]) -> np.ndarray:
    """Values of the wanted channels, shape (n_wanted, n)."""
    raw = mne.io.RawArray(data, info, verbose="ERROR")
    raw.info["bads"] = list(wanted)
    # The annotation is that of the default, "auto", which would fit the same sphere again.
    raw.interpolate_bads(origin=centre, verbose="ERROR")  # pyright: ignore[reportArgumentType]
    return np.asarray(raw.get_data())[[raw.ch_names.index(one) for one in wanted]]
