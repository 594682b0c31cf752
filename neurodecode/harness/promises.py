"""Promises that are put to code, and what is found of each."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One promise, and whether it is kept.

    Parameters
    ----------
    promise : str
    problem : str
        Empty where it is kept.
    not_asked : str
        Why it was not asked, where it does not apply; empty where it was.
    """

    promise: str
    problem: str = ""
    not_asked: str = ""


class NotAsked(Exception):
    """A promise that does not apply to what is checked; its text says why."""


def findings(*promises: tuple[str, Callable[[], None]]) -> Iterator[Finding]:
    """Put promises to the test, one after the other.

    Parameters
    ----------
    promises : tuple of str and callable
        What is promised, and a test that raises where it is not kept, `NotAsked` where it does not
        apply.
    """
    for promise, test in promises:
        try:
            # What a model warns of, such as passes that were too few, breaks no promise.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                test()
        except NotAsked as reason:
            yield Finding(promise, not_asked=str(reason))
        except Exception as error:  # whatever is checked may fail in any way
            text = " ".join(str(error).split())
            named = text if isinstance(error, AssertionError) else f"{type(error).__name__}: {text}"
            yield Finding(promise, named or type(error).__name__)
        else:
            yield Finding(promise)
