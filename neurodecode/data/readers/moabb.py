"""Reader of data sets that MOABB knows, or of a class of one's own that is written like those.

MOABB would download what is absent. Here it never does: it is asked offline, and what is missing is
said with the line that fetches it (Aristimunha et al. 2025, doi 10.5281/zenodo.10034223).
"""

import functools
import importlib
import json
import logging
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import ConfigError, DataError, DataMissing, NeurodecodeError
from neurodecode.core.files import cache_folder, read_json, write_json
from neurodecode.core.names import require
from neurodecode.core.recording import Recording, Signal, SourceFile
from neurodecode.data.cards import Card, ChannelsSpec, EventsSpec, Variant
from neurodecode.data.manifest import file_sha256
from neurodecode.data.readers import _events
from neurodecode.data.readers._offline import offline
from neurodecode.data.readers._raw_channels import FACTORS, good_channels, set_types
from neurodecode.data.readers.files import DATA_TYPES, space_of

if TYPE_CHECKING:
    import mne
    from moabb.datasets.base import BaseDataset

logger = logging.getLogger(__name__)

version = 1
libraries = ("mne", "moabb", "numpy")
_OWN = "moabb.datasets."


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
        plain = self.dataset.removeprefix(_OWN)
        return "" if plain.isidentifier() else self.dataset

    @property
    def own_folder(self) -> Path:
        """Where MOABB keeps what it downloaded."""
        import mne

        return Path(str(mne.get_config("MNE_DATA") or Path.home() / "mne_data"))

    @property
    def how_to_get(self) -> str:
        """The line that fetches the data, which the person may run."""
        name = self.dataset.removeprefix(_OWN)
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
    dataset = _dataset(options.dataset, json.dumps(dict(options.arguments), sort_keys=True))
    recordings, absent = [], []
    for subject in _subjects(dataset, options):
        try:
            recordings += _of_subject(card, variant, root, dataset, subject)
        except DataMissing:
            absent.append(str(subject))
    _runs.cache_clear()  # a subject in memory is worth its place while its runs are read alone
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
    signal = load(source)
    return Signal(
        None, signal.space, signal.axes, signal.sfreq, signal.events,
        n_times=signal.n_times, notes=signal.notes,
    )  # fmt: skip


def _of_subject(
    card: Card, variant: Variant, root: Path, dataset: "BaseDataset", subject: Any
) -> list[Recording]:
    options: Options = variant.options
    arguments = json.dumps(dict(options.arguments), sort_keys=True)
    files = _files(dataset, options, root, subject)
    cache = cache_folder()
    parts = [(path, file_sha256(path, cache)) for path in files]
    made_from = [options.dataset, arguments, metadata.version("moabb"), str(subject)]
    note = cache / "moabb" / f"{digest([*made_from, [sha for _, sha in parts]])}.json"
    there: list[list[str]] = []
    if parts and note.is_file():
        there = read_json(note)["runs"]
    else:
        read = _runs(options.dataset, arguments, root, str(subject))
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
            content = _content(_read(source))
            source = _Source(**{**vars(source), "content": content})
        recordings.append(
            Recording(
                subject=str(subject),
                session=session,
                run=run,
                modality=card.modality,
                files=tuple(SourceFile(path) for path in files),
                reader=_described(card, variant, source, arguments),
                load=functools.partial(load, source),
                header=functools.partial(header, source),
            )
        )
    return recordings


def _described(card: Card, variant: Variant, source: _Source, arguments: str) -> dict[str, object]:
    return {
        "reader": "moabb",
        "version": version,
        "libraries": libraries,
        "modality": card.modality,
        "dataset": source.dataset,
        "arguments": arguments,
        "select": {"session": source.session, "run": source.run},
        "subject": source.subject,
        "channels": {"unit": variant.channels.unit, "types": dict(variant.channels.types)},
        "codes": dict(variant.events.codes),
        "content": source.content,
    }


def _read(source: _Source) -> Signal:
    where = (
        f"{source.dataset}, subject {source.subject}, session {source.session}, run {source.run}"
    )
    runs = _runs(source.dataset, source.arguments, source.root, source.subject)
    raw = runs.get(source.session, {}).get(source.run)
    if raw is None:
        raise DataMissing(f"{where}: the data set no longer has it. Fetch it anew.")
    if source.channels.types:
        raw = raw.copy()  # this one is kept for the subject's other runs
    set_types(raw, source.channels.types, where)
    picks, notes = good_channels(raw, source.modality, source.channels, where)
    events = _events.from_raw(raw, EventsSpec(), Path(where))
    _events.check_inside(events, raw.n_times / raw.info["sfreq"], Path(where))
    data = np.ascontiguousarray(raw.get_data(picks=picks))
    data *= FACTORS[source.channels.unit or "V"]
    return Signal(
        data=data,
        space=space_of(raw.info, picks),
        axes=("channel", "time"),
        sfreq=float(raw.info["sfreq"]),
        events=_events.renamed(events, source.events),
        notes=notes,
    )


