"""One seed a picture, so that what is drawn for it does not depend on what else is drawn."""

from typing import Any

import numpy as np

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.trials import Trials


def seeds_of(X: Any, random_state: int, candidate: int = 0) -> list[int]:
    """Give the seed of each row.

    Parameters
    ----------
    X : Trials with the column ``uid``, or ndarray, shape (n, …)
        A row is known by its uid, else by what the brain said: two equal rows draw the same.
    random_state : int
    candidate : int
        Number of the draw, where several are made of one row.

    Returns
    -------
    seeds : list of int
        From 0 to below 2⁶³.
    """
    if isinstance(X, Trials):
        names = [str(uid) for uid in X.rows["uid"]]
    else:
        names = [digest_array(np.asarray(one, dtype=np.float32)) for one in X]
    return [int(digest([random_state, candidate, one])[:16], 16) >> 1 for one in names]
