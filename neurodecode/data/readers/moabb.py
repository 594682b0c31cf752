"""Reader of data sets that MOABB knows, or of a class of one's own that is written like those.

MOABB would download what is absent. Here it never does: it is asked offline, and what is missing is
said with the line that fetches it (Aristimunha et al. 2025, doi 10.5281/zenodo.10034223).
"""

import functools
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodecode.core.config import nearest
from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.core.files import cache_folder, read_json, write_json
from neurodecode.core.names import require
from neurodecode.core.recording import Recording, Signal, SourceFile
from neurodecode.data.manifest import file_sha256
from neurodecode.data.readers import _events, _moabb_sets
from neurodecode.data.readers._sensors import DATA_TYPES, FACTORS, signal_of
from neurodecode.data.specs import Card, ChannelsSpec, EventsSpec, Variant

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

logger = logging.getLogger(__name__)

version = 1
libraries = ("mne", "moabb", "numpy")


@dataclass(frozen=True)
class Options:
    """Options of the reader ``moabb`` in a card.

    Parameters
    ----------
    dataset : str
        Class of `moabb.datasets`, such as ``BNCI2014_001``; or a class of one's own, as
        ``package.module:Class``, which is code and read only with ``--allow-code``.
    arguments : mapping
        Of its constructor.
    subjects : sequence of str
        Who is looked for; empty for all of the data set's.
    """

    dataset: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    subjects: tuple[str, ...] = ()

    def __post_init__(self):
        if not self.dataset:
            raise ConfigError("dataset: expected a class of moabb.datasets.")

    @property
    def path(self) -> str:
        """What the folder that MOABB downloads to holds."""
        return "MNE-*"

    @property
    def outside_code(self) -> str:
        """The class that is imported from outside of MOABB; empty for none."""
        plain = self.dataset.removeprefix(_moabb_sets.MODULE)
        return "" if plain.isidentifier() else self.dataset

    @property
    def own_folder(self) -> Path:
        """Where MOABB keeps what it downloaded."""
        import mne

        return Path(str(mne.get_config("MNE_DATA") or Path.home() / "mne_data"))

    @property
    def how_to_get(self) -> str:
        """The line that fetches the data, which the person may run."""
        name = self.dataset.removeprefix(_moabb_sets.MODULE)
        if self.outside_code:
            return f"Nothing is downloaded unasked: fetch them as {name} says."
        return (
            f"Nothing is downloaded unasked. To fetch them with MOABB (see its terms first): "
            f'python -c "from moabb.datasets import {name}; '
            f'{name}({_written(self.arguments)}).download(subject_list=[1])"'
        )


@dataclass(frozen=True)
class _Source:
    dataset: str
    arguments: str  # JSON, so that it can be compared
    root: Path
    subject: str
    session: str
    run: str
    modality: str
    channels: ChannelsSpec
    events: EventsSpec
    content: str

    @property
    def recording(self) -> str:
        return f"sub-{self.subject}_ses-{self.session}_run-{self.run}"


def find(card: Card, variant: Variant, root: Path) -> list[Recording]:
    """All recordings of the subjects whose data are on this machine.

    MOABB knows runs only by reading them: each subject is read once, and remembered in the cache
    as long as its files stay the same.

    Raises
    ------
    DataMissing
        If nobody's data are here; nothing is downloaded.
    ConfigError
        If there is no such class, or it does not take the arguments.
    """
    if find_spec("moabb") is None:
        require("moabb", purpose="the reader moabb", extra="moabb")
    options: Options = variant.options
    _check_card(card, variant)
    dataset = _moabb_sets.dataset(
        options.dataset, json.dumps(dict(options.arguments), sort_keys=True)
    )
    recordings, absent = [], []
    for subject in _subjects(dataset, options):
        try:
            recordings += _of_subject(card, variant, root, dataset, subject)
        except DataMissing:
            absent.append(str(subject))
    _moabb_sets.runs_of.cache_clear()  # nobody stays in memory
    if not recordings:
        raise DataMissing(
            f"{card.name}: the data of {options.dataset} are not in {root}. {options.how_to_get}"
        )
    if absent:
        logger.warning(
            "%s: no data of subject %s in %s. %s",
            card.name, ", ".join(absent), root, options.how_to_get,
        )  # fmt: skip
    return recordings


def more_files(path: Path) -> Sequence[Path]:
    """Files that are read along with `path`: none that the data set does not name."""
    return []


