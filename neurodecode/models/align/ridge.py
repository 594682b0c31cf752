"""Ridge regression from brains to vectors of what was seen."""

from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from neurodecode.core.entries import Entries
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.maps import is_map
from neurodecode.core.needs import Needs
from neurodecode.core.trials import Trials
from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_choice import check_alphas, chosen
from neurodecode.models._haufe import haufe_patterns
from neurodecode.models.align._repeats import averaged, flat, repeats_of
from neurodecode.steps._input import check_count

_MOST_MAPS = 100  # of more targets, patterns would outweigh the recording


class Ridge(RegressorMixin, BaseEstimator):
    """Tell vectors, such as embeddings of pictures, by ridge regression on flattened trials.

    Features have mean 0 and standard deviation 1 over the training rows; constant ones count for
    nothing. Penalties are chosen by leaving rows out. Of many targets no weights are formed: the
    training rows and their targets are kept, and say what test rows are told.

    Parameters
    ----------
    alphas : tuple of float
        Penalties to choose from, above zero, in the unit of the sum of squares; an infinite one
        says the mean target.
    repeats : {"average", "single", "none"}
        Trials of one subject and stimulus are averaged before anything is learnt; or each is a row,
        and all of a stimulus count as much as one average and are left out together when the
        penalty is chosen; or each is a row as if no other showed the same.
    per : {"all", "token", "target"}
        What has a penalty of its own.
    n_tokens : int
        Equal pieces that a flat target falls into, such as the 257 tokens of a picture.
    gram : {"float64", "float32"}
        Precision in which products of rows are summed.

    Attributes
    ----------
    alpha_ : float or ndarray, shape (n_tokens,) or (n_targets,)
    mean_ : ndarray, shape (n_targets,)
        Mean target.
    coef_ : ndarray, shape (n_targets, n_features), or None
        None where training rows and targets are smaller, which are then kept instead.
    intercept_ : ndarray, shape (n_targets,), or None
    solver_ : RidgeSolver or None
    targets_ : ndarray or Entries, shape (n_rows, n_targets), or None
        By reference, where it was handed in as it is kept; an array in what is pickled.
    patterns_ : ndarray, shape (n_targets, n_features)
        Of up to 100 targets; of more, none.

    References
    ----------
    Hoerl & Kennard 1970, doi 10.1080/00401706.1970.10488634; Ozcelik & VanRullen 2023,
    doi 10.1038/s41598-023-42891-8 (a regression a token).
    """

    version: ClassVar[int] = 1
    _words: ClassVar[dict[str, tuple[str, ...]]] = {
        "repeats": ("average", "single", "none"),
        "per": ("all", "token", "target"),
    }

    def __init__(
        self,
        alphas: tuple[float, ...] = tuple(float(alpha) for alpha in np.logspace(0, 7, 15)),
        repeats: Literal["average", "single", "none"] = "average",
        per: Literal["all", "token", "target"] = "all",
        n_tokens: int = 1,
        gram: Literal["float64", "float32"] = "float64",
    ):
        self.alphas = alphas
        self.repeats: Literal["average", "single", "none"] = repeats
        self.per: Literal["all", "token", "target"] = per
        self.n_tokens = n_tokens
        self.gram: Literal["float64", "float32"] = gram

    @property
    def needs(self) -> Needs:
        """Trials and vectors; which training trials show the same, where that matters."""
        columns = () if self.repeats == "none" else ("subject", "stimulus")
        return Needs(targets=("vector",), batches=True, training_columns=columns, lazy_targets=True)

    def fit(self, X, y, rows: pd.DataFrame | None = None):
        """Fit on trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …), or Trials
            Axes beyond the first are flattened.
        y : ndarray, shape (n_trials,), (n_trials, n_targets) or (n_trials, n_tokens, n_entries)
            Or `Entries` of one of the latter two shapes, read a block of columns at a time.
        rows : DataFrame, optional
            Columns ``subject`` and ``stimulus`` of the trials. Without it, trials of equal target
            show the same.

        Raises
        ------
        ConfigError
            If an argument cannot be meant.
        DataError
            If fewer than two rows are left, a number is not finite, or targets do not fall into
            `n_tokens`.
        """
        solver, Y, alpha, _ = self._solved(X, y, rows)
        X, n_targets = solver.rows.X, Y.shape[1]
        self.mean_ = self._finite(solver.predict(X[:1], Y, np.inf)[0])
        few, sizes = n_targets <= _MOST_MAPS, X.size + Y.size + solver.left.size
        self.coef_: Any = None
        self.intercept_ = self.solver_ = self.targets_ = None
        self.patterns_ = np.zeros((0, X.shape[1]))
        if few or X.shape[1] * n_targets <= sizes:
            weights, self.intercept_ = solver.weights(Y, alpha)
            self.coef_ = np.ascontiguousarray(weights.T)
            self.patterns_ = haufe_patterns(X, weights.T) if few else self.patterns_
        else:
            # A fitted model holds no row that it was not trained on.
            self.solver_, self.targets_ = solver, Y.owned if isinstance(Y, Entries) else Y
        return self

    def predict(self, X):
        """Give vectors, shaped as the targets that were learnt."""
        said = self._said(X)
        return said.reshape(len(said), *self.target_shape_)

    def embed(self, X) -> np.ndarray:
        """Give directions from the mean target, shape (n_trials, n_targets), of length 1."""
        moved = self._said(X) - self.mean_
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        return moved / np.where(length > 0, length, 1)

    def patterns(self) -> dict[str, np.ndarray]:
        """Give one map a target, of up to 100 targets: Haufe et al. 2014, eq. 6."""
        check_is_fitted(self)
        return {f"target {i + 1}": one for i, one in enumerate(self.patterns_)}

    def _solved(
        self, X: Any, y: Any, rows: pd.DataFrame | None
    ) -> tuple[RidgeSolver, np.ndarray, np.ndarray, np.ndarray | None]:
        """Decompose rows and choose penalties, which are kept.

        Gives the rows, their targets, the penalty of each target, and the number of the stimulus
        that each trial shows: of the row that its trials were averaged to, where they were.
        """
        alphas = self._alphas()
        X, Y, self.target_shape_ = self._checked(X, y)
        groups, weight, together = None, None, None
        # Equal vectors are of one stimulus, equal numbers need not be.
        if self.repeats != "none" and (rows is not None or Y.shape[1] > 1):
            groups = repeats_of(Y, rows)
        if groups is not None and self.repeats == "average":
            X, Y = averaged(X, groups), averaged(Y, groups)
        elif groups is not None:
            weight, together = 1 / np.bincount(groups)[groups], groups
        X = flat(X)
        if len(X) < 2:
            raise DataError(
                f"{self._name}: one row to train on, and the penalty is chosen by leaving rows "
                "out. Train on two stimuli or more; with repeats: none each trial is a row."
            )
        sharing = self._sharing(Y.shape[1], self.target_shape_)
        solver = RidgeSolver.of(X, standardise=True, sample_weight=weight, gram=self.gram)
        alpha = np.full(Y.shape[1], alphas[0])
        if len(alphas) > 1:
            alpha = chosen(solver, Y, alphas, sharing=sharing, groups=together)
        self.alpha_ = alpha[0] if sharing is None else alpha[np.unique(sharing, True)[1]]
        return solver, Y, alpha, groups

    def _finite(self, mean: np.ndarray) -> np.ndarray:
        """Give a mean of targets; where it is none, one of them is no number."""
        if not np.isfinite(mean).all():
            raise DataError(
                f"{self._name}: target {int(np.argmin(np.isfinite(mean)))} holds NaN or infinity, "
                "or numbers too large to be summed. Leave out its row, or the target."
            )
        return mean

    @property
    def _name(self) -> str:
        return type(self).__module__.removeprefix("neurodecode.models.")

    def _said(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        if not isinstance(X, Trials):
            X = np.asarray(validate_data(self, X, reset=False, allow_nd=True))
        X = flat(X)
        if X.shape[1] != self.patterns_.shape[1]:
            raise DataError(
                f"{self._name}: trials of {X.shape[1]} numbers, and it was fitted on trials of "
                f"{self.patterns_.shape[1]}. Give the same channels and window."
            )
        if self.solver_ is None or self.targets_ is None:
            return X @ self.coef_.T + self.intercept_
        return self.solver_.predict(X, self.targets_, self._penalties(self.targets_.shape[1]))

    def _penalties(self, n_targets: int) -> np.ndarray:
        return np.repeat(self.alpha_, n_targets // np.size(self.alpha_))

    def _alphas(self) -> np.ndarray:
        alphas = check_alphas(self.alphas, self._name)
        for name, known in self._words.items():
            if (value := getattr(self, name)) not in known:
                raise ConfigError(
                    f"{self._name}: {name} is {value!r}. Give one of {', '.join(known)}."
                )
        check_count(self.n_tokens, "n_tokens", self)
        return alphas

    def __getstate__(self):
        state: Any = super().__getstate__()
        if isinstance(state.get("targets_"), Entries):  # their files may be gone by then
            state = {**state, "targets_": state["targets_"][:, :]}
        return state

    def _checked(self, X: Any, y: Any) -> tuple[Any, Any, tuple[int, ...]]:
        """Hold trials and targets to numbers; give targets as rows of them, and their shape.

        Numbers that lie in a file are held to be finite where they are read.
        """
        if isinstance(y, Entries):
            y, shape, lazy = y.flat, y.shape[1:], True
        else:
            y = _array(y)
            shape, lazy = np.shape(y)[1:], is_map(y)
            y = np.reshape(y, (len(y), -1)) if len(shape) > 1 else y
        if isinstance(X, Trials):
            first: Any = X.take([0]).array()
            validate_data(self, first, allow_nd=True)  # keeps how many channels there are
            y = y if lazy else check_array(y, ensure_2d=False, input_name="y")
        elif lazy:
            X = validate_data(self, X, allow_nd=True, ensure_min_samples=2)
            check_consistent_length(X, y)
        else:
            several: Any = {"allow_nd": True, "multi_output": True, "y_numeric": True}
            X, y = validate_data(self, X, y, **several, ensure_min_samples=2)
        return X, y if isinstance(y, Entries) else np.reshape(y, (len(y), -1)), shape

    def _sharing(self, n_targets: int, shape: tuple[int, ...]) -> np.ndarray | None:
        """Give the number of the penalty of each target; None where all share one."""
        if self.per != "token":
            return None if self.per == "all" else np.arange(n_targets)
        n_tokens = shape[0] if len(shape) == 2 else self.n_tokens
        if n_targets % n_tokens:
            raise DataError(
                f"{self._name}: {n_targets} targets do not fall into {n_tokens} tokens of one "
                "length. Give the number of tokens of one target as n_tokens."
            )
        return np.arange(n_targets) // (n_targets // n_tokens)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _array(y: Any) -> Any:
    """Give targets as an array; that there are none is for scikit-learn to say."""
    return y if y is None else np.asarray(y)
