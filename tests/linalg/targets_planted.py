"""Features, and targets that are told from them."""

import numpy as np


def planted(n, n_features, n_targets=6, seed=0):
    """Targets of very different noise, so that each has a penalty of its own."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_features)) @ np.diag(rng.uniform(0.1, 3, size=n_features)) + 4
    Y = X @ rng.normal(size=(n_features, n_targets)) / np.sqrt(n_features)
    return X, Y + rng.normal(size=Y.shape) * np.logspace(-1, 2, n_targets) - 7
