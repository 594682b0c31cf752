"""Repeats of one stimulus: which of them count, and their mean as what a model is handed."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest_array
from neurodecode.core.errors import DataError
from neurodecode.core.fold import Fold
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.predictions import Predictions
from neurodecode.core.rows import Rows, in_time
from neurodecode.core.trials import Trials
from neurodecode.harness.question import Aggregate, Question


@dataclass(frozen=True, eq=False)
class Repeats:
    """Which test rows are one group, and which of them are averaged.

    Parameters
    ----------
    code : ndarray of int, shape (n_test,)
        Group of each row, from 0 on in the order of first rows.
    used : ndarray of bool, shape (n_test,)
        Rows that are averaged: all, or the first of each group in time.
    """

    code: np.ndarray
    used: np.ndarray

    @staticmethod
    def of(rows: Rows, aggregate: Aggregate) -> "Repeats":
        """Find the groups of test rows."""
        code = rows.codes(*aggregate.by)
        return Repeats(code, first_repeats(rows, code, aggregate.n))

    @property
    def key(self) -> list[str]:
        """Digest of the groups, for the keys of jobs."""
        return [digest_array(self.code), digest_array(self.used)]

    def members(self) -> list[np.ndarray]:
        """Positions of the rows that are averaged, group by group."""
        used = np.flatnonzero(self.used)
        order = used[np.argsort(self.code[used], kind="stable")]
        return np.split(order, np.flatnonzero(np.diff(self.code[order])) + 1)


def first_repeats(rows: Rows, code: np.ndarray, n: int | None) -> np.ndarray:
    """Mask of the first `n` rows of each group, in the order of session, run and onset.

    Parameters
    ----------
    rows : Rows
    code : ndarray of int, shape (n_rows,)
        Group of each row.
    n : int or None
        None: all rows. A group of fewer has all of its own.
    """
    if n is None:
        return np.ones(len(rows), dtype=bool)
    order = in_time(rows, np.arange(len(rows)))
    place = np.empty(len(rows), dtype=np.int64)
    place[order] = pd.Series(code[order]).groupby(code[order]).cumcount().to_numpy()
    return place < n


def mean_inputs(test: Trials, repeats: Repeats) -> Trials:
    """Give one trial a group: the mean of its signals, with the columns of its first row.

    Trials are read one at a time, so that what is held is the means.

    Raises
    ------
    DataError
        If trials of a group have several shapes.
    """
    groups = repeats.members()
    rows = test.rows.take(np.array([mine[0] for mine in groups]))
    signals: dict[str, TrialSignal] = {}
    for name, signal in test.signals.items():
        first = np.asarray(signal.piece(int(groups[0][0])))
        means = np.empty((len(groups), *first.shape))
        for group, mine in enumerate(groups):
            total: np.ndarray = np.zeros(first.shape)
            for i in mine:
                piece = signal.piece(int(i))
                if piece.shape != total.shape:
                    raise DataError(
                        f"aggregate: of: inputs: signal {name!r} has trials of shape "
                        f"{total.shape} and {piece.shape} ({test.rows['recording'][i]}), which "
                        "have no mean. Give windows one length, or average answers."
                    )
                total += piece
            means[group] = total / len(mine)
        one = signal.parts[signal.part[groups[0][0]]]
        part = Part(means, one.space, one.axes, one.sfreq, 0.0, "", None, one.reach, one.ahead)
        signals |= Trials.of_entries(rows, name, part, np.arange(len(groups))).signals
    return Trials(rows, signals)


def spread(said: Predictions, repeats: Repeats, uid: np.ndarray) -> Predictions:
    """Give each test row the answer of its group."""
    scores = None if said.scores is None else said.scores[repeats.code]
    return replace(said, uid=uid, pred=said.pred[repeats.code], scores=scores)


def repeats_of(question: Question, rows: Rows, fold: Fold) -> Repeats | None:
    """Give the groups of a fold's test rows whose inputs are averaged; None where none are."""
    test = fold.index("test")
    if question.aggregate is None or not question.averages_inputs or len(test) == 0:
        return None
    return Repeats.of(rows.take(test), question.aggregate)
