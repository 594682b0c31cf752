"""Trials of arrays or epochs in memory; each array's key is its content."""

from collections.abc import Mapping, Sequence
from typing import Any

import mne
import numpy as np
import pandas as pd

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.parts import Part
from neurodecode.core.pictures import check_pictures
from neurodecode.core.recording import Signal
from neurodecode.core.rows import Rows, labels_before
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials, stack
from neurodecode.data.readers.files import space_of
from neurodecode.report.array_rows import RowsGiven, metadata_of, own_tables, rows_of
from neurodecode.signal.rank import measured_rank
from neurodecode.signal.units import check_finite_and_flat, check_magnitude

_SIGNALS = ("vector", "picture")  # what is told and is no column
_ONE_A_TRIAL = (
    "Give one label or number a trial (of one voxel y[:, 0]), one vector of two numbers or more, "
    "or one picture."
)
_NAME = 10  # letters of a digest that name a picture
Data = np.ndarray | mne.BaseEpochs | Trials | Mapping[str, Any]


def as_trials(
    data: Data,
    target: Any = None,
    rows: RowsGiven | None = None,
    *,
    numbers: bool = False,
) -> tuple[Trials, str]:
    """Give trials of arrays or epochs in memory, and the column or signal that holds the target.

    Each array's key is its content. Parameters as in `evaluate`.

    Parameters
    ----------
    numbers : bool
        Whether models tell numbers alone, so that whole numbers are no names of classes.

    Returns
    -------
    trials : Trials
    name : str
        Of arrays and epochs: ``label`` or ``value``, a column, or ``vector`` or ``picture``, a
        signal.
    """
    if isinstance(data, Trials):
        if rows is not None or not (target is None or isinstance(target, str)):
            raise ConfigError(
                "target: trials have a table of their own, so target names one of its columns "
                f"({', '.join(data.rows.columns)}), and there are no rows to give."
            )
        return data, target or "label"
    several = data if isinstance(data, Mapping) else {"1": data}
    if not several:
        raise ConfigError("data: the mapping is empty. Give {subject: epochs} or {subject: array}.")
    checked = {subject: checked_data(given, str(subject)) for subject, given in several.items()}
    tables = own_tables(rows, {subject: len(mine) for subject, mine in checked.items()})
    pieces, first = [], 0
    for subject, mine in checked.items():
        own_table, own_target = tables[subject], target
        if isinstance(data, Mapping):
            own_target = _own(target, subject, slice(first, first + len(mine)))
        if own_table is None:
            own_table = metadata_of(mine)
        told = _told(mine, own_target, own_table, str(subject))
        pieces.append((str(subject), mine, own_table, told))
        first += len(mine)
    if isinstance(data, Mapping):
        _check_all_used(target, data, first)
    kind = kind_of([told for _, _, _, told in pieces], numbers=numbers)
    parts = [_one_subject(mine, told, kind, own, subject) for subject, mine, own, told in pieces]
    return (parts[0] if len(parts) == 1 else stack(parts)), kind


def kind_of(told: Sequence[np.ndarray], *, numbers: bool) -> str:
    """Say what is to be told: ``label``, ``value``; of two axes ``vector``, of more ``picture``.

    Parameters
    ----------
    told : sequence of ndarray, shape (n_trials,), (n_trials, n) or that of pictures
        Of each subject.
    numbers : bool
        Whether whole numbers are values too; else they are names of classes.

    Raises
    ------
    ConfigError
        If vectors differ in length, pictures in size, or some subjects have none.
    """
    widths = {one.shape[1:] for one in told}
    if len(widths) > 1:
        raise ConfigError(
            f"target: {'vectors' if told[0].ndim < 3 else 'pictures'} of {len(widths)} "
            f"{'lengths' if told[0].ndim < 3 else 'sizes'} over the subjects. Give all the same."
        )
    if told[0].ndim >= 2:
        return "vector" if told[0].ndim == 2 else "picture"
    if any(one.dtype.kind not in "fiu" for one in told):
        return "label"
    whole = all(np.equal(np.mod(one, 1), 0).all() for one in told)
    return "label" if whole and not numbers else "value"


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


def _own(target: Any, subject: Any, part: slice) -> Any:
    """Give the target of one of several subjects."""
    if isinstance(target, Mapping):
        if subject not in target:
            raise ConfigError(
                f"target: no labels of subject {subject}; there are: {', '.join(map(str, target))}."
            )
        return target[subject]
    if target is None or isinstance(target, str):
        return target
    return target[part] if isinstance(target, np.ndarray) else list(target)[part]


