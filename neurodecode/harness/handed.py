"""What a stage is handed: an array, a list or `Trials`, of each role that rows have in a fold."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from neurodecode.core.digest import digest_array
from neurodecode.core.needs import SAME, Needs
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials, stack
from neurodecode.core.truth import Told

Input = Any  # ndarray, list of ndarray, or Trials


@dataclass(frozen=True, eq=False)
class Handed:
    """What a stage is handed: training rows, test rows, rows seen before testing, validation rows.

    A model that is fitted to be kept has no test rows; one that asks for none, no validation rows
    and no training rows of unknown target.
    """

    train: Input
    test: Input
    adapt: Input
    val: Input = None
    unlabelled: Input = None


def picked(X: Input, index: np.ndarray) -> Input:
    """Trials at `index`, of whatever a stage is handed."""
    if isinstance(X, Trials):
        return X.take(index)
    return [X[i] for i in index] if isinstance(X, list) else X[index]


def appended(X: Input, more: Input) -> Input:
    """Trials of two, of whatever a stage is handed."""
    if isinstance(X, Trials):
        return stack([X, more])
    return [*X, *more] if isinstance(X, list) else np.concatenate([X, more])


def with_unknown(y: Told | None, n_rows: int) -> np.ndarray | None:
    """Truth with that of rows of unknown target after it: -1 for classes, else NaN."""
    if y is None:
        return None
    y = np.asarray(y)
    unknown = np.full((n_rows, *y.shape[1:]), -1 if y.dtype.kind == "i" else np.nan, dtype=y.dtype)
    return np.concatenate([y, unknown])


def with_columns_for(
    stage: Any, handed: Handed, rows: Handed, before: Sequence[Any], signal: str | None
) -> Handed:
    """Give a stage that asks for `Trials` what the stage before gave, with columns of the rows."""
    return Handed(
        *(
            asked_for(stage, getattr(handed, one.name), getattr(rows, one.name), before, signal)
            for one in fields(Handed)
        )
    )


def asked_for(
    stage: Any,
    X: Input,
    trials: Trials | None,
    before: Sequence[Any] = (),
    signal: str | None = None,
) -> Input:
    """Give trials as a stage made them, with columns of their rows where the next one asks.

    Parameters
    ----------
    stage : scikit-learn estimator
        Is handed them.
    X : ndarray, list of ndarray, or Trials
    trials : Trials or None
        The rows, with their columns and signals.
    before : sequence
        The stages that made `X` of the input. Where each of them gives the axes that it was handed,
        channels are still channels: they keep their names and places, and their rate.
    signal : str or None
        Name of the input; None where there is but one.
    """
    needs = getattr(stage, "needs", None)
    if not isinstance(needs, Needs) or not needs.trials:
        return X
    if trials is None or X is None or isinstance(X, Trials):
        return X
    X = np.asarray(X)
    rows = Rows(trials.rows.table.loc[:, list(needs.columns)])
    name = signal or (next(iter(trials.signals)) if len(trials.signals) == 1 else None)
    if name is not None and all(getattr(one, "gives", None) == SAME for one in before):
        came_from = trials.signals[name]
        if len(X) and came_from.piece(0).shape == X.shape[1:]:
            return Trials(rows, {name: _like(X, came_from)})
    space = Space("features", tuple(str(i) for i in range(X.shape[1])))
    axes = ("feature", *(f"axis {i}" for i in range(2, X.ndim)))
    return Trials.of_entries(
        rows, "features", Part(X, space, axes, None, 0.0, ""), np.arange(len(X))
    )


def _like(X: np.ndarray, signal: TrialSignal) -> TrialSignal:
    """Give trials as entries of the parts that they came from: the same spaces, rates and axes."""
    key = digest_array(X)
    parts = tuple(replace(part, source=X, key=key) for part in signal.parts)
    n = len(X)
    return TrialSignal(parts, signal.part, np.arange(n), np.full(n, -1, dtype=np.int32))
