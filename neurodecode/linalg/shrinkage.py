"""Shrinkage of covariances in closed form: from the covariance and one more moment, batched.

Each function takes products of centred samples, summed over `n_times` of them (`scatter`), numpy
or torch, and gives arrays of the same kind. Windows that slide and signals that stream keep the
moments and come here with them, so that they are shrunk as whole trials are.

References
----------
Chen et al. 2010, doi 10.1109/TSP.2010.2053029; Ledoit & Wolf 2004,
doi 10.1016/S0047-259X(03)00096-4; Schäfer & Strimmer 2005, doi 10.2202/1544-6115.1175.
"""

from typing import Any

import numpy as np

from neurodecode.linalg._namespace import diagonal, is_tensor, namespace


def oas(scatter: Any, n_times: float) -> Any:
    """Shrink to a multiple of the identity, as much as the oracle approximation says.

    Parameters
    ----------
    scatter : ndarray or tensor, shape (..., n_channels, n_channels)
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
    n_channels = scatter.shape[-1]
    mean = diagonal(scatter).sum(-1) / n_channels
    spread = _spread(scatter, mean) / n_channels**2
    share = _share(spread + 1, (n_times + 1) * (spread - 1 / n_channels), 1)
    return _shrunk(scatter, share, mean, n_times)


def ledoit_wolf(scatter: Any, fourth: Any, n_times: float) -> Any:
    """Shrink to a multiple of the identity, as much as the scatter of the products says.

    Parameters
    ----------
    scatter : ndarray or tensor, shape (..., n_channels, n_channels)
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
    mean = diagonal(scatter).sum(-1) / scatter.shape[-1]
    return _shrunk(scatter, ledoit_wolf_share(scatter, fourth, n_times), mean, n_times)


def ledoit_wolf_share(scatter: Any, fourth: Any, n_times: float) -> Any:
    """Give how much of the result of `ledoit_wolf` is the multiple of the identity.

    Parameters
    ----------
    scatter, fourth, n_times
        As for `ledoit_wolf`.

    Returns
    -------
    share : ndarray or tensor, shape (...)
        Of 0 to 1.
    """
    n_channels = scatter.shape[-1]
    spread = _spread(scatter, diagonal(scatter).sum(-1) / n_channels)
    error = (fourth * n_channels**2 - spread) / n_times
    return _share(error, spread - n_channels, 0)


def schaefer_strimmer(scatter: Any, squares: Any, n_times: float) -> Any:
    """Shrink to the diagonal, as much as the scatter of the correlations says.

    Parameters
    ----------
    scatter : ndarray or tensor, shape (..., n_channels, n_channels)
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
    variance = diagonal(scatter)
    scale = namespace(scatter).sqrt(variance)
    correlation = scatter / (scale[..., :, None] * scale[..., None, :])
    error = (squares - correlation**2) * (n_times / (n_times - 1)) ** 2 / (n_times - 1)
    strength = (correlation * (n_times / (n_times - 1))) ** 2
    share = _share(_off_diagonal(error), _off_diagonal(strength), 0)
    factor = (1 - share) / (n_times - 1)
    C = scatter * (factor if isinstance(share, float) else factor[..., None, None])
    diagonal(C)[...] = variance / (n_times - 1)
    return C


def or_one(scale: Any) -> Any:
    """Give a scale to divide by: where it is zero, all is, and one does."""
    return scale + (scale == 0)


def _spread(M: Any, mean: Any) -> Any:
    """Sum squared elements, over the squared mean eigenvalue."""
    if isinstance(mean, float):
        return np.vdot(M, M) / or_one(mean) ** 2
    flat = M.reshape(*M.shape[:-2], M.shape[-1] ** 2)
    unit = or_one(mean)
    # In float64: squares of squared teslas are no numbers of float32.
    if is_tensor(M):
        return ((flat.double() ** 2).sum(-1) / unit.double() ** 2).to(M.dtype)
    squares = np.vecdot(flat, flat, dtype=np.float64)
    return (squares / unit.astype(np.float64) ** 2).astype(M.dtype)


def _share(part: Any, whole: Any, otherwise: float) -> Any:
    """Give part / whole, at most 1, and `otherwise` where rounding alone is left of whole."""
    if isinstance(whole, float):  # one matrix, as in a stream: numbers cost a tenth of arrays
        return min(part / whole, 1.0) if whole > 0 else float(otherwise)
    rounding = whole <= 0
    share = part / (whole * ~rounding + rounding)
    share = share.clamp(max=1) if is_tensor(share) else np.minimum(share, 1)
    return namespace(share).where(rounding, share * 0 + otherwise, share)


def _shrunk(scatter: Any, share: Any, mean: Any, n_times: float) -> Any:
    one = isinstance(share, float)
    factor, added = (1 - share) / n_times, share * mean / n_times
    C = scatter * (factor if one else factor[..., None, None])
    on = diagonal(C)
    on += added if one else added[..., None]
    return C


def _off_diagonal(M: Any) -> Any:
    """Sum a fresh matrix without its diagonal, which is set to 0."""
    diagonal(M)[...] = 0
    return M.sum((-2, -1))
