"""Covariances of several sessions, each seen through a mixing of its own."""

import numpy as np
import pandas as pd

from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials

N_CHANNELS, N_TIMES = 4, 60
BY = ("subject", "session")


def signals(n=12, seed=0, mixing=None):
    """Trials of two classes in turn, whose first two sources differ in power; shape (n, 4, 60)."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, N_CHANNELS, N_TIMES))
    X[::2, 0] *= 3
    X[1::2, 1] *= 2
    mixing = np.random.default_rng(99).normal(size=(4, 4)) if mixing is None else mixing
    return mixing @ X


def covariances(n=12, seed=0, mixing=None):
    X = signals(n, seed, mixing)
    return X @ X.transpose(0, 2, 1) / N_TIMES


def mixing(seed):
    return np.random.default_rng(seed).normal(size=(N_CHANNELS, N_CHANNELS))


def of_sessions(**arrays):
    """Arrays as `Trials`, in the order given, by session; `subject` is 1."""
    X = np.concatenate(list(arrays.values()))
    sessions = np.repeat(list(arrays), [len(one) for one in arrays.values()]).astype(object)
    table = pd.DataFrame({"subject": np.full(len(X), "1", dtype=object), "session": sessions})
    space = Space("features", tuple(str(i) for i in range(X.shape[1])))
    axes = tuple(f"axis {i}" for i in range(1, X.ndim))
    part = Part(X, space, axes, None, 0.0, "")
    return Trials.of_entries(Rows(table), "features", part, np.arange(len(X)))
