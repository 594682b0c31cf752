"""`evaluate`: arrays or epochs in, results out; an experiment whose card is in memory."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.config import bind, call
from neurodecode.core.errors import DataError
from neurodecode.core.files import cache_folder
from neurodecode.core.names import build, check_call
from neurodecode.core.nodes import Node, Problems, from_plain
from neurodecode.core.progress import progress
from neurodecode.core.target import Target
from neurodecode.core.training import Device
from neurodecode.core.trials import Trials
from neurodecode.data.cache import unwritable
from neurodecode.harness.index import write_index, write_study
from neurodecode.harness.jobs import describe_model
from neurodecode.harness.opening import with_oracle
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import DEFAULT_CONTROLS, OF_NUMBERS, Question, Tune
from neurodecode.harness.run import execute, silent
from neurodecode.harness.store import Store
from neurodecode.harness.study import Study
from neurodecode.harness.table import score_results
from neurodecode.report.arrays import Data, as_trials, kind_of, previous_labels
from neurodecode.report.asked_models import named_models
from neurodecode.report.results import Results


def evaluate(
    data: Data,
    target: str | Sequence[Any] | np.ndarray | Mapping[str, Any] | None = None,
    models: Sequence[Any] | str = ("riemann.tangent_space",),
    *,
    protocol: str | Mapping[str, Any] | None = None,
    metrics: Sequence[str] | str | None = None,
    controls: Sequence[Any] | str | None = None,
    rows: pd.DataFrame | Mapping[str, Sequence[Any]] | None = None,
    n_draws: int = 5,
    seeds: Sequence[int] | int = (0,),
    tune: Mapping[str, Any] | None = None,
    title: str = "",
    out: str | Path | None = None,
    n_jobs: int = 1,
    device: Device = "auto",
    verbose: bool = True,
) -> Results:
    """Score models on trials in memory, with chance, nulls and intervals beside each score.

    Parameters
    ----------
    data : ndarray, mne.Epochs, Trials, or mapping of subject to any of the first two
        Arrays have shape (n_trials, …): (n_trials, n_channels, n_times) for EEG and MEG, or
        (n_trials, n_features). Epochs are in SI units, as mne keeps them; their events tell when
        each began. Arrays, and `mne.EpochsArray` made without events, have no times: their trials
        are taken to follow each other without overlap, unless `rows` has a column ``onset``.
        Pictures of `Trials` whose card says ``show_stimuli: never`` are scored and not drawn; of
        arrays nobody says so.
    target : str or array-like
        A column of `rows`, or of the epochs' metadata, or the labels themselves, one a trial
        (with several subjects: a mapping, subject to labels). None takes the epochs' event names.
        Numbers that are not whole are values to be told, and so are whole ones where every model
        is a regressor; an array of shape (n_trials, n) holds a vector a trial, one of shape
        (n_trials, height, width) or (n_trials, height, width, channels) a picture: bytes, or floats
        from 0 to 1; equal ones are one stimulus, unless `rows` has a column ``stimulus``. Of
        `Trials` it names a column, or a signal: of pictures where a model asks for these, else of
        vectors.
    models : sequence of str, scikit-learn estimators, torch module classes, mappings, or lists
        ``"riemann.mdm"``, ``{"riemann.mdm": {"metric": "logeuclid"}}``, ``my_pipeline``; a list is
        of steps and ends in a model, as in ``[["covariance", my_classifier]]``; of a class of torch
        modules, ``n_chans``, ``n_outputs``, ``n_times`` and ``sfreq`` are filled in.
    protocol : str or mapping, optional
        Such as ``"cross_run"`` or ``{"within_session": {"n_splits": 10}}``. Without one:
        ``within_session`` for one subject, ``cross_subject`` for several.
    metrics : str or sequence of str, optional
        Without one: ``balanced_accuracy`` of labels, ``r2`` of numbers, ``pixcorr`` and
        ``two_way`` of pictures.
    controls : str or sequence of str, optional
        Models that see no brain; their rows tell what the design gives away. Without any named:
        ``baseline.prior``, ``baseline.clock`` and ``baseline.history`` of labels,
        ``baseline.mean_target`` of numbers; ``()`` for none. Simulated trials are told by
        ``baseline.oracle`` too.
    rows : DataFrame or mapping, optional
        Columns of the trials (``session``, ``run``, ``block``, ``onset``, any other), in the order
        of the trials. Of arrays without an axis of time, ``duration`` says how long a trial lasts:
        volumes that follow each other are a series, of which no neighbour may tell the other.
    n_draws : int
        Draws of the shuffled null a model.
    seeds : int or sequence of int
    tune : mapping, optional
        Arguments that are chosen on inner folds of the training trials, as in an experiment file:
        ``{"grids": {"riemann.mdm": {"metric": ["riemann", "euclid"]}}, "n_splits": 3}``. What was
        chosen in each fold, and the inner score of each candidate, are kept beside its predictions.
    title : str
    out : path, optional
        Results folder. Without one, results are kept in the cache folder under the data's digest,
        so that a second call finds them.
    n_jobs : int
        Processes; 1 works in this one, -1 takes one a core.
    device : {"auto", "cpu", "cuda"}
        On what networks are trained; ``auto`` is the GPU where there is one.
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
    asked = named_models(models, "model")
    numbers = all("label" not in model.target_needs.targets for model in asked)
    trials, told = as_trials(data, target, rows, numbers=numbers)
    pictures = told == "picture"
    if isinstance(data, Trials):
        pictures = any("picture" in model.target_needs.targets for model in asked)
    trials, what = _target(trials, told, numbers=numbers, pictures=pictures)
    is_label = what.kind == "label"
    if controls is None:
        controls = DEFAULT_CONTROLS if is_label else OF_NUMBERS
    if metrics is None:
        metrics = {"label": "balanced_accuracy", "picture": ("pixcorr", "two_way")}.get(
            what.kind, "r2"
        )
    metrics = _several(metrics)
    seeds = tuple(int(one) if isinstance(one, np.integer) else one for one in _several(seeds))
    chosen, protocol_said = _protocol(protocol, trials)
    question = Question(
        target=what,
        protocol=chosen,
        models=(*asked, *named_models(controls, "control")),
        metrics=metrics,
        seeds=seeds,
        n_draws=n_draws,
        tune=_tune(tune),
        device=device,
        title=title or f"{target if isinstance(target, str) else told} of {len(trials)} trials",
    )
    first = np.full(len(trials), None, dtype=object)
    study = Study(
        trials=trials,
        question=question,
        previous=previous_labels(trials.rows, told) if is_label else first,
        sources={"data": "arrays or epochs in memory", "key": trials.key()},
    )
    if study.oracle is not None:  # trials of a simulated card
        made = {**study.sources, "simulated": "with a planted effect, by nd.load"}
        question = replace(question, models=with_oracle(question.models))
        study = replace(study, question=question, sources=made)
    plan = make_plan(study)
    folder = Path(out) if out is not None else cache_folder() / "evaluations" / trials.key()
    store = Store(folder).open()
    resolved = {
        "title": question.title,
        "data": {"in_memory": trials.key(), "n_trials": len(trials)},
        "target": {what.kind: told} | ({"classes": list(what.classes)} if is_label else {}),
        "protocol": {protocol_said: dict(vars(chosen)), "overlap": question.overlap},
        "models": [{m.name: describe_model(m.estimator)} for m in question.models],
        "metrics": list(metrics),
        "score": {"within": list(question.within)},
        "seeds": list(seeds),
        "shuffled": {"n_draws": n_draws},
        "device": device,
    } | ({} if tune is None else {"tune": tune})
    try:
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
    except OSError as error:
        if out is None:
            raise unwritable(cache_folder(), error) from error
        raise
    results = Results(folder)
    for row in results.rows():
        if row.note and row.metric == metrics[0]:
            warnings.warn(f"{row.model}: {row.note}", stacklevel=2)
    return results


