"""Experiment files: one question each, found and read strictly."""

from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from neurodecode.core.config import Call, bind, call, convert, nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.files import shipped_folder
from neurodecode.core.names import catalogue, check_call, find
from neurodecode.core.nodes import Node, Problems, join, load
from neurodecode.data.cards import load_card
from neurodecode.harness.asked_ceiling import CeilingSpec
from neurodecode.harness.question import Overlap, TargetAccess
from neurodecode.harness.resolve import Resolved, resolve
from neurodecode.harness.rsa.options import RsaOptions
from neurodecode.harness.rsa.spec import RsaExperiment, RsaResolved, read_rsa
from neurodecode.harness.spec import Experiment, OnlineSpec, ProtocolSpec
from neurodecode.metrics.views import SETS


def find_experiment(name: str) -> Path:
    """Path of an experiment: a file as typed, or the name of a shipped one.

    Raises
    ------
    ConfigError
        If there is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    folder = shipped_folder("configs") / "experiments"
    shipped = {p.stem: p for p in sorted(folder.glob("*.yaml"))}
    if path.stem in shipped and path.suffix in ("", ".yaml"):
        return shipped[path.stem]
    raise ConfigError(f"there is no experiment file {name!r}.{nearest(path.stem, shipped)}")


def read_experiment(
    path: Path,
    overrides: Iterable[str] = (),
    models: Iterable[str] = (),
    *,
    allow_code: bool = False,
) -> Resolved:
    """Read an experiment file, find all that it names, and fill in every default.

    Parameters
    ----------
    path : Path
    overrides : iterable of str
        ``KEY=VALUE``, keys as dotted paths.
    models : iterable of str
        Names added to the file's models; typed by the person, so code from outside is allowed.
    allow_code : bool
        Whether the file may name code from outside.

    Raises
    ------
    ConfigError
        With every problem of the file, a line each.
    """
    found = read_any(path, overrides, models, allow_code=allow_code)
    if isinstance(found, RsaResolved):
        raise ConfigError(
            f"{path}: rsa compares dissimilarities and fits no model to trials, so there is none "
            "to be kept, checked or used. Use run, table and report."
        )
    return found


def read_any(
    path: Path,
    overrides: Iterable[str] = (),
    models: Iterable[str] = (),
    *,
    allow_code: bool = False,
) -> Resolved | RsaResolved:
    """Read an experiment file of models that are fitted, or of RDMs that are compared.

    Parameters and errors as in `read_experiment`.
    """
    overrides = tuple(overrides)
    root, problems = load(path, overrides)
    models = tuple(models)
    if isinstance(root.value, dict) and "rsa" in root.value:
        _check_kind(path, root, overrides)
        if models:
            raise ConfigError(
                f"--model {models[0]}: models of an experiment with rsa are RDMs. Name it in the "
                "file, under models."
            )
        return read_rsa(path, root, problems, allow_code=allow_code)
    experiment = bind(
        Experiment,
        root,
        "",
        problems,
        models=_models,
        controls=_models,
        protocol=_protocol,
        target_access=read_access,
        online=_online,
        features=_features,
        ceiling=read_ceiling,
    )
    _check_names(experiment, root, problems, allow_code)
    problems.stop()
    assert experiment is not None  # a missing value is a problem, and problems stop
    added = tuple((Call(name),) for name in models)
    for steps in added:
        check_call(steps[0], "models", "--model", problems, allow_code=True)
    problems.stop()
    experiment = replace(experiment, models=experiment.models + added)
    try:
        resolved = resolve(path.stem, experiment, allow_code=allow_code or bool(added))
    except ConfigError as error:  # what is wrong with values taken together
        raise ConfigError([f"{path}: {problem}" for problem in error.problems]) from error
    return replace(resolved, source=path.read_text(encoding="utf-8"))


def _check_kind(path: Path, root: Node, overrides: tuple[str, ...]) -> None:
    """Refuse ``rsa`` in a question of models that are fitted: it would be another question."""
    of_fitted = {one.name for one in fields(Experiment)} - {
        one.name for one in fields(RsaExperiment)
    }
    both = [key for key in root.value if key in of_fitted]
    if not both:
        return
    asked = [one for one in overrides if one.partition("=")[0].split(".")[0] == "rsa"]
    if asked and root.value["rsa"].line == 0:
        raise ConfigError(
            f"--set {asked[0]}: {path} has no rsa: its models are fitted, and none is an RDM. "
            "Leave it out, or name a file with rsa, such as images92_rsa."
        )
    own = [f"rsa.{key}" for key in both if key in {one.name for one in fields(RsaOptions)}]
    raise ConfigError(
        f"{path}: rsa compares RDMs and fits nothing to brains; {', '.join(both)}: of models that "
        "are fitted. " + (f"Say {', '.join(own)}." if own else "Leave out one or the other.")
    )


def _models(node: Node, where: str, problems: Problems) -> tuple[tuple[Call, ...], ...]:
    if not isinstance(node.value, list):
        problems.add(node, where, "expected a list, as in [linear.csp_lda, riemann.mdm].")
        return ()
    several = []
    for i, child in enumerate(node.value):
        steps = child.value if isinstance(child.value, list) else [child]
        if not steps:
            problems.add(child, f"{where}[{i}]", "the list of steps is empty.")
        several.append(tuple(call(step, f"{where}[{i}]", problems) for step in steps))
    return tuple(several)


def _protocol(node: Node, where: str, problems: Problems) -> ProtocolSpec | None:
    overlap: Any = "purge"
    if isinstance(node.value, dict) and "overlap" in node.value:
        overlap = convert(node.value["overlap"], Overlap, f"{where}.overlap", problems)
        node = replace(node, value={k: v for k, v in node.value.items() if k != "overlap"})
    return ProtocolSpec(call(node, where, problems), overlap)


def read_ceiling(node: Node, where: str, problems: Problems) -> CeilingSpec:
    """Read a function with its arguments, and the threshold beside it."""
    given = {}
    if isinstance(node.value, dict) and "threshold" in node.value:
        threshold = node.value["threshold"]
        given["threshold"] = convert(threshold, float, join(where, "threshold"), problems)
        node = replace(node, value={k: v for k, v in node.value.items() if k != "threshold"})
    if node.value != {}:
        given["call"] = call(node, where, problems)
    try:
        return CeilingSpec(**given)
    except ConfigError as error:
        problems.add(node, where, str(error))
        return CeilingSpec()


def _online(node: Node, where: str, problems: Problems) -> OnlineSpec | None:
    return bind(OnlineSpec, node, where, problems, protocol=_protocol, target_access=read_access)


def _features(node: Node, where: str, problems: Problems) -> str | dict[str, Call]:
    """Read the track of an encoder, or features by the names that they are declared under."""
    if not isinstance(node.value, dict):
        return convert(node, str, where, problems) or ""
    return {name: call(one, join(where, name), problems) for name, one in node.value.items()}


def read_access(node: Node, where: str, problems: Problems) -> TargetAccess:
    """Read what may be seen of the tested: a word, or a form with its amount."""
    if isinstance(node.value, str):
        if node.value not in ("none", "transductive"):
            known = "none, transductive, {unlabelled: …}, {calibration: …}, {updates: …}"
            problems.add(node, where, f"expected one of {known}, got {node.value!r}.")
        return TargetAccess(transductive=node.value == "transductive")
    return bind(TargetAccess, node, where, problems) or TargetAccess()


def _check_names(
    experiment: Experiment | None, root: Node, problems: Problems, allow_code: bool
) -> None:
    """Find every name, so that all that is wrong with a file is said at once."""
    if experiment is None:
        return
    for key in ("models", "controls"):
        several: tuple[tuple[Call, ...], ...] = getattr(experiment, key) or ()
        for i, steps in enumerate(several):
            for one in steps[:-1]:
                check_call(one, "steps", f"{key}[{i}]", problems, allow_code=allow_code)
            if steps:
                check_call(steps[-1], "models", f"{key}[{i}]", problems, allow_code=allow_code)
    if not isinstance(experiment.features, str):
        for name, one in experiment.features.items():
            check_call(one, "features", f"features.{name}", problems)
    _check_asked(experiment, root, problems)
    online = root.value.get("online", Node(None))
    if experiment.online is not None and isinstance(online.value, dict):
        _check_asked(experiment.online, online, problems, "online.")
    data = root.value.get("data", Node({})).value
    if isinstance(data, dict) and "card" in data and experiment.data is not None:
        try:
            card = load_card(experiment.data.card, allow_code=allow_code)
        except ConfigError as error:
            problems.add(data["card"], "data.card", str(error))
            return
        asked = [(experiment.data.task, data.get("task", data["card"]), "data.task")]
        if experiment.online is not None and experiment.online.task:
            asked.append((experiment.online.task, online.value["task"], "online.task"))
        for task, node, where in asked:
            if task not in card.tasks:
                near = nearest(str(task), card.tasks)
                problems.add(node, where, f"{card.name} has no task {task!r}.{near}")


def _check_asked(
    asked: Experiment | OnlineSpec, node: Node, problems: Problems, where: str = ""
) -> None:
    """Find the names of preparations, target, protocol and metrics, of the file or of a block."""
    for i, one in enumerate(asked.prepare or ()):
        check_call(one, "signal", f"{where}prepare[{i}]", problems)
    if asked.target is not None and asked.target.reduce is not None:
        check_call(asked.target.reduce, "steps", f"{where}target.reduce", problems)
    if asked.protocol is not None:
        check_call(asked.protocol.call, "protocols", f"{where}protocol", problems)
    lists = node.value.get("metrics", Node([])).value
    for child in lists if isinstance(lists, list) else []:
        if child.value in SETS:
            continue
        judged = str(child.value).partition("@")[0]
        if judged not in catalogue("metrics"):
            near = nearest(judged, [*catalogue("metrics"), *SETS])
            problems.add(child, f"{where}metrics", f"no metric is called {judged!r}.{near}")
            continue
        try:
            find(str(child.value), "metrics")
        except ConfigError as error:
            problems.add(child, f"{where}metrics", str(error))
