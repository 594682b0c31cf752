"""What state the jobs of a plan are in: done, new, or changed and in which part of the key."""

import json
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.harness.plan import Plan
from neurodecode.harness.store import Store


def job_states(plan: Plan, store: Store) -> list[str]:
    """State of every job: ``done``, ``new``, or ``changed: PART, …`` against the last run.

    Parameters
    ----------
    plan : Plan
    store : Store
        Need not exist.

    Returns
    -------
    states : list of str
        In the order of ``plan.jobs``.
    """
    before = {
        (job["model"], job["seed"], job["fold"], job["draw"], job.get("permutation")): job["key"]
        for job in _before(store)
    }
    states = []
    for job in plan.jobs:
        asked = (job.model.name, job.seed, job.fold.name, job.draw, job.permutation)
        old = before.get(asked)
        if store.has(job.key):
            states.append("done")
        elif old is None or old == job.key or not store.has(old):
            states.append("new")
        else:
            states.append("changed: " + ", ".join(_differences(job.parts, store.key_parts(old))))
    return states


def guess(plan: Plan, states: list[str], store: Store) -> str:
    """One line: how many jobs are open, how large the largest fold's input is, and how long.

    Time is guessed from jobs of the same model that this results folder holds, in one process.
    """
    todo = [job for job, state in zip(plan.jobs, states, strict=True) if state != "done"]
    if not plan.study.lacks_truth:  # before it is read, draws of it have one key
        todo = list({job.key: job for job in todo}.values())
    if not todo:
        return "nothing to run"
    said = [f"{len(todo)} jobs to run"]
    if len(plan.study.inputs.signals) == 1:
        signal = plan.study.inputs.signal()
        largest = max(len(one.fold.index("train", "val", "test")) for one in plan.folds)
        per_trial = len(signal.used()[0].space) * max(1, int(signal.length.max())) * 8
        said.append(f"the largest fold reads {largest * per_trial / 1e6:.1f} MB")
    took: dict[str, list[float]] = {}
    for job in _before(store):
        seconds = store.seconds(job["key"])
        if seconds is not None:
            took.setdefault(job["model"], []).append(seconds)
    if all(job.model.name in took for job in todo):
        seconds = sum(float(np.mean(took[job.model.name])) for job in todo)
        said.append(f"about {max(seconds, 1):.0f} s in one process, by what is stored here")
    else:
        said.append("no earlier run here to guess the time from")
    return "; ".join(said)


def _before(store: Store) -> list[dict[str, Any]]:
    """Jobs of the last run; none where there was none."""
    try:
        return store.index()["jobs"]
    except ConfigError:
        return []


def _differences(new: dict[str, Any], old: dict[str, Any]) -> list[str]:
    plain = json.loads(json.dumps(new, sort_keys=True, default=str))
    return [part for part in sorted(set(new) | set(old)) if plain.get(part) != old.get(part)]
