"""Ridge regression whose bands of features have penalties of their own."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError
from neurodecode.core.stages import through
from neurodecode.models._stages import StagedRegressor
from neurodecode.models.encode._banded import WHO, Banded, BandedOptions
from neurodecode.models.encode._named_bands import NamedBands
from neurodecode.steps.delays import Delays
from neurodecode.steps.scale import Scale


class BandedRidge(BandedOptions, StagedRegressor):
    """Tell voxels from bands of features, each band with a penalty of its own for each voxel.

    The steps `delays` (where delays are asked) and `scale`, then a ridge regression of features
    times the roots of shares of the bands. Shares are drawn at random, the same for all voxels, and
    each takes those with which left-out rows are told best.

    Parameters
    ----------
    bands : mapping of str to int, tuple of str, or None
        Features of each band, in the order of the columns: ``{low: 20, high: 40}``. Or the names of
        several signals, such as features that an experiment declares, each of which is a band.
        None: those that the features name, as the tracks of a simulated film and of
        `event_features` do.
    delays : tuple of int, mapping of str to tuple of int, or None
        Volumes from what was shown to the volume that is told, of all bands or of each; None: those
        from 1.5 to 9 s. An empty tuple: features are taken as they come, as of trials.
    alphas : tuple of float
        Penalties to choose from; band b bears its own divided by the share of b.
    cv, n_splits, gap
        As in `encode.ridge`.
    n_draws : int or None
        Shares that are tried; None: fifteen a band.
    search : {"two_stage", "folds"}
        Of left-out runs or blocks: whether GCV of all training rows proposes eight sets of shares,
        which folds then choose among, or folds judge all. The score is that of folds in both.
    scoring : {"r2", "r", "mse"}
    precision : {"float32", "float64"}
    random_state : int
        By which shares are drawn.
    drop_one : bool
        Whether it is fitted without each band too, so that results and `unique` have what is lost
        without it: a search more a band.

    Attributes
    ----------
    stages_ : list
        The fitted stages; the last has ``shares_`` (n_bands, n_targets), ``alpha_``, ``cv_score_``
        and ``coef_`` (n_targets, n_features).

    References
    ----------
    Nunez-Elizalde, Huth & Gallant 2019, doi 10.1016/j.neuroimage.2019.04.012; Dupré la Tour et al.
    2022, doi 10.1016/j.neuroimage.2022.119728.
    """

    version: ClassVar[int] = 1

    def stages(self) -> list:
        """Give the unfitted stages, the predictor last.

        Raises
        ------
        ConfigError
            If delays are named for other bands than there are.
        """
        asked = {name: getattr(self, name) for name in self.get_params(deep=False)}
        if self.bands is None:
            return [NamedBands(**asked)]
        last = Banded(**asked)
        last.check_delays(self.bands)
        if not isinstance(self.bands, Mapping):
            names = list(self.bands)
            if not names or len(set(names)) < len(names):
                raise ConfigError(f"{WHO}: bands are {names}. Name each signal once.")
            return [NamedBands(**asked)]
        if self.delays is not None and len(self.delays) == 0:
            return [Scale(), last]
        return [Delays(last.union), Scale(), last]

    def parts(self, X: Any, y: Any) -> pd.DataFrame:
        """Part the R² of rows that were not trained on into what each band adds.

        The product measure: a band's part is negative where it takes away from what others tell.
        With the offset, what the rows lose by another mean than that of training, parts sum to R².

        Parameters
        ----------
        X : Trials or ndarray, as `predict` takes them
        y : ndarray, shape (n_rows, n_targets)

        Returns
        -------
        parts : DataFrame, shape (n_targets, n_bands + 2)
            A column a band, ``offset``, and their sum, ``r2``.
        """
        check_is_fitted(self)
        return self.stages_[-1].parts(through(self.stages_, X), y)

    def unique(self, X: Any, y: Any) -> pd.DataFrame:
        """Say what is lost of the R² of rows that were not trained on without each band.

        All else is fitted anew without it, which `drop_one` asks for.

        Parameters
        ----------
        X : Trials or ndarray, as `predict` takes them
        y : ndarray, shape (n_rows, n_targets)

        Returns
        -------
        unique : DataFrame, shape (n_targets, n_bands + 2)
            A column a band; ``shared``, what is told less what is unique; and ``r2`` of all bands.
            Parts may be negative: they are differences of what was told of rows left out.

        Raises
        ------
        ConfigError
            If it was fitted with all bands alone.
        """
        check_is_fitted(self)
        return self.stages_[-1].unique(through(self.stages_, X), y)
