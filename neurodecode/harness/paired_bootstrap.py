"""Test trials of one unit drawn again, in the same way for every model."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.names import find
from neurodecode.core.series import ALIKE_ROWS, ALIKE_SECONDS, is_series, step_of
from neurodecode.core.timeline import Schedule, Timeline
from neurodecode.harness.galleries import TOLD_APART
from neurodecode.harness.score import Group, collect_groups
from neurodecode.harness.scorer import Scorer
from neurodecode.harness.store import Store
from neurodecode.linalg.permutation import Alternative

N_BOOTSTRAP = 1000
N_BOOTSTRAP_OF_TIMES = 200  # each draw scores every time of a trial
_MOST_AT_ONCE = 1_000_000  # numbers of how often a row is drawn: some 10 MB
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
    codes, of_cell, score = [], [], []
    for group in groups:  # vectors of one at a time are read
        for _, _, cell in group.cells(all_cells=False):
            codes.append(np.searchsorted(names, block[cell.rows]))
            of_cell.append(cell.session)
            score.append(_scored(cell, metric, scorer))
    sessions = pd.factorize(np.array(of_cell, dtype=object))[0]
    rng, n_names = np.random.default_rng(seed), len(names)
    scores = np.empty(N_BOOTSTRAP_OF_TIMES if groups[0].axes else N_BOOTSTRAP)
    # Draws are scored together, as many as fit: the numbers drawn are those of one after another.
    n_together = max(1, _MOST_AT_ONCE // max(n_names, *map(len, codes)))
    for start in range(0, len(scores), n_together):
        n_draws = min(n_together, len(scores) - start)
        drawn = rng.integers(n_names, size=(n_draws, n_names))
        drawn += n_names * np.arange(n_draws)[:, None]
        times = np.bincount(drawn.ravel(), minlength=n_draws * n_names).reshape(n_draws, n_names)
        found = [of(times[:, code]) for of, code in zip(score, codes, strict=True)]
        scores[start : start + n_draws] = _mean(np.stack(found, axis=1), sessions)
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
        drawn_with(store.rows(), store.schedule(), store.index()["target"]["kind"]),
        find(metric, "metrics"),
        Scorer.of(store),
        seed,
    )
    return scores, tuple(names.tolist())


def drawn_with(rows: pd.DataFrame, schedule: Schedule | None, kind: str = "label") -> np.ndarray:
    """Name what each row is drawn with: its block of the recording, else itself.

    Windows that slide over a recording are drawn trial by trial, a task with the idle before it.
    Of vectors and pictures, which are what a stimulus is, all rows of one stimulus are drawn
    together; and so they are of brains that were shown it several times, each time anew. A film or
    a story is no such stimulus: it runs on from row to row, and its blocks are drawn; without any,
    stretches of ten rows and twenty seconds at least, for neighbours are near copies.

    Parameters
    ----------
    rows : DataFrame
        As `neurodecode.harness.store.Store.rows` gives.
    schedule : Schedule or None
        As `neurodecode.harness.store.Store.schedule` gives.
    kind : str
        The target's kind.

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
    if (kind in TOLD_APART and "stimulus" in rows) or (kind == "brain" and _shown_anew(rows)):
        shown = rows["stimulus"]
        return np.where(shown.notna(), shown.astype(str).to_numpy(dtype=object), alone)
    if "block" not in rows:
        return alone if kind == "label" or not _is_series(rows) else _stretches(rows)
    block = rows["recording"].astype(str) + "|" + rows["block"].astype(str)
    return np.where(rows["block"].notna(), block.to_numpy(dtype=object), alone)


def _is_series(rows: pd.DataFrame) -> bool:
    """Whether rows follow each other as volumes do, as far as is known when they were."""
    if not {"onset", "duration"} <= set(rows):
        return False
    recording, onset, duration = (
        rows[name].to_numpy() for name in ("recording", "onset", "duration")
    )
    return is_series(recording, onset, onset + duration)


