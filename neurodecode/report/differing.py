"""What an experiment does otherwise than a published one: protocol, people, band, window, model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neurodecode.core.names import build
from neurodecode.report.published import Bands, Published, PublishedScore, Recipe
from neurodecode.report.results import Results

# What says how a model is computed, or draws its numbers, and not what it is.
_NOT_OF_THE_MODEL = {"n_jobs", "random_state", "verbose", "cache_size", "copy", "memory"}
_ONLY_FILTERED = ("filter", "filter_bank", "resample", "mne")


def how_models_differ(
    steps: Sequence[Mapping[str, Any]], grid: Mapping[str, Sequence[Any]], recipe: Recipe
) -> tuple[str, ...] | None:
    """Say in which arguments a model differs from a published one.

    Parameters
    ----------
    steps : sequence of mapping
        Steps of the model, the predictor last, each a name with all arguments.
    grid : mapping
        What is chosen from on inner folds.
    recipe : Recipe

    Returns
    -------
    differs : tuple of str, or None
        None where it is made of other steps.
    """
    if [next(iter(step)) for step in steps] != [call.name for call in recipe.steps]:
        return None
    chosen = {argument.rpartition("__") for argument in recipe.grid}
    differs = list(recipe.differs)
    groups = ["steps"] * (len(steps) - 1) + ["models"]
    for step, call, group in zip(steps, recipe.steps, groups, strict=True):
        (ours,) = step.values()
        theirs = build(call, group).get_params(deep=False)  # with its class's where none is named
        skipped = _NOT_OF_THE_MODEL | {
            argument for place, _, argument in chosen if place in (call.name, "")
        }
        differs += [
            f"{call.name}: {name} {_said((ours or {}).get(name))}; theirs {_said(value)}"
            for name, value in theirs.items()
            if name not in skipped and not _same((ours or {}).get(name), value)
        ]
    if _listed(grid) != _listed(recipe.grid):
        told = f"chosen on inner folds from {_said(grid)}" if grid else "nothing tuned"
        differs.append(f"{told}; theirs {'from ' + _said(recipe.grid) if recipe.grid else 'not'}")
    return tuple(differs)


def how_protocols_differ(
    score: PublishedScore, published: Published, asked: Mapping[str, Any], results: Results
) -> tuple[str, ...]:
    """Say what an experiment does otherwise than the evaluation of a published figure.

    Parameters
    ----------
    score : PublishedScore
    published : Published
    asked : mapping
        The experiment with every default.
    results : Results

    Returns
    -------
    differs : tuple of str
        Each as ours; theirs.
    """
    return (
        *_protocol(score, published, asked, results),
        *_people(score, published, results),
        *_preparation(score, published, asked),
        *_window(score, published, asked),
        *_sensors(score, published, results),
        *_seen(asked),
    )


def _protocol(
    score: PublishedScore, published: Published, asked: Mapping[str, Any], results: Results
) -> Iterator[str]:
    theirs = published.evaluations[score.evaluation]
    said = {k: v for k, v in asked.get("protocol", {}).items() if k != "overlap"}
    ((name, arguments),) = said.items()
    n_splits = (arguments or {}).get("n_splits")
    if name != theirs.protocol or (theirs.n_splits is not None and n_splits != theirs.n_splits):
        ours = f"{name} ({n_splits} folds)" if n_splits else name
        yield f"protocol: {ours}; theirs {score.evaluation}"
    purged = sum(fold["purged"] for fold in results.index["folds"])
    if purged:
        yield f"training windows that overlap a test window: {purged} left out; theirs kept"
    tune = asked.get("tune")
    if tune and tune.get("n_splits", 5) != theirs.tuned:
        yield f"inner folds: {tune.get('n_splits', 5)}; theirs {theirs.tuned}"
    if tune and tune.get("metric", score.metric) != score.metric:
        yield f"chosen by {tune['metric']}; theirs by {score.metric}"


def _people(score: PublishedScore, published: Published, results: Results) -> Iterator[str]:
    facts, rows = published.datasets[score.dataset], results.trials()
    sessions: dict[str, set[str]] = {}
    for subject, session in zip(rows["subject"], rows["session"], strict=True):
        sessions.setdefault(subject, set()).add(session)
    n_subjects, n_sessions = len(sessions), max(map(len, sessions.values()))
    if n_subjects != facts.subjects:
        yield f"subjects: {n_subjects} of {facts.subjects}"
    if n_sessions != facts.sessions:
        yield f"sessions a subject: {n_sessions}; theirs {facts.sessions}"


def _preparation(
    score: PublishedScore, published: Published, asked: Mapping[str, Any]
) -> Iterator[str]:
    theirs, prepare = published.bands(score), asked.get("prepare") or []
    bands, methods = _bands(prepare)
    if not _same(bands, theirs):
        yield f"band: {_told(bands)}; theirs {_told(theirs)}"
    others = [m for m in methods if m != "iir zero"]
    if others:
        yield f"filter: {', '.join(dict.fromkeys(others))} phase; theirs iir zero phase"
    named = [next(iter(one)) for one in prepare]
    more = [name for name in named if name not in _ONLY_FILTERED]
    if more:
        yield f"prepared by {', '.join(more)}; theirs not"


def _bands(prepare: Sequence[Mapping[str, Any]]) -> tuple[Bands, list[str]]:
    """Bands that recordings are filtered to, and method and phase of the filters."""
    bands: Bands = ()
    methods = []
    for one in prepare:
        ((name, said),) = one.items()
        if name == "mne":  # one method by its name
            said = {**said.get("methods", {}), **said}.get("filter")
            if said is None:
                continue
            name, said = "filter", {"method": "fir", "phase": "zero", **said}
        if name == "filter":
            bands += ((said.get("l_freq") or 0.0, said.get("h_freq") or float("inf")),)
        elif name == "filter_bank":
            bands += tuple((low or 0.0, high or float("inf")) for low, high in said["bands"])
        else:
            continue
        methods.append(f"{said['method']} {said['phase']}")
    return bands, methods


def _window(score: PublishedScore, published: Published, asked: Mapping[str, Any]) -> Iterator[str]:
    tmin, tmax = published.datasets[score.dataset].interval
    if asked["data"]["card"] not in published.cards:  # MOABB's events are at the interval's start
        tmin, tmax = 0.0, tmax - tmin
    windows = asked.get("windows") or {}
    if "tmin" not in windows:
        ours = _said(windows) if windows else "the whole trial"
        yield f"window: {ours}; theirs {tmin:g} to {tmax:g} s"
    elif (windows["tmin"], windows["tmax"]) != (tmin, tmax):
        ours = f"{windows['tmin']:g} to {windows['tmax']:g} s"
        yield f"window: {ours} from the event; theirs {tmin:g} to {tmax:g} s"
    if windows.get("reject"):
        yield f"trials above {_said(windows['reject'])} left out; theirs all kept"


def _sensors(score: PublishedScore, published: Published, results: Results) -> Iterator[str]:
    facts, given = published.datasets[score.dataset], results.index.get("input") or {}
    if given.get("kind") != "sensors":
        return
    if len(given["names"]) != facts.channels:
        yield f"channels: {len(given['names'])}; theirs {facts.channels}"
    if given.get("sfreq") and given["sfreq"] != facts.sfreq:
        yield f"sampling rate: {given['sfreq']:g} Hz; theirs {facts.sfreq:g} Hz"


def _seen(asked: Mapping[str, Any]) -> Iterator[str]:
    access = asked.get("target_access", "none")
    if access != "none":
        yield f"of the tested, {_said(access)} is seen; theirs nothing"
    if asked.get("aggregate"):
        by = ", ".join(asked["aggregate"]["by"])
        how = "averaged" if asked["aggregate"].get("of") == "inputs" else "answered together"
        yield f"rows of one {by} are {how}; theirs each by itself"


def _same(ours: Any, theirs: Any) -> bool:
    return _listed(ours) == _listed(theirs)


def _listed(value: Any) -> Any:
    """Give a value with its tuples as lists, so that what was stored compares with what is made."""
    if isinstance(value, Mapping):
        return {key: _listed(one) for key, one in value.items()}
    return [_listed(one) for one in value] if isinstance(value, list | tuple) else value


def _told(bands: Bands) -> str:
    return ", ".join(f"{low:g} to {high:g}" for low, high in bands) + " Hz" if bands else "none"


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_said(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return f"[{', '.join(_said(one) for one in value)}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