def _several(given: Any) -> tuple[Any, ...]:
    """Give one value as a tuple of it, and several as a tuple of them."""
    return tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)


def _target(trials: Trials, name: str, *, numbers: bool, pictures: bool) -> tuple[Trials, Target]:
    """Say what is to be told, by what the column or signal holds; labels become text."""
    if name in trials.signals:
        return trials, Target("picture" if pictures else "vector", signal=name)
    values = trials.rows[name]
    kind = kind_of([values], numbers=numbers)
    if kind == "value":
        if np.ptp(values) == 0:
            raise DataError(f"target: all {len(trials)} trials are {values[0]:g}: nothing to tell.")
        return trials, Target("value", column=name)
    labels = np.array([None if pd.isna(one) else str(one) for one in values], dtype=object)
    classes = _in_order({one for one in labels if one is not None})
    if len(classes) < 2:
        raise DataError(f"target: all {len(trials)} trials are {classes}. Two classes are needed.")
    if not np.array_equal(labels, values):
        trials = Trials(trials.rows.with_column(name, labels), trials.signals)
    return trials, Target("label", column=name, classes=classes)


def _in_order(labels: set[str]) -> tuple[str, ...]:
    """Order class names: numbers by value, else by name."""
    try:
        return tuple(sorted(labels, key=float))
    except ValueError:
        return tuple(sorted(labels))


def _tune(asked: Mapping[str, Any] | None) -> Tune | None:
    if asked is None:
        return None
    problems = Problems("evaluate")
    tune = bind(Tune, from_plain(asked), "tune", problems)
    problems.stop()
    return tune


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
