"""What the cache folder holds, what it costs, and how it is made smaller.

::

    CACHE/
      prepared/KEY/     signals after preparation: data/prepared.py
      stages/KEY.npy    what stateless stages made of them: harness/sharing.py
      features/KEY/     what models of the world say of stimuli: features/_computing.py
      manifests/KEY.json  digests of source files: data/manifest.py
      evaluations/KEY/  results of `nd.evaluate` that were given no folder
      data/CARD/        downloads: data/fetch.py
      fetched/CARD      which of those files came by a fetch
      running/PID       processes at work

All but downloads has a digest for a name; whatever else lies there is a person's, and stays.
"""

import atexit
import errno
import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from neurodecode.core.errors import DataError
from neurodecode.core.files import alive, read_json, remove_orphans

COMPUTED = ("prepared", "stages", "features", "manifests", "evaluations")
FEATURES = "features"
STAGES = "stages"  # what stages of models and averages are made of prepared recordings
KINDS = (*COMPUTED, "downloads")
_FULL = (errno.ENOSPC, errno.EDQUOT, None)  # numpy's short writes carry no number
_LENGTH = 32  # of a digest: as neurodecode.core.digest has it, which imports numpy
_KEY = re.compile(rf"([0-9a-f]{{{_LENGTH}}}-)?[0-9a-f]{{{_LENGTH}}}(\.npy|\.json|\.part)?")
_MARKED: set[Path] = set()


@dataclass(frozen=True)
class Entry:
    """One thing in the cache folder.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    name : str
        Its key; of downloads the card's name.
    path : Path
    size : int
        Bytes.
    used : float
        When it was last used, in seconds since 1970.
    what : str
        What it was made from, in words; empty where the cache does not know.
    card : str
        Name of the card that it belongs to; empty where it is of none, or not known.
    """

    kind: str
    name: str
    path: Path
    size: int
    used: float
    what: str = ""
    card: str = ""


class CacheUnwritable(DataError):
    """Nothing more can be written to the cache folder, whatever is tried next."""


def mark_running(cache: Path) -> None:
    """Say that this process uses the cache until it ends: what it uses is not cleared meanwhile."""
    mark = cache / "running" / str(os.getpid())
    if mark in _MARKED or not cache.is_dir():  # nothing is in use that is not there
        return
    with suppress(OSError):  # a folder that cannot be written to is named where it matters
        mark.parent.mkdir(exist_ok=True)
        mark.touch()
        _MARKED.add(mark)
        atexit.register(_unmark, mark, os.getpid())


def note_fetched(cache: Path, card: str, place: str) -> None:
    """Note that a file of a data set, or the folder of an archive, came by a fetch."""
    noted = cache / "fetched" / card
    noted.parent.mkdir(parents=True, exist_ok=True)
    with noted.open("a", encoding="utf-8") as stream:
        stream.write(f"{place}\n")
    mark_running(cache)


def touch(path: Path) -> None:
    """Note that an entry was used now."""
    with suppress(OSError):  # of somebody else's cache that is read alone
        os.utime(path)


def entries(cache: Path, kinds: Sequence[str] = KINDS) -> list[Entry]:
    """Give what the cache folder holds, kind by kind, what was used last first.

    Parameters
    ----------
    cache : Path
    kinds : sequence of str
        Of `KINDS`.
    """
    prepared = {one.name: one for one in _prepared(cache)}
    found = {
        "prepared": list(prepared.values()),
        "stages": _stages(cache, prepared),
        FEATURES: _features(cache),
        "manifests": _manifests(cache),
        "evaluations": _evaluations(cache),
        "downloads": _downloads(cache),
    }
    return [one for kind in kinds for one in sorted(found[kind], key=lambda one: -one.used)]


def of_card(entry: Entry, name: str) -> bool:
    """Whether an entry was made from the files of a card, as far as the cache knows."""
    if entry.kind == "manifests":  # a data root has a subfolder a card
        return name in Path(entry.what).parts[:-1]
    return entry.card == name


