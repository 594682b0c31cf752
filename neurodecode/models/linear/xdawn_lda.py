"""Components by xDAWN and linear discriminant analysis."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.core.stages import fit_stages
from neurodecode.models import _stages
from neurodecode.models.linear.lda import Lda
from neurodecode.steps._input import three_dimensional
from neurodecode.steps.bin_means import BinMeans
from neurodecode.steps.xdawn import Xdawn


class XdawnLda(ClassifierMixin, BaseEstimator):
    """Evoked responses by xDAWN, averaged in time, told apart by shrinkage discriminant analysis.

    Parameters
    ----------
    n_components : int
        xDAWN filters of each class.
    width : int
        Samples that are averaged into one; see `neurodecode.steps.bin_means.BinMeans`.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    stages_ : list
        Fitted `Xdawn`, `BinMeans` and `Lda`.

    References
    ----------
    Rivet et al. 2009, doi 10.1109/TBME.2009.2012869; Blankertz et al. 2011,
    doi 10.1016/j.neuroimage.2010.06.048.
    """

    needs = Needs(axes=("channel", "time"))
    version: ClassVar[int] = 1

    def __init__(self, n_components: int = 3, width: int = 8):
        self.n_components = n_components
        self.width = width

    def stages(self) -> list:
        """Give the unfitted stages, the predictor last."""
        return [Xdawn(self.n_components), BinMeans(self.width), Lda()]

    def fit(self, X, y):
        """Fit on trials of shape (n_trials, n_channels, n_times)."""
        self.stages_ = fit_stages(self.stages(), X, y)
        self.classes_ = self.stages_[-1].classes_
        return self

    def predict(self, X):
        return _stages.predict(self, X)

    def predict_proba(self, X):
        return _stages.predict_proba(self, X)

    def patterns(self) -> dict[str, np.ndarray]:
        """Give one map a component: how its source shows at the sensors, in the data's unit."""
        check_is_fitted(self)
        return {f"component {i + 1}": one for i, one in enumerate(self.stages_[0].patterns_)}

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
