"""Digests of source files, taken when a file is first seen and again when it may have changed."""

import hashlib
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path

from neurodecode.core.digest import digest
from neurodecode.core.errors import DataError, DataMissing
from neurodecode.core.files import read_json, write_json
from neurodecode.data.cache import unwritable

logger = logging.getLogger(__name__)

_CHUNK = 1 << 20
# A file changed again within the clock's step of its last change shows the same time of change, so
# the digest of a file this young is taken anew next time.
_SETTLED_NS = 2_000_000_000


def file_sha256(path: Path, cache: Path, *, rehash: bool = False) -> str:
    """Digest of a file's content, remembered until its size, time of change or inode differs.

    Parameters
    ----------
    path : Path
    cache : Path
        The cache folder; one small file a source file is kept in its ``manifests``.
    rehash : bool
        Whether the content is read again in any case.

    Returns
    -------
    sha256 : str

    Raises
    ------
    DataMissing
        If there is no such file.
    DataError
        If it cannot be read, or nothing can be written to the cache folder.
    """
    path = path.resolve()
    status = _status_of(path)
    note = cache / "manifests" / f"{digest(str(path))}.json"
    seen = _read_note(note)
    now = {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "inode": status.st_ino}
    if not rehash and seen and all(seen.get(name) == value for name, value in now.items()):
        return seen["sha256"]
    sha256 = _sha256(path)
    if seen and seen["sha256"] != sha256:
        logger.warning(
            "%s: the file has changed since it was first seen (sha256 %s, now %s). What was made "
            "from the old one is made again.",
            path,
            seen["sha256"][:12],
            sha256[:12],
        )
    settled = time.time_ns() - status.st_mtime_ns > _SETTLED_NS
    try:
        write_json(note, {"path": str(path), "sha256": sha256, **now, "settled": settled})
    except OSError as error:
        raise unwritable(cache, error) from error
    return sha256


def files_sha256(folder: Path, names: Sequence[str], cache: Path) -> str:
    """Digest of the names and contents of files in a folder, remembered file by file in one note.

    For many small files, such as pictures: a note for each of 70,000 would be as many files again.

    Parameters
    ----------
    folder : Path
    names : sequence of str
        Paths within the folder.
    cache : Path

    Raises
    ------
    DataMissing
        If one of them is gone.
    DataError
        If one cannot be read, or nothing can be written to the cache folder.
    """
    folder = folder.resolve()
    note = cache / "manifests" / f"{digest(['files of', str(folder), list(names)])}.json"
    try:
        before = read_json(note)["files"]
    except (OSError, DataError, KeyError):
        before = {}
    files, now = {}, time.time_ns()
    for name in names:
        status = _status_of(folder / name)
        seen = [status.st_size, status.st_mtime_ns, status.st_ino]
        known = before.get(name)
        if known and known[:3] == seen:
            files[name] = known
        else:
            settled = now - status.st_mtime_ns > _SETTLED_NS
            # Of a file this young the time of change is left out, so that it never agrees.
            files[name] = [*(seen if settled else [seen[0], None, None]), _sha256(folder / name)]
    if files != before:
        try:
            write_json(note, {"path": str(folder), "files": files})
        except OSError as error:
            raise unwritable(cache, error) from error
    return digest([[name, files[name][3]] for name in names])


def _status_of(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError:
        raise DataMissing(f"{path}: there is no such file. Fetch it, or leave it out.") from None


def _read_note(note: Path) -> dict:
    try:
        seen = read_json(note)
    except (OSError, DataError):
        return {}
    return seen if seen.get("settled", False) else {"sha256": seen["sha256"]}


def _sha256(path: Path) -> str:
    content = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                content.update(chunk)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}). Check its permissions and the disk."
        ) from error
    return content.hexdigest()
