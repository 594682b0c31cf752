"""Print an experiment with every default filled in."""

import argparse

from neurodecode.cli.experiment_arguments import add_experiment_arguments, read

EXAMPLE = """\
Examples:
  neurodecode show quickstart_eeg
  neurodecode show my.yaml --set protocol.within_session.n_splits=3
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    add_experiment_arguments(parser)


def main(arguments: argparse.Namespace) -> int:
    """Print the resolved experiment as YAML."""
    from neurodecode.core.nodes import dump

    print(dump(read(arguments).plain()), end="")
    return 0
