"""The keys of an experiment file that has ``rsa``, and what it becomes with its card."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from neurodecode.core.config import Call, bind, nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.names import build, check_call
from neurodecode.core.nodes import Node, Problems
from neurodecode.data.cards import load_card
from neurodecode.data.tasks import WindowsSpec
from neurodecode.features._contract import Feature
from neurodecode.harness.resolve import Resolved, resolve
from neurodecode.harness.rsa.models import FITTED
from neurodecode.harness.rsa.options import RsaOptions
from neurodecode.harness.spec import Channels, DataSpec, Experiment, ProtocolSpec


@dataclass(frozen=True)
class RsaModelSpec:
    """Where a model RDM comes from: one of these.

    Parameters
    ----------
    features : str
        Features that the experiment declares, or a track of the recordings, a vector a condition.
    column : str
        Of the conditions: of one label 0, of others 1; numbers by their difference.
    data : DataSpec or None
        Other recordings, whose RDMs are averaged over subjects and sessions.
    distance : str
        Of features and of other recordings, whose conditions are the column of the experiment.
    weighted, interpolated, selected : mapping of str to RsaModelSpec
        Models whose weights are fitted, or of which the best is taken, by subjects and conditions
        that are not scored.
    """

    features: str = ""
    column: str = ""
    data: DataSpec | None = None
    distance: Literal["correlation", "euclidean", "cosine", "precomputed"] = "correlation"
    weighted: "Mapping[str, RsaModelSpec]" = field(default_factory=dict)
    interpolated: "Mapping[str, RsaModelSpec]" = field(default_factory=dict)
    selected: "Mapping[str, RsaModelSpec]" = field(default_factory=dict)

    def __post_init__(self):
        given = (self.features, self.column, self.data, *(getattr(self, one) for one in FITTED))
        if sum(map(bool, given)) != 1:
            raise ConfigError(
                f"expected one of features, column, data, {', '.join(FITTED)}, as in "
                "{column: category}."
            )
        if self.distance == "precomputed" and self.data is None:
            raise ConfigError("distance: precomputed is of data that hold RDMs. Leave it out.")

    def plain(self) -> dict[str, Any]:
        """Give it as the file has it, defaults included."""
        for name in FITTED:
            if getattr(self, name):
                return {name: {k: one.plain() for k, one in getattr(self, name).items()}}
        if self.column:
            return {"column": self.column}
        what = {"features": self.features} if self.features else {"data": _written(self.data)}
        return {**what, "distance": self.distance}

    def leaves(self) -> "list[RsaModelSpec]":
        """Give it, or the models that it is made of."""
        several = [one for name in FITTED for one in getattr(self, name).values()]
        return [leaf for one in several for leaf in one.leaves()] or [self]


@dataclass(frozen=True)
class RsaExperiment:
    """An experiment file with ``rsa``, as it was written.

    The keys and their meaning are those of the file: see ``docs/EXPERIMENTS.md``.
    """

    data: DataSpec
    models: Mapping[str, RsaModelSpec]
    rsa: RsaOptions
    title: str = ""
    features: Mapping[str, Call] = field(default_factory=dict)
    channels: Channels = "error"
    prepare: tuple[Call, ...] | None = None
    windows: WindowsSpec | None = None
    seed: int = 0

    def __post_init__(self):
        if self.data.pair is not None:
            raise ConfigError("data.pair: one brain is compared with models. Leave it out.")
        if not self.models:
            raise ConfigError("models: none is given. Give {NAME: {column: …}} or other.")


@dataclass(frozen=True)
class RsaResolved:
    """An experiment with ``rsa`` and its card: every name found, every default filled in.

    Parameters
    ----------
    name : str
    experiment : RsaExperiment
    brain : Resolved
        The recordings whose patterns are compared; nothing is fitted to them.
    others : mapping of DataSpec to Resolved
        Recordings that models are made of.
    source : str
        The file as it was written.
    """

    name: str
    experiment: RsaExperiment
    brain: Resolved
    others: Mapping[DataSpec, Resolved]
    source: str = ""

    online = None  # as other experiments: these have no part that runs along

    @property
    def tracks(self) -> tuple[str, ...]:
        """Tracks of the recordings that models are made of."""
        leaves = [leaf for one in self.experiment.models.values() for leaf in one.leaves()]
        named = dict.fromkeys(leaf.features for leaf in leaves if leaf.features)
        return tuple(name for name in named if name not in self.experiment.features)

    @property
    def evaluations(self) -> "dict[str, RsaResolved]":
        """What is evaluated, by the folder within that of the results."""
        return {"": self}

    def plain(self) -> dict[str, Any]:
        """Give the experiment as plain data, defaults included."""
        e, whole = self.experiment, self.brain.plain()
        options = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(e.rsa).items()}
        kept = ("data", "prepare", "windows", "channels")
        features = {k: one.plain() for k, one in e.features.items()}
        return {
            "title": whole["title"],
            **{key: whole[key] for key in kept if key in whole},
            **({"features": features} if features else {}),
            "rsa": options,
            "models": {name: one.plain() for name, one in e.models.items()},
            "seed": e.seed,
        }


def read_rsa(
    path: Path, root: Node, problems: Problems, *, allow_code: bool = False
) -> RsaResolved:
    """Read an experiment file with ``rsa``, and find all that it names.

    Raises
    ------
    ConfigError
        With every problem of the file, a line each.
    """
    experiment = bind(RsaExperiment, root, "", problems)
    if experiment is not None:
        for i, one in enumerate(experiment.prepare or ()):
            check_call(one, "signal", f"prepare[{i}]", problems)
        for name, one in experiment.features.items():
            check_call(one, "features", f"features.{name}", problems)
        _check_card(experiment.data, root.value["data"], problems, allow_code)
    problems.stop()
    assert experiment is not None  # a missing value is a problem, and problems stop
    try:
        brain = _opened(path.stem, experiment.data, experiment, allow_code)
        # Small presets have few people, and a model may be of another.
        simulate = "full" if brain.experiment.data.simulate else ""
        specs = [leaf.data for one in experiment.models.values() for leaf in one.leaves()]
        others = {
            spec: _opened(path.stem, replace(spec, simulate=simulate), None, allow_code)
            for spec in specs
            if spec is not None
        }
        used = {leaf.features for one in experiment.models.values() for leaf in one.leaves()}
        for name in experiment.features:
            if name not in used:
                raise ConfigError(
                    f"features: {name!r} is declared and no model is made of it. Say models: "
                    f"{{{name}: {{features: {name}}}}}, or remove it."
                )
    except ConfigError as error:  # what is wrong with values taken together
        raise ConfigError([f"{path}: {problem}" for problem in error.problems]) from error
    text = path.read_text(encoding="utf-8")
    return RsaResolved(brain.name, experiment, brain, others, text)


def _check_card(data: DataSpec, node: Node, problems: Problems, allow_code: bool) -> None:
    try:
        card = load_card(data.card, allow_code=allow_code)
    except ConfigError as error:
        problems.add(node.value["card"], "data.card", str(error))
        return
    if data.task not in card.tasks:
        near = nearest(str(data.task), card.tasks)
        problems.add(
            node.value["task"], "data.task", f"{card.name} has no task {data.task!r}.{near}"
        )


def _opened(
    name: str, data: DataSpec, experiment: RsaExperiment | None, allow_code: bool
) -> Resolved:
    """Resolve recordings alone: what would be fitted to them is not asked."""
    found = resolve(
        name,
        Experiment(
            data=data,
            models=((Call("baseline.prior"),),),
            title="" if experiment is None else experiment.title,
            controls=(),
            channels="error" if experiment is None else experiment.channels,
            prepare=None if experiment is None else experiment.prepare,
            windows=None if experiment is None else experiment.windows,
            protocol=ProtocolSpec(Call("within_session")),
        ),
        allow_code=allow_code,
    )
    features: dict[str, Feature] = {}
    for one, call in ({} if experiment is None else experiment.features).items():
        try:
            features[one] = build(call, "features")
        except ConfigError as error:
            raise ConfigError([f"features.{one}: {said}" for said in error.problems]) from error
    return replace(found, features=features)


def _written(data: DataSpec | None) -> dict[str, Any]:
    """Give what is said of recordings, without what is not."""
    assert data is not None  # one of the kinds of a model
    said = {k: list(v) if isinstance(v, tuple) else v for k, v in vars(data).items()}
    return {key: value for key, value in said.items() if value}
