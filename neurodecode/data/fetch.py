"""Getting the files of a card: what is missing, what it takes, and one file after another."""

import errno
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neurodecode.core.errors import DataError, DataMissing, NeurodecodeError
from neurodecode.core.files import cache_folder, read_json, remove_orphans, write_json
from neurodecode.data.archives import stem, unpack
from neurodecode.data.cache import note_fetched
from neurodecode.data.download import Unreachable, download, host_of, remote_sizes
from neurodecode.data.listing import ListedFile, chosen, read_listing
from neurodecode.data.manifest import file_sha256
from neurodecode.data.roots import how_to_get
from neurodecode.data.specs import Card

Transfer = Callable[[str, int | None], AbstractContextManager[Callable[[int], object]]]
_SPARE = 100_000_000  # bytes of a disk that a fetch leaves free


@dataclass(frozen=True)
class FetchPlan:
    """What there is to fetch of a card, before anything is fetched.

    Parameters
    ----------
    card : Card
    folder : Path
        The data set's folder, which need not be there yet.
    whole : tuple of ListedFile
        Those that are there, with the right digest.
    missing : tuple of ListedFile
        Those to get.
    other : tuple of (ListedFile, str)
        Those that are there with other content, and its digest: they stay as they are.
    begun : int
        Bytes of missing files that an earlier fetch has left.
    """

    card: Card
    folder: Path
    whole: tuple[ListedFile, ...]
    missing: tuple[ListedFile, ...]
    other: tuple[tuple[ListedFile, str], ...]
    begun: int = 0

    @property
    def n_bytes(self) -> int:
        """Bytes to get, of the files whose size is known."""
        return sum(one.size or 0 for one in self.missing) - self.begun

    @property
    def n_unknown(self) -> int:
        """Missing files whose size is not known."""
        return sum(one.size is None for one in self.missing)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Hosts that may be asked, and no others."""
        named = [host_of(one.url) for one in (*self.missing, *self.whole)]
        return tuple(dict.fromkeys((*named, *(host.lower() for host in self.card.files.hosts))))


def plan_fetch(
    card: Card,
    data: Path | None = None,
    asked: Mapping[str, Sequence[str] | None] | None = None,
    cache: Path | None = None,
) -> FetchPlan:
    """Say what is there, whole, and what is not; asks no server.

    Parameters
    ----------
    card : Card
    data : Path or None
        The data root to fill; None for that of the cache folder.
    asked : mapping of str to sequence of str or None
        ``subject``, ``session``, ``run`` to ids; None, or nothing at all, for all.
    cache : Path or None
        None for the cache folder.

    Raises
    ------
    DataMissing
        If the files are not to be had without asking people, or the card names no server.
    ConfigError
        If an id is none of the card's.
    """
    if card.access != "open":
        raise DataMissing(f"{card.name} cannot be fetched. {how_to_get(card)}")
    if not card.files.base_url:
        raise DataMissing(
            f"{card.name} cannot be fetched: its card names no server with the digests of its "
            f"files. {how_to_get(card)}"
        )
    cache = cache_folder() if cache is None else cache
    folder = (cache / "data" if data is None else data) / card.name
    whole, missing, other, begun = [], [], [], 0
    for file in chosen(read_listing(card), card, asked or {}):
        path = folder / file.path
        if file.packed and _unpacked(path, file):
            whole.append(file)
        elif path.is_file():
            found = file_sha256(path, cache)
            if found == file.sha256:
                (missing if file.packed else whole).append(file)  # it is still to be unpacked
                begun += file.size or 0 if file.packed else 0
            else:
                other.append((file, found))
        else:
            missing.append(file)
            part = path.with_name(f"{path.name}.part")
            if part.is_file() and file.size is not None:
                begun += min(part.stat().st_size, file.size)
    return FetchPlan(card, folder, tuple(whole), tuple(missing), tuple(other), begun)


def with_sizes(plan: FetchPlan, progress: Callable[..., Iterable[ListedFile]]) -> FetchPlan:
    """Ask the server for the sizes that the list does not know.

    Raises
    ------
    Unreachable
        If it does not answer.
    """
    unknown = [one for one in plan.missing if one.size is None]
    if not unknown:
        return plan
    shown = progress(unknown, "ask for sizes", total=len(unknown), unit="file")
    sizes = remote_sizes(shown, plan.hosts)
    missing = tuple(replace(one, size=sizes.get(one.path, one.size)) for one in plan.missing)
    return replace(plan, missing=missing)


def fetch(
    plan: FetchPlan,
    transfer: Transfer = lambda what, total: nullcontext(lambda n_bytes: None),
    done: Callable[[ListedFile], None] = lambda file: None,
) -> dict[str, NeurodecodeError]:
    """Get what is missing, one file after another; whatever happens, each is whole or a part.

    Parameters
    ----------
    plan : FetchPlan
    transfer : callable
        As `neurodecode.core.progress.transfer`.
    done : callable
        Told of every file that came.

    Returns
    -------
    errors : dict of str to NeurodecodeError
        Place of each file that did not come, to why; files of other content among them.

    Raises
    ------
    DataError
        If nothing can be written, the disk has no room, or the server does not answer at all.
    """
    _check_room(plan)
    errors: dict[str, NeurodecodeError] = {
        file.path: DataError(
            f"{plan.folder / file.path}: not the file of the list: expected sha256 {file.sha256}, "
            f"found {found}. It stays as it is; move it away, and fetch again."
        )
        for file, found in plan.other
    }
    for file in plan.missing:
        path = plan.folder / file.path
        try:
            if not path.is_file():
                with transfer(file.path, file.size) as advance:
                    download(file, path, plan.hosts, advance)
            if file.packed:
                _unpack(path, file)
            _note(plan, file)
            done(file)
        except Unreachable:
            raise
        except NeurodecodeError as error:
            errors[file.path] = error
        except OSError as error:
            raise _unwritable(path, error) from error
    return errors


def _note(plan: FetchPlan, file: ListedFile) -> None:
    """Let the cache know which files it may delete: those that came by a fetch."""
    if not plan.folder.is_relative_to(cache_folder()):
        return
    place = Path(file.path)
    names = (stem(place.name), _receipt(place).name) if file.packed else (place.name,)
    for name in names:
        note_fetched(cache_folder(), plan.card.name, place.with_name(name).as_posix())


def _check_room(plan: FetchPlan) -> None:
    there = next(p for p in (plan.folder, *plan.folder.absolute().parents) if p.is_dir())
    free = shutil.disk_usage(there).free
    if plan.missing and plan.n_bytes + _SPARE > free:
        raise DataError(
            f"{there}: {plan.n_bytes / 1e6:,.1f} MB are to come and {free / 1e6:,.1f} MB are free. "
            "Make room, ask for fewer --subjects, or name another disk with --data DIR."
        )


def _receipt(path: Path) -> Path:
    return path.with_name(f".{path.name}.unpacked.json")


def _unpacked(path: Path, file: ListedFile) -> bool:
    """Whether an archive of this content was unpacked here, and all it held is still there."""
    receipt = _receipt(path)
    if not receipt.is_file():
        return False
    try:
        noted: dict[str, Any] = read_json(receipt)
        folder = path.with_name(stem(path.name))
        return noted["sha256"] == file.sha256 and all(
            (folder / name).is_file() and (folder / name).stat().st_size == size
            for name, size in noted["members"].items()
        )
    except (DataError, KeyError, AttributeError, TypeError):
        return False


def _unpack(path: Path, file: ListedFile) -> None:
    """Unpack an archive into a folder of its name, note what it held, and let it go."""
    remove_orphans(path.parent)
    members = unpack(path, path.with_name(stem(path.name)))
    write_json(_receipt(path), {"sha256": file.sha256, "members": members})
    path.unlink()


def _unwritable(path: Path, error: OSError) -> DataError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(
            f"{path.parent}: the disk is full. What came is kept; make room, and the same command "
            "goes on from there, or name another disk with --data DIR."
        )
    return DataError(
        f"{path}: cannot be written ({error.strerror}). Name a folder of yours with --data DIR, or "
        "set NEURODECODE_CACHE."
    )
