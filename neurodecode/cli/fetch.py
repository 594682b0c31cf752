"""Get the files of a data set, each held to its digest.

Says the licence and the size first, and asks. Files that are whole are not fetched again, and one
that was broken off goes on from there. With --convert, files of pickled arrays that lie here are
made readable: as data, without running what they say.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.core.progress import progress, say, transfer

if TYPE_CHECKING:
    from neurodecode.data.fetch import FetchPlan
    from neurodecode.data.specs import Card

EXAMPLE = """\
Examples:
  neurodecode fetch eegbci --subjects 001 002 --runs 04 08 12
  neurodecode fetch eegbci --subjects 001 --data ~/recordings --yes
  neurodecode fetch things_eeg2 --convert --data ~/recordings

Exit codes: 0 all is there, 1 some files did not come, 2 wrong usage or no answer to the question,
3 the files are not to be had this way (registration, agreement, no server known).
"""
_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("card", metavar="CARD", help="a card's name, or its file (YAML)")
    for entity in ("subject", "session", "run"):
        parser.add_argument(
            f"--{entity}s",
            nargs="+",
            metavar="ID",
            help=f"only these {entity}s, as the file names have them (default: all)",
        )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="files go to DIR/CARD (default: the folder data of the cache folder)",
    )
    parser.add_argument(
        "--convert",
        action="store_true",
        help="fetch nothing; write a .npz beside each file of pickled arrays that the card names",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask: for scripts")


def main(arguments: argparse.Namespace) -> int:
    """Show what there is to fetch, ask, and fetch it; 1 if a file did not come."""
    from neurodecode.data.cards import load_card
    from neurodecode.data.fetch import fetch, plan_fetch, with_sizes

    card = load_card(arguments.card)
    if arguments.convert:
        return _convert(card, arguments.data)
    asked = {
        "subject": arguments.subjects,
        "session": arguments.sessions,
        "run": arguments.runs,
    }
    plan = plan_fetch(card, arguments.data, asked)
    if plan.missing:
        plan = with_sizes(plan, progress)
        say("\n".join(describe(plan)))
        _ask(arguments.yes)
    n_done, started = 0, time.monotonic()

    def done(file) -> None:
        nonlocal n_done
        n_done += 1
        say(f"{n_done}/{len(plan.missing)} {file.path}{_megabytes(file.size)}")

    errors = fetch(plan, transfer, done)
    for error in list(errors.values())[:_SHOWN]:
        say(f"failed: {error}")
    if len(errors) > _SHOWN:
        say(f"failed: {len(errors) - _SHOWN} more files")
    took = f", {n_done} fetched in {time.monotonic() - started:.0f} s" if n_done else ""
    print(f"{len(plan.whole) + n_done} files are whole in {plan.folder}{took}")
    _say_if_hidden(plan, arguments.data)
    return 1 if errors else 0


def _convert(card: "Card", data: Path | None) -> int:
    """Convert the pickled files of a card, say what each held; 1 if one could not be."""
    from neurodecode.data.conversion import convert, pickled_files

    files, n_failed = pickled_files(card, data), 0
    for number, path in enumerate(files, start=1):
        try:
            made = convert(path)
        except DataError as error:
            n_failed += 1
            say(f"failed: {error}")
            continue
        held = ", ".join(
            f"{name} {' × '.join(map(str, shape))} {kind}".replace("  ", " ")
            for name, (kind, shape) in list(made.arrays.items())[:_SHOWN]
        )
        more = f" and {len(made.arrays) - _SHOWN} more" if len(made.arrays) > _SHOWN else ""
        done = "is converted already" if made.before else f"to {made.target.name}"
        say(f"{number}/{len(files)} {path} {done}: {held}{more}")
    print(f"{len(files) - n_failed} of {len(files)} files are converted in {files[0].parent}")
    return 1 if n_failed else 0


def describe(plan: "FetchPlan") -> list[str]:
    """Say what would be fetched, under which terms, from where, and how much it is."""
    card = plan.card
    licence = ", ".join(filter(None, (card.licence.get("name"), card.licence.get("exceptions"))))
    size = f"{plan.n_bytes / 1e6:,.1f} MB"
    if plan.n_unknown:
        size += f" and {plan.n_unknown} files of unknown size"
    lines = [f"{card.title or card.name}", f"licence: {licence or 'not stated'}"]
    if card.citation:
        lines.append(f"cite: {card.citation}")
    lines.append(f"{len(plan.missing)} files, {size}, from {', '.join(plan.hosts)}")
    if plan.begun:
        lines.append(f"({plan.begun / 1e6:,.1f} MB of them are here already)")
    if plan.whole:
        lines.append(f"{len(plan.whole)} files are whole here, and are not fetched again")
    return [*lines, f"to {plan.folder}"]


def _ask(yes: bool) -> None:
    if yes:
        return
    if not (sys.stdin and sys.stdin.isatty()):
        raise ConfigError("nothing was fetched: nobody is here to say yes. In scripts, say --yes.")
    print("Fetch them? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise ConfigError("nothing was fetched.")


def _say_if_hidden(plan: "FetchPlan", data: Path | None) -> None:
    """Say so where another data root comes first, so that what was fetched would not be used."""
    from neurodecode.data.roots import find_root

    try:
        found = find_root(plan.card, data)
    except DataMissing:
        return
    if found.resolve() != plan.folder.resolve():
        say(
            f"note: {found} comes first among the data roots and is used. To use what was "
            f"fetched, say --data {plan.folder.parent} or set NEURODECODE_DATA."
        )


def _megabytes(size: int | None) -> str:
    return "" if size is None else f" {size / 1e6:,.1f} MB"
