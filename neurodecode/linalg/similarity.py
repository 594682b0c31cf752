"""How alike two representations of the same stimuli are, whatever their units are called.

A representation is an array with a row a stimulus and a column a unit (voxel, neuron, channel of a
layer). Columns lose their means, except where a similarity of patterns is asked for. Nothing of the
size units by units is ever made: all is computed of products of rows, or of thin singular vectors.
"""

import warnings
from collections.abc import Callable

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_choice import chosen

_ALPHAS = 10.0 ** np.arange(-3, 7)
_RANK = 1e-10  # of the largest singular value: what is below is rounding
_SHARE_OF_STIMULI = 3  # CCA of more units than stimuli / 3 says little: unrelated ones correlate


def linear_cka(X: np.ndarray, Y: np.ndarray) -> float:
    """Linear centred kernel alignment, which is the RV coefficient: 0 to 1.

    Unrelated representations are not at 0: the more units there are for a stimulus, the higher
    they are. `debiased_cka` is at 0 there.

    Parameters
    ----------
    X : ndarray, shape (n_stimuli, n_units)
    Y : ndarray, shape (n_stimuli, n_other_units)

    Returns
    -------
    similarity : float

    Raises
    ------
    DataError
        If the stimuli differ in number, a value is not finite, or no unit varies.

    References
    ----------
    Kornblith et al. 2019, Proc. ICML, arXiv 1905.00414; Robert & Escoufier 1976,
    doi 10.2307/2347233.
    """
    K, L = (_gram(one) for one in _centred(X, Y))
    return float(np.vdot(K, L) / (np.linalg.norm(K) * np.linalg.norm(L)))


def debiased_cka(X: np.ndarray, Y: np.ndarray) -> float:
    """Linear CKA of unbiased estimates: 0 on average where representations are unrelated.

    Parameters
    ----------
    X : ndarray, shape (n_stimuli, n_units)
        At least four stimuli.
    Y : ndarray, shape (n_stimuli, n_other_units)

    Returns
    -------
    similarity : float
        At most about 1; below 0 as often as above where nothing is shared. NaN where a
        representation is no more alike to itself than noise is.

    Raises
    ------
    DataError
        If the stimuli differ in number or are fewer than four, a value is not finite, or no unit
        varies.

    References
    ----------
    Song et al. 2012, JMLR 13, 1393-1434 (the estimator of HSIC); Nguyen, Raghu & Kornblith 2021,
    arXiv 2010.15327, equation 3; Murphy, Zylberberg & Fyshe 2024, arXiv 2405.01012.
    """
    X, Y = _centred(X, Y)
    if len(X) < 4:
        raise DataError(f"debiased_cka: {len(X)} stimuli; the estimate needs four at least.")
    K, L = _gram(X), _gram(Y)
    for one in (K, L):
        np.fill_diagonal(one, 0)
    itself = _hsic(K, K) * _hsic(L, L)
    return _hsic(K, L) / float(np.sqrt(itself)) if itself > 0 else float("nan")


def procrustes_similarity(X: np.ndarray, Y: np.ndarray) -> float:
    """How well a rotation brings one representation onto the other: 0 to 1.

    It is the nuclear norm of ``Xᵀ Y``, both of Frobenius norm 1; 1 less it is half the squared
    Procrustes distance.

    Parameters
    ----------
    X : ndarray, shape (n_stimuli, n_units)
    Y : ndarray, shape (n_stimuli, n_other_units)

    Returns
    -------
    similarity : float
        Above 0 of unrelated representations, the more so the more units there are.

    Raises
    ------
    DataError
        If the stimuli differ in number, a value is not finite, or no unit varies.

    References
    ----------
    Schönemann 1966, doi 10.1007/BF02289451; Williams et al. 2021, arXiv 2110.14739.
    """
    (U, s, _), (V, t, _) = (_components(one) for one in _centred(X, Y))
    between = (s[:, None] * (U.T @ V)) * t
    size = np.linalg.norm(s) * np.linalg.norm(t)
    return float(np.linalg.svd(between, compute_uv=False).sum() / size)


