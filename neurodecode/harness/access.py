"""What of the tested may be seen before testing: rows that leave the test, or are shown."""

from dataclasses import replace

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.fold import ROLES, Fold
from neurodecode.core.rows import Rows, in_time
from neurodecode.core.truth import BrainTruth, Truth
from neurodecode.harness.question import TargetAccess

_ADAPT = ROLES.index("adapt")


def grant(
    fold: Fold,
    rows: Rows,
    known: np.ndarray,
    y: Truth,
    access: TargetAccess,
    pool: np.ndarray | None = None,
) -> Fold:
    """Give the fold in which the rows that may be seen before testing have the role ``adapt``.

    Parameters
    ----------
    fold : Fold
    rows : Rows
    known : ndarray of bool, shape (n_rows,)
        Whether a row's target is known.
    y : ndarray, shape (n_rows, …)
        Truth; its classes are counted for calibration by trials a class. Of vectors and whatever
        else has no classes, trials are counted as they come.
    access : TargetAccess
    pool : ndarray of int or None
        Rows of the tested that calibration is taken from, where their protocol names them; None:
        from the test rows, which are then not tested.

    Raises
    ------
    ConfigError
        If there are no such rows, fewer than are asked for, or none would be left to test.
    """
    if access.name == "none":
        return fold
    if access.transductive:
        return replace(fold, access=access.name)
    sessions, test = rows.codes("subject", "session"), fold.index("test")
    asked = test if pool is None or access.calibration is None else pool
    seen = []
    for session in np.unique(sessions[asked]):
        mine = in_time(rows, asked[sessions[asked] == session])
        if access.unlabelled == "rows":
            unused = (sessions == session) & ~known & (fold.role == 0)
            seen.append(np.flatnonzero(unused))
        elif access.unlabelled is not None:
            seen.append(_first_part(mine, float(access.unlabelled)))
        elif isinstance(access.calibration, int):
            where = f"fold {fold.name}: session {rows['session'][mine[0]]} of subject "
            where += str(rows["subject"][mine[0]])
            seen.append(_first_of_each_class(mine, y, access.calibration, where))
        elif access.calibration is not None:
            seen.append(_first_part(mine, access.calibration))
    adapt = np.concatenate([np.zeros(0, dtype=np.intp), *seen])
    if len(adapt) == 0:
        raise ConfigError(
            f"target_access: fold {fold.name} has no row for {access.name}. For unlabelled: rows, "
            "the task must hold events of the tested sessions that have none of the classes."
        )
    role = fold.role.copy()
    role[adapt] = _ADAPT
    if not np.any(role == ROLES.index("test")):
        raise ConfigError(
            f"target_access: {access.name} takes all {len(test)} test rows of fold {fold.name}. "
            "Give less."
        )
    labelled = access.calibration is not None
    return replace(fold, role=role, access=access.name, adapt_labelled=labelled)


def _first_part(index: np.ndarray, part: float) -> np.ndarray:
    return index[: max(1, round(part * len(index)))]


def _first_of_each_class(index: np.ndarray, y: Truth, n_trials: int, where: str) -> np.ndarray:
    """Give the first trials of each class, of `index` in time; of numbers the first of all."""
    if isinstance(y, BrainTruth) or y.ndim > 1 or y.dtype.kind == "f":
        several, kind = [index], "trials that may be shown"
    else:
        several = [index[y[index] == code] for code in np.unique(y[index])]
        kind = "trials of one of its classes that may be shown"
    fewest = min(map(len, several))
    if fewest < n_trials:
        raise ConfigError(
            f"target_access: calibration {n_trials}, and {where} has {fewest} {kind}. Give "
            "fewer, or a part of the session (calibration: 0.5)."
        )
    return np.concatenate([one[:n_trials] for one in several])
