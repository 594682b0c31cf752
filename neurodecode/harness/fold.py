"""One fold: run its jobs one after the other, each stored before the next begins."""

import contextlib
import importlib
import random
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError, NeurodecodeError
from neurodecode.core.processes import one_thread
from neurodecode.core.training import TrainingPlace, trained_in
from neurodecode.harness.alone import check_alone
from neurodecode.harness.band_answers import answers_by_band, answers_without_bands
from neurodecode.harness.fitting import FoldWork
from neurodecode.harness.keep import save_model
from neurodecode.harness.model_ceilings import ceilings_of
from neurodecode.harness.repeats import mean_inputs, spread
from neurodecode.harness.replay import replay
from neurodecode.harness.singular import told_singular
from neurodecode.harness.task import FoldTask, Outcome, TaskJob
from neurodecode.harness.tune import choose


def run_fold(task: FoldTask) -> list[Outcome]:
    """Run the jobs of a fold under one thread; a job that fails does not stop the others."""
    outcomes = []
    _import_packages(task)
    with one_thread():
        try:
            work = FoldWork(_averaged(task))
        except DataError as error:  # trials of one group that have no mean
            return [Outcome(job.key, str(error), traceback.format_exc()) for job in task.jobs]
        for job in task.jobs:
            keeps = task.keep and not job.is_null and job.model.role == "model"
            missing = keeps and not task.store.has_model(job.key)
            if task.store.has(job.key) and not missing:
                outcomes.append(Outcome(job.key))
                continue
            started = time.perf_counter()
            try:
                with (
                    trained_in(_place(job, task)),
                    _quiet_chance(job.seed),
                    warnings.catch_warnings(record=True) as said,
                ):
                    warnings.simplefilter("always")
                    chosen, tuned = choose(job, task)
                    fitted = work.fit(chosen)
                    predictions = replay(work, chosen, fitted)
                    alike = not (task.transductive or task.one_by_one)
                    if alike and not job.is_null:
                        check_alone(work, chosen, fitted, predictions)
                    patterns = _patterns(fitted.model, job)
                    bands: dict[str, np.ndarray] = {}
                    # Updates change a model from row to row, and a reducer brings back wholes.
                    parted = task.kind == "brain" and fitted.reducer is None and not job.updates
                    without: dict[str, np.ndarray] = {}
                    if parted and not job.is_null:
                        told = (fitted.last, fitted.test, predictions)
                        bands = answers_by_band(*told)
                        without = answers_without_bands(*told, tuple(bands))
                    if task.repeats is not None:
                        bands, without = (
                            {name: one[task.repeats.code] for name, one in several.items()}
                            for several in (bands, without)
                        )
                        predictions = spread(predictions, task.repeats, task.test.rows["uid"])
                    choices = {} if job.is_null else fitted.choices
                    if missing:
                        save_model(task, job, fitted)
                    ceilings = {}
                    if chosen.y_ceiling is not None:  # it has answered, and is stored
                        ceilings = ceilings_of(fitted.last, chosen.y_ceiling, chosen.beside_ceiling)
            except (Exception, SystemExit) as error:  # in any way; the table shows how
                outcomes.append(Outcome(job.key, _one_line(error, task), traceback.format_exc()))
                continue
            log = "\n".join(dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in said))
            seconds = time.perf_counter() - started
            task.store.save_job(
                job.key,
                job.parts,
                predictions,
                task.classes,
                log,
                patterns,
                seconds,
                tuned,
                _training(fitted.stages),
                (*fitted.flags, *([f"updates {job.updates}"] if job.updates else ())),
                fitted.decides,
                ceilings,
                choices,
                bands,
                without,
            )
            task.store.remove_training(job.key)
            outcomes.append(Outcome(job.key))
    return outcomes


def fit_final(task: FoldTask) -> list[Outcome]:
    """Fit models on all rows of a task and store them; there is nothing to test."""
    outcomes = []
    _import_packages(task)
    with one_thread():
        work = FoldWork(task)
        for job in task.jobs:
            try:
                with (
                    trained_in(_place(job, task)),
                    _quiet_chance(job.seed),
                    warnings.catch_warnings(),
                ):
                    warnings.simplefilter("ignore")  # the folds' jobs have told them
                    chosen, _ = choose(job, task)
                    save_model(task, job, work.fit(chosen))
                task.store.remove_training(job.key)
            except (Exception, SystemExit) as error:
                outcomes.append(Outcome(job.key, _one_line(error, task), traceback.format_exc()))
                continue
            outcomes.append(Outcome(job.key))
    return outcomes


def _import_packages(task: FoldTask) -> None:
    """Import what models need before threads are counted: a library that comes later has its own.

    What is not there is told by the job that needs it.
    """
    for package in {name for job in task.jobs for name in job.model.packages}:
        with contextlib.suppress(ImportError):
            importlib.import_module(package)


def _averaged(task: FoldTask) -> FoldTask:
    """Give the task whose test rows are the means of repeats, where these are asked for."""
    done = all(task.store.has(job.key) for job in task.jobs)
    if task.repeats is None or done:
        return task
    return replace(task, test=mean_inputs(task.test, task.repeats))


def _place(job: TaskJob, task: FoldTask) -> TrainingPlace:
    folder = task.store.training_folder(job.key)
    return TrainingPlace(folder, job.device, job.label if task.talks else "")


def _training(stages: Sequence[Any]) -> dict[str, Any]:
    """Say how a training went; empty where no stage was trained by passes."""
    for stage in stages:
        trained = getattr(stage, "model_", stage)  # of a step that holds a network
        if hasattr(trained, "converged_"):
            return {
                "converged": bool(trained.converged_),
                "best_epoch": int(trained.best_epoch_),
                "n_epochs": int(trained.n_epochs_),
            }
    return {}


def _patterns(model: Any, job: TaskJob) -> dict[str, np.ndarray]:
    if job.is_null or job.model.role != "model" or not hasattr(model, "patterns"):
        return {}
    return {name: np.asarray(one, dtype=np.float64) for name, one in model.patterns().items()}


@contextlib.contextmanager
def _quiet_chance(seed: int) -> Iterator[None]:
    """Seed the global generators for models that draw from them, and put them back."""
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.random.seed(seed % 2**32)  # noqa: NPY002
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)


def _one_line(error: BaseException, task: FoldTask) -> str:
    signal = task.train.signals.get(task.signal or "")
    singular = told_singular(error, signal, task.train.rows)
    if singular is not None:
        return singular
    text = " ".join(str(error).split()) or "no message"
    return text if isinstance(error, NeurodecodeError) else f"{type(error).__name__}: {text}"
