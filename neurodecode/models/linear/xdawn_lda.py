"""Components by xDAWN and linear discriminant analysis."""

from typing import ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.models._stages import Staged
from neurodecode.models.linear.lda import Lda
from neurodecode.steps.bin_means import BinMeans
from neurodecode.steps.xdawn import Xdawn


class XdawnLda(Staged):
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

    def patterns(self) -> dict[str, np.ndarray]:
        """Give one map a component: how its source shows at the sensors, in the data's unit."""
        check_is_fitted(self)
        return {f"component {i + 1}": one for i, one in enumerate(self.stages_[0].patterns_)}
