"""Unpacking an archive of a stranger: whole or not at all, and nowhere but in its folder."""

import gzip
import io
import os
import re
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from neurodecode.core.errors import DataError
from neurodecode.core.files import whole_folder

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
MOST_BYTES = 500_000_000_000
MOST_MEMBERS = 200_000
# Recordings shrink to a half or a quarter, masks and tables to a hundredth; zeros in deflate to
# a thousandth. An archive that grows to less than this many bytes may be as dense as it likes.
MOST_RATIO = 200
ALWAYS_ALLOWED = 50_000_000
_CHUNK = 1 << 20
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    ValueError,
)
_ENCRYPTED = 0x1
_LONGEST_NAME = 255  # bytes, of a file or folder on any common disk
# Drives and separators of Windows, and what a terminal would act upon.
_UNSAFE = re.compile(r"[\\\x00-\x1f\x7f]|^[A-Za-z]:")


def stem(name: str) -> str:
    """Name of an archive without the ending that says how it is packed.

    Raises
    ------
    DataError
        If the ending is of no kind that `unpack` reads.
    """
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    raise DataError(f"{name}: no archive that is read; it ends in none of {', '.join(SUFFIXES)}.")


def unpack(archive: Path, folder: Path, *, most_bytes: int = MOST_BYTES) -> dict[str, int]:
    """Unpack a zip or tar archive into a folder that is not there yet.

    Parameters
    ----------
    archive : Path
        Its kind is told by its ending: one of `SUFFIXES`.
    folder : Path
        Appears by one rename once every member is in it; on any error nothing is left behind.
    most_bytes : int
        What the members may have together.

    Returns
    -------
    members : dict of str to int
        Each file's place in the folder, and its size in bytes.

    Raises
    ------
    DataError
        If a member is a link or a device, would lie outside `folder`, or is there twice; if the
        archive stands for more than `most_bytes`, or for more than 200 times its own size; if it
        is damaged or encrypted; or if `folder` is there already.
    """
    stem(archive.name)
    if folder.exists():
        raise DataError(f"{folder} is there already. Move it away to unpack {archive.name} anew.")
    packed = archive.stat().st_size
    allowed = min(most_bytes, max(ALWAYS_ALLOWED, MOST_RATIO * packed))
    taken = _Taken(archive, allowed)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with whole_folder(folder) as writing, _members(archive, taken) as members:
            for name, size, content in members:
                _write(writing / name, size, content, archive)
                taken.files[name] = size
    except _DAMAGED as error:
        raise DataError(f"{archive}: damaged ({error}). Delete it and fetch it again.") from error
    except NotImplementedError as error:  # a compression that zipfile does not know
        raise DataError(f"{archive}: cannot be unpacked ({error}). Unpack it by hand.") from error
    return taken.files


@dataclass
class _Taken:
    """What was taken from an archive so far, held to its limits."""

    archive: Path
    most_bytes: int
    n_bytes: int = 0
    n_members: int = 0
    files: dict[str, int] = field(default_factory=dict)
    _spelled: dict[str, str] = field(default_factory=dict)
    _folders: set[str] = field(default_factory=set)

    def member(self, name: str, *, is_folder: bool) -> str:
        """Check a member's name; gives its place below the folder, with slashes."""
        self.n_members += 1
        if self.n_members > MOST_MEMBERS:
            raise DataError(f"{self.archive}: more than {MOST_MEMBERS:,} members. Not unpacked.")
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or _UNSAFE.search(name):
            raise self.refused(name, "would lie outside the folder")
        if any(len(os.fsencode(part)) > _LONGEST_NAME for part in path.parts):
            raise self.refused(name, f"has a name of more than {_LONGEST_NAME} bytes")
        place = path.as_posix()
        if place == ".":
            if is_folder:
                return place
            raise self.refused(name, "has no name")
        # Disks that fold case or accents would put two such members into one file.
        folded = [
            unicodedata.normalize("NFC", part.as_posix()).casefold()
            for part in (path, *path.parents[:-1])
        ]
        above = folded[1:] if not is_folder else folded
        if any(part in self._spelled for part in above):
            raise self.refused(name, f"lies below the file {self._spelled_in(above)!r}")
        self._folders.update(above)
        if not is_folder:
            if folded[0] in self._spelled or folded[0] in self._folders:
                raise self.refused(name, "is there twice")
            self._spelled[folded[0]] = place
        return place

    def count(self, n_bytes: int) -> None:
        """Note that bytes came, or are announced."""
        self.n_bytes += n_bytes
        if self.n_bytes > self.most_bytes:
            raise DataError(
                f"{self.archive}: its members have more than the {self.most_bytes / 1e6:,.0f} MB "
                "that an archive of its size may hold. Not unpacked; if you trust it, unpack it "
                "by hand."
            )

    def refused(self, name: str, why: str) -> DataError:
        """Make the error of a member that is not unpacked."""
        shown = name if name.isprintable() else repr(name)
        return DataError(
            f"{self.archive}: its member {shown!r} {why}. Nothing was unpacked; tell those who "
            "made the archive."
        )

    def _spelled_in(self, places: list[str]) -> str:
        return next(self._spelled[place] for place in places if place in self._spelled)


