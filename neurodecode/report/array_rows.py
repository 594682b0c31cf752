"""Rows of trials in memory: the tables given beside arrays, and when each trial was."""

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import mne
import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.rows import Rows

RowsGiven = pd.DataFrame | Mapping[str, Any]
Subject = TypeVar("Subject", bound=Hashable)
_EVEN = 0.01  # of a step: onsets that differ by less are evenly spaced


def own_tables(
    rows: RowsGiven | None, n_trials: Mapping[Subject, int]
) -> dict[Subject, pd.DataFrame | None]:
    """Give each subject its part of the table, or the table that is its own.

    Parameters
    ----------
    rows : DataFrame or mapping, optional
        Columns of the trials of all subjects, one subject after the other; or subject to such of
        its own.
    n_trials : mapping of subject to int
        In the order of the trials.

    Returns
    -------
    tables : dict
        None where none is given.

    Raises
    ------
    ConfigError
        If there are more rows or fewer than trials, or they are of other subjects.
    """
    if rows is None:
        return dict.fromkeys(n_trials)
    if not isinstance(rows, pd.DataFrame) and _by_subject(rows):
        tables: dict[Any, pd.DataFrame] = {
            subject: _table(one, f"rows of subject {subject}") for subject, one in rows.items()
        }
        unknown = [subject for subject in tables if subject not in n_trials]
        lacking = [subject for subject in n_trials if subject not in tables]
        if unknown or lacking:
            raise ConfigError(
                f"rows: {'there are some' if unknown else 'there are none'} of subject "
                f"{(unknown or lacking)[0]!r}, and data of {', '.join(map(repr, n_trials))}. Give "
                "each subject its own."
            )
        found: dict[Subject, pd.DataFrame | None] = {one: tables[one] for one in n_trials}
    else:
        table, total = _table(rows, "rows"), sum(n_trials.values())
        if len(n_trials) > 1 and len(table) != total:
            raise ConfigError(
                f"rows: {len(table)} rows for {total} trials of {len(n_trials)} subjects."
            )
        ends = np.cumsum(list(n_trials.values()))
        found = {
            subject: table if len(n_trials) == 1 else table.iloc[end - n : end]
            for (subject, n), end in zip(n_trials.items(), ends, strict=True)
        }
    for subject, table in found.items():
        if table is not None and len(table) != n_trials[subject]:
            raise ConfigError(
                f"rows: {len(table)} rows for {n_trials[subject]} trials of subject {subject}."
            )
    return {
        subject: None if table is None else table.reset_index(drop=True)
        for subject, table in found.items()
    }


def metadata_of(data: Any) -> pd.DataFrame | None:
    """Give the table that epochs come with; None without one."""
    if not isinstance(data, mne.BaseEpochs) or data.metadata is None:
        return None
    return data.metadata.reset_index(drop=True)


