"""What a decoder could reach at other thresholds: tasks detected against false activations.

The threshold that a decoder used is one point; here it is moved, and its dwell and refractory time
are kept. Scores are the probabilities that it decides by. Raising a threshold may split one
activation into two, so the curve is no monotone one: at a rate of false activations stands the
largest share of tasks that any threshold detects at no more of them.
"""

from dataclasses import dataclass

import numpy as np

from neurodecode.core.decisions import candidates, held, stretches
from neurodecode.core.timeline import Timeline
from neurodecode.metrics._events import check_schedule, one_a_task, places
from neurodecode.metrics.metric import metric, no_formula

N_THRESHOLDS = 60
AREA_TO = 3.0  # false activations a minute: beyond, nobody would use it


@dataclass(frozen=True, eq=False)
class OperatingCurve:
    """Points of one threshold each, ascending.

    Parameters
    ----------
    threshold : ndarray, shape (n_thresholds,)
    false_per_minute : ndarray, shape (n_thresholds,)
        False activations, by the minutes of idle.
    detected : ndarray, shape (n_thresholds,)
        Share of tasks with a correct activation.
    """

    threshold: np.ndarray
    false_per_minute: np.ndarray
    detected: np.ndarray

    def at(self, false_per_minute: float) -> float:
        """Largest share of tasks detected at no more false activations a minute than this."""
        return _best_within(self.false_per_minute, self.detected, false_per_minute)

    def area(self) -> float:
        """Mean of `at` over 0 to 3 false activations a minute: from 0 to 1."""
        return _area(self.false_per_minute, self.detected)


def operating_curve(scores: np.ndarray, rows: Timeline) -> OperatingCurve:
    """Give the share of tasks detected, and false activations a minute, over thresholds.

    Parameters
    ----------
    scores : ndarray, shape (n, n_classes)
        Probabilities.
    rows : Timeline

    Returns
    -------
    curve : OperatingCurve
        At up to 60 quantiles of the probability of the most probable task, and one above all, at
        which nothing is detected.

    Raises
    ------
    DataError
        If there is no idle, or no task is tested.
    """
    check_schedule(rows)
    thresholds = _thresholds(scores, rows)
    totals = np.sum(_of_rows(scores, rows, thresholds), axis=0)
    return OperatingCurve(thresholds, *_points(totals))


def over_thresholds(true, pred, *, scores, rows, gallery=None):
    """Count false activations, minutes of idle, tasks detected and tasks, by threshold."""
    del true, pred, gallery
    return _of_rows(scores, rows, _thresholds(scores, rows)), None


def detected_at_1(values, times):
    """Share of tasks detected at 1 false activation a minute, of rows that are drawn so often."""
    return _best_within(*_points(np.tensordot(times, values, axes=1)), 1.0)


def detected_at_3(values, times):
    """Share of tasks detected at 3 false activations a minute, of rows that are drawn so often."""
    return _best_within(*_points(np.tensordot(times, values, axes=1)), 3.0)


def area_of(values, times):
    """Area under the curve of rows that are drawn so often."""
    return _area(*_points(np.tensordot(times, values, axes=1)))


@metric(
    direction="up",
    range=(0, 1),
    kinds=("label",),
    chance=no_formula,
    scores="probability",
    times="tasks",
    terms=over_thresholds,
    summary=detected_at_1,
)
def tpr_at_1_fa(true, pred, *, scores, rows, gallery=None):
    """Share of tasks detected where there is at most 1 false activation a minute of idle.

    The largest over thresholds, looked for in what is tested: it says what could be reached, a
    little too well where tasks are few.

    Parameters
    ----------
    true, pred : ndarray
        Not used.
    scores : ndarray, shape (n, n_classes)
        Probabilities that the decoder decides by.
    rows : Timeline

    Returns
    -------
    score : float
    """
    del true, pred, gallery
    return operating_curve(scores, rows).at(1.0)


