"""Use a model that was kept on recordings that it has not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.files import cache_folder
from neurodecode.core.needs import Needs
from neurodecode.core.processes import one_thread
from neurodecode.core.recording import Recording, Signal
from neurodecode.core.target import n_axes
from neurodecode.core.trials import Trials
from neurodecode.core.updating import learning
from neurodecode.data.cut import cut
from neurodecode.data.prepared import Failed, look, prepare
from neurodecode.data.readers import open_file
from neurodecode.data.tasks import TargetSpec, Task
from neurodecode.harness.answers import brought_back
from neurodecode.harness.experiment import read_experiment
from neurodecode.harness.keep import Kept, open_model
from neurodecode.harness.named_model import NamedModel, needs_of
from neurodecode.harness.refusals import why_no_place
from neurodecode.harness.resolve import Resolved
from neurodecode.harness.store import Store
from neurodecode.harness.telling import pictures_of
from neurodecode.signal.channels import Pick


@dataclass(frozen=True, eq=False)
class Said:
    """What a kept model says of recordings.

    Parameters
    ----------
    table : DataFrame
        One row a trial: ``recording onset``, the label where the file has one, ``pred`` and
        ``score_CLASS``.
    notes : tuple of str
        What was done to make the recordings fit, and what the model does not do here.
    failed : tuple of Failed
        Recordings that could not be read or do not fit.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]
    failed: tuple[Failed, ...]


def predict_files(
    folder: Path,
    paths: Sequence[Path],
    model: str | None = None,
    *,
    every_event: bool = False,
    allow_code: bool = False,
) -> Said:
    """Prepare files as the training recordings were, and say what a kept model tells of them.

    Parameters
    ----------
    folder : Path
        Results of a run with ``keep: final``.
    paths : sequence of Path
        Recordings of the card's format.
    model : str, optional
        Name in the table; the first one without.
    every_event : bool
        Whether events of any label are predicted, not only those that the task names.
    allow_code : bool
        Whether a model may be of classes from outside.

    Raises
    ------
    ConfigError
        If no model was kept, or the reader opens no single files.
    DataError
        If no recording can be used.
    """
    store = Store(folder)
    index = store.index()
    kept = open_model(store, _key(index, model), allow_code=allow_code)
    resolved = read_again(folder, allow_code)
    if resolved.experiment.direction == "encode":
        raise ConfigError(
            f"predict: {folder} holds encoders, which tell the brain from "
            f"{_listed(resolved.experiment.features)}; of a recording of the brain they tell "
            "nothing."
        )
    variant = resolved.experiment.data.variant
    recordings = [open_file(resolved.card, variant, path) for path in paths]
    needs = needs_of(kept.stages[0], first=True)
    fitting, failed = _fitting(recordings, resolved, index["input"], needs)
    notes, prepared = [], []
    if any(map(any, learning(kept.stages, resolved.question.access.updates))):
        notes.append(
            f"{kept.model} answers as it was fitted; while it was tested it went on learning, as "
            "it does in neurodecode stream --replay."
        )
    for recording, before, said in fitting:
        outcome = prepare(
            [recording], resolved.preparations, cache_folder(), before={recording.id: before}
        )[0]
        if isinstance(outcome, Failed):
            failed.append(outcome)
        else:
            prepared.append(outcome)
            notes += said
    if not prepared:
        raise failed[0].error
    task = _task(resolved, every_event=every_event)
    trials = cut(prepared, task, resolved.experiment.windows).trials
    _check_length(trials, index["input"])
    return Said(_table(kept, trials, index), tuple(notes), tuple(failed))


def _key(index: dict[str, Any], model: str | None) -> str:
    finals = index.get("finals", {})
    if not finals:
        raise ConfigError(
            "predict: no model was kept. Run the experiment again with: --set keep=final"
        )
    order = [one["name"] for one in index["models"] if one["name"] in finals]
    name = order[0] if model is None else model
    if name not in finals:
        raise ConfigError(f"predict: no model {name!r} was kept.{nearest(name, finals)}")
    return finals[name]


def read_again(folder: Path, allow_code: bool) -> Resolved:
    """Read the experiment as it was run.

    Raises
    ------
    ConfigError
        If it was of arrays in memory, which no file describes.
    """
    try:
        return read_experiment(folder / "resolved.yaml", allow_code=allow_code)
    except ConfigError as error:
        raise ConfigError(
            f"{folder}: its experiment cannot be read again ({error.problems[0]}). Results of "
            "arrays in memory know no files; for those, load the model: nd.load_results(...)."
        ) from error


def _listed(features: str | Mapping[str, Any]) -> str:
    return features if isinstance(features, str) else ", ".join(features)


def _task(resolved: Resolved, *, every_event: bool) -> Task:
    """Give the task without a word about who was recorded; of every event, without labels."""
    rows = {k: v for k, v in resolved.task.rows.items() if k not in ("subject", "session", "run")}
    if every_event:
        return replace(resolved.task, rows={}, target=None)
    target: TargetSpec | None = resolved.experiment.target
    if target is not None and target.track:
        target = None  # a new file need not hold what is to be told
    return replace(resolved.task, rows=rows, target=target)