def _one_subject(
    data: Any, told: np.ndarray, kind: str, table: pd.DataFrame | None, subject: str
) -> Trials:
    table = pd.DataFrame(index=range(len(data))) if table is None else table
    if kind not in _SIGNALS:
        column = told.astype(np.float64) if kind == "value" else [str(one) for one in told]
        table = table.assign(**{kind: column})
    if kind == "picture" and "stimulus" not in table:
        # Equal pictures are one stimulus, by name in everybody's trials.
        table = table.assign(stimulus=[digest_array(one)[:_NAME] for one in told])
    made, position = _without_target(data, table, subject)
    if kind not in _SIGNALS:
        return made
    shape = told.shape[1:] if kind == "picture" else ()
    Y = np.ascontiguousarray(told[position], dtype=np.float32 if shape else np.float64)
    Y = Y.reshape(len(Y), -1)
    space = Space("features", tuple(f"target {i}" for i in range(Y.shape[1])), shape=shape)
    part = Part(Y, space, ("feature",), None, 0.0, digest([digest_array(Y), space.key]))
    return Trials(
        made.rows,
        {**made.signals, **Trials.of_entries(made.rows, kind, part, np.arange(len(Y))).signals},
    )


def _without_target(data: Any, table: pd.DataFrame, subject: str) -> tuple[Trials, np.ndarray]:
    """Give trials, in time, and where each stood in the data."""
    if isinstance(data, mne.BaseEpochs):
        return of_epochs(data, table, subject)
    X = data
    if X.ndim == 3:
        names = tuple(f"channel {i}" for i in range(X.shape[1]))
        space, axes = Space("sensors", names), ("channel", "time")
    else:
        space = Space("features", tuple(f"feature {i}" for i in range(X.shape[1])))
        axes = ("feature", *(f"axis {i}" for i in range(2, X.ndim)))
    return trials_of(X, table, subject, space, axes, sfreq=None, tmin=0.0, name="data")


def checked_data(data: Any, subject: str, what: str = "data") -> Any:
    """Give epochs as they are, and anything else as an array of trials; `what` it is, for errors.

    Raises
    ------
    ConfigError
        If it is none, such as a continuous recording or trials of unequal shape.
    """
    if isinstance(data, mne.BaseEpochs):
        return data
    where = f"{what} of subject {subject}"
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


def of_epochs(
    epochs: mne.BaseEpochs, table: pd.DataFrame, subject: str
) -> tuple[Trials, np.ndarray]:
    """Give trials of one subject's epochs, in time, and where each stood."""
    picked = epochs.copy().pick("data", exclude="bads")
    X = picked.get_data(copy=True)
    space = space_of(picked.info, np.arange(X.shape[1]))
    sfreq = float(epochs.info["sfreq"])
    signal = _joined(X, space, sfreq)
    check_finite_and_flat(signal, f"subject {subject}")
    check_magnitude(signal, f"subject {subject}")
    sample = epochs.events[:, 0]
    # Without events, mne.EpochsArray numbers epochs 0, 1, 2 …: that is no time, and all overlap.
    if "onset" not in table and not np.array_equal(sample, epochs.selection):
        table = table.assign(onset=sample / sfreq)
    return trials_of(
        X, table, subject, space, ("channel", "time"), sfreq=sfreq, tmin=epochs.tmin,
        name=space.types[0] if len(set(space.types)) == 1 else "sensors",
    )  # fmt: skip


def trials_of(
    X: np.ndarray,
    table: pd.DataFrame,
    subject: str,
    space: Space,
    axes: tuple[str, ...],
    *,
    sfreq: float | None,
    tmin: float,
    name: str,
    what: str = "",
) -> tuple[Trials, np.ndarray]:
    """Give trials of one subject's array, in time, and where each stood in it.

    Parameters
    ----------
    X : ndarray, shape (n_trials, …)
    table : DataFrame
        As `neurodecode.report.array_rows.rows_of` takes it.
    subject : str
    space : Space
    axes : tuple of str
        Of one trial.
    sfreq : float or None
        Samples a second, of trials with an axis of time.
    tmin : float
        Seconds from the onset to the first sample.
    name : str
        Of the signal.
    what : str
        What the array is, for errors, such as ``responses``.

    Raises
    ------
    ConfigError
        If there is no trial.
    DataError
        If a number is not finite.
    """
    if X.size == 0:
        raise ConfigError(f"{what or 'data'} of subject {subject}: shape {X.shape} holds no trial.")
    check_finite_trials(X, subject, what, table.get("run"))
    X = np.ascontiguousarray(X, dtype=np.float64)
    # Trials without an axis of time last as long as they are said to, such as a volume's t_r.
    length = None if sfreq is None else (X.shape[-1] - 1) / sfreq
    built, position = rows_of(table, subject, len(X), length=length, tmin=tmin)
    X = in_order(X, position)
    key = digest([digest_array(X), space.key, list(axes)])
    rank = measured_rank(_joined(X, space, sfreq)) if axes == ("channel", "time") else None
    part = Part(X, space, axes, None, tmin, key, rank)
    return Trials.of_entries(built, name, part, np.arange(len(X))), position


