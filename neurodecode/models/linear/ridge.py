"""Ridge regression."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.core.needs import Needs
from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_choice import check_alphas, chosen
from neurodecode.models import _flat
from neurodecode.models._haufe import haufe_patterns

_MOST_MAPS = 100  # of more targets, patterns would outweigh the recording


class Ridge(RegressorMixin, BaseEstimator):
    """Ridge regression on flattened trials, its penalty chosen by leaving each trial out.

    Parameters
    ----------
    alphas : tuple of float
        Penalties to choose from, above zero. They are in the square of the features' unit times
        the number of trials: scale the features first, as with the step `scale`.
    alpha_per_target : bool
        Whether each target has a penalty of its own; else the one that tells all targets best.

    Attributes
    ----------
    coef_ : ndarray, shape (n_features,) or (n_targets, n_features)
    intercept_ : float or ndarray, shape (n_targets,)
    alpha_ : float or ndarray, shape (n_targets,)
    patterns_ : ndarray, shape (n_targets, n_features)
        Of up to 100 targets; of more, none.

    References
    ----------
    Hoerl & Kennard 1970, doi 10.1080/00401706.1970.10488634; Golub, Heath & Wahba 1979,
    doi 10.1080/00401706.1979.10489751.
    """

    needs = Needs(targets=("value", "vector", "brain"))
    version: ClassVar[int] = 1

    def __init__(
        self,
        alphas: tuple[float, ...] = (0.1, 1.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6),
        alpha_per_target: bool = False,
    ):
        self.alphas = alphas
        self.alpha_per_target = alpha_per_target

    def fit(self, X, y):
        """Fit on trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …)
            Axes beyond the first are flattened.
        y : ndarray, shape (n_trials,) or (n_trials, n_targets)

        Raises
        ------
        ConfigError
            If a penalty is not above zero, or there is none.
        """
        alphas = check_alphas(self.alphas, "ridge")
        X, y = validate_data(
            self, X, y, allow_nd=True, multi_output=True, y_numeric=True, ensure_min_samples=2
        )
        X = np.reshape(X, (len(X), -1)).astype(np.float64)
        Y = np.asarray(y, dtype=np.float64).reshape(len(X), -1)
        solver = RidgeSolver.of(X)
        sharing = np.arange(Y.shape[1]) if self.alpha_per_target else None
        alpha = chosen(solver, Y, alphas, sharing=sharing)
        weights, intercept = solver.weights(Y, alpha)
        weights = np.ascontiguousarray(weights.T)
        few = len(weights) <= _MOST_MAPS
        self.patterns_ = haufe_patterns(X, weights) if few else np.zeros((0, X.shape[1]))
        one = np.ndim(y) == 1
        self.coef_ = weights[0] if one else weights
        self.intercept_ = intercept[0] if one else intercept
        self.alpha_ = alpha if self.alpha_per_target and not one else alpha[0]
        return self

    def predict(self, X):
        X = _flat.tested(self, X)
        return X @ self.coef_.T + self.intercept_

    def patterns(self) -> dict[str, np.ndarray]:
        """Give one map a target, of up to 100 targets: Haufe et al. 2014, eq. 6."""
        check_is_fitted(self)
        if len(self.patterns_) == 1:
            return {"value": self.patterns_[0]}
        return {f"target {i + 1}": one for i, one in enumerate(self.patterns_)}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