def _stretches(rows: pd.DataFrame) -> np.ndarray:
    """Name the rows of a series by their recording, and by the stretch of it that they are in."""
    recording, onset = rows["recording"].to_numpy(), rows["onset"].to_numpy()
    length = max(ALIKE_ROWS * step_of(recording, onset), ALIKE_SECONDS)
    first = rows.groupby("recording", observed=True)["onset"].transform("min").to_numpy()
    number = np.floor((onset - first) / length * (1 + _ROUNDING))
    name = rows["recording"].astype(str) + "|stretch " + pd.Series(number, rows.index).astype(str)
    return name.to_numpy(dtype=object)


def _shown_anew(rows: pd.DataFrame) -> bool:
    """Whether stimuli are repeated, and most of their rows are a showing by themselves."""
    if "stimulus" not in rows:
        return False
    shown, recording = (pd.factorize(rows[name])[0] for name in ("stimulus", "recording"))
    named = shown >= 0
    # Rows stand in the order of time within a recording.
    runs_on = named[:-1] & (shown[1:] == shown[:-1]) & (recording[1:] == recording[:-1])
    n_repeats = named.sum() - len(np.unique(shown[named]))
    return bool(n_repeats > 0 and runs_on.sum() <= named.sum() / 2)


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


def _scored(cell: Group, judged: Any, scorer: Scorer) -> Callable[[np.ndarray], np.ndarray]:
    """Give a function of how often each row is drawn that gives the scores; NaN without one.

    It takes an array of shape (n_draws, n_rows) and gives one of shape (n_draws,).
    """
    found = scorer.seen(judged, cell)
    if isinstance(found, str):
        return lambda times: np.full(len(times), np.nan)
    scorer, cell = found
    if judged.redrawn is not None and isinstance(scorer.score(judged, cell), float):
        true, pred = np.asarray(cell.true), np.asarray(cell.pred)
        return lambda times: judged.redrawn(true, pred, times)

    def anew(times: np.ndarray) -> np.ndarray:
        scores = np.full(len(times), np.nan)
        for i, index in enumerate(np.repeat(np.arange(len(one)), one) for one in times):
            value = scorer.score(judged, cell.take(index)) if len(index) else ""
            scores[i] = value if isinstance(value, float) else np.nan
        return scores

    if judged.terms is None or not isinstance(scorer.score(judged, cell), float):
        if judged.summary is None:
            return anew
        # Rows that stand in time are no stream any more once some are drawn twice.
        return lambda times: np.full(len(times), np.nan)
    values, groups = judged.terms(
        cell.true,
        cell.pred,
        scores=cell.scores,
        rows=scorer.rows_of(cell),
        gallery=scorer.gallery_of(cell),
    )
    if judged.summary is not None:
        return lambda times: np.array([judged.summary(values, one) for one in times])
    known = np.flatnonzero(np.isfinite(values))
    groups = np.zeros(len(values), dtype=np.int64) if groups is None else groups
    order = known[np.argsort(groups[known], kind="stable")]  # group by group
    begins = np.unique(groups[order], return_index=True)[1]

    def of_terms(times: np.ndarray) -> np.ndarray:
        weights = times[:, order]
        counts = np.add.reduceat(weights, begins, axis=1)
        there = counts > 0
        means = np.add.reduceat(weights * values[order], begins, axis=1) / np.maximum(counts, 1)
        n_there = there.sum(axis=1)
        enough = n_there >= max(judged.min_classes, 1)
        return np.where(enough, means.sum(axis=1) / np.maximum(n_there, 1), np.nan)

    return of_terms


def _mean(scores: np.ndarray, sessions: np.ndarray) -> np.ndarray:
    """Mean over groups of a session, then sessions, of those that have a score; draw by draw."""
    several = [_known_mean(scores[:, sessions == one]) for one in np.unique(sessions)]
    return _known_mean(np.stack(several, axis=1))


def _known_mean(scores: np.ndarray) -> np.ndarray:
    scores = np.ascontiguousarray(scores)  # sums along a row then add in pairs, and round little
    known = np.isfinite(scores)
    n_known = known.sum(axis=1)
    means = np.where(known, scores, 0.0).sum(axis=1) / np.maximum(n_known, 1)
    return np.where(n_known > 0, means, np.nan)
