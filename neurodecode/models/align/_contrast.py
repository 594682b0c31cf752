"""What aligners share as functions: fit by contrast through the one loop, and answer in batches."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError, DataError, NeurodecodeError
from neurodecode.core.parts import TrialSignal
from neurodecode.core.training import resolve_device, training_place
from neurodecode.core.trials import Trials
from neurodecode.models.align._layouts import Tables, check_same, flat_layout, key_of, learn, tables
from neurodecode.models.align._objective import Objective, Reading, contrast_of
from neurodecode.models.align._options import LossOptions, read_loss
from neurodecode.models.networks._module import training_of
from neurodecode.models.networks._network import arrays_of, keep_history, train_in_place
from neurodecode.nn.frozen import FrozenTrunk
from neurodecode.nn.positions import unit_square
from neurodecode.train.chance import seeded
from neurodecode.train.feeding import on
from neurodecode.train.loop import batches_of, precision
from neurodecode.train.source import Padded, Source, check_finite
from neurodecode.train.training import Training

# Passes over the trials of a new subject. Few trials are one batch a pass, and 50 steps leave a
# layer far from what it can learn of rhythms (tests/studies/README.md): there are 100 at least.
_ADAPTING_EPOCHS, _FEWEST_ADAPTING_STEPS = 50, 100


def fit(model: Any, X: Any, y: Any, rows: pd.DataFrame | None, val: Any) -> Any:
    """Train the module of an aligner, and give the model what it learnt.

    Parameters
    ----------
    model : Aligner
    X : Trials
    y : ndarray, shape (n_trials, n_targets)
    rows : DataFrame or None
    val : tuple of X, y and rows, or None
    """
    signal, y = check(model, X), _targets(X, y)
    options, training = read_loss(model.loss), _training(model)
    model.sfreq_, model.shape_ = signal.used()[0].sfreq, _time_shape(signal)
    model.n_baseline_ = _n_baseline(model)
    model.layouts_ = learn(signal, model.scaling, model.n_baseline_)
    model.flat_ = flat_layout(signal) if model.sees_positions else None
    model.subjects_ = sorted({str(one) for one in X.rows["subject"]})
    model.y_mean_ = y.mean(axis=0) if model.center else np.zeros(y.shape[1])
    lengths = np.linalg.norm(y - model.y_mean_, axis=1)
    if lengths.max() == 0:
        raise DataError(f"fit: all {len(y)} targets are the same, so there is nothing to tell.")
    model.y_norm_ = float(lengths.mean())
    model.y_rms_ = float(np.sqrt(np.mean(lengths**2) / y.shape[1]))
    model.made_ = _sizes(model, options, y.shape[1])
    source, read = _source(model, X, signal, y, rows)
    if model.repeats == "one":
        source = replace(source, one_of=_told_alike(source.columns["subject"], y))
    held_out, read_val = None, None
    if val is not None and len(val[0]):
        X_val, y_val, *more = val
        signal_val = _signal(model, X_val)
        _check_fits(model, signal_val)
        held_out, read_val = _source(
            model, X_val, signal_val, _targets(X_val, y_val), more[0] if more else None
        )
    seed = int(check_random_state(model.random_state).randint(2**31))
    with seeded(seed, 0):
        module = _module(model, model.made_)
    objective = _objective(model, options, read, read_val)
    trained = train_in_place(
        model, module, objective, source, training, seed=seed, val=held_out,
        content=[repr(options)],
    )  # fmt: skip
    model.weights_ = arrays_of(module)
    model.__dict__.pop("_made", None)
    keep_history(model, trained, training)
    return model


def check(model: Any, X: Any) -> TrialSignal:
    """Refuse arguments that cannot be meant and trials that differ; give the trials' signal."""
    read_loss(model.loss)
    _training(model)
    _check_arguments(model)
    return _signal(model, X)


