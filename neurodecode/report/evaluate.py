"""`evaluate`: arrays or epochs in, results out; an experiment whose card is in memory."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from neurodecode.core.config import Call, Node, Problems, call, from_plain
from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.files import cache_folder
from neurodecode.core.names import build, check_call
from neurodecode.core.progress import progress
from neurodecode.core.recording import Signal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Part, Trials, stack
from neurodecode.data.readers.files import space_of
from neurodecode.harness.index import write_index, write_study
from neurodecode.harness.jobs import describe_model
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import DEFAULT_CONTROLS, NamedModel, Question, display_names
from neurodecode.harness.run import execute, silent
from neurodecode.harness.store import Store
from neurodecode.harness.study import Study
from neurodecode.harness.table import score_results
from neurodecode.report.results import Results
from neurodecode.signal.units import check_finite_and_flat, check_magnitude

Data = np.ndarray | mne.BaseEpochs | Trials | Mapping[str, Any]


def evaluate(
    data: Data,
    target: str | Sequence[Any] | np.ndarray | Mapping[str, Any] | None = None,
    models: Sequence[Any] | str = ("riemann.tangent_space",),
    *,
    protocol: str | Mapping[str, Any] | None = None,
    metrics: Sequence[str] = ("balanced_accuracy",),
    controls: Sequence[str] = DEFAULT_CONTROLS,
    rows: pd.DataFrame | Mapping[str, Sequence[Any]] | None = None,
    n_draws: int = 5,
    seeds: Sequence[int] = (0,),
    title: str = "",
    out: str | Path | None = None,
    n_jobs: int = 1,
    verbose: bool = True,
) -> Results:
    """Score models on trials in memory, with chance, nulls and intervals beside each score.

    Parameters
    ----------
    data : ndarray, mne.Epochs, Trials, or mapping of subject to any of the first two
        Arrays have shape (n_trials, …): (n_trials, n_channels, n_times) for EEG and MEG, or
        (n_trials, n_features). Epochs are in SI units, as mne keeps them.
    target : str or array-like
        A column of `rows`, or of the epochs' metadata, or the labels themselves, one a trial
        (with several subjects: a mapping, subject to labels). None takes the epochs' event names.
    models : sequence of str, scikit-learn estimators, or mappings
        ``"riemann.mdm"``, ``{"riemann.mdm": {"metric": "logeuclid"}}``, ``my_pipeline``.
    protocol : str or mapping, optional
        Such as ``"cross_run"`` or ``{"within_session": {"n_splits": 10}}``. Without one:
        ``within_session`` for one subject, ``cross_subject`` for several.
    metrics : sequence of str
    controls : sequence of str
        Models that see no brain; their rows tell what the design gives away.
    rows : DataFrame or mapping, optional
        Columns of the trials (``session``, ``run``, ``block``, ``onset``, any other), in the order
        of the trials.
    n_draws : int
        Draws of the shuffled null a model.
    seeds : sequence of int
    title : str
    out : path, optional
        Results folder. Without one, results are kept in the cache folder under the data's digest,
        so that a second call finds them.
    n_jobs : int
        Processes; 1 works in this one.
    verbose : bool
        Whether progress is shown on stderr.

    Returns
    -------
    results : Results

    Raises
    ------
    ConfigError
        If a name, an argument or the combination cannot be meant.
    DataError
        If the data are not what they are said to be (NaN, flat channels, one class …).
    """
    trials, target_column = as_trials(data, target, rows)
    classes = tuple(dict.fromkeys(sorted(map(str, trials.rows[target_column]))))
    if len(classes) < 2:
        raise DataError(f"target: all {len(trials)} trials are {classes}. Two classes are needed.")
    chosen, protocol_said = _protocol(protocol, trials)
    question = Question(
        target=Target("label", column=target_column, classes=classes),
        protocol=chosen,
        models=(*_named(models, "model"), *_named(controls, "control")),
        metrics=tuple(metrics),
        seeds=tuple(seeds),
        n_draws=n_draws,
        title=title or f"{target if isinstance(target, str) else 'label'} of {len(trials)} trials",
    )
    study = Study(
        trials=trials,
        question=question,
        previous=previous_labels(trials.rows, target_column),
        sources={"data": "arrays or epochs in memory", "key": trials.key()},
    )
    plan = make_plan(study)
    folder = Path(out) if out is not None else cache_folder() / "evaluations" / trials.key()
    store = Store(folder).open()
    resolved = {
        "title": question.title,
        "data": {"in_memory": trials.key(), "n_trials": len(trials)},
        "protocol": {protocol_said: dict(vars(chosen))},
        "models": [{m.name: describe_model(m.estimator)} for m in question.models],
        "metrics": list(metrics),
        "seeds": list(seeds),
        "shuffled": {"n_draws": n_draws},
    }
    write_study(plan, store, question.title, resolved, "inline" if n_jobs == 1 else "joblib")
    finished = execute(
        plan,
        store,
        engine="inline" if n_jobs == 1 else "joblib",
        n_jobs=n_jobs,
        progress=progress if verbose else silent,
    )
    write_index(plan, store, question.title, finished.errors)
    score_results(store)
    return Results(folder)


def as_trials(
    data: Data,
    target: Any = None,
    rows: pd.DataFrame | Mapping[str, Sequence[Any]] | None = None,
) -> tuple[Trials, str]:
    """Give trials of arrays or epochs in memory, and the column that holds the target.

    Each array's key is its content. Parameters as in `evaluate`.
    """
    if isinstance(data, Trials):
        return data, target if isinstance(target, str) else "label"
    table = None if rows is None else pd.DataFrame(rows)
    if not isinstance(data, Mapping):
        one = _one_subject(data, target, table, "1")
        return one, "label"
    if not data:
        raise ConfigError("data: the mapping is empty. Give {subject: epochs} or {subject: array}.")
    parts, first = [], 0
    for subject, mine in data.items():
        own_target = target[subject] if isinstance(target, Mapping) else target
        n_trials = len(mine)
        own_rows = (
            None if table is None else table.iloc[first : first + n_trials].reset_index(drop=True)
        )
        if (
            own_target is not None
            and not isinstance(own_target, str)
            and not isinstance(target, Mapping)
        ):
            own_target = np.asarray(own_target)[first : first + n_trials]
        parts.append(_one_subject(mine, own_target, own_rows, str(subject)))
        first += n_trials
    if table is not None and len(table) != first:
        raise ConfigError(f"rows: {len(table)} rows for {first} trials of {len(data)} subjects.")
    return stack(parts), "label"


def previous_labels(rows: Rows, column: str) -> np.ndarray:
    """Label of the trial before, in the same recording; None for a first one."""
    labels, recording = rows[column], rows.codes("recording")
    previous = np.full(len(rows), None, dtype=object)
    same = recording[1:] == recording[:-1]
    previous[1:][same] = labels[:-1][same]
    return previous


def _one_subject(data: Any, target: Any, table: pd.DataFrame | None, subject: str) -> Trials:
    if isinstance(data, mne.BaseEpochs):
        return _of_epochs(data, target, table, subject)
    X = np.asarray(data)
    if X.ndim < 2 or X.dtype.kind not in "fiu":
        raise ConfigError(
            f"data of subject {subject}: expected numbers of shape (n_trials, …), got "
            f"{type(data).__name__} of shape {X.shape} and type {X.dtype}."
        )
    if target is None:
        raise ConfigError("target: give the labels, one a trial, or a column of rows.")
    labels = _labels(target, table, len(X), subject)
    if X.ndim == 3:
        names = tuple(f"channel {i}" for i in range(X.shape[1]))
        space, axes = Space("sensors", names), ("channel", "time")
    else:
        space = Space("features", tuple(f"feature {i}" for i in range(X.shape[1])))
        axes = ("feature", *(f"axis {i}" for i in range(2, X.ndim)))
    return _trials(X, labels, table, subject, space, axes, sfreq=None, tmin=0.0, name="data")


def _of_epochs(
    epochs: mne.BaseEpochs, target: Any, table: pd.DataFrame | None, subject: str
) -> Trials:
    if table is None and epochs.metadata is not None:
        table = epochs.metadata.reset_index(drop=True)
    if target is None:
        names = {code: name for name, code in epochs.event_id.items()}
        target = [names[code] for code in epochs.events[:, 2]]
    labels = _labels(target, table, len(epochs), subject)
    picked = epochs.copy().pick("data", exclude="bads")
    X = picked.get_data(copy=True)
    space = space_of(picked.info, np.arange(X.shape[1]))
    sfreq = float(epochs.info["sfreq"])
    signal = Signal(
        X.transpose(1, 0, 2).reshape(X.shape[1], -1),
        space,
        ("channel", "time"),
        sfreq,
        pd.DataFrame(),
    )
    check_finite_and_flat(signal, f"subject {subject}")
    check_magnitude(signal, f"subject {subject}")
    onset = epochs.events[:, 0] / sfreq
    table = pd.DataFrame(index=range(len(X))) if table is None else table
    if "onset" not in table:
        table = table.assign(onset=onset)
    return _trials(
        X, labels, table, subject, space, ("channel", "time"), sfreq=sfreq, tmin=epochs.tmin,
        name=space.types[0] if len(set(space.types)) == 1 else "sensors",
    )  # fmt: skip


def _trials(
    X: np.ndarray,
    labels: np.ndarray,
    table: pd.DataFrame | None,
    subject: str,
    space: Space,
    axes: tuple[str, ...],
    *,
    sfreq: float | None,
    tmin: float,
    name: str,
) -> Trials:
    bad = np.flatnonzero(~np.isfinite(X.reshape(len(X), -1)).all(axis=1))
    if len(bad):
        raise DataError(
            f"subject {subject}: trial {bad[0]} and {len(bad) - 1} more hold NaN or infinite "
            "values. Drop them, or fill them before."
        )
    X = np.ascontiguousarray(X, dtype=np.float64)
    rows = (
        pd.DataFrame(index=range(len(X))) if table is None else table.reset_index(drop=True).copy()
    )
    if len(rows) != len(X):
        raise ConfigError(f"rows: {len(rows)} rows for {len(X)} trials of subject {subject}.")
    rows["label"] = labels
    rows["subject"] = rows["subject"].astype(str) if "subject" in rows else subject
    for entity in ("session", "run"):
        rows[entity] = rows[entity].astype(str) if entity in rows else "1"
    rows["recording"] = [
        f"sub-{s}_ses-{n}_run-{r}"
        for s, n, r in rows[["subject", "session", "run"]].itertuples(index=False)
    ]
    order = np.arange(len(X), dtype=np.float64)
    length = 1.0 if sfreq is None else (X.shape[-1] - 1) / sfreq
    if "onset" not in rows:
        # Without times, trials follow each other without overlap, in the order given.
        rows["onset"] = order * max(1.0, length)
    rows["duration"] = rows.get("duration", 0.0)
    rows["start"], rows["stop"] = rows["onset"] + tmin, rows["onset"] + tmin + length
    built, position = Rows.build_sorted(rows)
    position_in_run = built.base.groupby("recording", observed=True).cumcount().to_numpy()
    built = built.with_column("position", position_in_run)
    part = Part(X, space, axes, None, tmin, digest([digest_array(X), space.key, list(axes)]))
    return Trials.of_entries(built, name, part, position)


def _labels(target: Any, table: pd.DataFrame | None, n_trials: int, subject: str) -> np.ndarray:
    if isinstance(target, str):
        if table is None or target not in table:
            known = [] if table is None else list(table)
            raise ConfigError(
                f"target: no column {target!r}; there are: {', '.join(map(str, known)) or 'none'}."
            )
        target = table[target]
    labels = np.asarray(target)
    if labels.shape != (n_trials,):
        raise ConfigError(
            f"target: {labels.shape} labels for {n_trials} trials of subject {subject}. "
            "Give one label a trial."
        )
    if pd.isna(labels).any():
        raise ConfigError(
            f"target: {int(pd.isna(labels).sum())} labels of subject {subject} are missing. "
            "Drop those trials."
        )
    return np.array([str(label) for label in labels], dtype=object)


def _protocol(asked: str | Mapping[str, Any] | None, trials: Trials) -> tuple[Any, str]:
    if asked is None:
        several = len(set(trials.rows["subject"])) > 1
        asked = "cross_subject" if several else "within_session"
    problems = Problems("evaluate")
    found = call(
        from_plain(asked) if not isinstance(asked, str) else Node(asked), "protocol", problems
    )
    check_call(found, "protocols", "protocol", problems)
    problems.stop()
    return build(found, "protocols"), found.name


def _named(models: Sequence[Any] | str, role: Any) -> list[NamedModel]:
    asked = [models] if isinstance(models, str | BaseEstimator) else list(models)
    problems = Problems("evaluate")
    calls: list[tuple[Call, ...]] = []
    estimators = []
    for one in asked:
        if isinstance(one, BaseEstimator):
            calls.append((Call(_short_name(one)),))
            estimators.append(one)
            continue
        found = call(Node(one) if isinstance(one, str) else from_plain(one), f"{role}s", problems)
        check_call(found, "models", f"{role}s", problems, allow_code=True)
        problems.stop()
        calls.append((found,))
        estimators.append(build(found, "models", allow_code=True))
    names = display_names(calls)
    numbered = [
        name if names.count(name) == 1 else f"{name} #{names[:i].count(name) + 1}"
        for i, name in enumerate(names)
    ]
    return [NamedModel(name, e, role) for name, e in zip(numbered, estimators, strict=True)]


def _short_name(estimator: BaseEstimator) -> str:
    if hasattr(estimator, "named_steps"):
        return " + ".join(type(step).__name__ for _, step in estimator.steps)  # pyright: ignore[reportAttributeAccessIssue]
    return type(estimator).__name__
