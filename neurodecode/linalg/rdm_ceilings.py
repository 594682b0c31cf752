"""The best that a model could do: pooled dissimilarities and noise ceilings.

Ceilings of groups of other sizes are not comparable: with more subjects the lower bound rises and
the upper one falls.

References
----------
Nili et al. 2014, doi 10.1371/journal.pcbi.1003553.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from neurodecode.core.errors import DataError
from neurodecode.linalg._namespace import as_floats
from neurodecode.linalg.rdm_compare import (
    RANKED,
    WHITENED,
    Method,
    check_method,
    compare,
    coordinates,
    found_pairs,
    transformed,
)


@dataclass(frozen=True)
class Ceilings:
    """Bounds of the score of the true model, in the unit of the comparison.

    Parameters
    ----------
    lower : float
        Mean over subjects of the score of the pool of the others.
    upper : float
        Mean over subjects of the score of the pool of all, the subject among them.
    each_lower, each_upper : ndarray, shape (n_subjects,)
        Of each matrix.
    """

    lower: float
    upper: float
    each_lower: np.ndarray
    each_upper: np.ndarray


def ceilings(
    rdms: np.ndarray,
    method: Method = "corr",
    *,
    subjects: np.ndarray | None = None,
    sigma_k: np.ndarray | None = None,
) -> Ceilings:
    """Bound what any model can score, from how subjects agree.

    Parameters
    ----------
    rdms : ndarray, shape (n_subjects, n_pairs)
    method : str
        As for `neurodecode.linalg.rdm_compare.compare`.
    subjects : ndarray, shape (n_subjects,), optional
        Whom each matrix is of. All matrices of a subject are left out together, so that a subject
        who is drawn twice, or has two sessions, does not predict itself. Each is a subject without.
    sigma_k : ndarray, optional

    Returns
    -------
    ceilings : Ceilings

    Raises
    ------
    DataError
        If there is one subject only.
    """
    check_method(method, sigma_k)
    rdms = np.atleast_2d(as_floats(rdms)).astype(np.float64, copy=False)
    others = different(len(rdms), subjects)
    if method not in RANKED:
        U = coordinates(rdms, method, sigma_k=sigma_k)
        lower, upper = ceilings_of_products(U @ U.T, others)
    else:
        kept = rdms[:, found_pairs(rdms)]
        ranks = rankdata(kept, axis=1)
        pools = np.concatenate([others @ ranks, ranks.sum(0, keepdims=True)])
        # Pooled ranks of few subjects have ties whatever was measured.
        scores = compare(kept, pools, method, warn=False)
        lower, upper = np.diag(scores[:, :-1]), scores[:, -1]
    return Ceilings(float(lower.mean()), float(upper.mean()), lower, upper)


def pool(
    rdms: np.ndarray, method: Method = "corr", *, sigma_k: np.ndarray | None = None
) -> np.ndarray:
    """Give the one matrix that scores best with all, by a comparison.

    Parameters
    ----------
    rdms : ndarray, shape (n_subjects, n_pairs)
        NaN at the same pairs of all.
    method : str
        ``cosine``: mean of matrices over their root mean square. ``corr``: of z-scores, its
        minimum moved to zero. Whitened ones: the same, by the length that whitening gives. Ranks:
        their mean, which is best for ``spearman`` and ``rho-a`` and near it for Kendall's.
    sigma_k : ndarray, optional

    Returns
    -------
    pooled : ndarray, shape (n_pairs,)
        NaN where they are.
    """
    check_method(method, sigma_k)
    rdms = np.atleast_2d(as_floats(rdms))
    kept = found_pairs(rdms)
    pooled = np.full(rdms.shape[1], np.nan, rdms.dtype)
    inside = rdms[:, kept]
    if method in RANKED:
        pooled[kept] = rankdata(inside, axis=1).mean(0)
        return pooled
    if method in ("corr", "corr_cov"):
        inside = inside - inside.mean(1, keepdims=True)
    if method in WHITENED:
        Z = transformed(rdms, method, sigma_k=sigma_k)
        length = np.sqrt(np.vecdot(Z, Z) / Z.shape[1])
    else:
        length = np.sqrt(np.mean(inside**2, axis=1))
    mean = (inside / length[:, None]).mean(0)
    pooled[kept] = mean - mean.min() if method in ("corr", "corr_cov") else mean
    return pooled


def different(n: int, subjects: np.ndarray | None) -> np.ndarray:
    """Tell which matrices are of another subject than each.

    Returns
    -------
    others : ndarray, shape (n, n)
        1 where they are, else 0.

    Raises
    ------
    DataError
        If no subject has another, or there is not one label a matrix.
    """
    labels = np.arange(n) if subjects is None else np.asarray(subjects)
    if labels.shape != (n,):
        raise DataError(f"There are {n} matrices and subjects of the shape {labels.shape}.")
    others = (labels[:, None] != labels).astype(np.float64)
    if not others.any():
        raise DataError("A noise ceiling is of two subjects or more, and there is one.")
    return others


def ceilings_of_products(
    K: np.ndarray, others: np.ndarray, counts: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Score each unit vector with the sum of the others and with that of all, from products.

    Parameters
    ----------
    K : ndarray, shape (..., n_subjects, n_subjects)
        Products of vectors of unit length.
    others : ndarray, shape (n_subjects, n_subjects)
    counts : ndarray, shape (..., n_subjects), optional
        How often each stands in the sums; once without.

    Returns
    -------
    lower, upper : ndarray, shape (..., n_subjects)
    """
    counted = np.ones(K.shape[-1]) if counts is None else counts
    weights = others * counted[..., None, :]  # (..., subject, those in its pool)
    lower = np.sum(weights * K, axis=-1) / np.sqrt(np.sum((weights @ K) * weights, axis=-1))
    to_all = (K @ counted[..., None])[..., 0]
    upper = to_all / np.sqrt(np.sum(counted * to_all, axis=-1, keepdims=True))
    return lower, upper
