"""Tasks in processes of joblib, one BLAS thread each."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from neurodecode.core.errors import WorkerDied
from neurodecode.core.processes import die_with_parent

T = TypeVar("T")
R = TypeVar("R")


def run_joblib(function: Callable[[T], R], tasks: Iterable[T], n_jobs: int) -> Iterator[R]:
    """Give results in the order they are done; workers end when this process does.

    Raises
    ------
    WorkerDied
        If one of them ended by itself.
    """
    with parallel_config("loky", n_jobs=n_jobs, inner_max_num_threads=1):
        parallel: Any = Parallel(return_as="generator_unordered", batch_size=1)  # pyright: ignore[reportArgumentType] (joblib types its default alone)
        try:
            yield from parallel(delayed(_guarded)(function, task) for task in tasks)
        except TerminatedWorkerError as error:
            codes = dict.fromkeys(re.findall(r"[A-Z]+\(-?\d+\)", str(error)))
            raise WorkerDied(
                f"a worker process died ({', '.join(codes)}): memory ran out, or compiled code "
                "crashed. What is finished is stored; fewer processes (n_jobs) need less memory."
            ) from error


def _guarded(function: Callable[[Any], Any], task: Any) -> Any:
    die_with_parent()
    return function(task)