def as_volumes(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Give rows of responses a duration where their onsets say that they are volumes.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    table : DataFrame
        With ``duration``, where none is given, onsets within runs are evenly spaced, and stimuli,
        if there are any, follow each other in one order, as in a film or in blocks: trials of one
        pace come in another order each time.
    note : str
        What was taken for granted; empty for nothing.
    """
    if "duration" in table:
        lasts = np.asarray(pd.to_numeric(table["duration"], errors="coerce"), dtype=np.float64)
        if "onset" in table or not (lasts > 0).all():
            return table, ""
        return table, (
            "rows have durations and no onsets: within a run each is taken to begin where the one "
            "before it ended, so that they are a series."
        )
    if "onset" not in table:
        return table, ""
    onset = np.asarray(pd.to_numeric(table["onset"], errors="coerce"), dtype=np.float64)
    named = [table[name].astype(str) for name in ("subject", "session", "run") if name in table]
    run = pd.factorize(pd.MultiIndex.from_arrays(named))[0] if named else np.zeros(len(onset))
    order = np.lexsort((onset, run))
    first = order[:-1][np.diff(run[order]) == 0]
    second = order[1:][np.diff(run[order]) == 0]
    apart = onset[second] - onset[first]
    step = float(np.median(apart)) if len(apart) else 0.0
    even = step > 0 and np.mean(np.abs(apart - step) <= _EVEN * step) > 0.5
    if not even or ("stimulus" in table and not _in_one_order(table["stimulus"], first, second)):
        return table, ""
    return table.assign(duration=step), (
        "rows have evenly spaced onsets and no duration: they are taken for volumes of "
        f"{step:g} s. Give trials a duration, which may be 0."
    )


def _in_one_order(stimulus: Any, first: np.ndarray, second: np.ndarray) -> bool:
    """Whether most stimuli that are shown again are followed by what followed them before."""
    shown: Any = pd.factorize(stimulus)[0] + 1  # 0: none named
    n = int(shown.max(initial=0)) + 1
    code, counts = np.unique(shown[first] * n + shown[second], return_counts=True)
    total, most = np.zeros(n, dtype=np.intp), np.zeros(n, dtype=np.intp)
    np.add.at(total, code // n, counts)
    np.maximum.at(most, code // n, counts)
    again = (total > 1) & (np.arange(n) > 0)
    # Of two showings one is followed by the most frequent in any case.
    return bool(most[again].sum() > 0.75 * total[again].sum())


def rows_of(
    table: pd.DataFrame, subject: str, n_trials: int, *, length: float | None, tmin: float = 0.0
) -> tuple[Rows, np.ndarray]:
    """Give one subject's rows, in time, and for each its place in the table.

    Parameters
    ----------
    table : DataFrame
        ``session run onset duration`` and any other column, as far as they are known.
    subject : str
    n_trials : int
    length : float or None
        Seconds of a trial from its first to its last sample; None of trials without an axis of
        time, which last as long as ``duration`` says.
    tmin : float
        Seconds from the onset to the first sample.

    Returns
    -------
    rows : Rows
    position : ndarray of int, shape (n_trials,)

    Raises
    ------
    ConfigError
        If a session or run is missing, or onsets begin anew and nothing says which run they are of.
    DataError
        If a time is no number.

    Notes
    -----
    Without onsets trials are taken to follow each other in the order given: each begins where the
    one before it in its run ended, where all say how long they lasted (so volumes with a duration
    are a series), else a second apart.
    """
    rows = table.reset_index(drop=True).copy()
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
    for one in ("onset", "duration"):
        if one in rows and not np.isfinite(pd.to_numeric(rows[one], errors="coerce")).all():
            raise DataError(f"rows: {one} of subject {subject} is no number. Give seconds.")
    if "onset" in rows and "run" not in table:
        _check_one_run(np.asarray(rows["onset"], dtype=np.float64), subject)
    rows["duration"] = rows.get("duration", 0.0)
    lasts = rows["duration"] if length is None else length
    if "onset" not in rows:
        if length is None and bool((rows["duration"] > 0).all()):
            ends = rows.groupby("recording", sort=False)["duration"].cumsum()
            rows["onset"] = ends.groupby(rows["recording"]).shift(fill_value=0.0)
        else:
            rows["onset"] = np.arange(n_trials, dtype=np.float64) * max(1.0, np.max(lasts))
    rows["start"], rows["stop"] = rows["onset"] + tmin, rows["onset"] + tmin + lasts
    built, position = Rows.build_sorted(rows)
    position_in_run = built.base.groupby("recording", observed=True).cumcount().to_numpy()
    return built.with_column("position", position_in_run), position


def _check_one_run(onset: np.ndarray, subject: str) -> None:
    n_times = int(np.sum(np.diff(onset) < 0))
    if n_times and len(np.unique(onset)) < len(onset):
        raise ConfigError(
            f"rows: onsets of subject {subject} begin anew {n_times} times, and nothing says which "
            "run they are of. Give the column run."
        )


def _by_subject(rows: Any) -> bool:
    """Whether each value is a table of its own, and no column."""
    return (
        isinstance(rows, Mapping)
        and bool(rows)
        and all(isinstance(one, pd.DataFrame | Mapping) for one in rows.values())
    )


def _table(rows: Any, where: str) -> pd.DataFrame:
    try:
        return pd.DataFrame(rows)
    except ValueError as error:
        raise ConfigError(
            f"{where}: no table can be made of them ({error}). Give one value a trial for each "
            "column."
        ) from None
