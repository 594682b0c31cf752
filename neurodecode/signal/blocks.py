"""Average the volumes of a block into one entry."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError
from neurodecode.core.recording import Signal
from neurodecode.signal._contract import as_float

# Of a volume: an onset that equals a volume's time but for rounding is that volume's.
SAME_TIME = 1e-6


@dataclass(frozen=True)
class BlockMean:
    """Average all volumes of each block: one entry, and one event, a block.

    Parameters
    ----------
    by : str
        Column of the events whose equal values are one block. Events without a value belong to no
        block, and their volumes are left out.
    """

    by: str = "block"
    version: ClassVar[int] = 1

    def __call__(self, signal: Signal) -> Signal:
        """Average.

        With a rate, a volume belongs to a block if its time lies in ``[onset, onset + duration)``
        of one of the block's events; without one, entry i belongs to event i. What a shift moved
        off the recording's end is missing from its block's mean.

        Returns
        -------
        signal : Signal
            Data (n_blocks, n_voxels) in the order of first events, no rate, and one event a block:
            onset of its first event, duration to the end of its last, and the columns that do not
            vary within a block.

        Raises
        ------
        DataError
            If there is no such column, a block has several labels, or no volume at all.
        """
        header = self.preview(replace(signal, data=None))
        data = as_float(signal)
        means = [data[index].mean(axis=0) for index in self._volumes(signal).values()]
        return replace(header, data=np.stack(means))

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result, from the events; raises what the call would."""
        volumes = self._volumes(header)
        blocks = blocks_of(header.events, self.by, "block_mean")
        tracks = {
            name: np.stack([np.mean(track[index], axis=0) for index in volumes.values()])
            for name, track in header.tracks.items()
        }
        return replace(
            header,
            sfreq=None,
            tmin=0.0,
            n_times=len(volumes),
            events=one_event_a_block(header.events, blocks, self.by, "block_mean"),
            tracks=tracks,
        )

    def reach(self, sfreq: float) -> float:
        """Seconds: infinite, for blocks may be as long as their recording."""
        return math.inf

    def ahead(self, sfreq: float) -> float:
        """Seconds: infinite, as far as the recording goes on."""
        return math.inf

    def _volumes(self, signal: Signal) -> dict[object, np.ndarray]:
        """Find the indices of each block's volumes."""
        if signal.continuous or signal.entries or signal.n_times is None:
            raise DataError(
                f"block_mean: {signal!r} is no series of volumes. For continuous channels cut "
                "windows of a block's length instead."
            )
        blocks, events = blocks_of(signal.events, self.by, "block_mean"), signal.events
        if signal.sfreq is None:
            if len(events) != signal.n_times:
                raise DataError(
                    f"block_mean: {signal.n_times} entries without a rate need one event each, and "
                    f"there are {len(events)}. Give the reader a t_r."
                )
            return blocks
        onset = events["onset"].to_numpy(dtype=np.float64)
        end = onset + events["duration"].to_numpy(dtype=np.float64)
        first = _first_volume(onset, signal)
        stop = _first_volume(end, signal)
        volumes = {}
        for block, rows in blocks.items():
            spans = [np.arange(int(first[i]), int(stop[i])) for i in rows]
            volumes[block] = np.unique(np.concatenate(spans))
            if len(volumes[block]) == 0:
                raise DataError(
                    f"block_mean: block {block!r} ({onset[rows[0]]:g} to {end[rows[-1]]:g} s) has "
                    f"no volume: the recording has {signal.n_times}, from {signal.tmin:g} s, one "
                    f"every {1 / signal.sfreq:g} s. Correct the events, the t_r or the shift."
                )
        return volumes


def blocks_of(events: pd.DataFrame, by: str, name: str) -> dict[object, np.ndarray]:
    """Give the positions of each block's events, blocks in the order of first events.

    Parameters
    ----------
    events : DataFrame
    by : str
        Column whose equal values are one block; events without a value belong to none.
    name : str
        The preparation that asks, for messages.

    Raises
    ------
    DataError
        If there is no such column, or no event has a value.
    """
    if by not in events:
        raise DataError(
            f"{name}: the events have no column {by!r}, only "
            f"{', '.join(map(str, events.columns))}. Name one of these: by: ..."
        )
    values = events[by]
    known = (values.notna() & (values.astype("string") != "")).fillna(False).to_numpy(bool)
    positions = np.flatnonzero(known)
    if len(positions) == 0:
        raise DataError(
            f"{name}: none of the {len(events)} events has a value in {by!r}. "
            "Choose another column: by: ..."
        )
    codes, blocks = pd.factorize(values.iloc[positions])
    return {block: positions[codes == i] for i, block in enumerate(blocks)}


def one_event_a_block(
    events: pd.DataFrame, blocks: Mapping[object, np.ndarray], by: str, name: str
) -> pd.DataFrame:
    """Give one event a block, from its first onset to its last end.

    Columns that vary within a block are left out.

    Raises
    ------
    DataError
        If a block has several labels.
    """
    rows = []
    for block, positions in blocks.items():
        mine = events.iloc[positions]
        if mine["label"].nunique(dropna=False) > 1:
            labels = ", ".join(map(str, mine["label"].unique()))
            raise DataError(
                f"{name}: block {block!r} has several labels ({labels}), so its mean has "
                f"none. Is {by!r} the column of blocks, and does it count on over runs?"
            )
        onset = mine["onset"].min()
        duration = (mine["onset"] + mine["duration"]).max() - onset
        row = mine.iloc[:1].assign(onset=onset, duration=duration)
        others = mine.columns.difference(["onset", "duration"])
        rows.append((row, [one for one in others if mine[one].nunique(dropna=False) > 1]))
    dropped = {one for _, varying in rows for one in varying}
    table = pd.concat([row for row, _ in rows], ignore_index=True)
    return table.drop(columns=[one for one in table.columns if one in dropped])


def _first_volume(times: np.ndarray, signal: Signal) -> np.ndarray:
    """Index of the first volume at or after each time, within the recording."""
    assert signal.sfreq is not None and signal.n_times is not None  # asked by the caller
    index = np.ceil((times - signal.tmin) * signal.sfreq - SAME_TIME)
    if not np.isfinite(index).all():
        raise DataError("block_mean: an event has no onset or no duration. Give both, in seconds.")
    return np.clip(index, 0, signal.n_times).astype(np.intp)