def adapt(model: Any, X: Any, y: Any, rows: pd.DataFrame | None) -> Any:
    """Fit what belongs to the subjects of some trials, the trunk frozen; new ones are added.

    The trunk's scales, dropout and running means stay as training left them. There are 50 passes,
    or as many as make 100 steps of the optimiser, with the training's rate and batches: there are
    no trials to validate on. A subject that was trained on begins where training left it.

    Raises
    ------
    DataError
        If trials do not fit what was trained on, or targets are of another length.
    """
    check_is_fitted(model)
    signal, y = _signal(model, X), _targets(X, y)
    if y.shape[1] != len(model.y_mean_):
        raise DataError(
            f"{_name(model)}: targets of {y.shape[1]} entries, and it was trained on targets of "
            f"{len(model.y_mean_)}. Tell a new subject's trials by the same features."
        )
    options = read_loss(model.loss)
    named = np.array([str(one) for one in X.rows["subject"]], dtype=object)
    for subject in dict.fromkeys(named.tolist()):
        mine = np.flatnonzero(named == subject)
        theirs = signal.take(mine)
        seed = int(check_random_state(model.random_state).randint(2**31))
        with seeded(seed, 0):  # a new input layer is drawn
            numbers, module = _with_subject(model, subject, theirs)
        told = None if rows is None else rows.iloc[mine].reset_index(drop=True)
        _check_fits(model, theirs)
        source, read = _source(model, X.take(mine), theirs, y[mine], told)
        frozen = FrozenTrunk(module, *numbers)
        training = _adapting(_training(model), len(source))
        objective = _objective(model, options, read, None)
        train_in_place(
            model, frozen, objective, source, training, seed=seed, content=["adapt", subject]
        )
        model.weights_ = arrays_of(module)
        model.__dict__.pop("_made", None)
    return model


def _adapting(training: Training, n_trials: int) -> Training:
    """Give how a subject's weights are fitted to so many trials."""
    batches = batches_of(np.arange(n_trials), training.batch_size, whole=Objective.among_others)
    n_epochs = max(_ADAPTING_EPOCHS, math.ceil(_FEWEST_ADAPTING_STEPS / len(list(batches))))
    return replace(
        training, max_epochs=n_epochs, patience=n_epochs, schedule="constant", warmup_epochs=0,
        compile=False,
    )  # fmt: skip


def embed(model: Any, X: Any) -> np.ndarray:
    """Give directions of length one in float64, shape (n_trials, n_targets)."""
    found = _outputs(model, X)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return found / np.where(length > 0, length, 1.0)


def predict(model: Any, X: Any) -> np.ndarray:
    """Give vectors in the targets' space, in float64, shape (n_trials, n_targets)."""
    check_is_fitted(model)
    if _output_name(model) == "mse":
        return model.y_mean_ + _outputs(model, X) * model.y_rms_
    return model.y_mean_ + embed(model, X) * model.y_norm_


def attention(model: Any) -> np.ndarray:
    """Give what each sensor of the first training layout is attended to beyond an even share.

    Returns
    -------
    attention : ndarray, shape (n_sensors,)
        Mean weight over virtual channels times the number of sensors, less one: 0 is an even share.
    """
    check_is_fitted(model)
    n = len(next(iter(model.layouts_.values()))["names"])
    places = torch.from_numpy(unit_square(model.flat_[:n], model.flat_).astype(np.float32))
    with torch.no_grad():
        module: Any = module_of(model)
        weights = module.sensor_weights(places)  # (n_virtual, n_sensors)
    return n * weights.double().mean(dim=0).numpy() - 1


def module_of(model: Any) -> torch.nn.Module:
    """Give the fitted torch module, ready to answer; made once of the weights."""
    check_is_fitted(model)
    if "_made" not in model.__dict__:
        with seeded(0, 0):  # what it draws is overwritten
            module = _module(model, model.made_)
        weights = {k: torch.from_numpy(np.array(v)) for k, v in model.weights_.items()}
        module.load_state_dict(weights)
        model._made = module.eval()
    return model._made


