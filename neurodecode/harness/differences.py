"""What sets two results folders apart, beside their models: said before scores are compared."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import yaml

from neurodecode.core.errors import ConfigError
from neurodecode.core.truth import comparable
from neurodecode.harness.store import Store

_ASKED = ("data", "target", "prepare", "windows", "protocol", "score", "seeds")
_LONGEST = 160

Tested = dict[tuple[int, str], frozenset[str]]


def tested_rows(store: Store, model: str) -> Tested:
    """Give the rows that a model was tested on.

    Parameters
    ----------
    store : Store
    model : str

    Returns
    -------
    rows : dict of (seed, fold) to frozenset of str
        Uids; only folds whose job is stored.
    """
    index = store.index()
    classes = tuple(index["target"]["classes"])
    return {
        (job["seed"], job["fold"]): frozenset(store.predictions(job["key"], classes).uid)
        for job in index["jobs"]
        if job["model"] == model
        and job["draw"] is None
        and job["permutation"] is None
        and "error" not in job
        and store.has(job["key"])
    }


def rows_differ(one: Tested, other: Tested) -> list[str]:
    """Say in a few words how the tested rows of two models differ; empty where they do not."""
    rows, others = (frozenset().union(*tested.values()) for tested in (one, other))
    if rows != others:
        return [f"rows differ: {len(rows & others)} of {len(rows | others)} in both"]
    # Folds may be called differently, as where they are those of another seed.
    if sorted(map(sorted, one.values())) != sorted(map(sorted, other.values())):
        return ["folds differ"]
    return []


def questions_differ(first: Store, second: Store) -> dict[str, str]:
    """Say what two experiments ask differently.

    Parameters
    ----------
    first, second : Store

    Returns
    -------
    differences : dict of str to str
        Key of the experiment, or ``truth``, to what each of the two says.

    Raises
    ------
    ConfigError
        If they are of other recordings altogether, so that nothing pairs them.
    """
    return dict(_differences(first, second))


def _differences(first: Store, second: Store) -> Iterator[tuple[str, str]]:
    asked, other = _resolved(first), _resolved(second)
    for key in _ASKED:
        if asked.get(key) != other.get(key):
            yield key, f"{_short(asked.get(key))} / {_short(other.get(key))}"
    rows, others = first.rows(), second.rows()
    if not set(rows["recording"]) & set(others["recording"]):
        raise ConfigError(
            f"{first.folder} and {second.folder} share no recording, so nothing pairs their "
            "scores. Compare results of the same subjects, sessions and runs."
        )
    kinds = [store.index()["target"]["kind"] for store in (first, second)]
    if kinds[0] != kinds[1]:
        raise ConfigError(
            f"{first.folder} has a {kinds[0]} as target and {second.folder} a {kinds[1]}, so their "
            "scores are of different things."
        )
    truth, other_truth = _truth(first, rows), _truth(second, others)
    both = truth.keys() & other_truth.keys()
    n_other = sum(truth[uid] != other_truth[uid] for uid in both)
    if n_other:
        yield "truth", f"{n_other} of {len(both)} rows in both have another one"


def _truth(store: Store, rows: pd.DataFrame) -> dict[str, bytes | str]:
    """Truth by uid: names of classes, whose codes may be in another order, or values."""
    y = store.truth(rows)
    classes = np.array([*store.index()["target"]["classes"], ""], dtype=object)
    if isinstance(y, np.ndarray) and len(classes) > 1:
        return dict(zip(rows["uid"], classes[y], strict=True))
    return {uid: one.tobytes() for uid, one in zip(rows["uid"], comparable(y), strict=True)}


def _resolved(store: Store) -> Mapping[str, Any]:
    path = store.folder / "resolved.yaml"
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(
            f"{path} cannot be read ({error}). The run that made the folder makes it anew."
        ) from error


def _short(value: Any) -> str:
    text = "none" if value is None else json.dumps(value, default=str, ensure_ascii=False)
    return textwrap.shorten(text.replace('"', ""), _LONGEST, placeholder=" …")
