"""Pickled arrays made plain, once: a ``.npz`` beside the file, which is all that readers open.

Some data sets hold arrays that numpy pickled, which Python can only open by running what the file
says. Here they are read as data (`_pickled`), in a process of their own that is held to the memory
and the time that a file of that size needs.
"""

import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.core.files import cache_folder, read_json, remove_orphans, whole_file, write_json
from neurodecode.data import _pickled
from neurodecode.data.manifest import file_sha256
from neurodecode.data.roots import places_of
from neurodecode.data.specs import Card
from neurodecode.data.worker import Worker

version = 1  # of what is written
_MAGIC = np.lib.format.MAGIC_PREFIX
_PICKLE = b"\x80"  # the first byte of pickles since Python 2.3
_MEMORY = 6, 1 << 30  # times the file's size, and bytes: a list of numbers takes the most
_SECONDS = 60.0, 5e6  # and bytes that are read in one
_LONGEST_WORDS = 1 << 16  # bytes of a list of names


@dataclass(frozen=True)
class Converted:
    """What was made of one file.

    Parameters
    ----------
    source, target : Path
        The pickled file; the ``.npz`` beside it.
    arrays : mapping of str to (str, tuple of int)
        Name of each array to its type and shape.
    before : bool
        Whether it was there already, made of the same content.
    """

    source: Path
    target: Path
    arrays: Mapping[str, tuple[str, tuple[int, ...]]]
    before: bool = False


def pickled_files(card: Card, data: Path | None = None) -> list[Path]:
    """Give the files of a card that are converted: those that ``files: convert`` fits.

    Parameters
    ----------
    card : Card
    data : Path or None
        What the person named with ``--data``; the data roots are searched in their order.

    Raises
    ------
    DataMissing
        If the card names none, or they are in no root.
    """
    patterns = card.files.convert
    if not patterns:
        raise DataMissing(
            f"{card.name}: its card names no files to convert (files: convert), so they are read "
            "as they are."
        )
    places = places_of(card, data)
    for place in places:
        found = {path for one in patterns for path in place.glob(one) if path.is_file()}
        if found:
            return sorted(found)
    looked = ", ".join(str(place) for place in places)
    raise DataMissing(
        f"{card.name}: no file like {' or '.join(patterns)} is in {looked}. Get them from "
        f"{card.files.url or 'its authors'} first."
    )


def convert(path: Path, *, memory: float | None = None, timeout: float | None = None) -> Converted:
    """Write the arrays of a pickled file to a ``.npz`` beside it, with a manifest.

    Parameters
    ----------
    path : Path
        What `numpy.save` wrote of objects, or `pickle.dump`, under the name ``.npy`` or ``.pkl``.
    memory, timeout : float or None
        Bytes that the process may take beyond what it starts with, where the system counts them,
        and seconds; None for what a file of this size needs.

    Returns
    -------
    converted : Converted

    Raises
    ------
    DataMissing
        If there is no such file.
    DataError
        If it holds anything but arrays, numbers, text and plain containers, is damaged, or takes
        more memory or time than it may. Nothing is written then.
    """
    if not path.is_file():
        raise DataMissing(f"{path}: there is no such file. Correct the name.")
    target = path.with_suffix(".npz")
    note = target.with_name(f"{target.name}.json")
    sha256, size = file_sha256(path, cache_folder()), path.stat().st_size
    if target.is_file() and note.is_file():
        made = read_json(note)
        if (made["source"]["sha256"], made["version"]) == (sha256, version):
            return Converted(path, target, _listed(made["arrays"]), before=True)
    remove_orphans(path.parent)
    memory = _MEMORY[0] * size + _MEMORY[1] if memory is None else memory
    timeout = _SECONDS[0] + size / _SECONDS[1] if timeout is None else timeout
    note.unlink(missing_ok=True)  # it would tell of another file
    with Worker(timeout=timeout) as process:
        arrays = process.call(_convert, path, target, memory, what=str(path))
    source = {"name": path.name, "size": size, "sha256": sha256}
    write_json(note, {"source": source, "arrays": arrays, "version": version})
    return Converted(path, target, _listed(arrays))


