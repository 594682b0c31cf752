"""Trials out of arrays of numbers, where one array counts into another."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.data._layout import check_template, fields, fill
from neurodecode.data.readers import _array_files
from neurodecode.data.readers._array_source import safely


@dataclass(frozen=True)
class Design:
    """What was shown in each trial, where the file says it by numbers that count from 1.

    Parameters
    ----------
    path : str
        File of arrays, below the data set's folder.
    order : str
        Key with an entry a trial, through all sessions: the stimulus as a place among the person's
        own.
    ids : str
        Key of shape (n_subjects, n_own): the number of each person's own stimuli among all.
    n_trials : int
        Of each session.
    template : str
        Id of a stimulus: ``{index}`` counts from 0, ``{number}`` from 1, as in ``"{index:05d}"``.
    shared : int
        So many of the first own ones are the same for all people: their split is ``test``, that of
        the others ``train``.

    Notes
    -----
    Both arrays count from 1 (visual:T6): trial ``t`` of person ``s`` shows stimulus
    ``ids[s, order[t] - 1] - 1``, counted from 0. Who forgets one of the two takes a neighbour.
    """

    path: str
    order: str
    ids: str
    n_trials: int
    template: str = "{index}"
    shared: int = 0

    def __post_init__(self):
        check_template(self.path)
        if self.n_trials < 1 or self.shared < 0:
            raise ConfigError(f"n_trials {self.n_trials} and shared {self.shared} cannot be.")
        if set(fields(self.template)) - {"index", "number"}:
            raise ConfigError(
                f"template: {self.template!r} has words but {{index}} and {{number}}."
            )


def read(design: Design, path: Path, subject: str) -> pd.DataFrame:
    """Give one row a trial of a person, through all sessions.

    Parameters
    ----------
    design : Design
    path : Path
    subject : str
        Its number, such as ``01``.

    Returns
    -------
    table : DataFrame
        ``session`` (two digits), ``trial`` (from 1 in each), ``stimulus``, ``label`` (the same),
        ``split``, and ``repeat``: how often the stimulus was shown before, in all sessions.

    Raises
    ------
    DataError
        If a number counts nothing that is there, or the subject is none of them.
    """
    order, ids = _arrays(path, path.stat().st_mtime_ns, design.order, design.ids)
    if ids.ndim != 2:
        raise DataError(f"{path}: {design.ids!r} has shape {ids.shape}; expected a row a subject.")
    if not subject.isdecimal() or not 1 <= int(subject) <= len(ids):
        raise DataError(
            f"{path}: {design.ids!r} has {len(ids)} rows, none of them of subject {subject}. "
            "Subjects are called by their numbers."
        )
    order, own = order.ravel(), ids[int(subject) - 1]
    if order.size % design.n_trials:
        raise DataError(
            f"{path}: {design.order!r} has {order.size} trials, which are no sessions of "
            f"{design.n_trials}. Correct n_trials in the card."
        )
    for name, values, most in ((design.order, order, own.size), (design.ids, own, None)):
        if values.min() < 1 or (most is not None and values.max() > most):
            raise DataError(
                f"{path}: {name!r} holds {values.min():g} to {values.max():g}; it counts from 1"
                f"{'' if most is None else f' to {most}'}. Fetch the file again."
            )
    place = order.astype(np.int64)
    number = own[place - 1].astype(np.int64)
    stimulus = [fill(design.template, {"index": int(n) - 1, "number": int(n)}) for n in number]
    trial = np.arange(order.size)
    return pd.DataFrame(
        {
            "session": [f"{session + 1:02d}" for session in trial // design.n_trials],
            "trial": trial % design.n_trials + 1,
            "stimulus": stimulus,
            "label": stimulus,
            "split": np.where(place <= design.shared, "test", "train"),
            "repeat": pd.Series(number).groupby(number).cumcount().to_numpy(),
        }
    )


@functools.lru_cache(maxsize=2)  # of one file, for all sessions of all people
def _arrays(path: Path, _changed: int, *keys: str) -> list[np.ndarray]:
    return safely(path, _read, path, keys)


def _read(path: Path, keys: tuple[str, ...]) -> list[np.ndarray]:
    found = [_array_files.read(path, key) for key in keys]
    for key, array in zip(keys, found, strict=True):
        if array.dtype.kind not in "uif":
            raise DataError(f"{path}: {key!r} holds no numbers ({array.dtype}). Name another key.")
    return found
