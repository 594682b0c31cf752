"""Check that stored results are what would be computed now, or that a model keeps the contract.

RESULTS: one prepared recording and one job a model are computed anew and compared. NAME: contract
tests of a model, step, protocol or metric, yours too.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from neurodecode.core.errors import ConfigError

EXAMPLE = """\
Examples:
  neurodecode check results/quickstart_eeg
  neurodecode check riemann.tangent_space 'deconfound: {columns: [onset]}'
  neurodecode check mypackage.mymodel:MyModel
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "what", nargs="+", metavar="RESULTS|NAME", help="results folders, or names of code"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="data root, searched first")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--allow-code",
        action="store_true",
        help="let the experiment of a results folder name code from outside",
    )


def main(arguments: argparse.Namespace) -> int:
    """Print each promise and whether it is kept; 1 if one is not."""
    from neurodecode.harness.recheck import recheck
    from neurodecode.harness.store import Store

    found = {}
    for what in arguments.what:
        if (Path(what) / "jobs.json").is_file():
            found[what] = recheck(Path(what), arguments.data, allow_code=arguments.allow_code)
        elif Path(what).is_dir():
            Store(Path(what)).index()  # says what it lacks
        else:
            found[what] = _check_named(what)
    if arguments.json:
        print(json.dumps({what: [asdict(one) for one in found[what]] for what in found}, indent=1))
    else:
        for what, findings in found.items():
            print(what)
            for one in findings:
                mark = "FAILS" if one.problem else "-    " if one.not_asked else "ok   "
                print(f"  {mark}  {one.promise}")
                if one.problem:
                    print(f"         {one.problem}")
                if one.not_asked:
                    print(f"         not asked: {one.not_asked}")
    return int(any(one.problem for findings in found.values() for one in findings))


def _check_named(what: str) -> list[Any]:
    from neurodecode.harness.contracts import check_named

    try:
        return check_named(what)[1]
    except ConfigError as error:
        raise ConfigError(
            [f"{what} is no folder of results, and as a name: {one}" for one in error.problems]
        ) from error
