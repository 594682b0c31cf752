"""Print the table of a results folder: score, interval, chance and null of each model."""

import argparse
from pathlib import Path

from neurodecode.core.errors import ConfigError

EXAMPLE = """\
Examples:
  neurodecode table results/quickstart_eeg
  neurodecode table results/quickstart_eeg --format json
  neurodecode table results/moabb_left_right --against published
"""
FORMATS = ("text", "md", "latex", "csv", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("results", type=Path, nargs="+", metavar="RESULTS", help="results folder")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    parser.add_argument("--metric", help="only this metric")
    parser.add_argument(
        "--against",
        choices=("published",),
        help="set beside each model what was published of the same pipeline, data set and metric, "
        "and say what the protocols differ in",
    )


def main(arguments: argparse.Namespace) -> int:
    """Print the table of each folder; JSON is one list of rows of all."""
    from neurodecode.report.against import against_published, format_against
    from neurodecode.report.results import Results
    from neurodecode.report.tables import format_rows

    rows, beside = [], []
    for folder in arguments.results:
        mine = Results(folder).all_rows()
        metrics = dict.fromkeys(row.metric for row in mine)
        if arguments.metric is not None and arguments.metric not in metrics:
            raise ConfigError(
                f"{folder}: --metric: no {arguments.metric!r}; there are: {', '.join(metrics)}."
            )
        if arguments.against:
            beside += against_published(Results(folder), arguments.metric)
        rows += [row for row in mine if arguments.metric in (None, row.metric)]
    if arguments.against:
        print(format_against(beside, arguments.format))
    else:
        print(format_rows(rows, arguments.format))
    return 0
