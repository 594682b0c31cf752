"""Compute the RDMs of an analysis, a job a subject and region, and write what the table needs."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError
from neurodecode.core.files import whole_file, whole_folder, write_json
from neurodecode.core.nodes import dump
from neurodecode.core.rdms import Rdms
from neurodecode.harness.index import provenance
from neurodecode.harness.rsa.models import ModelRdm
from neurodecode.harness.rsa.reliability import reliability
from neurodecode.harness.rsa.sources import TIMES, Source
from neurodecode.harness.rsa.study import RsaStudy
from neurodecode.harness.run import Progress, silent
from neurodecode.harness.store import INDEX_FORMAT, Store
from neurodecode.linalg.rdm_pairs import pairs_among

ANALYSIS = "rsa"  # what the index of such results says it is
MODELS = "models.npz"
_RDMS = "rdms.npy"


def job_states(study: RsaStudy, store: Store) -> list[tuple[Source, str, str]]:
    """Give each source with its key, and whether it is ``done`` or ``new``."""
    keys = [(one, one.key(study.options, study.seed)) for one in study.sources]
    return [(one, key, "done" if store.has(key) else "new") for one, key in keys]


def execute_rsa(
    study: RsaStudy,
    store: Store,
    name: str,
    resolved: Mapping[str, Any],
    source: str = "",
    *,
    progress: Progress = silent,
) -> dict[str, str]:
    """Compute RDMs that are not stored, and write what table and report read.

    Parameters
    ----------
    study : RsaStudy
    store : Store
        Opened.
    name : str
        Of the experiment.
    resolved : mapping
        The experiment with every default, as plain data.
    source : str
        The experiment file as it was written; empty where there is none.
    progress : callable
        As `neurodecode.core.progress.progress`.

    Returns
    -------
    errors : dict of str to str
        Key of a job to why it failed; the others are there.
    """
    store.write_rows(study.conditions)
    if source:
        store.write_text("experiment.yaml", source)
    store.write_text("resolved.yaml", dump(dict(resolved)))
    sources = dict(study.made_from)
    write_json(store.folder / "provenance.json", provenance(sources, "inline", "cpu"))
    _write_models(study.models, store)
    store.write_index(_index(study, name, {}))
    errors = {}
    open_jobs = [(one, key) for one, key, state in job_states(study, store) if state == "new"]
    for one, key in progress(iter(open_jobs), "RDMs", len(open_jobs)):
        try:
            _compute(one, key, study, store)
        except DataError as error:
            errors[key] = str(error)
    store.write_index(_index(study, name, errors))
    return errors


def stored_rdms(store: Store, index: Mapping[str, Any]) -> Rdms:
    """Read the data RDMs of a results folder.

    Raises
    ------
    DataError
        If none is stored.
    """
    values, table = [], []
    for job in index["jobs"]:
        if "error" in job or not store.has(job["key"]):
            continue
        place = store.folder / "jobs" / job["key"]
        mine = np.load(place / _RDMS, allow_pickle=False)
        values.append(
            _of_all(mine, job.get("conditions", index["conditions"]), index["conditions"])
        )
        table += [
            {"subject": job["subject"], "region": job["region"], "time": one}
            for one in np.load(place / TIMES, allow_pickle=False)
        ]
    if not values:
        errors = [job["error"] for job in index["jobs"] if "error" in job]
        why = errors[0] if errors else "none was computed. Run the experiment again."
        raise DataError(f"{store.folder}: no RDM is stored: {why}")
    return Rdms(np.concatenate(values), tuple(index["conditions"]), pd.DataFrame(table))


def _of_all(rdms: np.ndarray, own: list[str], conditions: list[str]) -> np.ndarray:
    """Put RDMs of some conditions among all, NaN at pairs that are not there."""
    if own == conditions:
        return rdms
    place = {name: i for i, name in enumerate(conditions)}
    n = len(conditions)
    found = np.full((len(rdms), n * (n - 1) // 2), np.nan)
    found[:, pairs_among(np.array([place[name] for name in own]), n)] = rdms
    return found


def stored_models(store: Store, index: Mapping[str, Any]) -> tuple[ModelRdm, ...]:
    """Read the model RDMs of a results folder."""
    with np.load(store.folder / MODELS, allow_pickle=False) as found:
        return tuple(
            ModelRdm(one["name"], found[f"model_{i}"], one["kind"], tuple(one["members"]))
            for i, one in enumerate(index["model_rdms"])
        )


def _compute(source: Source, key: str, study: RsaStudy, store: Store) -> None:
    began = time.monotonic()
    found = source.rdms(study.options)
    times = source.times_of(len(found))
    if np.isnan(found).all(1).any():
        raise DataError(
            f"{source.label}: all dissimilarities are NaN. A pattern that is the same in all "
            "channels correlates with nothing."
        )
    halves = reliability(source, study.options, study.seed) if study.options.split_half else None
    with whole_folder(store.folder / "jobs" / key) as place:
        np.save(place / _RDMS, found, allow_pickle=False)
        np.save(place / TIMES, times, allow_pickle=False)
        if halves is not None:
            halves.save(place)
        parts = source.parts(study.options, study.seed)
        (place / "key.json").write_text(json.dumps(parts, indent=1, sort_keys=True))
        done = {"seconds": round(time.monotonic() - began, 4), "flags": []}
        (place / "done.json").write_text(json.dumps(done))


def _write_models(models: Iterable[ModelRdm], store: Store) -> None:
    with whole_file(store.folder / MODELS) as temporary, temporary.open("wb") as file:
        several: Any = {f"model_{i}": one.values for i, one in enumerate(models)}
        np.savez(file, **several)


def _index(study: RsaStudy, name: str, errors: Mapping[str, str]) -> dict[str, Any]:
    """Give ``jobs.json``: the question, current keys and errors, in the form of other results."""
    options, conditions = study.options, tuple(study.conditions["condition"])
    return {
        "format": INDEX_FORMAT,
        "analysis": ANALYSIS,
        "name": name,
        "title": study.title,
        "evaluation": "offline",
        "online": False,
        "target": {"kind": "rdm", "classes": []},
        "metrics": list(options.comparison),
        "within": ["subject"],
        "conditions": list(conditions),
        "options": asdict(options),
        "seed": study.seed,
        "simulated": study.simulated,
        "notes": list(study.notes),
        "failed": dict(study.failed),
        "refused": {},
        "ignored": {},
        "models": [
            {"name": one.name, "role": "nuisance" if one.name in options.nuisance else "model"}
            for one in study.models
        ],
        "model_rdms": [
            {"name": one.name, "kind": one.kind, "members": list(one.members), "key": one.content}
            for one in study.models
        ],
        "jobs": [
            {"subject": one.subject, "region": one.region, "key": key}
            | ({} if one.names == conditions else {"conditions": list(one.names)})
            | ({"error": errors[key]} if key in errors else {})
            for one, key in ((one, one.key(options, study.seed)) for one in study.sources)
        ],
    }
