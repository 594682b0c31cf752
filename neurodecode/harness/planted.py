"""Small trials with a planted difference, in the form that a model asks for; windows in time."""

from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.entries import Entries
from neurodecode.core.needs import Needs
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.timeline import Schedule, Timeline
from neurodecode.core.trials import Trials
from neurodecode.harness.named_model import NamedModel
from neurodecode.linalg.means import mean
from neurodecode.linalg.spd import invsqrtm
from neurodecode.simulate import ORACLE_SIGNAL

N_SUBJECTS, N_PER_RUN = 4, 12
CLASSES = ("idle", "left", "right", "feet")  # of windows that slide
_SIZES = {
    "channel": 6, "parcel": 6, "voxel": 6, "feature": 6, "band": 2, "class": 2, "time": 48,
}  # fmt: skip
PICTURE = (16, 16, 3)  # height, width and channels
_TOKENS = (4, 6)  # of a signal that training rows are told
_SPD = ("channel", "channel")  # axes of covariances


def planted_trials(named: NamedModel, kind: str) -> tuple[Rows, Any, np.ndarray]:
    """Trials of two classes that differ in the power and mean of the first feature."""
    rows = planted_rows()
    rng = np.random.default_rng(0)
    y = (rows["label"] == "b").astype(np.int64)
    axes = named.input_needs.axes or ("channel", "time")
    X = rng.standard_normal((len(rows), *(_SIZES.get(axis, 6) for axis in axes)))
    X[y == 1, 0] = 1.5 * X[y == 1, 0] + 0.5
    if axes[-2:] == _SPD:
        X = _covariances(X)
    if axes == ("class",):  # what a classifier before it says
        X = _probabilities(y, rng)
    truth = y if kind == "label" else X.reshape(len(X), -1)[:, :3].sum(axis=1)
    if kind in ("vector", "brain"):
        truth = np.column_stack([truth, -truth])
    if kind == "series":
        truth = X[:, :1]
    if kind == "picture":  # a lighter half, by what tells the classes apart
        truth = np.full((len(rows), *PICTURE), 0.5, dtype=np.float32)
        truth[:, : PICTURE[0] // 2] += 0.25 * np.where(y == 1, 1, -1)[:, None, None, None]
        truth += rng.uniform(-0.2, 0.2, (len(rows), *PICTURE)).astype(np.float32)
    needs: Needs = named.input_needs
    if needs.trials:
        table = rows.table.assign(previous="a")
        for column in needs.columns:
            if column not in table:
                table[column] = rng.standard_normal(len(table))
        handed = Rows(table.loc[:, list(needs.columns)])
        if needs.signals == 0:
            return rows, Trials(handed, {}), truth
        space = Space("sensors", tuple("abcdef"[: X.shape[1]]), positions=_places(X.shape[1]))
        sfreq = float(_SIZES["time"]) if axes[-1] == "time" else None  # a trial is a second long
        part = Part(X, space, tuple(axes), sfreq, 0.0, "planted")
        return rows, Trials.of_entries(handed, "eeg", part, np.arange(len(rows))), truth
    if needs.signals == (ORACLE_SIGNAL,):
        answers = rng.standard_normal((len(rows), 2))
        answers[np.arange(len(rows)), y] += 1.0
        return rows, answers, truth
    if needs.ragged:
        return rows, [one[..., : 40 + i % 8] for i, one in enumerate(X)], truth
    return rows, (X.reshape(len(X), -1) if named.flattens else X), truth


def told_of(named: NamedModel, rows: Rows) -> pd.DataFrame | None:
    """Give what `fit` of a model is handed as ``rows``: the columns that it asks for, or None."""
    names = named.training_columns
    if not names:
        return None
    table = rows.table
    for name in names:  # each thing was shown three times, and those of two are of one kind
        if name not in table:
            table[name] = [str(i // (3 if name == "stimulus" else 6)) for i in range(len(table))]
    return table.loc[:, list(names)]


def signals_of(named: NamedModel, index: np.ndarray) -> dict[str, Entries]:
    """Give what `fit` of a model is handed as ``signals`` for rows: tokens, by their names."""
    made = {}
    for number, name in enumerate(named.training_signals):
        n_rows = 4 * N_SUBJECTS * N_PER_RUN
        tokens = np.random.default_rng([1, number]).standard_normal((n_rows, *_TOKENS))
        zeros = np.zeros(len(index), dtype=np.int32)
        made[name] = Entries((tokens,), zeros, index.astype(np.int64), _TOKENS)
    return made


def planted_rows() -> Rows:
    """Rows of four subjects, of two sessions of two runs each, with two classes in turn."""
    table = pd.DataFrame(
        [
            {"subject": str(s), "session": str(e), "run": str(r), "onset": 4.0 * i, "position": i,
             "label": "ab"[(i + r) % 2], "group": "xy"[s % 2],
             "split": ("train", "train", "test")[i % 3], "stimulus": f"p{i % 6}",
             "concept": f"c{i % 3}"}
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


def planted_windows(rng: np.random.Generator) -> tuple[Timeline, np.ndarray]:
    """Windows of 1 s around events 4 s apart, of two classes, and the class of each."""
    n_events, recordings = 100, ["a", "b", "c", "d"]
    onset = np.tile(4.0 * np.arange(n_events), len(recordings))
    rows = pd.DataFrame(
        {"recording": np.repeat(recordings, n_events), "onset": onset, "start": onset + 0.5,
         "stop": onset + 1.5}
    )  # fmt: skip
    true = rng.permutation(np.arange(len(rows)) % 2)
    return Timeline.of(rows, CLASSES[1:3], None), true


def planted_decisions(rng: np.random.Generator) -> tuple[Timeline, np.ndarray]:
    """Windows of 1 s every 0.5 s over tasks of 2 s with idle between them, and what is true then.

    Tasks begin anywhere between two decisions. They are that short, and that many, so that who
    answers at random misses some, and is late in most.
    """
    n_tasks, hop, recordings = 20, 0.5, ["a", "b", "c", "d"]
    onset = np.tile(6.0 * np.arange(n_tasks), len(recordings)) + rng.uniform(3.0, 3.5, 4 * n_tasks)
    tasks = pd.DataFrame(
        {"recording": np.repeat(recordings, n_tasks), "onset": onset, "duration": 2.0,
         "label": rng.permutation(np.resize(CLASSES[1:], 4 * n_tasks))}
    )  # fmt: skip
    stop = np.arange(1.0, 6.0 * n_tasks + 3.0, hop)
    rows = pd.DataFrame(
        {"recording": np.repeat(recordings, len(stop)), "stop": np.tile(stop, len(recordings))}
    )
    rows["start"] = rows["onset"] = rows["stop"] - 1.0
    true = np.zeros(len(rows), dtype=np.int64)
    for recording, begin, duration, label in tasks.itertuples(index=False):
        mine = (rows["recording"] == recording) & rows["stop"].gt(begin)
        true[mine & rows["stop"].le(begin + duration)] = CLASSES.index(label)
    return Timeline.of(rows, CLASSES, Schedule(tasks, CLASSES[0])), true


def _places(n: int) -> np.ndarray:
    """Places on a circle of a head, metres."""
    angle = 2 * np.pi * np.arange(n) / n
    return 0.1 * np.column_stack([np.cos(angle), np.sin(angle), np.full(n, 0.3)])


def _covariances(X: np.ndarray) -> np.ndarray:
    """Covariances of each matrix, each band around the identity, as they lie behind `recentre`."""
    C = X @ X.swapaxes(-1, -2) + np.eye(X.shape[-1])
    bands = C.reshape(len(C), -1, *C.shape[-2:])
    for band in range(bands.shape[1]):
        W = invsqrtm(mean(bands[:, band]).value)
        bands[:, band] = W @ bands[:, band] @ W
    return bands.reshape(C.shape)


def _probabilities(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Probabilities of two classes that lean to the true one."""
    odds = np.exp(rng.standard_normal((len(y), 2)) + np.eye(2)[y])
    return odds / odds.sum(axis=1, keepdims=True)
