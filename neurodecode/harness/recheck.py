"""Compute stored results again and compare: so code that changed unseen is found."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.data.prepared import Prepared
from neurodecode.data.preparing import write_prepared
from neurodecode.harness.experiment import read_experiment
from neurodecode.harness.jobs import Job
from neurodecode.harness.opening import open_recordings, open_study
from neurodecode.harness.plan import Plan, make_plan
from neurodecode.harness.promises import Finding
from neurodecode.harness.run import execute_alone
from neurodecode.harness.store import Store


def recheck(folder: Path, data: Path | None = None, *, allow_code: bool = False) -> list[Finding]:
    """Compute one prepared recording and one job a model anew, and compare with what is stored.

    Parameters
    ----------
    folder : Path
        Results of a run.
    data : Path or None
        A data root, searched first.
    allow_code : bool
        Whether the experiment may name code from outside.

    Returns
    -------
    findings : list of Finding

    Raises
    ------
    ConfigError
        If the folder holds no results of files.
    """
    store = Store(folder)
    try:
        resolved = read_experiment(folder / "resolved.yaml", allow_code=allow_code)
    except ConfigError as error:
        raise ConfigError(
            f"{folder}: its experiment cannot be read again: {error.problems[0]}"
        ) from error
    _, outcomes = open_recordings(resolved, data, compute=True)
    prepared = [one for one in outcomes if isinstance(one, Prepared)]
    findings = [_same_signal(prepared[0])] if prepared else []
    plan = make_plan(open_study(resolved, data, compute=True, out=folder.absolute().parent))
    for name, job in _one_a_model(plan, store).items():
        if job is None:
            problem = (
                "none of its jobs is stored: code, data or the experiment changed since. "
                "`neurodecode plan` says in what, and `run` computes them."
            )
            findings.append(Finding(f"{name} is stored as it would be computed", problem))
        else:
            findings.append(_same_predictions(plan, job, store))
    return findings


def _one_a_model(plan: Plan, store: Store) -> dict[str, Job | None]:
    """Give a stored job of each model, or None where there is none."""
    chosen: dict[str, Job | None] = {}
    for job in plan.jobs:
        if job.draw is None and job.permutation is None:
            stored = job if store.has(job.key) else None
            chosen[job.model.name] = chosen.get(job.model.name) or stored
    return chosen


def _same_signal(one: Prepared) -> Finding:
    """Prepare a recording again, in a folder of its own."""
    promise = f"{one.recording.id} prepared again is what the cache holds"

    def compare() -> str:
        with tempfile.TemporaryDirectory() as place:
            again = Path(place) / "again"
            write_prepared(one.recording, one.preparations, again)
            new = np.load(again / "data.npy", mmap_mode="r")
            old = np.load(one.folder / "data.npy", mmap_mode="r")
            if new.shape != old.shape:
                return f"shape {new.shape}, and {old.shape} in the cache"
            differs = np.flatnonzero((new != old).reshape(-1))
            return f"{len(differs)} of {new.size} values differ" if len(differs) else ""

    return Finding(promise, _said(compare, "neurodecode cache clear"))


def _same_predictions(plan: Plan, job: Job, store: Store) -> Finding:
    promise = f"{job.label}: computed again, it predicts what is stored"

    def compare() -> str:
        with tempfile.TemporaryDirectory() as place:
            again = Store(Path(place)).open()
            errors = execute_alone(replace(plan, jobs=(job,), finals=()), again)
            if errors:
                return next(iter(errors.values()))
            classes = plan.study.question.target.classes
            new, old = (one.predictions(job.key, classes) for one in (again, store))
            same = np.array_equal(new.pred, old.pred)
            if new.scores is not None and old.scores is not None:
                same &= np.array_equal(new.scores, old.scores)
            return "" if same else "the predictions differ"

    return Finding(promise, _said(compare, f"delete {store.folder / 'jobs' / job.key}"))


def _said(compare: Callable[[], str], remedy: str) -> str:
    try:
        problem = compare()
    except (DataError, OSError, ValueError) as error:
        problem = " ".join(str(error).split())
    if not problem:
        return ""
    return (
        f"{problem}. Code or files changed in a way that no key shows, or this is another "
        f"machine; to compute it anew: {remedy}"
    )
