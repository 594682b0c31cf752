"""What the page says in words: what was asked, what came out, what a flag or an interval means."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from neurodecode.core.names import catalogue, find
from neurodecode.harness.paired_bootstrap import N_BOOTSTRAP
from neurodecode.harness.table import TableRow
from neurodecode.report.results import Results
from neurodecode.report.tables import number, spaced

FLAGS = {
    "history": "Not clearly better than baseline.history, which knows only the label of the trial "
    "before: the paired difference is not above zero with its 95 % interval. The order of the "
    "trials alone could give this score.",
    "clock": "Not clearly better than baseline.clock, which knows only when in the run a trial "
    "came: the paired difference is not above zero with its 95 % interval. Slow drifts could give "
    "this score.",
    "covariates": "Not clearly better than baseline.covariates, which knows only columns such as "
    "age, sex and site: the paired difference is not above zero with its 95 % interval. Those "
    "columns alone could give this score.",
    "test-set only": "One subject (or session, or fold) was tested, so the interval comes from its "
    "test trials alone. It does not say how the model would do on others.",
    "shared_preparation": "The preparation mixes samples of a recording over time, and training "
    "and test trials share recordings within its reach: what is tested may have touched the "
    "training signal.",
    "split_blocks": "Trials of one block are on both sides of a split. Neighbours in a block "
    "resemble each other whatever was shown, so the score may be far too high.",
    "shared_stimulus": "A stimulus is on both sides of a split: the score is of stimuli that the "
    "model was trained on, and does not say how it would do on new ones.",
    "overlap": "Windows of training trials overlap windows of test trials: the model has seen part "
    "of what it is tested on.",
    "transductive": "The model saw the test trials, without their labels, before it was tested.",
    "simulated": "The recordings were made by a generator with a planted effect: the score says "
    "what a model can do with such signals, nothing of brains. baseline.oracle is the ceiling.",
    "copied_recording": "A recording that is tested is the copy, sample for sample, of one under "
    "another id that was trained on: the model has seen it.",
    "copied_trials": "Trials that are tested are copies, sample for sample, of trials that were "
    "trained on: the model has seen them.",
    "not_converged": "In at least one fold the loss of the network still fell when its training "
    "ended with the last pass: the score says little of what it can learn. Give more max_epochs.",
}
_NAMES_SHOWN = 12
_DIGEST = re.compile("[0-9a-f]{32}")
_UNITS = {"l_freq": "Hz", "h_freq": "Hz", "sfreq": "Hz", "seconds": "s"}  # of arguments
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


def flag_sentence(flag: str) -> str:
    """Say what a flag means for who reads the score."""
    if flag in FLAGS:
        return FLAGS[flag]
    if flag.startswith("calibration"):
        return (
            "The model was told the labels of the first trials of the tested session, which are "
            "not tested: the number is trials a class, or the part of the session."
        )
    if flag.startswith("unlabelled"):
        return (
            "The model saw some trials of the tested session without their labels; none of them is "
            "tested."
        )
    if flag.startswith("confound:"):
        return (
            "After the correction for it, trees still told this column from the features of "
            "training rows that were held out: what is left, such as an effect that is not linear, "
            "may carry the score."
        )
    if "groups not computed" in flag:
        return (
            "Groups of test trials that the metric does not apply to, such as those of one class."
        )
    if "jobs failed" in flag:
        return "Some fits ended in an error (below); the score is of the others."
    if "not run yet" in flag:
        return "Some fits are still to be run (below); the score is of the others."
    return "The protocol or the model declared this of its folds."


def interval_sentence(rows: Sequence[TableRow], mutual: Mapping[str, float]) -> str:
    """Say how the intervals of a table were made.

    Parameters
    ----------
    rows : sequence of TableRow
    mutual : mapping of str to float
        How far units, and rows, train each other's models, as the index says.
    """
    sizes = sorted({(row.n_units, row.unit) for row in rows if row.n_units})
    if not sizes:
        return "No interval: no score was computed."
    n_units, unit = sizes[-1]
    if n_units == 1:
        return (
            f"The 95 % interval is a percentile bootstrap ({N_BOOTSTRAP} draws) of the stored "
            "predictions, over the test trials, or their blocks where there are any. It says how "
            "the score would vary with other test trials, not with other people."
            f"{_widening(mutual['row'], 'trials')}"
        )
    how = "a bias-corrected bootstrap" if n_units >= 20 else "Student's t"
    widening = _widening(mutual["unit"], f"{unit}s")
    return f"The 95 % interval is {how} over the means of {n_units} {unit}s.{widening}"


def _widening(share: float, units: str) -> str:
    if share == 0:
        return ""
    return (
        f" As tested {units} also train the models of the others, it is {math.sqrt(1 + share):.2f} "
        "times as wide as their spread alone would make it."
    )


def best(results: Results, role: str = "model") -> TableRow | None:
    """Give the row of the best score under the first metric, or None without a score."""
    metric = results.index["metrics"][0]
    rows = [r for r in results.rows() if r.metric == metric and r.role == role and not r.note]
    return max(rows, key=lambda row: sign(metric) * row.mean, default=None)


def verdict(results: Results) -> list[str]:
    """Say in a few sentences what came out under the first metric."""
    row, control = best(results), best(results, "control")
    ceiling = best(results, "ceiling")
    if row is None:
        return ["No model has a score; the table says why."]
    n_models = sum(r.role == "model" and r.metric == row.metric for r in results.rows())
    over = counted(row.n_units, row.unit) if row.n_units > 1 else f"one {row.unit}"
    shuffled = row.shuffled_mean
    said = [
        f"{f'Best of {n_models} models' if n_models > 1 else 'The model'}: {row.model}, "
        f"{spaced(row.metric)} {number(row.mean)} (95 % interval {number(row.ci_low)} to "
        f"{number(row.ci_high)}) over {over} and {row.n_trials} trials; chance "
        + ("has no formula here" if math.isnan(row.chance) else f"is {number(row.chance)}")
        + ("." if shuffled is None else f", shuffled training labels give {number(shuffled)}.")
    ]
    up = sign(row.metric)
    low, high = sorted((up * row.ci_low, up * row.ci_high))
    if math.isnan(low):
        said.append("It has no interval: too few trials could be scored.")
    elif math.isnan(row.chance):
        said.append("What shuffled labels and the controls reach stands in for it.")
    elif low > up * row.chance:
        said.append("It is better than chance: the interval does not reach it.")
    elif high < up * row.chance:
        said.append("It is worse than chance: the interval does not reach it.")
    else:
        said.append(
            "Its interval includes chance: these trials do not show that it reads anything."
        )
    if control is not None:
        said.append(
            f"The best control, which sees no brain data, is {control.model} at "
            f"{number(control.mean)}."
        )
    if ceiling is not None:
        said.append(
            "The recordings were made: an oracle that knows the sources and the noise, but not the "
            f"truth, reaches {number(ceiling.mean)}."
        )
    bounds = [f"baseline.{flag}" for flag in ("history", "clock") if flag in row.flags]
    if bounds:
        said.append(
            f"{row.model} is not clearly better than {' and '.join(bounds)}, so what the design "
            "of the recording gives away could alone give this score."
        )
    if "covariates" in row.flags:
        said.append(
            f"{row.model} is not clearly better than baseline.covariates, so what is known of the "
            "people could alone give this score."
        )
    if n_models > 1:
        said.append("The best was picked by the scores below, which favours it a little.")
    return said


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
    asked = [
        Asked("Data", tuple(_data(resolved, rows))),
        Asked("Told apart", (Line(_target(index["target"], rows)),)),
    ]
    if "in_memory" not in resolved.get("data", {}):
        steps = [_call("signal", one) for one in resolved.get("prepare", [])]
        asked.append(Asked("Preparation", tuple(steps) or (Line("None."),)))
        asked.append(Asked("Trials", (Line(_windows(resolved.get("windows"))),)))
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
    if "tune" in resolved:
        asked.append(Asked("Chosen on inner folds", (Line(_value(resolved["tune"]["grids"])),)))
    asked.append(Asked("Shuffled labels", (Line(_null(index["n_draws"])),)))
    if index["n_permutations"]:
        asked.append(Asked("p", (Line(_permutations(index["n_permutations"])),)))
    asked.append(Asked("Scores", tuple(_scores(index))))
    return asked


def pattern_notes(are_components: Collection[bool]) -> list[str]:
    """Say how to read patterns, of classes (False), of components (True) or of both."""
    said = {
        False: "The more the model leans to a class, the higher the signal is where the map of the "
        "class is above zero, and the lower where it is below. Values are those of the prepared "
        "signal for one unit of the model's output: compare places, not models.",
        True: "Components have no order, sign or size of their own: those of each fit were matched "
        "to those of the first, and each map has its own colour scale.",
    }
    return [sentence for kind, sentence in said.items() if kind in are_components]


def counted(n: int, noun: str) -> str:
    """Give a number with its noun, in the plural where it is not one."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def sign(metric: str) -> int:
    """Give 1 where a larger score is better, -1 where a smaller one is."""
    return 1 if find(metric, "metrics").direction == "up" else -1


