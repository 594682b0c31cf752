"""Reader of recordings in files of their own, found by a path template.

Continuous recordings of any format that `mne.io.read_raw` opens, epochs, and tables of samples.
mne is imported where a file is opened: finding recordings and opening the prepared cache need none
of it.
"""

import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataMissing
from neurodecode.core.recording import Recording, Signal, SourceFile
from neurodecode.data._event_columns import with_attributes
from neurodecode.data.readers import _epochs, _events, _formats, _tables, _templates
from neurodecode.data.readers._companions import companions
from neurodecode.data.readers._guard import guarded
from neurodecode.data.readers._sensors import ALSO, FACTORS, signal_of
from neurodecode.data.readers._sensors import DATA_TYPES as DATA_TYPES
from neurodecode.data.readers._sensors import space_of as space_of
from neurodecode.data.specs import Card, ChannelsSpec, EventsSpec, Variant

if TYPE_CHECKING:
    import mne

logger = logging.getLogger(__name__)

version = 2
libraries = ("mne", "numpy")
_VOLTS = ("eeg", "ieeg")  # modalities whose tables must say their unit


@dataclass(frozen=True)
class Options:
    """Options of the reader ``files`` in a card.

    Parameters
    ----------
    path : str
        Template with ``{subject}``, ``{session}``, ``{run}``, below the data set's folder.
    subject, session, run : str
        What the template does not say.
    standardize : bool
        Whether channel names are made standard as `mne.datasets.eegbci.standardize` does.
    montage : str
        One of mne's built-in montages, which gives electrodes their positions by name.
    also : tuple of str
        Types of channels to keep beside the data, after them: those by which it is cleaned, such as
        ``eog`` for ``ica`` and ``regress``. Drop them after that.
    timestamps : str
        Of a table: the column of time stamps in seconds, which is held to the rate.
    """

    path: str
    subject: str = "01"
    session: str = "1"
    run: str = "1"
    standardize: bool = False
    montage: str = ""
    also: tuple[str, ...] = ()
    timestamps: str = ""

    def __post_init__(self):
        _templates.fields(self.path)
        for kind in self.also:
            if kind not in ALSO:
                raise ConfigError(f"also: {kind!r} is not kept.{nearest(kind, ALSO)}")
        if self.timestamps and not _tables.is_table(self.path):
            raise ConfigError(f"timestamps: {self.path} is no table, so it has no such column.")


@dataclass(frozen=True)
class _Source:
    recording: str
    path: Path
    events_path: Path | None
    attributes_path: Path | None
    modality: str
    ids: Mapping[str, str]
    options: Options
    channels: ChannelsSpec
    events: EventsSpec


def find(card: Card, variant: Variant, root: Path) -> list[Recording]:
    """All recordings of a card below `root`, in the order of their ids; opens no file.

    Raises
    ------
    ConfigError
        If the modality, unit or template is not one that this reader knows.
    """
    options: Options = variant.options
    _check_card(card, variant, options)
    constant = {name: getattr(options, name) for name in _templates.ENTITIES}
    recordings = [
        _recording(card, variant, constant | found, path, root)
        for found, path in _templates.match(root, options.path)
    ]
    if isinstance(variant.channels.bads, Mapping):
        known = {one.id for one in recordings}
        for name in sorted(set(variant.channels.bads) - known):
            logger.warning(
                "%s: channels.bads names %s, which is no recording in %s.%s",
                card.name, name, root, nearest(name, known),
            )  # fmt: skip
    return recordings


def open_file(card: Card, variant: Variant, path: Path) -> Recording:
    """Give a recording of a file that lies anywhere, named as the card's template has it, or not.

    Raises
    ------
    DataMissing
        If there is no such file.
    ConfigError
        As `find`.
    """
    options: Options = variant.options
    _check_card(card, variant, options)
    if not path.is_file():
        raise DataMissing(f"{path}: there is no such file. Correct the name.")
    root = path.resolve().parents[options.path.count("/")]
    found = [ids for ids, one in _templates.match(root, options.path) if one == path.resolve()]
    constant = {name: getattr(options, name) for name in _templates.ENTITIES}
    # A file of another name is its own run: no two of them are one recording.
    ids = constant | (found[0] if found else {"run": path.name.partition(".")[0]})
    return _recording(card, variant, ids, path, root)


def _recording(
    card: Card, variant: Variant, ids: Mapping[str, str], path: Path, root: Path
) -> Recording:
    events_path = attributes_path = None
    if variant.events.path:
        events_path = root / _templates.fill(variant.events.path, ids)
    if variant.events.attributes is not None:
        attributes_path = root / _templates.fill(variant.events.attributes.path, ids)
    source = _Source(
        "sub-{subject}_ses-{session}_run-{run}".format_map(ids),
        path,
        events_path,
        attributes_path,
        card.modality,
        dict(ids),
        variant.options,
        variant.channels,
        variant.events,
    )
    return Recording(
        **ids,
        modality=card.modality,
        files=tuple(
            SourceFile(one)
            for one in (*_held(path), events_path, attributes_path)
            if one is not None
        ),
        reader=_described(source),
        load=functools.partial(load, source),
        header=functools.partial(header, source),
    )


