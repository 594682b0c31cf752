"""Reader of BIDS data sets: EEG, MEG and iEEG recordings, and BOLD series that fMRIPrep prepared.

mne, mne-bids, nibabel and nilearn are imported where a file is opened: finding recordings looks at
names, and reads ``participants.tsv`` alone.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from neurodecode.core.errors import ConfigError, DataError, DataMissing, NeurodecodeError
from neurodecode.core.names import require
from neurodecode.core.recording import Recording, Signal, SourceFile
from neurodecode.data.readers import _bids_fmri, _bids_names, _bids_raw, _bids_tables, _templates
from neurodecode.data.readers._bids_names import BidsFile
from neurodecode.data.readers._companions import companions
from neurodecode.data.readers._sensors import ALSO, FACTORS
from neurodecode.data.specs import Card, Variant

version = 1
libraries = ("mne", "mne_bids", "numpy")


@dataclass(frozen=True)
class Options:
    """Options of the reader ``bids`` in a card; entities are labels without their prefix.

    Parameters
    ----------
    task, acquisition, processing : str
        Entities to select; one that is left empty must be the same in all recordings.
    subjects, sessions, runs : sequence of str
        What is taken; empty for all.
    space : str
        Template that fMRIPrep brought BOLD series to, such as ``MNI152NLin2009cAsym``; or the
        coordinates of intracranial electrodes, where there are tables in several.
    montage : str
        One of mne's built-in montages, which gives electrodes their places by name, where the data
        set does not say them.
    also : sequence of str
        Types of channels that are kept beside the data to clean them with, such as ``eog``.
    resolution : str
        Entity ``res`` of BOLD series, where there are several.
    derivatives : str
        Folder that fMRIPrep wrote to, below the data set's.
    mask : str
        Template of another mask than the brain's, below the data set's folder, such as
        ``rois/sub-{subject}_vt.nii.gz``; of the grid of the series.
    confounds : mapping
        Arguments of `nilearn.interfaces.fmriprep.load_confounds`, such as ``{strategy: [motion]}``;
        the columns become the track ``confounds``. Nothing is removed from the series here.
    per_volume : bool
        Whether events are spread over the volumes they cover, the others being ``rest``.
    session, run : str
        What recordings are called whose names say none.
    """

    task: str = ""
    acquisition: str = ""
    processing: str = ""
    subjects: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    space: str = ""
    montage: str = ""
    also: tuple[str, ...] = ()
    resolution: str = ""
    derivatives: str = "derivatives/fmriprep"
    mask: str = ""
    confounds: Mapping[str, Any] = field(default_factory=dict)
    per_volume: bool = False
    session: str = "1"
    run: str = "1"

    def __post_init__(self):
        for template in (self.derivatives, self.mask):
            _templates.fields(template)
        for kind in self.also:
            if kind not in ALSO:
                raise ConfigError(f"also: {kind!r} is not one of {', '.join(ALSO)}.")
        if self.confounds and not self.confounds.get("strategy", True):
            raise ConfigError("confounds: strategy is empty. Name one, as in strategy: [motion].")
        if "scrub" in self.confounds.get("strategy", ()):
            raise ConfigError(
                "confounds: strategy: scrub leaves out volumes within a run, which would no longer "
                "follow each other. Remove it; volumes before the steady state are left out anyway."
            )

    @property
    def path(self) -> str:
        """What the folder of a data set holds."""
        return "sub-*"


def find(card: Card, variant: Variant, root: Path) -> list[Recording]:
    """All recordings of a data set, in the order of their names; opens none.

    Raises
    ------
    DataMissing
        If the folder is no BIDS data set, or holds nothing of what the card selects.
    DataError
        If a name is none of BIDS, or a recording or participant is there twice. What is wrong with
        one recording's own sidecars is raised when that recording is read.
    ConfigError
        If the card says what this reader cannot do.
    """
    _check_card(card, variant)
    if card.modality != "fmri" and find_spec("mne_bids") is None:
        require("mne_bids", purpose="the reader bids", extra="bids")
    _bids_tables.check_description(root)
    options: Options = variant.options
    if card.modality == "fmri":
        folder = root / options.derivatives
        found = _bids_fmri.files_of(folder, options.space, options.resolution)
    else:
        kind = card.modality
        found = _bids_names.files_of(root, kind, kind, _bids_raw.EXTENSIONS[kind])
    known = _bids_tables.participants(root)
    return [
        _recording(card, variant, root, ids, file, known) for ids, file in _selected(found, options)
    ]


def more_files(path: Path) -> Sequence[Path]:
    """Files that are read along with `path`: markers and values, later parts of a split."""
    split = path.name.replace("_split-01_", "_split-*_")
    parts = sorted(path.parent.glob(split)) if split != path.name else []
    return [*companions(path), *(part for part in parts if part != path)]


def _recording(
    card: Card,
    variant: Variant,
    root: Path,
    ids: Mapping[str, str],
    file: BidsFile,
    known: Mapping[str, Mapping[str, str]] | None,
) -> Recording:
    participant: Mapping[str, str] = {}
    try:
        participant = _bids_tables.participant_of(ids["subject"], known, root)
        if card.modality == "fmri":
            source = _bold(variant, root, ids, file, participant)
            read = functools.partial(_bids_fmri.read, source)
        else:
            source = _bids_raw.source_of(
                root, file, card.modality, variant.options.space, participant,
                variant.channels, variant.events, recording=_name(ids),
                montage=variant.options.montage, also=variant.options.also,
            )  # fmt: skip
            read = functools.partial(_bids_raw.read, source)
    except (DataError, DataMissing) as error:
        # One person's missing sidecar is that recording's error row, not the end of the others.
        paths, read = file.held, functools.partial(_refuse, error)
    else:
        paths = source.paths
    return Recording(
        **ids,
        modality=card.modality,
        files=tuple(SourceFile(path) for path in dict.fromkeys(paths)),
        reader=_described(card, variant, ids, participant),
        load=functools.partial(read, with_data=True),
        header=functools.partial(read, with_data=False),
    )


def _bold(
    variant: Variant,
    root: Path,
    ids: Mapping[str, str],
    file: BidsFile,
    participant: Mapping[str, str],
) -> _bids_fmri.BoldSource:
    options: Options = variant.options
    return _bids_fmri.source_of(
        root,
        root / options.derivatives,
        file,
        root / _templates.fill(options.mask, ids) if options.mask else None,
        options.confounds,
        participant,
        variant.events,
        per_volume=options.per_volume,
        run=ids["run"],
    )


def _name(ids: Mapping[str, str]) -> str:
    return f"sub-{ids['subject']}_ses-{ids['session']}_run-{ids['run']}"


def _refuse(error: NeurodecodeError, *, with_data: bool) -> Signal:
    raise error


def _selected(files: Sequence[BidsFile], options: Options) -> list[tuple[dict[str, str], BidsFile]]:
    """Give the recordings that the card selects, with their ids."""
    files = [
        one
        for one in files
        if one.entities["sub"] != "emptyroom" and one.entities.get("split", "01") in ("01", "1")
    ]
    if not files:
        return []
    for entity, word in (("task", "task"), ("acq", "acquisition"), ("proc", "processing")):
        files = _bids_names.check_choice(getattr(options, word), entity, word, files)
    named = []
    for one in files:
        ids = {
            "subject": one.entities["sub"],
            "session": one.entities.get("ses", options.session),
            "run": one.entities.get("run", options.run),
        }
        asked = {"subject": options.subjects, "session": options.sessions, "run": options.runs}
        if all(not asked[name] or ids[name] in asked[name] for name in ids):
            named.append((ids, one))
    if not named:
        raise DataMissing(
            f"{files[0].path.parents[1]}: none of {len(files)} recordings has the subjects, "
            "sessions and runs that the card's reader selects. Correct them; they are labels "
            'without their prefix, as in subjects: ["01"].'
        )
    _check_once(named)
    return named


def _check_once(named: Sequence[tuple[Mapping[str, str], BidsFile]]) -> None:
    seen: dict[tuple[str, ...], Path] = {}
    for ids, one in named:
        first = seen.setdefault(tuple(ids.values()), one.path)
        if first != one.path:
            raise DataError(
                f"{first} and {one.path.name} are the same recording: subject {ids['subject']}, "
                f"session {ids['session']}, run {ids['run']}. Remove the copy, or give one of them "
                "a run of its own."
            )


def _check_card(card: Card, variant: Variant) -> None:
    if card.modality not in (*_bids_raw.EXTENSIONS, "fmri"):
        known = ", ".join((*_bids_raw.EXTENSIONS, "fmri"))
        raise ConfigError(f"{card.name}: modality {card.modality!r}; the reader bids has {known}.")
    unit = variant.channels.unit
    if unit not in FACTORS:
        known = ", ".join(filter(None, FACTORS))
        raise ConfigError(f"{card.name}: channels.unit {unit!r}; known: {known}.")
    if variant.events.source != "annotations":
        raise ConfigError(
            f"{card.name}: events.from: the events of a BIDS data set stand in its events.tsv. "
            "Remove the key, or read the folder with the reader files."
        )


def _described(
    card: Card, variant: Variant, ids: Mapping[str, str], participant: Mapping[str, str]
) -> dict[str, object]:
    options: Options = variant.options
    channels = variant.channels
    own: dict[str, object] = {
        "channels": {
            "unit": channels.unit,
            "types": dict(channels.types),
            "bads": channels.bads_of(_name(ids)),
            "interpolate": channels.interpolate,
        },
        "montage": options.montage,
        "also": options.also,
    }
    if card.modality == "fmri":
        own = {"confounds": dict(options.confounds), "per_volume": options.per_volume}
        own["run"] = ids["run"]  # part of the names of blocks
    return {
        "reader": "bids",
        "version": version,
        "libraries": ("nibabel", "nilearn", "numpy") if card.modality == "fmri" else libraries,
        "modality": card.modality,
        "events": {k: v for k, v in asdict(variant.events).items() if k != "path"},
        # Of participants.tsv one row counts: somebody more must not make all recordings anew.
        "participant": dict(participant),
        **own,
    }
