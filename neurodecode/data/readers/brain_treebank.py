"""Reader of the Brain Treebank: electrodes of films in HDF5, with the words that are said in them.

Nothing is taken for granted of how film and recording run beside each other: triggers say which
sample belongs to which second of the film, and a word's sample is found between two of them.
"""

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.core.recording import Recording, Signal, SourceFile, table_column
from neurodecode.core.space import NO_UNIT, Space
from neurodecode.data.readers import _array_files, _events, _hdf5, _templates
from neurodecode.data.readers._array_checks import check_memory
from neurodecode.data.specs import Card, EventsSpec, Variant

version = 2
libraries = ("h5py", "numpy", "pandas")

_MARKS = re.compile(r"[*#_]")  # what labels have besides their names
_ELECTRODE = "data.electrode_{}"
_VECTOR = "word_features"
_RATE_OFF = 0.01  # of the rate, by which triggers may differ from what the card says


@dataclass(frozen=True)
class Options:
    """Options of the reader ``brain_treebank`` in a card: templates below the data set's folder.

    Parameters
    ----------
    path : str
        HDF5 with ``data/electrode_I``, I being the place in the list of labels.
    labels : str
        JSON list of labels; marks ``* # _`` are taken away.
    timings : str
        Table of triggers: ``movie_time`` (s) and ``index`` (sample).
    metadata : str
        JSON whose ``filename`` names the film.
    words : str
        Table of the film's words, with ``{movie}``: ``start`` and ``end`` in seconds of the film,
        ``text``, and features, which become columns.
    sfreq : float
        Samples a second, held to the triggers.
    segment : float
        Seconds of film that are one ``concept``: words of one belong on one side of a split.
    features : tuple of str
        Columns of `words` that are numbers: the vector ``word_features`` of each word. Words that
        lack one are left out, and counted.
    localization : str
        Table of where electrodes lie: ``Electrode``, its label, and a column of regions. Empty: it
        is not read. Electrodes that it lacks have no region, and are counted.
    region : str
        That column.
    electrodes : tuple of str
        Labels that are read; empty for all. Two hours of 100 electrodes are 6 GB.
    session : str
    """

    path: str
    labels: str
    timings: str
    metadata: str
    words: str
    sfreq: float = 2048.0
    segment: float = 60.0
    features: tuple[str, ...] = ()
    localization: str = ""
    region: str = "DesikanKilliany"
    electrodes: tuple[str, ...] = ()
    session: str = "1"

    def __post_init__(self):
        for template in (self.path, self.labels, self.timings, self.metadata):
            _templates.fields(template)
        if "movie" not in _templates.fields(self.words, ("movie",)):
            raise ConfigError(f"words: {self.words!r} has no {{movie}}, of which words are.")
        if not (self.sfreq > 0 and self.segment > 0):
            raise ConfigError("expected sfreq and segment above zero.")


@dataclass(frozen=True)
class _Source:
    path: Path
    labels: Path
    timings: Path
    words: Path
    metadata: Path
    movie: str
    localization: Path | None
    options: Options


def find(card: Card, variant: Variant, root: Path) -> list[Recording]:
    """All recordings of a card below `root`.

    Raises
    ------
    DataMissing
        If a table that belongs to a recording is not there.
    """
    options: Options = variant.options
    if variant.events != EventsSpec():
        raise ConfigError(f"{card.name}: events are the words of the film. Remove events.")
    recordings = []
    for found, path in _templates.match(root, options.path):
        ids = {"session": options.session, "run": "1", **found}

        def beside(template: str, ids: Mapping[str, str] = ids, data: Path = path) -> Path:
            place = root / _templates.fill(template, ids)
            if not place.is_file():
                raise DataMissing(f"{place}: the file beside {data.name} is missing. Fetch it.")
            return place

        metadata = beside(options.metadata)
        movie = _movie(metadata)
        words = beside(options.words, {**ids, "movie": movie})
        places = beside(options.localization) if options.localization else None
        source = _Source(
            path, beside(options.labels), beside(options.timings), words, metadata, movie, places,
            options,
        )  # fmt: skip
        files = [path, source.labels, source.timings, words, metadata]
        files += [] if places is None else [places]
        recordings.append(
            Recording(
                subject=ids["subject"],
                session=ids["session"],
                run=ids["run"],
                modality=card.modality,
                files=tuple(SourceFile(one) for one in files),
                reader={
                    "reader": "brain_treebank", "version": version, "libraries": libraries,
                    "layout": asdict(options),
                },
                load=functools.partial(load, source),
                header=functools.partial(header, source),
            )
        )  # fmt: skip
    return recordings


