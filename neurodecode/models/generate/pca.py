"""Pictures by ridge regression to their principal components."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.core.pictures import check_pictures
from neurodecode.models.generate._codecs.pca import Pca as Codec
from neurodecode.models.generate._once import distinct, fitted_once
from neurodecode.models.generate.token_ridge import Renorm, TokenRidge


class Pca(RegressorMixin, BaseEstimator):
    """Tell principal components of pictures by ridge, and give the pictures that they stand for.

    The linear model that a generator has to beat: it draws nothing, and is done in a second.

    Parameters
    ----------
    n_components : int or float
        Components of the distinct training pictures, or the share of their variance (between 0 and
        1) that is kept at least.
    alphas, repeats, per
        Of the ridge; see `neurodecode.models.generate.token_ridge.TokenRidge`. A component is a
        target.
    renorm : {"loo", "transductive", "none"}
        How what ridge says is spread; see there. Without, pictures are nearer to the mean picture,
        which their PixCorr is the better for: contrast costs it, and SSIM and identification gain.

    Attributes
    ----------
    codec_ : Codec
        Of pictures, in `_codecs.pca`.
    ridge_ : TokenRidge
        Of brains.

    Notes
    -----
    Components know no black and white: what they stand for is cut to 0 to 1. Each distinct picture
    counts once for components, whatever how often it was shown.

    References
    ----------
    Cowen, Chun & Kuhl 2014, doi 10.1016/j.neuroimage.2014.03.018 (components of pictures told by
    regression).
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        n_components: int | float = 20,
        alphas: tuple[float, ...] = tuple(float(alpha) for alpha in np.logspace(0, 7, 15)),
        repeats: Literal["average", "single", "none"] = "average",
        per: Literal["all", "target"] = "all",
        renorm: Renorm = "loo",
    ):
        self.n_components = n_components
        self.alphas = alphas
        self.repeats: Literal["average", "single", "none"] = repeats
        self.per: Literal["all", "target"] = per
        self.renorm: Renorm = renorm

    @property
    def needs(self) -> Needs:
        """Pictures; of the training trials what the ridge asks for."""
        return replace(self._ridge().needs, targets=("picture",))

    def fit(self, X, y, rows: pd.DataFrame | None = None):
        """Fit on trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …), or Trials
            Axes beyond the first are flattened.
        y : ndarray, shape (n_trials, height, width, channels)
            Pictures from 0 to 1.
        rows : DataFrame, optional
            Columns ``subject`` and ``stimulus`` of the trials. Without it, trials of one picture
            are repeats.

        Raises
        ------
        ConfigError
            If an argument cannot be meant.
        DataError
            If pictures are none, or fewer than components are asked for.
        """
        y = check_pictures(y, "generate.pca")
        first, which = distinct(y)
        self.codec_: Codec = fitted_once(Codec(self.n_components), y)
        self.ridge_ = self._ridge().fit(X, self.codec_.encode(y[first])[which], rows)
        return self

    def predict(self, X) -> np.ndarray:
        """Give pictures, float32 from 0 to 1, shape (n_trials, height, width, channels)."""
        check_is_fitted(self)
        return self.codec_.decode(self.ridge_.predict(X))

    @available_if(lambda self: self.renorm == "transductive")
    def adapt(self, X, y=None):
        """Take how what is said of the test rows spreads, all of them together."""
        self.ridge_.adapt(X, y)
        return self

    def ceilings(
        self, y: np.ndarray, signals: Mapping[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """Give what pictures would be were their components told without error.

        Parameters
        ----------
        y : ndarray, shape (n, height, width, channels)
            True pictures.
        signals : mapping of str to ndarray, optional
            Not looked at: there is no other condition.

        Returns
        -------
        ceilings : dict of str to ndarray
            ``round trip``: pictures, as `predict` gives them.
        """
        del signals
        check_is_fitted(self)
        told = self.codec_.encode(check_pictures(y, "generate.pca: ceilings"))
        return {"round trip": self.codec_.decode(told)}

    def _ridge(self) -> TokenRidge:
        return TokenRidge(self.alphas, self.repeats, self.per, renorm=self.renorm)
