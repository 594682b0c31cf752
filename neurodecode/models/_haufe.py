"""From weights to patterns."""

from collections.abc import Sequence

import numpy as np


def haufe_patterns(X: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Patterns of linear decoders: how the decoded source shows in each feature.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_features)
        Training trials.
    weights : ndarray, shape (n_patterns, n_features)

    Returns
    -------
    patterns : ndarray, shape (n_patterns, n_features)
        In the unit of `X`; the covariance of the features is never formed.

    References
    ----------
    Haufe et al. 2014, doi 10.1016/j.neuroimage.2013.10.067, eq. 6: A = Σx W Σs⁻¹.
    """
    centred = X - X.mean(axis=0)
    return _patterns(centred, centred @ weights.T)


def patterns_of_outputs(X: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Patterns of linear decoders, from what they say of their training trials.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_features)
    outputs : ndarray, shape (n_trials, n_patterns)
        Linear in `X`; constants do not matter.

    Returns
    -------
    patterns : ndarray, shape (n_patterns, n_features)
        As `haufe_patterns`.
    """
    return _patterns(X - X.mean(axis=0), outputs - outputs.mean(axis=0))


def named_patterns(patterns: np.ndarray, classes: Sequence[int]) -> dict[str, np.ndarray]:
    """Name patterns by class code; two classes have one, towards the second."""
    if len(patterns) == 1:
        return {f"class {classes[1]}": patterns[0]}
    return {f"class {code}": one for code, one in zip(classes, patterns, strict=True)}


def _patterns(centred: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    with_features = centred.T @ outputs  # (n_features, n_patterns)
    return np.linalg.lstsq(outputs.T @ outputs, with_features.T, rcond=None)[0]
