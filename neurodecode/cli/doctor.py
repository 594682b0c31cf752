"""Say on one screen what is installed and where data are, and find what is wrong.

Changes nothing and asks no server.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from typing import Any

Lines = Iterator[tuple[str, str]]
EXAMPLE = """\
Examples:
  neurodecode doctor
  neurodecode doctor --json

Exit codes: 0 all is well, 1 something is wrong: the last lines say what, and what to do.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON, for a report of a bug")


def main(arguments: argparse.Namespace) -> int:
    """Print what was found; 1 if something is wrong."""
    from neurodecode.cli.health import examine

    found = examine()
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        print("\n".join(as_lines(found)))
    return 1 if found["trouble"] else 0


def as_lines(found: dict[str, Any]) -> list[str]:
    """Give what was found as lines to read."""
    lines = []
    for name, tell in _SECTIONS.items():
        if found[name] is None:
            lines.append(_line(name, "COULD NOT BE LOOKED AT"))
        else:
            lines += [_line(word, what) for word, what in tell(found[name])]
    wrong = [f"wrong: {one}" for one in found["trouble"]]
    return lines + (wrong or ["nothing wrong was found"])


def _versions(found: dict[str, str]) -> Lines:
    yield "neurodecode", f"{found['neurodecode']} in {found['folder']}"
    yield "python", f"{found['python']}, {found['system']}"


def _packages(found: dict[str, Any]) -> Lines:
    yield "packages", ", ".join(f"{n} {v or 'ABSENT'}" for n, v in found["needed"].items())
    for extra, several in found["optional"].items():
        yield f"[{extra}]", _extra(extra, several)


def _machine(found: dict[str, Any]) -> Lines:
    threads = ", ".join(f"{name}={value}" for name, value in found["threads"].items())
    yield "cores", f"{found['cores']}; {'; '.join(found['blas'])}"
    yield "threads", threads or "no variable limits them"
    yield "memory", f"{found['memory_gb']} GB, {found['memory_free_gb']} GB of it free"


def _gpu(found: dict[str, Any]) -> Lines:
    seen = ", ".join(found["gpus"]) or f"none that torch {found['torch']} sees"
    yield "GPU", seen if found["torch"] else "not asked: torch is absent"


def _data(found: list[dict[str, Any]]) -> Lines:
    for one in found:
        cards = [
            f"{name}{' (' + ', '.join(v) + ')' if v else ''}" for name, v in one["cards"].items()
        ]
        held = ", ".join(cards) or "of no card"
        yield "data", f"{one['root']}: {held if one['there'] else 'not there'}"


def _cache(found: dict[str, Any]) -> Lines:
    size, free = found["bytes"] / 1e6, found["free_bytes"] / 1e9
    refused = "" if found["writable"] else ", NOT WRITABLE"
    yield "cache", f"{found['folder']}: {size:,.1f} MB, {free:,.1f} GB free{refused}"


def _shipped(found: dict[str, Any]) -> Lines:
    held = f"{found['cards']} cards, {found['experiments']} experiments"
    yield "shipped", f"{held} in {found['folder']}"


def _check(found: dict[str, Any]) -> Lines:
    score, seconds = found["score"], found["seconds"]
    yield "check", f"40 made-up trials decoded in {seconds} s, accuracy {score:.2f}"


_SECTIONS: dict[str, Callable[[Any], Lines]] = {
    "versions": _versions,
    "packages": _packages,
    "machine": _machine,
    "gpu": _gpu,
    "data": _data,
    "cache": _cache,
    "shipped": _shipped,
    "self_check": _check,
}


def _line(name: str, what: str) -> str:
    return f"{name:<12} {what}"


def _extra(extra: str, several: dict[str, str]) -> str:
    said = ", ".join(f"{name} {version}" for name, version in several.items() if version)
    absent = [name for name, version in several.items() if not version]
    if not absent:
        return said
    line = f'pip install "neurodecode[{extra}]"'
    return f"{said + '; ' if said else ''}absent: {', '.join(absent)} ({line})"
