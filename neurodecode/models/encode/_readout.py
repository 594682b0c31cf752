"""What our readouts share as estimators; torch is imported when one is fitted, not before."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import DataError
from neurodecode.core.names import require
from neurodecode.core.needs import Needs
from neurodecode.core.space import Space
from neurodecode.steps._input import three_dimensional

MOST_NUMBERS = 1_000_000  # of maps that are stored; of more, they would outweigh the recording


class Readout(RegressorMixin, BaseEstimator):
    """An encoder that reads brains from maps of features, trained by the one loop.

    A readout gives its arguments, those below among them, `recipes` by its preset, and
    ``_build(made)``, which makes the torch module of the sizes of maps and targets.

    Attributes
    ----------
    attended_ : ndarray, shape (n_queries, height, width)
        Mean attention over training stimuli, of readouts that are moved by what is shown.
    weights_ : dict of str to ndarray
        Of the best pass; mean and scale of each channel over training stimuli and places among
        them, by which channels are scaled.
    made_ : dict
        Sizes of maps and targets.
    y_mean_, y_scale_ : ndarray, shape (n_targets,)
        Of the training targets, by which they are scaled: each target counts alike.
    history_, best_epoch_, n_epochs_, converged_
        See `neurodecode.models.networks._classifier.NetworkClassifier`.
    """

    needs = Needs(targets=("vector", "brain"), batches=True, val=True, packages=("torch",))
    recipes: ClassVar[Mapping[str, Mapping[str, Any]]]
    reads_pictures: ClassVar[bool] = False
    judged_beside: ClassVar[str] = "ridge"  # what it adds is seen beside a tuned one alone

    preset: str = "tiny"
    grid: tuple[int, int] | None
    n_prefix: int
    channels: Any
    training: Mapping[str, Any] | None
    random_state: int | None

    def fit(self, X, y, val=None):
        """Train on maps of what was shown.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_tokens, n_channels) or (n_trials, …) of maps; or Trials
            `Trials` are read one batch at a time.
        y : ndarray, shape (n_trials,) or (n_trials, n_targets)
        val : tuple of X and y, optional
            Validation trials, which say which pass is best and when to stop.

        Raises
        ------
        ConfigError
            If an argument cannot be meant.
        DataError
            If features are no maps, hold NaN, or a loss is not finite.
        """
        return self._fitting().fit(self, X, y, val)

    def check_space(self, space: Space) -> None:
        """Hold features to being maps, which `plan` does before any is read.

        Raises
        ------
        DataError
            If it is a brain that is handed over, or features have no places.
        """
        if space.kind != "features":
            raise DataError(
                f"it reads maps of features, and these trials are of {space.kind}. Say direction: "
                "encode, and name features."
            )
        if len(space):  # else they are not computed yet
            self._fitting().shape_in(self, space.shape or (len(space),))

    def predict(self, X):
        """Give what each target answers, shape (n_trials, n_targets), in the unit of y."""
        return self._fitting().predict(self, X)

    def spatial_maps(self) -> np.ndarray:
        """Give how much each target weighs each place, shape (n_targets, height, width).

        Where what is shown moves it, the mean over training stimuli, of each target or query; none
        of more than a million numbers.

        Row i, column j is the place whose middle is ``2 (i + 0.5) / height - 1`` down and
        ``2 (j + 0.5) / width - 1`` to the right, where the picture goes from -1 to 1.
        """
        check_is_fitted(self)
        return self._fitting().spatial_maps(self)

    def patterns(self) -> dict[str, np.ndarray]:
        """Give `spatial_maps`, where they are a million numbers at most; of more, none."""
        check_is_fitted(self)
        made: Any = self.__dict__["made_"]
        n_targets, (height, width) = made["n_targets"], made["grid"]
        if n_targets * height * width > MOST_NUMBERS:
            return {}
        maps = self.spatial_maps()
        return {"places": maps} if len(maps) else {}

    def _build(self, made: Mapping[str, Any]) -> Any:
        raise NotImplementedError

    def _fitting(self) -> Any:
        name = type(self).__module__.removeprefix("neurodecode.models.")
        require("torch", purpose=name, extra="torch")
        from neurodecode.models.encode import _fitting  # torch: only where it is used

        return _fitting

    def __getstate__(self):
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_made"}

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.target_tags.multi_output = True
        return tags