def _data(resolved: Mapping[str, Any], rows: pd.DataFrame) -> Iterator[Line]:
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
        f"{counted(len(set(rows['recording'])), 'recording')}, {counted(len(rows), 'trial')}."
    )


def _target(target: Mapping[str, Any], rows: pd.DataFrame) -> str:
    classes = target["classes"]
    if target["kind"] == "none":
        return "Nothing: models learn how trials are, and are scored by how well others fit."
    if not classes:
        return f"A {target['kind']}, {'a number' if target['kind'] == 'value' else 'one'} a trial."
    counts = Counter(rows["y"].tolist())
    sizes = {counts[code] for code in range(len(classes))}
    if len(sizes) == 1:
        told = f"{', '.join(classes)} ({counted(sizes.pop(), 'trial')} each)"
    else:
        told = ", ".join(
            f"{name} ({counted(counts[code], 'trial')})" for code, name in enumerate(classes)
        )
    unknown = counts[-1]
    return told + (f"; {counted(unknown, 'trial')} of other labels not used." if unknown else ".")


def _windows(windows: Mapping[str, Any] | None) -> str:
    if windows is None:
        return "Entries of the prepared signal, such as volumes or blocks, as they are."
    if windows.get("span"):
        return "From each event's onset to its end, so that trials may differ in length."
    if windows.get("length") is not None:
        return f"Windows of {windows['length']:g} s, a new one every {windows['hop']:g} s."
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
            "windows overlap a test window."
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
    line = _call("models", {name: {}})
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
    if isinstance(value, list | tuple):  # a function is its name and a digest
        return ", ".join(_value(one) for one in value if not _DIGEST.fullmatch(str(one)))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _null(n_draws: int) -> str:
    if n_draws == 0:
        return "No shuffled null was asked for."
    return (
        f"{counted(n_draws, 'draw')}: each model is fitted again on training labels that are "
        "permuted within their run or block, and tested as before."
    )


def _permutations(n_permutations: int) -> str:
    return (
        f"One-sided: of {counted(n_permutations, 'permutation')} of all labels within run or "
        "block, every fold fitted anew; with six or more subjects of flips of the signs of their "
        "scores less chance."
    )


def _scores(index: Mapping[str, Any]) -> Iterator[Line]:
    for name in index["metrics"]:
        yield _call("metrics", {name: {}})
    if index["aggregate"] is not None:
        by = " and ".join(index["aggregate"]["by"])
        yield Line(f"Trials of the same {by} are answered together, by their mean scores.")
    within = index["within"]
    if within:
        together = " and ".join(filter(None, (", ".join(within[:-1]), within[-1])))
        yield Line(
            f"Trials of the same {together} are scored together. Scores are averaged over folds "
            "and seeds, then sessions, then subjects."
        )
    else:
        yield Line("All trials are scored together.")
