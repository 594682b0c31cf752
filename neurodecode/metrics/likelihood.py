"""How well trials fit a model that was told nothing of them."""

import numpy as np

from neurodecode.metrics.metric import metric, no_formula


@metric(direction="up", range=(-np.inf, np.inf), kinds=("none",), chance=no_formula)
def mean_log_likelihood(true, pred, *, scores=None, rows=None, gallery=None):
    """Mean of what `score_samples` says of held-out trials: their log-likelihood.

    Log-likelihoods are in nats a trial, and of densities: models are compared on the same
    preparation, trials and leading steps, or not at all.

    Parameters
    ----------
    true : ndarray, shape (n,)
        Not looked at.
    pred : ndarray, shape (n,)
        What the model says of each trial.

    Returns
    -------
    score : float
    """
    del true, scores, rows, gallery
    return np.mean(pred)
