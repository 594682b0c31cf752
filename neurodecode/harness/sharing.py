"""Stateless stages: computed once a recording, kept on disk, shared by folds and models."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.files import whole_file
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.processes import one_thread
from neurodecode.core.stages import is_stateless, stages_of
from neurodecode.core.trials import Trials
from neurodecode.data.cache import STAGES, unwritable
from neurodecode.harness.jobs import describe_stage
from neurodecode.harness.named_model import NamedModel


@dataclass(frozen=True, eq=False)
class StageTask:
    """Leading stages to be run on the rows of one part."""

    part: Part
    at: np.ndarray
    length: np.ndarray
    stages: tuple[Any, ...]
    path: Path


def leading_stateless(model: NamedModel) -> tuple[Any, ...]:
    """Leading stages of a model that see one trial at a time; the predictor is never one."""
    needs = model.input_needs
    if needs.trials or needs.signals == 0 or model.flattens:
        return ()
    leading: list[Any] = []
    for stage in stages_of(model.estimator)[:-1]:
        if not is_stateless(stage) or getattr(getattr(stage, "needs", None), "trials", False):
            break
        leading.append(stage)
    return tuple(leading)


def shared_name(stages: Iterable[Any]) -> str:
    """Name of the signal that leading stages give; equal stages have equal names."""
    return "shared-" + digest([describe_stage(stage) for stage in stages])


def stage_tasks(
    trials: Trials, models: Iterable[NamedModel], cache: Path
) -> dict[str, list[StageTask]]:
    """Say what must be computed for the models' leading stages.

    Returns
    -------
    tasks : dict of str to list of StageTask
        Signal name to one task a part, all of them; those whose file exists need not run.
    """
    tasks: dict[str, list[StageTask]] = {}
    if len(trials.signals) != 1:
        return {}
    signal = trials.signal()
    for model in models:
        stages = leading_stateless(model)
        name = shared_name(stages)
        if not stages or name in tasks:
            continue
        tasks[name] = []
        for i in np.unique(signal.part):
            mine = signal.part == i
            at, length = signal.at[mine], signal.length[mine]
            windows = [digest_array(at), digest_array(length)]
            key = digest([signal.parts[i].key, windows, name])
            # Named by what it was made from too, so that the cache can tell whose it is.
            owner = signal.parts[i].key.partition("/")[0]
            path = cache / STAGES / f"{owner}-{key}.npy"
            tasks[name].append(StageTask(signal.parts[i], at, length, stages, path))
    return tasks


def describe_shared(trials: Trials, models: Iterable[NamedModel], cache: Path) -> list[str]:
    """Say of each group of leading stages whose it is, and how much of it is kept already."""
    models = tuple(models)
    told = []
    for name, tasks in stage_tasks(trials, models, cache).items():
        sharing = [m.name for m in models if shared_name(leading_stateless(m)) == name]
        kept = [task.path.stat().st_size for task in tasks if task.path.is_file()]
        stages = " + ".join(repr(stage) for stage in tasks[0].stages)
        told.append(
            f"{stages} for {', '.join(sharing)}: {len(kept)} of {len(tasks)} parts are kept, "
            f"{sum(kept) / 1e6:.1f} MB"
        )
    return told


def compute_stage(task: StageTask) -> bool:
    """Run the stages on the part's rows and keep the result; says whether that went well.

    Where it did not, each fold runs the stage itself, and its job tells the error.

    Raises
    ------
    CacheUnwritable
        If the cache folder is full.
    """
    n_rows = len(task.at)
    signal = TrialSignal((task.part,), np.zeros(n_rows, dtype=np.int32), task.at, task.length)
    with one_thread():
        X: Any = _pieces(signal)
        try:
            for stage in task.stages:
                X = copy.deepcopy(stage).fit(X[:1]).transform(X)
        except Exception:  # a stranger's stage may fail in any way
            return False
    try:
        with whole_file(task.path) as temporary, temporary.open("wb") as handle:
            np.save(handle, X)
    except OSError as error:
        raise unwritable(task.path.parent.parent, error) from error
    return True


def with_shared(trials: Trials, tasks: dict[str, list[StageTask]]) -> Trials:
    """Give trials the signals that leading stages give, as entries of the kept files."""
    signals = dict(trials.signals)
    if not tasks:
        return trials
    original = trials.signal()
    for name, several in tasks.items():
        part = np.zeros(len(trials), dtype=np.int32)
        at = np.zeros(len(trials), dtype=np.int64)
        parts = []
        for position, (i, task) in enumerate(zip(np.unique(original.part), several, strict=True)):
            mine = original.part == i
            part[mine], at[mine] = position, np.arange(mine.sum())
            parts.append(
                Part(task.path, task.part.space, ("feature",), None, 0.0, f"{task.part.key}/{name}")
            )
        length = np.full(len(trials), -1, dtype=np.int32)
        signals[name] = TrialSignal(tuple(parts), part, at, length)
    return Trials(trials.rows, signals)


def _pieces(signal: TrialSignal) -> np.ndarray | list[np.ndarray]:
    """Trials as one array, or as a list where they differ in length."""
    if len(np.unique(signal.length)) > 1:
        return [np.array(signal.piece(i), dtype=np.float64) for i in range(len(signal.part))]
    first = np.asarray(signal.piece(0))
    X = np.empty((len(signal.part), *first.shape))
    for i in range(len(X)):
        X[i] = signal.piece(i)
    return X
