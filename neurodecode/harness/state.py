"""What state the jobs of a plan are in: done, new, or changed and in which part of the key."""

import json
from typing import Any

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
    try:
        before = {
            (job["model"], job["seed"], job["fold"], job["draw"]): job["key"]
            for job in store.index()["jobs"]
        }
    except ConfigError:
        before = {}
    states = []
    for job in plan.jobs:
        old = before.get((job.model.name, job.seed, job.fold.name, job.draw))
        if store.has(job.key):
            states.append("done")
        elif old is None or old == job.key or not store.has(old):
            states.append("new")
        else:
            states.append("changed: " + ", ".join(_differences(job.parts, store.key_parts(old))))
    return states


def guess(plan: Plan, states: list[str]) -> str:
    """One line: how many jobs are open and how large the largest fold's input is."""
    n_open = len({job.key for job, s in zip(plan.jobs, states, strict=True) if s != "done"})
    largest = max(len(one.fold.index("train", "val", "test")) for one in plan.folds)
    signal = plan.study.trials.signal() if len(plan.study.trials.signals) == 1 else None
    if signal is None:
        return f"{n_open} jobs to run"
    part = signal.used()[0]
    per_trial = len(part.space) * max(1, int(signal.length.max())) * 8
    return f"{n_open} jobs to run; the largest fold reads {largest * per_trial / 1e6:.1f} MB"


def _differences(new: dict[str, Any], old: dict[str, Any]) -> list[str]:
    plain = json.loads(json.dumps(new, sort_keys=True, default=str))
    return [part for part in sorted(set(new) | set(old)) if plain.get(part) != old.get(part)]
