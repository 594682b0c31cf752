"""Comparisons of dissimilarity matrices: (n_one, n_pairs) with (n_other, n_pairs), by one product.

Each comparison but Kendall's is an inner product of transformed vectors (`coordinates`). Which to
use: distances of one scale are compared with ``cosine_cov`` or ``corr_cov``, which know that pairs
of one condition share its noise; ranks with ``rho-a`` or ``tau-a``, which do not reward a model
that predicts ties.

References
----------
Nili et al. 2014, doi 10.1371/journal.pcbi.1003553; Diedrichsen et al. 2021, doi
10.51628/001c.27664; Schütt et al. 2023, doi 10.7554/eLife.82566.
"""

import warnings
from typing import Literal

import numpy as np
from scipy.stats import rankdata

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg._namespace import as_floats
from neurodecode.linalg.kendall import kendall, tied_pairs
from neurodecode.linalg.rdm_pairs import squares, vectors

Method = Literal["cosine", "corr", "spearman", "rho-a", "tau-a", "tau-b", "cosine_cov", "corr_cov"]
METHODS: tuple[Method, ...] = (
    "cosine", "corr", "spearman", "rho-a", "tau-a", "tau-b", "cosine_cov", "corr_cov",
)  # fmt: skip
WHITENED = ("cosine_cov", "corr_cov")
RANKED = ("spearman", "rho-a", "tau-a", "tau-b")
_REWARD_TIES = {"spearman": "rho-a", "tau-b": "tau-a"}
_MANY_TIES = 0.01  # of pairs: above, a vector is taken for one of levels rather than of numbers


def compare(
    one: np.ndarray,
    other: np.ndarray,
    method: Method = "corr",
    *,
    sigma_k: np.ndarray | None = None,
    warn: bool = True,
) -> np.ndarray:
    """Compare each matrix of one set with each of another.

    Parameters
    ----------
    one : ndarray, shape (n_one, n_pairs)
    other : ndarray, shape (n_other, n_pairs)
        In the order of `neurodecode.linalg.rdm_pairs`. Pairs that are NaN are so in all of both
        sets, and are left out.
    method : str
        ``cosine``: of vectors as they are. Raw distances are all positive, so two of them have a
        cosine near 1 whatever they say: it ranks models of raw distances by nothing. Use it for
        crossnobis distances, which are zero where conditions are equal.
        ``corr``: Pearson. ``spearman``, ``tau-b``: of ranks; a model with ties is rewarded for
        them, and there is a warning. ``rho-a``: mean of Spearman's over all ways to break ties.
        ``tau-a``: Kendall's, ties counted as not ordered.
        ``cosine_cov``, ``corr_cov``: whitened by the covariance that noise gives to distances.
    sigma_k : ndarray, shape (n_conditions,) or (n_conditions, n_conditions), optional
        Covariance of the patterns' noise between conditions, a vector being its diagonal; for
        ``cosine_cov`` and ``corr_cov`` alone. All conditions alike without.
    warn : bool
        Whether a method that rewards ties warns where more than 1 % of pairs are tied.

    Returns
    -------
    similarity : ndarray, shape (n_one, n_other)
        NaN where a vector is zero, or constant and centred by the method.

    Raises
    ------
    ConfigError
        If there is no such method, or `sigma_k` is given to one that does not use it.
    DataError
        If lengths differ, NaN stand at different pairs, or `sigma_k` does not fit.
    """
    check_method(method, sigma_k)
    one, other, kept = aligned(one, other)
    if warn and method in _REWARD_TIES:
        _warn_of_ties(one[:, kept], other[:, kept], method)
    if method in ("tau-a", "tau-b"):
        return kendall(one[:, kept], other[:, kept], "a" if method == "tau-a" else "b")
    left = coordinates(one, method, sigma_k=sigma_k)
    right = left if other is one else coordinates(other, method, sigma_k=sigma_k)
    return left @ right.T


