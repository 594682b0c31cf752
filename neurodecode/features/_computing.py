"""Features of all stimuli of a study: computed once, kept as a memory map, opened by their key.

::

    CACHE/features/
      KEY/       values.npy (float16, a row a stimulus), meta.json
      KEY.part/  the same on its way: rows so far, and which; lock, held by the process at work

A key is the digest of the stimuli and of all that the feature says it is made from. A folder
appears by one rename. Work that was interrupted goes on behind the last batch that was written.
"""

import fcntl
import itertools
import logging
import math
import os
import shutil
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest
from neurodecode.core.errors import DataError
from neurodecode.core.files import read_json, write_json
from neurodecode.core.parts import Part
from neurodecode.core.progress import say
from neurodecode.core.space import Space
from neurodecode.core.stimuli import Stimuli
from neurodecode.data.cache import FEATURES, mark_running, touch, unwritable
from neurodecode.features._contract import Feature

logger = logging.getLogger(__name__)

_VALUES, _META, _DONE, _LOCK = "values.npy", "meta.json", "done.json", "lock"
LARGEST = float(np.finfo(np.float16).max)  # 65504


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """What a feature says of each stimulus of a study, also of those that no trial shows.

    Parameters
    ----------
    ids : Index
        The stimuli, in the order of the entries.
    part : Part
        What trials point into: one entry a stimulus, float16, flat; `part.space.shape` is the shape
        of one. Its file need not exist yet.
    n_missing : int
        Stimuli that are still to be computed.
    made_from : dict
        The declaration: feature, arguments, weights, versions. Plain data.
    concept : ndarray of object, shape (n_stimuli,)
        Column ``concept`` of the stimuli; None where there is none.
    """

    ids: pd.Index
    part: Part
    n_missing: int
    made_from: dict[str, Any]
    concept: np.ndarray

    def entries(self, stimuli: np.ndarray) -> np.ndarray:
        """Give the entry of each stimulus; -1 where there is none (None or NaN).

        Raises
        ------
        DataError
            If one of them is not in the table.
        """
        named = ~pd.isna(stimuli)
        at = np.full(len(stimuli), -1, dtype=np.int64)
        at[named] = self.ids.get_indexer(pd.Index(stimuli[named]))
        lost = np.flatnonzero(named & (at < 0))
        if len(lost):
            n = len(set(stimuli[lost]))
            raise DataError(
                f"stimulus {stimuli[lost[0]]!r} of the trials is not among the {len(self.ids)} "
                f"stimuli of the card ({self.ids[0]!r} …); {n} in all are not. Look at how events "
                "and stimuli are called, under columns in the card."
            )
        return at


def look(feature: Feature, stimuli: Stimuli, cache: Path) -> FeatureTable:
    """Say what `compute` would give, and how many stimuli are still to be computed; opens no model.

    Parameters
    ----------
    feature : Feature
    stimuli : Stimuli
    cache : Path
        The cache folder.
    """
    made_from = feature.made_from(cache)
    key = digest([made_from, feature.contents(stimuli, cache)])
    return _table(stimuli, key, made_from, cache)


