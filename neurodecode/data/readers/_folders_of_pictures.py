"""Folders of pictures, texts and sounds: what is in them, in an order of their own."""

from collections import Counter
from pathlib import Path, PurePosixPath

from neurodecode.core.errors import DataError

_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
TEXT, SOUND = ".txt", ".wav"


def wanted(name: str) -> bool:
    """Whether a file is a picture, a text or a sound, and not hidden."""
    return name.lower().endswith((*_PICTURES, TEXT, SOUND)) and not PurePosixPath(
        name
    ).name.startswith(".")


def inside(path: Path) -> list[str]:
    """Names of what is below a folder, folder by folder, in the order of names.

    Raises
    ------
    DataError
        If one is a link that leaves the folder.
    """
    found = sorted(one for one in path.rglob("*") if wanted(one.name) and one.is_file())
    for one in found:
        if path.resolve() not in one.resolve().parents:
            raise DataError(
                f"{one}: a link that leaves the folder of stimuli, which is not followed. Copy the "
                "file itself."
            )
    return [one.relative_to(path).as_posix() for one in found]


def names_in_order(path: Path) -> list[str]:
    """Names without folders and endings, where rows are told by nothing but their order.

    Raises
    ------
    DataError
        If there is none, two are called alike, or folders hold different numbers: where one is
        missing, all that follow would be taken for others.
    """
    found = [PurePosixPath(name) for name in inside(path)]
    if not found:
        raise DataError(f"{path}: there is no picture in it. Fetch it, or correct the card.")
    counts = Counter(one.parent for one in found)
    usual = Counter(counts.values()).most_common(1)[0][0]
    for folder, count in counts.items():
        if count != usual:
            raise DataError(
                f"{path / folder}: {count} pictures, and other folders hold {usual}. Pictures are "
                "told by their order here, so all that follow would be taken for others. Fetch it "
                "again."
            )
    names = [one.stem for one in found]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{path}: two pictures are called {twice[0]!r}. Remove one.")
    return names
