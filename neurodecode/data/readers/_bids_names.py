"""Names of a BIDS data set: what a file is of, and which sidecars belong to it.

The entities and the inheritance principle are those of the Brain Imaging Data Structure 1.10
(Gorgolewski et al. 2016, doi 10.1038/sdata.2016.44). Only names are looked at; no file is opened.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from neurodecode.core.config import nearest
from neurodecode.core.errors import DataError, DataMissing
from neurodecode.data.readers._templates import warn_of_dangling

_NAME = re.compile(r"((?:[a-zA-Z]+-[a-zA-Z0-9+]+_)+)([a-zA-Z0-9]+)((?:\.[a-zA-Z0-9]+)+)")
_CALIBRATION = ("crosstalk", "calibration")  # of an Elekta scanner, stored beside recordings


@dataclass(frozen=True)
class BidsFile:
    """A file and what its name says.

    Parameters
    ----------
    path : Path
    entities : mapping of str to str
        Such as ``{"sub": "01", "task": "rest"}``.
    suffix, extension : str
        Such as ``eeg`` and ``.vhdr``.
    """

    path: Path
    entities: Mapping[str, str]
    suffix: str
    extension: str

    @property
    def held(self) -> tuple[Path, ...]:
        """The file itself, or all files of a recording that is a folder, such as CTF's ``.ds``."""
        if not self.path.is_dir():
            return (self.path,)
        return tuple(sorted(one for one in self.path.rglob("*") if one.is_file()))


def parse(path: Path) -> BidsFile | None:
    """Take a name apart; None where it is none of BIDS."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    pairs = [pair.split("-", 1) for pair in found.group(1).rstrip("_").split("_")]
    entities = dict(pairs)
    if len(entities) < len(pairs):
        return None
    return BidsFile(path, entities, found.group(2), found.group(3))


def files_of(root: Path, folder: str, suffix: str, extensions: Sequence[str]) -> list[BidsFile]:
    """All recordings below ``sub-*/[ses-*/]folder`` of one suffix, in the order of their names.

    Links to files that are not here, as git-annex leaves them, are named in a warning.

    Raises
    ------
    DataError
        If a file of one of the extensions has no BIDS name, or lies in another's folder.
    """
    fits, dangling = [], []
    for path in _below(root, folder):
        ending = next((e for e in extensions if path.name.lower().endswith(e)), None)
        if ending is None or path.name.startswith("."):
            continue
        one = parse(path)
        if one is None:
            raise DataError(
                f"{path}: its name is none of BIDS. Expected "
                f"sub-LABEL[_ses-LABEL]_task-LABEL[_run-INDEX]_{suffix}{ending}, letters and "
                "digits alone in each label. Rename it with its sidecars, or move it to "
                "sourcedata/."
            )
        if one.suffix != suffix or one.entities.get("acq") in _CALIBRATION:
            continue
        _check_place(one, root, suffix)
        if path.exists():
            fits.append(one)
        else:
            dangling.append(path)
    warn_of_dangling(dangling)
    return fits


def sidecars(root: Path, one: BidsFile, suffix: str, extension: str) -> list[Path]:
    """Files of a suffix that are for `one` by the inheritance principle, the nearest first.

    A sidecar is for all recordings below its folder that have the entities in its name; ``space``
    and ``desc`` tell of the sidecar itself.

    Raises
    ------
    DataError
        If two in one folder fit equally well.
    """
    found: list[Path] = []
    folder = one.path.parent
    while True:
        fits = [other for other in _sidecars_in(folder, suffix, extension) if _is_for(other, one)]
        fits.sort(key=lambda other: -len(_own(other)))
        if len(fits) > 1 and len(_own(fits[0])) == len(_own(fits[1])):
            raise DataError(
                f"{one.path}: {fits[0].path.name} and {fits[1].path.name} could both be its "
                f"{suffix}{extension}. Remove one, or name them apart."
            )
        found += [other.path for other in fits]
        if folder == root or folder.parent == folder:
            return found
        folder = folder.parent


def sidecar(root: Path, one: BidsFile, suffix: str, extension: str, why: str) -> Path:
    """Give the nearest sidecar of a suffix.

    Raises
    ------
    DataMissing
        If there is none, with the reason it is needed.
    """
    found = sidecars(root, one, suffix, extension)
    if not found:
        stem = one.path.name.removesuffix(one.extension).removesuffix(f"_{one.suffix}")
        raise DataMissing(
            f"{one.path.parent / f'{stem}_{suffix}{extension}'}: this sidecar of {one.path.name} "
            f"is missing{why}"
        )
    return found[0]


def check_choice(wanted: str, entity: str, word: str, files: Sequence[BidsFile]) -> list[BidsFile]:
    """Keep the files that have an entity's value; without a wish all must have the same.

    Parameters
    ----------
    wanted : str
        Empty for no wish.
    entity, word : str
        As in names (``acq``), and as in the card (``acquisition``).
    files : sequence of BidsFile

    Raises
    ------
    DataMissing
        If none has it.
    DataError
        If there is no wish, and several values.
    """
    there = sorted({one.entities.get(entity, "") for one in files})
    named = [value for value in there if value]
    if wanted and wanted not in there:
        raise DataMissing(
            f"{files[0].path.parent}: no recording of {word} {wanted!r} is in this data set."
            f"{nearest(wanted, named) if named else ' No name there has one.'} Correct {word} in "
            "the card's reader."
        )
    if not wanted and len(there) > 1:
        listed = ", ".join(value or f"none ({entity}- left out)" for value in there)
        raise DataError(
            f"{files[0].path.parent}: this data set has recordings of several values of {word}: "
            f"{listed}. Say which in the card: reader: {{bids: {{{word}: {named[0]}}}}}."
        )
    return [one for one in files if not wanted or one.entities.get(entity, "") == wanted]


def _below(root: Path, folder: str) -> Iterator[Path]:
    for subject in sorted(root.glob("sub-*")):
        places = [subject / folder, *sorted(subject.glob(f"ses-*/{folder}"))]
        for place in places:
            if place.is_dir():
                yield from sorted(place.iterdir())


def _check_place(one: BidsFile, root: Path, suffix: str) -> None:
    parts = one.path.relative_to(root).parts
    place = {part.split("-", 1)[0]: part.split("-", 1)[1] for part in parts[:-2]}
    said = {entity: one.entities[entity] for entity in ("sub", "ses") if entity in one.entities}
    if said != place:
        raise DataError(
            f"{one.path}: its name says {_words(said)}, its folder {_words(place)}. Rename the "
            "file with its sidecars, or move them to the folder of their own."
        )
    if "task" not in one.entities:
        raise DataError(
            f"{one.path}: its name has no task, which BIDS requires of {suffix} recordings. "
            f"Rename it to {_words(said)}_task-LABEL_{suffix}{one.extension}, with its sidecars."
        )


def _words(entities: Mapping[str, str]) -> str:
    return "_".join(f"{entity}-{value}" for entity, value in entities.items()) or "nothing"


def _sidecars_in(folder: Path, suffix: str, extension: str) -> Iterator[BidsFile]:
    for path in sorted(folder.glob(f"*{suffix}{extension}")):
        if path.name == f"{suffix}{extension}":  # for all: at the top its name has no entity
            yield BidsFile(path, {}, suffix, extension)
        elif (one := parse(path)) and (one.suffix, one.extension) == (suffix, extension):
            yield one


def _own(one: BidsFile) -> dict[str, str]:
    return {k: v for k, v in one.entities.items() if k not in ("space", "desc")}


def _is_for(other: BidsFile, one: BidsFile) -> bool:
    return _own(other).items() <= one.entities.items()
