"""Which training rows an encoder leaves out to choose its penalties by."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.utils.validation import validate_data

from neurodecode.core.errors import ConfigError, DataError, LeakError
from neurodecode.core.series import is_series, step_of
from neurodecode.linalg.ridge_choice import check_alphas
from neurodecode.linalg.splits import Split, block_splits, guard_gap, run_splits
from neurodecode.steps.delays import default_delays

Cv = Literal["runs", "blocked", "gcv"]
KNOWN: tuple[Cv, ...] = ("runs", "blocked", "gcv")
COLUMNS = ("recording", "start", "stop")
IF_THERE = ("stimulus",)
N_BLOCKS = 5
# The table of independent AR(1) series, 120 features and 100 targets, at φ = .8.
OPTIMISTIC = (
    "Neighbours in a series are near copies of each other: between series that have nothing in "
    "common, at a correlation of .8 from row to row, shuffled folds and GCV find r .47 where the "
    "truth is 0."
)


def candidates(alphas: Sequence[float] | np.ndarray, who: str, *, null: bool) -> np.ndarray:
    """Give the penalties to choose from, ascending, an infinite one among them where `null`.

    Raises
    ------
    ConfigError
        If one is not above zero, or there is none.
    """
    values = np.unique(check_alphas(alphas, who))
    return np.append(values, np.inf) if null and np.isfinite(values[-1]) else values


def as_columns(
    model: Any, X: Any, y: Any, rows: pd.DataFrame | None, who: str
) -> tuple[np.ndarray, np.ndarray]:
    """Hold what `fit` is handed to finite numbers, and keep how its answers are to be shaped.

    Parameters
    ----------
    model : scikit-learn estimator
        With `precision`; is given ``one_``, whether one target was handed over as such, and
        ``dtype_``, of its answers.
    X : ndarray, shape (n_rows, …)
    y : ndarray, shape (n_rows,) or (n_rows, n_targets)
    rows : DataFrame or None
        With `COLUMNS`, by which an error names a run.
    who : str
        Named in errors.

    Returns
    -------
    X : ndarray, shape (n_rows, n_features)
    Y : ndarray, shape (n_rows, n_targets)
        Both of the model's `precision`.

    Raises
    ------
    DataError
        If a target is not finite: names how many, and the run of the first such row.
    """
    if rows is not None and not np.isfinite(Y := np.asarray(y, dtype=np.float64)).all():
        wrong = ~np.isfinite(Y.reshape(len(Y), -1))
        row = int(np.flatnonzero(wrong.any(axis=1))[0])
        raise DataError(
            f"{who}: {int(wrong.any(axis=0).sum())} of {wrong.shape[1]} targets are not finite in "
            f"{int(wrong.any(axis=1).sum())} of {len(Y)} rows, the first is row {row} of "
            f"{rows['recording'].iloc[row]}. Leave out the run, or the targets, that hold NaN or "
            "infinity."
        )
    several: Any = {"allow_nd": True, "multi_output": True, "y_numeric": True}
    X, y = map(np.asarray, validate_data(model, X, y, **several, ensure_min_samples=2))
    model.one_ = np.ndim(y) == 1
    model.dtype_ = np.float32 if y.dtype == np.float32 else np.float64
    X = X.reshape(len(X), -1).astype(model.precision)
    return X, y.reshape(len(y), -1).astype(model.precision)


def as_answered(model: Any, said: np.ndarray) -> np.ndarray:
    """Give answers of shape (…, n_rows, n_targets) the shape and type of what it was fitted on."""
    said = np.asarray(said, dtype=model.dtype_)
    return said[..., 0] if model.one_ else said


def check_cv(cv: Cv | None, rows: pd.DataFrame | None, who: str) -> Cv:
    """Hold the way in which penalties are chosen to the rows.

    Parameters
    ----------
    cv : {"runs", "blocked", "gcv"} or None
        None: not said, which is GCV of rows that are no series.
    rows : DataFrame or None
        With `COLUMNS`; None: nothing is known of the rows.
    who : str
        Named in errors.

    Returns
    -------
    cv : {"runs", "blocked", "gcv"}

    Raises
    ------
    ConfigError
        If it is not known, not said of a series, or needs rows.
    LeakError
        If it is GCV of a series.
    """
    if cv is not None and cv not in KNOWN:
        raise ConfigError(f"{who}: cv is {cv!r}. Give one of {', '.join(KNOWN)}.")
    if rows is None:
        if cv == "runs":
            raise ConfigError(
                f"{who}: cv: runs leaves out runs, and nothing says which run a row is of. Pass "
                "rows with the columns recording, start and stop, or say cv: blocked."
            )
        return cv or "gcv"
    series = is_series(*(rows[name].to_numpy() for name in COLUMNS))
    if series and cv is None:
        raise ConfigError(
            f"{who}: the training rows follow each other in time, and cv is not said. Say cv: runs "
            "(whole runs are left out), or cv: blocked where there is one long run. "
            f"{OPTIMISTIC}"
        )
    if series and cv == "gcv":
        raise LeakError(
            f"{who}: cv: gcv of rows that follow each other in time. {OPTIMISTIC} Say cv: runs, or "
            "cv: blocked where there is one long run."
        )
    return cv or "gcv"


def run_folds(rows: pd.DataFrame, n_splits: int | None, who: str) -> list[Split]:
    """Leave out whole runs; those that show a stimulus in common together.

    Raises
    ------
    ConfigError
        If there are fewer such runs than folds, or but one.
    """
    recording, shown = rows["recording"].to_numpy(), stimuli_of(rows)
    if shown is not None:
        pairs = pd.DataFrame({"recording": recording, "shown": shown}).drop_duplicates()
        shown = shown if bool(pairs["shown"].duplicated().any()) else None
    try:
        return run_splits(recording, n_splits, stimuli=shown)
    except DataError as error:
        raise ConfigError(f"{who}: cv: runs, among the training rows. {error}") from None


def block_folds(
    rows: pd.DataFrame | None,
    n_splits: int | None,
    gap: int | None,
    series: Iterable[np.ndarray],
    delays: Sequence[int] | None,
) -> tuple[list[Split], int]:
    """Leave out stretches of time, a guard gap on both sides of them.

    Parameters
    ----------
    rows : DataFrame or None
        With `COLUMNS`; None: rows are one run, in the order of time.
    n_splits : int or None
        Blocks; None: five.
    gap : int or None
        Rows; None: until `series` are hardly like what they were.
    series : iterable of ndarray, shape (n_rows, n_columns)
        Features, and what is told.
    delays : sequence of int or None
        Of the features, which the gap is no shorter than; None: those of the step `delays`.

    Returns
    -------
    splits : list of Split
    gap : int
        Rows.
    """
    several = list(series)
    n_rows, step = len(several[0]), 0.0
    if rows is None:
        recording, at = None, np.arange(n_rows)
    else:
        recording = rows["recording"].to_numpy()
        start = rows["start"].to_numpy(dtype=np.float64)
        step = step_of(recording, start)
        known = bool(np.isfinite(start).all()) and step > 0
        at = np.rint(start / step).astype(np.intp) if known else np.arange(n_rows)
    if delays is None:
        delays = default_delays(step) if step > 0 else ()
    order = np.arange(n_rows) if recording is None else np.lexsort((at, recording))
    if gap is None:
        runs = None if recording is None else recording[order]
        gap = guard_gap([one[order] for one in several], runs, delays)
    gap = max([gap, *(abs(delay) for delay in delays)])
    return block_splits(at, n_splits or N_BLOCKS, gap, runs=recording), gap


def stimuli_of(rows: pd.DataFrame | None) -> np.ndarray | None:
    """Give what each row shows, a row of unknown stimulus something of its own; None if none."""
    if rows is None or "stimulus" not in rows or bool(rows["stimulus"].isna().all()):
        return None
    shown: Any = pd.factorize(rows["stimulus"])[0].astype(np.intp)
    unknown = shown < 0
    shown[unknown] = len(shown) + np.flatnonzero(unknown)
    return shown
