"""What an experiment becomes with its card: every default filled in, every name an object."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sklearn.pipeline import Pipeline

from neurodecode.core.config import Call, nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.gallery import Likeness
from neurodecode.core.names import build, is_module_class
from neurodecode.core.target import Target
from neurodecode.data.cards import load_card
from neurodecode.data.simulated import simulated_card
from neurodecode.data.specs import Card
from neurodecode.data.tasks import TargetSpec, Task, WindowsSpec
from neurodecode.features._contract import Feature
from neurodecode.harness.deciding import deciding
from neurodecode.harness.named_model import NamedModel, display_names
from neurodecode.harness.question import DEFAULT_CONTROLS, OF_NUMBERS, Question
from neurodecode.harness.spec import DataSpec, Experiment, ProtocolSpec, ShuffledSpec
from neurodecode.harness.store import ONLINE
from neurodecode.harness.views import views_of
from neurodecode.metrics.views import expanded
from neurodecode.protocols._in_use import demands_of

OF_NO_TARGET = "mean_log_likelihood"  # metric of experiments that tell nothing


@dataclass(frozen=True)
class Resolved:
    """An experiment with its card: every name found, every default filled in."""

    name: str
    experiment: Experiment
    card: Card
    task: Task
    preparations: tuple[Any, ...]
    question: Question
    source: str = ""  # the file as it was written
    allow_code: bool = False  # whether it may name code from outside
    features: Mapping[str, Feature] = field(default_factory=dict)  # those that are declared
    pair: "Resolved | None" = None  # recordings that trials are paired with
    online: "Resolved | None" = None  # the same models, run over recordings as they would online

    @property
    def asked(self) -> Task:
        """The task as it is asked: the experiment's own target stands in for the task's.

        It says which column or track is told. An encoder has none, and the task's says which rows
        there are; declared features come by what was shown, and no recording holds them.
        """
        target = self.experiment.target or self.task.target
        declared = target is not None and target.track in self.features
        return replace(self.task, target=None if declared else target)

    @property
    def evaluations(self) -> dict[str, "Resolved"]:
        """What is evaluated, by the folder within that of the results: itself, and online."""
        return {"": self} | ({} if self.online is None else {ONLINE: self.online})

    def plain(self) -> dict[str, Any]:
        """Give the experiment as plain data, defaults included: what ``resolved.yaml`` holds."""
        e = self.experiment
        assert e.protocol is not None  # filled in by `resolve`
        data: dict[str, Any] = {"card": e.data.card, "task": e.data.task}
        for key in ("variant", "simulate"):
            if getattr(e.data, key):
                data[key] = getattr(e.data, key)
        if e.data.pair is not None:
            data["pair"] = _written(e.data.pair)
        data |= {k: list(v) for k in ("subjects", "sessions", "runs") if (v := getattr(e.data, k))}
        plain: dict[str, Any] = {
            "title": self.question.title,
            "data": data,
            "prepare": [
                _full(c.name, p) for c, p in zip(e.prepare or (), self.preparations, strict=True)
            ],
            **self._plain_target(),
            "protocol": {
                e.protocol.call.name: dict(vars(self.question.protocol)),
                "overlap": e.protocol.overlap,
            },
            "shuffled": {"n_draws": e.shuffled.n_draws, "within": e.shuffled.within},
            "models": [self._plain_model(steps) for steps in e.models],
            "controls": [self._plain_model(steps) for steps in e.controls or ()],
            "metrics": list(e.metrics),
            "score": {
                "within": list(e.score.within),
                "gallery": self.question.gallery,
                "likeness": self.question.likeness,
                "n_pairings": self.question.n_pairings,
                "judges": e.score.judges,
            },
            "ceiling": e.ceiling.plain(),
            "seeds": list(e.seeds),
            "channels": e.channels,
            "target_access": _written(e.target_access) or "none",
            "n_permutations": e.n_permutations,
            "keep": e.keep,
            "device": e.device,
        }
        for name in ("aggregate", "tune", "init"):
            if getattr(e, name) is not None:
                plain[name] = _written(getattr(e, name))
        if e.windows is not None:
            plain["windows"] = _plain_windows(e.windows)
        if e.decide is not None:
            plain["decide"] = {k: _listed(v) for k, v in vars(e.decide).items() if v != ""}
        if self.online is not None:
            whole = self.online.plain()
            keys = (
                "prepare", "windows", "target", "protocol", "target_access", "decide", "metrics",
            )  # fmt: skip
            plain["online"] = {
                "task": self.online.experiment.data.task,
                **{key: whole[key] for key in keys if key in whole},
            }
        return plain

    def _plain_target(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"direction": self.experiment.direction}
        features, spec = self.experiment.features, self.experiment.target
        if isinstance(features, str):
            plain |= {"features": features} if features else {}
        else:
            made = self.features
            plain["features"] = {k: _full(one.name, made[k]) for k, one in features.items()}
        if spec is not None:  # None of an encoder
            plain["target"] = _written(spec)
            if spec.reduce is not None:
                plain["target"]["reduce"] = _full_call(spec.reduce, "steps")
        return plain

    @staticmethod
    def _plain_model(steps: tuple[Call, ...]) -> Any:
        group = ["steps"] * (len(steps) - 1) + ["models"]
        listed = [_full_call(one, g) for one, g in zip(steps, group, strict=True)]
        return listed[0] if len(listed) == 1 else listed


def resolve(name: str, experiment: Experiment, *, allow_code: bool = False) -> Resolved:
    """Fill in what the card's task decides, and make the objects that are named."""
    card = load_card(experiment.data.card, allow_code=allow_code)
    task = _task(card, experiment.data)
    variant = experiment.data.variant or next(iter(card.variants), "")
    preset = experiment.data.simulate or ("full" if card.wholly_simulated else "")
    if preset:
        name = name if card.wholly_simulated or name.endswith("_simulated") else f"{name}_simulated"
        card = simulated_card(card, preset, variant)
    card.variant(variant)  # says which there are, where this one is not
    experiment = replace(experiment, metrics=expanded(experiment.metrics))
    encodes = experiment.direction == "encode"
    target = None if encodes else experiment.target or task.target
    if target is None and not encodes:
        raise ConfigError(
            f"target: neither the experiment nor {card.name}'s {experiment.data.task!r} has one."
        )
    protocol = experiment.protocol
    if protocol is None:
        if task.protocol is None:
            raise ConfigError(
                "protocol: say who is tested, as in protocol: {within_session: {n_splits: 5}}."
            )
        protocol = ProtocolSpec(task.protocol)
    experiment = replace(
        experiment,
        title=experiment.title or name.replace("_", " "),
        data=replace(experiment.data, variant=variant, simulate=preset),
        prepare=task.prepare if experiment.prepare is None else experiment.prepare,
        windows=experiment.windows or task.windows,
        target=target,
        protocol=protocol,
    )
    if target is not None and target.none:
        experiment = _of_no_target(experiment)
    if experiment.controls is None:
        experiment = replace(experiment, controls=_controls(target))
    controls = experiment.controls or ()
    calls = (*experiment.models, *controls)
    estimators = [_estimator(steps, allow_code) for steps in calls]
    names = display_names(calls)
    named = [
        NamedModel.of(name, estimator, "model" if i < len(experiment.models) else "control")
        for i, (name, estimator) in enumerate(zip(names, estimators, strict=True))
    ]
    question = Question(
        target=Target("brain", signal=card.modality) if target is None else _target(target),
        protocol=build(protocol.call, "protocols"),
        models=tuple(named),
        metrics=experiment.metrics,
        seeds=experiment.seeds,
        overlap=protocol.overlap,
        within=experiment.score.within,
        gallery=experiment.score.gallery,
        likeness=_likeness(experiment),
        n_pairings=experiment.score.n_pairings,
        n_draws=experiment.shuffled.n_draws,
        shuffled_within=experiment.shuffled.within,
        title=experiment.title,
        shown=() if encodes or isinstance(experiment.features, str) else tuple(experiment.features),
        reduce=build(target.reduce, "steps") if target is not None and target.reduce else None,
        access=experiment.target_access,
        aggregate=experiment.aggregate,
        ceiling=experiment.ceiling,
        tune=experiment.tune,
        n_permutations=experiment.n_permutations,
        keep=experiment.keep,
        device=experiment.device,
    )
    if experiment.decide is not None:
        otherwise = experiment.windows.otherwise if experiment.windows is not None else ""
        question = deciding(question, experiment.decide, otherwise)
    preparations = tuple(build(one, "signal") for one in experiment.prepare or ())
    features = _declared(experiment, question)
    views = views_of(experiment.metrics, features, experiment.score.judges)
    question = replace(question, views=views)
    resolved = Resolved(
        name,
        experiment,
        card,
        task,
        preparations,
        question,
        allow_code=allow_code,
        features=features,
    )
    return replace(resolved, pair=_pair(resolved), online=_online(resolved))


