"""Encoders that know many people's voxels and are shown few responses of a new person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.core.trials import Trials
from neurodecode.steps._input import three_dimensional


@dataclass(frozen=True, eq=False)
class Person:
    """What one person was shown, and what their voxels responded.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_features)
    Y : ndarray, shape (n_trials, n_voxels)
    """

    X: np.ndarray
    Y: np.ndarray


class OfPeople(RegressorMixin, BaseEstimator):
    """A linear encoder of each person, whose weights are told by `_weights` from a context.

    `fit` sees people; a model learns in `_learn` what their voxels have in common, whatever these
    are called: voxels of two people are never taken for one. `adapt` is shown labelled rows of the
    tested, the context. A person that is tested without any is told from what all have in common.

    Attributes
    ----------
    weights_of_ : dict of str to ndarray, shape (n_voxels, n_features + 1)
        By subject; the last is the offset. Of those that were trained on, from their training
        rows.
    """

    needs: ClassVar[Needs] = Needs(
        trials=True, targets=("brain",), columns=("subject",), calibration=True
    )

    def fit(self, X, y):
        """Learn what voxels of people have in common.

        Parameters
        ----------
        X : Trials
            Features of what was shown, with the column ``subject``.
        y : ndarray, shape (n_trials,) or (n_trials, n_voxels)

        Raises
        ------
        ConfigError
            If an argument cannot be meant.
        DataError
            If features or responses are no finite numbers.
        """
        people = self._people(X, y)
        self.n_features_ = next(iter(people.values())).X.shape[1]
        self.n_voxels_ = next(iter(people.values())).Y.shape[1]
        self.one_ = np.ndim(y) == 1
        self._learn(people)
        self.weights_of_ = {name: self._weights(one) for name, one in people.items()}
        return self

    def adapt(self, X, y=None):
        """Tell the weights of people from labelled rows of theirs; without labels nothing is told.

        Parameters
        ----------
        X : Trials
        y : ndarray, shape (n_trials,) or (n_trials, n_voxels), optional
        """
        check_is_fitted(self)
        if y is None:
            return self
        people = self._people(X, y)
        shape = self.n_features_, self.n_voxels_
        found = {name: (one.X.shape[1], one.Y.shape[1]) for name, one in people.items()}
        for name, sizes in found.items():
            if sizes != shape:
                raise DataError(
                    f"{self._name}: subject {name!r} has {sizes[0]} features and {sizes[1]} "
                    f"voxels, and those it was trained on {shape[0]} and {shape[1]}."
                )
        told = {name: self._weights(one) for name, one in people.items()}
        self.weights_of_ = {**self.weights_of_, **told}
        return self

    def predict(self, X):
        """Give responses, shape (n_trials, n_voxels)."""
        check_is_fitted(self)
        features, subject = self._read(X)
        if features.shape[1] != self.n_features_:
            raise DataError(
                f"{self._name}: {features.shape[1]} features, and it was trained on "
                f"{self.n_features_}. Give the same embedding."
            )
        said = np.empty((len(features), self.n_voxels_))
        for name in dict.fromkeys(subject.tolist()):
            mine = subject == name
            weights = self.weights_of_.get(name)
            weights = self._unknown() if weights is None else weights
            said[mine] = features[mine] @ weights[:, :-1].T + weights[:, -1]
        return said[:, 0] if self.one_ else said

    def _learn(self, people: Mapping[str, Person]) -> None:
        raise NotImplementedError

    def _weights(self, person: Person) -> np.ndarray:
        raise NotImplementedError

    def _unknown(self) -> np.ndarray:
        """Give the weights of somebody of whom nothing was seen."""
        nothing = Person(np.zeros((0, self.n_features_)), np.zeros((0, self.n_voxels_)))
        return self._weights(nothing)

    def _people(self, X: Any, y: Any) -> dict[str, Person]:
        features, subject = self._read(X)
        Y = np.asarray(y, dtype=np.float64)
        Y = Y[:, None] if Y.ndim == 1 else Y
        if Y.ndim != 2 or len(Y) != len(features) or not np.isfinite(Y).all():
            raise DataError(
                f"{self._name}: responses of shape {np.shape(y)} for {len(features)} trials; a row "
                "of finite numbers each is needed."
            )
        order = dict.fromkeys(subject.tolist())
        return {one: Person(features[subject == one], Y[subject == one]) for one in order}

    def _read(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Give features, shape (n_trials, n_features), and whose trial each is."""
        if not isinstance(X, Trials):
            raise DataError(
                f"{self._name} takes Trials, which know their subjects, and was handed "
                f"{type(X).__name__}. Use nd.evaluate, or Trials.of_entries."
            )
        features = np.asarray(X.array(), dtype=np.float64)
        features = features.reshape(len(features), -1)
        if not np.isfinite(features).all():
            bad = int(np.argmin(np.isfinite(features).all(axis=1)))
            raise DataError(f"{self._name}: trial {bad} of {len(features)} holds NaN or infinity.")
        return features, np.array([str(one) for one in X.rows["subject"]], dtype=object)

    @property
    def _name(self) -> str:
        return type(self).__module__.removeprefix("neurodecode.models.")

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.target_tags.multi_output = True
        return tags