def compute(
    feature: Feature,
    stimuli: Stimuli,
    cache: Path,
    *,
    card: str = "",
    progress: Callable[..., Iterable[str]] | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> FeatureTable:
    """Compute a feature of all stimuli, or open what is there.

    Parameters
    ----------
    feature : Feature
        Its model is loaded only where something is left to compute.
    stimuli : Stimuli
    cache : Path
        The cache folder.
    card : str
        Whose stimuli they are, for the list of the cache.
    progress : callable or None
        As `neurodecode.core.progress.progress`.
    device : {"auto", "cpu", "cuda"}
        Where networks compute. It is noted beside the values, and no part of the key: in float16
        two devices agree but for the last bit.

    Raises
    ------
    DataError
        If a stimulus cannot be read or gives no numbers that float16 can hold; it is named, and
        what was computed before it is kept. If nothing can be written to the cache folder.
    """
    table = look(feature, stimuli, cache)
    if not table.n_missing:
        return table
    mark_running(cache)
    with _alone(cache / FEATURES / table.part.key, cache, table.made_from["feature"]) as part:
        if part is not None:
            _fill(part, feature, stimuli, cache, progress, device)
            meta = {
                "made_from": table.made_from,
                "card": card,
                "n": len(stimuli),
                "shape": read_json(part / _DONE)["shape"],
                "device": device,
            }
            with _written_to(cache):
                write_json(part / _META, meta)
                (part / _DONE).unlink()
                folder = part.rename(part.with_suffix(""))
                (folder / _LOCK).unlink()
    return _table(stimuli, table.part.key, table.made_from, cache)


def describe_key(key: str, cache: Path) -> str:
    """Say in words what features were made from.

    Raises
    ------
    DataError
        If the cache has no such features.
    """
    path = cache / FEATURES / key / _META
    if not path.is_file():
        raise DataError(f"{cache}: no finished features {key} are in this cache.")
    meta = read_json(path)
    made = meta["made_from"]
    lines = [key, f"feature: {made['feature']} (version {made['version']}): {made['arguments']}"]
    lines += ["weights:", *(f"  {name}: {sha}" for name, sha in made["weights"].items())]
    return "\n".join(
        [
            *lines,
            f"of: {meta['n']} stimuli of {meta['card'] or 'arrays in memory'}",
            f"computed on: {meta['device']}",
            f"libraries: {made['libraries']}",
        ]
    )


def _table(stimuli: Stimuli, key: str, made_from: dict[str, Any], cache: Path) -> FeatureTable:
    ids = pd.Index([str(one) for one in stimuli.table.index])
    folder, shape, n_missing = cache / FEATURES / key, None, 0
    if (folder / _META).is_file():
        shape = tuple(read_json(folder / _META)["shape"])
        touch(folder / _META)
    else:
        n_missing = len(ids) - _n_done(_part_of(folder))
    # Before the first batch nobody knows how many numbers there are.
    n = 0 if shape is None else math.prod(shape)
    space = Space("features", tuple(map(str, range(n))), shape=shape or ())
    part = Part(folder / _VALUES, space, ("feature",), None, 0.0, key)
    concept = np.full(len(ids), None, dtype=object)
    if "concept" in stimuli.table:
        named = stimuli.table["concept"]
        concept[:] = named.astype(object).where(named.notna(), None)
    return FeatureTable(ids, part, n_missing, made_from, concept)


def _fill(
    part: Path,
    feature: Feature,
    stimuli: Stimuli,
    cache: Path,
    progress: Callable[..., Iterable[str]] | None,
    device: Literal["auto", "cpu", "cuda"],
) -> None:
    """Compute what is missing of an unfinished table, batch by batch."""
    ids = [str(one) for one in stimuli.table.index]
    done, name = _n_done(part), type(feature).__module__.rpartition(".")[2]
    if done:
        logger.info("%s: %d of %d stimuli were computed before", name, done, len(ids))
    if done == len(ids):
        return
    extract = feature.open(device)
    left: Iterable[str] = ids[done:]
    if progress is not None:
        left = progress(left, name, total=len(ids) - done, unit=feature.of)
    for batch in _batched(left, feature.batch_size):
        values = extract([feature.read(stimuli, one) for one in batch])
        _check(values, batch, feature, name)
        with _written_to(cache):
            done = _append(part, values, done, len(ids))


def _check(values: np.ndarray, batch: list[str], feature: Feature, name: str) -> None:
    """Hold a batch to one row a stimulus, of numbers that float16 can hold."""
    if len(values) != len(batch):
        raise DataError(
            f"{name}: {len(values)} embeddings came of {len(batch)} stimuli ({batch[0]!r} …). "
            f"{type(feature).__name__} must give one row a stimulus."
        )
    flat = values.reshape(len(values), -1)
    # A NaN is not at most anything; what rounds to beyond the largest would become infinite.
    sound = (np.abs(flat) <= LARGEST).all(axis=1)
    if not sound.all():
        row = int(np.flatnonzero(~sound)[0])
        worst = flat[row][~(np.abs(flat[row]) <= LARGEST)][0]
        raise DataError(
            f"{name}: stimulus {batch[row]!r} gives {worst:g}, and float16, as features are kept, "
            f"holds ±{LARGEST:g} and no NaN. Choose another layer, or normalize: l2."
        )


def _append(part: Path, values: np.ndarray, done: int, n: int) -> int:
    """Write a batch behind those that are there; then note how many there are."""
    path, note = part / _VALUES, part / _DONE
    rows = values.reshape(len(values), -1).astype(np.float16)
    if done == 0:
        np.lib.format.open_memmap(path, mode="w+", dtype=rows.dtype, shape=(n, rows.shape[1]))
    shape = list(values.shape[1:])
    if done and read_json(note)["shape"] != shape:
        raise DataError(
            f"{part.name}: earlier batches gave numbers of shape {read_json(note)['shape']}, this "
            f"one of {shape}. A feature must give every stimulus as many: choose a pooling."
        )
    # Written, not mapped: a full disk is an error here, and would kill the process there.
    with path.open("r+b") as stream:
        stream.seek(path.stat().st_size - (n - done) * rows[0].nbytes)
        stream.write(rows.tobytes())
        stream.flush()
        os.fsync(stream.fileno())
    write_json(note, {"n": done + len(rows), "of": n, "shape": shape})
    return done + len(rows)


def _batched(ids: Iterable[str], size: int) -> Generator[list[str]]:
    several = iter(ids)
    while batch := list(itertools.islice(several, size)):
        yield batch


def _n_done(part: Path) -> int:
    note = part / _DONE
    return read_json(note)["n"] if note.is_file() else 0


def _part_of(folder: Path) -> Path:
    return folder.with_suffix(".part")


@contextmanager
def _alone(folder: Path, cache: Path, name: str) -> Generator[Path | None]:
    """Give the folder of unfinished work to one process at a time; None once it is finished.

    The system lets go of a lock when its process ends, however it ends.
    """
    part = _part_of(folder)
    while True:
        with _written_to(cache):
            part.mkdir(parents=True, exist_ok=True)
            lock = (part / _LOCK).open("a+b")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"{name}: another process computes these features; waiting for it.")
                fcntl.flock(lock, fcntl.LOCK_EX)
            if not _is(lock.fileno(), part / _LOCK):  # finished or cleared meanwhile
                continue
            if (folder / _META).is_file():
                shutil.rmtree(part)
                yield None
            else:
                yield part
            return


def _is(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def _written_to(cache: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(cache, error) from error
