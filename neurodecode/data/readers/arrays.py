"""Reader of arrays in npz, npy, mat, HDF5 and tables, whose layout the card says.

What names ``subject``, ``session`` or ``run``, be it in the path, in a key, an axis or a column,
tells recordings apart, so one file may hold many.
"""

import functools
import itertools
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Recording, Signal, SourceFile
from neurodecode.data import _layout
from neurodecode.data._layout import SPLIT, Codes, Column, Features, Table, Times, Track
from neurodecode.data.readers import _array_files, _templates
from neurodecode.data.readers._array_rows import as_words
from neurodecode.data.readers._array_signal import column_values, signal_of
from neurodecode.data.readers._array_source import Source, safely
from neurodecode.data.readers._array_values import shape_of
from neurodecode.data.readers._axes import TIME, VOLUME, Axes, axes_of, check_axes
from neurodecode.data.specs import Card, ChannelsSpec, EventsSpec, Variant

logger = logging.getLogger(__name__)

version = 1
libraries = ("numpy", "pandas", "scipy")
_MADE = ("uid", "recording", "start", "stop", "position", "previous")  # columns of the rows


@dataclass(frozen=True)
class Options:
    """Options of the reader ``arrays`` in a card: the layout of its files.

    Parameters
    ----------
    path : str
        Template with ``{subject}``, ``{session}``, ``{run}``, below the data set's folder.
    data : str or tuple of str
        Key of the data. Words left open, as in ``s{subject}_{session}``, are taken from the keys
        that fit; others than ``subject session run`` become columns. Several keys are stacked as a
        first axis and name it. Empty: the only array, or all columns of a table that nothing else
        takes.
    axes : tuple of str
        What each axis of the data is, in the file's order. One of ``channel voxel vertex parcel
        edge cell feature``; ``time`` (samples of a recording, or of each trial) or ``volume``
        (entries at a rate); ``subject``, ``session`` or ``run``; ``_`` for an axis of length 1;
        ``pair`` for the upper triangle of a symmetric matrix, row by row, which is unpacked to
        ``trial`` and ``feature``. All others count trials and become columns, but for ``trial``.
        ``family*direction`` is one axis that runs through both, the last one fastest.
    levels : mapping of str to str or tuple of str
        Names of an axis's positions, or the key that holds them; without, they are counted.
    splits : mapping of str to str
        Name of an official part to what stands for ``{split}`` in keys; the parts are joined, and
        the column ``split`` says which a row is of.
    sum : tuple of str
        Axes over which values are added.
    missing : float or None
        Value that stands for none: entries that hold nothing else are left out, and counted.
    features : Features
        Names and types of the feature axis.
    montage : str
        One of mne's built-in montages, which gives electrodes their places by name.
    sfreq, t_r : float, str or None
        Samples a second, or seconds from volume to volume; or the key, or the table's column, that
        holds it. Without them what the card's channels say.
    tmin : float
        Seconds from the event to the first sample of each trial.
    times : Times or None
        The key that says when the samples of a trial are, instead of `sfreq` and `tmin`.
    columns : mapping of str to str or Column
        Column of the rows to its key, or to how it is made.
    table : Table or None
        A table whose rows are entries, recordings or events.
    codes : str or Codes
        Key with a code at each sample, 0 for none: an event wherever another code begins. Or the
        channel of the data that holds them.
    runs : tuple of int
        Samples, or volumes, of runs that follow each other in the data.
    tracks : mapping of str to str, tuple of str, or Track
        Arrays beside the data.
    called : mapping of str to mapping of str to str
        Of ``subject``, ``session`` or ``run`` what stands in the path to what it is called: files
        with anything else there are left out.
    subject, session, run : str
        What nothing else says.
    """

    path: str
    axes: tuple[str, ...]
    data: str | tuple[str, ...] = ""
    levels: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    splits: Mapping[str, str] = field(default_factory=dict)
    sum: tuple[str, ...] = ()
    missing: float | None = None
    features: Features = field(default_factory=Features)
    montage: str = ""
    sfreq: float | str | None = None
    t_r: float | str | None = None
    tmin: float = 0.0
    times: Times | None = None
    columns: Mapping[str, str | Column] = field(default_factory=dict)
    table: Table | None = None
    codes: str | Codes = ""
    runs: tuple[int, ...] = ()
    tracks: Mapping[str, str | tuple[str, ...] | Track] = field(default_factory=dict)
    called: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    subject: str = "01"
    session: str = "1"
    run: str = "1"

    def __post_init__(self):
        named = _templates.fields(self.path)
        _layout.check_template(self.path)
        for name in self.called:
            if name not in named:
                raise ConfigError(f"called: path {self.path!r} does not name {name!r}.")
        check_axes(self.axes, self.sum)
        names = [name for axis in self.axes for name in axis.split("*")]
        over_time = TIME if TIME in names and TIME not in self.sum else ""
        over_time = VOLUME if VOLUME in names else over_time
        for name in self.levels:
            if name not in names:
                raise ConfigError(f"levels: {name!r} is not one of the axes, {', '.join(names)}.")
        if self.sfreq is not None and self.t_r is not None:
            raise ConfigError("expected sfreq (samples a second) or t_r (seconds), not both.")
        for rate in (self.sfreq, self.t_r):
            if isinstance(rate, float) and not 0 < rate < float("inf"):
                raise ConfigError(f"sfreq or t_r: {rate:g} must be above zero.")
        if self.montage and "channel" not in names:
            raise ConfigError("montage: it places electrodes; no axis is named channel.")
        if (self.runs or self.codes) and not over_time:
            raise ConfigError("runs and codes belong to data over time; name an axis time.")
        if self.codes and self.table is not None and self.table.events:
            raise ConfigError("expected events from codes or from a table, not both.")
        if self.times is not None and (over_time != TIME or not self.n_trial_axes):
            raise ConfigError("times: they are of the samples of trials; name both among the axes.")
        if self.times is not None and (self.tmin or self.sfreq is not None or self.t_r is not None):
            raise ConfigError("times: they say rate and tmin. Leave sfreq, t_r and tmin out.")
        if isinstance(self.codes, Codes) and "channel" not in names:
            raise ConfigError("codes: a channel holds them, and no axis is named channel.")
        for name in self.columns:
            if name in _MADE:
                raise ConfigError(f"columns: {name!r} is made by us. Give it another name.")
        for name in self.tracks:
            if not re.fullmatch(r"\w+", name):  # it becomes the name of a file
                raise ConfigError(f"tracks: {name!r} is no word of letters, digits and _.")
        if any(length <= 0 for length in self.runs):
            raise ConfigError("runs: expected the number of samples of each run.")
        if self.splits and over_time and not self.n_trial_axes:
            raise ConfigError("splits: they are parts of the trials, and there is no trial axis.")

    @property
    def n_trial_axes(self) -> int:
        """How many axes count trials."""
        return len(Axes(self.axes, {}, self.sum).entries)


