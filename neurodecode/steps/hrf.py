"""Features as blood flow follows them: convolved with a canonical response."""

from typing import ClassVar, Literal

import numpy as np
from scipy.signal import lfilter
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.needs import Needs
from neurodecode.core.trials import Trials
from neurodecode.signal.hemodynamics import MODELS, held_response
from neurodecode.steps._series import COLUMNS, seconds_of, stretches_of


class Hrf(TransformerMixin, BaseEstimator):
    """Convolve features with the response of blood flow, within a run alone.

    One number a feature and volume, where `delays` gives several; but the shape of the response is
    the same for all voxels. What was shown before a run began is taken for the mean of the training
    rows: 0 of features that are scaled.

    Parameters
    ----------
    model : {"spm", "glover"}
        Constants of the double gamma.
    oversampling : int
        Points a volume at which the response is sampled.

    Attributes
    ----------
    mean_ : ndarray, shape (n_features,)
    seconds_ : float
        From a volume to the next.

    Notes
    -----
    A feature lasts for its volume, and what is told of a volume is the response at its beginning.
    Rows that point into the track of their recording see all of its volumes; behind another step
    the rows of the fold are all there is.

    References
    ----------
    Friston et al. 1998, doi 10.1006/nimg.1997.0306; Glover 1999, doi 10.1006/nimg.1998.0419.
    """

    supervised = False
    gives = ("feature",)
    keeps_space = True
    needs = Needs(trials=True, columns=COLUMNS, sequential=True)
    version: ClassVar[int] = 1

    def __init__(self, model: Literal["spm", "glover"] = "spm", oversampling: int = 50):
        self.model: Literal["spm", "glover"] = model
        self.oversampling = oversampling

    def fit(self, X: Trials, y=None):
        """Learn the mean of the features, and the response at the volumes' rate.

        Parameters
        ----------
        X : Trials
            Of features, with the columns ``recording start stop``.

        Raises
        ------
        ConfigError
            If the model is not known, or there is less than a point a volume.
        DataError
            If rows are of unknown onset, or come as an array.
        """
        if self.model not in MODELS:
            raise ConfigError(f"hrf: model is {self.model!r}. Give {' or '.join(MODELS)}.")
        if self.oversampling < 1:
            raise ConfigError(f"hrf: oversampling is {self.oversampling}; give 1 or more.")
        self.seconds_ = seconds_of(X, self)
        self.kernel_ = held_response(self.model, self.seconds_, self.oversampling)
        data = X.array()
        self.mean_ = data.reshape(len(data), -1).mean(axis=0)
        return self

    def transform(self, X: Trials) -> np.ndarray:
        """Give features as they are followed, shape (n_trials, n_features)."""
        check_is_fitted(self)
        made = np.empty((len(X), len(self.mean_)))
        for one in stretches_of(X, self.seconds_, self):
            if one.X.shape[1] != len(self.mean_):
                raise DataError(
                    f"hrf: features of {one.X.shape[1]} numbers, and it was fitted on "
                    f"{len(self.mean_)}. Give the features that it was fitted on."
                )
            followed = np.asarray(lfilter(self.kernel_, [1.0], one.X - self.mean_, axis=0))
            made[one.rows] = followed[one.at] + self.mean_
        return made

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags
