"""Test trials of one unit drawn again, in the same way for every model."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.names import find
from neurodecode.core.timeline import Schedule, Timeline
from neurodecode.harness.score import Group, Scorer, collect_groups
from neurodecode.harness.store import Store
from neurodecode.linalg.permutation import Alternative

N_BOOTSTRAP = 1000
N_BOOTSTRAP_OF_TIMES = 200  # each draw scores every time of a trial
_ROUNDING = 1e-12  # a difference that is nearer to zero is none


def bootstrap_scores(
    groups: Sequence[Group], block: np.ndarray, metric: Any, scorer: Scorer, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Give a model's score in each draw of its test trials.

    Parameters
    ----------
    groups : sequence of Group
        Of one model, tested on one unit.
    block : ndarray, shape (n_rows,)
        What each row of the study is drawn with.
    metric : Metric
    scorer : Scorer
    seed : int

    Returns
    -------
    scores : ndarray, shape (n_draws,)
        As the table's, over times and groups, then sessions; NaN where a draw has none. 1000 draws;
        200, the first of these, for a model that answers at several times.
    names : ndarray
        What was drawn from, sorted. Models of equal names see equal draws, so the difference of
        their scores is that of a paired bootstrap.

    Notes
    -----
    Trials of one block resemble each other whatever was shown, so blocks are drawn whole. Where a
    score is a mean over rows, what each adds is computed once: pictures are then held against the
    whole gallery in every draw.
    """
    names = np.unique(np.concatenate([block[group.rows] for group in groups]))
    cells = [cell for group in groups for _, _, cell in group.cells(all_cells=False)]
    codes = [np.searchsorted(names, block[cell.rows]) for cell in cells]
    sessions = pd.factorize(np.array([cell.session for cell in cells], dtype=object))[0]
    score = [_scored(cell, metric, scorer) for cell in cells]
    rng = np.random.default_rng(seed)
    scores = np.empty(N_BOOTSTRAP_OF_TIMES if groups[0].axes else N_BOOTSTRAP)
    for i in range(len(scores)):
        times = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        drawn = [of(times[code]) for of, code in zip(score, codes, strict=True)]
        scores[i] = _mean(np.array(drawn), sessions)
    return scores, names


def bootstrapped(
    store: Store, model: str, metric: str, seed: int = 0
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Give a stored model's score in each draw of its test trials, as `bootstrap_scores` does.

    Parameters
    ----------
    store : Store
    model : str
        Tested on one unit.
    metric : str
    seed : int

    Returns
    -------
    scores : ndarray, shape (n_draws,)
    blocks : tuple of str
        Names of what was drawn from, the same in whatever folder the rows are.
    """
    groups = [one for one in collect_groups(store) if one.model == model and one.is_itself]
    scores, names = bootstrap_scores(
        groups,
        drawn_with(store.rows(), store.schedule()),
        find(metric, "metrics"),
        Scorer.of(store),
        seed,
    )
    return scores, tuple(names.tolist())


def drawn_with(rows: pd.DataFrame, schedule: Schedule | None) -> np.ndarray:
    """Name what each row is drawn with: its block of the recording, else itself.

    Windows that slide over a recording are drawn trial by trial, a task with the idle before it.

    Parameters
    ----------
    rows : DataFrame
        As `neurodecode.harness.store.Store.rows` gives.
    schedule : Schedule or None
        As `neurodecode.harness.store.Store.schedule` gives.

    Returns
    -------
    names : ndarray of str, shape (n_rows,)
        The same in whatever folder the rows are.
    """
    if schedule is not None:
        timeline = Timeline.of(rows, sorted(set(schedule.tasks["label"].astype(str))), schedule)
        begins = [f"|task at {onset:.3f}" for onset in timeline.task_onset]
        recording = rows["recording"].astype(str).to_numpy(dtype=object)
        return recording + np.array([*begins, "|no task"], dtype=object)[timeline.trials()]
    alone = rows["uid"].astype(str).to_numpy(dtype=object)
    if "block" not in rows:
        return alone
    block = rows["recording"].astype(str) + "|" + rows["block"].astype(str)
    return np.where(rows["block"].notna(), block.to_numpy(dtype=object), alone)


def bootstrap_p(differences: np.ndarray, alternative: Alternative) -> float:
    """Give p of no difference from where zero lies among bootstrapped differences.

    Parameters
    ----------
    differences : ndarray, shape (n_draws,)
        NaN where a draw has none.
    alternative : {"two-sided", "greater", "less"}

    Returns
    -------
    p : float
        NaN where no draw has a difference.

    References
    ----------
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 15.4.
    """
    known = differences[np.isfinite(differences)]
    if len(known) == 0:
        return float("nan")
    above, below = (
        (1 + np.sum(one)) / (1 + len(known)) for one in (known >= -_ROUNDING, known <= _ROUNDING)
    )
    sided = {"greater": below, "less": above, "two-sided": 2 * min(above, below)}
    return float(min(1.0, sided[alternative]))


def _scored(cell: Group, judged: Any, scorer: Scorer) -> Callable[[np.ndarray], float]:
    """Give a function of how often each row is drawn that gives the score; NaN without one."""

    def anew(times: np.ndarray) -> float:
        index = np.repeat(np.arange(len(times)), times)
        value = scorer.score(judged, cell.take(index)) if len(index) else ""
        return value if isinstance(value, float) else float("nan")

    if judged.terms is None or not isinstance(scorer.score(judged, cell), float):
        # Rows that stand in time are no stream any more once some are drawn twice.
        return anew if judged.summary is None else lambda times: float("nan")
    values, groups = judged.terms(
        cell.true,
        cell.pred,
        scores=cell.scores,
        rows=scorer.rows_of(cell),
        gallery=scorer.gallery,
    )
    if judged.summary is not None:
        return lambda times: judged.summary(values, times)
    known = np.isfinite(values)
    groups = np.zeros(np.sum(known), dtype=np.int64) if groups is None else groups[known]
    values = values[known]

    def of_terms(times: np.ndarray) -> float:
        weights = times[known]
        counts = np.bincount(groups, weights=weights)
        there = counts > 0
        if there.sum() < judged.min_classes:
            return float("nan")
        return float(np.mean(np.bincount(groups, weights=weights * values)[there] / counts[there]))

    return of_terms


def _mean(scores: np.ndarray, sessions: np.ndarray) -> float:
    """Mean over groups of a session, then sessions, of those that have a score."""
    known = np.isfinite(scores)
    means = [scores[known & (sessions == one)].mean() for one in np.unique(sessions[known])]
    return float(np.mean(means)) if means else float("nan")
