"""Learning rates over passes."""

import math
from typing import Literal

Schedule = Literal["constant", "cosine", "one_cycle"]
_FIRST, _LAST = 1 / 25, 1 / 25_000  # of the highest rate, in one cycle


def factor(schedule: Schedule, step: int, n_steps: int, n_warmup: int) -> float:
    """Give what the learning rate is multiplied by before a step.

    Parameters
    ----------
    schedule : {"constant", "cosine", "one_cycle"}
        After the warm-up: the same throughout, or down to zero on half a cosine. One cycle rises
        over the warm-up on half a cosine too, from 1/25, and ends at 1/25,000 with the last step.
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
    1608.03983, eq. 5 (cosine, without restarts); Smith & Topin 2019, arXiv 1708.07120 (one cycle,
    with the ends of Scotti et al. 2023, arXiv 2305.18274).
    """
    if schedule == "one_cycle":
        if step < n_warmup:
            return _between(_FIRST, 1.0, step / n_warmup)
        return _between(1.0, _LAST, min(1.0, (step - n_warmup) / max(1, n_steps - 1 - n_warmup)))
    if step < n_warmup:
        return (step + 1) / n_warmup
    if schedule == "constant":
        return 1.0
    done = (step - n_warmup) / max(1, n_steps - n_warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _between(first: float, last: float, done: float) -> float:
    """Give a point of half a cosine from one value to another."""
    return last + (first - last) * 0.5 * (1 + math.cos(math.pi * done))