def is_pickled(path: Path) -> bool:
    """Whether a file begins as a pickle does, or as a ``.npy`` file that holds one."""
    with path.open("rb") as stream:
        start = stream.read(len(_MAGIC))
        if start != _MAGIC:
            return start.startswith(_PICKLE)
        stream.seek(0)
        return _header(stream, path).hasobject


def read_words(path: Path) -> dict[int, str]:
    """Read what numbers stand for from a pickled dict, as data: nothing in it is run.

    Parameters
    ----------
    path : Path
        What `numpy.save` wrote of a dict from whole numbers to words.

    Raises
    ------
    DataMissing
        If there is no such file.
    DataError
        If it is too large to be one, damaged, or holds anything else.
    """
    if not path.is_file():
        raise DataMissing(f"{path}: there is no such file. Fetch it, or correct the card.")
    size = path.stat().st_size
    if size > _LONGEST_WORDS:
        raise DataError(f"{path}: {size} bytes are too many for a list of names. Name another.")
    try:
        with path.open("rb") as stream:
            if not _header(stream, path).hasobject:
                raise DataError(f"{path}: it holds numbers, and no names. Name another.")
            held = _pickled.read(stream, size)
    except _pickled.NotPlain as error:
        raise DataError(
            f"{path}: {error}. It is no list of names, so it is not read. Get the original file."
        ) from None
    except (ValueError, OverflowError) as error:
        raise DataError(f"{path}: damaged or cut short ({error}). Get it again.") from None
    words = held.held[0] if isinstance(held, _pickled.Array) and held.of_objects else held
    if not isinstance(words, dict) or not all(
        isinstance(k, int) and isinstance(v, str) for k, v in words.items()
    ):
        raise DataError(f"{path}: expected a dict from whole numbers to names. Name another file.")
    return words


def _convert(path: Path, target: Path, memory: float) -> dict[str, tuple[str, list[int]]]:
    """Do it, in the process that may be stopped."""
    _limit(memory)
    try:
        arrays = _read(path)
        with whole_file(target) as temporary:
            _write(temporary, arrays)
    except MemoryError:
        raise DataError(
            f"{path}: it takes more than the {memory / 1e9:.3g} GB that a file of its size needs. "
            "It is damaged or made to harm; get it again."
        ) from None
    return {name: (str(one.dtype), list(one.shape)) for name, one in arrays.items()}


def _read(path: Path) -> dict[str, np.ndarray]:
    size = path.stat().st_size
    with path.open("rb") as stream:
        if stream.read(len(_MAGIC)) == _MAGIC:
            stream.seek(0)
            if not _header(stream, path).hasobject:
                raise DataError(
                    f"{path}: it holds plain numbers, which are read as they are. Name it in the "
                    "card."
                )
        else:
            stream.seek(0)
        try:
            return _pickled.arrays_of(_pickled.read(stream, size))
        except _pickled.NotPlain as error:
            raise DataError(
                f"{path}: {error}. Only arrays, numbers, text and plain containers are converted, "
                "so nothing of it was. If you trust who made it, save its arrays as .npz yourself."
            ) from None
        except (ValueError, OverflowError) as error:
            raise DataError(
                f"{path}: it cannot be read as pickled arrays ({error}). It is damaged or cut "
                "short; get it again."
            ) from None


def _header(stream: Any, path: Path) -> np.dtype:
    """Give the type that a ``.npy`` file declares; the stream stands behind it then."""
    try:
        kind = np.lib.format.read_magic(stream)
        read = {(1, 0): np.lib.format.read_array_header_1_0}
        return read.get(kind, np.lib.format.read_array_header_2_0)(stream)[2]
    except ValueError as error:
        raise DataError(
            f"{path}: damaged: it has no header of the npy format ({error}). Get it again."
        ) from None


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a ``.npz``, one array after the other, uncompressed as `numpy.savez` does."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)


def _limit(memory: float) -> None:
    """Hold this process to what it has and so many bytes more, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: time alone is limited there
        return
    import psutil

    most = psutil.Process().memory_info().vms + math.ceil(memory)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard in (resource.RLIM_INFINITY, -1) or most < hard:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _listed(arrays: Mapping[str, Sequence[Any]]) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {name: (str(kind), tuple(shape)) for name, (kind, shape) in arrays.items()}
