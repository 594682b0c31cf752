"""Which rows are left out together where rows that follow each other are near copies.

Left-out rows whose neighbours were trained on are told by them: between series that have nothing in
common, each following itself by .8 from row to row, shuffled folds find a correlation of .46.
"""

from collections.abc import Iterable, Sequence
from math import ceil, log
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from neurodecode.core.errors import DataError

_LEFT = 0.05  # of a row's likeness to the last tested one, behind a guard gap
_COLUMNS = 0.9  # share of columns whose likeness from row to row is below what counts


class Split(NamedTuple):
    """Positions of rows, each increasing; what is in neither lies in a guard gap."""

    train: np.ndarray
    test: np.ndarray


def run_splits(
    runs: Sequence[str | int] | np.ndarray,
    n_splits: int | None = None,
    *,
    stimuli: Sequence[str | int] | np.ndarray | None = None,
) -> list[Split]:
    """Leave out whole runs, which is safe however slowly a series changes.

    Parameters
    ----------
    runs : array, shape (n_rows,)
        The run each row came from.
    n_splits : int or None
        Folds; each leaves out about as many runs, which follow each other. None leaves out each
        run by itself.
    stimuli : array, shape (n_rows,), or None
        What each row shows. Runs that show a stimulus in common, such as repeats of one film, are
        left out together.

    Returns
    -------
    splits : list of Split
        In the order in which runs first occur.

    Raises
    ------
    DataError
        If there are fewer runs than folds, or nothing to train on.
    """
    runs = np.asarray(runs)
    unit, what, several = _by_occurrence(runs), "run", "runs"
    if stimuli is not None:
        unit = _joined(unit, np.asarray(stimuli))
        what, several = (f"{one} of runs that share no stimulus" for one in ("set", "sets"))
    return _folds_of(unit, n_splits, what, several)


def group_splits(
    groups: Sequence[str | int] | np.ndarray, n_splits: int, *, seed: int = 0
) -> list[Split]:
    """Deal groups of rows, such as repeats of a picture or sentences of a passage, into folds.

    For rows whose order does not matter: trials, not volumes of a series.

    Parameters
    ----------
    groups : array, shape (n_rows,)
        Rows of one group are left out together.
    n_splits : int
    seed : int
        By which groups are dealt.

    Returns
    -------
    splits : list of Split

    Raises
    ------
    DataError
        If there are fewer groups than folds.
    """
    unit = _by_occurrence(np.asarray(groups))
    dealt = np.random.default_rng(seed).permutation(int(unit.max(initial=-1)) + 1)
    return _folds_of(dealt[unit], n_splits, "group", "groups")


def block_splits(
    positions: int | Sequence[int] | np.ndarray,
    n_splits: int,
    gap: int,
    *,
    runs: Sequence[str | int] | np.ndarray | None = None,
) -> list[Split]:
    """Leave out rows that follow each other, and drop a guard gap before and after from training.

    For one long run. Of several, leave out whole runs: at a likeness of .95 from row to row, blocks
    of 40 rows with a gap of 8 still find a correlation of .14 where there is none.

    Parameters
    ----------
    positions : int or array of int, shape (n_rows,)
        The sample each row was taken at, within its run; a number of rows means 0, 1, 2, ….
    n_splits : int
        Blocks, of about as many rows each.
    gap : int
        Samples between what is tested and what is trained on, as `guard_gap` gives.
    runs : array, shape (n_rows,), or None
        The run each row came from: no gap goes from one run to another.

    Returns
    -------
    splits : list of Split

    Raises
    ------
    DataError
        If there are fewer rows than blocks, or a gap leaves nothing to train on.
    """
    at = np.arange(positions) if isinstance(positions, int) else np.asarray(positions)
    run = np.zeros(len(at), dtype=np.intp) if runs is None else _by_occurrence(np.asarray(runs))
    if n_splits < 2 or n_splits > len(at):
        raise DataError(
            f"splits: {len(at)} rows cannot be cut into {n_splits} blocks. Give a number of blocks "
            f"from 2 to {len(at)}."
        )
    splits = []
    for test in np.array_split(np.lexsort((at, run)), n_splits):
        near = np.zeros(len(at), dtype=bool)
        for one in np.unique(run[test]):
            tested = at[test[run[test] == one]]
            near |= (run == one) & (at >= tested.min() - gap) & (at <= tested.max() + gap)
        if near.all():
            raise DataError(
                f"splits: a gap of {gap} samples on both sides of {len(test)} tested rows leaves "
                f"none of {len(at)} rows to train on. Give fewer blocks, or leave out whole runs."
            )
        splits.append(Split(np.flatnonzero(~near), np.sort(test)))
    return splits