def more_files(path: Path) -> Sequence[Path]:
    """Files that are read along with `path`: none beside those that the layout names."""
    return []


def load(source: _Source) -> Signal:
    """Read one recording.

    Returns
    -------
    signal : Signal
        data : ndarray of float32, shape (n_electrodes, n_times).
    """
    return _signal(source, read=True)


def header(source: _Source) -> Signal:
    """Give electrodes, length and words of one recording, without values."""
    return _signal(source, read=False)


def _signal(source: _Source, *, read: bool) -> Signal:
    options = source.options
    labels = _labels(source.labels)
    kept = [
        i for i, one in enumerate(labels) if not options.electrodes or one in options.electrodes
    ]
    absent = sorted(set(options.electrodes) - set(labels))
    if absent:
        raise DataError(f"{source.labels}: no electrode {absent[0]!r}. Correct electrodes.")
    keys = [_ELECTRODE.format(i) for i in kept]
    shapes = {key: _hdf5.shape_of(source.path, key) for key in keys}
    lengths = set(shapes.values())
    if len(lengths) != 1 or len(next(iter(lengths))) != 1:
        raise DataError(f"{source.path}: electrodes have shapes {sorted(lengths)}. Fetch it again.")
    (n_times,) = next(iter(lengths))
    data = None
    if read:
        check_memory((len(keys), n_times), 4, source.path, "data")
        data = np.empty((len(keys), n_times), dtype=np.float32)
        for row, key in zip(data, keys, strict=True):
            row[:] = _hdf5.read(source.path, key)
    names = tuple(labels[i] for i in kept)
    events, notes = _words(source, n_times)
    regions = () if source.localization is None else _regions(source.localization, names, options)
    if "" in regions:
        notes = (*notes, f"{regions.count('')} electrodes are of no region that is known")
    tables = {}
    if options.features:
        vectors = events[list(options.features)].to_numpy(np.float64)
        known = np.logical_and.reduce(np.isfinite(vectors), axis=1)
        if not known.all():
            notes = (*notes, f"{int((~known).sum())} words lack a feature and are left out")
        events = events.loc[known].reset_index(drop=True)
        events[table_column(_VECTOR)] = np.arange(len(events))
        tables = {_VECTOR: vectors[known]}
    return Signal(
        data=data,
        space=Space("sensors", names, types=("seeg",) * len(names), unit=NO_UNIT, regions=regions),
        axes=("channel", "time"),
        sfreq=options.sfreq,
        events=events,
        n_times=n_times,
        tables=tables,
        notes=notes,
    )


