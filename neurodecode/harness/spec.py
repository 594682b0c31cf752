"""The keys of an experiment file, as it was written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from neurodecode.core.config import Call
from neurodecode.core.errors import ConfigError
from neurodecode.core.gallery import Likeness
from neurodecode.core.training import Device
from neurodecode.data.tasks import Direction, TargetSpec, WindowsSpec
from neurodecode.harness.asked_ceiling import CeilingSpec
from neurodecode.harness.deciding import Decide
from neurodecode.harness.question import (
    DEFAULT_WITHIN,
    N_PAIRINGS,
    Aggregate,
    GalleryOf,
    Init,
    Keep,
    Overlap,
    ShuffledWithin,
    TargetAccess,
    Tune,
    Unit,
)

Channels = Literal["common", "interpolate", "error"]


@dataclass(frozen=True)
class PairSpec:
    """Which recordings give trials another signal: those that share what `by` names.

    They are prepared and cut as their own task says; several rows of one value are averaged.
    """

    card: str
    task: str
    by: tuple[str, ...]
    variant: str = ""
    subjects: tuple[str, ...] | None = None
    sessions: tuple[str, ...] | None = None
    runs: tuple[str, ...] | None = None

    def __post_init__(self):
        for name in ("by", "subjects", "sessions", "runs"):
            if getattr(self, name) == ():
                raise ConfigError(f"{name}: the list is empty. Name one.")


@dataclass(frozen=True)
class DataSpec:
    """Which recordings: a card, one of its tasks, and a selection.

    With `simulate` they are made with a planted effect, as the card says, and no file is read.
    """

    card: str
    task: str
    variant: str = ""
    subjects: tuple[str, ...] | None = None
    sessions: tuple[str, ...] | None = None
    runs: tuple[str, ...] | None = None
    simulate: Literal["", "full", "small"] = ""
    pair: PairSpec | None = None

    def __post_init__(self):
        for name in ("subjects", "sessions", "runs"):
            if getattr(self, name) == ():
                raise ConfigError(f"{name}: the list is empty. Name one, or leave the key out.")


@dataclass(frozen=True)
class ShuffledSpec:
    """The null of each model: training labels permuted within run or block, or subject.

    Series, and brains with a rate, are moved on in time within the run.
    """

    n_draws: int = 20
    within: ShuffledWithin = "run"


@dataclass(frozen=True)
class ScoreSpec:
    """What is scored together, and what identification tells a vector from, and how.

    Without a likeness, features that the experiment declares are told apart by their centred
    cosine, and whatever else by its correlation. `judges` is the folder of weights of the networks
    that sets of metrics ask, or its name below the folders of weights.
    """

    within: tuple[Unit, ...] = DEFAULT_WITHIN
    gallery: GalleryOf = "tested"
    likeness: Likeness | None = None
    n_pairings: int = N_PAIRINGS
    judges: str = "judges"


@dataclass(frozen=True)
class ProtocolSpec:
    """Who is trained on and who is tested."""

    call: Call
    overlap: Overlap = "purge"


@dataclass(frozen=True)
class OnlineSpec:
    """What else is asked of the same models: to run over recordings as they would online.

    What is not given is the experiment's own, or that of the task that is named here.

    Parameters
    ----------
    task : str
        Of the card: rows and classes, the idle one among them.
    prepare : tuple of Call or None
        Causal ones.
    windows : WindowsSpec or None
        With `length` and `hop`.
    target : TargetSpec or None
    protocol : ProtocolSpec or None
        `pseudo_online` without.
    target_access : TargetAccess or None
    decide : Decide or None
        How evidence over windows becomes decisions; None: each window by itself.
    metrics : tuple of str
    """

    task: str = ""
    prepare: tuple[Call, ...] | None = None
    windows: WindowsSpec | None = None
    target: TargetSpec | None = None
    protocol: ProtocolSpec | None = None
    target_access: TargetAccess | None = None
    decide: Decide | None = None
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """An experiment file as it was written; `None` where the card's task decides.

    The keys and their meaning are those of the file: see ``docs/EXPERIMENTS.md``.
    """

    data: DataSpec
    models: tuple[tuple[Call, ...], ...]
    title: str = ""
    direction: Direction = "decode"
    features: str | Mapping[str, Call] = ""
    channels: Channels = "error"
    prepare: tuple[Call, ...] | None = None
    windows: WindowsSpec | None = None
    target: TargetSpec | None = None
    protocol: ProtocolSpec | None = None
    target_access: TargetAccess = field(default_factory=TargetAccess)
    shuffled: ShuffledSpec = ShuffledSpec()
    controls: tuple[tuple[Call, ...], ...] | None = None
    metrics: tuple[str, ...] = ("balanced_accuracy",)
    score: ScoreSpec = ScoreSpec()
    aggregate: Aggregate | None = None
    ceiling: CeilingSpec = field(default_factory=CeilingSpec)
    tune: Tune | None = None
    decide: Decide | None = None
    seeds: tuple[int, ...] = (0,)
    n_permutations: int = 0
    keep: Keep = "none"
    init: Init | None = None
    device: Device = "auto"
    online: OnlineSpec | None = None

    def __post_init__(self):
        if self.direction == "encode" and not self.features:
            raise ConfigError(
                "direction: encode needs features: the track of the recordings from which the "
                "brain is told, or features of what was shown, as in features: {edges: gabor}."
            )
        if self.direction == "decode" and isinstance(self.features, str) and self.features:
            raise ConfigError(
                f"features: {self.features} names a track, which is for direction: encode. To tell "
                f"it from the brain say target: {{vector: {self.features}}}."
            )
        if self.direction == "encode" and self.target is not None:
            raise ConfigError("target: of direction: encode it is the brain. Leave it out.")
        if self.direction == "encode" and self.score.gallery != "tested":
            raise ConfigError(
                f"score: gallery: {self.score.gallery} is of pictures, and direction: encode tells "
                "brains, from those that are scored together. Leave it out."
            )
        if self.online is not None and (self.direction == "encode" or self.data.pair is not None):
            raise ConfigError(
                "online: it runs decoders of one recording at a time, without direction: encode "
                "and without data.pair. Leave one of them out."
            )