def find(card: Card, variant: Variant, root: Path) -> list[Recording]:
    """All recordings of a card below `root`; files are opened where names are within them.

    Raises
    ------
    ConfigError
        If the card says of events what this reader is told by the layout.
    DataError
        If a file is damaged, or no key fits.
    """
    options: Options = variant.options
    if variant.events != EventsSpec():
        raise ConfigError(
            f"{card.name}: the reader arrays has its events from table, codes or columns. Say them "
            "there, not under events."
        )
    if card.modality in options.tracks:
        raise ConfigError(
            f"{card.name}: a track may not be called {card.modality!r}, as the data are. Give it "
            "another name."
        )
    constant = {name: getattr(options, name) for name in _templates.ENTITIES}
    recordings = []
    for found, path in _templates.match(root, options.path):
        if any(found[name] not in known for name, known in options.called.items()):
            continue
        found |= {name: known[found[name]] for name, known in options.called.items()}
        for words in _words_of_keys(path, options):
            words = {**constant, **found, **words}
            source = Source(root, path, words, card.modality, options, variant.channels)
            for one in _of_axes(source):
                recordings += [_recording(each, card, variant) for each in _of_columns(one)]
    return recordings


def more_files(path: Path) -> Sequence[Path]:
    """Files that are read along with `path`: none beside those that the layout names."""
    return []


