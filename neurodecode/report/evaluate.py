"""`evaluate`: arrays or epochs in, results out; an experiment whose card is in memory."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.files import cache_folder
from neurodecode.core.progress import progress
from neurodecode.core.target import Target
from neurodecode.core.training import Device
from neurodecode.core.trials import Trials
from neurodecode.data.cache import unwritable
from neurodecode.data.tasks import Direction
from neurodecode.harness.index import write_index, write_study
from neurodecode.harness.jobs import describe_model
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.opening import with_oracle
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import DEFAULT_CONTROLS, OF_NUMBERS, Question
from neurodecode.harness.run import execute, silent
from neurodecode.harness.store import Store
from neurodecode.harness.study import Study
from neurodecode.harness.table import score_results
from neurodecode.report.array_rows import RowsGiven
from neurodecode.report.arrays import Data, as_trials, kind_of, previous_labels
from neurodecode.report.asked_models import named_models
from neurodecode.report.asked_options import (
    access_of,
    aggregate_of,
    alike_rows,
    ceiling_of,
    check_ceiling,
    check_people,
    encoder_of,
    protocol_of,
    several,
    tune_of,
)
from neurodecode.report.encoding_arrays import as_encoding_trials
from neurodecode.report.results import Results

_ALIKE = 0.3  # correlation of neighbouring rows above which they may be a series
_DECODER = "riemann.tangent_space"  # without any named
_METRICS = {
    "label": ("balanced_accuracy",),
    "picture": ("pixcorr", "two_way"),
    "brain": ("r", "r2"),
}


def evaluate(
    data: Data,
    target: str | Sequence[Any] | np.ndarray | Mapping[str, Any] | None = None,
    models: Sequence[Any] | str | None = None,
    *,
    direction: Direction = "decode",
    protocol: str | Mapping[str, Any] | None = None,
    metrics: Sequence[str] | str | None = None,
    controls: Sequence[Any] | str | None = None,
    rows: RowsGiven | None = None,
    space: Any = None,
    target_access: str | Mapping[str, Any] | None = None,
    aggregate: Mapping[str, Any] | None = None,
    ceiling: str | Mapping[str, Any] | None = None,
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

    Decoders tell what was shown or done from the brain; with ``direction="encode"`` encoders tell
    the brain from features of what was shown, and each voxel has a score and, where stimuli were
    repeated, a noise ceiling: see Notes.

    Parameters
    ----------
    data : ndarray, mne.Epochs, Trials, or mapping of subject to any of the first two
        Arrays have shape (n_trials, …): (n_trials, n_channels, n_times) for EEG and MEG, or
        (n_trials, n_features). Epochs are in SI units, as mne keeps them; their events tell when
        each began. Arrays, and `mne.EpochsArray` made without events, have no times: their trials
        are taken to follow each other without overlap, unless `rows` has a column ``onset``.
        Pictures of `Trials` whose card says ``show_stimuli: never`` are scored and not drawn; of
        arrays nobody says so. Of encoders it holds features: arrays of shape (n_trials,
        n_features), or (n_trials, n_layers, n_features) and (n_trials, n_channels, height, width)
        where models take layers or maps; ``{"low": X_low, "high": X_high}`` names bands, as
        ``encode.banded_ridge`` and ``join_signals`` ask for; several people are a mapping of
        subject to either. Of `Trials` it is all signals but the responses.
    target : str or array-like
        A column of `rows`, or of the epochs' metadata, or the labels themselves, one a trial
        (with several subjects: a mapping, subject to labels). None takes the epochs' event names.
        Numbers that are not whole are values to be told, and so are whole ones where every model
        is a regressor; an array of shape (n_trials, n) holds a vector a trial, one of shape
        (n_trials, height, width) or (n_trials, height, width, channels) a picture: bytes, or floats
        from 0 to 1; equal ones are one stimulus, unless `rows` has a column ``stimulus``. Of
        `Trials` it names a column, or a signal: of pictures where a model asks for these, else of
        vectors. Of encoders it is the responses: (n_trials, n_voxels), or (n_trials,) of one voxel;
        `mne.Epochs` for channels in time; a mapping of subject to such, whose voxels may be of
        other numbers; of `Trials` the name of their signal, or None for the only brain.
    models : sequence of str, scikit-learn estimators, torch module classes, mappings, or lists
        ``"riemann.mdm"``, ``{"riemann.mdm": {"metric": "logeuclid"}}``, ``my_pipeline``; a list is
        of steps and ends in a model, as in ``[["covariance", my_classifier]]``; of a class of torch
        modules, ``n_chans``, ``n_outputs``, ``n_times`` and ``sfreq`` are filled in.
        Without any: ``riemann.tangent_space``; of encoders ``["scale", "encode.ridge"]``, and of
        volumes ``encode.fir_ridge``, whose penalties are chosen by leaving out runs.
    direction : {"decode", "encode"}
    protocol : str or mapping, optional
        Such as ``"cross_run"`` or ``{"within_session": {"n_splits": 10}}``. Without one:
        ``within_session`` for one subject, ``cross_subject`` for several; of encoders see Notes.
    metrics : str or sequence of str, optional
        Without one: ``balanced_accuracy`` of labels, ``r2`` of numbers, ``pixcorr`` and
        ``two_way`` of pictures, ``r`` and ``r2`` of brains.
    controls : str or sequence of str, optional
        Models that see no brain; their rows tell what the design gives away. Without any named:
        ``baseline.prior``, ``baseline.clock`` and ``baseline.history`` of labels,
        ``baseline.mean_target`` of numbers and brains; ``()`` for none. Simulated trials are told
        by ``baseline.oracle`` too.
    rows : DataFrame or mapping, optional
        Columns of the trials (``session``, ``run``, ``block``, ``stimulus``, ``split``, ``onset``,
        any other), in the order of the trials, of one subject after the other; or subject to such
        columns of its own. Of arrays without an axis of time, ``duration`` says how long a trial
        lasts: volumes that follow each other are a series, of which no neighbour may tell the
        other. A ``duration`` without ``onset`` makes a series too: each row begins where the one
        before it in its run ended.
    space : optional
        What each response is, of encoders: a sequence of names, a mask (an image of 0 and 1, or its
        path) whose voxels they are in the order of ``numpy.argwhere``, so that the page has maps,
        or a `neurodecode.core.space.Space`; or subject to such. Without it they are numbered, and
        each person's own.
    target_access : str or mapping, optional
        What of the tested may be seen, as in an experiment file: ``{"calibration": 16}``.
    aggregate : mapping, optional
        Which test rows are answered together, as in an experiment file: ``{"by": ["subject",
        "stimulus"]}`` scores the mean of repeats.
    ceiling : str or mapping, optional
        Noise ceiling of encoders, as in an experiment file: ``"split_half"``, ``{"anova_nc": {},
        "threshold": 0.1}``, ``"data_set"`` of a `space` that has one, ``"none"``. Without one it is
        chosen by what was repeated, and the table says why there is none.
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
    LeakError
        If a stimulus, or a neighbour in time, would be both trained on and tested.

    Notes
    -----
    Each person has an encoder of their own, since voxels are their own. Who is tested, without a
    protocol: where a column ``split`` has ``test``, that (``shared_stimuli``, of series
    ``columns``); where a person was shown a stimulus twice, ``shared_stimuli`` with five folds, so
    that no stimulus is trained on and tested; else ``cross_run`` where there are runs,
    ``cross_session`` where there are sessions, and where there is neither five stretches of the
    rows in their order (``within_session: {"blocked": True}``). Nothing is shuffled row by row; of
    a series of one run a gap of 20 s, or of ten rows, is left around what is tested. Rows with
    evenly spaced onsets and no ``duration`` are taken for volumes, which the page says, unless
    their stimuli come in another order each time.

    `Results.targets` has the score of each voxel with its ceiling, `Results.parts` what each band
    of features adds.
    """
    if direction not in get_args(Direction):
        raise ConfigError(f"direction: {direction!r}. Give {' or '.join(get_args(Direction))}.")
    if models is None and direction == "decode":
        models = _DECODER
    asked: Any = () if models is None else named_models(models, "model")
    trials, what, notes = _trials(data, target, rows, space, asked, direction)
    if what.kind == "brain" and (alike := alike_rows(trials, what)) > _ALIKE:
        warnings.warn(
            f"evaluate: responses are like those of the row before (correlation {alike:.2f}), and "
            "rows have no times. If they are volumes, give rows= their duration (seconds) and run: "
            "encoders of series look back, and intervals and nulls know that neighbours are alike.",
            stacklevel=2,
        )
    if models is None:
        asked = named_models([encoder_of(trials, what)], "model")
    if what.kind == "vector" and any("encode." in one.name for one in asked):
        warnings.warn(
            "evaluate: an encoder tells vectors here, by folds of trials. Where they are responses "
            "of a brain, say direction='encode': repeated stimuli and neighbours in time are then "
            "held out together, and each voxel has a score and a ceiling.",
            stacklevel=2,
        )
    told, is_label = what.column or what.signal, what.kind == "label"
    if controls is None:
        controls = DEFAULT_CONTROLS if is_label else OF_NUMBERS
    metrics = _METRICS.get(what.kind, ("r2",)) if metrics is None else several(metrics)
    seeds = tuple(int(one) if isinstance(one, np.integer) else one for one in several(seeds))
    chosen, protocol_said = protocol_of(protocol, trials, what)
    check_people(chosen, protocol_said, asked, trials, what)
    averaged, bounded = aggregate_of(aggregate), ceiling_of(ceiling)
    check_ceiling(bounded, averaged, trials, what)
    question = Question(
        target=what,
        protocol=chosen,
        models=(*asked, *named_models(controls, "control")),
        metrics=metrics,
        seeds=seeds,
        n_draws=n_draws,
        access=access_of(target_access),
        aggregate=averaged,
        ceiling=bounded,
        tune=tune_of(tune),
        device=device,
        title=title or f"{target if isinstance(target, str) else told} of {len(trials)} trials",
    )
    first = np.full(len(trials), None, dtype=object)
    study = Study(
        trials=trials,
        question=question,
        previous=previous_labels(trials.rows, told) if is_label else first,
        sources={"data": "arrays or epochs in memory", "key": trials.key()},
        notes=notes,
    )
    if study.oracle is not None:  # trials of a simulated card
        made = {**study.sources, "simulated": "with a planted effect, by nd.load"}
        question = replace(question, models=with_oracle(question.models))
        study = replace(study, question=question, sources=made)
    plan = make_plan(study)
    resolved = {
        "title": question.title,
        "data": {"in_memory": trials.key(), "n_trials": len(trials)},
        **_told_of(study),
        "protocol": {protocol_said: dict(vars(chosen)), "overlap": question.overlap},
        "models": [{m.name: describe_model(m.estimator)} for m in question.models],
        "metrics": list(metrics),
        "score": {"within": list(question.within)},
        "seeds": list(seeds),
        "shuffled": {"n_draws": n_draws},
        "ceiling": bounded.plain(),
        "device": device,
    } | {
        name: given
        for name, given in (
            ("target_access", target_access), ("aggregate", aggregate), ("tune", tune),
        )
        if given is not None
    }  # fmt: skip
    folder = Path(out) if out is not None else cache_folder() / "evaluations" / trials.key()
    store = Store(folder).open()
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
        # What a control says may have no score by its nature, as a mean has no r.
        expected = row.role == "control" and row.note.startswith("not computed")
        if row.note and row.metric == metrics[0] and not expected:
            warnings.warn(f"{row.model}: {row.note}", stacklevel=2)
    return results


def _trials(
    data: Any, target: Any, rows: Any, space: Any, asked: Sequence[NamedModel], direction: str
) -> tuple[Trials, Target, tuple[str, ...]]:
    """Give trials, what is told of them, and what was taken for granted."""
    if direction == "encode":
        trials, name, notes = as_encoding_trials(data, target, rows, space)
        return trials, Target("brain", signal=name), notes
    if space is not None:
        raise ConfigError("space: it says what responses are, of direction='encode'. Leave it out.")
    numbers = all("label" not in model.target_needs.targets for model in asked)
    trials, told = as_trials(data, target, rows, numbers=numbers)
    pictures = told == "picture"
    if isinstance(data, Trials):
        pictures = any("picture" in model.target_needs.targets for model in asked)
    return *_target(trials, told, numbers=numbers, pictures=pictures), ()


def _told_of(study: Study) -> dict[str, Any]:
    """Say what is told, of what, as a resolved experiment does."""
    what, inputs = study.question.target, list(study.inputs.signals)
    if what.kind == "brain":
        return {"direction": "encode", "features": inputs[0] if len(inputs) == 1 else inputs}
    told = {what.kind: what.column or what.signal}
    return {"target": told | ({"classes": list(what.classes)} if what.classes else {})}


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
