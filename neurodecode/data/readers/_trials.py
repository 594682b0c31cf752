"""One estimate a trial: images of betas, with a table of trials."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.core.recording import Signal
from neurodecode.data.readers._bold import FEATURE
from neurodecode.data.readers._images import (
    check_alike,
    check_whole,
    open_image,
    open_series,
    place_notes,
    read_values,
)
from neurodecode.data.readers._numbers import numbers
from neurodecode.data.readers._regions import Regions, extraction
from neurodecode.data.specs import EventsSpec

TRIAL = "trial"  # what tells the images of one recording apart, where each trial has one
_LABELS = ("label", "trial_type")
_TIMES = ("onset", "duration")


def read(path: Path) -> pd.DataFrame:
    """Read a table of trials, one row each, all columns as text.

    Raises
    ------
    DataError
        If it cannot be read, or has no rows.
    """
    separator = "," if ".csv" in path.suffixes else "\t"
    try:
        table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    except ValueError as error:
        raise DataError(
            f"{path}: cannot be read as a table of trials ({str(error).strip()}). It has a header "
            "and one row a trial."
        ) from None
    if table.empty:
        raise DataError(f"{path}: the table has no trial. Name another.")
    return table


def read_runs(paths: Sequence[Path]) -> pd.DataFrame:
    """Read the tables of several runs, one after the other, in the order of their names.

    Returns
    -------
    table : DataFrame
        With the column ``run_nr``, counted from 1; without onsets, which each run counts anew.
    """
    tables = [read(path).drop(columns=list(_TIMES), errors="ignore") for path in paths]
    joined: Any = pd.concat(tables, ignore_index=True)
    return joined.assign(run_nr=np.repeat(np.arange(len(tables)) + 1, [len(t) for t in tables]))


def of_recording(table: pd.DataFrame, column: str, value: str, path: Path) -> np.ndarray:
    """Positions of the rows of one recording; all, where the table does not part them.

    Raises
    ------
    DataError
        If it has no such row.
    """
    if column not in table:
        return np.arange(len(table))
    entries = np.flatnonzero(table[column] == value)
    if len(entries) == 0:
        raise DataError(
            f"{path}: no trial is of {column} {value}; there are: "
            f"{', '.join(dict.fromkeys(table[column]))}. Write it as the names of the files do."
        )
    return entries


def images(table: pd.DataFrame, paths: Mapping[str, Path], path: Path) -> tuple[Path, ...]:
    """Give the image of each row, where every trial has one.

    Parameters
    ----------
    table : DataFrame
        Trials, with the column ``trial``.
    paths : mapping of str to Path
        The images that are there, by trial.
    path : Path
        Of the table, for messages.

    Raises
    ------
    DataMissing
        If a trial has no image.
    DataError
        If an image has no trial, or two.
    """
    example = next(iter(paths.values())).name
    if TRIAL not in table:
        raise DataError(
            f"{path}: no column {TRIAL!r}, which tells whose image {example} is; there are: "
            f"{', '.join(table)}. Add it: what {{{TRIAL}}} stands for, a row each."
        )
    twice = table[TRIAL].duplicated()
    if twice.any():
        raise DataError(
            f"{path}: trial {table.loc[twice, TRIAL].iloc[0]} stands in two rows, and has one "
            "image. Remove one of them."
        )
    absent = [trial for trial in table[TRIAL] if trial not in paths]
    if absent:
        raise DataMissing(
            f"{path}: {len(absent)} of {len(table)} trials have no image like {example}, the "
            f"first is trial {absent[0]}. Fetch it, or leave its row out."
        )
    unknown = sorted(set(paths) - set(table[TRIAL]))
    if unknown:
        raise DataError(
            f"{path}: {len(unknown)} of {len(paths)} images are of no trial of the table, the "
            f"first is {paths[unknown[0]].name}. Add their rows, or remove the images."
        )
    return tuple(paths[trial] for trial in table[TRIAL])


def events(table: pd.DataFrame, spec: EventsSpec, path: Path) -> pd.DataFrame:
    """Give one event a trial, in the table's order; an onset that is not there is unknown (NaN).

    Raises
    ------
    DataError
        If there is no column of labels, or a time is no number.
    """
    wanted = dict(spec.columns)
    for name in _TIMES:
        if name in table:
            wanted.setdefault(name, name)
    wanted.setdefault("label", next((c for c in _LABELS if c in table), "label"))
    for ours, theirs in wanted.items():
        if theirs not in table:
            raise DataError(
                f"{path}: no column {theirs!r} for {ours}; there are: {', '.join(table)}. "
                "Name it in the card under events: columns."
            )
    made = table.rename(columns={theirs: ours for ours, theirs in wanted.items()})
    for name, otherwise in (("onset", np.nan), ("duration", spec.duration)):
        if name not in made:
            made[name] = otherwise
            continue
        values, wrong = numbers(made[name])
        if wrong is not None:
            raise DataError(
                f"{path}: {name} of trial {wrong + 1} is {made[name].iloc[wrong]!r}, not a number "
                "of seconds. Correct the file."
            )
        made[name] = np.where(np.isnan(values), otherwise, values)
    first = [*_TIMES, "label"]
    return made.reindex(columns=[*first, *(c for c in made if c not in first)])


def signal(
    images: Sequence[Path],
    regions: Regions,
    table: Path,
    trials: pd.DataFrame,
    entries: np.ndarray,
    n_rows: int,
    *,
    read: bool = True,
) -> Signal:
    """Give one entry a trial.

    Parameters
    ----------
    images : sequence of Path
        One image of four axes, or one of three axes for each of `entries`.
    regions : Regions
    table : Path
        Of the trials, for messages.
    trials : DataFrame
        Events of this recording.
    entries : ndarray of int
        Their positions along the last axis of an image of four axes.
    n_rows : int
        How many trials that image must have.
    read : bool
        Whether the values are read; False for a header.

    Returns
    -------
    signal : Signal
        Data (n_trials, n_features), float64; axes ``("voxel",)`` or ``("parcel",)``, no rate:
        entry i belongs to event i.

    Raises
    ------
    DataError
        If there are not as many images as trials, or an image is damaged or lies elsewhere.
    """
    one_each = len(images) > 1 or len(open_image(images[0]).shape) == 3
    image = open_image(images[0]) if one_each else open_series(images[0])
    held = len(images) if one_each else int(image.shape[3])
    wanted = len(entries) if one_each else n_rows
    if held != wanted:
        raise DataError(
            f"{table}: {wanted} trials, and {images[0].name} holds {held}. Each trial needs one "
            "beta; replace whichever of the two files is not whole."
        )
    found = extraction(regions, images[0], image)
    data = None
    if read and one_each:
        data = np.concatenate([found.apply(path, _one(path, images[0], image)) for path in images])
    elif read:
        check_whole(images[0])
        data = found.apply(images[0], read_values(images[0], image))[entries]
    return Signal(
        data=data,
        space=found.space,
        axes=(FEATURE[found.space.kind],),
        sfreq=None,
        events=trials,
        n_times=len(entries),
        notes=found.notes + place_notes(images[0], image),
    )


def _one(path: Path, first: Path, alike) -> np.ndarray:
    """Values of an image of one trial, (i, j, k, 1)."""
    image = open_image(path)
    if tuple(image.shape[3:]) not in ((), (1,)):
        raise DataError(
            f"{path}: shape {tuple(image.shape)}; an image of one trial has three axes."
        )
    check_alike(first, alike, path, image, "image")
    check_whole(path)
    values = read_values(path, image)
    return values.reshape(*values.shape[:3], 1)
