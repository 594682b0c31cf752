"""Arguments that every verb on an experiment file shares."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from neurodecode.core.errors import ConfigError, DataError, LeakError

if TYPE_CHECKING:
    from neurodecode.harness.resolve import Resolved
    from neurodecode.harness.rsa.spec import RsaResolved


def add_experiment_arguments(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Declare the file, overrides, added models and trust."""
    parser.add_argument(
        "experiment",
        nargs="+" if several else None,
        metavar="EXPERIMENT",
        help="an experiment file (YAML), or the name of a shipped one",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="override one key, as in --set seeds=[1]; may be repeated",
    )
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME",
        dest="models",
        help="add a model: a name, package.module or package.module:Class; may be repeated",
    )
    parser.add_argument(
        "--allow-code",
        action="store_true",
        help="let the file itself name code that is not of a known library",
    )


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where data and results are."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="data root, searched first: one subfolder a card"
    )
    parser.add_argument(
        "--simulate",
        nargs="?",
        const="full",
        choices=["full", "small"],
        metavar="SIZE",
        help="make the recordings, with a planted effect, instead of reading them: full or small "
        "(default: full); where the card has files too, results go to NAME_simulated",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="results go to DIR/NAME, NAME being the experiment's (default: results)",
    )
    parser.add_argument(
        "--rehash", action="store_true", help="read all source files again to see if they changed"
    )


def read(arguments: argparse.Namespace, experiment: str | None = None) -> "Resolved | RsaResolved":
    """Read and resolve the experiment that was named."""
    from neurodecode.harness.experiment import find_experiment, read_any

    return read_any(
        find_experiment(experiment or arguments.experiment),
        _overrides(arguments),
        arguments.models,
        allow_code=arguments.allow_code,
    )


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Say in errors that they are of a part of the experiment, such as ``online``."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError([_in(place, one) for one in error.problems]) from error
    except (DataError, LeakError) as error:
        raise type(error)(_in(place, str(error))) from error


def _in(place: str, said: str) -> str:
    return f"{place}: {said}" if place else said


def _overrides(arguments: argparse.Namespace) -> list[str]:
    simulate = getattr(arguments, "simulate", None)
    return [*arguments.overrides, *([f"data.simulate={simulate}"] if simulate else [])]