def _words(source: _Source, n_times: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Give the words that were said between the first and the last trigger, by their sample."""
    options = source.options
    movie_time, index = _triggers(source.timings, options.sfreq)
    table = _array_files.read_table(source.words)
    for column in ("text", "start", "end", *options.features):
        if column not in table or (
            column in options.features and table[column].dtype.kind not in "biuf"
        ):
            raise DataError(
                f"{source.words}: no column {column!r}, or none of numbers; there are: "
                f"{', '.join(table)}. Get the original table."
            )
    number = np.arange(len(table))
    start, end = (np.asarray(table[name], dtype=np.float64) for name in ("start", "end"))
    # Beyond the triggers interpolation would put every word at the last sample.
    inside = (start >= movie_time[0]) & (end <= movie_time[-1]) & (end >= start)
    sample = np.round(np.interp(start, movie_time, index))
    inside &= (sample >= 0) & (sample < n_times)
    notes = ()
    if not inside.all():
        notes = (
            f"{int((~inside).sum())} of {len(inside)} words of {source.movie} are outside the "
            "triggers, or have no time",
        )
    kept = table.loc[inside].drop(columns=[c for c in table if not c or c.startswith("Unnamed")])
    made = {
        "onset": sample[inside] / options.sfreq,
        "duration": (end - start)[inside],
        "label": [str(word) for word in kept["text"]],
        "stimulus": [f"{source.movie}/{i:05d}" for i in number[inside]],
        "movie": source.movie,
        "concept": [f"{source.movie} {int(s // options.segment):03d}" for s in start[inside]],
    }
    events = pd.DataFrame(made)
    others = kept.drop(columns=[c for c in made if c in kept]).reset_index(drop=True)
    events = pd.concat([events, others], axis=1).sort_values("onset", kind="stable")
    events = events.reset_index(drop=True)
    _events.check_inside(events, n_times / options.sfreq, source.words)
    return events, notes


def _triggers(path: Path, sfreq: float) -> tuple[np.ndarray, np.ndarray]:
    """Give the second of the film and the sample of each trigger, both rising."""
    table = _array_files.read_table(path)
    for column in ("movie_time", "index"):
        if column not in table:
            raise DataError(f"{path}: no column {column!r}; there are: {', '.join(table)}.")
    both: Any = table[["movie_time", "index"]].apply(pd.to_numeric, errors="coerce").dropna()
    movie_time, index = both.to_numpy(np.float64).T
    if len(index) < 2 or (np.diff(movie_time) < 0).any() or (np.diff(index) <= 0).any():
        raise DataError(f"{path}: triggers do not rise in time. Get the original table.")
    # A film that was paused has a longer way between two triggers, so the middle one counts.
    steps = np.diff(index)[np.diff(movie_time) > 0] / np.diff(movie_time)[np.diff(movie_time) > 0]
    found = float(np.median(steps))
    if abs(found - sfreq) > _RATE_OFF * sfreq:
        raise DataError(
            f"{path}: triggers are {found:.6g} samples apart a second of film, and the card says "
            f"sfreq {sfreq:g}. Say the rate of this recording in the card."
        )
    return movie_time, index


def _regions(path: Path, names: Sequence[str], options: Options) -> tuple[str, ...]:
    """Give the region of each electrode; "" of those that the table lacks, or names none for."""
    table = _array_files.read_table(path)
    for column in ("Electrode", options.region):
        if column not in table:
            raise DataError(
                f"{path}: no column {column!r}; there are: {', '.join(map(str, table))}. The card "
                "says which one names regions (region)."
            )
    labels = [_MARKS.sub("", str(one)) for one in table["Electrode"]]
    held = ["" if pd.isna(one) else str(one) for one in table[options.region]]
    known = dict(zip(labels, held, strict=True))
    return tuple(known.get(name, "") for name in names)


def _labels(path: Path) -> list[str]:
    held = _json(path)
    if not isinstance(held, list) or not all(isinstance(one, str) for one in held):
        raise DataError(f"{path}: expected a list of labels. Get the original file.")
    cleaned = [_MARKS.sub("", one) for one in held]
    twice = [one for one in cleaned if cleaned.count(one) > 1]
    if twice:
        raise DataError(f"{path}: two electrodes are called {twice[0]!r} without their marks.")
    return cleaned


def _movie(path: Path) -> str:
    held = _json(path)
    name = held.get("filename") if isinstance(held, dict) else None
    if not isinstance(name, str) or not re.fullmatch(r"[\w.-]+", name) or name.startswith("."):
        raise DataError(f"{path}: 'filename' names no film ({name!r}). Get the original file.")
    return name


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error}). Fetch it again.") from None
