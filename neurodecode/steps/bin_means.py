"""Means of neighbouring samples."""

from typing import ClassVar

from sklearn.base import BaseEstimator, TransformerMixin

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.steps._input import check_count, three_dimensional, trials_of

_AXES = ("channel", "time")


class BinMeans(TransformerMixin, BaseEstimator):
    """Average each channel over bins of neighbouring samples.

    A slow response is told in fewer numbers, and with less noise, than by every sample. Samples at
    the end that fill no bin are left out.

    Parameters
    ----------
    width : int
        Samples of a bin.

    References
    ----------
    Blankertz et al. 2011, doi 10.1016/j.neuroimage.2010.06.048.
    """

    stateless, supervised = True, False
    needs = Needs(axes=_AXES)
    gives = _AXES
    version: ClassVar[int] = 1

    def __init__(self, width: int = 8):
        self.width = width

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """Give the means.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)

        Returns
        -------
        means : ndarray, shape (n_trials, n_channels, n_times // width)
            In the unit of `X`.

        Raises
        ------
        ConfigError
            If the width is no whole number from 1 on.
        DataError
            If a trial is shorter than one bin.
        """
        X = trials_of(X, _AXES, self)
        check_count(self.width, "width", self)
        n_trials, n_channels, n_times = X.shape
        n_bins = n_times // self.width
        if n_bins == 0:
            raise DataError(
                f"bin_means: a trial has {n_times} samples, and a bin {self.width}. Give longer "
                "windows, or a smaller width."
            )
        binned = X[..., : n_bins * self.width]
        return binned.reshape(n_trials, n_channels, n_bins, self.width).mean(axis=-1)

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.requires_fit = False
        return tags
