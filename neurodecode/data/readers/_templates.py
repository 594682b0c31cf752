"""Path templates: `S{subject}R{run}.edf` finds files and says whose they are."""

import re
from collections.abc import Mapping
from pathlib import Path

from neurodecode.core.errors import ConfigError

ENTITIES = ("subject", "session", "run")
_FIELD = re.compile(r"\{(\w*)\}")


def fields(template: str) -> list[str]:
    """Entities that a template names.

    Raises
    ------
    ConfigError
        If it names something else.
    """
    found = list(dict.fromkeys(_FIELD.findall(template)))
    for name in found:
        if name not in ENTITIES:
            raise ConfigError(f"path {template!r}: {{{name}}} is not one of {', '.join(ENTITIES)}.")
    return found


def fill(template: str, ids: Mapping[str, str]) -> str:
    """Put entities into a template."""
    return _FIELD.sub(lambda found: ids[found.group(1)], template)


def match(root: Path, template: str) -> list[tuple[dict[str, str], Path]]:
    """Files below `root` that a template fits, with their entities as the names have them."""
    fields(template)
    pattern, seen, end = "", set(), 0
    for found in _FIELD.finditer(template):
        name = found.group(1)
        pattern += re.escape(template[end : found.start()])
        pattern += f"(?P={name})" if name in seen else f"(?P<{name}>[^/]+?)"
        seen.add(name)
        end = found.end()
    pattern += re.escape(template[end:])
    fits = []
    for path in sorted(root.glob(_FIELD.sub("*", template))):
        matched = re.fullmatch(pattern, path.relative_to(root).as_posix())
        if matched and path.is_file():
            fits.append((matched.groupdict(), path))
    return fits
