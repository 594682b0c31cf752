"""What was asked, in words: data, preparation, trials, folds, models and scores."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from neurodecode.core.names import catalogue, find
from neurodecode.harness.block_orders import by_orders, in_time
from neurodecode.harness.galleries import TOLD_APART
from neurodecode.report.results import Results
from neurodecode.report.words import counted, shuffled_how

_NAMES_SHOWN = 12
_DIGEST = re.compile("[0-9a-f]{32}")
_UPDATES = {
    "unlabelled": "Each trial, before it is answered, by models that can go on.",
    "delayed_labels": "Trials that had ended by then, with their labels, by models that can go on.",
}
_UNITS = {"l_freq": "Hz", "h_freq": "Hz", "sfreq": "Hz", "seconds": "s"}  # of arguments
_FEW = 6  # numbers of a list that are written out
_REJECT_UNITS = {"eeg": "V", "eog": "V", "seeg": "V", "ecog": "V", "mag": "T", "grad": "T/m"}


@dataclass(frozen=True)
class Line:
    """What is said of one thing: a sentence, after its name and before its arguments, if any."""

    text: str
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True)
class Asked:
    """One entry of what was asked: a term, and lines."""

    term: str
    lines: tuple[Line, ...]


def what_was_asked(results: Results, resolved: Mapping[str, Any]) -> list[Asked]:
    """Say what was asked: data, preparation, windows, protocol, models, scores.

    Parameters
    ----------
    results : Results
    resolved : mapping
        The resolved experiment.

    Returns
    -------
    asked : list of Asked
    """
    index, rows = results.index, results.trials()
    tested = "trial" if index["schedule"] is None else "window"
    target = index["target"]
    asked = [
        Asked("Data", tuple(_data(resolved, rows, tested))),
        Asked(
            "Told apart" if target["kind"] == "label" else "Told",
            (Line(_target(target, resolved, rows, tested)),),
        ),
    ]
    if "in_memory" not in resolved.get("data", {}):
        steps = [_call("signal", one) for one in resolved.get("prepare", [])]
        asked.append(Asked("Preparation", tuple(steps) or (Line("None."),)))
        asked.append(Asked(f"{tested.capitalize()}s", (Line(_windows(resolved.get("windows"))),)))
    asked.append(Asked("Who is tested", tuple(_protocol(resolved.get("protocol", {}), index))))
    roles: dict[str, list[str]] = {}
    for model in index["models"]:
        roles.setdefault(model["role"], []).append(model["name"])
    arguments = _arguments([*resolved.get("models", []), *resolved.get("controls", [])])
    for role, term in (("model", "Models"), ("control", "Controls"), ("ceiling", "Ceiling")):
        if role in roles:
            lines = tuple(_model(name, arguments) for name in roles[role])
            asked.append(Asked(term, lines))
    if index.get("init"):
        told = f"{index['init']['model']}, kept in {index['init']['results']}."
        asked.append(Asked("Those that ask start from", (Line(told),)))
    if index["access"]["one_by_one"]:
        asked.append(Asked("Test trials", (Line("Handed over one at a time."),)))
    if index["access"].get("updates"):  # results of before have no such key
        asked.append(Asked("Learnt while tested", (Line(_UPDATES[index["access"]["updates"]]),)))
    if "tune" in resolved:
        asked.append(Asked("Chosen on inner folds", (Line(_value(resolved["tune"]["grids"])),)))
    asked.append(Asked("Shuffled null", (Line(_null(index)),)))
    if index["n_permutations"]:
        moved = index["target"]["rotates"]
        asked.append(Asked("p", (Line(_permutations(index["n_permutations"], moved=moved)),)))
    elif _deals(index) and index["n_pairings"]:
        asked.append(Asked("p", (Line(_pairings(index["n_pairings"])),)))
    elif index["n_pairings"] and in_time(rows, index) and any(map(by_orders, index["metrics"])):
        asked.append(Asked("p", (Line(_orders(index["n_pairings"])),)))
    asked.append(Asked("Scores", tuple(_scores(index))))
    return asked


def _data(resolved: Mapping[str, Any], rows: pd.DataFrame, tested: str) -> Iterator[Line]:
    data = resolved.get("data", {})
    if "card" in data:
        variant = f", variant {data['variant']}" if data.get("variant") else ""
        yield Line(f"{data['card']}{variant}, task {data['task']}.")
        if "pair" in data:
            pair = data["pair"]
            yield Line(
                f"Paired by {' and '.join(pair['by'])} with {pair['card']}, task {pair['task']}."
            )
    elif "in_memory" in data:
        yield Line("Arrays or epochs that were in memory.")
    subjects = list(dict.fromkeys(map(str, rows["subject"])))
    named = "" if len(subjects) > _NAMES_SHOWN else f" ({', '.join(subjects)})"
    n_sessions = len(rows[["subject", "session"]].drop_duplicates())
    yield Line(
        f"{counted(len(subjects), 'subject')}{named}, {counted(n_sessions, 'session')}, "
        f"{counted(len(set(rows['recording'])), 'recording')}, {counted(len(rows), tested)}."
    )


def _target(
    target: Mapping[str, Any], resolved: Mapping[str, Any], rows: pd.DataFrame, tested: str
) -> str:
    classes = target["classes"]
    if target["kind"] == "none":
        return "Nothing: models learn how trials are, and are scored by how well others fit."
    if not classes:
        kind, features = target["kind"], resolved.get("features") or ()
        if kind == "brain":
            told = features if isinstance(features, str) else ", ".join(features)
            return f"The brain of each {tested}" + (f", from {told}." if told else ".")
        name = (resolved.get("target") or {}).get(kind, "")
        named = f": {name}" if isinstance(name, str) and name else ""
        return f"A {kind}{named}, {'a number' if kind == 'value' else 'one'} a {tested}."
    counts = Counter(rows["y"].tolist())
    sizes = {counts[code] for code in range(len(classes))}
    if len(sizes) == 1:
        told = f"{', '.join(classes)} ({counted(sizes.pop(), tested)} each)"
    else:
        told = ", ".join(
            f"{name} ({counted(counts[code], tested)})" for code, name in enumerate(classes)
        )
    unknown = counts[-1]
    return told + (f"; {counted(unknown, tested)} of other labels not used." if unknown else ".")


def _windows(windows: Mapping[str, Any] | None) -> str:
    if windows is None:
        return "Entries of the prepared signal, one a trial: a volume, a block or an epoch each."
    if windows.get("span"):
        return "From each event's onset to its end, so that trials may differ in length."
    if windows.get("length") is not None:
        rule = {"last_sample": "what its last sample is part of", "majority": "what most of it is"}
        named = f", each named by {rule[windows['label_rule']]}" if "label_rule" in windows else ""
        rest = f"; {windows['otherwise']} otherwise" if windows.get("otherwise") else ""
        length, hop = windows["length"], windows["hop"]
        return f"Windows of {length:g} s, a new one every {hop:g} s{named}{rest}."
    said = f"From {windows['tmin']:g} s to {windows['tmax']:g} s after each event's onset."
    limits = {kind: limit for kind, limit in (windows.get("reject") or {}).items() if limit}
    rejected = ", ".join(
        f"{kind} {limit:g} {_REJECT_UNITS.get(kind, '(SI unit)')}" for kind, limit in limits.items()
    )
    return said + (f" Left out where peak to peak is above {rejected}." if limits else "")


def _protocol(protocol: Mapping[str, Any], index: Mapping[str, Any]) -> Iterator[Line]:
    for name, arguments in protocol.items():
        if name != "overlap":
            yield _call("protocols", {name: arguments})
    seeds = index["seeds"]
    n_folds = len(index["folds"])
    said = (
        f"{counted(n_folds, 'fold')} in all, {counted(len(seeds), 'seed')} "
        f"({', '.join(map(str, seeds))})."
    )
    purged = sum(fold["purged"] for fold in index["folds"])
    if purged:
        said += (
            f" Over all folds, {counted(purged, 'training trial')} were taken out because their "
            "windows overlap a test window"
            + (", or lie within the gap to one." if index["evaluation"] != "offline" else ".")
        )
    left_out = sum(fold["left_out"] for fold in index["folds"])
    if left_out:
        said += (
            f" {counted(left_out, 'trial')} were left out of training over all folds because they "
            "show what is tested."
        )
    yield Line(said)


def _arguments(models: Sequence[Any]) -> dict[str, Any]:
    """Arguments by model name; a list of steps goes by the names of all of them."""
    found = {}
    for one in models:
        steps = one if isinstance(one, list) else [one]
        if all(isinstance(step, Mapping) and len(step) == 1 for step in steps):
            found[" + ".join(next(iter(step)) for step in steps)] = one
    return found


def _model(name: str, arguments: Mapping[str, Any]) -> Line:
    given = arguments.get(name)
    if isinstance(given, Mapping) and isinstance(given[name], Mapping):
        return _call("models", given)
    # Of a chain the last stage predicts; of models told apart by arguments these are in the name.
    entry = catalogue("models").get(name.rpartition(" + ")[2].partition("(")[0])
    line = Line(entry.summary.replace("`", "") if entry else "", name, "")
    if isinstance(given, Mapping) and isinstance(given[name], list):  # stages of one in memory
        stages = given[name]
        one = _given(stages[0]["parameters"]) if len(stages) == 1 else _value(stages)
        return Line(line.text, name, one)
    return line


def _call(group: str, one: Mapping[str, Any]) -> Line:
    """Give a name, the sentence that its documentation begins with, and its arguments."""
    ((name, arguments),) = one.items()
    entry = catalogue(group).get(name)
    return Line(entry.summary.replace("`", "") if entry else "", name, _given(arguments or {}))


def _given(arguments: Mapping[str, Any]) -> str:
    """Arguments with their values and, where they have one, units."""
    return ", ".join(
        f"{name} {_value(value)}" + (f" {_UNITS[name]}" if name in _UNITS else "")
        for name, value in arguments.items()
        if value is not None
    )


def _value(value: Any) -> str:
    if isinstance(value, Mapping) and "class" in value:  # an estimator
        given = _given(value["parameters"])
        return value["class"].rpartition(".")[2] + (f" ({given})" if given else "")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple) and len(value) > _FEW and all(map(_is_number, value)):
        return f"{len(value)} from {_value(value[0])} to {_value(value[-1])}"
    if isinstance(value, list | tuple):  # a function is its name and a digest
        return ", ".join(_value(one) for one in value if not _DIGEST.fullmatch(str(one))) or "none"
    if isinstance(value, float):
        return str(float(f"{value:.4g}"))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _null(index: Mapping[str, Any]) -> str:
    if index["n_draws"] == 0:
        return "No shuffled null was asked for."
    return (
        f"{counted(index['n_draws'], 'draw')}: each model is fitted again with "
        f"{shuffled_how(index)}, and tested as before."
    )


def _permutations(n_permutations: int, *, moved: bool) -> str:
    what = (
        f"{counted(n_permutations, 'move')} in time of all that is told, within its run"
        if moved
        else f"{counted(n_permutations, 'permutation')} of all labels within run or block"
    )
    return (
        f"One-sided: of {what}, every fold fitted anew; with six or more subjects, none of which "
        "trains another's model, of flips of the signs of their scores less chance."
    )


def _pairings(n_pairings: int) -> str:
    return (
        f"One-sided, of metrics that set answers beside stimuli: of {counted(n_pairings, 'draw')} "
        "that deal the answers to the stimuli anew, whole concepts together, within what is scored "
        "together. "
        "Nothing is fitted; draws spread wider where who is tested trains the others' models."
    )


def _orders(n_orders: int) -> str:
    return (
        f"One-sided, of r: of {counted(n_orders, 'order')} of the blocks of time of what was "
        "measured, 10 volumes or 20 s long, within each run, all targets alike. Nothing is fitted; "
        "orders spread wider where who is tested trains the others' models."
    )


def _deals(index: Mapping[str, Any]) -> bool:
    """Whether answers of a metric can be dealt to other stimuli."""
    metrics = [find(name, "metrics") for name in index["metrics"]]
    told_apart = index["target"]["kind"] in TOLD_APART
    return told_apart and any(one.retrieval or one.pairwise for one in metrics)


def _retrieves(index: Mapping[str, Any]) -> bool:
    """Whether a metric is one of retrieval."""
    if index["target"]["kind"] not in TOLD_APART:
        return False
    return any(find(name, "metrics").retrieval is not None for name in index["metrics"])


def _gallery(index: Mapping[str, Any]) -> str:
    told = {
        "tested": "the stimuli that are scored together",
        "all": "all stimuli that there are",
        "prototype": "one mean vector a concept, of its other stimuli, without what was shown",
    }
    likeness = {
        "correlation": "by their correlation",
        "cosine": "by their cosine",
        "centered_cosine": "by their cosine once the mean of the training targets is taken from "
        "both",
    }
    return f"Told from {told[index['gallery']]}; alike {likeness[index['likeness']]}."


def _scores(index: Mapping[str, Any]) -> Iterator[Line]:
    rows = "Trials" if index["schedule"] is None else "Windows"
    for name in index["metrics"]:
        yield _call("metrics", {name: {}})
    if _retrieves(index):
        yield Line(_gallery(index))
    if index["aggregate"] is not None:
        by = " and ".join(index["aggregate"]["by"])
        n, of = index["aggregate"]["n"], index["aggregate"]["of"]
        which = rows if n is None else f"The first {counted(n, rows.lower().removesuffix('s'))}"
        yield Line(
            f"{which} of the same {by} are answered together, by their mean scores."
            if of == "answers"
            else f"{which} of the same {by} are averaged, and models are handed the mean. They "
            "were trained on single trials, whose noise is larger."
        )
    within = index["within"]
    if within:
        together = " and ".join(filter(None, (", ".join(within[:-1]), within[-1])))
        yield Line(
            f"{rows} of the same {together} are scored together. Scores are averaged over folds "
            "and seeds, then sessions, then subjects."
        )
    else:
        yield Line(f"All {rows.lower()} are scored together.")
