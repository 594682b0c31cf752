"""From a card to recordings; a reader is one file here.

A reader has ``Options`` (a frozen dataclass: its keys in a card), ``version``, ``libraries`` (those
that its numbers come from), ``find(card, variant, root) -> list[Recording]`` and
``more_files(path)``: what is read along with a file.
"""

import itertools
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.core.files import cache_folder
from neurodecode.core.recording import Recording, SourceFile
from neurodecode.data.cards import reader_module
from neurodecode.data.manifest import file_sha256
from neurodecode.data.readers import _simulated
from neurodecode.data.roots import how_to_get
from neurodecode.data.simulated import is_simulated
from neurodecode.data.specs import Card

logger = logging.getLogger(__name__)


def find_recordings(
    card: Card,
    variant: str,
    root: Path,
    *,
    subjects: Sequence[str] | None = None,
    sessions: Sequence[str] | None = None,
    runs: Sequence[str] | None = None,
    task_runs: Sequence[str] | None = None,
    cache: Path | None = None,
    rehash: bool = False,
) -> list[Recording]:
    """Give the recordings of a card below `root`, with the digests of their files.

    Parameters
    ----------
    card : Card
    variant : str
        Name of a layout; empty for the card's only or first one.
    root : Path
        Folder of the data set.
    subjects, sessions, runs : sequence of str or None
        Ids as the file names have them; None for all.
    task_runs : sequence of str or None
        Runs that the task is in, of which some people may lack some; taken where `runs` is None.
    cache : Path or None
        Where digests are remembered; None for the cache folder.
    rehash : bool
        Whether every file is read again for its digest.

    Returns
    -------
    recordings : list of Recording
        In the order of subject, session, run.

    Raises
    ------
    DataMissing
        If there is no file at all, or none of a subject, session or run that was asked.
    DataError
        If two files are the same recording.
    """
    layout = card.variant(variant)
    reader = _simulated if is_simulated(layout) else reader_module(layout.reader)
    there = reader.find(card, layout, root)
    if not there:
        raise DataMissing(
            f"{card.name}: no recording of it is in {root}. {how_to_get(card, variant)}"
        )
    asked = {
        "subject": subjects,
        "session": sessions,
        "run": task_runs if runs is None else runs,
    }
    chosen = [r for r in there if all(v is None or getattr(r, k) in v for k, v in asked.items())]
    _check_found(card, variant, root, asked, there, chosen, every_run=runs is not None)
    chosen.sort(key=lambda r: (r.subject, r.session, r.run))
    for one, other in itertools.pairwise(chosen):
        if one.id == other.id:
            raise DataError(
                f"{card.name}: {one.files[0].path} and {other.files[0].path} are both {one.id}. "
                "Tell them apart in the path template, or remove one."
            )
    cache = cache_folder() if cache is None else cache
    shared: dict[Path, str] = {}
    named = [replace(one, card=card.name) for one in chosen]
    return [_with_digests(one, reader.more_files, cache, shared, rehash=rehash) for one in named]


def open_file(card: Card, variant: str, path: Path, cache: Path | None = None) -> Recording:
    """Give the recording of one file, wherever it lies, as a card's reader reads it.

    Parameters
    ----------
    card : Card
    variant : str
        Name of a layout; empty for the card's only or first one.
    path : Path
    cache : Path or None
        Where digests are remembered; None for the cache folder.

    Raises
    ------
    ConfigError
        If the reader opens whole data sets alone.
    DataMissing
        If there is no such file.
    """
    layout = card.variant(variant)
    if is_simulated(layout):
        raise ConfigError(
            f"{card.name}: the recordings are simulated, so no file is one of them. Run the "
            "experiment on recordings that were read, and use what it keeps."
        )
    reader = reader_module(layout.reader)
    if not hasattr(reader, "open_file"):
        raise ConfigError(
            f"the reader {layout.reader!r} of {card.name} opens whole data sets, no single files. "
            "Put the recordings where the card finds them and run the experiment."
        )
    found = reader.open_file(card, layout, path)
    return _with_digests(found, reader.more_files, cache or cache_folder(), {}, rehash=False)


def _check_found(card, variant, root, asked, there, chosen, *, every_run) -> None:
    made = is_simulated(card.variant(variant))
    where = "among those that are simulated" if made else f"in {root}"
    remedy = "Choose one of them." if made else how_to_get(card, variant)
    # What is simulated cannot be got: another choice has to be made.
    kind = ConfigError if made else DataMissing
    for entity, values in asked.items():
        known = sorted({getattr(one, entity) for one in there})
        absent = [value for value in values or () if value not in known]
        # A task may be in runs that some people lack; the others were asked for by name.
        if absent and (entity != "run" or every_run or len(absent) == len(values)):
            raise kind(
                f"{card.name}: no recording of {entity} {', '.join(absent)} {where}; there are: "
                f"{', '.join(known[:40])}. {remedy}"
            )
    if not chosen:
        said = "; ".join(f"{k} {', '.join(v)}" for k, v in asked.items() if v is not None)
        raise kind(
            f"{card.name}: no recording {where} is of all of {said}. There are: "
            f"{', '.join(one.id for one in there[:20])}. {remedy}"
        )
    for subject in asked["subject"] or ():
        lacking = [
            run
            for run in asked["run"] or ()
            if not any(one.subject == subject and one.run == run for one in chosen)
        ]
        if lacking and len(lacking) == len(asked["run"]):
            raise kind(
                f"{card.name}: subject {subject} has no run {', '.join(lacking)} {where}. Leave "
                f"the subject out of data: subjects. {remedy}"
            )
        if lacking:
            logger.warning("%s: subject %s lacks run %s.", card.name, subject, ", ".join(lacking))


def _with_digests(recording, more_files, cache, shared, *, rehash) -> Recording:
    paths = dict.fromkeys(file.path for file in recording.files)
    for file in recording.files:
        paths.update(dict.fromkeys(more_files(file.path) if file.path.is_file() else ()))
    for path in paths:
        if path not in shared:
            shared[path] = file_sha256(path, cache, rehash=rehash)
    return replace(recording, files=tuple(SourceFile(path, shared[path]) for path in paths))
