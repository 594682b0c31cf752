"""What a series says of itself some samples later."""

import numpy as np


def self_information(X: np.ndarray, max_delay: int, n_bins: int = 16) -> np.ndarray:
    """Mutual information of each series and itself delayed.

    Parameters
    ----------
    X : ndarray, shape (n_series, n_times)
    max_delay : int
        In samples; less than `n_times`.
    n_bins : int
        Bins of equal numbers of samples, the same of both.

    Returns
    -------
    information : ndarray, shape (n_series, max_delay)
        In bits, of delays 1 to `max_delay`. Few samples add a bias that is alike at all delays.

    References
    ----------
    Fraser & Swinney 1986, doi 10.1103/PhysRevA.33.1134.
    """
    n_series, n_times = X.shape
    ranks = np.argsort(np.argsort(X, axis=1, kind="stable"), axis=1, kind="stable")
    bins = ranks * n_bins // n_times
    # A number for each cell of each series: one count serves all of them.
    offset = n_bins**2 * np.arange(n_series)[:, None]
    information = np.empty((n_series, max_delay))
    for delay in range(1, max_delay + 1):
        cells = bins[:, :-delay] * n_bins + bins[:, delay:] + offset
        counts = np.bincount(cells.ravel(), minlength=n_series * n_bins**2)
        joint = counts.reshape(n_series, n_bins, n_bins) / (n_times - delay)
        alone = joint.sum(axis=2)[:, :, None] * joint.sum(axis=1)[:, None, :]
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(joint > 0, joint * np.log2(joint / alone), 0)
        information[:, delay - 1] = terms.sum(axis=(1, 2))
    return information


def first_minimum(information: np.ndarray) -> int:
    """First delay whose value the next does not go below; the last where all fall.

    Parameters
    ----------
    information : ndarray, shape (n_delays,)
        Of delays 1, 2, …

    Returns
    -------
    delay : int
    """
    rises = np.flatnonzero(np.diff(information) >= 0)
    return int(rises[0]) + 1 if len(rises) > 0 else len(information)
