"""What our aligners share as estimators; torch is imported when one is fitted, not before."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from sklearn.base import BaseEstimator, RegressorMixin

from neurodecode.core.names import require
from neurodecode.core.needs import Needs
from neurodecode.models.align._layouts import Scaling
from neurodecode.steps._input import three_dimensional

Positives = Literal["trial", "stimulus", "concept"]
Preset = Literal["paper", "tiny"]
Repeats = Literal["all", "one"]


class Aligner(RegressorMixin, BaseEstimator):
    """A network that brings trials into the space of their targets, trained by contrast.

    A network gives its arguments, those below among them, `recipes`, and ``_build(made)``, which
    makes the torch module of the sizes of the trials.

    Attributes
    ----------
    weights_ : dict of str to ndarray
        Of the best pass.
    layouts_ : dict
        Channels of the training layouts, and how each is scaled.
    subjects_ : list of str
        Of the training trials, in the order of the subject layer.
    y_mean_ : ndarray, shape (n_targets,)
        Of the training targets; zero where they are not centred.
    y_norm_ : float
        Mean length of the centred training targets.
    history_, best_epoch_, n_epochs_, converged_
        See `neurodecode.models.networks._classifier.NetworkClassifier`.

    Notes
    -----
    Repeats of a stimulus are trials of their own; with ``repeats: one`` a pass is shorter, and no
    two trials of one person in a batch are of one picture. Validation trials, which the harness
    cuts by concept, say which pass is best. A prediction is the mean training target plus the
    direction that the network gives, as long as training targets are on average: retrieval by what
    is left without the mean sees the direction alone.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]]
    # Weights are drawn channel by channel, so another order of channels is another start.
    order_matters: ClassVar[tuple[str, ...]] = ("channel",)
    any_layout: ClassVar[bool] = False
    own_inputs: ClassVar[bool] = False  # whether each layout has an input layer of its own
    sees_positions: ClassVar[bool] = False

    preset: Preset
    sizes: Mapping[str, Any] | None
    positives: Positives
    repeats: Repeats
    loss: Mapping[str, Any] | None
    training: Mapping[str, Any] | None
    center: bool
    scaling: Scaling
    clamp: float | None
    random_state: int | None

    def fit(self, X, y, rows=None, val=None):
        """Train on trials.

        Parameters
        ----------
        X : Trials
            With the column ``subject``; read one batch at a time.
        y : ndarray, shape (n_trials, n_targets)
        rows : DataFrame, optional
            With the column that `positives` names.
        val : tuple of X, y and rows, optional
            Validation trials.

        Raises
        ------
        ConfigError
            If an argument cannot be meant.
        DataError
            If trials differ in length or rate, hold NaN, or a loss is not finite.
        """
        return self._contrast().fit(self, X, y, rows, val)

    def check(self, X) -> None:
        """Refuse arguments that cannot be meant, and trials that differ in length or rate.

        For who trains something else first; reads no trial.

        Raises
        ------
        ConfigError, DataError
        """
        self._contrast().check(self, X)

    def predict(self, X):
        """Give a vector in the targets' space for each trial, shape (n_trials, n_targets)."""
        return self._contrast().predict(self, X)

    def embed(self, X):
        """Give the direction of each trial, of length one, shape (n_trials, n_targets)."""
        return self._contrast().embed(self, X)

    def _contrast(self) -> Any:
        name = type(self).__module__.removeprefix("neurodecode.models.")
        require("torch", purpose=name, extra="torch")
        from neurodecode.models.align import _contrast  # torch: only where it is used

        return _contrast

    def __getstate__(self):
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_made"}

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())


class Adaptive(Aligner):
    """An aligner that has something of each subject, which a new one fits with the rest frozen."""

    def adapt(self, X, y=None, rows=None):
        """Fit what belongs to the subjects of some trials, and nothing else.

        There are 50 passes over a subject's trials, or as many as make 100 steps of the optimiser:
        few trials are a single batch, and each pass a single step.

        Parameters
        ----------
        X : Trials
        y : ndarray, shape (n_trials, n_targets), optional
            Without targets nothing is learnt.
        rows : DataFrame, optional
            With the column that `positives` names.
        """
        return self if y is None else self._contrast().adapt(self, X, y, rows)


def needs_of_aligner(positives: str, **more: Any) -> Needs:
    """Give the needs of an aligner: which columns it is told depends on its positives."""
    told = () if positives == "trial" else (positives,)
    asked: dict[str, Any] = {"axes": ("channel", "time"), **more}
    return Needs(
        targets=("vector",),
        trials=True,
        columns=("subject",),
        training_columns=told,
        val=True,
        packages=("torch",),
        **asked,
    )
