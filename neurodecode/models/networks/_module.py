"""Any torch module as a model: `OfModule` trains it, and names in files become one."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import available_if

from neurodecode.core.config import bind
from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.core.nodes import Problems, from_plain
from neurodecode.models.networks import _network
from neurodecode.train.training import Training

FILLED = ("n_chans", "n_outputs", "n_times", "sfreq")  # by the trials: braindecode's words
_OURS = ("training", "class_weight", "random_state")
_SEVERAL = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class OfModule(BaseEstimator):
    """A torch module class, made for the trials at hand and trained by the one loop.

    Parameters
    ----------
    module : torch Module class
        Takes trials, shape (n_trials, …), and gives scores of classes, shape (n_trials, n_outputs),
        or targets. Of its arguments, ``n_chans``, ``n_outputs``, ``n_times`` and ``sfreq`` are
        filled in.
    training : mapping, optional
        Arguments of `neurodecode.train.training.Training`.
    class_weight : "balanced" or None
        Whether classes count alike, however many trials each has.
    random_state : int or None
    **arguments
        The module's own.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,), or None
        None where targets are numbers.
    weights_, history_, best_epoch_, n_epochs_, converged_
        See `neurodecode.models.networks._classifier.NetworkClassifier`.
    """

    needs = Needs(
        targets=("label", "value", "vector", "series"),
        batches=True,
        val=True,
        init=True,
        packages=("torch",),
    )
    version: ClassVar[int] = 1
    # Weights are drawn channel by channel, so another order of channels is another start.
    order_matters: ClassVar[tuple[str, ...]] = ("channel",)

    def __init__(
        self,
        module: type,
        training: Mapping[str, Any] | None = None,
        class_weight: str | None = None,
        random_state: int | None = None,
        **arguments: Any,
    ):
        self.module = module
        self.training = training
        self.class_weight = class_weight
        self.random_state = random_state
        self.arguments = arguments

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Give all arguments, the module's own among them: each can be tuned."""
        del deep
        return {name: getattr(self, name) for name in ("module", *_OURS)} | self.arguments

    def set_params(self, **params: Any) -> "OfModule":
        """Set arguments, the module's own among them."""
        type(self).__init__(self, **{**self.get_params(), **params})
        return self

    def fit(self, X, y, val=None, init=None):
        """Train on trials; y of whole numbers are classes, of others targets.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …), or Trials
            `Trials` are read one batch at a time.
        y : ndarray, shape (n_trials, …)
        val : tuple of X and y, optional
            Validation trials.
        init : fitted OfModule, optional
            Whose weights training starts from; of the last layer only where it has as many outputs.

        Raises
        ------
        ConfigError
            If the module cannot be made, fails on these trials, or gives another shape.
        DataError
            If trials are of one class or hold NaN, or a loss is not finite.
        """
        return _network.fit(self, X, y, val, init, training_of(self.training))

    def predict(self, X):
        return _network.predict(self, X)

    @available_if(lambda self: getattr(self, "classes_", ()) is not None)
    def predict_proba(self, X):
        return _network.probabilities(self, X)

    def _build(self, shape: tuple[int, ...], n_outputs: int, sfreq: float | None) -> Any:
        """Make the module for trials of a shape."""
        known = {
            "n_chans": shape[0] if len(shape) == 1 else shape[-2],
            "n_outputs": n_outputs,
            "n_times": shape[-1] if len(shape) > 1 else 1,
            "sfreq": sfreq,
        }
        asked = inspect.signature(self.module).parameters
        filled = {name: known[name] for name in FILLED if name in asked and known[name] is not None}
        return self.module(**{**filled, **self.arguments})

    def __getstate__(self):
        return _network.state_without_module(super().__getstate__())

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def training_of(arguments: Mapping[str, Any] | None) -> Training:
    """Read arguments of training, all that is wrong at once.

    Raises
    ------
    ConfigError
        If one is unknown, or has a value that cannot be meant.
    """
    problems = Problems("training")
    found = bind(Training, from_plain(dict(arguments or {})), "", problems)
    problems.stop()
    assert found is not None  # problems stop
    return found


def named(module: type) -> Callable[..., OfModule]:
    """Give what makes the model of a module class; its signature is what a file may say.

    Raises
    ------
    ConfigError
        If the module has an argument of a name that training has.
    """
    own = inspect.signature(module).parameters
    clash = sorted(set(own) & {"module", *_OURS})
    if clash:
        raise ConfigError(
            f"{module.__name__}: its argument {clash[0]!r} has the name of one of ours "
            f"(module, {', '.join(_OURS)}). Rename it."
        )

    def make(**arguments: Any) -> OfModule:
        return OfModule(module, **arguments)

    ours = inspect.signature(OfModule).parameters
    parameters = {
        name: p.replace(default=None) if name in FILLED and p.default is p.empty else p
        for name, p in own.items()
    }
    parameters |= {name: ours[name] for name in _OURS}
    make.__signature__ = inspect.Signature(  # pyright: ignore[reportFunctionMemberAccess]
        [p.replace(kind=p.KEYWORD_ONLY) for p in parameters.values() if p.kind not in _SEVERAL]
        + [p for p in parameters.values() if p.kind is p.VAR_KEYWORD]
    )
    hints = getattr(module.__init__, "__annotations__", {})
    make.__annotations__ = {
        **{name: hint for name, hint in hints.items() if name in own},
        "training": Training,
        "random_state": int | None,
    }
    make.__doc__ = module.__doc__
    return make
