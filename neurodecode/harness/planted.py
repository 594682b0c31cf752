"""Small trials with a planted difference, in the form that a model asks for."""

from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.needs import Needs
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.harness.question import NamedModel
from neurodecode.simulate import ORACLE_SIGNAL

N_SUBJECTS, N_PER_RUN = 4, 12
_SIZES = {"channel": 6, "parcel": 6, "voxel": 6, "feature": 6, "band": 2, "time": 48}
_SPD = ("channel", "channel")  # axes of covariances


def planted_trials(named: NamedModel, kind: str) -> tuple[Rows, Any, np.ndarray]:
    """Trials of two classes that differ in the power and mean of the first feature."""
    rows = planted_rows()
    rng = np.random.default_rng(0)
    y = (rows["label"] == "b").astype(np.int64)
    axes = named.input_needs.axes or ("channel", "time")
    X = rng.standard_normal((len(rows), *(_SIZES.get(axis, 6) for axis in axes)))
    X[y == 1, 0] = 1.5 * X[y == 1, 0] + 0.5
    if axes == _SPD:
        X = X @ X.swapaxes(1, 2) + np.eye(X.shape[1])
    truth = y if kind == "label" else X.reshape(len(X), -1)[:, :3].sum(axis=1)
    if kind in ("vector", "brain"):
        truth = np.column_stack([truth, -truth])
    if kind == "series":
        truth = X[:, :1]
    needs: Needs = named.input_needs
    if needs.trials:
        table = rows.table.assign(previous="a")
        for column in needs.columns:
            if column not in table:
                table[column] = rng.standard_normal(len(table))
        handed = Rows(table.loc[:, list(needs.columns)])
        if needs.signals == 0:
            return rows, Trials(handed, {}), truth
        part = Part(X, Space("sensors", tuple("abcdef")), tuple(axes), None, 0.0, "planted")
        return rows, Trials.of_entries(handed, "eeg", part, np.arange(len(rows))), truth
    if needs.signals == (ORACLE_SIGNAL,):
        answers = rng.standard_normal((len(rows), 2))
        answers[np.arange(len(rows)), y] += 1.0
        return rows, answers, truth
    if needs.ragged:
        return rows, [one[..., : 40 + i % 8] for i, one in enumerate(X)], truth
    return rows, (X.reshape(len(X), -1) if named.flattens else X), truth


def planted_rows() -> Rows:
    """Rows of four subjects, of two sessions of two runs each, with two classes in turn."""
    table = pd.DataFrame(
        [
            {"subject": str(s), "session": str(e), "run": str(r), "onset": 4.0 * i, "position": i,
             "label": "ab"[(i + r) % 2], "group": "xy"[s % 2],
             "split": ("train", "train", "test")[i % 3]}
            for s in range(1, N_SUBJECTS + 1) for e in (1, 2) for r in (1, 2)
            for i in range(N_PER_RUN)
        ]
    )  # fmt: skip
    table["recording"] = [
        f"sub-{s}_ses-{e}_run-{r}"
        for s, e, r in table[["subject", "session", "run"]].itertuples(index=False)
    ]
    table["duration"], table["start"] = 1.0, table["onset"]
    table["stop"] = table["onset"] + 1.0
    return Rows.build(table)
