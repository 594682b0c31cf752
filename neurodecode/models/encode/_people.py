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
    are called: voxels of two people are never taken for one, and people may have as many as they
    have. `adapt` is shown labelled rows of the tested, the context. A person that is tested without
    any is told from what all have in common.

    Attributes
    ----------
    weights_of_ : dict of str to ndarray, shape (n_voxels, n_features + 1)
        By subject; the last is the offset. Of those that were trained on, from their training
        rows.
    """

    needs: ClassVar[Needs] = Needs(
        trials=True, targets=("brain",), columns=("subject",), calibration=True, ragged_targets=True
    )

    def fit(self, X, y):
        """Learn what voxels of people have in common.

        Parameters
        ----------
        X : Trials
            Features of what was shown, with the column ``subject``.
        y : ndarray, shape (n_trials,) or (n_trials, n_voxels), or list of ndarray
            Of people with voxels of their own an array a trial, shape (n_voxels_of_subject,).

        Raises
        ------
        ConfigError
            If an argument cannot be meant.
        DataError
            If features or responses are no finite numbers.
        """
        people = self._people(X, y)
        self.n_features_ = next(iter(people.values())).X.shape[1]
        self.one_ = not isinstance(y, list) and np.ndim(y) == 1
        self._learn(people)
        self.weights_of_ = {name: self._weights(one) for name, one in people.items()}
        return self

    def adapt(self, X, y=None):
        """Tell the weights of people from labelled rows of theirs; without labels nothing is told.

        Parameters
        ----------
        X : Trials
        y : ndarray, shape (n_trials,) or (n_trials, n_voxels), or list of ndarray, optional
            As `fit` takes it; of as many voxels as these people have.

        Raises
        ------
        DataError
            If features or responses are no finite numbers, or features are not those of `fit`.
        """
        check_is_fitted(self)
        if y is None:
            return self
        people = self._people(X, y)
        self._check_features(next(iter(people.values())).X)
        told = {name: self._weights(one) for name, one in people.items()}
        self.weights_of_ = {**self.weights_of_, **told}
        return self

    def predict(self, X):
        """Give responses, shape (n_trials, n_voxels).

        Raises
        ------
        DataError
            If the trials are of people who differ in how many voxels they have, or of somebody of
            whom nothing was seen where those who were do.
        """
        check_is_fitted(self)
        features, subject = self._read(X)
        self._check_features(features)
        names = list(dict.fromkeys(subject.tolist()))
        weights = {name: self.weights_of_.get(name) for name in names}
        weights = {k: self._unknown(k) if one is None else one for k, one in weights.items()}
        widths = {name: len(one) for name, one in weights.items()}
        n_voxels = next(iter(widths.values()), 0)
        other = next((name for name in names if widths[name] != n_voxels), None)
        if other is not None:
            raise DataError(
                f"{self._name}: subject {names[0]!r} has {n_voxels} voxels and subject {other!r} "
                f"{widths[other]}, which no array holds. Ask for one of them at a time."
            )
        said = np.empty((len(features), n_voxels))
        for name, mine in ((one, subject == one) for one in names):
            said[mine] = features[mine] @ weights[name][:, :-1].T + weights[name][:, -1]
        return said[:, 0] if self.one_ else said

    def _learn(self, people: Mapping[str, Person]) -> None:
        raise NotImplementedError

    def _weights(self, person: Person) -> np.ndarray:
        raise NotImplementedError

    def _unknown(self, subject: str) -> np.ndarray:
        """Give the weights of somebody of whom nothing was seen."""
        widths = sorted({len(one) for one in self.weights_of_.values()})
        if len(widths) > 1:
            raise DataError(
                f"{self._name}: subject {subject!r} was never seen, and others have {widths[0]} to "
                f"{widths[-1]} voxels. Give adapt labelled trials of this one."
            )
        return self._weights(Person(np.zeros((0, self.n_features_)), np.zeros((0, widths[0]))))

    def _check_features(self, features: np.ndarray) -> None:
        if features.shape[1] != self.n_features_:
            raise DataError(
                f"{self._name}: {features.shape[1]} features, and it was trained on "
                f"{self.n_features_}. Give the same embedding."
            )

    def _people(self, X: Any, y: Any) -> dict[str, Person]:
        features, subject = self._read(X)
        people = {}
        for name in dict.fromkeys(subject.tolist()):
            mine = np.flatnonzero(subject == name)
            people[name] = Person(features[mine], self._responses(y, mine, len(features), name))
        return people

    def _responses(self, y: Any, mine: np.ndarray, n_trials: int, name: str) -> np.ndarray:
        """Give one person's responses, shape (n_own_trials, n_voxels)."""
        if not isinstance(y, list):
            y = np.asarray(y, dtype=np.float64)
        elif len({np.shape(y[i]) for i in mine if i < len(y)}) > 1:
            raise DataError(
                f"{self._name}: responses of subject {name!r} differ in how many voxels they are "
                "of. Give each person one set of voxels."
            )
        if len(y) != n_trials:
            raise DataError(f"{self._name}: responses of {len(y)} trials for {n_trials}.")
        Y = np.array([y[i] for i in mine], dtype=np.float64) if isinstance(y, list) else y[mine]
        Y = Y[:, None] if Y.ndim == 1 else Y
        if Y.ndim != 2 or not np.isfinite(Y).all():
            raise DataError(
                f"{self._name}: responses of subject {name!r} are of shape {Y.shape}; a row of "
                "finite numbers each is needed."
            )
        return Y

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
