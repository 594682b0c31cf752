"""Predictions scaled to the mean and spread of what they tell, output by output."""

import numpy as np


def respread(
    said: np.ndarray,
    mean: np.ndarray,
    sd: np.ndarray,
    target_mean: np.ndarray,
    target_sd: np.ndarray,
    least: np.ndarray,
) -> np.ndarray:
    """Scale predictions in place from one mean and spread to another.

    Parameters
    ----------
    said : ndarray, shape (n, n_targets)
    mean, sd : ndarray, shape (n_targets,)
        Of predictions.
    target_mean, target_sd : ndarray, shape (n_targets,)
        Of what they tell.
    least : ndarray, shape (n_targets,)
        What varies by no more is constant: it becomes the targets' mean, for its spread is rounding
        and nothing to be divided by.

    Returns
    -------
    said : ndarray, shape (n, n_targets)
    """
    varies = (sd > least) & (target_sd > least)
    gain = np.divide(target_sd, sd, out=np.zeros_like(sd), where=varies)
    said -= mean.astype(said.dtype)
    said *= gain.astype(said.dtype)
    said += target_mean.astype(said.dtype)
    return said
