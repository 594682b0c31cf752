"""p values from permutations: of signs of differences, and of labels."""

import numpy as np

_EXACT_UP_TO = 16  # differences: 65536 sign flips


def permutation_p(observed: float, drawn: np.ndarray) -> float:
    """Share of draws under the null that are at least as large, the observed one among them.

    Parameters
    ----------
    observed : float
    drawn : ndarray, shape (n_draws,)
        Larger is further from the null.

    Returns
    -------
    p : float
        Never 0: the observed value is one of the permutations.

    References
    ----------
    Phipson & Smyth 2010, doi 10.2202/1544-6115.1585, eq. 2.
    """
    # Draws that differ from the observed value by rounding alone are as large.
    as_large = np.sum(drawn >= observed - 1e-12 * max(1.0, abs(observed)))
    return float((1 + as_large) / (1 + len(drawn)))


def sign_flip_p(differences: np.ndarray, seed: int = 0, n_draws: int = 9999) -> float:
    """One-sided p of a mean above zero, by flipping the signs of differences.

    Parameters
    ----------
    differences : ndarray, shape (n,)
        One a subject; symmetric around zero under the null.
    seed : int
    n_draws : int
        Random flips from 17 differences on; up to 16 all flips are taken.

    Returns
    -------
    p : float

    References
    ----------
    Fisher 1935, The Design of Experiments, section 21.
    """
    differences = np.asarray(differences, dtype=np.float64)
    n = len(differences)
    observed = differences.mean()
    if n <= _EXACT_UP_TO:
        signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
        drawn = signs @ differences / n
        return float(np.mean(drawn >= observed - 1e-12 * max(1.0, abs(observed))))
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), size=(n_draws, n))
    return permutation_p(observed, signs @ differences / n)
