"""`run`: prepare, share, fit fold by fold, store each prediction, then score."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError, WorkerDied
from neurodecode.core.files import cache_folder, remove_orphans
from neurodecode.core.parts import TrialSignal
from neurodecode.core.stages import stages_of
from neurodecode.core.trials import Trials
from neurodecode.core.truth import Taught
from neurodecode.data.cache import STAGES, mark_running, touch
from neurodecode.harness.beside import Beside
from neurodecode.harness.engines import ENGINES
from neurodecode.harness.fold import fit_final, run_fold
from neurodecode.harness.in_use import inner_groups_of, needed_gap
from neurodecode.harness.jobs import Job
from neurodecode.harness.model_ceilings import has_ceilings
from neurodecode.harness.plan import Plan
from neurodecode.harness.question import Question
from neurodecode.harness.read_reliability import keep_reliability
from neurodecode.harness.repeats import repeats_of
from neurodecode.harness.sharing import (
    compute_stage,
    leading_stateless,
    shared_name,
    stage_tasks,
    with_shared,
)
from neurodecode.harness.store import Store
from neurodecode.harness.study import Study
from neurodecode.harness.task import FoldTask, Outcome, TaskJob, Tuning
from neurodecode.harness.truth import TrainingTruth, rotates
from neurodecode.harness.validation import Validation, held_out_by
from neurodecode.simulate import ORACLE_SIGNAL

FAILURES = "failures.txt"  # tracebacks of the last run's failed jobs

Progress = Callable[..., Iterator[Any]]


@dataclass(frozen=True)
class Finished:
    """What a run did.

    Parameters
    ----------
    n_jobs, n_found, n_failed : int
        Jobs in all, found from before, and failed.
    errors : dict of str to str
        Job key to its error.
    """

    n_jobs: int
    n_found: int
    n_failed: int
    errors: dict[str, str]


def silent(items: Iterable[Any], what: str, total: int, unit: str = "job") -> Iterator[Any]:
    """Progress that shows nothing."""
    del what, total, unit
    yield from items


def execute(
    plan: Plan,
    store: Store,
    *,
    engine: str = "inline",
    n_jobs: int = 1,
    progress: Progress = silent,
) -> Finished:
    """Run the open jobs of a plan; what is stored is not run again.

    Parameters
    ----------
    plan : Plan
    store : Store
        Opened.
    engine : {"inline", "joblib"}
    n_jobs : int
        Processes, for joblib; -1 for as many as there are cores.
    progress : callable
        As `neurodecode.core.progress.progress`.

    Returns
    -------
    finished : Finished
    """
    if engine not in ENGINES:
        raise ConfigError(f"engine: no {engine!r}; there are: {', '.join(ENGINES)}.")
    n_cores = os.cpu_count() or 1
    n_jobs = n_cores if n_jobs == -1 else n_jobs
    if not isinstance(n_jobs, int) or not 1 <= n_jobs <= 4 * n_cores:
        raise ConfigError(
            f"n_jobs: {n_jobs!r} processes for {n_cores} cores. Give 1 or more, or -1 for all "
            "cores."
        )
    start = ENGINES[engine]
    mark_running(cache_folder())
    store.remove_trainings()
    # A draw of the null may be the truth by chance: its job is that of the model itself.
    unique: dict[str, Job] = {}
    for job in plan.jobs:
        unique.setdefault(job.key, job)
    keeps = plan.study.question.keep
    todo = [
        job
        for job in unique.values()
        if not store.has(job.key) or (keeps == "folds" and _lacks_model(job, store))
    ]
    failed: list[Outcome] = []
    if todo:
        trials, shared = _share(plan, todo, start, n_jobs, progress)
        n_folds, tasks = _fold_tasks(plan, todo, trials, shared, store)
        # Workers would talk at once, each over the lines of the others.
        talks = progress is not silent and engine == "inline"
        outcomes = start(run_fold, (replace(task, talks=talks) for task in tasks), n_jobs)
        try:
            for several in progress(outcomes, "folds", n_folds, "fold"):
                failed += [one for one in several if one.error]
        except WorkerDied:
            told = {one.key for one in failed}
            lost = [job for job in todo if job.key not in told and not store.has(job.key)]
            alone = _one_by_one(plan, lost, trials, shared, store, start)
            told_alone = progress(alone, "jobs, one by one", len(lost))
            failed += [one for one in told_alone if one.error]
    if keeps != "none":
        failed += _keep_final(plan, store, start, n_jobs, progress)
        unique |= {job.key: job for job in plan.finals}
    _write_failures(store, failed, unique)
    keep_reliability(plan, store)
    errors = {one.key: one.error for one in failed}
    return Finished(len(unique), len(unique) - len(todo), len(errors), errors)


def execute_alone(plan: Plan, store: Store) -> dict[str, str]:
    """Run the jobs of a plan in this process, without anything that was computed before.

    Returns
    -------
    errors : dict of str to str
        Job key to its error.
    """
    _, tasks = _fold_tasks(plan, list(plan.jobs), plan.study.inputs, set(), store)
    return {one.key: one.error for task in tasks for one in run_fold(task) if one.error}


def _lacks_model(job: Job, store: Store) -> bool:
    drawn = job.draw is not None or job.permutation is not None
    return not drawn and job.model.role == "model" and not store.has_model(job.key)


def _keep_final(
    plan: Plan, store: Store, start: Any, n_jobs: int, progress: Progress
) -> list[Outcome]:
    """Fit each model once more, on all rows, and store it."""
    todo = [job for job in plan.finals if not store.has_model(job.key)]
    _, tasks = _fold_tasks(plan, todo, plan.study.inputs, set(), store)
    outcomes = start(fit_final, tasks, n_jobs)
    told = progress(outcomes, "final models", 1 if todo else 0, "fold")
    return [one for several in told for one in several if one.error]


def _share(
    plan: Plan, todo: list[Job], start: Any, n_jobs: int, progress: Progress
) -> tuple[Trials, set[str]]:
    """Compute the stateless stages that open jobs begin with, once for all folds."""
    if plan.study.question.averages_inputs:  # of the mean trial, not the mean of what trials give
        return plan.study.inputs, set()
    models = {job.model.name: job.model for job in todo}.values()
    remove_orphans(cache_folder() / STAGES)
    tasks = stage_tasks(plan.study.inputs, models, cache_folder())
    every = [task for several in tasks.values() for task in several]
    missing = [task for task in every if not task.path.is_file()]
    for task in every:
        if task not in missing:
            touch(task.path)
    computed = start(compute_stage, missing, n_jobs)
    with contextlib.suppress(WorkerDied):  # folds compute what is missing, and tell the error
        for _ in progress(computed, "shared stages", len(missing), "part"):
            pass
    whole = {n: several for n, several in tasks.items() if all(t.path.is_file() for t in several)}
    return with_shared(plan.study.inputs, whole), set(whole)


def _one_by_one(
    plan: Plan, jobs: list[Job], trials: Trials, shared: set[str], store: Store, start: Any
) -> Iterator[Outcome]:
    """Run each job in a process of its own, so that one that kills its process dies alone."""
    for job in jobs:
        _, tasks = _fold_tasks(plan, [job], trials, shared, store)
        try:
            for several in start(run_fold, tasks, 2):  # joblib takes 1 to mean this one
                yield from several
        except WorkerDied as error:
            yield Outcome(job.key, str(error))


def _fold_tasks(
    plan: Plan, todo: list[Job], trials: Trials, shared: set[str], store: Store
) -> tuple[int, Iterator[FoldTask]]:
    if any("previous" in job.model.columns for job in todo):
        rows = trials.rows.with_column("previous", plan.study.previous)
        trials = Trials(rows, trials.signals)
    if plan.study.oracle is not None:
        trials = Trials(trials.rows, {**trials.signals, ORACLE_SIGNAL: plan.study.oracle})
    truth = TrainingTruth(plan.study)
    groups = [list(jobs) for _, jobs in groupby(todo, key=lambda job: (job.seed, job.fold.name))]
    return len(groups), (_fold_task(plan, jobs, trials, shared, store, truth) for jobs in groups)


def _fold_task(
    plan: Plan,
    jobs: list[Job],
    trials: Trials,
    shared: set[str],
    store: Store,
    truth: TrainingTruth,
) -> FoldTask:
    study, fold, seed = plan.study, jobs[0].fold, jobs[0].seed
    question = study.question
    draws = dict.fromkeys((job.draw, job.permutation) for job in jobs)
    told = {draw: truth.of(fold, seed, *draw) for draw in draws}
    trained = np.isin(fold.labelled, fold.index("train", "val"))
    rows = study.trials.rows.take(fold.labelled[trained])
    unlabelled = fold.index("unlabelled")
    asking = question.tune or any(job.model.val for job in jobs)
    groups = inner_groups_of(question, rows, study.paired_by) if asking else None
    given = np.isin(fold.index("train", "val"), fold.index("val"))
    gap = needed_gap(study) if question.tune else 0.0
    shown = None
    if asking and not rotates(study):
        shown = held_out_by(rows, question.target.kind, study.paired_by)
    validation = Validation(
        groups if shown is None else shown, given if given.any() else None, study.paired_by
    )
    return FoldTask(
        train=_pruned(trials.take(fold.index("train", "val"))),
        test=_pruned(trials.take(fold.index("test"))),
        keep=question.keep == "folds",
        origin=study.origin,
        jobs=tuple(
            replace(
                _task_job(
                    job,
                    shared,
                    told[job.draw, job.permutation][trained],
                    keeps=question.keep == "folds",
                ),
                beside=_beside(job, study, truth, trained),
                y_adapt=told[job.draw, job.permutation][~trained] if fold.adapt_labelled else None,
                tuning=_tuning(job, question, groups, gap),
                val=validation if job.model.val else None,
                device=job.parts["device"],
                space=truth.space(fold) if job.model.target_space else None,
                **_updates(job, question, truth),
                **_ceilings(job, study, truth),
            )
            for job in jobs
        ),
        kind=question.target.kind,
        classes=question.target.classes,
        signal=next(iter(study.inputs.signals), None),
        store=store,
        adapt=_pruned(trials.take(fold.seen)) if len(fold.seen) else None,
        unlabelled=_pruned(trials.take(unlabelled)) if len(unlabelled) else None,
        one_by_one=question.access.one_by_one,
        transductive=question.access.transductive,
        reduce=question.reduce,
        repeats=repeats_of(question, study.trials.rows, fold),
        schedule=study.schedule if question.tune is not None else None,
    )


def _beside(job: Job, study: Study, truth: TrainingTruth, trained: np.ndarray) -> Beside | None:
    """Give what a job's model is told beside the truth, train then adapt."""
    columns, signals = job.model.training_columns, job.model.training_signals
    if not columns and not signals:
        return None
    whose = truth.whose(job.fold, job.seed, job.draw, job.permutation)
    order = np.append(whose[trained], whose[~trained])
    shown = {name: study.shown[name][order] for name in signals}
    return Beside.of(study.trials.rows.take(order), columns, shown)


