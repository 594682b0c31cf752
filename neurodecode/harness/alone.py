"""Hold models to answering each test trial by itself: a decoder in use has no others."""

import numpy as np

from neurodecode.core.errors import LeakError
from neurodecode.core.predictions import Predictions
from neurodecode.harness.fitting import Fitted, FoldWork
from neurodecode.harness.task import TaskJob

_ROUNDING = 1e-3  # of the largest answer: products of matrices of other sizes round otherwise
_KINDS = ("label", "value", "vector")


def check_alone(work: FoldWork, job: TaskJob, fitted: Fitted, said: Predictions) -> None:
    """Ask for the first and the last test trial alone, and compare with what was said among others.

    A step that scales trials by the statistics of all that it is handed has seen what is tested,
    whatever it was fitted on.

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
    for i in (0, n_test - 1):
        alone = work.alone(job, fitted, i)
        if said.scores is None or alone.scores is None:
            together, itself = said.pred, alone.pred
        else:
            together, itself = said.scores, alone.scores
        size = np.max(np.abs(together[np.isfinite(together)]), initial=0)
        if not np.allclose(
            together[i], itself[0], rtol=_ROUNDING, atol=_ROUNDING * size, equal_nan=True
        ):
            raise LeakError(
                f"{job.model.name} gives a trial another answer among the other test trials than "
                "alone: a step uses statistics of what is tested, or draws at random. Use what it "
                "was fitted on, or say target_access: transductive."
            )
