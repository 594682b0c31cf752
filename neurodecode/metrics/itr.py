"""Information transfer rates in bits a minute, each named by what it takes for T, a choice's time.

``(60 / T) · B``: bits of one choice, and how many of them fit into a minute. Rates of one decoder
under different T differ by an order of magnitude, so none is called ``itr`` alone.
"""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.metrics._events import told_events
from neurodecode.metrics.metric import metric, no_formula, zero

_UNEQUAL = 1.5  # as often as the rarest: beyond, answering with the prior is worth bits


def wolpaw_bits(n_classes: int, accuracy: float) -> float:
    """Bits of one choice among classes that are equally frequent and mistaken equally often.

    ``log2 K + P log2 P + (1 - P) log2((1 - P) / (K - 1))``, and 0 at or below chance, where the
    formula rises again although nothing is told.

    Parameters
    ----------
    n_classes : int
        K, 2 or more.
    accuracy : float
        P.

    Returns
    -------
    bits : float

    References
    ----------
    Wolpaw et al. 2000, doi 10.1109/TRE.2000.847823, equation 1. For P below 1/K: Yuan et al. 2013,
    doi 10.1088/1741-2560/10/2/026014.
    """
    if accuracy <= 1 / n_classes:
        return 0.0
    wrong = 1 - accuracy
    lost = 0.0 if wrong <= 0 else wrong * np.log2(wrong / (n_classes - 1))
    return float(np.log2(n_classes) + accuracy * np.log2(accuracy) + lost)


def mutual_information(confusion: np.ndarray) -> float:
    """Bits that answers tell of the truth, from counts and with the frequencies they have.

    Parameters
    ----------
    confusion : ndarray, shape (n_true, n_answers)
        Counts.

    Returns
    -------
    bits : float
        Biased upward, by about ``(K - 1)² / (2 n ln 2)`` for n independent rows where answers tell
        nothing (Miller 1955).

    References
    ----------
    Nykopp 2001, Statistical modelling issues for the adaptive brain interface (thesis), chapter 5.
    """
    share = confusion / confusion.sum()
    apart = np.outer(share.sum(axis=1), share.sum(axis=0))
    there = share > 0
    return max(0.0, float(np.sum(share[there] * np.log2(share[there] / apart[there]))))


@metric(
    direction="up", range=(0, np.inf), kinds=("label",), chance=zero, min_classes=2, times="windows"
)
def itr_wolpaw(true, pred, *, scores=None, rows, gallery=None):
    """Wolpaw's bits a minute where T is the length of the window.

    What a choice costs beside its window, such as looking for the target, is not in it, nor what
    windows cost that overlap: each is counted as a choice of its own length.

    Parameters
    ----------
    true, pred : ndarray of int, shape (n,)
        Class codes; classes must be about equally frequent.
    rows : Timeline

    Returns
    -------
    score : float
        Bits a minute.

    References
    ----------
    Wolpaw et al. 2000, doi 10.1109/TRE.2000.847823.
    """
    del scores, gallery
    return 60 / rows.length * _bits_of_windows(true, pred, rows.n_classes)


@metric(
    direction="up", range=(0, np.inf), kinds=("label",), chance=zero, min_classes=2, times="windows"
)
def itr_wolpaw_shift(true, pred, *, scores=None, rows, gallery=None):
    """Wolpaw's bits a minute where T is the time from the cue to the end of the window.

    Parameters
    ----------
    true, pred : ndarray of int, shape (n,)
        Class codes; classes must be about equally frequent.
    rows : Timeline
        Of windows around events.

    Returns
    -------
    score : float
        Bits a minute.

    References
    ----------
    Chen et al. 2015, doi 10.1073/pnas.1508080112: the shift of the gaze counts.
    """
    del scores, gallery
    if rows.n_tasks:
        raise DataError("windows that slide have no cue; itr_event takes the time of activations")
    seconds = float(np.mean(rows.stop - rows.onset))
    if not np.isfinite(seconds) or seconds <= 0:
        raise DataError("the windows end before their cue, or its time is unknown")
    return 60 / seconds * _bits_of_windows(true, pred, rows.n_classes)


