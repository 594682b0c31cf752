"""What a card says, as values: files, channels, events, layouts, simulation, tasks."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from neurodecode.core.config import Call, nearest
from neurodecode.core.errors import ConfigError
from neurodecode.data._event_columns import Attributes, Made, Triggers
from neurodecode.data._layout import check_template
from neurodecode.data._stimuli_layout import StimuliSpec
from neurodecode.data.tasks import Task

_NAME = re.compile(r"\w[\w.+-]*")
_BASE_URL = re.compile(r"https?://[^/\s@]+/(\S*/)?")


@dataclass(frozen=True)
class FilesSpec:
    """Where the files come from, and the list of them with their digests.

    Parameters
    ----------
    url : str
        The page that describes them, for people.
    base_url : str
        What stands on the server before the place of each file; empty where `fetch` gets none.
    remote : str
        Template of a file's place on the server, with ``{subject}``, ``{session}``, ``{run}``, for
        files that the reader's own template names; without it a file is called there as here.
    manifest : str
        Table of the files beside the card, ``.tsv``, as `neurodecode.data.listing` reads it.
    archives : tuple of str
        Patterns of files that are unpacked once they are whole, as in ``["*.zip"]``, each into a
        folder of its own name without the ending.
    hosts : tuple of str
        Other hosts to which that of `base_url` may send on.
    how : str
        What a person does to be given the files, where access is not open.
    convert : tuple of str
        Patterns of files of pickled arrays, as in ``["raw/*.npy"]``. Readers open none of them:
        ``fetch --convert`` makes a ``.npz`` of each, which the layout names.
    """

    url: str = ""
    base_url: str = ""
    remote: str = ""
    manifest: str = ""
    archives: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    how: str = ""
    convert: tuple[str, ...] = ()

    def __post_init__(self):
        for pattern in self.convert:
            check_template(pattern)
        if self.base_url:
            if not _BASE_URL.fullmatch(self.base_url):
                raise ConfigError(
                    f"base_url: expected https://HOST/…/ or http://HOST/…/, got {self.base_url!r}."
                )
            if not self.manifest.endswith(".tsv"):
                raise ConfigError("manifest: with base_url, a .tsv file beside the card is needed.")
        if self.remote.startswith("/") or ".." in self.remote:
            raise ConfigError(f"remote: {self.remote!r} leaves base_url. Name a place below it.")


@dataclass(frozen=True)
class ChannelsSpec:
    """What is known of the channels, and what the files have wrong.

    Parameters
    ----------
    n, sfreq
        Number of data channels, bad ones too, and samples a second that every file must have;
        None: any. A table does not say its rate, so its card must.
    unit : str
        Unit that the stored numbers really have, where the file says volts: ``uV``, ``mV``, ``V``;
        ``"1"`` of what was whitened or standardised, whose size is not judged.
    types : mapping of str to str
        Channel name to its true type; of a table, all columns that are channels.
    bads : tuple of str, or mapping of str to tuple of str
        Channels that are bad beside those that the file marks: in all recordings, or by the
        recording's id, such as ``sub-01_ses-1_run-1``.
    interpolate : bool
        Whether bad channels are made of their neighbours; otherwise they are left out.
    """

    n: int | None = None
    unit: str = ""
    sfreq: float | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    bads: tuple[str, ...] | Mapping[str, tuple[str, ...]] = ()
    interpolate: bool = False

    def bads_of(self, recording: str) -> tuple[str, ...]:
        """Channels that the card says are bad in one recording, named by its id."""
        bads = self.bads
        return tuple(bads.get(recording, ()) if isinstance(bads, Mapping) else bads)


@dataclass(frozen=True)
class EventsSpec:
    """Where events come from.

    Parameters
    ----------
    source : {"annotations", "stim", "file", "marker", "epochs"}
        ``from`` in the card. ``marker``: a column of a table of samples; ``epochs``: the files hold
        epochs, cut around their events.
    channel : str
        Stim channel, empty for mne's default; or the marker column.
    path : str
        Template of the events file: a table, or mne's ``-eve.fif``.
    columns : mapping of str to str
        Our column (``onset duration label``), or a new name, to a column of the table or of the
        epochs' metadata.
    codes : mapping of str to str
        Label in the file, or number of the trigger, to a better name.
    duration : float
        Seconds, where the source does not say or marks single samples.
    delay : float
        Seconds from the trigger to what it stands for, as a screen or a sound card adds them.
    times : {"known", "unknown"}
        ``unknown``: the sample numbers in files of epochs are no times.
    sample : str
        Column of a table that counts samples from the recording's first, instead of ``onset``.
    triggers : Triggers or None
        Codes of a stim channel, of which a table must have as many events.
    attributes : Attributes or None
        Another table with a row an event, whose columns the events get.
    made : mapping of str to Made
        Columns made of others, once all of these are there.
    """

    source: Literal["annotations", "stim", "file", "marker", "epochs"] = "annotations"
    channel: str = ""
    path: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    duration: float = 0.0
    delay: float = 0.0
    times: Literal["known", "unknown"] = "known"
    sample: str = ""
    triggers: Triggers | None = None
    attributes: Attributes | None = None
    made: Mapping[str, Made] = field(default_factory=dict)

    def __post_init__(self):
        if (self.source == "file") != bool(self.path):
            raise ConfigError("path: an events file is named with from: file, and only there.")
        theirs = list((self.columns or {}).values())
        twice = next((name for name in theirs if theirs.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(f"columns: {twice!r} is taken for two columns of ours. Take it once.")
        if self.channel and self.source not in ("stim", "marker"):
            raise ConfigError(f"channel: events from {self.source} have none. Remove it.")
        if self.source == "marker" and not self.channel:
            raise ConfigError("channel: from: marker needs the name of the marker column.")
        for name in ("sample", "triggers", "attributes"):
            if getattr(self, name) and self.source != "file":
                raise ConfigError(f"{name}: it belongs to events of a table (from: file).")
        if self.times == "unknown" and self.source != "epochs":
            raise ConfigError("times: only events from epochs may have unknown times.")
        # None is a value that was refused already, with its line.
        if self.duration is not None and not 0 <= self.duration < math.inf:
            raise ConfigError(f"duration: {self.duration:g} must be zero or more seconds.")
        if self.delay is not None and not math.isfinite(self.delay):
            raise ConfigError(f"delay: {self.delay:g} is no number of seconds.")


@dataclass(frozen=True)
class SimulateSpec:
    """What makes recordings of a card's shape where there are none.

    Parameters
    ----------
    generator : Call
        A name of `neurodecode.simulate` with its arguments; the planted effect and the seed are
        among them.
    small : mapping
        Arguments that the smaller preset has instead.
    ceiling : mapping of str to mapping of str to float
        Task to metric to what an oracle reaches that knows the sources; measured, and held by a
        test.
    """

    generator: Call
    small: Mapping[str, Any] = field(default_factory=dict)
    ceiling: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Variant:
    """One layout of a data set: the reader, its options, and what it must be told.

    Parameters
    ----------
    reader : str
        Module of `neurodecode.data.readers`.
    options : object
        That module's ``Options``.
    stimuli : StimuliSpec or None
        Where what its recordings show is kept.
    """

    reader: str
    options: Any
    channels: ChannelsSpec = ChannelsSpec()
    events: EventsSpec = EventsSpec()
    simulate: SimulateSpec | None = None
    stimuli: StimuliSpec | None = None


@dataclass(frozen=True)
class Card:
    """A data set; its fields are the keys of the file ``datasets/NAME.yaml``.

    Parameters
    ----------
    name, title, modality, citation : str
        Modality is ``eeg``, ``meg``, ``ieeg``, ``fnirs`` or ``fmri``.
    licence : mapping of str to str
        ``name``, ``class`` (``open`` …), and ``exceptions`` where a part has other terms.
    access : {"open", "registration", "agreement"}
        What it takes to get the files.
    files : FilesSpec
    reader : Variant or None
        The only layout; None where there are `variants`, several layouts by name.
    channels, events
        What layouts that do not say otherwise have.
    tasks : mapping of str to Task
    traps : tuple of str
        What has misled people.
    simulate : SimulateSpec or None
        Makes recordings with a planted effect of this shape; of all layouts, or of those that do
        not say otherwise. A card that has it and no reader is wholly simulated.
    stimuli : StimuliSpec or None
        Where what was shown is kept, of layouts that do not say otherwise.
    show_stimuli : {"always", "never"}
        Whether reports may show what was shown.
    """

    name: str
    modality: str
    title: str = ""
    licence: Mapping[str, str] = field(default_factory=dict)
    citation: str = ""
    access: Literal["open", "registration", "agreement"] = "open"
    files: FilesSpec = FilesSpec()
    reader: Variant | None = None
    channels: ChannelsSpec = ChannelsSpec()
    events: EventsSpec = EventsSpec()
    tasks: Mapping[str, Task] = field(default_factory=dict)
    traps: tuple[str, ...] = ()
    variants: Mapping[str, Variant] = field(default_factory=dict)
    simulate: SimulateSpec | None = None
    stimuli: StimuliSpec | None = None
    show_stimuli: Literal["always", "never"] = "always"

    def __post_init__(self):
        if not _NAME.fullmatch(self.name):  # it names a folder of every data root
            raise ConfigError(f"name: {self.name!r}: expected one word of letters, digits, _ or -.")
        if bool(self.reader) + bool(self.variants) != 1 and (self.reader or not self.simulate):
            raise ConfigError("expected a reader, or variants with a reader each, or simulate.")

    @property
    def wholly_simulated(self) -> bool:
        """Whether there are no files of it anywhere."""
        return self.reader is None and not self.variants

    def variant(self, name: str = "") -> Variant:
        """Give the named layout; without a name the first one."""
        if self.wholly_simulated:
            raise ConfigError(f"{self.name} has no files: its recordings are made when it is run.")
        if self.reader is not None and not name:
            return self.reader
        if not self.variants:
            raise ConfigError(f"{self.name} has one layout and no variant {name!r}. Name none.")
        if not name:
            return next(iter(self.variants.values()))
        if name not in self.variants:
            raise ConfigError(f"{self.name} has no variant {name!r}.{nearest(name, self.variants)}")
        return self.variants[name]
