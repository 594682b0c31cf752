"""The prepared cache: each recording's signal after preparation, as a folder of memory maps.

A folder is named by the digest of all that its numbers come from: the source files' content, the
reader, each preparation with every argument, versions. It appears by one rename, so a reader never
sees half of one. Signals are kept in float64, so that results equal the plain recipe to the bit:
8 bytes a value, 10 MB for 64 channels at 160 Hz over two minutes.
"""

import functools
import logging
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neurodecode.core.errors import DataError, NeurodecodeError
from neurodecode.core.files import read_json, remove_orphans
from neurodecode.core.parts import Part
from neurodecode.core.recording import Recording, Signal
from neurodecode.core.space import Space
from neurodecode.data import _folders
from neurodecode.data._made_from import prepared_key
from neurodecode.data.cache import CacheUnwritable, mark_running, touch, unwritable
from neurodecode.data.preparing import place_of, preview, write_prepared
from neurodecode.data.worker import Worker

logger = logging.getLogger(__name__)

NOTHING: Mapping[str, Sequence[Any]] = {}


@dataclass(frozen=True, eq=False, slots=True)
class Prepared:
    """A recording after preparation, or, where it is not in the cache yet, its header.

    Parameters
    ----------
    recording : Recording
    signal : Signal
        Without data: what the prepared signal is, its events, and its rank where known.
    part : Part or None
        What trials point into; None where nothing is computed yet.
    key : str
    cached : bool
        Whether it was in the cache before this call.
    seconds : float
        What preparing it took.
    folder : Path
        Where it is, or will be.
    tracks : mapping of str to Part
        What trials point into for each track and table; its file is there where `part` is.
    content : str
        Digest of the samples as they were read, by which a copy under another id is found; empty
        where nothing is computed yet.
    """

    recording: Recording
    signal: Signal
    part: Part | None
    key: str
    cached: bool
    seconds: float
    folder: Path
    tracks: Mapping[str, Part] = field(default_factory=dict)
    content: str = ""
    preparations: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        state = "cached" if self.cached else "computed" if self.part else "planned"
        return f"Prepared({self.recording.id}, {self.signal!r}, {state})"


@dataclass(frozen=True, eq=False)
class Failed:
    """A recording that could not be prepared, and why."""

    recording: Recording
    error: NeurodecodeError

    @property
    def message(self) -> str:
        """The sentence that says what is wrong."""
        return str(self.error)


def look(
    recordings: Sequence[Recording],
    preparations: Sequence[Any],
    cache: Path,
    worker: Worker | None = None,
    before: Mapping[str, Sequence[Any]] = NOTHING,
) -> list[Prepared | Failed]:
    """Say what `prepare` would give, from caches and headers alone; computes nothing.

    Parameters
    ----------
    recordings : sequence of Recording
    preparations : sequence of Preparation
    cache : Path
    worker : Worker or None
        Opens the headers of what is not cached; None for one of this call's own.
    before : mapping of str to sequence of Preparation
        By the recording's id: what is done to it before `preparations`.
    """
    return list(_each(recordings, preparations, cache, worker, _header, before))


def prepare(
    recordings: Sequence[Recording],
    preparations: Sequence[Any],
    cache: Path,
    progress: Callable[..., Iterable[Recording]] | None = None,
    worker: Worker | None = None,
    before: Mapping[str, Sequence[Any]] = NOTHING,
) -> list[Prepared | Failed]:
    """Prepare what is not in the cache, one recording at a time, in a process of its own.

    Parameters
    ----------
    recordings : sequence of Recording
        Those without files hold arrays in memory, and are prepared in this process.
    preparations : sequence of Preparation
        Applied in order.
    cache : Path
        The cache folder.
    progress : callable or None
        As `neurodecode.core.progress.progress`.
    worker : Worker or None
    before : mapping of str to sequence of Preparation
        By the recording's id: what is done to it before `preparations`.

    Returns
    -------
    outcomes : list of Prepared or Failed
        One a recording, in the same order: a file that cannot be read does not stop the others.

    Raises
    ------
    DataError
        If nothing can be written to the cache folder.
    """
    _check_writable(cache)
    mark_running(cache)
    remove_orphans(cache / "prepared")
    shown: Iterable[Recording] = recordings
    if progress is not None:
        shown = progress(recordings, "prepare", total=len(recordings), unit="recording")
    return list(_each(shown, preparations, cache, worker, _compute, before))


