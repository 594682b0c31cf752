"""List the names that an experiment may use.

Nothing that is listed is imported.
"""

import argparse
import json
import textwrap
from pathlib import Path

from neurodecode.core.files import shipped_folder
from neurodecode.core.names import catalogue
from neurodecode.core.nodes import load

EXAMPLE = """\
Examples:
  neurodecode list
  neurodecode list models
"""
GROUPS = {
    "models": "models",
    "steps": "steps",
    "preparations": "signal",
    "protocols": "protocols",
    "metrics": "metrics",
    "features": "features",
    "simulations": "simulate",
    "cards": "datasets",
    "experiments": "configs/experiments",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("group", nargs="?", choices=list(GROUPS), help="one group; all without it")
    parser.add_argument("--json", action="store_true", help="print JSON: group to name to summary")


def main(arguments: argparse.Namespace) -> int:
    """Print the names with a line each."""
    groups = [arguments.group] if arguments.group else list(GROUPS)
    listed = {group: names_of(group) for group in groups}
    if arguments.json:
        print(json.dumps(listed, indent=1))
        return 0
    for group, names in listed.items():
        print(f"{group}:")
        width = max(map(len, names), default=0)
        for name, summary in names.items():
            print(f"  {name:<{width}}  {textwrap.shorten(summary, 96 - width, placeholder=' …')}")
    return 0


def names_of(group: str) -> dict[str, str]:
    """Names of a group, each with its one-line summary."""
    if group in ("cards", "experiments"):
        top, _, below = GROUPS[group].partition("/")
        files = sorted((shipped_folder(top) / below).glob("*.yaml"))
        return {path.stem: _title(path) for path in files}
    return {name: entry.summary for name, entry in sorted(catalogue(GROUPS[group]).items())}


def _title(path: Path) -> str:
    root, _ = load(path)
    title = root.value.get("title")
    return str(title.value) if title else ""
