"""One file from one server: whole and with the right digest, or a part to go on from.

pooch asks and writes; what is ours is that a transfer goes on where it stopped, that nobody but the
card's hosts is asked, and that no more comes than was announced.
"""

import contextlib
import functools
import os
import time
from collections.abc import Callable, Collection, Generator, Iterable
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

from neurodecode.core.errors import DataError
from neurodecode.core.files import alive
from neurodecode.data.listing import ListedFile

CHUNK = 1 << 16  # bytes that are written at once; what is less is lost where a server breaks off
_ATTEMPTS = 4
_PAUSE = 2.0  # seconds before the second attempt, twice as long before each further one
_TIMEOUT = 60.0  # seconds without a byte
_PLAIN = {"Accept-Encoding": "identity"}  # a digest is of the file, not of how it travels


class Unreachable(DataError):
    """The server cannot be spoken to at all, so others of its files are not asked for either."""


def download(
    file: ListedFile,
    path: Path,
    hosts: Collection[str],
    advance: Callable[[int], object] = lambda n_bytes: None,
) -> None:
    """Get a file, going on from what an earlier attempt left.

    Parameters
    ----------
    file : ListedFile
    path : Path
        Where it appears, by one rename, once its digest is right. Until then what came lies beside
        it as ``NAME.part``, from where the next call goes on if the server is able to.
    hosts : collection of str
        Those that may be asked, with their port where it is not the usual one.
    advance : callable
        Told of every number of bytes that came.

    Raises
    ------
    DataError
        If the server has another file or none, sends us elsewhere, or breaks off every time;
        `Unreachable` if it does not answer at all.
    OSError
        If nothing can be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _claimed(path) as part:
        found = _sha256(part) if part.stat().st_size else ""
        for attempt in range(1, _ATTEMPTS + 1):
            if found == file.sha256:
                break
            went_on = 0 < part.stat().st_size != file.size
            why = _transfer(file, part, hosts, advance, last=attempt == _ATTEMPTS)
            if why:
                time.sleep(_PAUSE * 2 ** (attempt - 1))
                continue
            found = _sha256(part)
            if found != file.sha256:
                part.write_bytes(b"")
            if not went_on:
                break
        if found != file.sha256:
            raise DataError(
                f"{file.path}: {file.url} is not the file of the list: expected sha256 "
                f"{file.sha256}, found {found}. Nothing of it was kept. Either the server has "
                "changed it or something on the way did: ask those who publish it."
            )
        part.replace(path)


def host_of(url: str) -> str:
    """Host of a URL as it is compared: small letters, with a port where it is named."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def remote_sizes(files: Iterable[ListedFile], hosts: Collection[str]) -> dict[str, int | None]:
    """Ask the servers how large files are; None where one does not say.

    Raises
    ------
    Unreachable
        If a server does not answer.
    """
    import requests

    sizes: dict[str, int | None] = {}
    with requests.Session() as session:
        for file in files:
            look = functools.partial(_check_redirect, file=file, hosts=hosts)
            try:
                response = session.head(
                    file.url,
                    headers=_PLAIN,
                    timeout=_TIMEOUT,
                    allow_redirects=True,
                    hooks={"response": lambda response, look=look, **_: look(response)},
                )
            except requests.RequestException as error:
                raise _unreachable(file, error) from error
            length = response.headers.get("Content-Length", "")
            sizes[file.path] = int(length) if response.ok and length.isdigit() else None
    return sizes


def _transfer(
    file: ListedFile,
    part: Path,
    hosts: Collection[str],
    advance: Callable[[int], object],
    *,
    last: bool,
) -> str:
    """Let bytes come until there are no more; says why that was too early, and raises at last."""
    import requests
    from pooch import HTTPDownloader

    with part.open("r+b") as stream:
        there = stream.seek(0, os.SEEK_END)
        if file.size is not None and there >= file.size:  # what is there is not that file
            there = stream.seek(0)
            stream.truncate()
        written = _Written(stream, file, advance)

        answered = False

        def look(response: requests.Response, **_: object) -> None:
            nonlocal answered
            answered = True
            _check_redirect(response, file, hosts)
            if response.is_redirect:
                return
            begins = response.headers.get("Content-Range", "").removeprefix("bytes ")
            goes_on = response.status_code == requests.codes.partial_content
            beyond = response.status_code == requests.codes.range_not_satisfiable
            if beyond or (response.ok and not (goes_on and begins.startswith(f"{there}-"))):
                written.begin_anew()  # the server sends all of it, or has less than is here

        headers = _PLAIN | ({"Range": f"bytes={there}-"} if there else {})
        get: Any = HTTPDownloader(
            chunk_size=CHUNK, headers=headers, hooks={"response": look}, timeout=_TIMEOUT
        )
        try:
            get(file.url, written, None)
            size = stream.tell()
            short = file.size is not None and size < file.size
            why = f"{size:,} of {file.size:,} bytes came" if short else ""
        except requests.HTTPError as error:
            why = _refusal(file, error.response)
        except requests.RequestException as error:
            if last and not answered:
                raise _unreachable(file, error) from error
            why = _reason(error)
    if why and last:
        raise _broken_off(file, why, part)
    return why


