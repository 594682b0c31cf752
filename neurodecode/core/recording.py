"""`Signal` and `Recording`: what a reader gives and preparation maps."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest
from neurodecode.core.errors import DataError
from neurodecode.core.space import Space


def table_column(name: str) -> str:
    """Column of the events that points into a table of a `Signal`."""
    return f"at:{name}"


NO_BANDS: Mapping[str, tuple[str, ...]] = {}  # one for the thousands of recordings without any


@dataclass(frozen=True, slots=True)
class Signal:
    """The signal of one recording, with what happened in it.

    Parameters
    ----------
    data : ndarray
        Continuous where `axes` has ``"time"``: shape follows `axes`, time last. Otherwise, and
        where `entries` says so, axis 0 counts entries (volumes, blocks, betas, epochs) and `axes`
        names the rest.
    space : Space
        What the feature axis means.
    axes : tuple of str
        Axes of one trial, such as ``("channel", "time")`` or ``("voxel",)``.
    sfreq : float or None
        Samples, or entries, a second; None for entries that belong to events one by one.
    events : DataFrame
        One row an event: ``onset`` and ``duration`` in seconds from the recording's start,
        ``label`` as the file has it, ``block`` where known, and every other column of the source.
        For epochs, and for entries without `sfreq`, event i is entry i; the onset of an epoch may
        be NaN, where its file has lost it.
    tmin : float
        Seconds from the recording's start to the first sample; of epochs, from the event.
    n_times : int or None
        Length along time, of an epoch or of the recording; set in a header, whose `data` is None.
    tracks : mapping of str to ndarray
        Other series at the same rate (motion, eye position), or one entry a trial (a picture),
        shape (n_times or n_entries, …).
    tables : mapping of str to ndarray
        Things that events point to, such as the features of each stimulus, one entry each: the
        column ``at:NAME`` of the events holds the entry (-1: none), so repeats share one.
    bands : mapping of str to tuple of str
        Of a track or table whose columns are of several kinds, such as words and motion: the kind
        of each column.
    rank : int or None
        Rank of the channels' covariance, where known or implied by preparation.
    reach : float
        Seconds over which preparation mixed samples; infinite for whole-recording statistics.
    ahead : float
        Seconds that preparation looked into the future of each sample; 0 where it is causal.
    entries : bool
        Whether axis 0 counts entries although time is an axis of each: epochs.
    notes : tuple of str
        What a reader of the table should know of this recording, a sentence each.
    """

    data: np.ndarray | None
    space: Space
    axes: tuple[str, ...]
    sfreq: float | None
    events: pd.DataFrame
    tmin: float = 0.0
    n_times: int | None = None
    tracks: Mapping[str, np.ndarray] = field(default_factory=dict)
    tables: Mapping[str, np.ndarray] = field(default_factory=dict)
    bands: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NO_BANDS)
    rank: int | None = None
    reach: float = 0.0
    ahead: float = 0.0
    entries: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self):
        for name, table in self.tables.items():
            if name in self.tracks:
                raise DataError(f"Signal: {name!r} is both a track and a table. Rename one.")
            at = self.events.get(table_column(name))
            n_entries = len(table) if self.data is not None else math.inf  # a header has none
            if at is None or (len(at) and not (at.min() >= -1 and at.max() < n_entries)):
                raise DataError(
                    f"Signal: the events need a column {table_column(name)!r} with entries of the "
                    f"table {name!r}, which has {len(table)}, or -1."
                )
        if self.data is not None:
            if self.entries and len(self.data) != len(self.events):
                raise DataError(
                    f"Signal: {len(self.data)} epochs and {len(self.events)} events. Give one row "
                    "of events an epoch."
                )
            object.__setattr__(self, "n_times", self.data.shape[self.time_axis])
            if self.data.shape[self.feature_axis] != len(self.space):
                raise DataError(
                    f"Signal: the data have {self.data.shape[self.feature_axis]} entries along "
                    f"{self.axes[0]} and the space has {len(self.space)}."
                )

    @property
    def continuous(self) -> bool:
        """Whether the samples of `data` follow each other through the recording."""
        return "time" in self.axes and not self.entries

    @property
    def time_axis(self) -> int:
        """Axis of `data` along which time (or the entries) runs."""
        if self.entries:
            return len(self.axes)
        return len(self.axes) - 1 if self.continuous else 0

    @property
    def feature_axis(self) -> int:
        """Axis of `data` that `space` describes."""
        last = self.axes[-2] if "time" in self.axes else self.axes[-1]
        return self.axes.index(last) + (0 if self.continuous else 1)

    def __repr__(self) -> str:
        size = "header" if self.data is None else f"{self.data.nbytes / 1e6:.1f} MB"
        rate = "" if self.sfreq is None else f", {self.sfreq:g} Hz"
        return (
            f"Signal({self.n_times} × {len(self.space)} {self.space.kind}{rate}, "
            f"{len(self.events)} events, {size})"
        )


@dataclass(frozen=True)
class SourceFile:
    """A file that a recording is read from."""

    path: Path
    sha256: str = ""


@dataclass(frozen=True)
class Recording:
    """One subject, session and run, whatever its files; read when asked.

    Parameters
    ----------
    subject, session, run : str
        BIDS entities.
    modality : str
        ``eeg``, ``meg``, ``ieeg``, ``fmri`` …
    files : tuple of SourceFile
        What is read, with digests of their content where they were taken.
    reader : mapping
        The reader's name and every argument: plain data, part of the cache key.
    load : callable
        Gives the `Signal`; picklable, for it runs in the preparation worker.
    header : callable
        Gives a `Signal` without data: space, rate, length and events, from headers alone.
    card : str
        Name of the data set that it is of; part of no key.
    """

    subject: str
    session: str
    run: str
    modality: str
    files: tuple[SourceFile, ...]
    reader: Mapping[str, object]
    load: Callable[[], Signal]
    header: Callable[[], Signal]
    card: str = ""

    @property
    def id(self) -> str:
        """Name of the recording: its entities."""
        return f"sub-{self.subject}_ses-{self.session}_run-{self.run}"

    @property
    def key(self) -> str:
        """Digest of the files' content and of how they are read."""
        return digest([[file.sha256 for file in self.files], dict(self.reader)])

    def __repr__(self) -> str:
        return (
            f"Recording({self.id}, {self.modality}, {', '.join(f.path.name for f in self.files)})"
        )
