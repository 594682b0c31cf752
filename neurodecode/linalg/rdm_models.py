"""Models of dissimilarities: one, the best of several, a weighted sum, a point between two.

A model that is fitted is scored on other subjects and other conditions
(`neurodecode.linalg.rdm_crossvalidation`).

References
----------
Khaligh-Razavi & Kriegeskorte 2014, doi 10.1371/journal.pcbi.1003915; Schütt et al. 2023, doi
10.7554/eLife.82566.
"""

from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg._namespace import as_floats
from neurodecode.linalg.nnls import nnls
from neurodecode.linalg.rdm_ceilings import pool
from neurodecode.linalg.rdm_compare import Method, compare, coordinates, transformed

LINEAR = ("cosine", "corr", "cosine_cov", "corr_cov")  # products of what is linear in distances
_N_GRID = 65  # places between two matrices that are tried where a score is no smooth function


@dataclass(frozen=True, eq=False)
class Fixed:
    """One matrix, of which nothing is fitted.

    Parameters
    ----------
    rdm : ndarray, shape (n_pairs,)
    """

    rdm: np.ndarray

    @property
    def rdms(self) -> np.ndarray:
        """The matrix, of shape (1, n_pairs)."""
        return np.atleast_2d(as_floats(self.rdm))


@dataclass(frozen=True, eq=False)
class Select:
    """That of several matrices which scores best on average.

    Parameters
    ----------
    rdms : ndarray, shape (n_rdms, n_pairs)
    """

    rdms: np.ndarray


@dataclass(frozen=True, eq=False)
class Weighted:
    """A weighted sum of matrices.

    Parameters
    ----------
    rdms : ndarray, shape (n_rdms, n_pairs)
    nonnegative : bool
        Whether no weight may be negative, as those of features that add to distances are not.
    """

    rdms: np.ndarray
    nonnegative: bool = True


@dataclass(frozen=True, eq=False)
class Interpolate:
    """A point on the way from the first matrix over the next to the last.

    Parameters
    ----------
    rdms : ndarray, shape (n_rdms, n_pairs)
    """

    rdms: np.ndarray


Model = Fixed | Select | Weighted | Interpolate


def fit(
    model: Model,
    data: np.ndarray,
    method: Method = "corr",
    *,
    pairs: np.ndarray | None = None,
    sigma_k: np.ndarray | None = None,
) -> np.ndarray:
    """Find the weights with which a model scores best.

    Parameters
    ----------
    model : Fixed, Select, Weighted or Interpolate
    data : ndarray, shape (n_subjects, n_pairs) or those of `pairs`
        NaN at the same pairs of all.
    method : str
        As for `neurodecode.linalg.rdm_compare.compare`.
    pairs : ndarray of int, optional
        Which of the model's pairs the data have.
    sigma_k : ndarray, optional
        Of the conditions that the data have.

    Returns
    -------
    weights : ndarray, shape (n_rdms,)
        Of the model's matrices: ``weights @ model.rdms`` is its prediction. One 1 for a choice; two
        that add up to 1 for a point between two; all 0 where no weight above zero serves.

    Raises
    ------
    ConfigError
        If a weighted sum is fitted by a comparison of ranks: those of a sum are not the sum of
        ranks.
    DataError
        If no matrix to select from has a score.

    Notes
    -----
    Sums are least squares to the pooled data, in the coordinates of the comparison. A cosine
    between two matrices is (p + q w) / sqrt(r + 2 s w + t w^2), largest at
    w = (q r - p s) / (p t - q s) or at an end. Ranks are tried at 65 places, and at 65 around the
    best of them.
    """
    rdms = np.asarray(model.rdms, dtype=np.float64)
    rdms = rdms if pairs is None else rdms[:, pairs]
    data = np.atleast_2d(as_floats(data)).astype(np.float64, copy=False)
    rdms = np.where(np.isnan(data).any(0), np.nan, rdms)
    if isinstance(model, Fixed):
        return np.ones(1)
    if isinstance(model, Select):
        scores = compare(rdms, data, method, sigma_k=sigma_k, warn=False).mean(1)
        if np.isnan(scores).all():
            raise DataError(
                f"None of {len(rdms)} matrices to select from has a score by {method}: they, or "
                "the data, are constant. Drop constant ones."
            )
        return np.eye(len(rdms))[np.nanargmax(scores)]
    if isinstance(model, Interpolate):
        return _between(rdms, data, method, sigma_k)
    if method not in LINEAR:
        raise ConfigError(
            f"method: weights of a sum are not fitted by {method}, as ranks of a sum are not a sum "
            f"of ranks. Fit by {', '.join(LINEAR)}."
        )
    pooled = pool(data, method, sigma_k=sigma_k)[None]
    A = transformed(rdms, method, sigma_k=sigma_k)
    y = transformed(pooled, method, sigma_k=sigma_k)[0]
    return nnls(A @ A.T, A @ y) if model.nonnegative else np.linalg.lstsq(A.T, y)[0]


def _between(
    rdms: np.ndarray, data: np.ndarray, method: Method, sigma_k: np.ndarray | None
) -> np.ndarray:
    best, weights = -np.inf, np.zeros(len(rdms))
    for i in range(len(rdms) - 1):
        if method in LINEAR:
            A = transformed(rdms[i : i + 2], method, sigma_k=sigma_k)
            target = coordinates(data, method, sigma_k=sigma_k).mean(0)
            share, score = _on_the_way(A[0], A[1], target)
        else:
            share, score = _tried(rdms[i], rdms[i + 1], data, method)
        if score > best:
            best, weights = score, np.zeros(len(rdms))
            weights[i : i + 2] = share, 1 - share
    return weights


def _on_the_way(a: np.ndarray, b: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Give the share of `a` with which its mix with `b` has the largest cosine with a target."""
    d = a - b
    p, q, r, s, t = b @ target, d @ target, b @ b, b @ d, d @ d
    shares = np.array([0.0, 1.0])
    if p * t != q * s:
        shares = np.append(shares, np.clip((q * r - p * s) / (p * t - q * s), 0, 1))
    length = np.sqrt(np.maximum(r + 2 * s * shares + t * shares**2, np.finfo(float).tiny))
    scores = (p + q * shares) / length
    return float(shares[np.argmax(scores)]), float(scores.max())


def _tried(a: np.ndarray, b: np.ndarray, data: np.ndarray, method: Method) -> tuple[float, float]:
    centre, width, score = 0.5, 0.5, -np.inf
    for _ in range(2):
        shares = np.clip(np.linspace(centre - width, centre + width, _N_GRID), 0, 1)[:, None]
        scores = compare(shares * a + (1 - shares) * b, data, method, warn=False).mean(1)
        centre, score = float(shares[np.argmax(scores), 0]), float(scores.max())
        width = 1 / (_N_GRID - 1)
    return centre, score
