"""Common spatial patterns and linear discriminant analysis."""

from typing import ClassVar

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.models._stages import Staged
from neurodecode.steps.csp import Csp


class CspLda(Staged):
    """Log power of common spatial patterns, told apart by linear discriminant analysis.

    Parameters
    ----------
    n_components : int
    reg : str, float or None
        Regularisation of the class covariances, as in `mne.decoding.CSP`.
    log : bool
        Whether powers are logged.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    stages_ : list
        Fitted `Csp` and `LinearDiscriminantAnalysis`.

    References
    ----------
    Blankertz et al. 2008, doi 10.1109/MSP.2008.4408441.
    """

    needs = Needs(axes=("channel", "time"))
    version: ClassVar[int] = 1

    def __init__(
        self, n_components: int = 6, reg: str | float | None = "ledoit_wolf", log: bool = True
    ):
        self.n_components = n_components
        self.reg = reg
        self.log = log

    def stages(self) -> list:
        """Give the unfitted stages, the predictor last."""
        return [Csp(self.n_components, self.reg, self.log), LinearDiscriminantAnalysis()]

    def patterns(self) -> dict[str, np.ndarray]:
        """Give one map a component: how its source shows at the sensors, in the data's unit."""
        check_is_fitted(self)
        return {f"component {i + 1}": one for i, one in enumerate(self.stages_[0].patterns_)}