_Members = Iterator[tuple[str, int, IO[bytes]]]


@contextmanager
def _members(archive: Path, taken: _Taken) -> Generator[_Members]:
    """Give an iterator over the files of an archive: place, size and content of each."""
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as opened:
            yield _of_zip(opened, taken)
        return
    with archive.open("rb") as stream:
        packed = archive.name.lower().endswith("gz")
        plain = gzip.GzipFile(fileobj=stream) if packed else stream
        # tarfile reads some headers into memory as long as they say they are, so what is read for
        # headers is counted too, not the members' content alone.
        counting = io.BufferedReader(_Counting(plain, taken), _CHUNK)
        with tarfile.open(fileobj=counting, mode="r|") as opened:
            yield _of_tar(opened, taken)
        while counting.read(_CHUNK):  # to the end, where gzip keeps its checksum
            pass


def _of_zip(opened: zipfile.ZipFile, taken: _Taken) -> _Members:
    infos = opened.infolist()
    for info in infos:  # all names first: nothing is written of an archive with a bad one
        taken.count(info.file_size)
    for info in infos:
        if not info.filename:
            raise taken.refused(info.orig_filename, "has no name")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise taken.refused(info.filename, "is a link or a device")
        if info.flag_bits & _ENCRYPTED:
            raise taken.refused(info.filename, "is encrypted")
        # zipfile makes slashes of backslashes where the system does; the original name tells.
        name = taken.member(info.orig_filename, is_folder=info.is_dir())
        if not info.is_dir():
            with opened.open(info) as content:
                yield name, info.file_size, content


def _of_tar(opened: tarfile.TarFile, taken: _Taken) -> _Members:
    for member in opened:
        if not (member.isreg() or member.isdir()) or member.issparse():
            raise taken.refused(member.name, "is a link or a device")
        name = taken.member(member.name, is_folder=member.isdir())
        if member.isdir():
            continue
        if taken.n_bytes + member.size > taken.most_bytes:
            taken.count(member.size)
        content = opened.extractfile(member)
        assert content is not None  # it is a regular file
        with content:
            yield name, member.size, content


def _write(path: Path, size: int, content: IO[bytes], archive: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    left = size
    with path.open("xb") as stream:
        while left and (chunk := content.read(min(_CHUNK, left))):
            stream.write(chunk)
            left -= len(chunk)
    if left or content.read(1):  # reading past the end makes zipfile check its checksum
        raise DataError(
            f"{archive}: damaged: {path.name} is not of the {size} bytes that the archive says. "
            "Delete it and fetch it again."
        )


class _Counting(io.RawIOBase):
    """A stream whose bytes are counted as they are read."""

    def __init__(self, stream: gzip.GzipFile | IO[bytes], taken: _Taken):
        self._stream = stream
        self._taken = taken

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        chunk = self._stream.read(len(buffer))
        self._taken.count(len(chunk))
        buffer[: len(chunk)] = chunk
        return len(chunk)
