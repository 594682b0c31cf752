"""``jobs.json``, ``rows.parquet`` and ``provenance.json``: what table and report read."""

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.files import write_json
from neurodecode.core.fold import Fold
from neurodecode.core.nodes import dump
from neurodecode.core.space import Space
from neurodecode.core.timeline import Schedule
from neurodecode.core.truth import BrainTruth, Truth, digest_told
from neurodecode.harness.dependence import inflations
from neurodecode.harness.jobs import Job
from neurodecode.harness.plan import Plan, PlannedFold
from neurodecode.harness.shown import keep_shown
from neurodecode.harness.store import INDEX_FORMAT, TASKS, Store
from neurodecode.harness.study import Study, describe_input
from neurodecode.harness.truth import rotates
from neurodecode.protocols._in_use import demands_of

PSEUDO_ONLINE = "pseudo_online"  # evaluation of decoders in use
_LIBRARIES = (
    "neurodecode", "numpy", "scipy", "pandas", "scikit-learn", "pyriemann", "mne", "nibabel",
    "nilearn", "joblib", "torch",
)  # fmt: skip


def write_study(
    plan: Plan,
    store: Store,
    name: str,
    resolved: Mapping[str, Any],
    engine: str,
    source: str = "",
    *,
    online: bool = False,
) -> None:
    """Write what is known before the first fit, so that a run that is stopped can be read.

    Parameters
    ----------
    plan : Plan
    store : Store
    name : str
        Of the experiment.
    resolved : mapping
        The experiment with every default, as plain data.
    engine : str
    source : str
        The experiment file as it was written; empty where there is none.
    online : bool
        Whether the same models are evaluated online too, in a folder within this.
    """
    study, question = plan.study, plan.study.question
    rows = study.trials.rows.table
    y = study.y
    if question.target.n_axes == 1:
        rows["y"] = y
    else:
        rows = rows.drop(columns="y", errors="ignore")  # a card's own would be read as the truth
        store.write_truth(y)
    table = study.features.get(question.target.signal)
    if table is not None and question.gallery != "tested":
        store.write_gallery(table.part.open(), table.concept)
    else:
        store.remove_gallery()  # of what was asked before
    store.write_rows(rows)
    if study.schedule is not None:
        store.write_frame(TASKS, study.schedule.tasks)
    if source:
        store.write_text("experiment.yaml", source)
    store.write_text("resolved.yaml", dump(dict(resolved)))
    keep_shown(plan, store)
    write_index(plan, store, name, {}, online=online)
    devices = {job.parts["device"] for job in plan.jobs}
    device = "cuda" if "cuda" in devices else "cpu"
    write_json(store.folder / "provenance.json", provenance(study.sources, engine, device))


def write_index(
    plan: Plan, store: Store, name: str, errors: Mapping[str, str], *, online: bool = False
) -> None:
    """Write ``jobs.json``: the question, folds, current keys, errors and refusals."""
    study, question = plan.study, plan.study.question
    spaces = {
        signal_name: [_describe_space(part.space) for part in signal.used()[:1]]
        for signal_name, signal in study.inputs.signals.items()
    }
    ceilings = _ceilings(plan, store)
    store.write_index(
        {
            "format": INDEX_FORMAT,
            "name": name,
            "title": question.title,
            "evaluation": "offline" if demands_of(question.protocol) is None else PSEUDO_ONLINE,
            "online": online,
            "target": {
                "kind": question.target.kind,
                "classes": list(question.target.classes),
                "rotates": rotates(study),
            },
            "truth": _truth_key(study.y),
            "metrics": list(question.metrics),
            "views": {name: view.plain() for name, view in question.views.items()},
            "device": question.device,
            "within": list(question.within),
            "inflation": inflations(plan.folds, study.trials.rows, question.within),
            "gallery": question.gallery,
            "likeness": question.likeness,
            "n_pairings": question.n_pairings,
            "n_draws": question.n_draws,
            "shuffled_within": question.shuffled_within,
            "n_permutations": question.n_permutations,
            "show_stimuli": study.show_stimuli,
            "aggregate": None if question.aggregate is None else asdict(question.aggregate),
            "noise_ceiling": {
                "function": question.ceiling.call.name,
                "arguments": dict(question.ceiling.call.arguments),
                "threshold": question.ceiling.threshold,
            },
            "access": asdict(question.access) | {"name": question.access.name},
            "times": _times(study),
            "schedule": None if study.schedule is None else _describe_schedule(study.schedule),
            "seeds": list(question.seeds),
            "ignored": dict(study.ignored),
            "failed": {one.recording.id: one.message for one in study.failed},
            "refused": {one.model: one.reason for one in plan.refused},
            "notes": list(plan.notes),
            "spaces": spaces,
            "finals": {job.model.name: job.key for job in plan.finals},
            "input": describe_input(study.inputs),
            "init": None if study.pretrained is None else study.pretrained.described(),
            "models": [
                {"name": name, "role": role}
                for model in question.models
                for name, role in [
                    (model.name, model.role),
                    *((one["model"], "ceiling") for one in ceilings if one["of"] == model.name),
                ]
            ],
            "ceilings": ceilings,
            "folds": [
                describe_fold(one) | {"elsewhere": _elsewhere(study, one.fold)}
                for one in plan.folds
            ],
            "jobs": [
                describe_job(job) | ({"error": errors[job.key]} if job.key in errors else {})
                for job in plan.jobs
            ],
        }
    )


