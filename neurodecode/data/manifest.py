"""Digests of source files, taken when a file is first seen and again when it may have changed."""

import hashlib
import logging
import time
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
    try:
        status = path.stat()
    except FileNotFoundError:
        raise DataMissing(f"{path}: there is no such file. Fetch it, or leave it out.") from None
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