def _ceilings(job: Job, study: Study, truth: TrainingTruth) -> dict[str, Any]:
    """Give the truth of the test rows where a model itself says its ceilings of pictures."""
    null = job.draw is not None or job.permutation is not None
    index, names = job.fold.index("test"), job.model.training_signals
    last = stages_of(job.model.estimator)[-1]
    if null or truth.kind != "picture" or len(index) == 0 or not has_ceilings(last):
        return {}
    shown = {name: study.shown[name][index] for name in names}
    beside = Beside.of(study.trials.rows.take(index), (), shown) if names else None
    return {"y_ceiling": truth.y[index], "beside_ceiling": beside}


def _tuning(job: Job, question: Question, groups: np.ndarray | None, gap: float) -> Tuning | None:
    tune = question.tune
    if tune is None or job.model.name not in tune.grids:
        return None
    grid = tune.grids[job.model.name]
    return Tuning(grid, tune.n_splits, tune.metric or question.metrics[0], groups, gap)


def _updates(job: Job, question: Question, truth: TrainingTruth) -> dict[str, Any]:
    """Say what a job's model goes on learning from while it is tested."""
    how = job.model.updates(question.access)
    if how != "delayed_labels":
        return {"updates": how}
    told = truth.tested(job.fold, job.seed, job.draw, job.permutation)
    return {"updates": how, "y_test": told}