def _outputs(model: Any, X: Any) -> np.ndarray:
    """Give the output that answers, of each trial."""
    check_is_fitted(model)
    signal = _signal(model, X)
    _check_fits(model, signal)
    subject = _subjects(model, X)
    unknown = np.flatnonzero(subject < 0)
    if len(unknown) and getattr(model, "unknown_subject", "mean") == "refuse":
        name = X.rows["subject"][unknown[0]]
        raise DataError(
            f"{_name(model)}: subject {name!r} was not trained on, and unknown_subject is refuse. "
            "Fit its layer (target_access: {calibration: …}), or say unknown_subject: mean."
        )
    table = tables(signal, model.layouts_, model.flat_)
    device = resolve_device(training_place().device)
    n_chans = model.made_["n_chans"]
    read = Reading(table, model.n_baseline_, model.clamp, n_chans, flat=model.own_inputs)
    columns = {"X": _column(model, signal, table), "layout": table.row}
    source = Source(columns | {"subject": _numbers(model, subject, table)})
    module, inputs = module_of(model).to(device), read.to(device)
    found = np.zeros((len(source), len(model.y_mean_)))
    name = _output_name(model)
    with torch.inference_mode(), precision(device), seeded(0, 0):
        for index in source.in_order():
            batch = source.read(index)
            check_finite(batch["X"].numpy(), index, len(source), "predict")
            found[index] = module(*inputs(on(batch, device)))[name].float().cpu().numpy()
    return found


def _objective(
    model: Any, options: LossOptions, read: Tables, read_val: Tables | None
) -> Objective:
    n_chans = model.made_["n_chans"]
    several = [
        None
        if one is None
        else Reading(one, model.n_baseline_, model.clamp, n_chans, flat=model.own_inputs)
        for one in (read, read_val)
    ]
    assert several[0] is not None
    return Objective(
        several[0], several[1], contrast_of(options), options.clip_weight, model.y_rms_
    )


def _source(
    model: Any, X: Trials, signal: TrialSignal, y: np.ndarray, rows: pd.DataFrame | None
) -> tuple[Source, Tables]:
    """Give what is trained on, or validated on, and the tables by which it is read."""
    table = tables(signal, model.layouts_, model.flat_)
    columns = {
        "X": _column(model, signal, table),
        "y": (y - model.y_mean_).astype(np.float32),
        "group": _groups(model, rows, len(y)),
        "subject": _numbers(model, _subjects(model, X), table),
        "layout": table.row,
    }
    return Source(columns), table


def _column(model: Any, signal: TrialSignal, table: Tables) -> "TrialSignal | Padded":
    """Give the trials, filled up where layouts differ in size."""
    n = max(table.n_channels, model.made_["n_chans"]) if model.own_inputs else table.n_channels
    alike = {len(part.space) for part in signal.used()} == {n}
    return signal if alike else Padded(signal, n)


def _numbers(model: Any, subject: np.ndarray, table: Tables) -> np.ndarray:
    """Give the number that the module knows a trial's owner by: its subject, or its voxels."""
    if not model.own_inputs:
        return subject
    order = list(model.layouts_)
    return np.array([order.index(key) for key in table.key], dtype=np.int64)[table.row]


def _subjects(model: Any, X: Trials) -> np.ndarray:
    number = {name: i for i, name in enumerate(model.subjects_)}
    return np.array([number.get(str(one), -1) for one in X.rows["subject"]], dtype=np.int64)


def _groups(model: Any, rows: pd.DataFrame | None, n_trials: int) -> np.ndarray:
    """Give the numbers by which trials are positives of each other."""
    if model.positives == "trial":
        return np.arange(n_trials)
    if rows is None or model.positives not in rows:
        raise DataError(
            f"{_name(model)}: positives is {model.positives}, and fit was told no column "
            f"{model.positives!r}. Pass rows with that column, or say positives: trial."
        )
    codes, _ = pd.factorize(rows[model.positives])
    if (codes < 0).any():
        raise DataError(
            f"{_name(model)}: training trial {int(np.flatnonzero(codes < 0)[0])} has no "
            f"{model.positives}. Leave such trials out (data.rows), or say positives: trial."
        )
    return codes.astype(np.int64)


