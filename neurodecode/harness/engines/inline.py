"""Tasks one after the other, in this process."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def run_inline(function: Callable[[T], R], tasks: Iterable[T], n_jobs: int) -> Iterator[R]:
    """Give each task's result as it comes; `n_jobs` is always one here."""
    del n_jobs
    for task in tasks:
        yield function(task)
