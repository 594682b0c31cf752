"""Path templates: `S{subject}R{run}.edf` finds files and says whose they are."""

import functools
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from neurodecode.core.errors import ConfigError
from neurodecode.data._layout import ENTITIES as ENTITIES

logger = logging.getLogger(__name__)

_FOLDERS = (".ds",)  # of CTF
_FIELD = re.compile(r"\{(\w*)\}")


def fields(template: str, more: Sequence[str] = ()) -> list[str]:
    """Entities that a template names.

    Parameters
    ----------
    template : str
    more : sequence of str
        Names that it may have besides the entities.

    Raises
    ------
    ConfigError
        If it names something else, or a place outside the data set's folder.
    """
    path = PurePosixPath(template)
    if path.is_absolute() or ".." in path.parts:
        raise ConfigError(f"path {template!r} leaves the data set's folder. Name one below it.")
    found = list(dict.fromkeys(_FIELD.findall(template)))
    for name in found:
        if name not in (*ENTITIES, *more):
            known = ", ".join((*ENTITIES, *more))
            raise ConfigError(f"path {template!r}: {{{name}}} is not one of {known}.")
    return found


def fill(template: str, ids: Mapping[str, str]) -> str:
    """Put entities into a template."""
    return _FIELD.sub(lambda found: ids[found.group(1)], template)


def entities(template: str, name: str) -> dict[str, str] | None:
    """Entities of a file's place below the data set's folder; None where it does not fit."""
    matched = re.fullmatch(_pattern(template), name)
    return None if matched is None else matched.groupdict()


def match(root: Path, template: str, more: Sequence[str] = ()) -> list[tuple[dict[str, str], Path]]:
    """Files below `root` that a template fits, with their entities as the names have them.

    A ``*`` stands for anything but a separator of folders.
    Recordings that are folders (CTF's ``.ds``) are files here.
    Links to files that are not here, as git-annex leaves them, are named in a warning.
    """
    fields(template, more)
    fits, dangling = [], []
    for path in sorted(root.glob(_FIELD.sub("*", template))):
        matched = entities(template, path.relative_to(root).as_posix())
        if matched is not None and (path.is_file() or is_recording(path)):
            fits.append((matched, path))
        elif matched is not None and path.is_symlink():
            dangling.append(path)
    warn_of_dangling(dangling)
    return fits


def is_recording(path: Path) -> bool:
    """Whether a folder is one recording."""
    return path.suffix in _FOLDERS and path.is_dir()


def warn_of_dangling(links: Sequence[Path]) -> None:
    """Warn of links to files that are not here, which are left out; nothing where there is none."""
    if links:
        logger.warning(
            "%d links to files that are not here are left out, the first is %s. Get what they "
            "point to, as with: datalad get",
            len(links),
            links[0],
        )


@functools.lru_cache(maxsize=64)
def _pattern(template: str) -> str:
    pattern, seen, end = "", set(), 0
    for found in _FIELD.finditer(template):
        name = found.group(1)
        pattern += _literal(template[end : found.start()])
        pattern += f"(?P={name})" if name in seen else f"(?P<{name}>[^/]+?)"
        seen.add(name)
        end = found.end()
    return pattern + _literal(template[end:])


def _literal(text: str) -> str:
    return "[^/]*".join(re.escape(part) for part in text.split("*"))
