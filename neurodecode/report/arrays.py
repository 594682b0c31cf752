"""Trials of arrays or epochs in memory; each array's key is its content."""

from collections.abc import Mapping, Sequence
from typing import Any

import mne
import numpy as np
import pandas as pd

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.parts import Part
from neurodecode.core.recording import Signal
from neurodecode.core.rows import Rows, labels_before
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials, stack
from neurodecode.data.readers.files import space_of
from neurodecode.signal.rank import measured_rank
from neurodecode.signal.units import check_finite_and_flat, check_magnitude

Data = np.ndarray | mne.BaseEpochs | Trials | Mapping[str, Any]


def as_trials(
    data: Data,
    target: Any = None,
    rows: pd.DataFrame | Mapping[str, Sequence[Any]] | None = None,
) -> tuple[Trials, str]:
    """Give trials of arrays or epochs in memory, and the column that holds the target.

    Each array's key is its content. Parameters as in `evaluate`.
    """
    if isinstance(data, Trials):
        if rows is not None or not (target is None or isinstance(target, str)):
            raise ConfigError(
                "target: trials have a table of their own, so target names one of its columns "
                f"({', '.join(data.rows.columns)}), and there are no rows to give."
            )
        return data, target or "label"
    table = None if rows is None else _table(rows)
    if not isinstance(data, Mapping):
        one = _one_subject(data, target, table, "1")
        return one, "label"
    if not data:
        raise ConfigError("data: the mapping is empty. Give {subject: epochs} or {subject: array}.")
    parts, first = [], 0
    for subject, mine in data.items():
        if isinstance(target, Mapping) and subject not in target:
            raise ConfigError(
                f"target: no labels of subject {subject}; there are: {', '.join(map(str, target))}."
            )
        own_target = target[subject] if isinstance(target, Mapping) else target
        n_trials = len(_checked(mine, str(subject)))
        own_rows = (
            None if table is None else table.iloc[first : first + n_trials].reset_index(drop=True)
        )
        if (
            own_target is not None
            and not isinstance(own_target, str)
            and not isinstance(target, Mapping)
        ):
            own_target = np.asarray(own_target, dtype=object)[first : first + n_trials]
        parts.append(_one_subject(mine, own_target, own_rows, str(subject)))
        first += n_trials
    if table is not None and len(table) != first:
        raise ConfigError(f"rows: {len(table)} rows for {first} trials of {len(data)} subjects.")
    _check_all_used(target, data, first)
    return stack(parts), "label"


def _check_all_used(target: Any, data: Mapping[str, Any], n_trials: int) -> None:
    """Labels that belong to no trial are a mistake, not something to drop."""
    if isinstance(target, Mapping):
        extra = [str(subject) for subject in target if subject not in data]
        if extra:
            raise ConfigError(f"target: there are labels of {', '.join(extra)}, but no data.")
    elif target is not None and not isinstance(target, str) and len(target) != n_trials:
        raise ConfigError(
            f"target: {len(target)} labels for {n_trials} trials of {len(data)} subjects. Give one "
            "label a trial, or a mapping of subject to labels."
        )


def previous_labels(rows: Rows, column: str) -> np.ndarray:
    """Label of the trial (or block) before, in the same recording; None for a first one."""
    labels, recording = rows[column], rows.codes("recording")
    block = rows["block"] if "block" in rows.base else None
    previous = np.full(len(rows), None, dtype=object)
    for code in range(recording.max() + 1):
        mine = np.flatnonzero(recording == code)
        previous[mine] = labels_before(labels[mine], None if block is None else block[mine])
    return previous


