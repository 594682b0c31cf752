"""`Question`: what is asked of trials, once they exist, and of which models."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from neurodecode.core.config import Call
from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.core.stages import stages_of
from neurodecode.core.target import Target
from neurodecode.protocols import Protocol

Overlap = Literal["purge", "refuse", "allowed"]
Unit = Literal["subject", "session", "fold"]
DEFAULT_CONTROLS = ("baseline.prior", "baseline.clock", "baseline.history")
DEFAULT_WITHIN: tuple[Unit, ...] = ("subject", "session", "fold")


@dataclass(frozen=True)
class NamedModel:
    """An estimator under the name that tables show.

    Parameters
    ----------
    name : str
    estimator : scikit-learn estimator
        Unfitted.
    role : {"model", "control"}
        A control sees no brain and has no shuffled null.
    """

    name: str
    estimator: Any
    role: Literal["model", "control"] = "model"

    @property
    def input_needs(self) -> Needs:
        """Needs of the first stage; without any, what scikit-learn's tags say."""
        return needs_of(self.estimator, first=True)

    @property
    def target_needs(self) -> Needs:
        """Needs of the last stage."""
        return needs_of(self.estimator, first=False)

    @property
    def flattens(self) -> bool:
        """Whether trials are handed as rows of numbers, for an estimator of 2-D input."""
        if _declared_needs(self.estimator) is not None:
            return False
        first = stages_of(self.estimator)[0]
        if _declared_needs(first) is not None:
            return False
        if type(first).__module__.startswith(("pyriemann.", "mne.")):
            return False  # their tags do not say that they take (n_trials, n_channels, n_times)
        tags = first.__sklearn_tags__()
        if tags.no_validation:
            return False  # a FunctionTransformer takes what it is given
        return tags.input_tags.two_d_array and not tags.input_tags.three_d_array


@dataclass(frozen=True)
class Question:
    """What is asked, apart from the data.

    Parameters
    ----------
    target : Target
    protocol : Protocol
        Who is trained on and who is tested.
    models : tuple of NamedModel
        Models and controls; names are unique.
    metrics : tuple of str
    seeds : tuple of int
    overlap : {"purge", "refuse", "allowed"}
        What happens to training rows whose windows overlap a test window.
    within : tuple of str
        What is scored together: each combination of these is one score.
    n_draws : int
        Draws of the shuffled null a model.
    title : str
    """

    target: Target
    protocol: Protocol
    models: tuple[NamedModel, ...]
    metrics: tuple[str, ...] = ("balanced_accuracy",)
    seeds: tuple[int, ...] = (0,)
    overlap: Overlap = "purge"
    within: tuple[Unit, ...] = DEFAULT_WITHIN
    n_draws: int = 20
    title: str = ""

    def __post_init__(self):
        twice = [name for name, n in Counter(m.name for m in self.models).items() if n > 1]
        if twice:
            raise ConfigError(f"models: {twice[0]!r} is asked twice with the same arguments.")
        if not isinstance(self.n_draws, int) or self.n_draws < 0:
            raise ConfigError(f"n_draws: {self.n_draws!r} draws of the null. Give 0 or more.")
        if not self.metrics or not self.seeds:
            raise ConfigError("metrics, seeds: name at least one of each.")
        odd = [name for name in self.metrics if not isinstance(name, str)]
        if odd:
            raise ConfigError(f"metrics: expected names, got {odd[0]!r}.")
        for seed in self.seeds:
            if not isinstance(seed, int) or not 0 <= seed < 2**32:
                raise ConfigError(
                    f"seeds: expected whole numbers from 0 to {2**32 - 1}, got {seed!r}."
                )
        for name, several in (("metrics", self.metrics), ("seeds", self.seeds)):
            again = [one for one, n in Counter(several).items() if n > 1]
            if again:
                raise ConfigError(f"{name}: {again[0]!r} is given twice. Keep one.")
        if not any(model.role == "model" for model in self.models):
            raise ConfigError(
                "models: there is none. Name at least one; see: neurodecode list models"
            )


def display_names(steps_of_models: Sequence[Sequence[Call]]) -> list[str]:
    """Short unique names: the dotted name, with arguments only where names alone are equal."""
    short = [" + ".join(call.name for call in steps) for steps in steps_of_models]
    counts = Counter(short)
    return [
        name if counts[name] == 1 else " + ".join(_with_arguments(call) for call in steps)
        for name, steps in zip(short, steps_of_models, strict=True)
    ]


def needs_of(estimator: Any, *, first: bool) -> Needs:
    """Needs of a model, or of its first or last stage, or what a plain estimator implies."""
    declared = _declared_needs(estimator)
    if declared is not None:
        return declared
    declared = _declared_needs(stages_of(estimator)[0 if first else -1])
    if declared is not None:
        return declared
    return Needs(targets=("value",) if _is_regressor(estimator) else ("label",))


def _declared_needs(estimator: Any) -> Needs | None:
    needs = getattr(estimator, "needs", None)
    return needs if isinstance(needs, Needs) else None


def _is_regressor(estimator: Any) -> bool:
    tags = getattr(estimator, "__sklearn_tags__", None)
    return tags is not None and tags().estimator_type == "regressor"


def _with_arguments(call: Call) -> str:
    given = ", ".join(f"{key}={value}" for key, value in call.arguments.items())
    return f"{call.name}({given})"
