"""`Question`: what is asked of trials, once they exist, and of which models."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.gallery import Likeness
from neurodecode.core.target import Target
from neurodecode.core.training import Device
from neurodecode.core.updating import Updates
from neurodecode.harness.asked_ceiling import CeilingSpec
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.views import View
from neurodecode.protocols import Protocol

Overlap = Literal["purge", "refuse", "allowed"]
Unit = Literal["subject", "session", "fold"]
Keep = Literal["none", "final", "folds"]
ShuffledWithin = Literal["run", "subject"]
GalleryOf = Literal["tested", "all", "prototype"]
N_PAIRINGS = 10_000
DEFAULT_CONTROLS = ("baseline.prior", "baseline.clock", "baseline.history")  # of labels
OF_NUMBERS = ("baseline.mean_target",)  # of values, vectors, series and brains
DEFAULT_WITHIN: tuple[Unit, ...] = ("subject", "session", "fold")


@dataclass(frozen=True)
class TargetAccess:
    """What of the tested person or session may be seen before testing; nothing by default.

    Parameters
    ----------
    unlabelled : "rows", float, or None
        Without labels: rows of the tested sessions whose target is unknown (a resting run), or
        this first part of the test rows of each session, which are then not tested.
    calibration : int, float, or None
        With labels: the first trials in time of each tested session, as many of each class (of
        vectors, numbers and brains, which have no classes, as many in all), or this first part of
        the session. They are of the test rows, which are then not tested; or, where the protocol
        keeps what is shown apart (`shared_stimuli`, within others), of those that show nothing
        that is tested.
    transductive : bool
        The test rows themselves, without their labels.
    one_by_one : bool
        Whether test trials are handed over one at a time, so that none can lean on another.
    updates : {"", "unlabelled", "delayed_labels"}
        From what stages that can (`update`) go on learning while they are tested, in time: nothing;
        each trial, without its label, before it is answered; or also the labels of trials that had
        ended by then.
    """

    unlabelled: Literal["rows"] | float | None = None
    calibration: int | float | None = None
    transductive: bool = False
    one_by_one: bool = False
    updates: Updates = ""

    def __post_init__(self):
        given = [self.unlabelled is not None, self.calibration is not None, self.transductive]
        if sum(given) > 1:
            raise ConfigError(
                "expected one of unlabelled, calibration and transductive, or none of them."
            )
        if isinstance(self.unlabelled, int | float) and not 0 < self.unlabelled < 1:
            raise ConfigError(
                f"unlabelled: {self.unlabelled} is no part of a session. Give a number between 0 "
                "and 1, or rows."
            )
        k = self.calibration
        whole = isinstance(k, int) and k >= 1
        if k is not None and not whole and not (isinstance(k, float) and 0 < k < 1):
            raise ConfigError(
                f"calibration: {k}. Give the number of trials a class (of vectors, of trials), 1 "
                "or more, or a part of the session between 0 and 1."
            )
        if self.updates not in get_args(Updates):
            known = " or ".join(one for one in get_args(Updates) if one)
            raise ConfigError(f"updates: {self.updates!r}. Give {known}, or leave it out.")
        for asked in ("one_by_one", "updates"):
            if self.transductive and getattr(self, asked):
                raise ConfigError(f"transductive shows all test rows at once; remove {asked}.")

    @property
    def name(self) -> str:
        """How tables say it: ``none``, ``unlabelled 0.2``, ``calibration 5``, ``transductive``."""
        if self.transductive:
            return "transductive"
        for kind in ("unlabelled", "calibration"):
            if getattr(self, kind) is not None:
                return f"{kind} {getattr(self, kind)}"
        return "none"


@dataclass(frozen=True)
class Aggregate:
    """Which test rows are answered together, such as the repeats of a stimulus.

    Parameters
    ----------
    by : tuple of str
        Columns; rows with the same values of all of them are answered together.
    how : {"mean"}
    of : {"answers", "inputs"}
        What is averaged: what a model says of each row (scores, values, embeddings), before
        scoring; or the trials themselves, so that the model is handed their mean, and its answer
        stands for each of them. The mean of k trials has less noise than any that a model was
        trained on, and another variance: what is scaled, or what is not linear, meets what it has
        not seen. Averaged answers have no such trap.
    n : int or None
        How many rows of each group count, the first in time; None for all.
    """

    by: tuple[str, ...]
    how: Literal["mean"] = "mean"
    of: Literal["answers", "inputs"] = "answers"
    n: int | None = None

    def __post_init__(self):
        if self.of not in ("answers", "inputs"):
            raise ConfigError(f"of: {self.of!r}. Give answers or inputs.")
        if self.n is not None and (not isinstance(self.n, int) or self.n < 1):
            raise ConfigError(f"n: {self.n!r} rows of each group. Give 1 or more.")
        if not self.by:
            raise ConfigError("by: name the columns whose rows are answered together.")


@dataclass(frozen=True)
class Tune:
    """Arguments of models that are chosen on inner folds of the training rows.

    Parameters
    ----------
    grids : mapping of str to mapping
        Model's name to {argument: values to try}; of a list of steps ``step__argument``.
    n_splits : int
        Inner folds. They keep apart what the protocol keeps apart; where there are no more groups
        than folds, each group is left out once.
    metric : str
        What is compared; empty for the experiment's first.
    """

    grids: Mapping[str, Mapping[str, tuple[Any, ...]]]
    n_splits: int = 5
    metric: str = ""

    def __post_init__(self):
        if self.n_splits < 2:
            raise ConfigError(f"n_splits is {self.n_splits}; give 2 or more.")
        if not self.grids:
            raise ConfigError("grids: there is none. Name a model, its arguments and their values.")
        for model, grid in self.grids.items():
            empty = [name for name, values in grid.items() if not values]
            if not grid or empty:
                raise ConfigError(f"grids.{model}: give each argument the values to try.")


@dataclass(frozen=True)
class Init:
    """Fitted models that models which ask for one start from.

    Parameters
    ----------
    results : str
        Folder of results, or the name of an experiment whose results stand beside these. The model
        of the same fold is taken, where folds were kept, else the one of all rows.
    model : str
        Name in their table; needed where there are several.
    """

    results: str
    model: str = ""


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
    gallery : {"tested", "all", "prototype"}
        What identification tells a vector from: those that are scored together, all there are, or
        of each concept the mean of its other pictures.
    likeness : {"correlation", "cosine", "centered_cosine"}
        When identification calls two vectors alike.
    n_pairings : int
        Permutations of who saw what, for p of metrics that set answers beside stimuli.
    n_draws : int
        Draws of the shuffled null a model.
    shuffled_within : {"run", "subject"}
        Within what draws permute training labels. What a run or a session shows besides, as of
        sessions that show one kind of thing each, stays told by the first and not by the second.
    title : str
    shown : tuple of str
        Signals of what was shown, which no model is handed as what it reads: declared features.
    reduce : scikit-learn transformer or None
        What vectors are brought through before models learn them, fitted on training rows; what is
        predicted is brought back.
    access : TargetAccess
    aggregate : Aggregate or None
    ceiling : CeilingSpec
        Which noise ceiling stands beside scores of the brain.
    tune : Tune or None
    n_permutations : int
        Permutations of the labels for the p value of each model.
    keep : {"none", "final", "folds"}
        Which fitted models are stored: each model once more on all rows, or also that of each fold.
    device : {"auto", "cpu", "cuda"}
        On what networks are trained; ``auto`` is the GPU where there is one.
    views : mapping of str to View
        Features of pictures that metrics are of.
    """

    target: Target
    protocol: Protocol
    models: tuple[NamedModel, ...]
    metrics: tuple[str, ...] = ("balanced_accuracy",)
    seeds: tuple[int, ...] = (0,)
    overlap: Overlap = "purge"
    within: tuple[Unit, ...] = DEFAULT_WITHIN
    gallery: GalleryOf = "tested"
    likeness: Likeness = "correlation"
    n_pairings: int = N_PAIRINGS
    n_draws: int = 20
    shuffled_within: ShuffledWithin = "run"
    title: str = ""
    shown: tuple[str, ...] = ()
    reduce: Any = None
    access: TargetAccess = field(default_factory=TargetAccess)
    aggregate: Aggregate | None = None
    ceiling: CeilingSpec = field(default_factory=CeilingSpec)
    tune: Tune | None = None
    n_permutations: int = 0
    keep: Keep = "none"
    device: Device = "auto"
    views: Mapping[str, View] = field(default_factory=dict)

    def __post_init__(self):
        twice = [name for name, n in Counter(m.name for m in self.models).items() if n > 1]
        if twice:
            raise ConfigError(f"models: {twice[0]!r} is asked twice with the same arguments.")
        if not isinstance(self.n_draws, int) or self.n_draws < 0:
            raise ConfigError(f"n_draws: {self.n_draws!r} draws of the null. Give 0 or more.")
        if self.shuffled_within == "subject" and self.target.kind in ("series", "brain"):
            raise ConfigError(
                f"shuffled: within: subject would deal pieces of one run's {self.target.kind} to "
                "others. Leave it out: they are moved on within their run."
            )
        if not isinstance(self.n_pairings, int) or self.n_pairings < 0:
            raise ConfigError(f"score: n_pairings: {self.n_pairings!r}. Give 0 or more.")
        if not isinstance(self.n_permutations, int) or self.n_permutations < 0:
            raise ConfigError(f"n_permutations: {self.n_permutations!r}. Give 0 or more.")
        if self.averages_inputs and (
            self.access.one_by_one or self.access.transductive or self.access.updates
        ):
            raise ConfigError(
                "aggregate: of: inputs hands a model means of test trials, and target_access is of "
                "single ones (one_by_one, transductive, updates). Use of: answers."
            )
        if self.target.kind == "none" and (self.n_draws or self.n_permutations):
            raise ConfigError(
                "n_draws, n_permutations: nothing is told, so there are no labels to permute. Give "
                "0."
            )
        if self.device not in get_args(Device):
            raise ConfigError(
                f"device: {self.device!r}. Give one of {', '.join(get_args(Device))}."
            )
        names = [model.name for model in self.models]
        for name in self.tune.grids if self.tune else ():
            if name not in names:
                raise ConfigError(f"tune.grids: no model {name!r}.{nearest(name, names)}")
        for name in ("metrics", "seeds"):
            if not getattr(self, name):
                raise ConfigError(f"{name}: there is none. Name at least one.")
        odd = [name for name in self.metrics if not isinstance(name, str)]
        if odd:
            raise ConfigError(f"metrics: expected names, got {odd[0]!r}.")
        for seed in self.seeds:
            if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**32:
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

    @property
    def told(self) -> tuple[str, ...]:
        """Signals that training rows are told: the target's, and those that models ask for."""
        more = (name for model in self.models for name in model.training_signals)
        return tuple(dict.fromkeys([self.target.signal, *more]))

    @property
    def hidden(self) -> tuple[str, ...]:
        """Signals that no model reads as brain: what is told, and what was shown."""
        return tuple(dict.fromkeys([*self.told, *self.shown]))

    @property
    def averages_inputs(self) -> bool:
        """Whether models are handed means of test trials."""
        return self.aggregate is not None and self.aggregate.of == "inputs"