def _declared(experiment: Experiment, question: Question) -> dict[str, Feature]:
    """Make the features that are declared, and hold each to being used."""
    if isinstance(experiment.features, str):
        return {}
    asked = "" if experiment.target is None else experiment.target.vector
    if asked and experiment.features and asked not in experiment.features:
        raise ConfigError(
            f"target: vector: there is no {asked!r} among the features that are declared."
            f"{nearest(asked, experiment.features)} If it is a track of the recordings, remove "
            "features: they are not told."
        )
    judged = {metric.partition("@")[2] for metric in experiment.metrics}
    for name in experiment.features:
        if experiment.target is not None and name not in (*question.told, *judged):
            told = experiment.target.track or next(iter(experiment.features))
            raise ConfigError(
                f"features: {name!r} is declared and not told. Say target: {{vector: {name}}}"
                + f", or judge pictures by it, as in metrics: [two_way@{name}]"
                + (f", or remove it beside {told!r}." if told != name else ", or remove it.")
            )
    made = {}
    for name, one in experiment.features.items():
        try:
            made[name] = build(one, "features")
        except ConfigError as error:
            raise ConfigError([f"features.{name}: {said}" for said in error.problems]) from error
    return made


def _likeness(experiment: Experiment) -> Likeness:
    """Likeness that is asked for, else that of what is told: of declared features, or of a track.

    Features of networks share a mean that is most of each of them, so that plain likeness finds
    what lies near the mean.
    """
    if experiment.score.likeness:
        return experiment.score.likeness
    features, target = experiment.features, experiment.target
    declared = isinstance(features, Mapping) and target is not None and target.vector in features
    return "centered_cosine" if declared else "correlation"