def _content(signal: Signal) -> str:
    assert signal.data is not None  # it was read
    return digest([digest_array(signal.data), signal.events.to_csv()])


@functools.lru_cache(maxsize=1)
def _runs(
    dataset: str, arguments: str, root: Path, subject: str
) -> Mapping[str, Mapping[str, "mne.io.BaseRaw"]]:
    """Give the recordings of one subject, by session and run; the last one asked is kept."""
    made = _dataset(dataset, arguments)
    own = next(one for one in made.subject_list if str(one) == subject)
    # It would ask a mirror for the source files before it looks for them here.
    made._prefetch_nemar_sourcedata = lambda *_, **__: None  # pyright: ignore[reportAttributeAccessIssue]
    with ExitStack() as stack:
        return _asked_offline(
            stack, root, dataset, subject, lambda: made.get_data(subjects=[own])[own]
        )


def _files(dataset: "BaseDataset", options: Options, root: Path, subject: Any) -> list[Path]:
    """Files of a subject, where the data set can tell."""

    def ask() -> Any:
        try:
            return dataset.data_path(subject)
        except NotImplementedError:
            return None

    with ExitStack() as stack:
        told = _asked_offline(stack, root, options.dataset, str(subject), ask)
    found: list[Path] = []
    for path in _flat(told):
        found += sorted(path.rglob("*")) if path.is_dir() else [path]
    return [path for path in dict.fromkeys(found) if path.is_file()]


def _flat(told: Any) -> list[Path]:
    if isinstance(told, str | Path):
        return [Path(told)]
    if isinstance(told, Mapping):
        told = list(told.values())
    return [path for one in told or () for path in _flat(one)]


def _asked_offline(stack: ExitStack, root: Path, dataset: str, subject: str, ask: Any) -> Any:
    # MOABB makes the folder, and writes it into mne's settings, where it finds none.
    place = str(root) if root.is_dir() else stack.enter_context(tempfile.TemporaryDirectory())
    asked = stack.enter_context(offline({"MNE_DATA": place}))
    try:
        return ask()
    except NeurodecodeError:
        raise
    except Exception as error:  # a loader raises anything at all
        if asked:
            raise DataMissing(
                f"{dataset}: the data of subject {subject} are not in {root}."
            ) from error
        raise DataError(
            f"{dataset}: subject {subject} cannot be read ({type(error).__name__}: "
            f"{str(error).strip().splitlines()[0] if str(error).strip() else 'no message'}). Its "
            f"files in {root} may be damaged; fetch them again, or leave the subject out."
        ) from error


def _subjects(dataset: "BaseDataset", options: Options) -> list[Any]:
    known = {str(one): one for one in dataset.subject_list}
    for wanted in options.subjects:
        if wanted not in known:
            raise ConfigError(
                f"subjects: {options.dataset} has no subject {wanted!r}.{nearest(wanted, known)}"
            )
    return [known[name] for name in options.subjects or known]


def _dataset(name: str, arguments: str) -> "BaseDataset":
    from moabb.datasets.base import BaseDataset

    found = _class(name)
    if not isinstance(found, type) or not issubclass(found, BaseDataset):
        raise ConfigError(
            f"dataset {name!r} is no data set of MOABB (a class that inherits from "
            "moabb.datasets.base.BaseDataset)."
        )
    try:
        return found(**json.loads(arguments))
    except (TypeError, ValueError, AssertionError) as error:
        raise ConfigError(
            f"dataset {name}: it does not take arguments {arguments} ({error}). Correct arguments "
            "in the card's reader."
        ) from error


def _class(name: str) -> Any:
    plain = name.removeprefix(_OWN)
    if plain.isidentifier():
        from moabb import datasets
        from moabb.datasets.utils import dataset_dict

        if plain not in dataset_dict and not isinstance(vars(datasets).get(plain), type):
            raise ConfigError(
                f"moabb.datasets has no class {plain!r}.{nearest(plain, dataset_dict)} A class of "
                "your own is named package.module:Class."
            )
        return getattr(datasets, plain)
    module, _, attribute = name.rpartition(":" if ":" in name else ".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        raise ConfigError(
            f"dataset {name}: {error}. The package must be importable from here (install it, or "
            "run from its folder)."
        ) from None
    except AttributeError:
        raise ConfigError(f"dataset {name}: {module} has no {attribute!r}.") from None


def _check_card(card: Card, variant: Variant) -> None:
    if card.modality not in DATA_TYPES:
        known = ", ".join(DATA_TYPES)
        raise ConfigError(f"{card.name}: modality {card.modality!r}; the reader moabb has {known}.")
    if variant.channels.unit not in ("", *FACTORS):
        known = ", ".join(FACTORS)
        raise ConfigError(f"{card.name}: channels.unit {variant.channels.unit!r}; known: {known}.")
    if variant.events != EventsSpec(codes=variant.events.codes):
        raise ConfigError(
            f"{card.name}: events: those of a MOABB data set are its own, named by its event_id. "
            "Only codes may be given, which rename them."
        )


def _written(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())
