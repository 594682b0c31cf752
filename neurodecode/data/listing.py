"""The list of a data set's files: what each is called here and there, its size and its digest.

A manifest is a table of text, one line a file, tabs between columns, the first line their names:
``path`` (below the data set's folder) and ``sha256``; where known, ``size`` in bytes; where the
card's templates do not say it, ``subject``, ``session``, ``run`` and ``url``. Lines that begin
with ``#`` say where the facts come from.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urljoin

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError
from neurodecode.data.readers import _templates
from neurodecode.data.specs import Card

_COLUMNS = ("path", "sha256", "size", "url", *_templates.ENTITIES)
_LARGEST = 100_000_000  # bytes; a million files
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNSAFE = re.compile(r"[\\\x00-\x1f\x7f]|^[A-Za-z]:")
_URL = re.compile(r"https?://[^/\s@]+/\S*")


@dataclass(frozen=True)
class ListedFile:
    """A file of a data set, before it is anywhere here.

    Parameters
    ----------
    path : str
        Its place below the data set's folder.
    url : str
    sha256 : str
    size : int or None
        Bytes; None where the list does not know.
    entities : mapping of str to str
        Whose it is: those of subject, session and run that are known.
    packed : bool
        Whether it is an archive, to be unpacked.
    """

    path: str
    url: str
    sha256: str
    size: int | None
    entities: Mapping[str, str]
    packed: bool = False


def read_listing(card: Card) -> list[ListedFile]:
    """Give all files of a card, in the order of its manifest.

    Raises
    ------
    ConfigError
        If the manifest is missing, or says something that cannot be: each with its line.
    """
    path = Path(card.files.manifest)
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError(
                f"{path}: more than {_LARGEST / 1e6:g} MB. No list of files is so long."
            )
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: the list of {card.name}'s files cannot be read: {error}."
        ) from None
    numbered = [(i, line) for i, line in enumerate(lines, 1) if line and not line.startswith("#")]
    if len(numbered) < 2:
        raise ConfigError(
            f"{path}: lists no file. Its first line names columns, others a file each."
        )
    columns = numbered[0][1].split("\t")
    problems = [
        f"{path}:{numbered[0][0]}: unknown column {name!r}.{nearest(name, _COLUMNS)}"
        for name in columns
        if name not in _COLUMNS
    ]
    problems += [
        f"{path}:{numbered[0][0]}: the column {name!r} is missing."
        for name in ("path", "sha256")
        if name not in columns
    ]
    if problems:
        raise ConfigError(problems)
    files: list[ListedFile] = []
    seen: set[str] = set()
    for number, line in numbered[1:]:
        values = line.split("\t")
        row = dict(zip(columns, values, strict=False))
        wrong = _wrong(row, len(values) > len(columns), seen)
        if wrong:
            problems.append(f"{path}:{number}: {wrong}")
            continue
        seen.add(row["path"].casefold())
        files.append(_file(card, row))
    if problems:
        raise ConfigError(problems[:20])
    return files


def chosen(
    files: Sequence[ListedFile], card: Card, asked: Mapping[str, Sequence[str] | None]
) -> list[ListedFile]:
    """Give the files of the subjects, sessions and runs that are asked for.

    Parameters
    ----------
    files : sequence of ListedFile
    card : Card
    asked : mapping of str to sequence of str or None
        ``subject``, ``session``, ``run`` to ids as the file names have them; None for all. A file
        that is of nobody in particular is always among the chosen.

    Raises
    ------
    ConfigError
        If an id is none of the list's, or no file is of all that is asked.
    """
    for entity, values in asked.items():
        known = {one.entities[entity] for one in files if entity in one.entities}
        absent = [value for value in values or () if value not in known]
        if absent:
            raise ConfigError(
                f"{card.name}: no file is of {entity} {', '.join(absent)}.{_like(absent[0], known)}"
            )
    found = [
        one
        for one in files
        if all(v is None or k not in one.entities or one.entities[k] in v for k, v in asked.items())
    ]
    owned = [one for one in found if any(k in one.entities for k, v in asked.items() if v)]
    if any(asked.values()) and not owned:
        said = "; ".join(f"{k} {', '.join(v)}" for k, v in asked.items() if v)
        raise ConfigError(f"{card.name}: no file is of all of {said}. Ask for fewer at once.")
    return found


def _like(word: str, known: set[str]) -> str:
    if not known:
        return " The list does not tell them apart: leave this out."
    same = [
        one for one in sorted(known) if word.lstrip("0") and one.lstrip("0") == word.lstrip("0")
    ]
    if same:
        return f" Did you mean {same[0]!r}?"
    ordered = sorted(known)
    return nearest(word, known) or f" There are {len(known)}, {ordered[0]} to {ordered[-1]}."


def _wrong(row: Mapping[str, str], too_many: bool, seen: set[str]) -> str:
    """Say what is wrong with a line; empty where nothing is."""
    name, sha256, size = row.get("path", ""), row.get("sha256", ""), row.get("size", "")
    place = PurePosixPath(name)
    if too_many:
        return "more values than columns."
    if not name or place.is_absolute() or ".." in place.parts or _UNSAFE.search(name):
        return f"path {name!r} is no place below the data set's folder."
    if place.as_posix() != name or name.endswith(".part"):
        return f"path {name!r} is not written plainly. Write {place.as_posix()!r}."
    if name.casefold() in seen:
        return f"path {name!r} is there twice."
    if not _SHA256.fullmatch(sha256):
        return f"sha256 {sha256!r}: expected 64 hexadecimal digits, small letters."
    if size and not re.fullmatch(r"\d{1,15}", size):
        return f"size {size!r}: expected a number of bytes."
    url = row.get("url", "")
    if url and not _URL.fullmatch(url) and (":" in url or url.startswith("/") or ".." in url):
        return f"url {url!r}: expected https://…, http://… or a place below base_url."
    return ""


def _file(card: Card, row: Mapping[str, str]) -> ListedFile:
    name, spec = row["path"], card.files
    entities = dict(_entities(card, name))
    entities |= {key: row[key] for key in _templates.ENTITIES if row.get(key)}
    remote = row.get("url", "")
    if not remote:
        needed = _templates.fields(spec.remote) if spec.remote else []
        ours = needed and set(needed) <= set(entities)
        remote = quote(_templates.fill(spec.remote, entities) if ours else name)
    return ListedFile(
        path=name,
        url=urljoin(spec.base_url, remote) if _URL.fullmatch(remote) else spec.base_url + remote,
        sha256=row["sha256"],
        size=int(row["size"]) if row.get("size") else None,
        entities=entities,
        packed=any(fnmatchcase(name, pattern) for pattern in spec.archives),
    )


def _entities(card: Card, name: str) -> Mapping[str, str]:
    """Whose a file is, by the template of any layout."""
    layouts = [card.reader] if card.reader is not None else list(card.variants.values())
    for layout in layouts:
        for option in ("path", "bold"):
            template = getattr(layout.options, option, "")
            found = _templates.entities(template, name) if template else None
            if found is not None:
                return found
    return {}