def load(source: _Source) -> Signal:
    """Read one recording.

    Returns
    -------
    signal : Signal
        data : ndarray, shape (n_channels, n_times), float64, volts. An event's onset is the start
        of the data set's task interval, its duration the interval's; so the ``tmin`` and ``tmax``
        of MOABB's paradigms are those of our windows.

    Raises
    ------
    DataMissing
        If its data are gone; nothing is downloaded.
    DataError
        If the data set gives another signal at each call.
    """
    signal = _read(source)
    if source.content and _content(signal) != source.content:
        raise DataError(
            f"{source.dataset}: subject {source.subject}, session {source.session}, run "
            f"{source.run} differs from call to call, so no result could be repeated. Give it a "
            "seed, as in arguments: {seed: 1}."
        )
    return signal


def header(source: _Source) -> Signal:
    """Give what `load` gives without the values; MOABB has no shorter way."""
    return replace(load(source), data=None)


def _of_subject(
    card: Card, variant: Variant, root: Path, dataset: "BaseDataset", subject: Any
) -> list[Recording]:
    options: Options = variant.options
    arguments = json.dumps(dict(options.arguments), sort_keys=True)
    files = _moabb_sets.files_of(dataset, options.dataset, root, subject)
    cache = cache_folder()
    parts = [(path, file_sha256(path, cache)) for path in files]
    made_from = [options.dataset, arguments, metadata.version("moabb"), str(subject)]
    note = cache / "moabb" / f"{digest([*made_from, [sha for _, sha in parts]])}.json"
    there: list[list[str]] = []
    if parts and note.is_file():
        there = read_json(note)["runs"]
    else:
        read = _moabb_sets.runs_of(options.dataset, arguments, root, str(subject))
        there = [[session, run] for session, runs in read.items() for run in runs]
        if parts:
            write_json(note, {"runs": there})
    recordings = []
    for session, run in there:
        source = _Source(
            options.dataset, arguments, root, str(subject), session, run, card.modality,
            variant.channels, variant.events, "",
        )  # fmt: skip
        if not parts:  # nothing but the values themselves tells whether they are the same
            source = replace(source, content=_content(_read(source)))
        recordings.append(
            Recording(
                subject=str(subject),
                session=session,
                run=run,
                modality=card.modality,
                files=tuple(SourceFile(path) for path in files),
                reader=_described(source),
                load=functools.partial(load, source),
                header=functools.partial(header, source),
            )
        )
    return recordings


def _described(source: _Source) -> dict[str, object]:
    return {
        "reader": "moabb",
        "version": version,
        "libraries": libraries,
        "modality": source.modality,
        "dataset": source.dataset,
        "arguments": source.arguments,
        "select": {"session": source.session, "run": source.run},
        "subject": source.subject,
        "channels": {
            "unit": source.channels.unit,
            "types": dict(source.channels.types),
            "bads": source.channels.bads_of(source.recording),
            "interpolate": source.channels.interpolate,
        },
        "codes": dict(source.events.codes),
        "content": source.content,
    }


def _read(source: _Source) -> Signal:
    where = (
        f"{source.dataset}, subject {source.subject}, session {source.session}, run {source.run}"
    )
    runs = _moabb_sets.runs_of(source.dataset, source.arguments, source.root, source.subject)
    raw = runs.get(source.session, {}).get(source.run)
    if raw is None:
        raise DataMissing(f"{where}: the data set no longer has it. Fetch it anew.")
    if source.channels.types or source.channels.bads:
        raw = raw.copy()  # what is set in it must not stay: it is kept for the subject's other runs
    here = Path(where)
    events = _events.from_raw(raw, source.events, here)
    _events.check_inside(events, raw.n_times / raw.info["sfreq"], here)
    return signal_of(
        raw,
        _events.renamed(events, source.events, here),
        path=here,
        modality=source.modality,
        channels=source.channels,
        spec=source.events,
        recording=source.recording,
    )


def _content(signal: Signal) -> str:
    assert signal.data is not None  # it was read
    return digest([digest_array(signal.data), signal.events.to_csv()])


def _subjects(dataset: "BaseDataset", options: Options) -> list[Any]:
    known = {str(one): one for one in dataset.subject_list}
    for wanted in options.subjects:
        if wanted not in known:
            raise ConfigError(
                f"subjects: {options.dataset} has no subject {wanted!r}.{nearest(wanted, known)}"
            )
    return [known[name] for name in options.subjects or known]


def _check_card(card: Card, variant: Variant) -> None:
    if card.modality not in DATA_TYPES:
        known = ", ".join(DATA_TYPES)
        raise ConfigError(f"{card.name}: modality {card.modality!r}; the reader moabb has {known}.")
    if variant.channels.unit not in FACTORS:
        known = ", ".join(filter(None, FACTORS))
        raise ConfigError(f"{card.name}: channels.unit {variant.channels.unit!r}; known: {known}.")
    if variant.events != EventsSpec(codes=variant.events.codes):
        raise ConfigError(
            f"{card.name}: events: those of a MOABB data set are its own, named by its event_id. "
            "Only codes may be given, which rename them."
        )


def _written(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())