def _held(path: Path) -> Sequence[Path]:
    """Give the file, or all files of a recording that is a folder."""
    if not _templates.is_recording(path):
        return (path,)
    return sorted(one for one in path.rglob("*") if one.is_file())


def more_files(path: Path) -> Sequence[Path]:
    """Files that are read along with `path`."""
    return companions(path)


def load(source: _Source) -> Signal:
    """Read one recording.

    Returns
    -------
    signal : Signal
        data : ndarray, shape (n_channels, n_times), of epochs (n_entries, n_channels, n_times);
        float64, SI units.

    Raises
    ------
    DataError
        If the file is damaged, cut short, or not what the card says; or an event lies outside.
    DataMissing
        If a file that belongs to it is missing.
    """
    return _read(source, with_data=True)


def header(source: _Source) -> Signal:
    """Read channels, rate, length and events of one recording, without its samples."""
    return _read(source, with_data=False)


def _read(source: _Source, *, with_data: bool) -> Signal:
    path, spec = source.path, source.events
    if spec.source == "epochs":
        inst = guarded(path, spec, functools.partial(_epochs.open_epochs, path))
        events = _epochs.events_of(inst, spec, path)
    else:
        inst, events = _continuous(source)
    if source.options.standardize:
        from mne.datasets import eegbci

        guarded(path, spec, functools.partial(eegbci.standardize, inst))
    return signal_of(
        inst,
        _events.renamed(events, spec, source.events_path or path),
        path=path,
        modality=source.modality,
        channels=source.channels,
        spec=spec,
        recording=source.recording,
        montage=source.options.montage,
        also=source.options.also,
        with_data=with_data,
    )


def _continuous(source: _Source) -> "tuple[mne.io.BaseRaw, pd.DataFrame]":
    """Open a recording or a table, with its events; stretches marked bad are among them."""
    path, spec, events = source.path, source.events, None
    if _tables.is_table(path):
        kind = DATA_TYPES[source.modality][0]
        read = functools.partial(
            _tables.open_table, path, kind, source.channels, spec, source.options.timestamps
        )
        raw, events = guarded(path, spec, read)
    else:
        raw = guarded(path, spec, functools.partial(_formats.open_raw, path))
    if spec.source == "file":
        assert source.events_path is not None  # `EventsSpec` holds a path then
        events = _events.from_file(
            source.events_path, spec, raw.first_samp, float(raw.info["sfreq"])
        )
    elif events is None:
        events = guarded(path, spec, functools.partial(_events.from_raw, raw, spec, path))
    if spec.triggers is not None:
        check = functools.partial(_events.check_triggers, raw, events, spec, path)
        guarded(path, spec, check)
    if spec.attributes is not None and source.attributes_path is not None:
        assert source.events_path is not None  # attributes are of a table's events
        table = _events.needed(source.attributes_path)
        events = with_attributes(events, spec.attributes, table, source.ids, source.events_path)
    seconds = raw.n_times / raw.info["sfreq"]
    _events.check_inside(events, seconds, source.events_path or path)
    if spec.source != "annotations":
        bad = _events.bad_stretches(raw)
        events = pd.concat([events, bad], ignore_index=True) if len(bad) else events
    return raw, events


def _check_card(card: Card, variant: Variant, options: Options) -> None:
    channels, events = variant.channels, variant.events
    if card.modality not in DATA_TYPES:
        known = ", ".join(DATA_TYPES)
        raise ConfigError(f"{card.name}: modality {card.modality!r}; the reader files has {known}.")
    if channels.unit not in FACTORS:
        known = ", ".join(name for name in FACTORS if name)
        raise ConfigError(f"{card.name}: channels.unit {channels.unit!r}; known: {known}.")
    if not _tables.is_table(options.path):
        if events.source == "marker":
            raise ConfigError(
                f"{card.name}: events from marker are a column of a table (csv, tsv), and "
                f"{options.path} is none. A stim channel is events: {{from: stim, channel: NAME}}."
            )
        return
    if events.source not in ("marker", "file"):
        raise ConfigError(
            f"{card.name}: events from {events.source}, and {options.path} is a table. Say events: "
            "{from: marker, channel: COLUMN}, or {from: file, path: …}."
        )
    if channels.sfreq is None or not channels.sfreq > 0:
        raise ConfigError(
            f"{card.name}: a table does not say its rate. Say it in Hz: channels: {{sfreq: 256}}."
        )
    if card.modality in _VOLTS and not channels.unit:
        raise ConfigError(
            f"{card.name}: a table does not say its unit. Say it: channels: {{unit: uV}}."
        )


def _described(source: _Source) -> dict[str, object]:
    options, channels = source.options, source.channels
    return {
        "reader": "files",
        "version": version,
        "libraries": libraries,
        "modality": source.modality,
        "standardize": options.standardize,
        "montage": options.montage,
        "also": options.also,
        "timestamps": options.timestamps,
        "channels": {
            "unit": channels.unit,
            "types": dict(channels.types),
            "bads": channels.bads_of(source.recording),
            "interpolate": channels.interpolate,
            "sfreq": channels.sfreq if _tables.is_table(options.path) else None,
        },
        "events": {k: v for k, v in asdict(source.events).items() if k != "path"},
    }