def coordinates(
    rdms: np.ndarray, method: Method = "corr", *, sigma_k: np.ndarray | None = None
) -> np.ndarray:
    """Transform dissimilarity vectors so that inner products are the comparison.

    Parameters
    ----------
    rdms : ndarray, shape (n_rdms, n_pairs)
        NaN at the same pairs of all; they are left out.
    method : str
        As for `compare`, without Kendall's.
    sigma_k : ndarray, optional

    Returns
    -------
    coordinates : ndarray, shape (n_rdms, n_coordinates)
        Of unit length; ``rho-a`` has shorter ones where there are ties. Whitened ones are entries
        of the centred second moment, diagonal included.
    """
    Z = transformed(rdms, method, sigma_k=sigma_k)
    if method == "rho-a":
        n = Z.shape[1]
        return Z * np.sqrt(12 / (n**3 - n)).astype(Z.dtype)
    length = np.sqrt(np.vecdot(Z, Z))[:, None]
    if method != "spearman":  # ranks are exact; what else leaves of a constant is rounding
        scale = np.sqrt(np.nansum(np.square(rdms), axis=1, keepdims=True, dtype=np.float64))
        length[length <= 16 * np.finfo(Z.dtype).eps * scale] = np.nan
    length[length == 0] = np.nan
    return Z / length


def transformed(
    rdms: np.ndarray, method: Method = "corr", *, sigma_k: np.ndarray | None = None
) -> np.ndarray:
    """Give what `coordinates` brings to unit length; linear in `rdms` but for ranks.

    Parameters
    ----------
    rdms : ndarray, shape (n_rdms, n_pairs)
    method : str
    sigma_k : ndarray, optional

    Returns
    -------
    transformed : ndarray, shape (n_rdms, n_coordinates)
    """
    rdms = as_floats(rdms)
    kept = found_pairs(rdms)
    if method in ("corr_cov", "corr"):
        rdms = rdms - rdms[:, kept].mean(1, keepdims=True)
    if method in WHITENED:
        return _centred_moments(rdms, kept, sigma_k)
    if not kept.all():
        rdms = rdms[:, kept]
    if method in ("spearman", "rho-a"):
        ranks = rankdata(rdms, axis=1).astype(rdms.dtype, copy=False)
        return ranks - (ranks.shape[1] + 1) / 2
    return rdms


def check_method(method: str, sigma_k: np.ndarray | None = None) -> None:
    """Hold the name of a comparison to those there are.

    Raises
    ------
    ConfigError
        If it is none of them, or `sigma_k` is given to one that does not use it.
    """
    if method not in METHODS:
        raise ConfigError(
            f"method: {method!r} is no comparison of dissimilarities.{nearest(method, METHODS)}"
        )
    if sigma_k is not None and method not in WHITENED:
        raise ConfigError(
            f"sigma_k: {method} does not use a covariance of conditions. "
            f"Use {' or '.join(WHITENED)}, or leave it out."
        )