def clear(found: Iterable[Entry], cache: Path) -> tuple[list[Entry], list[Entry]]:
    """Delete entries, but none that a process at work has used or writes.

    Parameters
    ----------
    found : iterable of Entry
    cache : Path

    Returns
    -------
    gone, kept : list of Entry
        What was deleted, and what is in use.

    Raises
    ------
    DataError
        If something cannot be deleted.
    """
    for kind in COMPUTED:
        if (cache / kind).is_dir():
            remove_orphans(cache / kind)
    since = _busy_since(cache)
    gone, kept = [], []
    for entry in found:
        if entry.used >= since or _is_written(entry.path):
            kept.append(entry)
            continue
        try:
            _delete(entry, cache)
        except OSError as error:
            raise DataError(
                f"{error.filename or entry.path}: cannot be deleted ({error.strerror}). Clear the "
                "cache as the person who filled it."
            ) from error
        gone.append(entry)
    return gone, kept


def unwritable(cache: Path, error: OSError) -> CacheUnwritable:
    """Make the one sentence of a cache folder that is full, or cannot be written to."""
    if error.errno in _FULL:
        computed = sum(one.size for one in entries(cache, COMPUTED))
        return CacheUnwritable(
            f"{cache}: the disk of the cache folder is full. Set NEURODECODE_CACHE to a folder on "
            "another disk, or make room: neurodecode cache clear --all frees "
            f"{computed / 1e6:,.1f} MB."
        )
    where = Path(error.filename2 or error.filename or cache)
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        taken = next((one for one in (where, *where.parents) if one.is_file()), where)
        return CacheUnwritable(
            f"{taken}: a file stands where the cache needs a folder. Remove it, or set "
            "NEURODECODE_CACHE to another folder."
        )
    return CacheUnwritable(
        f"{where}: cannot be written to ({error.strerror}). Set NEURODECODE_CACHE to a folder of "
        "yours."
    )


def _prepared(cache: Path) -> list[Entry]:
    found = []
    for folder in _keyed(cache / "prepared"):
        with suppress(DataError, OSError, KeyError, TypeError, ValueError):
            used = (folder / "meta.json").stat().st_mtime
            meta = read_json(folder / "meta.json")
            steps = " ".join(name.lower() for name, *_ in meta["made_from"]["preparations"])
            what = f"{meta.get('recording', '')} {steps}".strip()
            card = meta.get("card", "")
            found.append(Entry("prepared", folder.name, folder, _size(folder), used, what, card))
            continue
        found.append(_plain("prepared", folder, "damaged"))
    return found


def _stages(cache: Path, prepared: dict[str, Entry]) -> list[Entry]:
    found = []
    for path in _keyed(cache / "stages"):
        owner, _, own = path.stem.rpartition("-")
        of = prepared.get(owner)
        what = f"of {owner[:8]} {of.what if of else ''}".strip() if owner else ""
        entry = _plain("stages", path, what, of.card if of else "")
        found.append(replace(entry, name=own))
    return found


def _features(cache: Path) -> list[Entry]:
    """Tables of features, and those that are on their way."""
    found = []
    for folder in _keyed(cache / FEATURES):
        what, card = "damaged", ""
        with suppress(DataError, OSError, KeyError, TypeError):
            if folder.suffix:
                done = read_json(folder / "done.json")
                what = f"unfinished: {done['n']} of {done['of']} stimuli"
            else:
                meta = read_json(folder / "meta.json")
                what, card = f"{meta['made_from']['feature']}, {meta['n']} stimuli", meta["card"]
        found.append(_plain(FEATURES, folder, what, card))
    return found


def _manifests(cache: Path) -> list[Entry]:
    found = []
    for path in _keyed(cache / "manifests"):
        source = ""
        with suppress(DataError, OSError, KeyError, TypeError):
            source = str(read_json(path)["path"])
        found.append(_plain("manifests", path, source))
    return found


