"""What our networks share as estimators; torch is imported when one is fitted, not before."""

from typing import Any, ClassVar

from sklearn.base import BaseEstimator, ClassifierMixin

from neurodecode.core.names import require
from neurodecode.core.needs import Needs
from neurodecode.steps._input import three_dimensional


class NetworkClassifier(ClassifierMixin, BaseEstimator):
    """A classifier of trials that is a torch module, trained by the one loop.

    A network gives its arguments, those of `neurodecode.train.training.Training`, ``class_weight``
    and ``random_state`` among them, and ``_build(shape, n_outputs, sfreq)``, which makes the module
    or raises a DataError.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    weights_ : dict of str to ndarray
        Of the best pass; the mean and scale of each channel of the training trials among them, by
        which trials are scaled.
    history_ : dict of str to ndarray, shape (n_epochs,)
        Losses pass by pass.
    best_epoch_, n_epochs_ : int
    converged_ : bool
        Whether the loss had stopped falling before `max_epochs`.

    Notes
    -----
    Validation trials, where they are given, say which pass is best and when to stop; the harness
    cuts them from the training trials. On a GPU products are of bfloat16.
    """

    needs = Needs(axes=("channel", "time"), batches=True, val=True, init=True, packages=("torch",))
    # Weights are drawn channel by channel, so another order of channels is another start.
    order_matters: ClassVar[tuple[str, ...]] = ("channel",)

    def fit(self, X, y, val=None, init=None):
        """Train on trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times), or Trials
            `Trials` are read one batch at a time.
        y : ndarray, shape (n_trials,)
        val : tuple of X and y, optional
            Validation trials.
        init : fitted network of the same class, optional
            Whose weights training starts from; of the last layer only where it has as many classes.

        Raises
        ------
        DataError
            If trials are too short, of one class, or hold NaN, or a loss is not finite.
        """
        network = self._network()
        return network.fit(self, X, y, val, init, network.training_of(self))

    def predict(self, X):
        """Give the most probable class of each trial, shape (n_trials,)."""
        return self._network().predict(self, X)

    def predict_proba(self, X):
        """Give the probability of each class, shape (n_trials, n_classes)."""
        return self._network().probabilities(self, X)

    def _network(self) -> Any:
        name = type(self).__module__.removeprefix("neurodecode.models.")
        require("torch", purpose=name, extra="torch")
        from neurodecode.models.networks import _network  # torch: only where it is used

        return _network

    def __getstate__(self):
        return self._network().state_without_module(super().__getstate__())

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