@metric(
    direction="up", range=(0, np.inf), kinds=("label",), chance=zero, min_classes=2, times="windows"
)
def itr_hop(true, pred, *, scores=None, rows, gallery=None):
    """Wolpaw's bits a minute where T is the time to the next decision; of windows apart alone.

    Parameters
    ----------
    true, pred : ndarray of int, shape (n,)
        Class codes; classes must be about equally frequent.
    rows : Timeline

    Returns
    -------
    score : float
        Bits a minute.
    """
    del scores, gallery
    hop, length = rows.hop, rows.length
    if not np.isfinite(hop):
        raise DataError("no recording has two windows")
    if hop < length - 1e-3:
        raise DataError(
            f"windows of {length:.3g} s every {hop:.3g} s share samples, so their decisions are no "
            "choices of their own, and T = hop counts the same bits several times. Use "
            "itr_wolpaw, itr_nykopp or itr_event"
        )
    return 60 / hop * _bits_of_windows(true, pred, rows.n_classes)


def cells_in_time(true, pred, *, scores=None, rows, gallery=None):
    """Seconds of each row, and its cell of the confusion matrix."""
    del scores, gallery
    cell = np.eye(rows.n_classes**2)[true * rows.n_classes + pred]
    return np.column_stack([np.full(len(true), rows.length), cell]), None


def nykopp_rate(values, times):
    """Bits a minute of the confusions of rows that are drawn so often."""
    total = times @ values
    n_rows = np.sum(times)
    if n_rows == 0:
        return float("nan")
    n_classes = round(np.sqrt(len(total) - 1))
    return 60 * n_rows / total[0] * mutual_information(total[1:].reshape(n_classes, n_classes))


@metric(
    direction="up",
    range=(0, np.inf),
    kinds=("label",),
    chance=no_formula,
    min_classes=2,
    times="windows",
    terms=cells_in_time,
    summary=nykopp_rate,
)
def itr_nykopp(true, pred, *, scores=None, rows, gallery=None):
    """Mutual information of truth and answer in bits a minute, where T is the window's length.

    It takes classes as frequent as they are, and serves where there is idle. It is biased upward
    where rows are few, and more where they overlap, so its chance level is that of shuffled labels.

    Parameters
    ----------
    true, pred : ndarray of int, shape (n,)
        Class codes.
    rows : Timeline

    Returns
    -------
    score : float
        Bits a minute.

    References
    ----------
    Nykopp 2001 (thesis), chapter 5; Thompson et al. 2014, doi 10.1109/TNSRE.2013.2297116.
    """
    del scores, gallery
    return nykopp_rate(cells_in_time(true, pred, rows=rows)[0], np.ones(len(true)))


def activations_in_time(true, pred, *, scores=None, rows, gallery=None):
    """Activations, those that are correct, seconds, and the number of task classes at each row."""
    del true, scores, gallery
    told = told_events(pred, rows)
    seconds = np.full(len(pred), told.seconds)
    n_tasks = np.full(len(pred), rows.n_classes - 1)
    return np.column_stack([told.active, told.correct, seconds, n_tasks]), None


def event_rate(values, times):
    """Bits a minute of the activations of rows that are drawn so often."""
    active, correct, seconds, n_tasks = times @ values
    if seconds == 0:
        return float("nan")
    if active == 0:
        return 0.0
    bits = wolpaw_bits(round(n_tasks / np.sum(times)), correct / active)
    return float(60 * active / seconds * bits)


@metric(
    direction="up",
    range=(0, np.inf),
    kinds=("label",),
    chance=zero,
    times="tasks",
    terms=activations_in_time,
    summary=event_rate,
)
def itr_event(true, pred, *, scores=None, rows, gallery=None):
    """Wolpaw's bits a minute of activations: T is the time tested, by the number of activations.

    P is the share of activations that are correct, K the number of task classes: whoever acts in
    idle, or seldom, pays for both.

    Parameters
    ----------
    true : ndarray
        Not used: tasks tell the truth.
    pred : ndarray of int, shape (n,)
        What was decided at each row.
    rows : Timeline

    Returns
    -------
    score : float
        Bits a minute.
    """
    del scores, gallery
    if rows.n_classes - 1 < 2:
        raise DataError("there is one class of tasks, so an activation chooses nothing")
    return event_rate(activations_in_time(true, pred, rows=rows)[0], np.ones(len(pred)))


def _bits_of_windows(true: np.ndarray, pred: np.ndarray, n_classes: int) -> float:
    counts = np.bincount(true, minlength=n_classes)
    if counts.max() > _UNEQUAL * counts.min():
        shares = ", ".join(f"{100 * n / len(true):.0f} %" for n in counts)
        raise DataError(
            f"Wolpaw's formula is of equally frequent classes, and these are {shares} of the rows. "
            "Use itr_nykopp"
        )
    return wolpaw_bits(n_classes, float(np.mean(true == pred)))