def _estimator(steps: tuple[Call, ...], allow_code: bool) -> Any:
    *before, last = steps
    model = build(last, "models", allow_code=allow_code)
    if not before:
        return model
    fitted_before = [(one.name, build(one, "steps", allow_code=allow_code)) for one in before]
    return Pipeline([*fitted_before, (last.name, model)])


def _pair(resolved: Resolved) -> Resolved | None:
    """Resolve the recordings that trials are paired with: as their own task says."""
    spec, simulate = resolved.experiment.data.pair, resolved.experiment.data.simulate
    if spec is None:
        return None
    chosen = {f.name: getattr(spec, f.name) for f in fields(spec) if f.name != "by"}
    try:
        card = load_card(spec.card, allow_code=resolved.allow_code)
        preset: Any = simulate or ("full" if card.wholly_simulated else "")
        data = DataSpec(**chosen, simulate=preset)
        task, variant = _task(card, data), data.variant or next(iter(card.variants), "")
        if preset:
            card = simulated_card(card, preset, variant)
        card.variant(variant)  # says which there are, where this one is not
    except ConfigError as error:
        raise ConfigError(
            [f"data.pair: {one.removeprefix('data.task: ')}" for one in error.problems]
        ) from error
    experiment = replace(
        resolved.experiment,
        data=replace(data, variant=variant),
        prepare=task.prepare,
        windows=task.windows,
        channels="error",
    )
    preparations = tuple(build(one, "signal") for one in task.prepare)
    return replace(resolved, experiment=experiment, card=card, task=task, preparations=preparations)