def _ceilings(plan: Plan, store: Store) -> list[dict[str, str]]:
    """Name the ceilings that stored jobs have, each as a model of the table, and whose it is."""
    found = dict.fromkeys(
        (job.model.name, ceiling)
        for job in plan.jobs
        if job.draw is None and job.permutation is None
        for ceiling in store.ceilings(job.key)
    )
    return [{"model": f"{of}, {one}", "of": of, "ceiling": one} for of, one in found]


def _truth_key(y: Truth) -> str:
    return y.key if isinstance(y, BrainTruth) else digest_told(y)


def describe_fold(planned: PlannedFold) -> dict[str, Any]:
    """Give a fold's name, size and flags as plain data."""
    fold = planned.fold
    return {
        "seed": planned.seed,
        "name": fold.name,
        "flags": list(planned.flags),
        "prior": list(planned.prior),
        "n_train": len(fold.index("train", "val")),
        "n_test": len(fold.index("test")),
        "purged": fold.purged,
        "left_out": fold.left_out,
    }


def _elsewhere(study: Study, fold: Fold) -> bool:
    """Whether what is trained on begins with other channels or voxels than the study does.

    Where people have sensors of their own, those of the first are kept, and maps of a model that
    was trained on others are none of these.
    """
    train = fold.index("train", "val")
    for signal in study.inputs.signals.values():
        mine, whole = signal.take(train).used(), signal.used()
        if mine and whole and not mine[0].space.joins(whole[0].space):
            return True
    return False


def describe_job(job: Job) -> dict[str, Any]:
    """Give a job's names and key as plain data."""
    return {
        "model": job.model.name,
        "seed": job.seed,
        "fold": job.fold.name,
        "draw": job.draw,
        "permutation": job.permutation,
        "key": job.key,
    }


def _times(study: Study) -> dict[str, float]:
    """When the samples of a trial are: seconds from the event, and samples a second."""
    parts = [part for signal in study.inputs.signals.values() for part in signal.used()]
    sfreq = parts[0].sfreq if parts and parts[0].sfreq is not None else 1.0
    return {"tmin": 0.0 if study.tmin is None else study.tmin, "sfreq": sfreq}


def _describe_schedule(schedule: Schedule) -> dict[str, str]:
    """Say what idle is called, and digest the tasks, which are in a file of their own."""
    tasks = schedule.tasks
    told = [[str(value) for value in tasks[name]] for name in ("recording", "label")]
    times = [digest_array(tasks[name].to_numpy()) for name in ("onset", "duration")]
    return {"idle": schedule.idle, "tasks": digest([told, times])}


def provenance(sources: Mapping[str, Any], engine: str, device: str) -> dict[str, Any]:
    """Versions, git state, machine, data: what a reader needs to judge and repeat a result."""
    return {
        "versions": {"python": platform.python_version(), **_versions()},
        "git": _git_state(),
        "machine": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "device": device,
            "engine": engine,
        },
        "data": dict(sources),
    }


@cache
def _versions() -> Mapping[str, str]:
    found = {}
    for library in _LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            found[library] = "not installed as a package"
    return found


@cache  # what runs is what was there when it was imported
def _git_state() -> str:
    """Commit of the checkout that neurodecode runs from, marked where it was changed."""
    here = Path(__file__).resolve().parent
    try:
        found = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True, text=True, timeout=5, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "not a git checkout"
    return found.stdout.strip()


def _describe_space(space: Space) -> dict[str, Any]:
    """Plain data from which the report draws patterns on a head or in a slice."""
    plain: dict[str, Any] = {"kind": space.kind, "names": list(space.names), "unit": space.unit}
    plain["types"] = list(space.types)
    if space.positions is not None:
        plain["positions"] = [[None if v != v else float(v) for v in p] for p in space.positions]
    if space.ijk is not None and space.affine is not None:
        plain |= {
            "ijk": space.ijk.tolist(),
            "shape": list(space.shape),
            "affine": space.affine.tolist(),
        }
    return plain