def describe_key(key: str, cache: Path) -> str:
    """Say in words what a prepared signal was made from.

    Raises
    ------
    DataError
        If the cache has no such signal.
    """
    folder = _folder(cache, key)
    if not (folder / "meta.json").is_file():
        raise DataError(f"{cache}: no prepared signal {key} is in this cache.")
    made = read_json(folder / "meta.json")["made_from"]
    lines = [f"{key}", "files:", *(f"  {name}: {sha}" for name, sha in made["files"].items())]
    lines += [f"reader: {made['reader']}", "preparations:"]
    lines += [f"  {name} (version {v}): {args}" for name, args, v in made["preparations"]]
    return "\n".join([*lines, f"libraries: {made['libraries']}"])


def _each(recordings, preparations, cache, worker, missing, before) -> Iterable[Prepared | Failed]:
    own = Worker() if worker is None else None
    try:
        for recording in recordings:
            mine = (*before.get(recording.id, ()), *preparations)
            key = prepared_key(recording, mine)
            folder = _folder(cache, key)
            try:
                if _folders.exists(folder):
                    touch(folder / "meta.json")
                    yield _opened(recording, mine, key, folder, cached=True)
                else:
                    yield missing(recording, mine, key, folder, own or worker)
            except CacheUnwritable:
                raise  # the others would end so too
            except NeurodecodeError as error:
                yield Failed(recording, error)
    finally:
        if own is not None:
            own.close()


def _header(recording, preparations, key, folder, worker) -> Prepared:
    signal = _run(worker, recording, preview, recording, tuple(preparations))
    signal = _folders.with_shared_space(signal)
    shapes = _folders.track_shapes(signal.tracks), _folders.track_shapes(signal.tables)
    tracks = _track_parts(signal, *shapes, folder, key)
    return Prepared(recording, signal, None, key, cached=False, seconds=0.0, folder=folder,
                    tracks=tracks)  # fmt: skip


def _compute(recording, preparations, key, folder, worker) -> Prepared:
    parent = os.getpid() if recording.files else None
    seconds = _run(
        worker, recording, write_prepared, recording, tuple(preparations), folder, parent
    )
    made = _opened(recording, preparations, key, folder, cached=False)
    logger.info("%s: prepared in %.1f s: %r", recording.id, seconds, made.signal)
    return made


def _run(worker: Worker, recording: Recording, function, *arguments):
    if not recording.files:
        return function(*arguments)
    return worker.call(function, *arguments, what=place_of(recording))


def _opened(
    recording: Recording, preparations: Sequence[Any], key: str, folder: Path, *, cached: bool
) -> Prepared:
    signal, meta = _folders.read(folder)
    return Prepared(
        recording,
        signal,
        part_of(signal, folder, key),
        key,
        cached,
        meta["seconds"],
        folder,
        _track_parts(signal, meta["tracks"], meta["tables"], folder, key),
        meta["content"],
        tuple(preparations),
    )


def part_of(signal: Signal, folder: Path, key: str) -> Part:
    """Give the part that trials of a prepared signal point into; its file need not exist yet."""
    return Part(
        folder / "data.npy",
        signal.space,
        signal.axes,
        signal.sfreq,
        signal.tmin,
        key,
        signal.rank,
        signal.reach,
        signal.ahead,
    )


def _track_parts(
    signal: Signal,
    tracks: Mapping[str, Sequence[int]],
    tables: Mapping[str, Sequence[int]],
    folder: Path,
    key: str,
) -> dict[str, Part]:
    axes = ("feature", "time") if signal.continuous else ("feature",)
    series = {
        name: Part(
            folder / _folders.track_file(name),
            _track_space(tuple(shape), signal.bands.get(name, ())),
            axes,
            signal.sfreq,
            signal.tmin,
            f"{key}/{name}",
            reach=signal.reach,
            ahead=signal.ahead,
        )
        for name, shape in tracks.items()
    }
    return series | {
        name: Part(
            folder / _folders.track_file(name),
            _track_space(tuple(shape), signal.bands.get(name, ())),
            ("feature",),
            None,
            0.0,
            f"{key}/{name}",
        )
        for name, shape in tables.items()
    }


@functools.cache
def _track_space(shape: tuple[int, ...], bands: tuple[str, ...]) -> Space:
    names = tuple(str(i) for i in range(math.prod(shape)))
    return Space("features", names, bands, shape=shape)


def _folder(cache: Path, key: str) -> Path:
    return cache / "prepared" / key


def _check_writable(cache: Path) -> None:
    folder = cache / "prepared"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise unwritable(cache, error) from error