@metric(
    direction="up",
    range=(0, 1),
    kinds=("label",),
    chance=no_formula,
    scores="probability",
    times="tasks",
    terms=over_thresholds,
    summary=detected_at_3,
)
def tpr_at_3_fa(true, pred, *, scores, rows, gallery=None):
    """Share of tasks detected where there are at most 3 false activations a minute of idle.

    Parameters
    ----------
    true, pred : ndarray
        Not used.
    scores : ndarray, shape (n, n_classes)
        Probabilities that the decoder decides by.
    rows : Timeline

    Returns
    -------
    score : float
    """
    del true, pred, gallery
    return operating_curve(scores, rows).at(3.0)


@metric(
    direction="up",
    range=(0, 1),
    kinds=("label",),
    chance=no_formula,
    scores="probability",
    times="tasks",
    terms=over_thresholds,
    summary=area_of,
)
def operating_curve_area(true, pred, *, scores, rows, gallery=None):
    """Share of tasks detected, averaged over 0 to 3 false activations a minute of idle.

    Parameters
    ----------
    true, pred : ndarray
        Not used.
    scores : ndarray, shape (n, n_classes)
        Probabilities that the decoder decides by.
    rows : Timeline

    Returns
    -------
    score : float
    """
    del true, pred, gallery
    return operating_curve(scores, rows).area()


def _thresholds(scores: np.ndarray, rows: Timeline) -> np.ndarray:
    """Quantiles of the probability of the most probable task; the last one is above all."""
    best = np.delete(scores, rows.idle, axis=1).max(axis=1)
    chosen = np.quantile(best, np.linspace(0, 1, N_THRESHOLDS), method="nearest")
    return np.append(np.unique(chosen), np.inf)


def _of_rows(scores: np.ndarray, rows: Timeline, thresholds: np.ndarray) -> np.ndarray:
    task, _ = places(rows)
    order, hop = rows.order(), rows.hop
    begins = stretches(rows.recording[order], rows.stop[order], hop)
    several = np.split(order, begins[1:])
    minutes = (hop if np.isfinite(hop) else rows.length) / 60
    code = rows.task_code[np.maximum(task, 0)]
    found = np.zeros((len(rows), len(thresholds), 4))
    found[:, :, 1] = (task < 0)[:, None] * minutes
    for i, threshold in enumerate(thresholds):
        active, decision = _decided(scores, rows, threshold, several)
        found[:, i, 0] = active & (task < 0)
        told = one_a_task(task, active & (decision == code))
        found[:, i, 2], found[:, i, 3] = np.nan_to_num(told), np.isfinite(told)
    return found


def _decided(
    scores: np.ndarray, rows: Timeline, threshold: float, stretches_of: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Say at which rows activations begin, and what is decided at each."""
    candidate = candidates(scores, threshold, np.arange(scores.shape[1]), rows.idle)
    active = np.zeros(len(rows), dtype=bool)
    decision = np.full(len(rows), rows.idle)
    for mine in stretches_of:
        said = held(
            candidate[mine],
            rows.stop[mine],
            idle=rows.idle,
            dwell=int(rows.dwell[mine[0]]),
            refractory=float(rows.refractory[mine[0]]),
        )
        decision[mine] = said
        active[mine] = (said != rows.idle) & np.append(True, said[1:] != said[:-1])
    return active, decision


def _points(totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give false activations a minute and share detected, from sums over rows."""
    false, minutes, detected, n_tasks = totals.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return false / minutes, detected / n_tasks


def _best_within(false: np.ndarray, detected: np.ndarray, most: float) -> float:
    known = detected[(false <= most) & np.isfinite(detected)]
    return float(known.max()) if len(known) else float("nan")


def _area(false: np.ndarray, detected: np.ndarray) -> float:
    known = np.isfinite(false) & np.isfinite(detected)
    if not known.any():
        return float("nan")
    order = np.argsort(false[known], kind="stable")
    x, best = false[known][order], np.maximum.accumulate(detected[known][order])
    x, best = np.append(0.0, x), np.append(0.0, best)  # nothing is detected by never acting
    widths = np.diff(np.append(np.minimum(x, AREA_TO), AREA_TO))
    return float(np.sum(widths * best) / AREA_TO)