def in_order(X: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Give trials in another order; the array itself, and no copy, where it is this one."""
    return X if np.array_equal(position, np.arange(len(X))) else X[position]


def check_finite_trials(X: np.ndarray, subject: str, what: str = "", run: Any = None) -> None:
    """Hold an array of trials, shape (n_trials, …), to finite numbers.

    Parameters
    ----------
    X : ndarray, shape (n_trials, …)
    subject, what : str
        Whose numbers they are, and of what, for the error.
    run : sequence, optional
        Of each trial.

    Raises
    ------
    DataError
        Naming the first trial that holds another.
    """
    flat = X.reshape(len(X), -1)
    bad = np.flatnonzero(~np.isfinite(flat).all(axis=1))
    if len(bad) == 0:
        return
    of_run = "" if run is None else f" (run {np.asarray(run)[bad[0]]})"
    columns = f" in {int((~np.isfinite(flat[bad])).any(axis=0).sum())} of {flat.shape[1]} columns"
    raise DataError(
        f"{f'{what} of ' if what else ''}subject {subject}: {len(bad)} of {len(X)} trials hold NaN "
        f"or infinite values{columns if what else ''}, the first is trial {bad[0]}{of_run}. Drop "
        "them, or fill them before."
    )


def _joined(X: np.ndarray, space: Space, sfreq: float | None) -> Signal:
    """Trials one after the other, as one signal: what the checks of recordings judge."""
    data = X.transpose(1, 0, 2).reshape(X.shape[1], -1)
    return Signal(data, space, ("channel", "time"), sfreq, pd.DataFrame())


def _told(data: Any, target: Any, table: pd.DataFrame | None, subject: str) -> np.ndarray:
    """Give what is to be told of one subject's trials: labels, numbers, vectors or pictures."""
    n_trials = len(data)
    if target is None:
        if not isinstance(data, mne.BaseEpochs):
            raise ConfigError("target: give the labels, one a trial, or a column of rows.")
        names = {code: name for name, code in data.event_id.items()}
        target = [names[code] for code in data.events[:, 2]]
    if isinstance(target, str):
        if table is None or target not in table:
            known = [] if table is None else list(table)
            raise ConfigError(
                f"target: no column {target!r}; there are: {', '.join(map(str, known)) or 'none'}."
            )
        target = table[target]
    try:
        told = np.asarray(target)
    except ValueError:  # of sequences of unequal length
        raise ConfigError(
            f"target: what is to be told of the trials of subject {subject} differs in length. "
            f"{_ONE_A_TRIAL}"
        ) from None
    if told.ndim > 2 and told.dtype.kind in "fiub" and told.shape[:1] == (n_trials,):
        return check_pictures(told, f"target: subject {subject}")
    vectors = told.ndim == 2 and told.shape[1] > 1 and told.dtype.kind in "fiu"
    if told.shape[:1] != (n_trials,) or (told.ndim != 1 and not vectors):
        raise ConfigError(
            f"target: {told.shape} labels for {n_trials} trials of subject {subject}. "
            f"{_ONE_A_TRIAL}"
        )
    missing = pd.isna(told).any(axis=tuple(range(1, told.ndim)))
    if missing.any():
        raise ConfigError(
            f"target: {int(missing.sum())} labels of subject {subject} are missing, the first that "
            f"of trial {int(np.argmax(missing))}. Drop those trials."
        )
    if told.dtype.kind == "f" and not np.isfinite(told).all():
        bad = ~np.isfinite(told.reshape(len(told), -1)).all(axis=1)
        raise ConfigError(
            f"target: infinite numbers of subject {subject}, the first in trial "
            f"{int(np.argmax(bad))}. Drop those trials."
        )
    return told