def _fitting(
    recordings: Sequence[Recording], resolved: Resolved, trained: dict[str, Any], needs: Needs
) -> tuple[list[tuple[Recording, tuple[Pick, ...], list[str]]], list[Failed]]:
    """Say what brings each recording to the trained channels, or why nothing does."""
    fitting, failed = [], []
    # Who reads any layout is handed all sensors that there are.
    wanted = () if needs.spaces == "many" else tuple(trained["names"])
    for recording in recordings:
        raw = look([recording], (), cache_folder())[0]
        if isinstance(raw, Failed):
            failed.append(raw)
            continue
        there = raw.signal.space.names
        before: tuple[Pick, ...] = ()
        said = []
        if wanted and there != wanted and set(wanted) <= set(there):
            before = (Pick(channels=wanted),)
            extra = [name for name in there if name not in wanted]
            how = f"left out {', '.join(extra)}" if extra else "put into the trained order"
            said = [f"{recording.id}: channels were {how}."]
        found = look(
            [recording], resolved.preparations, cache_folder(), before={recording.id: before}
        )[0]
        if isinstance(found, Failed):
            problem = found.message
        else:
            problem = misfit(found.signal, str(recording.files[0].path), trained, needs)
        if problem:
            failed.append(Failed(recording, DataError(problem)))
        else:
            fitting.append((recording, before, said))
    return fitting, failed


def misfit(signal: Signal, where: str, trained: dict[str, Any], needs: Needs | None = None) -> str:
    """Say why a model cannot be used on a prepared recording; empty where it can.

    Parameters
    ----------
    signal : Signal
        Its header.
    where : str
        The recording, for the message.
    trained : dict
        What the model was trained on, as ``jobs.json`` has it.
    needs : Needs, optional
        Of the model's first stage. One that takes several spaces may be handed another layout, with
        positions where it needs them; what it cannot read of that it refuses itself.
    """
    names = tuple(trained["names"])
    if needs is not None and needs.spaces == "many":
        if signal.space.kind != trained["kind"]:
            return (
                f"{where}: {signal.space!r}, and the model was trained on {trained['kind']}. Use "
                "recordings of that kind."
            )
        reason = why_no_place(signal.space) if needs.positions else None
        if reason is not None:
            return f"{where}: of the model, {reason}"
    elif names and signal.space.names != names:
        lacking = [name for name in names if name not in signal.space.names]
        return (
            f"{where}: the model was trained on {len(names)} channels, and this recording lacks "
            f"{', '.join(lacking[:8]) or 'none, but prepares others'}. Use a recording of that "
            "montage, or train with channels: common."
        )
    elif not names and signal.space.key != trained["space"]:
        return f"{where}: {signal.space!r} is not the space that the model was trained on."
    if signal.space.unit != trained["unit"]:
        return (
            f"{where}: its unit is {signal.space.unit or 'unknown'}, the model was trained on "
            f"{trained['unit']}. Correct the unit in the card's channels."
        )
    if trained["sfreq"] is not None and not np.isclose(signal.sfreq or 0, trained["sfreq"]):
        return (
            f"{where}: {signal.sfreq:g} Hz after preparation, the model was trained at "
            f"{trained['sfreq']:g} Hz. Train with resample among the preparations, which brings "
            "all recordings to one rate."
        )
    return ""


def _check_length(trials: Trials, trained: dict[str, Any]) -> None:
    lengths = set(trials.signal().length.tolist())
    if trained["n_times"] is not None and lengths != {trained["n_times"]}:
        raise DataError(
            f"predict: trials of {sorted(lengths)} samples, and the model was trained on "
            f"{trained['n_times']}. Are these recordings of the same kind?"
        )


def _table(kept: Kept, trials: Trials, index: dict[str, Any]) -> pd.DataFrame:
    X = _input(kept, trials)
    classes = index["target"]["classes"]
    known = [name for name in ("recording", "onset", "label") if name in trials.rows]
    table = trials.rows.table.filter(known)
    with one_thread():
        X, last = kept.apply(X, trials), kept.stages[-1]
        pred = np.asarray(last.predict(X))
        if kept.shape:
            pred = pred if kept.reducer is None else kept.reducer.inverse_transform(pred)
            pred = pictures_of(pred, kept.shape, kept.reducer or last)
        elif kept.reducer is not None:
            pred = brought_back(kept.reducer, pred, n_axes(index["target"]["kind"]))
        if classes:
            table["pred"] = [classes[code] for code in pred]
        else:
            table["pred"] = list(pred) if pred.ndim < 3 else pred.tolist()
        for method in ("predict_proba", "decision_function"):
            if classes and hasattr(last, method):
                found = np.asarray(getattr(last, method)(X), dtype=np.float64)
                if found.ndim == 1:
                    found = np.stack([-found, found], axis=-1)
                for code, score in zip(last.classes_, found.T, strict=True):
                    table[f"score_{classes[code]}"] = score
                break
    return table


def _input(kept: Kept, trials: Trials) -> Any:
    """Give what the first stage of a kept model is handed."""
    needs = needs_of(kept.stages[0], first=True)
    asked = (name for stage in kept.stages for name in needs_of(stage, first=True).columns)
    lacking = [name for name in asked if name not in trials.rows]
    if lacking:
        raise ConfigError(
            f"predict: {kept.model} asks for columns of the trials, which new files do not have: "
            f"{', '.join(dict.fromkeys(lacking))}."
        )
    if not isinstance(needs.signals, int):
        raise ConfigError(
            f"predict: {kept.model} asks for {' and '.join(needs.signals)}, and files are of one "
            "kind. Keep a model of one signal."
        )
    if needs.trials or needs.batches:
        return Trials(trials.rows.keep_columns(needs.columns), trials.signals)
    if needs.ragged:
        return trials.array_or_list()
    X = trials.X
    flattens = NamedModel(kept.model, kept.stages[0]).flattens
    return X.reshape(len(X), -1) if flattens else X