def _one_subject(data: Any, target: Any, table: pd.DataFrame | None, subject: str) -> Trials:
    if isinstance(data, mne.BaseEpochs):
        return _of_epochs(data, target, table, subject)
    X = _checked(data, subject)
    if target is None:
        raise ConfigError("target: give the labels, one a trial, or a column of rows.")
    labels = _labels(target, table, len(X), subject)
    if X.ndim == 3:
        names = tuple(f"channel {i}" for i in range(X.shape[1]))
        space, axes = Space("sensors", names), ("channel", "time")
    else:
        space = Space("features", tuple(f"feature {i}" for i in range(X.shape[1])))
        axes = ("feature", *(f"axis {i}" for i in range(2, X.ndim)))
    return _trials(X, labels, table, subject, space, axes, sfreq=None, tmin=0.0, name="data")


def _checked(data: Any, subject: str) -> Any:
    """Give epochs as they are, and anything else as an array of trials.

    Raises
    ------
    ConfigError
        If it is none, such as a continuous recording or trials of unequal shape.
    """
    if isinstance(data, mne.BaseEpochs):
        return data
    where = f"data of subject {subject}"
    if isinstance(data, mne.io.BaseRaw):
        raise ConfigError(
            f"{where}: a continuous recording ({type(data).__name__}) has no trials yet. Cut it "
            "around its events, as in mne.Epochs(raw, events, tmin=0, tmax=2)."
        )
    if isinstance(data, Trials):
        raise ConfigError(
            f"{where}: trials name their subjects themselves, so there is no mapping of them. Give "
            "them alone."
        )
    if isinstance(data, list | tuple) and any(isinstance(one, mne.BaseEpochs) for one in data):
        raise ConfigError(
            f"{where}: a list of Epochs says nothing of whose they are. Give a mapping of subject "
            "to Epochs, or, of one subject, mne.concatenate_epochs(…)."
        )
    try:
        X = np.asarray(data)
    except ValueError:  # of sequences of unequal shape
        shapes = list(dict.fromkeys(np.shape(one) for one in data))
        raise ConfigError(
            f"{where}: trials differ in shape ({', '.join(map(str, shapes[:2]))}, …), and one "
            "array cannot hold them. Cut or pad them to one length."
        ) from None
    if X.ndim < 2 or X.dtype.kind not in "fiu":
        raise ConfigError(
            f"{where}: expected numbers of shape (n_trials, …), got {type(data).__name__} of shape "
            f"{X.shape} and type {X.dtype}."
        )
    return X


def _table(rows: Any) -> pd.DataFrame:
    try:
        return pd.DataFrame(rows)
    except ValueError as error:
        raise ConfigError(
            f"rows: no table can be made of them ({error}). Give one value a trial for each column."
        ) from None


def _of_epochs(
    epochs: mne.BaseEpochs, target: Any, table: pd.DataFrame | None, subject: str
) -> Trials:
    if table is None and epochs.metadata is not None:
        table = epochs.metadata.reset_index(drop=True)
    if target is None:
        names = {code: name for name, code in epochs.event_id.items()}
        target = [names[code] for code in epochs.events[:, 2]]
    labels = _labels(target, table, len(epochs), subject)
    picked = epochs.copy().pick("data", exclude="bads")
    X = picked.get_data(copy=True)
    space = space_of(picked.info, np.arange(X.shape[1]))
    sfreq = float(epochs.info["sfreq"])
    signal = _joined(X, space, sfreq)
    check_finite_and_flat(signal, f"subject {subject}")
    check_magnitude(signal, f"subject {subject}")
    table = pd.DataFrame(index=range(len(X))) if table is None else table
    sample = epochs.events[:, 0]
    # Without events, mne.EpochsArray numbers epochs 0, 1, 2 …: that is no time, and all overlap.
    if "onset" not in table and not np.array_equal(sample, epochs.selection):
        table = table.assign(onset=sample / sfreq)
    return _trials(
        X, labels, table, subject, space, ("channel", "time"), sfreq=sfreq, tmin=epochs.tmin,
        name=space.types[0] if len(set(space.types)) == 1 else "sensors",
    )  # fmt: skip


