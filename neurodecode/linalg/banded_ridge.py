"""Ridge regression whose bands of features have penalties of their own, searched at random.

Band b bears the penalty α / γ_b: a ridge regression of penalty α on features times the roots of
shares γ, which are positive and sum to 1. Shares are drawn, the same for all targets, and each
target takes those with which it is told best.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._bands import Bands
from neurodecode.linalg._held_out import Score
from neurodecode.linalg._namespace import Array, astype, new_empty
from neurodecode.linalg._ridge_folds import targets_by_features
from neurodecode.linalg.ridge import BLOCK, RidgeSolver, spectrum
from neurodecode.linalg.ridge_choice import GeneralizedErrors, check_alphas
from neurodecode.linalg.ridge_cv import (
    best_penalty,
    centred_targets,
    check_finite,
    edge_warning,
    fold_scores,
    judged_scores,
    tiles,
)
from neurodecode.linalg.ridge_left_out import squares

Gram = Literal["float64", "float32"]


@dataclass(frozen=True, eq=False)
class BandedChoice:
    """Shares of bands and a penalty for each target, and how well they tell it.

    Parameters
    ----------
    shares : ndarray, shape (n_draws, n_bands)
        Those that were tried, in order.
    share_of : ndarray of int, shape (n_targets,)
        Which of them each target has.
    alpha : ndarray, shape (n_targets,)
    score : ndarray, shape (n_targets,)
        Of folds that were left out, or as generalized cross-validation implies it: then it is too
        high where rows that follow each other are alike. NaN of a target that does not vary.
    scores : ndarray, shape (n_draws, n_targets)
        With each set of shares and its best penalty.
    warning : str or None
        What is odd about the choice, such as many targets at the edge of the grid of penalties.
    solvers : dict of int to RidgeSolver
        Rows as the search decomposed them, by the shares that targets have; of a search by folds,
        or where a block of memory does not hold them, none.
    """

    shares: np.ndarray
    share_of: np.ndarray
    alpha: np.ndarray
    score: np.ndarray
    scores: np.ndarray
    warning: str | None
    solvers: dict[int, RidgeSolver]

    @property
    def log_shares(self) -> np.ndarray:
        """Give ln (γ / α), shape (n_bands, n_targets): minus the logarithm of each penalty."""
        with np.errstate(divide="ignore"):
            return np.log(self.shares[self.share_of].T) - np.log(self.alpha)

    @property
    def progress(self) -> np.ndarray:
        """Give the mean over targets of the best score so far, shape (n_draws,)."""
        varies = ~np.isnan(self.score)
        return np.fmax.accumulate(self.scores[:, varies], axis=0).mean(axis=1)


def draw_shares(
    n_bands: int,
    n_draws: int,
    *,
    seed: int = 0,
    concentrations: Sequence[float] = (0.1, 1.0),
) -> np.ndarray:
    """Draw shares of bands from Dirichlet distributions, sparse and uniform by turns.

    Parameters
    ----------
    n_bands, n_draws : int
        Ten to twenty draws a band are enough for six bands.
    seed : int
    concentrations : sequence of float

    Returns
    -------
    shares : ndarray, shape (n_draws, n_bands)
        Each sums to 1; all of the first are alike. Those of himalaya for the same ``random_state``.

    References
    ----------
    Dupré la Tour et al. 2022, doi 10.1016/j.neuroimage.2022.119728.
    """
    rng, n_each = np.random.RandomState(seed), -(-n_draws // len(concentrations))
    drawn = [rng.dirichlet([one] * n_bands, n_each) for one in concentrations]
    shares = np.stack(drawn, axis=1).reshape(-1, n_bands)[:n_draws]
    shares[0] = 1 / n_bands
    return shares


def banded_cross_validated(
    X: Any,
    band: Any,
    Y: Any,
    alphas: Sequence[float] | np.ndarray,
    shares: np.ndarray,
    splits: Iterable[tuple[np.ndarray, np.ndarray]],
    *,
    score: Score = "r2",
    gram: Gram = "float64",
    tol: float = 1e-5,
    block: int = BLOCK,
) -> BandedChoice:
    """Choose each target's shares and penalty by how well folds are told from the other rows.

    Parameters
    ----------
    X : ndarray or Tensor, shape (n_rows, n_features)
    band : array, shape (n_features,)
        The band of each feature; shares are in the order of sorted names.
    Y : ndarray or Tensor, shape (n_rows, n_targets)
        A memory map if need be: it is read once a draw and fold.
    alphas, splits, score, gram, tol, block
        As `neurodecode.linalg.ridge_cv.cross_validated` has them.
    shares : ndarray, shape (n_draws, n_bands)
        A share of 0 leaves the band out.

    Returns
    -------
    choice : BandedChoice

    Raises
    ------
    ConfigError
        If a penalty is not above zero, or there is none.
    DataError
        If a number is not finite, or arguments do not fit one another.

    References
    ----------
    Nunez-Elizalde, Huth & Gallant 2019, doi 10.1016/j.neuroimage.2019.04.012; Dupré la Tour et al.
    2022, doi 10.1016/j.neuroimage.2022.119728.
    """
    bands, values, shares = _checked(X, band, Y, alphas, shares, gram, block)
    splits, best = list(splits), _Best(shares, values, Y.shape[1])
    if not splits:
        raise DataError("banded ridge: there is no fold to leave out. Give two folds or more.")
    for one in shares:
        folds = bands.weighed(one)
        scores, _ = fold_scores(folds, Y, values, splits, score, tol=tol, block=block)
        best.offer(scores, judged_scores(scores, values, score))
    return best.choice({})


def banded_generalized(
    X: Any,
    band: Any,
    Y: Any,
    alphas: Sequence[float] | np.ndarray,
    shares: np.ndarray,
    *,
    gram: Gram = "float64",
    block: int = BLOCK,
) -> BandedChoice:
    """Choose each target's shares and penalty by generalized cross-validation.

    For trials whose order does not matter. Of a series it sees what shuffled folds see: there, let
    it propose shares, and judge them by runs left out (`banded_two_stage`).

    Parameters
    ----------
    X, band, Y, alphas, shares, gram, block
        As `banded_cross_validated` has them. Of no more features than rows, products with targets
        are held, (n_features, n_targets).

    Returns
    -------
    choice : BandedChoice
        Its score is the R² that the errors imply.
    """
    bands, values, shares = _checked(X, band, Y, alphas, shares, gram, block)
    best, n, dtype = _Best(shares, values, Y.shape[1]), len(bands.rows.X), bands.rows.X.dtype
    square, projected = np.empty(Y.shape[1]), None
    if not bands.rows.dual:
        projected = new_empty(bands.rows.X, (Y.shape[1], bands.rows.X.shape[1]))
    for at, read in tiles(Y, bands.rows.X, 4 * n, block):
        centred, _ = centred_targets(read)
        square[at] = squares(centred)
        if projected is not None:
            projected[at] = targets_by_features(bands.rows, np.arange(n), centred)
    kept: dict[int, RidgeSolver] = {}
    for i, one in enumerate(shares):
        if projected is None:
            solver = bands.solver(one)
            found, vectors = solver.values, solver.left
            if (len(kept) + 1) * len(found) * n * Y.itemsize <= block:
                kept[i] = solver
        else:
            weighed = bands.weighed(one)
            found, vectors = spectrum(weighed.products, bands.rounding)
            vectors = astype(vectors * weighed.rows.gain[:, None] / found**0.5, dtype)
        gcv = GeneralizedErrors.of(found, values, n)
        scores = np.empty((len(values), Y.shape[1]))
        for at, read in tiles(Y if projected is None else projected.T, vectors, 4 * n, block):
            seen = centred_targets(read)[0] if projected is None else read
            scores[:, at] = gcv.errors(vectors.T @ seen, square[at])
        scores = 1 - scores * n / np.where(square > 0, square, np.nan)
        best.offer(scores, scores)
    return best.choice(kept)


def banded_two_stage(
    X: Any,
    band: Any,
    Y: Any,
    alphas: Sequence[float] | np.ndarray,
    shares: np.ndarray,
    splits: Iterable[tuple[np.ndarray, np.ndarray]],
    *,
    n_kept: int = 8,
    score: Score = "r2",
    gram: Gram = "float64",
    tol: float = 1e-5,
    block: int = BLOCK,
) -> BandedChoice:
    """Let generalized cross-validation propose shares, and folds choose among these.

    What GCV overrates in a series does not reach the score, which is that of folds left out.

    Parameters
    ----------
    X, band, Y, alphas, shares, splits, score, gram, tol, block
        As `banded_cross_validated` has them.
    n_kept : int
        Sets of shares that most targets have by GCV, which folds choose among; the equal ones too.

    Returns
    -------
    choice : BandedChoice
        `shares` are those that folds chose among.
    """
    proposed = banded_generalized(X, band, Y, alphas, shares, gram=gram, block=block)
    popular = np.bincount(proposed.share_of[~np.isnan(proposed.score)], minlength=len(shares))
    kept = np.sort(np.argsort(-popular, kind="stable")[:n_kept])
    equal = np.full((1, proposed.shares.shape[1]), 1 / proposed.shares.shape[1])
    kept = np.unique(np.vstack([equal, proposed.shares[kept]]), axis=0)
    return banded_cross_validated(
        X, band, Y, alphas, kept, splits, score=score, gram=gram, tol=tol, block=block
    )


def banded_solvers(
    X: Any, band: Any, choice: BandedChoice, *, gram: Gram = "float64"
) -> Iterator[tuple[np.ndarray, RidgeSolver]]:
    """Decompose all rows once for each set of shares that a target has.

    Parameters
    ----------
    X : ndarray or Tensor, shape (n_rows, n_features)
    band : array, shape (n_features,)
    choice : BandedChoice
    gram : {"float64", "float32"}

    Yields
    ------
    targets : ndarray of int
        Positions of the targets that have these shares.
    solver : RidgeSolver
        Its weights and predictions are in the unit of the features, as they were handed in.
    """
    bands = None
    for one in np.unique(choice.share_of):
        solver = choice.solvers.get(int(one))
        if solver is None:
            bands = bands or Bands.of(X, band, gram)
            solver = bands.solver(choice.shares[one])
        yield np.flatnonzero(choice.share_of == one), solver


def banded_weights(
    X: Any, band: Any, Y: Any, choice: BandedChoice, *, gram: Gram = "float64"
) -> tuple[Array, Array]:
    """Give weights and intercepts of all rows, with the shares and penalties that were chosen.

    Parameters
    ----------
    X : ndarray or Tensor, shape (n_rows, n_features)
    band : array, shape (n_features,)
    Y : ndarray or Tensor, shape (n_rows, n_targets)
    choice : BandedChoice
    gram : {"float64", "float32"}

    Returns
    -------
    weights : ndarray or Tensor, shape (n_features, n_targets)
    intercept : ndarray or Tensor, shape (n_targets,)
    """
    parts = [
        (mine, *solver.weights(Y[:, mine], choice.alpha[mine]))
        for mine, solver in banded_solvers(X, band, choice, gram=gram)
    ]
    like_X = parts[0][1]
    weights = new_empty(like_X, (like_X.shape[0], Y.shape[1]))
    intercept = new_empty(like_X, (Y.shape[1],))
    for mine, some, shift in parts:
        weights[:, mine], intercept[mine] = some, shift
    return weights, intercept


class _Best:
    """The best so far of each target."""

    def __init__(self, shares: np.ndarray, alphas: np.ndarray, n_targets: int):
        self._shares, self._alphas, self._scores = shares, alphas, []
        self._judged = np.full(n_targets, -np.inf)
        self._found = np.full(n_targets, np.nan)
        self._share_of, self._alpha = np.zeros(n_targets, np.intp), np.full(n_targets, alphas.max())

    def offer(self, scores: np.ndarray, judged: np.ndarray) -> None:
        """Take the scores of the next shares, shape (n_alphas, n_targets)."""
        best, columns = best_penalty(judged, self._alphas), np.arange(judged.shape[1])
        better = judged[best, columns] > self._judged  # never of NaN
        self._judged = np.where(better, judged[best, columns], self._judged)
        self._found = np.where(better, scores[best, columns], self._found)
        self._alpha = np.where(better, self._alphas[best], self._alpha)
        self._share_of[better] = len(self._scores)
        self._scores.append(scores[best, columns])

    def choice(self, solvers: dict[int, RidgeSolver]) -> BandedChoice:
        """Give what was found."""
        varies = ~np.isnan(self._found)
        used = set(self._share_of.tolist())
        return BandedChoice(
            shares=self._shares,
            share_of=self._share_of,
            alpha=self._alpha,
            score=self._found,
            scores=np.stack(self._scores),
            warning=edge_warning(self._alpha[varies], self._alphas),
            solvers={i: one for i, one in solvers.items() if i in used},
        )


def _checked(
    X: Any,
    band: Any,
    Y: Any,
    alphas: Sequence[float] | np.ndarray,
    shares: np.ndarray,
    gram: Gram,
    block: int,
) -> tuple[Bands, np.ndarray, np.ndarray]:
    values, shares = check_alphas(alphas, "banded ridge"), np.asarray(shares, np.float64)
    n_bands = len(np.unique(np.asarray(band)))
    wrong = shares.ndim != 2 or shares.shape[1] != n_bands or not (shares >= 0).all()
    if wrong or not (shares.sum(axis=1) > 0).all():
        raise DataError(
            f"banded ridge: {n_bands} bands, and shares of shape {shares.shape}. Give a row a draw "
            "and a column a band, none below zero and some above."
        )
    if len(Y) != len(X):
        raise DataError(
            f"banded ridge: {len(X)} rows of features, and {len(Y)} of targets. Give as many."
        )
    check_finite(Y, block)
    return Bands.of(X, band, gram), values, shares