def _told_alike(subject: Any, y: np.ndarray) -> np.ndarray:
    """Give the same number to a subject's trials of the same target."""
    _, target = np.unique(y, axis=0, return_inverse=True)
    both = np.column_stack([subject, target.reshape(-1)])
    return np.unique(both, axis=0, return_inverse=True)[1].reshape(-1)


def _signal(model: Any, X: Any) -> TrialSignal:
    """Hold what is handed over to being trials of one length and rate; reads nothing."""
    if not isinstance(X, Trials):
        raise DataError(
            f"{_name(model)} takes Trials, which know their channels and subjects, and was handed "
            f"{type(X).__name__}. Use nd.evaluate, or Trials.of_entries."
        )
    signal = X.signal()
    if len(X) == 0:
        raise DataError(f"{_name(model)}: there are no trials.")
    if not model.any_layout:
        X.check_alike()
    used, firsts = signal.used(), np.unique(signal.part, return_index=True)[1]
    shapes = {signal.piece(int(i)).shape[1:] for i in firsts}
    if np.any(signal.part < 0) or len(shapes) > 1 or len(np.unique(signal.length)) > 1:
        raise DataError(
            f"{_name(model)}: trials differ in length ({sorted(shapes)}), or some lack the signal. "
            "Give windows one length."
        )
    rates = sorted({part.sfreq for part in used if part.sfreq is not None})
    if len(rates) > 1:
        raise DataError(
            f"{_name(model)}: trials are of {rates[0]:g} and {rates[-1]:g} Hz. Bring them to one "
            "rate (prepare: resample)."
        )
    return signal


def _check_fits(model: Any, signal: TrialSignal) -> None:
    """Hold trials to what the model was trained on, where its design asks for the same.

    Raises
    ------
    DataError
        If the rate or the length differ; or channels, where weights belong to them; or voxels of
        nobody that was trained on.
    """
    sfreq = signal.used()[0].sfreq
    if sfreq is not None and model.sfreq_ is not None and not math.isclose(sfreq, model.sfreq_):
        raise DataError(
            f"{_name(model)}: trials of {sfreq:g} Hz, and it was trained at {model.sfreq_:g} Hz. "
            "Resample them."
        )
    if _time_shape(signal) != model.shape_:
        raise DataError(
            f"{_name(model)}: trials of {_time_shape(signal)} samples, and it was trained on "
            f"{model.shape_}. Cut them to the same window."
        )
    if not model.any_layout:
        check_same(signal, model.layouts_, _name(model))
    strange = [part for part in signal.used() if key_of(part.space) not in model.layouts_]
    if model.own_inputs and strange:
        sizes = ", ".join(str(len(one["center"])) for one in model.layouts_.values())
        raise DataError(
            f"{_name(model)}: {strange[0].space!r} was not trained on (spaces of {sizes} were). "
            "Each has an input layer of its own: fit it (target_access: {calibration: …})."
        )


def _with_subject(
    model: Any, subject: str, signal: TrialSignal
) -> tuple[list[int], torch.nn.Module]:
    """Give the numbers that a subject has in the module, and add those that are new.

    It has one; or where spaces of voxels have input layers, one for each space of its trials.
    """
    module: Any = module_of(model)
    if model.own_inputs:
        new = {k: v for k, v in learn(signal, model.scaling, model.n_baseline_).items()
               if k not in model.layouts_}  # fmt: skip
        for key, layout in new.items():
            model.layouts_ = {**model.layouts_, key: layout}
            n = len(layout["center"])
            module.add_subject(n * model.made_["n_times"])
            counts = [*model.made_["counts"], n]
            model.made_ = {**model.made_, "counts": counts, "n_chans": max(counts)}
        theirs = dict.fromkeys(tables(signal, model.layouts_, None).key)
        if subject not in model.subjects_:
            model.subjects_ = [*model.subjects_, subject]
        return [list(model.layouts_).index(key) for key in theirs], module
    if subject not in model.subjects_:
        module.add_subject()
        model.subjects_ = [*model.subjects_, subject]
        model.made_ = {**model.made_, "n_subjects": len(model.subjects_)}
    return [model.subjects_.index(subject)], module


