"""Say what a kept model tells of recordings that it has not seen."""

import argparse
from pathlib import Path

from neurodecode.core.progress import say

EXAMPLE = """\
Examples:
  neurodecode run quickstart_eeg --set keep=final
  neurodecode predict results/quickstart_eeg datasets/samples/eegbci/S002R12.edf
  neurodecode predict results/mine new_raw.fif --model riemann.mdm --format csv > said.csv
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("results", type=Path, metavar="RESULTS", help="folder of a run, kept final")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="recordings")
    parser.add_argument("--model", metavar="NAME", help="as in the table (default: the first one)")
    parser.add_argument(
        "--every-event",
        action="store_true",
        help="predict events of any label, not only those that the task names",
    )
    parser.add_argument(
        "--format", choices=["text", "csv", "json"], default="text", help="default: text"
    )
    parser.add_argument(
        "--allow-code", action="store_true", help="let the model be of classes from outside"
    )


def main(arguments: argparse.Namespace) -> int:
    """Print one line a trial; 1 if a recording could not be used."""
    from neurodecode.harness.apply import predict_files

    said = predict_files(
        arguments.results,
        arguments.files,
        arguments.model,
        every_event=arguments.every_event,
        allow_code=arguments.allow_code,
    )
    for note in said.notes:
        say(note)
    for failed in said.failed:
        say(f"left out: {failed.message}")
    if arguments.format == "csv":
        print(said.table.to_csv(index=False), end="")
    elif arguments.format == "json":
        print(said.table.to_json(orient="records", indent=1))
    else:
        print(said.table.to_string(index=False))
    return 1 if said.failed else 0
