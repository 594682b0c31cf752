"""What the page says in words: what was asked, what came out, what a flag or an interval means."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from neurodecode.core.names import catalogue, find
from neurodecode.harness.table import N_BOOTSTRAP, TableRow
from neurodecode.report.results import Results
from neurodecode.report.tables import number, spaced

FLAGS = {
    "history": "Not clearly better than baseline.history, which knows only the label of the trial "
    "before: the paired difference is not above zero with its 95 % interval. The order of the "
    "trials alone could give this score.",
    "clock": "Not clearly better than baseline.clock, which knows only when in the run a trial "
    "came: the paired difference is not above zero with its 95 % interval. Slow drifts could give "
    "this score.",
    "test-set only": "There is one unit, so the interval comes from its test trials alone. It does "
    "not say how the model would do on other people or sessions.",
    "shared_preparation": "The preparation mixes samples of a recording over time, and training "
    "and test trials share recordings within its reach: what is tested may have touched the "
    "training signal.",
    "split_blocks": "Trials of one block are on both sides of a split. Neighbours in a block "
    "resemble each other whatever was shown, so the score may be far too high.",
    "overlap": "Windows of training trials overlap windows of test trials: the model has seen part "
    "of what it is tested on.",
    "transductive": "The model saw the test trials, without their labels, before it was tested.",
}
_NAMES_SHOWN = 12


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
    if "groups not computed" in flag:
        return (
            "Groups of test trials that the metric does not apply to, such as those of one class."
        )
    if "jobs failed" in flag:
        return "Some fits ended in an error (below); the score is of the others."
    return "The protocol or the model declared this of its folds."


def interval_sentence(rows: Sequence[TableRow]) -> str:
    """Say how the intervals of a table were made."""
    sizes = sorted({(row.n_units, row.unit) for row in rows if row.n_units})
    if not sizes:
        return "No interval: no score was computed."
    n_units, unit = sizes[-1]
    if n_units == 1:
        return (
            f"The 95 % interval is a percentile bootstrap ({N_BOOTSTRAP} draws) of the stored "
            "predictions, over the test trials, or their blocks where there are any. It says how "
            "the score would vary with other test trials, not with other people."
        )
    how = "a bias-corrected bootstrap" if n_units >= 20 else "Student's t"
    return f"The 95 % interval is {how} over the means of {n_units} {unit}s."


def best(results: Results, role: str = "model") -> TableRow | None:
    """Give the row of the best score under the first metric, or None without a score."""
    metric = results.index["metrics"][0]
    rows = [r for r in results.rows() if r.metric == metric and r.role == role and not r.note]
    return max(rows, key=lambda row: _sign(metric) * row.mean, default=None)


def verdict(results: Results) -> list[str]:
    """Say in a few sentences what came out under the first metric."""
    row, control = best(results), best(results, "control")
    if row is None:
        return ["No model has a score; the table says why."]
    n_models = sum(r.role == "model" and r.metric == row.metric for r in results.rows())
    over = f"{row.n_units} {row.unit}s" if row.n_units > 1 else f"one {row.unit}"
    shuffled = row.shuffled_mean
    said = [
        f"{f'Best of {n_models} models' if n_models > 1 else 'The model'}: {row.model}, "
        f"{spaced(row.metric)} {number(row.mean)} (95 % interval {number(row.ci_low)} to "
        f"{number(row.ci_high)}) over {over} and {row.n_trials} trials; chance is "
        f"{number(row.chance)}"
        + ("." if shuffled is None else f", shuffled training labels give {number(shuffled)}.")
    ]
    sign = _sign(row.metric)
    low, high = sorted((sign * row.ci_low, sign * row.ci_high))
    if low > sign * row.chance:
        said.append("Its interval lies beyond chance.")
    elif high >= sign * row.chance:
        said.append(
            "Its interval includes chance: these trials do not show that it reads anything."
        )
    if control is not None:
        said.append(
            f"The best control, which sees no brain data, is {control.model} at "
            f"{number(control.mean)}."
        )
    bounds = [flag for flag in ("history", "clock") if flag in row.flags]
    if bounds:
        said.append(
            f"The score is flagged {' and '.join(bounds)}: it cannot be told from what the design "
            "of the recording gives away."
        )
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
    index, rows = results.index, results.store.rows()
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
    for role, term in (("model", "Models"), ("control", "Controls")):
        if role in roles:
            lines = tuple(_model(name, arguments) for name in roles[role])
            asked.append(Asked(term, lines))
    asked.append(Asked("Shuffled labels", (Line(_null(index["n_draws"])),)))
    asked.append(Asked("Scores", tuple(_scores(index))))
    return asked


def counted(n: int, noun: str) -> str:
    """Give a number with its noun, in the plural where it is not one."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _sign(metric: str) -> int:
    return 1 if find(metric, "metrics").direction == "up" else -1


def _data(resolved: Mapping[str, Any], rows: pd.DataFrame) -> Iterator[Line]:
    data = resolved.get("data", {})
    if "card" in data:
        variant = f", variant {data['variant']}" if data.get("variant") else ""
        yield Line(f"{data['card']}{variant}, task {data['task']}.")
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
    if not classes:
        return f"A {target['kind']}, a number a trial."
    counts = Counter(rows["y"].tolist())
    told = ", ".join(f"{name} ({counts[code]} trials)" for code, name in enumerate(classes))
    unknown = counts[-1]
    return told + (f"; {unknown} trials of other labels are not used." if unknown else ".")


def _windows(windows: Mapping[str, Any] | None) -> str:
    if windows is None:
        return "Entries of the prepared signal, such as volumes or blocks, as they are."
    if windows.get("length") is not None:
        return f"Windows of {windows['length']:g} s, a new one every {windows['hop']:g} s."
    said = f"From {windows['tmin']:g} s to {windows['tmax']:g} s after each event's onset."
    limits = {kind: limit for kind, limit in (windows.get("reject") or {}).items() if limit}
    rejected = ", ".join(f"{kind} {limit:g}" for kind, limit in limits.items())
    return said + (
        f" Left out where peak to peak is above {rejected} (SI units)." if limits else ""
    )


def _protocol(protocol: Mapping[str, Any], index: Mapping[str, Any]) -> Iterator[Line]:
    for name, arguments in protocol.items():
        if name != "overlap":
            yield _call("protocols", {name: arguments})
    seeds = index["seeds"]
    n_folds = len(index["folds"])
    said = (
        f"{counted(n_folds, 'fold')}, {counted(len(seeds), 'seed')} ({', '.join(map(str, seeds))})."
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
    return _call("models", {name: {}})


def _call(group: str, one: Mapping[str, Any]) -> Line:
    """Give a name, the sentence that its documentation begins with, and its arguments."""
    ((name, arguments),) = one.items()
    entry = catalogue(group).get(name)
    given = ", ".join(f"{k} {_value(v)}" for k, v in (arguments or {}).items() if v is not None)
    return Line(entry.summary.replace("`", "") if entry else "", name, given)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _null(n_draws: int) -> str:
    if n_draws == 0:
        return "No shuffled null was asked for."
    return (
        f"{counted(n_draws, 'draw')}: each model is fitted again on training labels that are "
        "permuted within their run or block, and tested as before."
    )


def _scores(index: Mapping[str, Any]) -> Iterator[Line]:
    for name in index["metrics"]:
        yield _call("metrics", {name: {}})
    within = index["within"]
    if within:
        yield Line(
            f"Trials of one {', '.join(within)} are scored together. Scores are averaged over "
            "folds and seeds, then sessions, then subjects."
        )
    else:
        yield Line("All trials are scored together.")