def _online(resolved: Resolved) -> Resolved | None:
    """Resolve what else is asked of the same models: to run over recordings, online."""
    experiment = resolved.experiment
    spec = experiment.online
    if spec is None:
        return None
    data = replace(experiment.data, task=spec.task or experiment.data.task)
    try:
        task = _task(resolved.card, data)
        own = bool(spec.task)  # its task says what the block does not
        online = resolve(
            resolved.name,
            replace(
                experiment,
                title=f"{experiment.title}, pseudo-online",
                data=data,
                prepare=spec.prepare if spec.prepare is not None else experiment.prepare,
                windows=spec.windows or (task.windows if own else experiment.windows),
                target=spec.target or (task.target if own else experiment.target),
                protocol=spec.protocol or ProtocolSpec(Call("pseudo_online")),
                target_access=spec.target_access or experiment.target_access,
                decide=spec.decide or experiment.decide,
                metrics=spec.metrics or experiment.metrics,
                aggregate=None,
                online=None,
            ),
            allow_code=resolved.allow_code,
        )
    except ConfigError as error:
        raise ConfigError([f"online: {one}" for one in error.problems]) from error
    windows, protocol = online.experiment.windows, online.question.protocol
    if windows is None or windows.length is None:
        raise ConfigError(
            "online.windows: a decoder that runs along is asked again and again. Give length and "
            "hop, or a task whose windows have them."
        )
    if demands_of(protocol) is None:
        assert online.experiment.protocol is not None  # filled in by `resolve`
        raise ConfigError(
            f"online.protocol: {online.experiment.protocol.call.name} is no protocol of decoders "
            "in use. Use pseudo_online; reference_zero_phase and reference_shuffled measure what "
            "published scores gave away."
        )
    return online


def _controls(target: TargetSpec | None) -> tuple[tuple[Call, ...], ...]:
    """Give the controls of what is told: of anything but labels, what says the mean."""
    names = DEFAULT_CONTROLS if target is not None and target.label else OF_NUMBERS
    return tuple((Call(name),) for name in names)


def _of_no_target(experiment: Experiment) -> Experiment:
    """Give an experiment that tells nothing the defaults that such a one has."""
    defaults = Experiment(experiment.data, experiment.models)
    return replace(
        experiment,
        shuffled=ShuffledSpec(0),  # there are no labels to permute, or to tell from the design
        controls=experiment.controls or (),
        metrics=(OF_NO_TARGET,) if experiment.metrics == defaults.metrics else experiment.metrics,
    )


def _target(spec: TargetSpec) -> Target:
    if spec.none:
        return Target("none")
    if spec.value:
        return Target("value", column=spec.value)
    if spec.track:
        kind = "vector" if spec.vector else "picture" if spec.picture else "series"
        return Target(kind, signal=spec.track)
    return Target("label", column=spec.label, classes=spec.classes)


def _task(card: Card, data: DataSpec) -> Task:
    if data.task not in card.tasks:
        raise ConfigError(
            f"data.task: {card.name} has no task {data.task!r}.{nearest(data.task, card.tasks)}"
        )
    return card.tasks[data.task]


def _full_call(one: Call, group: str) -> Any:
    """Give a model or step with every argument, defaults included."""
    params = build(one, group, allow_code=True).get_params(deep=False)
    # Of a torch module's model the class is no argument: its name says which.
    given = {k: v for k, v in params.items() if not is_module_class(v)}
    return {one.name: {k: v if _is_plain(v) else one.arguments.get(k) for k, v in given.items()}}


def _plain_windows(windows: WindowsSpec) -> dict[str, Any]:
    said = {key: _listed(value) for key, value in vars(windows).items()}
    plain = {key: value for key, value in said.items() if value not in (None, {}, "", [])}
    if windows.length is None:
        del plain["label_rule"]  # of sliding windows alone
    if plain.get("label_rule") != "majority":
        del plain["ties"]
    return plain


def _written(spec: Any) -> dict[str, Any]:
    """Give the keys of a spec that say something, as plain data."""
    return {
        key: _listed(value)
        for key, value in vars(spec).items()
        if value not in (None, "", (), False)
    }


def _listed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _listed(one) for key, one in value.items()}
    return [_listed(one) for one in value] if isinstance(value, list | tuple) else value


def _full(name: str, made: Any) -> Any:
    return {name: {k: list(v) if isinstance(v, tuple) else v for k, v in vars(made).items()}}


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(one) for one in value)
    return value is None or isinstance(value, str | int | float | bool)
