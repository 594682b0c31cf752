"""Write one self-contained HTML page of one or several results folders."""

import argparse
from pathlib import Path

EXAMPLE = """\
Examples:
  neurodecode report results/quickstart_eeg
  neurodecode report results/quickstart_eeg results/quickstart_fmri --out page.html
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("results", type=Path, nargs="+", metavar="RESULTS", help="results folder")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="default: report.html in the first folder"
    )


def main(arguments: argparse.Namespace) -> int:
    """Write the page and print its place."""
    from neurodecode.report.page import write_page
    from neurodecode.report.results import Results

    out = arguments.out or arguments.results[0] / "report.html"
    print(write_page([Results(folder) for folder in arguments.results], out))
    return 0
