"""The command ``neurodecode``: one file a verb; heavy imports stay inside the verb."""

import argparse
import logging
import sys
import traceback
from collections.abc import Sequence

from neurodecode import __version__
from neurodecode.cli import (
    cache,
    check,
    compare,
    doctor,
    fetch,
    list_,
    plan,
    predict,
    report,
    run,
    show,
    stream,
    table,
)
from neurodecode.core.errors import NeurodecodeError
from neurodecode.core.progress import say

VERBS = {
    "list": list_,
    "show": show,
    "fetch": fetch,
    "plan": plan,
    "run": run,
    "table": table,
    "compare": compare,
    "report": report,
    "predict": predict,
    "stream": stream,
    "check": check,
    "cache": cache,
    "doctor": doctor,
}
INTERRUPTED = 130

_EPILOG = """\
Two commands that work offline in a clone:
  neurodecode run quickstart_eeg
  neurodecode table results/quickstart_eeg

Exit codes: 0 done, 1 some jobs failed, 2 wrong usage or configuration, 3 data missing,
130 interrupted.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments after the program's name; those of the process without.

    Returns
    -------
    code : int
        0 done, 1 some jobs failed, 2 wrong usage or configuration, 3 data missing, 130 interrupted.
    """
    parser = build_parser()
    arguments = parser.parse_args(argv)
    logging.basicConfig(
        level=logging.DEBUG if arguments.debug else logging.WARNING, format="%(message)s"
    )
    try:
        return arguments.function(arguments)
    except NeurodecodeError as error:
        if arguments.debug:
            traceback.print_exc()
        say(f"neurodecode {arguments.verb}: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        kept = " What is finished is stored; the same command goes on from there."
        print(f"\nInterrupted.{'' if arguments.verb == 'stream' else kept}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        return 0  # the reader of stdout, such as `head`, has seen enough
    except OSError as error:
        if arguments.debug:
            traceback.print_exc()
        where = f"{error.filename2 or error.filename}: " if error.filename else ""
        print(
            f"neurodecode {arguments.verb}: {where}{_reason(error)}. What "
            "is finished is stored; mend this, and the same command goes on from there.",
            file=sys.stderr,
        )
        return 1
    except Exception as error:  # a mistake of ours: one line, whatever it was
        if arguments.debug:
            traceback.print_exc()
        print(
            f"neurodecode {arguments.verb}: {_reason(error)}. What is finished is stored. If no "
            "file that this names is damaged, please report it, with what --debug shows.",
            file=sys.stderr,
        )
        return 1


def _reason(error: Exception) -> str:
    said = getattr(error, "strerror", None)
    return said or f"{type(error).__name__}: {' '.join(str(error).split())}"


def build_parser() -> argparse.ArgumentParser:
    """Make the parser of all verbs."""
    parser = argparse.ArgumentParser(
        prog="neurodecode",
        description="Decode brain recordings, and get a table that can be believed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"neurodecode {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, module in VERBS.items():
        summary = (module.__doc__ or "").strip().splitlines()[0]
        sub = verbs.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=module.EXAMPLE,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.add_argument("--debug", action="store_true", help="show tracebacks and every log line")
        module.add_arguments(sub)
        sub.set_defaults(function=module.main)
    return parser
