"""Show what the cache folder holds, say why something is in it, and make it smaller.

All of it can be made or fetched again. What a process at work uses is never deleted.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.files import cache_folder
from neurodecode.data.cache import COMPUTED, KINDS, Entry, clear, entries, of_card

EXAMPLE = """\
Examples:
  neurodecode cache
  neurodecode cache list --kind prepared
  neurodecode cache why KEY
  neurodecode cache clear --card eegbci --dry-run
  neurodecode cache clear --older-than 30
"""
ACTIONS = ("sizes", "list", "why", "clear")
_DAY = 24 * 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=ACTIONS,
        default="sizes",
        help="sizes by kind (default); list every entry; why KEY is there; clear",
    )
    parser.add_argument("key", nargs="?", metavar="KEY", help="for why: a key or its beginning")
    parser.add_argument(
        "--kind",
        nargs="+",
        choices=KINDS,
        help="only these; clear takes all but downloads, which it takes only when named here",
    )
    parser.add_argument("--card", metavar="NAME", help="only what was made from this data set")
    parser.add_argument(
        "--older-than", type=float, metavar="DAYS", help="only what was not used for so long"
    )
    parser.add_argument("--all", action="store_true", help="clear whatever else is not said")
    parser.add_argument("--dry-run", action="store_true", help="clear: say it, delete nothing")
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(arguments: argparse.Namespace) -> int:
    """Print or clear; 1 if something that was to go is in use."""
    cache = cache_folder()
    if (arguments.action == "why") != (arguments.key is not None):
        raise ConfigError("cache: a KEY goes with why, and why with a KEY: cache why KEY.")
    if arguments.action == "why":
        return _why(arguments, cache)
    if arguments.action == "clear":
        return _clear(arguments, cache)
    found = _chosen(arguments, cache)
    if arguments.json:
        print(
            json.dumps({"folder": str(cache), **_sums(found), "entries": _plain(found)}, indent=1)
        )
    elif arguments.action == "list":
        print("\n".join(map(_line, found)) or f"nothing of that is in {cache}")
    else:
        print("\n".join(_size_lines(found, cache)))
    return 0


def _chosen(arguments: argparse.Namespace, cache: Path) -> list[Entry]:
    everything = COMPUTED if arguments.action == "clear" else KINDS
    days = arguments.older_than
    if days is not None and not days >= 0:
        raise ConfigError(f"--older-than {days:g}: expected a number of days, 0 or more.")
    found = entries(cache, arguments.kind or everything)
    if arguments.card is not None:
        found = [one for one in found if of_card(one, arguments.card)]
    if days is not None:
        found = [one for one in found if one.used < time.time() - days * _DAY]
    return found


def _clear(arguments: argparse.Namespace, cache: Path) -> int:
    said = (arguments.kind, arguments.card, arguments.older_than)
    if not arguments.all and all(one is None for one in said):
        raise ConfigError(
            "cache clear: say what goes: --all, --card NAME, --kind KIND or --older-than DAYS."
        )
    found = _chosen(arguments, cache)
    gone, kept = (found, []) if arguments.dry_run else clear(found, cache)
    if arguments.json:
        told = {"dry_run": arguments.dry_run, **_sums(gone), "entries": _plain(gone)}
        print(json.dumps(told | {"in_use": _plain(kept)}, indent=1))
    else:
        verb = "would free" if arguments.dry_run else "freed"
        print(f"{verb} {_megabytes(gone)}: {_counted(gone)}")
        if kept:
            print(f"in use by a process at work, and kept: {_counted(kept)}")
    return 1 if kept else 0


def _why(arguments: argparse.Namespace, cache: Path) -> int:
    from neurodecode.data.prepared import describe_key
    from neurodecode.features import _computing

    asked = arguments.key
    found = [one for one in entries(cache) if asked and one.name.startswith(asked)]
    if not found:
        raise DataError(
            f"{cache}: no key begins with {asked!r}. neurodecode cache list names those there are."
        )
    if len(found) > 1:
        names = ", ".join(one.name[: len(asked) + 4] + "…" for one in found[:5])
        raise ConfigError(f"cache why {asked}: {len(found)} keys begin so: {names} Say more of it.")
    (one,) = found
    described = {"prepared": describe_key, "features": _computing.describe_key}.get(one.kind)
    unfinished = one.path.suffix == ".part"
    made = one.what if described is None or unfinished else described(one.name, cache)
    if arguments.json:
        print(json.dumps(_plain(found)[0] | {"why": made}, indent=1))
    else:
        print(f"{_line(one)}\n{made}")
    return 0


def _size_lines(found: Sequence[Entry], cache: Path) -> list[str]:
    import shutil

    lines = [str(cache)]
    for kind, several in _by_kind(found).items():
        lines.append(f"{kind:<12}{len(several):>6} {_megabytes(several):>13}")
    lines.append(f"{'all':<12}{len(found):>6} {_megabytes(found):>13}")
    there = next((p for p in (cache, *cache.absolute().parents) if p.is_dir()), None)
    if there is not None:
        lines.append(f"free on its disk: {shutil.disk_usage(there).free / 1e6:,.1f} MB")
    return lines


def _line(one: Entry) -> str:
    days = max(0.0, time.time() - one.used) / _DAY
    of = f" {one.card}" if one.card and one.kind != "downloads" else ""
    return f"{one.kind:<12}{one.name:<33}{one.size / 1e6:>9,.1f} MB {days:>6.1f} d {of} {one.what}"


def _by_kind(found: Sequence[Entry]) -> dict[str, list[Entry]]:
    kinds: dict[str, list[Entry]] = {}
    for one in found:
        kinds.setdefault(one.kind, []).append(one)
    return kinds


def _sums(found: Sequence[Entry]) -> dict[str, Any]:
    return {
        "bytes": sum(one.size for one in found),
        "kinds": {
            kind: {"n": len(several), "bytes": sum(one.size for one in several)}
            for kind, several in _by_kind(found).items()
        },
    }


def _plain(found: Sequence[Entry]) -> list[dict[str, Any]]:
    return [asdict(one) | {"path": str(one.path)} for one in found]


def _megabytes(found: Sequence[Entry]) -> str:
    return f"{sum(one.size for one in found) / 1e6:,.1f} MB"


def _counted(found: Sequence[Entry]) -> str:
    counts = {kind: len(several) for kind, several in _by_kind(found).items()}
    return ", ".join(f"{n} {kind}" for kind, n in counts.items()) or "nothing"
