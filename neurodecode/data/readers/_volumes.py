"""What was shown during each volume: tables with one row a volume, and events spread over them."""

from pathlib import Path

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError

REST = "rest"


def read(path: Path, recordings_by: str) -> pd.DataFrame:
    """Read a table of volumes, all columns as text.

    A table whose first line is not a header has two columns, label and `recordings_by`.

    Raises
    ------
    DataError
        If it lacks one of the two columns.
    """
    with path.open(encoding="utf-8") as stream:
        first = stream.readline().split()
    if {"label", recordings_by} <= set(first):
        return pd.read_csv(path, sep=r"\s+", dtype=str, keep_default_na=False)
    if len(first) != 2:
        raise DataError(
            f"{path}: its first line is {' '.join(first)!r}. Expected two columns, label and "
            f"{recordings_by}, or a header that names these among others."
        )
    names = ["label", recordings_by]
    return pd.read_csv(path, sep=r"\s+", header=None, names=names, dtype=str, keep_default_na=False)


def numbers(table: pd.DataFrame, volumes_per_run: int | None, path: Path) -> np.ndarray:
    """Give the number of each volume in its run, from 0: the column ``volume``, else its place."""
    if "volume" not in table:
        return np.arange(len(table))
    try:
        number = table["volume"].astype(np.int64).to_numpy()
    except ValueError as error:
        raise DataError(f"{path}: column volume holds what is no whole number ({error}).") from None
    if volumes_per_run is not None:
        number = number % volumes_per_run
    if (np.diff(number) <= 0).any():
        raise DataError(
            f"{path}: the volumes of a run are not in the order they were taken in. Sort "
            "the table, or give volumes_per_run in the card if volume counts through all runs."
        )
    return number


def events(table: pd.DataFrame, number: np.ndarray, t_r: float, run: str) -> pd.DataFrame:
    """One event a volume; without a column ``block``, a stretch of one label is a block.

    Parameters
    ----------
    table : DataFrame
        ``label``, and what else rides along.
    number : ndarray of int, shape (n_volumes,)
        Number of each volume in its run.
    t_r : float
        Seconds.
    run : str
        Part of the names of the blocks.
    """
    label = table["label"].to_numpy(dtype=object)
    made = pd.DataFrame(
        {"onset": number * t_r, "duration": np.full(len(table), t_r), "label": label}
    )
    if "block" in table:
        made["block"] = table["block"].to_numpy(dtype=object)
    else:
        begins = np.append(True, (label[1:] != label[:-1]) | (np.diff(number) != 1))
        made["block"] = _block_names(run, np.cumsum(begins))
    others = table.drop(columns=[c for c in (*made.columns, "row") if c in table])
    return pd.concat([made, others], axis=1)


def spread(events: pd.DataFrame, n_volumes: int, t_r: float, run: str) -> pd.DataFrame:
    """One event a volume, from events in seconds; a volume belongs to the event at its middle.

    Volumes of no event are ``rest``; each event, and each stretch of rest, is a block.
    """
    middle = (np.arange(n_volumes) + 0.5) * t_r
    onset, stop = events["onset"].to_numpy(), (events["onset"] + events["duration"]).to_numpy()
    latest = np.searchsorted(onset, middle, side="right") - 1
    covered = (latest >= 0) & (middle < stop[latest])
    owner = np.where(covered, latest, -1)
    named = np.append(events["label"].to_numpy(dtype=object), REST)
    begins = np.append(True, owner[1:] != owner[:-1])
    return pd.DataFrame(
        {
            "onset": np.arange(n_volumes) * t_r,
            "duration": np.full(n_volumes, t_r),
            "label": named[owner],
            "block": _block_names(run, np.cumsum(begins)),
        }
    )


def _block_names(run: str, counts: np.ndarray) -> np.ndarray:
    # The run stands in front, so that no two runs share a block.
    return np.array([f"{run}-{count:02d}" for count in counts], dtype=object)
