"""Models of dissimilarities: one, the best of several, a weighted sum, a point between two.

A model that is fitted is scored on other subjects and other conditions
(`neurodecode.linalg.rdm_crossvalidation`).

References
----------
Khaligh-Razavi & Kriegeskorte 2014, doi 10.1371/journal.pcbi.1003915; Schütt et al. 2023, doi
10.7554/eLife.82566.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg._namespace import as_floats
from neurodecode.linalg.nnls import nnls
from neurodecode.linalg.rdm_ceilings import pool
from neurodecode.linalg.rdm_compare import Method, compare, coordinates, transformed

LINEAR = ("cosine", "corr", "cosine_cov", "corr_cov")  # products of what is linear in distances
_N_GRID = 65  # places between two matrices that are tried where a score is no smooth function


class NothingToSelect(DataError):
    """No matrix to select from has a score: they, or the data, are constant."""


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


@dataclass(frozen=True, eq=False)
class Aim:
    """What weights are fitted to, brought to the coordinates of a comparison once.

    Parameters
    ----------
    data : ndarray, shape (n_subjects, n_pairs)
        NaN at the same pairs of all.
    method : str
        As for `neurodecode.linalg.rdm_compare.compare`.
    sigma_k : ndarray, optional
        Of the conditions that the data have.
    """

    data: np.ndarray
    method: Method = "corr"
    sigma_k: np.ndarray | None = None

    @cached_property
    def known(self) -> np.ndarray:
        """Which pairs are no NaN, shape (n_pairs,)."""
        return np.logical_and.reduce(np.isfinite(self.data), axis=0)

    @cached_property
    def pooled(self) -> np.ndarray:
        """The pool of subjects, shape (n_coordinates,)."""
        pooled = pool(self.data, self.method, sigma_k=self.sigma_k)[None]
        return transformed(pooled, self.method, sigma_k=self.sigma_k)[0]

    @cached_property
    def direction(self) -> np.ndarray:
        """Mean of the subjects' coordinates, whose product is the mean score; not of Kendall's."""
        return coordinates(self.data, self.method, sigma_k=self.sigma_k).mean(axis=0)


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
    NothingToSelect
        If no matrix to select from has a score.

    Notes
    -----
    Sums are least squares to the pooled data, in the coordinates of the comparison. A cosine
    between two matrices is (p + q w) / sqrt(r + 2 s w + t w^2), largest at
    w = (q r - p s) / (p t - q s) or at an end. Ranks are tried at 65 places, and at 65 around the
    best of them.
    """
    data = np.atleast_2d(as_floats(data)).astype(np.float64, copy=False)
    return fit_several(model, [Aim(data, method, sigma_k)], pairs=pairs)[0]


def fit_several(
    model: Model, aims: Sequence[Aim], *, pairs: np.ndarray | None = None
) -> np.ndarray:
    """Fit a model to the data of several folds; errors as of `fit`.

    Parameters
    ----------
    model : Fixed, Select, Weighted or Interpolate
    aims : sequence of Aim
        By one method, with NaN at the same pairs: the model's products with itself are shared.
    pairs : ndarray of int, optional
        Which of the model's pairs they have.

    Returns
    -------
    weights : ndarray, shape (n_aims, n_rdms)
    """
    method, sigma_k = aims[0].method, aims[0].sigma_k
    rdms = np.asarray(model.rdms, dtype=np.float64)
    rdms = rdms if pairs is None else rdms[:, pairs]
    if isinstance(model, Fixed):
        return np.ones((len(aims), 1))
    if not aims[0].known.all():
        rdms = np.where(aims[0].known, rdms, np.nan)
    if isinstance(model, Select):
        return np.stack([_selected(rdms, aim) for aim in aims])
    if isinstance(model, Interpolate):
        A = transformed(rdms, method, sigma_k=sigma_k) if method in LINEAR else rdms
        return np.stack([_between(A, aim) for aim in aims])
    if method not in LINEAR:
        raise ConfigError(
            f"method: weights of a sum are not fitted by {method}, as ranks of a sum are not a sum "
            f"of ranks. Fit by {', '.join(LINEAR)}."
        )
    A = transformed(rdms, method, sigma_k=sigma_k)
    Y = np.stack([aim.pooled for aim in aims])
    if not model.nonnegative:
        return np.linalg.lstsq(A.T, Y.T)[0].T
    gram, products = A @ A.T, Y @ A.T
    return np.stack([nnls(gram, one) for one in products])


def _selected(rdms: np.ndarray, aim: Aim) -> np.ndarray:
    scores = compare(rdms, aim.data, aim.method, sigma_k=aim.sigma_k, warn=False).mean(1)
    if np.isnan(scores).all():
        raise NothingToSelect(
            f"None of {len(rdms)} matrices to select from has a score by {aim.method}: they, or "
            "the data, are constant. Drop constant ones."
        )
    return np.eye(len(rdms))[np.nanargmax(scores)]


def _between(A: np.ndarray, aim: Aim) -> np.ndarray:
    """Find the best point between neighbours: in coordinates of the comparison, or of ranks."""
    best, weights = -np.inf, np.zeros(len(A))
    for i in range(len(A) - 1):
        if aim.method in LINEAR:
            share, score = _on_the_way(A[i], A[i + 1], aim.direction)
        else:
            share, score = _tried(A[i], A[i + 1], aim.data, aim.method)
        if score > best:
            best, weights = score, np.zeros(len(A))
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