def mean_cca(X: np.ndarray, Y: np.ndarray) -> float:
    """Mean canonical correlation: 0 to 1, and 1 of anything with as many units as stimuli.

    Parameters
    ----------
    X : ndarray, shape (n_stimuli, n_units)
    Y : ndarray, shape (n_stimuli, n_other_units)

    Returns
    -------
    similarity : float

    Raises
    ------
    DataError
        If the stimuli differ in number, a value is not finite, or no unit varies.

    Warns
    -----
    UserWarning
        If both have more units than a third of the stimuli: unrelated ones are near 1 too.

    References
    ----------
    Hotelling 1936, doi 10.1093/biomet/28.3-4.321; Björck & Golub 1973,
    doi 10.1090/S0025-5718-1973-0348991-3.
    """
    X, Y = _centred(X, Y)
    (U, _, _), (V, _, _) = _components(X), _components(Y)
    _warn_of_units("mean_cca", X.shape, Y.shape)
    return float(_canonical(U, V)[1].mean())


def svcca(X: np.ndarray, Y: np.ndarray, variance: float = 0.99) -> float:
    """Mean canonical correlation of the first principal components of both.

    Parameters
    ----------
    X : ndarray, shape (n_stimuli, n_units)
    Y : ndarray, shape (n_stimuli, n_other_units)
    variance : float
        Share of the variance that the components kept hold, above 0 and at most 1.

    Returns
    -------
    similarity : float
        Unrelated representations are high with .99, where components are many.

    Raises
    ------
    DataError
        If the stimuli differ in number, a value is not finite, no unit varies, or the share is
        none.

    Warns
    -----
    UserWarning
        If components of .99 or more of the variance are asked for and both have more units than a
        third of the stimuli.

    References
    ----------
    Raghu et al. 2017, arXiv 1706.05806.
    """
    if not 0 < variance <= 1:
        raise DataError(f"svcca: variance {variance} is no share; give a number above 0, up to 1.")
    X, Y = _centred(X, Y)
    (U, s, _), (V, t, _) = _components(X), _components(Y)
    if variance >= 0.99:
        _warn_of_units("svcca", X.shape, Y.shape)
    return float(_canonical(U[:, : _n_of(s, variance)], V[:, : _n_of(t, variance)])[1].mean())


def pwcca(X: np.ndarray, Y: np.ndarray) -> float:
    """Mean canonical correlation, weighted by how much of `X` each direction accounts for.

    It is not symmetric: the weights are of `X`.

    Parameters
    ----------
    X : ndarray, shape (n_stimuli, n_units)
    Y : ndarray, shape (n_stimuli, n_other_units)

    Returns
    -------
    similarity : float
        0 to 1.

    Raises
    ------
    DataError
        If the stimuli differ in number, a value is not finite, or no unit varies.

    Warns
    -----
    UserWarning
        If both have more units than a third of the stimuli: unrelated ones are near 1 too.

    References
    ----------
    Morcos, Raghu & Bengio 2018, arXiv 1806.05759, section 3.2.
    """
    X, Y = _centred(X, Y)
    (U, s, Vt), (V, _, _) = _components(X), _components(Y)
    _warn_of_units("pwcca", X.shape, Y.shape)
    turn, correlations = _canonical(U, V)
    weights = np.abs((turn.T * s) @ Vt).sum(1)  # of each canonical direction with each unit
    return float(weights @ correlations / weights.sum())


