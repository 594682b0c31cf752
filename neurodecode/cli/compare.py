"""Test whether one model is better than another: paired over subjects, of one or more results."""

import argparse
from pathlib import Path

EXAMPLE = """\
Each difference is the first score less the second, with its 95 % interval, its size in standard
deviations of the differences (d_z), and p with the test that it is of. Within one results folder
each pair of models is compared; across folders each model with the same one in the others.

Examples:
  neurodecode compare results/quickstart_eeg
  neurodecode compare results/quickstart_eeg --against baseline.history --metric roc_auc
"""
FORMATS = ("text", "md", "latex", "csv", "json")
TESTS = ("auto", "sign_flip", "wilcoxon", "corrected_t")
ALTERNATIVES = ("two-sided", "greater", "less")
CORRECTIONS = ("holm", "fdr_bh", "none")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("results", type=Path, nargs="+", metavar="RESULTS", help="results folder")
    parser.add_argument("--metric", help="default: the first one of the first folder")
    parser.add_argument(
        "--models", nargs="+", metavar="NAME", help="which ones; default: all but controls"
    )
    parser.add_argument("--against", metavar="NAME", help="compare with this one alone")
    parser.add_argument(
        "--test",
        choices=TESTS,
        default="auto",
        help="over several units; auto, the default: sign flips, or the corrected t test where "
        "units train each other's models",
    )
    parser.add_argument(
        "--alternative",
        choices=ALTERNATIVES,
        default="two-sided",
        help="of the first score less the second; default: two-sided",
    )
    parser.add_argument(
        "--correction",
        choices=CORRECTIONS,
        default="holm",
        help="of p, for all comparisons made; default: holm",
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    parser.add_argument(
        "--json", action="store_const", const="json", dest="format", help="same as --format json"
    )


def main(arguments: argparse.Namespace) -> int:
    """Print the comparisons."""
    from neurodecode.report.compare import compare

    compared = compare(
        *arguments.results,
        metric=arguments.metric,
        models=arguments.models,
        against=arguments.against,
        test=arguments.test,
        alternative=arguments.alternative,
        correction=arguments.correction,
    )
    print(compared.text(arguments.format))
    return 0
