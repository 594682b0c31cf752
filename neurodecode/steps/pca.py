"""Principal components."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.core.needs import Needs
from neurodecode.steps._components import principal_components


class Pca(TransformerMixin, BaseEstimator):
    """Project flattened trials, or target vectors, on their first principal components.

    Components are exact, by a full singular value decomposition: they do not hang on a seed.

    Parameters
    ----------
    n_components : int or float
        How many, or the share of variance (between 0 and 1) that they keep at least.
    whiten : bool
        Whether components are divided by their standard deviation.
    unlabelled : bool
        Whether components are those of the training rows whose target is unknown too, such as
        rest.

    Attributes
    ----------
    pca_ : sklearn.decomposition.PCA

    References
    ----------
    Jolliffe 2002, doi 10.1007/b98835.
    """

    supervised = False
    gives = ("feature",)
    version: ClassVar[int] = 1

    def __init__(
        self, n_components: int | float = 0.95, whiten: bool = False, unlabelled: bool = False
    ):
        self.n_components = n_components
        self.whiten = whiten
        self.unlabelled = unlabelled

    @property
    def needs(self) -> Needs:
        """Arrays; rows of unknown target where that is asked for."""
        return Needs(unlabelled=self.unlabelled)

    def fit(self, X, y=None):
        """Learn the components.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …)
            Axes beyond the first are flattened.

        Raises
        ------
        ConfigError
            If a share of variance is asked for that is not between 0 and 1.
        DataError
            If more components are asked for than there are trials or features.
        """
        X = validate_data(self, X, allow_nd=True, ensure_min_samples=2)
        X = np.reshape(X, (len(X), -1))
        self.pca_ = principal_components(X, self.n_components, whiten=self.whiten, name="pca")
        return self

    def transform(self, X):
        """Give the components of trials, shape (n_trials, n_components)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, allow_nd=True)
        return self.pca_.transform(np.reshape(X, (len(X), -1)))

    def inverse_transform(self, Z):
        """Give the flattened trials that components stand for, shape (n_trials, n_features)."""
        check_is_fitted(self)
        return self.pca_.inverse_transform(Z)