class _Written:
    """What pooch writes to: counts, and takes no more than was announced."""

    def __init__(self, stream: BinaryIO, file: ListedFile, advance: Callable[[int], object]):
        self._stream = stream
        self._file = file
        self._advance = advance

    def begin_anew(self) -> None:
        self._stream.seek(0)
        self._stream.truncate()

    def write(self, chunk: bytes) -> None:
        size = self._file.size
        if size is not None and self._stream.tell() + len(chunk) > size:
            self.begin_anew()
            raise DataError(
                f"{self._file.path}: {self._file.url} sends more than the {size:,} bytes of the "
                "list, so it is another file. Nothing of it was kept."
            )
        self._stream.write(chunk)
        self._advance(len(chunk))

    def flush(self) -> None:
        self._stream.flush()


def _check_redirect(response, file: ListedFile, hosts: Collection[str]) -> None:
    """Refuse, before it is followed, to be sent to a host that the card does not name."""
    if not response.is_redirect:
        return
    there = urljoin(response.url, response.headers["Location"])
    if host_of(there) not in hosts:
        raise DataError(
            f"{file.path}: {host_of(file.url)} sends us on to {host_of(there) or there}, which the "
            f"card does not name, so it was not asked. If that is right, add it to files: hosts."
        )
    if urlsplit(response.url).scheme == "https" and urlsplit(there).scheme != "https":
        raise DataError(
            f"{file.path}: {response.url} sends us on without encryption. Not followed."
        )


def _refusal(file: ListedFile, response) -> str:
    """Say what the server said, to try again; raise where that is no use."""
    said = f"{host_of(file.url)} says {response.status_code} {response.reason}"
    temporary = (408, 416, 425, 429, 500, 502, 503, 504)
    if response.status_code in temporary:
        return said
    raise DataError(
        f"{file.path}: {said} for {file.url}. The list may be older than the server: see the data "
        "set's page."
    )


@contextlib.contextmanager
def _claimed(path: Path) -> Generator[Path]:
    """Take what came of a file so far for this process alone, and leave it for the next one."""
    free = path.with_name(f"{path.name}.part")
    mine = path.with_name(f".{path.name}.{os.getpid()}.part")
    for other in path.parent.glob(f".{_escaped(path.name)}.*.part"):
        writer = other.name.removesuffix(".part").rpartition(".")[2]
        if writer.isdigit() and int(writer) != os.getpid() and alive(int(writer)):
            raise DataError(
                f"{path.name}: process {writer} is fetching it. Wait for it; if there is no such "
                f"fetch, delete {other}."
            )
        other.replace(free)
    with contextlib.suppress(FileNotFoundError):
        free.replace(mine)
    mine.touch()
    try:
        yield mine
    finally:
        if mine.exists() and mine.stat().st_size:
            mine.replace(free)
        else:
            mine.unlink(missing_ok=True)


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _sha256(part: Path) -> str:
    import pooch

    return pooch.file_hash(str(part), alg="sha256")


def _broken_off(file: ListedFile, why: str, part: Path) -> DataError:
    kept = part.stat().st_size
    return DataError(
        f"{file.path}: broken off {_ATTEMPTS} times: {why}. {kept / 1e6:.1f} MB are kept; the same "
        "command goes on from there."
    )


def _unreachable(file: ListedFile, error: Exception) -> Unreachable:
    return Unreachable(
        f"{file.path}: {host_of(file.url)} cannot be reached ({_reason(error)}). See whether this "
        "machine is online (HTTPS_PROXY names a proxy); the same command tries again."
    )


def _reason(error: Exception) -> str:
    """Give the innermost of a chain of errors, in one line."""
    inner: BaseException = error
    while (under := inner.__cause__ or inner.__context__) is not None:
        inner = under
    said = getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return " ".join(str(said).split())[:200]
