"""Ridge whose penalty is what the weights of other people's voxels are like."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_choice import check_alphas, chosen
from neurodecode.models.encode._people import OfPeople, Person
from neurodecode.steps._input import check_count


class PriorRidge(OfPeople):
    """Ridge on few responses of a new person, around what other people's voxels weigh.

    Weights of voxels, offset among them, are taken to be drawn from one normal distribution. Its
    mean and covariance and the variance of the noise are those under which the training people's
    responses are most likely (expectation maximisation); the weights of a new voxel are their mean
    given its responses, ``m + C X' (X C X' + s I)^-1 (y - X m)``: generalised ridge with penalty
    ``s C^-1``. What voxels have in common beyond that is left to a model that learns it, such as
    `encode.braincorl`, for which this is the line to beat.

    Parameters
    ----------
    prior : {"voxels", "none"}
        As said; or plain ridge on the new person's responses alone, each voxel's penalty chosen by
        leaving rows out: what is to be had without other people.
    n_iterations : int
        Of the expectation maximisation.
    alphas : tuple of float
        Penalties that plain ridge chooses from, times the mean square of features.

    Attributes
    ----------
    mean_ : ndarray, shape (n_features + 1,)
    covariance_ : ndarray, shape (n_features + 1, n_features + 1)
    noise_ : float
        Variance of a single response.
    weights_of_ : dict of str to ndarray
        See `neurodecode.models.encode._people.OfPeople`.

    References
    ----------
    Laird & Ware 1982, doi 10.2307/2529876 (random effects by EM); Hoerl & Kennard 1970, doi
    10.1080/00401706.1970.10488634.
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        prior: Literal["voxels", "none"] = "voxels",
        n_iterations: int = 100,
        alphas: tuple[float, ...] = tuple(float(alpha) for alpha in np.logspace(-1, 4, 16)),
    ):
        self.prior = prior
        self.n_iterations = n_iterations
        self.alphas = alphas

    def _learn(self, people: Mapping[str, Person]) -> None:
        if self.prior not in ("voxels", "none"):
            raise ConfigError(f"encode.prior_ridge: prior is {self.prior!r}; give voxels or none.")
        check_count(self.n_iterations, "n_iterations", self)
        check_alphas(self.alphas, "encode.prior_ridge")
        every = np.concatenate([one.Y.reshape(-1) for one in people.values()])
        square = np.mean([np.mean(one.X**2) for one in people.values()])
        n = self.n_features_
        variance = max(float(every.var()), np.finfo(float).tiny)
        # Half of the variance is taken for noise, the other for weights that are all alike.
        self.mean_ = np.append(np.zeros(n), every.mean())
        spread = variance / 2 / max(n * float(square), np.finfo(float).tiny)
        self.covariance_ = np.diag(np.append(np.full(n, spread), variance / 2))
        self.noise_ = variance / 2
        if self.prior == "voxels":
            sums = [_Sums.of(one) for one in people.values()]
            for _ in range(self.n_iterations):
                self._step(sums)

    def _step(self, sums: "list[_Sums]") -> None:
        """Make one step of the expectation maximisation."""
        left, squares, told = np.zeros_like(self.covariance_), 0.0, list[np.ndarray]()
        for one in sums:
            after = self._left(one)
            weights = self._told(one, after)
            told.append(weights)
            left += len(weights) * after
            squares += one.squares - 2 * float(np.sum(weights.T * one.across))
            squares += float(np.sum((weights @ one.gram) * weights))
            squares += len(weights) * float(np.sum(one.gram * after))
        every = np.concatenate(told)
        self.mean_ = every.mean(axis=0)
        away = every - self.mean_
        self.covariance_ = (away.T @ away + left) / len(every)
        n_responses = sum(one.n_trials * one.across.shape[1] for one in sums)
        self.noise_ = max(squares / n_responses, np.finfo(float).tiny)

    def _weights(self, person: Person) -> np.ndarray:
        if self.prior == "voxels" or len(person.X) == 0:
            sums = _Sums.of(person)
            return self._told(sums, self._left(sums))
        solver = RidgeSolver.of(person.X)
        scale = float(np.mean(person.X**2)) or 1.0
        alphas, each = scale * np.asarray(self.alphas), np.arange(person.Y.shape[1])
        alpha = np.full(len(each), alphas[-1])  # one row leaves nothing to choose by
        if len(person.X) > 1:
            alpha = chosen(solver, person.Y, alphas, sharing=each)
        weights, offset = solver.weights(person.Y, alpha)
        return np.column_stack([weights.T, offset])

    def _told(self, sums: "_Sums", left: np.ndarray) -> np.ndarray:
        """Give the mean of weights given responses, shape (n_voxels, n_features + 1)."""
        away = sums.across - (sums.gram @ self.mean_)[:, None]
        return self.mean_ + away.T @ left / self.noise_

    def _left(self, sums: "_Sums") -> np.ndarray:
        """Give the covariance of weights given responses, the same for all voxels of a person.

        ``(C^-1 + X'X / s)^-1`` without inverting C, which may be singular.
        """
        n = len(self.covariance_)
        inner = np.eye(n) + self.covariance_ @ sums.gram / self.noise_
        left = np.linalg.solve(inner, self.covariance_)
        return (left + left.T) / 2


@dataclass(frozen=True, eq=False)
class _Sums:
    """All that a person's trials say of weights, whose last entry is the offset.

    Parameters
    ----------
    gram : ndarray, shape (n_features + 1, n_features + 1)
        ``X'X``, a column of ones among X.
    across : ndarray, shape (n_features + 1, n_voxels)
        ``X'Y``.
    squares : float
        Sum of all squared responses.
    n_trials : int
    """

    gram: np.ndarray
    across: np.ndarray
    squares: float
    n_trials: int

    @staticmethod
    def of(person: Person) -> "_Sums":
        X = np.column_stack([person.X, np.ones(len(person.X))])
        squares = float(np.einsum("nv,nv->", person.Y, person.Y))
        return _Sums(X.T @ X, X.T @ person.Y, squares, len(X))
