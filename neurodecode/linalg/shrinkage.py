"""Shrinkage of covariances in closed form: from the covariance and one more moment, batched.

Each function takes covariances `S` of centred data divided by `n_times`, numpy or torch, and gives
arrays of the same kind. Windows that slide and signals that stream keep the moments and come here
with them, so that they are shrunk as whole trials are.

References
----------
Chen et al. 2010, doi 10.1109/TSP.2010.2053029; Ledoit & Wolf 2004,
doi 10.1016/S0047-259X(03)00096-4; Schäfer & Strimmer 2005, doi 10.2202/1544-6115.1175.
"""

from typing import Any

import numpy as np

from neurodecode.linalg._arrays import namespace


def oas(S: Any, n_times: float) -> Any:
    """Shrink to a multiple of the identity, as much as the oracle approximation says.

    Parameters
    ----------
    S : ndarray or tensor, shape (..., n_channels, n_channels)
    n_times : float
        Of how many samples; the formula takes them as independent.

    Returns
    -------
    C : ndarray or tensor, shape (..., n_channels, n_channels)
        Equal to `sklearn.covariance.oas`.

    References
    ----------
    Chen et al. 2010, equation 23, in the form of scikit-learn.
    """
    n_channels = S.shape[-1]
    mean = _mean_eigenvalue(S)
    # In units of the mean eigenvalue: squares of squared teslas are no numbers of float32.
    spread = ((S / or_one(mean)[..., None, None]) ** 2).sum((-2, -1)) / n_channels**2
    return _shrunk(S, _share(spread + 1, (n_times + 1) * (spread - 1 / n_channels), 1), mean)


def ledoit_wolf(S: Any, fourth: Any, n_times: float) -> Any:
    """Shrink to a multiple of the identity, as much as the scatter of the products says.

    Parameters
    ----------
    S : ndarray or tensor, shape (..., n_channels, n_channels)
    fourth : ndarray or tensor, shape (...)
        Mean over samples of the squared share of a sample: its squared length, of centred
        channels, over the mean of that.
    n_times : float

    Returns
    -------
    C : ndarray or tensor, shape (..., n_channels, n_channels)
        Equal to `sklearn.covariance.ledoit_wolf`.

    References
    ----------
    Ledoit & Wolf 2004, lemmas 3.2 to 3.5.
    """
    n_channels = S.shape[-1]
    mean = _mean_eigenvalue(S)
    spread = ((S / or_one(mean)[..., None, None]) ** 2).sum((-2, -1))
    scatter = (fourth * n_channels**2 - spread) / n_times
    return _shrunk(S, _share(scatter, spread - n_channels, 0), mean)


def schaefer_strimmer(S: Any, squares: Any, n_times: float) -> Any:
    """Shrink to the diagonal, as much as the scatter of the correlations says.

    Parameters
    ----------
    S : ndarray or tensor, shape (..., n_channels, n_channels)
        No diagonal element is zero.
    squares : ndarray or tensor, shape (..., n_channels, n_channels)
        Mean over samples of the products of squared values, channel by channel, where each
        channel has the mean 0 and the variance 1.
    n_times : float

    Returns
    -------
    C : ndarray or tensor, shape (..., n_channels, n_channels)
        The unbiased covariance, its elements off the diagonal made smaller; equal to
        `pyriemann.geometry.covariance.covariance_sch`.

    References
    ----------
    Schäfer & Strimmer 2005, table 2, target D.
    """
    xp = namespace(S)
    variance = xp.diagonal(S, 0, -2, -1)
    scale = xp.sqrt(variance)
    correlation = S / (scale[..., :, None] * scale[..., None, :])
    scatter = (squares - correlation**2) * (n_times / (n_times - 1)) ** 2 / (n_times - 1)
    strength = (correlation * (n_times / (n_times - 1))) ** 2
    share = _share(_off_diagonal(scatter), _off_diagonal(strength), 0)
    C = S * ((1 - share) * n_times / (n_times - 1))[..., None, None]
    return _with_diagonal(C, variance * n_times / (n_times - 1))


def or_one(scale: Any) -> Any:
    """Give a scale to divide by: where all is zero, one does."""
    return namespace(scale).where(scale > 0, scale, scale * 0 + 1)


def _mean_eigenvalue(S: Any) -> Any:
    return namespace(S).diagonal(S, 0, -2, -1).sum(-1) / S.shape[-1]


def _share(part: Any, whole: Any, otherwise: float) -> Any:
    """Give part / whole between 0 and 1, and `otherwise` where rounding alone is left of whole."""
    xp = namespace(whole)
    rounding = whole <= 0
    share = part / xp.where(rounding, whole * 0 + 1, whole)
    return xp.where(rounding, whole * 0 + otherwise, xp.clip(share, 0, 1))


def _shrunk(S: Any, share: Any, mean: Any) -> Any:
    C = S * (1 - share)[..., None, None]
    return _with_diagonal(C, namespace(S).diagonal(C, 0, -2, -1) + (share * mean)[..., None])


def _with_diagonal(C: Any, diagonal: Any) -> Any:
    where = np.arange(C.shape[-1])
    C[..., where, where] = diagonal
    return C


def _off_diagonal(M: Any) -> Any:
    """Sum a fresh matrix without its diagonal, which is set to 0."""
    return _with_diagonal(M, 0).sum((-2, -1))