def similarity_of_similarity(X: np.ndarray, Y: np.ndarray) -> float:
    """Correlate the correlations between stimuli of one representation with those of the other.

    Columns lose their means first, so that a unit's mean rate tells nothing.

    Parameters
    ----------
    X : ndarray, shape (n_stimuli, n_units)
        At least two units, and three stimuli.
    Y : ndarray, shape (n_stimuli, n_other_units)

    Returns
    -------
    similarity : float
        Pearson, -1 to 1; about 0 of unrelated representations. NaN where a stimulus has one value
        in all units.

    Raises
    ------
    DataError
        If the stimuli differ in number or are fewer than three, a value is not finite, or no unit
        varies.

    References
    ----------
    Shi, Shea-Brown & Buice 2019, Proc. NeurIPS, arXiv 1905.12020.
    """
    X, Y = _centred(X, Y)
    if len(X) < 3:
        raise DataError(f"similarity_of_similarity: {len(X)} stimuli; three are needed at least.")
    above = np.triu_indices(len(X), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        one, other = (np.corrcoef(each)[above] for each in (X, Y))
        return float(np.corrcoef(one, other)[0, 1])


def linear_predictivity(X: np.ndarray, Y: np.ndarray, *, n_splits: int = 5, seed: int = 0) -> float:
    """How well ridge regression tells units of `Y` from those of `X`, of stimuli left out.

    It is not symmetric: ask it both ways.

    Parameters
    ----------
    X : ndarray, shape (n_stimuli, n_units)
    Y : ndarray, shape (n_stimuli, n_other_units)
    n_splits : int
        Folds of stimuli, which are dealt at random: rows must not follow each other in time.
    seed : int

    Returns
    -------
    similarity : float
        Mean over units of the coefficient of determination of all stimuli, each told by folds that
        it is not in, against those folds' means. At most 1; 0 or below where nothing can be told.
        One penalty for all units is chosen within the training stimuli by leaving each out.

    Raises
    ------
    DataError
        If the stimuli differ in number or are fewer than two a fold, a value is not finite, or no
        unit varies.
    """
    X, Y = _centred(X, Y)
    n = len(X)
    if not 2 <= n_splits <= n // 2:
        raise DataError(
            f"linear_predictivity: {n_splits} folds of {n} stimuli; give 2 folds or more, of two "
            "stimuli at least."
        )
    Y = Y[:, np.ptp(Y, axis=0) > 0]
    fold = np.random.default_rng(seed).permutation(np.arange(n) % n_splits)
    errors, variances = np.zeros(Y.shape[1]), np.zeros(Y.shape[1])
    for one in range(n_splits):
        train, test = fold != one, fold == one
        solver = RidgeSolver.of(X[train])
        alpha = chosen(solver, Y[train], _ALPHAS * float(solver.values.mean()))
        errors += ((Y[test] - solver.predict(X[test], Y[train], alpha)) ** 2).sum(0)
        variances += ((Y[test] - Y[train].mean(0)) ** 2).sum(0)
    return float(np.mean(1 - errors / variances))


SIMILARITIES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "cka": linear_cka,
    "debiased_cka": debiased_cka,
    "procrustes": procrustes_similarity,
    "cca": mean_cca,
    "svcca": svcca,
    "pwcca": pwcca,
    "ssm": similarity_of_similarity,
    "linear_predictivity": linear_predictivity,
}


def _centred(X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both in float64 without column means, of as many finite rows."""
    found = []
    for name, one in (("X", X), ("Y", Y)):
        given = np.asarray(one, dtype=np.float64)
        if given.ndim != 2 or len(given) < 2:
            raise DataError(
                f"{name} has shape {given.shape}; (n_stimuli, n_units) of two stimuli or more is "
                "wanted. Flatten what a stimulus has into one row."
            )
        if not np.isfinite(given).all():
            row = int(np.flatnonzero(~np.isfinite(given).all(axis=1))[0])
            raise DataError(f"{name}: stimulus {row} holds NaN or infinity. Leave out its unit.")
        centred = given - given.mean(axis=0)
        # A constant column leaves rounding behind, which is as large as its mean's last digit.
        centred[:, np.ptp(given, axis=0) == 0] = 0
        if not centred.any():
            raise DataError(f"{name}: no unit varies between stimuli, so it is like nothing.")
        found.append(centred)
    if len(found[0]) != len(found[1]):
        raise DataError(
            f"X has {len(found[0])} stimuli and Y {len(found[1])}: rows must be the same stimuli, "
            "in the same order."
        )
    return found[0], found[1]


def _gram(X: np.ndarray) -> np.ndarray:
    return X @ X.T


def _hsic(K: np.ndarray, L: np.ndarray) -> float:
    """Unbiased estimate of HSIC of Gram matrices whose diagonals are 0, times n (n - 3)."""
    n = len(K)
    rows, others = K.sum(0), L.sum(0)
    whole = rows.sum() * others.sum() / ((n - 1) * (n - 2))
    return float(np.vdot(K, L) + whole - 2 / (n - 2) * (rows @ others))


def _components(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thin singular value decomposition, without what rounding alone has made."""
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    kept = s > _RANK * s[0]
    return U[:, kept], s[kept], Vt[kept]


def _n_of(s: np.ndarray, variance: float) -> int:
    """How many components hold that share of the variance, at least."""
    shares = np.cumsum(s**2) / np.sum(s**2)
    return min(len(s), int(np.searchsorted(shares, variance - _RANK)) + 1)


def _canonical(U: np.ndarray, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Canonical directions within the span of U, and their correlations."""
    turn, correlations, _ = np.linalg.svd(U.T @ V, full_matrices=False)
    return turn, np.minimum(correlations, 1.0)


def _warn_of_units(name: str, one: tuple[int, ...], other: tuple[int, ...]) -> None:
    n, fewest = one[0], min(one[1], other[1])
    if fewest > n / _SHARE_OF_STIMULI:
        warnings.warn(
            f"{name}: {fewest} units or more of both for {n} stimuli. With more units than a third "
            "of the stimuli, unrelated representations correlate highly. Use debiased_cka or ssm, "
            "or fewer components.",
            stacklevel=3,
        )
