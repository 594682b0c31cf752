"""Learning rates over passes."""

import math
from typing import Literal

Schedule = Literal["constant", "cosine"]


def factor(schedule: Schedule, step: int, n_steps: int, n_warmup: int) -> float:
    """Give what the learning rate is multiplied by before a step.

    Parameters
    ----------
    schedule : {"constant", "cosine"}
        After the warm-up: the same throughout, or down to zero on half a cosine.
    step : int
        From 0.
    n_steps : int
        Of the whole training, warm-up included.
    n_warmup : int
        Steps over which the rate rises in a line; the first step has one part of it, not none.

    Returns
    -------
    factor : float
        Between 0 and 1.

    References
    ----------
    Goyal et al. 2017, arXiv 1706.02677, section 2.2 (warm-up); Loshchilov & Hutter 2017, arXiv
    1608.03983, eq. 5 (cosine, without restarts).
    """
    if step < n_warmup:
        return (step + 1) / n_warmup
    if schedule == "constant":
        return 1.0
    done = (step - n_warmup) / max(1, n_steps - n_warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
