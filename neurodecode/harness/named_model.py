"""A model under the name that tables show, and what it says that it needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from neurodecode.core.config import Call
from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.core.stages import ignores_y, stages_of, takes_rows_of_numbers
from neurodecode.core.updating import Updates, learning

if TYPE_CHECKING:
    from neurodecode.harness.question import TargetAccess


@dataclass(frozen=True)
class NamedModel:
    """An estimator under the name that tables show.

    Parameters
    ----------
    name : str
    estimator : scikit-learn estimator
        Unfitted.
    role : {"model", "control", "ceiling"}
        A control sees no brain, a ceiling is told what no model may know (what an oracle says, the
        true class); neither has a shuffled null.
    """

    name: str
    estimator: Any
    role: Literal["model", "control", "ceiling"] = "model"

    @staticmethod
    def of(name: str, estimator: Any, role: Literal["model", "control"]) -> "NamedModel":
        """Name what is asked as a model or as a control, of which some are ceilings.

        Raises
        ------
        ConfigError
            If a ceiling is asked as a model.
        """
        if getattr(stages_of(estimator)[-1], "role", "") != "ceiling":
            return NamedModel(name, estimator, role)
        if role == "model":
            raise ConfigError(
                f"models: {name} is told what no model may know, and stands beside them as a "
                "ceiling. Name it under controls."
            )
        return NamedModel(name, estimator, "ceiling")

    @property
    def input_needs(self) -> Needs:
        """Needs of the first stage; without any, what scikit-learn's tags say."""
        return needs_of(self.estimator, first=True)

    @property
    def target_needs(self) -> Needs:
        """Needs of the last stage."""
        return needs_of(self.estimator, first=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the rows that one of its stages is handed."""
        return tuple(dict.fromkeys(name for needs in self._all_needs for name in needs.columns))

    @property
    def training_columns(self) -> tuple[str, ...]:
        """Columns of the training rows that one of its stages is told beside the target."""
        several = (
            (*needs.training_columns, *needs.training_columns_if_there) for needs in self._all_needs
        )
        return tuple(dict.fromkeys(name for names in several for name in names))

    @property
    def needed_columns(self) -> tuple[str, ...]:
        """Columns that rows must have, for its stages to be fitted and to answer."""
        several = ((*needs.columns, *needs.training_columns) for needs in self._all_needs)
        return tuple(dict.fromkeys(name for names in several for name in names))

    @property
    def training_signals(self) -> tuple[str, ...]:
        """Signals of the training rows that one of its stages is told beside the target."""
        several = (needs.training_signals for needs in self._all_needs)
        return tuple(dict.fromkeys(name for names in several for name in names))

    @property
    def target_space(self) -> bool:
        """Whether one of its stages is handed the space of the brain that it tells."""
        return any(needs.target_space for needs in self._all_needs)

    @property
    def ragged_targets(self) -> bool:
        """Whether all of its stages that are told the target take one that differs in length."""
        told = (stage for stage in stages_of(self.estimator) if not ignores_y(stage))
        return all(needs_of(stage, first=True).ragged_targets for stage in told)

    @property
    def unlabelled(self) -> bool:
        """Whether one of its stages learns from rows of unknown target too."""
        return any(asks_unlabelled(stage) for stage in stages_of(self.estimator))

    @property
    def calibrated(self) -> bool:
        """Whether one of its stages must be told labels of some trials of the tested."""
        return any(needs.calibration for needs in self._all_needs)

    @property
    def transductive(self) -> bool:
        """Whether one of its stages must be shown all test rows before it answers any."""
        return any(needs.transductive for needs in self._all_needs)

    @property
    def must_update(self) -> bool:
        """Whether one of its stages is of use only where it goes on learning while tested."""
        return any(needs.updates for needs in self._all_needs)

    def updates(self, access: "TargetAccess") -> Updates:
        """Say from what its stages go on learning while they are tested: what they can, and may."""
        at_once, when_told = learning(stages_of(self.estimator), access.updates)
        return "delayed_labels" if any(when_told) else "unlabelled" if any(at_once) else ""

    @property
    def val(self) -> bool:
        """Whether one of its stages is handed validation rows."""
        return any(needs.val for needs in self._all_needs)

    @property
    def sequential(self) -> bool:
        """Whether one of its stages leans on earlier trials of a recording."""
        return any(needs.sequential for needs in self._all_needs)

    @property
    def packages(self) -> tuple[str, ...]:
        """Optional packages that its stages need."""
        stages = stages_of(self.estimator)
        return tuple(dict.fromkeys(p for one in stages for p in needs_of(one, first=True).packages))

    @property
    def _all_needs(self) -> list[Needs]:
        """Needs of each stage that declares any, and of the first."""
        declared = [self.input_needs, *map(_declared_needs, stages_of(self.estimator)[1:])]
        return [needs for needs in declared if needs is not None]

    @property
    def flattens(self) -> bool:
        """Whether trials are handed as rows of numbers, for an estimator of 2-D input."""
        return takes_rows_of_numbers(self.estimator)


def display_names(steps_of_models: Sequence[Sequence[Call]]) -> list[str]:
    """Short unique names: the dotted names, with arguments only where they tell models apart."""
    short = [" + ".join(call.name for call in steps) for steps in steps_of_models]
    names = []
    for name, steps in zip(short, steps_of_models, strict=True):
        alike = [o for n, o in zip(short, steps_of_models, strict=True) if n == name]
        told = [
            _with_arguments(call) if any(o[i].arguments != call.arguments for o in alike)
            else call.name
            for i, call in enumerate(steps)
        ]  # fmt: skip
        names.append(" + ".join(told))
    return names


def needs_of(estimator: Any, *, first: bool) -> Needs:
    """Needs of a model, or of its first or last stage, or what a plain estimator implies."""
    declared = _declared_needs(estimator)
    if declared is not None:
        return declared
    declared = _declared_needs(stages_of(estimator)[0 if first else -1])
    if declared is not None:
        return declared
    return Needs(targets=_targets_of(estimator))


def asks_unlabelled(stage: Any) -> bool:
    """Whether a stage learns from rows of unknown target too."""
    needs = _declared_needs(stage)
    return needs is not None and needs.unlabelled


def _declared_needs(estimator: Any) -> Needs | None:
    needs = getattr(estimator, "needs", None)
    return needs if isinstance(needs, Needs) else None


def _targets_of(estimator: Any) -> tuple[str, ...]:
    """Kinds of target that scikit-learn's tags say an estimator learns."""
    tags = getattr(estimator, "__sklearn_tags__", None)
    if tags is None or tags().estimator_type != "regressor":
        return ("label",)
    several = tags().target_tags.multi_output or tags().target_tags.two_d_labels
    return ("value", "vector", "brain") if several else ("value",)


def _with_arguments(call: Call) -> str:
    given = ", ".join(f"{key}={value}" for key, value in call.arguments.items())
    return f"{call.name}({given})"