def guard_gap(
    series: np.ndarray | Iterable[np.ndarray],
    runs: Sequence[str | int] | np.ndarray | None = None,
    delays: Iterable[int] = (),
) -> int:
    """Give the samples after which a row is hardly like what it was.

    Parameters
    ----------
    series : ndarray, shape (n_rows, n_columns), or several
        Features, and residuals of what is told; the one that changes more slowly counts.
    runs : array, shape (n_rows,), or None
        The run each row came from.
    delays : iterable of int
        By how many samples features were delayed: as many rows share features.

    Returns
    -------
    gap : int
        The longest delay, or ln .05 / ln φ where that is more: φ is the correlation from one row
        to the next, about the mean of the run, which nine columns of ten do not exceed.

    Raises
    ------
    DataError
        If no column varies within a run.
    """
    several = [series] if isinstance(series, np.ndarray) else list(series)
    slowest = max(_likeness(one, runs) for one in several)
    length = ceil(log(_LEFT) / log(slowest)) if slowest > 0 else 0
    return max([length, *(abs(delay) for delay in delays)])


def _likeness(series: np.ndarray, runs: Sequence[str | int] | np.ndarray | None) -> float:
    """Correlation of rows with the next of their run, which most columns do not exceed."""
    values = np.asarray(series, dtype=np.float64).reshape(len(series), -1)
    unit = np.zeros(len(values), np.intp) if runs is None else _by_occurrence(np.asarray(runs))
    products, squares = np.zeros((2, values.shape[1]))
    for one in range(int(unit.max(initial=-1)) + 1):
        run = values[unit == one]
        run = run - run.mean(axis=0)
        products += np.einsum("ij,ij->j", run[:-1], run[1:])
        squares += np.einsum("ij,ij->j", run, run)
    varies = squares > 0
    if not varies.any():
        raise DataError(
            "splits: no column varies within a run, so none tells how long a gap must be. Give "
            "features or residuals that do."
        )
    return float(np.quantile(products[varies] / squares[varies], _COLUMNS))


def _by_occurrence(labels: np.ndarray) -> np.ndarray:
    """Give numbers to labels in the order in which they first occur."""
    _, first, which = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[which.ravel()]


def _joined(run: np.ndarray, stimuli: np.ndarray) -> np.ndarray:
    """Give numbers to sets of runs that share no stimulus with one another."""
    stimulus = np.unique(stimuli, return_inverse=True)[1].ravel()
    n = int(run.max(initial=-1)) + 1
    shown = coo_array((np.ones(len(run)), (run, stimulus))).tocsr()
    return _by_occurrence(connected_components(shown @ shown.T, directed=False)[1][:n][run])


def _folds_of(unit: np.ndarray, n_splits: int | None, what: str, several: str) -> list[Split]:
    n_units = int(unit.max(initial=-1)) + 1
    wanted = n_units if n_splits is None else n_splits
    if wanted < 2 or wanted > n_units:
        asked = "Folds need two or more" if wanted < 2 else f"{wanted} folds need as many"
        raise DataError(
            f"splits: there {'is' if n_units == 1 else 'are'} {n_units} "
            f"{what if n_units == 1 else several}. {asked}: ask for fewer folds, or cut runs into "
            "blocks with a guard gap."
        )
    fold = np.empty(n_units, dtype=np.intp)
    for i, members in enumerate(np.array_split(np.arange(n_units), wanted)):
        fold[members] = i
    tested = fold[unit]
    return [Split(np.flatnonzero(tested != i), np.flatnonzero(tested == i)) for i in range(wanted)]
