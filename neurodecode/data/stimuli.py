"""What was shown: pictures, texts and sounds, read one at a time when asked."""

import functools
import glob
import io
import stat
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest
from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.core.sound import Sound
from neurodecode.core.stimuli import Stimuli
from neurodecode.data._layout import SPLIT, fill
from neurodecode.data._stimuli_layout import StimuliSpec
from neurodecode.data.manifest import file_sha256, files_sha256
from neurodecode.data.readers import _array_files, _templates
from neurodecode.data.readers._array_checks import explained
from neurodecode.data.readers._array_rows import columns_of
from neurodecode.data.readers._array_source import Place, safely
from neurodecode.data.readers._folders_of_pictures import SOUND, TEXT, inside, wanted
from neurodecode.data.specs import Card

_LARGEST = 1 << 28  # bytes of one file within an archive
_READ = 1  # version of how files become pictures
Where = tuple[Path, str, int]  # the file; key, or name within it; number


def open_stimuli(card: Card, root: Path, variant: str = "") -> Stimuli:
    """Give the stimuli of a card; contents are read when asked for.

    Parameters
    ----------
    card : Card
    root : Path
        Folder of the data set.
    variant : str
        Layout whose recordings show them; the first one without.

    Returns
    -------
    stimuli : Stimuli
        Pictures are arrays as they are stored, upright: shape (height, width), or (height, width,
        3) in colour.

    Raises
    ------
    ConfigError
        If the card says of no stimuli.
    DataMissing
        If their files are not there.
    DataError
        If a name within an archive climbs out of it, or two files are one stimulus.
    """
    spec = card.stimuli if card.wholly_simulated else card.variant(variant).stimuli
    if spec is None:
        raise ConfigError(
            f"{card.name}: its card names no stimuli. Say under stimuli where they are kept."
        )
    files = _files(root, spec)
    if not files:
        raise DataMissing(
            f"{card.name}: its stimuli ({spec.path}) are not in {root}. Get them from "
            f"{card.files.url or 'its authors'}."
        )
    tables, places = [], {}
    if spec.same and spec.key:  # of several files some hold other things
        held = [one for one in files if _holds(one[1], fill(spec.key, one[0]))]
        files = held or files
    for words, path in files:
        for table, where in safely(path, _stimuli_in, spec, _parts(spec, root, path, words)):
            if spec.same:
                table = table[~table.index.isin(list(places))]
                where = {one: at for one, at in where.items() if one not in places}
            for stimulus in table.index[table.index.isin(list(places))]:
                raise DataError(
                    f"{path}: stimulus {stimulus!r} is in {places[stimulus][0].name} too. Tell "
                    "them apart by the template of the id."
                )
            tables.append(table)
            places |= where
    joined = pd.concat(tables)
    if "licence" not in joined:
        joined["licence"] = card.licence.get("name", "unknown")
    read = functools.partial(_read, spec=spec, places=places)
    made_from = functools.partial(_made_from, spec=spec, places=places)
    sounds = (None, None)
    if spec.sound:
        films = tuple(dict.fromkeys(str(one) for one in joined["film"]))
        sounds = (
            functools.partial(_sound_of, root=root, template=spec.sound),
            functools.partial(_sounds_made_from, films=films, root=root, template=spec.sound),
        )
    return Stimuli(joined, read, card.show_stimuli == "always", made_from, *sounds)


def _files(root: Path, spec: StimuliSpec) -> list[tuple[Mapping[str, str], Path]]:
    folder = root / spec.path
    if not _templates.fields(spec.path) and folder.is_dir():
        return [({}, folder)]
    return list(_templates.match(root, spec.path))


def _holds(path: Path, key: str) -> bool:
    return path.suffix not in (".nwb", ".mat") or key in _array_files.keys_of(path)


def _parts(spec: StimuliSpec, root: Path, path: Path, words: Mapping[str, str]) -> list[Place]:
    if not spec.splits:
        return [Place(root, path, words)]
    return [Place(root, path, {**words, SPLIT: w}, name) for name, w in spec.splits.items()]


def _stimuli_in(
    spec: StimuliSpec, places: Sequence[Place]
) -> list[tuple[pd.DataFrame, dict[str, Where]]]:
    return [_stimuli_of(spec, place) for place in places]


def _stimuli_of(spec: StimuliSpec, place: Place) -> tuple[pd.DataFrame, dict[str, Where]]:
    """Give the table of one file's stimuli by id, and where each is."""
    if spec.key:
        key = fill(spec.key, place.words)
        shape = _array_files.shape_of(place.path, key)
        n = shape[_n_leading(key, shape)] if shape else 0
        names, inner = [str(i + 1) for i in range(n)], [key] * n
    else:
        inner = _inside_zip(place.path) if place.path.is_file() else inside(place.path)
        names = [str(PurePosixPath(name).with_suffix("")) for name in inner]
    given = {"name": np.array(names, dtype=object)}
    if spec.t_r is not None:
        given["onset"] = spec.t_r * np.arange(len(names))
    if place.split:
        given["split"] = np.full(len(names), place.split, dtype=object)
    columns = columns_of(spec.columns, place, len(names), given=given, table=None)
    table = pd.DataFrame(columns).drop(columns=["name", "label"])
    if "label" in spec.columns:
        table["label"] = columns["label"]
    ids = table.pop("stimulus") if "stimulus" in table else pd.Series(names, dtype=object)
    first = ~ids.duplicated().to_numpy()
    if not spec.key and not first.all():
        raise DataError(
            f"{place.path}: {inner[int(np.flatnonzero(~first)[0])]!r} has the id of another file. "
            "Tell them apart by the template of the id."
        )
    table.index = pd.Index(ids, name="stimulus")
    where = {str(ids.iloc[i]): (place.path, inner[i], int(i)) for i in np.flatnonzero(first)}
    return table.loc[first], where