def _task_job(job: Job, shared: set[str], y: Taught, *, keeps: bool) -> TaskJob:
    # A model that is kept has all its stages, also those that folds could have shared.
    leading = leading_stateless(job.model)
    name = shared_name(leading) if leading else ""
    known = name in shared and not keeps
    return TaskJob(
        key=job.key,
        parts=job.parts,
        label=job.label,
        model=job.model,
        seed=job.seed,
        shared=name if known else "",
        n_shared=len(leading) if known else 0,
        y=y,
        is_null=job.draw is not None or job.permutation is not None,
        start=job.start,
    )


def _pruned(trials: Trials) -> Trials:
    """Trials whose signals name only the parts that are used: what a worker is sent."""
    signals = {}
    for name, one in trials.signals.items():
        used, part = np.unique(one.part, return_inverse=True)
        parts = tuple(one.parts[i] for i in used)
        signals[name] = TrialSignal(parts, part.astype(np.int32), one.at, one.length)
    return Trials(trials.rows, signals)


def _write_failures(store: Store, failed: list[Outcome], jobs: Mapping[str, Job]) -> None:
    if failed:
        told = [f"{jobs[one.key].label}\n{one.traceback}" for one in failed]
        store.write_text(FAILURES, "\n".join(told))
    else:
        (store.folder / FAILURES).unlink(missing_ok=True)