def _trials(
    X: np.ndarray,
    labels: np.ndarray,
    table: pd.DataFrame | None,
    subject: str,
    space: Space,
    axes: tuple[str, ...],
    *,
    sfreq: float | None,
    tmin: float,
    name: str,
) -> Trials:
    if X.size == 0:
        raise ConfigError(f"data of subject {subject}: shape {X.shape} holds no trial.")
    bad = np.flatnonzero(~np.isfinite(X.reshape(len(X), -1)).all(axis=1))
    if len(bad):
        raise DataError(
            f"subject {subject}: {len(bad)} of {len(X)} trials hold NaN or infinite values, the "
            f"first is trial {bad[0]}. Drop them, or fill them before."
        )
    X = np.ascontiguousarray(X, dtype=np.float64)
    rows = (
        pd.DataFrame(index=range(len(X))) if table is None else table.reset_index(drop=True).copy()
    )
    if len(rows) != len(X):
        raise ConfigError(f"rows: {len(rows)} rows for {len(X)} trials of subject {subject}.")
    rows["label"] = labels
    for entity in ("subject", "session", "run"):
        if entity in rows and bool(np.any(pd.isna(rows[entity].to_numpy()))):
            raise ConfigError(f"rows: some {entity}s of subject {subject} are missing. Fill them.")
    rows["subject"] = rows["subject"].astype(str) if "subject" in rows else subject
    for entity in ("session", "run"):
        rows[entity] = rows[entity].astype(str) if entity in rows else "1"
    rows["recording"] = [
        f"sub-{s}_ses-{n}_run-{r}"
        for s, n, r in rows[["subject", "session", "run"]].itertuples(index=False)
    ]
    if "onset" in rows and not np.isfinite(rows["onset"].astype(float)).all():
        raise DataError(f"rows: an onset of subject {subject} is no number. Give seconds.")
    order = np.arange(len(X), dtype=np.float64)
    length = 1.0 if sfreq is None else (X.shape[-1] - 1) / sfreq
    if "onset" not in rows:
        # Without times, trials follow each other without overlap, in the order given.
        rows["onset"] = order * max(1.0, length)
    rows["duration"] = rows.get("duration", 0.0)
    rows["start"], rows["stop"] = rows["onset"] + tmin, rows["onset"] + tmin + length
    built, position = Rows.build_sorted(rows)
    position_in_run = built.base.groupby("recording", observed=True).cumcount().to_numpy()
    built = built.with_column("position", position_in_run)
    X = X[position]
    key = digest([digest_array(X), space.key, list(axes)])
    rank = measured_rank(_joined(X, space, sfreq)) if axes == ("channel", "time") else None
    part = Part(X, space, axes, None, tmin, key, rank)
    return Trials.of_entries(built, name, part, np.arange(len(X)))


def _joined(X: np.ndarray, space: Space, sfreq: float | None) -> Signal:
    """Trials one after the other, as one signal: what the checks of recordings judge."""
    data = X.transpose(1, 0, 2).reshape(X.shape[1], -1)
    return Signal(data, space, ("channel", "time"), sfreq, pd.DataFrame())


def _labels(target: Any, table: pd.DataFrame | None, n_trials: int, subject: str) -> np.ndarray:
    if isinstance(target, str):
        if table is None or target not in table:
            known = [] if table is None else list(table)
            raise ConfigError(
                f"target: no column {target!r}; there are: {', '.join(map(str, known)) or 'none'}."
            )
        target = table[target]
    try:
        labels = np.asarray(target)
    except ValueError:  # of sequences of unequal length
        labels = np.empty((len(target), 0))
    if labels.shape != (n_trials,):
        raise ConfigError(
            f"target: {labels.shape} labels for {n_trials} trials of subject {subject}. "
            "Give one label a trial."
        )
    if pd.isna(labels).any():
        raise ConfigError(
            f"target: {int(pd.isna(labels).sum())} labels of subject {subject} are missing. "
            "Drop those trials."
        )
    return np.array([str(label) for label in labels], dtype=object)
