"""Probabilistic principal components, which need no target."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.steps._components import principal_components


class Ppca(TransformerMixin, BaseEstimator):
    """Learn from trials alone along which axes they vary, and how likely a trial is.

    Flattened trials are taken for a Gaussian: some principal axes, and noise of one variance in all
    other directions. What is learnt gives features to a model that starts from it, such as
    ``linear.probe``.

    Parameters
    ----------
    n_components : int or float
        How many axes, or the share of variance (between 0 and 1) that they keep at least.
    whiten : bool
        Whether features are divided by their standard deviation.

    Attributes
    ----------
    pca_ : sklearn.decomposition.PCA
        Components are exact, by a full singular value decomposition. Its noise is the mean of all
        variances beyond the axes, those that are zero among them: of fewer trials than features
        scikit-learn leaves them out, and takes the noise for many times what it is.

    References
    ----------
    Tipping & Bishop 1999, doi 10.1111/1467-9868.00196, eq. 5 (the density) and 7, 8 (the fit).
    """

    needs = Needs(targets=("none",))
    version: ClassVar[int] = 2

    def __init__(self, n_components: int | float = 0.95, whiten: bool = False):
        self.n_components = n_components
        self.whiten = whiten

    def fit(self, X, y=None):
        """Fit on trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …)
            Axes beyond the first are flattened.

        Raises
        ------
        ConfigError
            If a share of variance is asked for that is not between 0 and 1.
        DataError
            If more axes are asked for than there are trials or features.
        """
        X = validate_data(self, X, allow_nd=True, ensure_min_samples=2)
        X = np.reshape(X, (len(X), -1))
        self.pca_ = principal_components(X, self.n_components, whiten=self.whiten, name="ppca")
        n_trials, n_features = X.shape
        n_axes = self.pca_.n_components_
        if n_axes >= n_trials - 1:  # rounding is no noise
            self.pca_.noise_variance_ = 0.0
        elif n_axes < n_features:
            self.pca_.noise_variance_ *= (min(X.shape) - n_axes) / (n_features - n_axes)
        return self

    def transform(self, X):
        """Give where trials lie along the axes, shape (n_trials, n_components)."""
        X = self._flat(X)
        return self.pca_.transform(X)

    def score_samples(self, X):
        """Give the log-likelihood of each trial, shape (n_trials,), in nats.

        Raises
        ------
        DataError
            If axes explain all that training trials have, fewer than features: a trial off them
            would be impossible.
        """
        X = self._flat(X)
        if self.pca_.noise_variance_ <= 0 and self.pca_.n_components_ < X.shape[1]:
            raise DataError(
                f"ppca: {self.pca_.n_components_} axes explain all of the training trials, so that "
                "no noise is left by which others could be judged. Give fewer n_components."
            )
        return self.pca_.score_samples(X)

    def _flat(self, X) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, allow_nd=True)
        return np.reshape(X, (len(X), -1))