def _sizes(model: Any, options: LossOptions, n_targets: int) -> dict[str, Any]:
    """Say of what sizes the module is, as plain data."""
    counts = [len(one["center"]) for one in model.layouts_.values()]
    names = [name for name, weight in (("clip", options.clip_weight),
             ("mse", 1 - options.clip_weight)) if weight > 0]  # fmt: skip
    return {
        "n_chans": max(counts),
        "counts": counts,
        "n_times": model.shape_[0] if model.shape_ else 1,
        "heads": dict.fromkeys(names, n_targets),
        "n_subjects": len(model.subjects_),
    }


def _module(model: Any, made: Mapping[str, Any]) -> torch.nn.Module:
    try:
        return model._build(made)
    except NeurodecodeError:
        raise
    except (TypeError, ValueError, RuntimeError) as error:  # torch, of a size
        raise ConfigError(
            f"{_name(model)} cannot be made for {made['n_chans']} channels and {made['n_times']} "
            f"samples ({type(error).__name__}: {error}). Look at its sizes."
        ) from error


def check_shape(model: Any, n_channels: int, n_times: int) -> None:
    """Hold trials of this shape to a model's sizes: its module is made, and holds no numbers.

    Raises
    ------
    ConfigError
        If trials are too short for its filters, or its sizes cannot be meant.
    """
    made = {"n_chans": n_channels, "n_times": n_times, "heads": {"clip": 1}, "n_subjects": 1}
    with torch.device("meta"):
        _module(model, made)


def _training(model: Any) -> Training:
    """Give the recipe of the preset, with what was said otherwise."""
    if model.preset not in model.recipes:
        words = " or ".join(model.recipes)
        raise ConfigError(f"{_name(model)}: preset is {model.preset!r}; give {words}.")
    return training_of({**model.recipes[model.preset], **(model.training or {})})


def _targets(X: Any, y: Any) -> np.ndarray:
    y = np.asarray(y, dtype=np.float64)
    y = y[:, None] if y.ndim == 1 else y
    if y.ndim != 2 or len(y) != len(X) or not np.isfinite(y).all():
        raise DataError(
            f"fit: targets of shape {y.shape} for {len(X)} trials; a row of finite numbers each is "
            "needed."
        )
    return y


def _check_arguments(model: Any) -> None:
    if model.positives not in ("trial", "stimulus", "concept"):
        raise ConfigError(
            f"{_name(model)}: positives is {model.positives!r}; give trial, stimulus or concept."
        )
    if model.repeats not in ("all", "one"):
        raise ConfigError(f"{_name(model)}: repeats is {model.repeats!r}; give all or one.")
    if model.scaling not in ("robust", "standard", "none"):
        raise ConfigError(
            f"{_name(model)}: scaling is {model.scaling!r}; give robust, standard or none."
        )


def _n_baseline(model: Any) -> int:
    """Give how many samples are the baseline."""
    baseline = getattr(model, "baseline", None)  # voxels have no time
    if baseline is None:
        return 0
    if model.sfreq_ is None or not model.shape_:
        raise ConfigError(
            f"{_name(model)}: baseline is {baseline} s, and these trials have no rate. Leave "
            "baseline out."
        )
    n = round(baseline * model.sfreq_)
    if not 1 <= n <= model.shape_[0]:
        raise ConfigError(
            f"{_name(model)}: baseline is {baseline} s, which is {n} of {model.shape_[0]} "
            "samples. Give a part of the window."
        )
    return n


def _time_shape(signal: TrialSignal) -> tuple[int, ...]:
    return tuple(int(n) for n in signal.piece(0).shape[1:])


def _output_name(model: Any) -> str:
    return "clip" if "clip" in model.made_["heads"] else "mse"


def _name(model: Any) -> str:
    return type(model).__module__.removeprefix("neurodecode.models.")