def _evaluations(cache: Path) -> list[Entry]:
    found = []
    for folder in _keyed(cache / "evaluations"):
        title = ""
        with suppress(DataError, OSError, KeyError, TypeError):
            title = str(read_json(folder / "jobs.json")["title"])
        found.append(_plain("evaluations", folder, title))
    return found


def _downloads(cache: Path) -> list[Entry]:
    found = []
    for folder in _sorted(cache / "data"):
        if not folder.is_dir() or folder.is_symlink():
            continue
        fetched = _fetched(cache, folder.name)
        size = sum(map(_size, fetched))
        used = max((path.stat().st_mtime for path in (folder, *fetched)), default=0.0)
        what = f"{len(fetched)} files"
        found.append(Entry("downloads", folder.name, folder, size, used, what, folder.name))
    return found


def _fetched(cache: Path, card: str) -> list[Path]:
    """Files that a fetch has put there, and parts of some: all others are a person's own."""
    folder, noted = cache / "data" / card, cache / "fetched" / card
    names = noted.read_text(encoding="utf-8").splitlines() if noted.is_file() else []
    inside = [folder / n for n in dict.fromkeys(names) if n and ".." not in n and n[0] != "/"]
    return [path for path in inside if path.exists()] + sorted(folder.rglob("*.part"))


def _plain(kind: str, path: Path, what: str = "", card: str = "") -> Entry:
    used = max((p.stat().st_mtime for p in _newest(path)), default=0.0)
    return Entry(kind, path.name.partition(".")[0], path, _size(path), used, what, card)


def _newest(path: Path) -> list[Path]:
    """Places whose time of change tells when an entry was used: folders change with their files."""
    places = [path, *path.glob("*")] if path.is_dir() else [path]
    return [place for place in places if place.exists()]


def _keyed(folder: Path) -> list[Path]:
    return [path for path in _sorted(folder) if _KEY.fullmatch(path.name)]


def _sorted(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    total = 0
    for one in path.rglob("*"):
        with suppress(OSError):  # gone since it was listed
            total += 0 if one.is_dir() else one.lstat().st_size
    return total


def _busy_since(cache: Path) -> float:
    """When the first of the processes at work began; infinite where none is."""
    since = float("inf")
    for mark in _sorted(cache / "running"):
        if not mark.name.isdigit():
            continue
        with suppress(OSError):
            if int(mark.name) != os.getpid() and alive(int(mark.name)):
                since = min(since, mark.stat().st_mtime)
            elif int(mark.name) != os.getpid():
                mark.unlink()
    return since


def _is_written(path: Path) -> bool:
    """Whether a process at work writes below a folder: its temporary names carry its number.

    Who computes features holds the lock of their folder instead.
    """
    if not path.is_dir():
        return False
    if (path / "lock").is_file():
        with (path / "lock").open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    parts = [one.name.rsplit(".", 2)[1] for one in path.rglob(".*.*.part")]
    parts += [one.name.rsplit(".", 3)[1] for one in path.rglob(".*.*.*.tmp")]
    return any(alive(int(writer)) for writer in parts if writer.isdigit())


def _delete(entry: Entry, cache: Path) -> None:
    """Delete an entry; a folder by one rename first, so that nobody ever sees half of one."""
    if entry.kind == "downloads":
        for path in (*_fetched(cache, entry.name), cache / "fetched" / entry.name):
            _remove(path)
        _remove_empty(entry.path)
    elif entry.path.is_dir():
        going = entry.path.with_name(f".{entry.name}.{os.getpid()}.{time.time_ns()}.tmp")
        entry.path.rename(going)
        shutil.rmtree(going)
    else:
        entry.path.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove_empty(folder: Path) -> None:
    below = [path for path in folder.rglob("*") if path.is_dir()]
    for one in [*sorted(below, reverse=True), folder]:
        with suppress(OSError):  # something of the person's is in it
            one.rmdir()


def _unmark(mark: Path, owner: int) -> None:
    if os.getpid() == owner:  # a fork of the process leaves it to its parent
        mark.unlink(missing_ok=True)
