"""Candidates of a grid in groups: what leading stages give is computed once for all inner folds."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurodecode.core.digest import digest
from neurodecode.core.errors import DataError
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.harness.jobs import describe_stage
from neurodecode.harness.sharing import leading_stateless
from neurodecode.harness.task import TaskJob

_NAME = "candidate"  # of the signal that leading stages give


@dataclass(frozen=True, eq=False)
class Group:
    """Candidates whose leading stages give the same.

    Parameters
    ----------
    which : tuple of int
        Their positions among all.
    jobs : tuple of TaskJob
        With those stages behind them.
    train : Trials
        The training rows, with what the stages gave as a signal.
    """

    which: tuple[int, ...]
    jobs: tuple[TaskJob, ...]
    train: Trials


def staged(jobs: Sequence[TaskJob], train: Trials, signal: str | None) -> Iterator[Group]:
    """Group candidates by their leading stages that see one trial at a time, and run those.

    One group is in memory at a time. Steps of a class with ``each`` are run together: it gives what
    several of them give, in an order of its own, such as covariances of all orders of one lag.

    Parameters
    ----------
    jobs : sequence of TaskJob
        One a candidate.
    train : Trials
    signal : str or None
        The input signal's name.

    Yields
    ------
    group : Group

    Raises
    ------
    DataError
        If a stage cannot be run on these rows; the candidate is named.
    """
    leading = [leading_stateless(job.model)[job.n_shared :] for job in jobs]
    plain = tuple(i for i, stages in enumerate(leading) if not stages or signal is None)
    if plain:
        yield Group(plain, tuple(jobs[i] for i in plain), train)
    alike: dict[str, dict[str, list[int]]] = {}
    for i in sorted(set(range(len(jobs))) - set(plain)):
        *before, last = leading[i]
        kind = f"{type(last).__module__}.{type(last).__qualname__}"
        key = digest([jobs[i].shared, [describe_stage(one) for one in before], kind])
        alike.setdefault(key, {}).setdefault(digest(describe_stage(last)), []).append(i)
    for several in alike.values():
        members = list(several.values())
        first = members[0][0]
        X = _before(leading[first][:-1], jobs[first], train, signal)
        for which, given in _each([leading[one[0]][-1] for one in members], X):
            mine = tuple(i for j in which for i in members[j])
            behind = (_behind(jobs[i], len(leading[i])) for i in mine)
            yield Group(mine, tuple(behind), _with(train, given))


def _before(stages: Sequence[Any], job: TaskJob, train: Trials, signal: str | None) -> Any:
    """Give what the last of the leading stages is handed."""
    name = job.shared or signal
    ragged = job.model.input_needs.ragged and not job.shared
    X: Any = train.array_or_list(name) if ragged else train.array(name)
    for stage in stages:
        X = _given(stage, X)
    return X


def _each(stages: Sequence[Any], X: Any) -> Iterator[tuple[list[int], np.ndarray]]:
    """Give what each of several stages of one class makes of trials, and which of them do."""
    together = getattr(type(stages[0]), "each", None)
    if together is not None:
        yield from together(stages, X)
        return
    for i, stage in enumerate(stages):
        yield [i], _given(stage, X)


def _given(stage: Any, X: Any) -> Any:
    try:
        return copy.deepcopy(stage).fit(X[:1]).transform(X)
    except DataError as error:
        raise DataError(f"tune: {stage!r}: {error}") from error


def _behind(job: TaskJob, n_stages: int) -> TaskJob:
    return replace(job, shared=_NAME, n_shared=job.n_shared + n_stages)


def _with(train: Trials, X: np.ndarray) -> Trials:
    """Give rows with one more signal, an entry each."""
    X = np.asarray(X)
    part = Part(X, Space("features", ()), ("feature",), None, 0.0, _NAME)
    n = len(X)
    length = np.full(n, -1, dtype=np.int32)
    signal = TrialSignal((part,), np.zeros(n, dtype=np.int32), np.arange(n), length)
    return Trials(train.rows, {**train.signals, _NAME: signal})
