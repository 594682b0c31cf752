"""Ridge regression from features at several delays: each voxel has a response of its own shape."""

from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.utils.validation import check_is_fitted

from neurodecode.linalg.ridge_cv import Score
from neurodecode.models._stages import StagedRegressor
from neurodecode.models.encode._inner import Cv
from neurodecode.models.encode.ridge import Ridge
from neurodecode.steps.delays import Delays
from neurodecode.steps.scale import Scale


class FirRidge(StagedRegressor):
    """Tell voxels from what was shown at several delays: steps `delays` and `scale`, then ridge.

    Parameters
    ----------
    delays : tuple of int or None
        Volumes from what was shown to the volume that is told, within a run alone. None: those from
        1.5 to 9 s.
    alphas, cv, n_splits, gap, null, alpha_per_target, scoring, precision
        As in `encode.ridge`.

    Attributes
    ----------
    stages_ : list
        Fitted `Delays`, `Scale` and `Ridge`.

    References
    ----------
    Nishimoto et al. 2011, doi 10.1016/j.cub.2011.08.031.
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        delays: tuple[int, ...] | None = None,
        alphas: tuple[float, ...] = tuple(float(alpha) for alpha in np.logspace(0, 7, 15)),
        cv: Cv | None = None,
        n_splits: int | None = None,
        gap: int | None = None,
        null: bool = True,
        alpha_per_target: bool = True,
        scoring: Literal["r2", "r", "mse"] = "r2",
        precision: Literal["float32", "float64"] = "float32",
    ):
        self.delays = delays
        self.alphas = alphas
        self.cv: Cv | None = cv
        self.n_splits = n_splits
        self.gap = gap
        self.null = null
        self.alpha_per_target = alpha_per_target
        self.scoring: Score = scoring
        self.precision: Literal["float32", "float64"] = precision

    def stages(self) -> list:
        """Give the unfitted stages, the predictor last."""
        asked = {name: getattr(self, name) for name in self.get_params(deep=False)}
        return [Delays(self.delays), Scale(), Ridge(**asked)]

    def kernels(self, targets: Any = slice(None)) -> np.ndarray:
        """Give the response of targets to each feature: its weight at each delay.

        Features are in units of their own deviation over the training rows, so that kernels of
        several may be set beside each other.

        Parameters
        ----------
        targets : slice, or array of int or bool
            Which, for many are large.

        Returns
        -------
        kernels : ndarray, shape (n_delays, n_features, n_targets)
            Delays as ``stages_[0].delays_`` has them, each ``stages_[0].seconds_`` long; in the
            unit of the targets.
        """
        check_is_fitted(self)
        delays, _, ridge = self.stages_
        weights = ridge.weights(targets)
        return weights.reshape(len(delays.delays_), -1, weights.shape[-1])
