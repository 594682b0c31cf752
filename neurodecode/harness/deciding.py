"""Models that run over recordings, made to decide: evidence is accumulated before they act."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from neurodecode.core.errors import ConfigError
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.question import Question, Tune
from neurodecode.models.online import accumulated

_ARGUMENTS = ("average", "threshold", "dwell", "refractory")


@dataclass(frozen=True)
class Decide:
    """How decoders of sliding windows turn evidence into decisions.

    Each argument of `neurodecode.models.online.accumulate.Accumulate` is a value, or several: of
    these, inner folds of the training rows choose.

    Parameters
    ----------
    average : int or tuple of int
        Windows whose log-probabilities are averaged.
    threshold : float or tuple of float
        Least probability of a task that is decided.
    dwell : int or tuple of int
        Windows in a row that say the same before it is decided.
    refractory : float or tuple of float
        Seconds from one decision for a task to the next, at least.
    metric : str
        What is compared where there are several values; empty for the first of the metrics.
    n_splits : int or None
        Inner folds; None for five, or for those of `tune` where that chooses too.
    """

    average: int | tuple[int, ...] = 1
    threshold: float | tuple[float, ...] = 0.5
    dwell: int | tuple[int, ...] = 1
    refractory: float | tuple[float, ...] = 0.0
    metric: str = ""
    n_splits: int | None = None

    def __post_init__(self):
        for name in _ARGUMENTS:
            if self.values(name) == ():
                raise ConfigError(f"{name}: give a value, or several.")
        for name in ("average", "dwell"):
            least = min(self.values(name))
            if least < 1:
                raise ConfigError(f"{name}: {least} windows. Give 1 or more.")
        if not all(0 <= one <= 1 for one in self.values("threshold")):
            raise ConfigError("threshold: give probabilities, from 0 to 1.")
        if min(self.values("refractory")) < 0:
            raise ConfigError("refractory: give seconds, 0 or more.")

    def values(self, name: str) -> tuple[Any, ...]:
        """Give the values of an argument, one or several."""
        value = getattr(self, name)
        return value if isinstance(value, tuple) else (value,)


def deciding(question: Question, decide: Decide, idle: str) -> Question:
    """Give the question of models that accumulate what they say of windows, controls too.

    Parameters
    ----------
    question : Question
    decide : Decide
    idle : str
        Label of windows that no task names.

    Raises
    ------
    ConfigError
        If there is no idle, a model gives no probabilities, or two numbers of inner folds are
        asked for what is chosen together.
    """
    classes: Sequence[str] = question.target.classes
    if idle not in classes:
        raise ConfigError(
            "decide: below the threshold idle is decided, and there is none among the classes. Say "
            "windows: {…, otherwise: idle} and target: {…, classes: [idle, …]}."
        )
    first = {name: decide.values(name)[0] for name in _ARGUMENTS}
    several = {name: v for name in _ARGUMENTS if len(v := decide.values(name)) > 1}
    models = tuple(_deciding(one, first, classes.index(idle)) for one in question.models)
    tune = question.tune
    grids = {
        name: {f"model__{argument}": values for argument, values in grid.items()}
        for name, grid in (tune.grids if tune is not None else {}).items()
    }
    if several:
        grids = {one.name: grids.get(one.name, {}) | several for one in models}
        metric = decide.metric or (tune.metric if tune is not None else "")
        tune = Tune(grids, _n_splits(decide, tune), metric)
    elif tune is not None:
        tune = replace(tune, grids=grids)
    return replace(question, models=models, tune=tune)


def _n_splits(decide: Decide, tune: Tune | None) -> int:
    if tune is None:
        return 5 if decide.n_splits is None else decide.n_splits
    if decide.n_splits not in (None, tune.n_splits):
        raise ConfigError(
            f"decide: n_splits is {decide.n_splits}, and that of tune is {tune.n_splits}: both "
            "choose on the same inner folds. Say it under tune alone."
        )
    return tune.n_splits


def _deciding(model: NamedModel, arguments: dict[str, Any], idle: int) -> NamedModel:
    try:
        decoder = accumulated(model.estimator, idle=idle, **arguments)
    except ConfigError as error:
        raise ConfigError(f"decide: {model.name}: {error}") from error
    return replace(model, estimator=decoder)