def load(source: Source) -> Signal:
    """Read one recording.

    Returns
    -------
    signal : Signal
        data : ndarray, float64, as the layout's axes say.

    Raises
    ------
    DataError
        If a key is not there, its shape is another, or a row has no place.
    """
    return signal_of(source, with_data=True)


def header(source: Source) -> Signal:
    """Give features, rate, length and events of one recording, from shapes and columns alone."""
    return signal_of(source, with_data=False)


def _words_of_keys(path: Path, options: Options) -> Iterator[Mapping[str, str]]:
    """Give the words that make the data's key one of the file's."""
    keys = (options.data,) if isinstance(options.data, str) else options.data
    open_words = {word for key in keys for word in _layout.fields(key)} - {SPLIT}
    if not open_words:
        yield {}
        return
    held = safely(path, _array_files.keys_of, path)
    split = {SPLIT: next(iter(options.splits.values()))} if options.splits else {}
    template = next(key for key in keys if _layout.fields(key))
    template = template.replace("{split}", split.get(SPLIT, "{split}"))
    fits = [words for key in held if (words := _layout.match(template, key)) is not None]
    if not fits:
        raise DataError(
            f"{path}: no key of it is like {template!r}; it holds: {', '.join(held[:12])}. Correct "
            "data in the card."
        )
    yield from fits


def _of_axes(source: Source) -> Iterator[Source]:
    """Give a source a position of the axes that tell recordings apart, and a run."""
    options = source.options
    names = [name for axis in options.axes for name in axis.split("*")]
    telling = [name for name in names if name in _templates.ENTITIES]
    levels = {name: _levels(source, name) for name in telling}
    runs = [str(i + 1) for i in range(len(options.runs))] or [""]
    for chosen in itertools.product(*(range(len(levels[name])) for name in telling)):
        positions = dict(zip(telling, chosen, strict=True))
        words = {name: levels[name][i] for name, i in positions.items()}
        for run in runs:
            own = {"run": run} if run else {}
            yield replace(source, words={**source.words, **words, **own}, chosen=positions)


def _levels(source: Source, name: str) -> Sequence[str]:
    """Names of the positions along an axis that tells recordings apart."""
    held = source.options.levels.get(name)
    if isinstance(held, tuple):
        return held
    if held is not None:
        return list(as_words(safely(source.path, _array_files.read, source.path, held).ravel()))
    shape = safely(source.path, shape_of, source, source.parts()[0])
    n = axes_of(source.options.axes, (), {}, shape, str(source.path)).sizes[name]
    return [f"{i + 1:0{len(str(n))}d}" for i in range(n)]


def _of_columns(source: Source) -> Iterator[Source]:
    """Give a source a value of each column that tells recordings apart."""
    telling = [name for name in source.options.columns if name in _templates.ENTITIES]
    if not telling:
        yield source
        return
    values = safely(source.path, column_values, source, tuple(telling))
    for words in dict.fromkeys(zip(*(values[name] for name in telling), strict=True)):
        chosen = dict(zip(telling, words, strict=True))
        absent = [name for name, word in chosen.items() if word is None]
        if absent:
            raise DataError(
                f"{source.path}: the column {absent[0]!r} is empty in some rows, so these belong "
                "to no recording. Fill it in."
            )
        yield replace(source, words={**source.words, **chosen}, parted_by=tuple(telling))


def _recording(source: Source, card: Card, variant: Variant) -> Recording:
    options = {k: v for k, v in asdict(source.options).items() if k not in _templates.ENTITIES}
    described = {
        "reader": "arrays",
        "version": version,
        "libraries": libraries,
        "modality": card.modality,
        "layout": options,
        "channels": _channels(variant.channels),
        "words": dict(source.words),
        "chosen": dict(source.chosen),
    }
    if listings := source.listings():
        described["listings"] = listings
    return Recording(
        **{name: source.words[name] for name in _templates.ENTITIES},
        modality=card.modality,
        files=tuple(SourceFile(path) for path in source.files()),
        reader=described,
        load=functools.partial(load, source),
        header=functools.partial(header, source),
    )


def _channels(channels: ChannelsSpec) -> dict[str, Any]:
    return {"unit": channels.unit, "sfreq": channels.sfreq, "types": dict(channels.types)}
