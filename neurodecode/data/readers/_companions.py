"""Files that a recording needs beside the one that is opened."""

import re
from pathlib import Path

from neurodecode.core.errors import DataError, DataMissing

_BRAINVISION = re.compile(r"^(?:DataFile|MarkerFile)\s*=\s*(.+?)\s*$", re.MULTILINE)
_BESIDE = {".set": ".fdt", ".lay": ".dat", ".data": ".head"}


def companions(path: Path) -> list[Path]:
    """Files beside `path` that belong to the same recording: markers, data, later parts.

    Raises
    ------
    DataMissing
        If the header names a file that is not there.
    DataError
        If it names one outside its own folder.
    """
    if path.suffix == ".vhdr":
        text = path.read_text(encoding="latin-1")
        return [_beside(path, name) for name in dict.fromkeys(_BRAINVISION.findall(text))]
    if path.suffix in _BESIDE:
        other = path.with_suffix(_BESIDE[path.suffix])
        return [other] if other.is_file() else []
    if ".fif" in path.suffixes:
        stem, _, ending = path.name.partition(".")
        parts = (path.with_name(f"{stem}-{number}.{ending}") for number in range(1, 1000))
        found = []
        for part in parts:
            if not part.is_file():
                break
            found.append(part)
        return found
    return []


def _beside(path: Path, name: str) -> Path:
    named = name.replace("$b", path.stem)
    other = path.parent / named
    if Path(named).is_absolute() or path.parent.resolve() not in other.resolve().parents:
        raise DataError(
            f"{path}: it names the file {name!r}, outside its own folder, which is not followed. "
            "Put the files side by side and correct the name."
        )
    if not other.is_file():
        raise DataMissing(
            f"{path}: it names the file {name!r}, which is not beside it. Fetch that file, or "
            "correct the name if the files were renamed."
        )
    return other