def aligned(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hold two sets to one length and to NaN at the same pairs.

    Returns
    -------
    one, other : ndarray, shape (n_one, n_pairs) and (n_other, n_pairs)
    kept : ndarray of bool, shape (n_pairs,)
        Which pairs are no NaN.

    Raises
    ------
    DataError
        If they have other lengths, or NaN at other pairs.
    """
    same = other is one
    one = np.atleast_2d(as_floats(one))
    other = one if same else np.atleast_2d(as_floats(other))
    if one.shape[1] != other.shape[1]:
        raise DataError(
            f"Dissimilarities of {one.shape[1]} and of {other.shape[1]} pairs are compared. Take "
            "those of the same conditions, in the same order."
        )
    kept, theirs = found_pairs(one), found_pairs(other)
    if np.any(kept != theirs):
        raise DataError(
            f"{np.sum(~kept)} pairs are NaN in one set and {np.sum(~theirs)} in the other, "
            f"{np.sum(kept != theirs)} of them in one alone. Set the same pairs to NaN in both."
        )
    return one, other, kept


def found_pairs(rdms: np.ndarray) -> np.ndarray:
    """Tell which pairs are no NaN, in all matrices alike.

    Parameters
    ----------
    rdms : ndarray, shape (n_rdms, n_pairs)

    Returns
    -------
    found : ndarray of bool, shape (n_pairs,)

    Raises
    ------
    DataError
        If a pair is NaN in some of them only, or in all pairs.
    """
    if not np.isnan(rdms.min()):
        return np.ones(rdms.shape[1], bool)
    lacking = np.isnan(rdms)
    some = lacking.any(0)
    if np.any(some != lacking.all(0)):
        which = int(np.argmax(some != lacking.all(0)))
        raise DataError(
            f"Pair {which} is NaN in {np.sum(lacking[:, which])} of {len(rdms)} dissimilarity "
            "matrices. Set it to NaN in all, or drop the matrices."
        )
    if some.all():
        raise DataError("All dissimilarities are NaN. Look for constant patterns.")
    return np.logical_not(some)


def tied_share(rdms: np.ndarray) -> np.ndarray:
    """Share of the pairs of dissimilarities that are equal.

    Parameters
    ----------
    rdms : ndarray, shape (n_rdms, n_pairs)

    Returns
    -------
    share : ndarray, shape (n_rdms,)
        Near zero of measured distances; of a model of two categories about a half.
    """
    n = rdms.shape[1]
    return tied_pairs(rdms) / max(1, n * (n - 1) // 2)


def _warn_of_ties(one: np.ndarray, other: np.ndarray, method: str) -> None:
    share = max(tied_share(one).max(), tied_share(other).max())
    if share > _MANY_TIES:
        warnings.warn(
            f"{method} rewards ties, and {share:.0%} of a matrix's pairs are tied, as those of a "
            f"model of categories are. Use {_REWARD_TIES[method]}.",
            stacklevel=3,
        )


def _centred_moments(rdms: np.ndarray, kept: np.ndarray, sigma_k: np.ndarray | None) -> np.ndarray:
    """Give the smallest second moments that have these distances, in whitened coordinates.

    Distances are contrasts a'Ga of a second moment G, whose noise has the covariance of
    ``sigma_k`` on both sides. By Gauss and Markov, the inner product by the inverse covariance of
    distances is that of the second moments of least norm tr(G S^-1 G S^-1): no matrix of pairs by
    pairs is built. What distances leave free are terms f_i + f_j, and pairs that are not there.
    """
    D = squares(np.where(kept, rdms, 0)) / -2
    n = D.shape[-1]
    if sigma_k is None and kept.all():
        rows = D.mean(-1)
        G = D - rows[:, :, None] - rows[:, None, :] + rows.mean(-1)[:, None, None]
    elif sigma_k is None or np.ndim(sigma_k) == 1:
        scale = np.ones(n) if sigma_k is None else np.sqrt(_checked_sigma(sigma_k, n))
        there = squares(kept.astype(D.dtype)) + np.eye(n)
        weight = there / np.outer(scale, scale) ** 2
        least = np.diag(weight.sum(1)) + weight
        f = -np.linalg.solve(least, (weight * D).sum(-1).T).T
        G = there * (D + f[:, :, None] + f[:, None, :]) / np.outer(scale, scale)
    else:
        if not kept.all():
            raise DataError(
                "A full sigma_k needs all pairs, and some dissimilarities are NaN. Drop their "
                "conditions, or give the diagonal of sigma_k."
            )
        L_inverse = np.linalg.inv(np.linalg.cholesky(_checked_sigma(sigma_k, n)))
        unit = L_inverse.sum(1)
        projector = np.eye(n) - np.outer(unit, unit) / (unit @ unit)
        whitener = projector @ L_inverse
        G = whitener @ D @ whitener.T
    own = np.einsum("...ii->...i", G)
    entries = np.concatenate([np.sqrt(2) * vectors(G), own], axis=-1)
    return entries.astype(rdms.dtype, copy=False)


def _checked_sigma(sigma_k: np.ndarray, n: int) -> np.ndarray:
    sigma_k = np.asarray(sigma_k, dtype=np.float64)
    if sigma_k.shape not in ((n,), (n, n)):
        raise DataError(
            f"sigma_k has the shape {sigma_k.shape} and there are {n} conditions. Give their "
            "variances or their covariance."
        )
    if not np.all((sigma_k if sigma_k.ndim == 1 else np.linalg.eigvalsh(sigma_k)) > 0):
        raise DataError("sigma_k is not positive definite. Drop conditions that depend on others.")
    return sigma_k
