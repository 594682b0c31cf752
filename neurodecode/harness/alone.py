"""Hold models to answering each test trial by itself: a decoder in use has no others."""

import numpy as np

from neurodecode.core.errors import LeakError
from neurodecode.core.predictions import Predictions
from neurodecode.core.rows import Rows, in_time
from neurodecode.harness.answers import Fitted
from neurodecode.harness.fitting import FoldWork
from neurodecode.harness.replay import replay
from neurodecode.harness.task import TaskJob

_ROUNDING = 1e-3  # of the largest answer: products of matrices of other sizes round otherwise
_KINDS = ("label", "value", "vector", "picture")


def check_alone(work: FoldWork, job: TaskJob, fitted: Fitted, said: Predictions) -> None:
    """Ask for the first and the last test trial alone, and compare with what was said among others.

    A step that scales trials by the statistics of all that it is handed has seen what is tested,
    whatever it was fitted on. A model that leans on earlier trials of a recording by declaration is
    asked for a trial among these, without those that come after it. One that goes on learning was
    handed one trial at a time, and needs no other proof.

    Parameters
    ----------
    work : FoldWork
    job : TaskJob
    fitted : Fitted
    said : Predictions
        Of all test rows together.

    Raises
    ------
    LeakError
        If a trial is answered otherwise.
    """
    n_test = len(said)
    if n_test < 2 or said.kind not in _KINDS:
        return
    sequential = job.model.sequential
    if job.updates and not sequential:
        return  # it was handed one at a time
    for i in (n_test // 2 if sequential else 0, n_test - 1):
        beside = _until(work.test.rows, i, job.updates) if sequential else np.array([i])
        alone = replay(work, job, fitted, beside)
        if said.scores is None or alone.scores is None:
            together, itself = said.pred, alone.pred
        else:
            together, itself = said.scores, alone.scores
        size = np.max(np.abs(together[np.isfinite(together)]), initial=0)
        if not np.allclose(
            together[i], itself[-1], rtol=_ROUNDING, atol=_ROUNDING * size, equal_nan=True
        ):
            if sequential:
                raise LeakError(
                    f"{job.model.name} gives a trial another answer once it knows what comes after "
                    "it: a stage looks ahead, or at other recordings. Use what has come before."
                )
            raise LeakError(
                f"{job.model.name} gives a trial another answer among the other test trials than "
                "alone: a step uses statistics of what is tested, or draws at random. Use what it "
                "was fitted on, or say target_access: transductive."
            )


def _until(rows: Rows, i: int, updates: str) -> np.ndarray:
    """Positions of row `i`, last, and of the rows that its answer may lean on.

    These are the rows of its recording that were decided before; of a model that goes on learning
    all that the person did before.
    """
    if updates:
        order = in_time(rows, rows.where(subject=rows["subject"][i]))
        return order[: np.flatnonzero(order == i)[0] + 1]
    stop = rows["stop"]
    mine = rows.where(recording=rows["recording"][i])
    earlier = mine[stop[mine] < stop[i]]
    return np.append(earlier, i)
