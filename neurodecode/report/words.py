"""What the page says in words: what was asked, what came out, what a flag or an interval means."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from neurodecode.core.names import catalogue, find
from neurodecode.harness.table import N_BOOTSTRAP, TableRow
from neurodecode.report.results import Results
from neurodecode.report.tables import number

FLAGS = {
    "history": "baseline.history, which knows only the label of the trial before, does about as "
    "well: the paired difference is not above zero with its 95 % interval. The order of the trials "
    "alone could give this score.",
    "clock": "baseline.clock, which knows only when in the run a trial came, does about as well: "
    "the paired difference is not above zero with its 95 % interval. Slow drifts could give this "
    "score.",
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
class Asked:
    """One line of what was asked: a term, and sentences or a list."""

    term: str
    lines: tuple[str, ...]


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


def verdict(results: Results) -> list[str]:
    """Say in a few sentences what came out under the first metric."""
    metric = results.index["metrics"][0]
    rows = [row for row in results.rows() if row.metric == metric and not row.note]
    sign = 1 if find(metric, "metrics").direction == "up" else -1
    models = sorted((r for r in rows if r.role == "model"), key=lambda r: -sign * r.mean)
    controls = sorted((r for r in rows if r.role != "model"), key=lambda r: -sign * r.mean)
    if not models:
        return ["No model has a score; the table says why."]
    best = models[0]
    of = f"Best of {len(models)} models" if len(models) > 1 else "The model"
    over = f"{best.n_units} {best.unit}s" if best.n_units > 1 else f"one {best.unit}"
    said = [
        f"{of}: {best.model}, {spaced(metric)} {number(best.mean)} (95 % interval "
        f"{number(best.ci_low)} to {number(best.ci_high)}) over {over} and {best.n_trials} trials; "
        f"chance is {number(best.chance)}"
        + (
            "."
            if best.shuffled_mean is None
            else f", and with shuffled training labels it scores {number(best.shuffled_mean)}."
        )
    ]
    low, high = sorted((sign * best.ci_low, sign * best.ci_high))
    if low > sign * best.chance:
        said.append("Its interval lies above chance.")
    elif high >= sign * best.chance:
        said.append(
            "Its interval includes chance: these trials do not show that it reads anything."
        )
    bounds = [flag for flag in ("history", "clock") if flag in best.flags]
    if controls:
        top = controls[0]
        said.append(
            f"The best control, which sees no brain data, is {top.model} at {number(top.mean)}."
        )
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
        Asked("Told apart", (_target(index["target"], rows),)),
    ]
    if "in_memory" not in resolved.get("data", {}):
        steps = [_call("signal", one) for one in resolved.get("prepare", [])]
        asked.append(Asked("Preparation", tuple(steps) or ("None.",)))
        asked.append(Asked("Trials", (_windows(resolved.get("windows")),)))
    asked.append(Asked("Who is tested", tuple(_protocol(resolved.get("protocol", {}), index))))
    roles: dict[str, list[str]] = {}
    for model in index["models"]:
        roles.setdefault(model["role"], []).append(model["name"])
    arguments = _arguments([*resolved.get("models", []), *resolved.get("controls", [])])
    for role, term in (("model", "Models"), ("control", "Controls")):
        if role in roles:
            lines = tuple(_model(name, arguments) for name in roles[role])
            asked.append(Asked(term, lines))
    asked.append(Asked("Null", (_null(index["n_draws"]),)))
    asked.append(Asked("Scores", tuple(_scores(index))))
    return asked


def spaced(name: str) -> str:
    """Give a name as words: ``balanced accuracy``."""
    return name.replace("_", " ")


def counted(n: int, noun: str) -> str:
    """Give a number with its noun, in the plural where it is not one."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _data(resolved: Mapping[str, Any], rows: pd.DataFrame) -> Iterator[str]:
    data = resolved.get("data", {})
    if "card" in data:
        variant = f", variant {data['variant']}" if data.get("variant") else ""
        yield f"{data['card']}{variant}, task {data['task']}."
    elif "in_memory" in data:
        yield "Arrays or epochs that were in memory."
    subjects = list(dict.fromkeys(map(str, rows["subject"])))
    named = "" if len(subjects) > _NAMES_SHOWN else f" ({', '.join(subjects)})"
    n_sessions = len(rows[["subject", "session"]].drop_duplicates())
    yield (
        f"{counted(len(subjects), 'subject')}{named}, {counted(n_sessions, 'session')}, "
        f"{counted(rows['recording'].nunique(), 'recording')}, {counted(len(rows), 'trial')}."
    )


def _target(target: Mapping[str, Any], rows: pd.DataFrame) -> str:
    classes = target["classes"]
    if not classes:
        return f"A {target['kind']}, a number a trial."
    counts = rows["y"].value_counts()
    told = ", ".join(f"{name} ({counts.get(code, 0)} trials)" for code, name in enumerate(classes))
    unknown = int(counts.get(-1, 0))
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


def _protocol(protocol: Mapping[str, Any], index: Mapping[str, Any]) -> Iterator[str]:
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
    yield said


def _arguments(models: Sequence[Any]) -> dict[str, Any]:
    """Arguments by model name; a list of steps goes by the names of all of them."""
    found = {}
    for one in models:
        steps = one if isinstance(one, list) else [one]
        if all(isinstance(step, Mapping) and len(step) == 1 for step in steps):
            found[" + ".join(next(iter(step)) for step in steps)] = one
    return found


def _model(name: str, arguments: Mapping[str, Any]) -> str:
    given = arguments.get(name)
    if isinstance(given, Mapping) and isinstance(given[name], Mapping):
        return _call("models", given)
    return _call("models", {name: {}})


def _call(group: str, one: Mapping[str, Any]) -> str:
    """Give a name with its arguments and the sentence that its documentation begins with."""
    ((name, arguments),) = one.items()
    given = ", ".join(f"{k} {_value(v)}" for k, v in (arguments or {}).items() if v is not None)
    entry = catalogue(group).get(name)
    said = f"{name} ({given})" if given else name
    return f"{said}: {entry.summary.replace('``', '')}" if entry and entry.summary else f"{said}."


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


def _scores(index: Mapping[str, Any]) -> Iterator[str]:
    for name in index["metrics"]:
        yield _call("metrics", {name: {}})
    within = index["within"]
    if within:
        yield (
            f"Trials of one {', '.join(within)} are scored together. Scores are averaged over "
            "folds and seeds, then sessions, then subjects."
        )
    else:
        yield "All trials are scored together."