def _read(stimulus: str, *, spec: StimuliSpec, places: Mapping[str, Where]) -> object:
    path, name, number = places[stimulus]
    if spec.key:
        picture = _entry(path, name, number)
        if isinstance(picture, np.ndarray) and picture.dtype == object and picture.size == 1:
            picture = picture.item()  # a text of MATLAB's, whose arrays have two axes
        if picture is None:  # an empty cell of a table: nothing was said
            return ""
        if spec.shape:
            with explained(path, name):
                picture = picture.reshape(spec.shape, order=spec.order)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return picture
    with explained(path, name):
        if path.is_dir():
            content = (path / name).read_bytes()
        else:
            with zipfile.ZipFile(path) as archive:
                content = archive.read(name)
        if name.lower().endswith(SOUND):
            return _sound(content)
        return content.decode() if name.endswith(TEXT) else _picture(content)


def _entry(path: Path, key: str, number: int) -> np.ndarray:
    """Read one picture: of an array of 40 GB no more than that."""
    if path.suffix in (".npy", ".h5", ".hdf5", ".nwb"):
        return _array_files.read_entry(path, key, number)
    array = _array(path, key, path.stat().st_mtime_ns)
    return array[(0,) * _n_leading(key, array.shape) + (number,)]


def _made_from(cache: Path, *, spec: StimuliSpec, places: Mapping[str, Where]) -> str:
    """Digest of the files, and of what in them each stimulus is; nothing is decoded."""
    inside: dict[Path, list[str]] = {}
    for path, name, _ in places.values():
        inside.setdefault(path, []).append(name)
    files = [
        files_sha256(path, names, cache) if path.is_dir() else file_sha256(path, cache)
        for path, names in inside.items()
    ]
    # Of the path only what is below it: a data set that was moved is the same data set.
    number = {path: i for i, path in enumerate(inside)}
    where = {one: [number[path], name, i] for one, (path, name, i) in places.items()}
    return digest([_READ, files, where, list(spec.shape), spec.order])


def _sound_of(film: str, *, root: Path, template: str) -> Sound:
    """Read the sound of a film."""
    path = _sound_path(film, root, template)
    with explained(path):
        return _sound(path.read_bytes())


def _sounds_made_from(cache: Path, *, films: Sequence[str], root: Path, template: str) -> str:
    paths = {film: _sound_path(film, root, template) for film in films}
    return digest([[film, file_sha256(path, cache)] for film, path in paths.items()])


def _sound_path(film: str, root: Path, template: str) -> Path:
    """Find the file of a film's sound, which is one."""
    pattern = template.replace("{film}", glob.escape(film))
    found = sorted(root.glob(pattern))
    if not found:
        raise DataMissing(
            f"{root / pattern}: the sound of the film {film!r} is not there. Make it of the film "
            "beside it: ffmpeg -i FILM.mkv -ac 1 -ar 16000 FILM.wav"
        )
    if len(found) > 1:
        raise DataError(
            f"{root / pattern}: {found[0].name} and {found[1].name} are both of the film "
            f"{film!r}. Keep one."
        )
    return found[0]


@functools.lru_cache(maxsize=2)  # pictures are asked for one by one
def _array(path: Path, key: str, _changed: int) -> np.ndarray:
    return safely(path, _array_files.read, path, key)


def _n_leading(key: str, shape: tuple[int, ...]) -> int:
    """Count the axes before the one that counts stimuli: MATLAB's rows of structs are (1, n)."""
    return 1 if "." in key and shape[0] == 1 and len(shape) > 1 else 0


def _picture(content: bytes) -> np.ndarray:
    """Decode a picture, turned upright as its camera says."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(content)) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode not in ("L", "RGB", "I;16"):
            upright = upright.convert("RGB")
        return np.asarray(upright)


def _sound(content: bytes) -> Sound:
    """Decode a wav file; channels are averaged, whole numbers are brought to -1 to 1."""
    from scipy.io import wavfile

    sfreq, samples = wavfile.read(io.BytesIO(content))
    if samples.dtype == np.uint8:  # around 128, as eight bits are
        samples = (samples.astype(np.float32) - 128) / 128
    elif samples.dtype.kind == "i":
        samples = samples / -float(np.iinfo(samples.dtype).min)
    samples = samples if samples.ndim == 1 else samples.mean(axis=1)
    return Sound(samples.astype(np.float32), float(sfreq))


def _inside_zip(path: Path) -> list[str]:
    """Names of the pictures and texts in a zip, in order.

    Raises
    ------
    DataError
        If a member climbs out of the archive, is a link, locked, or far too large.
    """
    with explained(path), zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    checks: dict[str, Callable[[zipfile.ZipInfo], bool]] = {
        "leaves the archive": _climbs,
        "is a link": lambda one: stat.S_ISLNK(one.external_attr >> 16),
        "is locked by a password": lambda one: bool(one.flag_bits & 1),
        f"unpacks to more than {_LARGEST >> 20} MB": lambda one: one.file_size > _LARGEST,
    }
    for one in members:
        for said, is_so in checks.items():
            if is_so(one):
                raise DataError(
                    f"{path}: its member {one.filename!r} {said}, so nothing of it is read. Fetch "
                    "the archive again, or make it anew."
                )
    return sorted(one.filename for one in members if wanted(one.filename))


def _climbs(one: zipfile.ZipInfo) -> bool:
    name = one.filename.replace("\\", "/")
    return PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or ":" in name
