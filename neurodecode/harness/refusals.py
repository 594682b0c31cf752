"""Which models cannot be run on which trials, and why: known before anything is fitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.entries import Entries
from neurodecode.core.errors import ConfigError, DataError, LeakError, NeurodecodeError
from neurodecode.core.fold import Fold
from neurodecode.core.needs import SAME
from neurodecode.core.parts import TrialSignal
from neurodecode.core.space import Space
from neurodecode.core.stages import stages_of, why_not_chained
from neurodecode.core.trials import Trials
from neurodecode.core.truth import BrainTruth
from neurodecode.harness.beside import Beside
from neurodecode.harness.jobs import weights_of
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.own_voxels import why_one_space
from neurodecode.harness.singular import shortest_trial, why_singular
from neurodecode.harness.study import Study
from neurodecode.harness.telling import learns
from neurodecode.simulate import ORACLE_SIGNAL

_EXTRAS = {"diffusers": "image", "transformers": "image"}  # where a package is in another's extra
_NAME_THE_SHOWN = ("stimulus", "concept")  # columns that name what was shown


@dataclass(frozen=True)
class Refused:
    """A model that cannot be run on these data, and why."""

    model: str
    reason: str


def find_refused(study: Study, folds: Sequence[Fold]) -> tuple[Refused, ...]:
    """Name the models of a study that cannot be run on its trials, or on those of one of its folds.

    Parameters
    ----------
    study : Study
    folds : sequence of Fold

    Returns
    -------
    refused : tuple of Refused
        In the order of the question's models.
    """
    differs = {ragged: _what_differs(folds, study, ragged=ragged) for ragged in (False, True)}
    return tuple(
        Refused(model.name, reason)
        for model in study.question.models
        if (
            reason := why_refused(model, study)
            or _why_differs(model, differs)
            or _why_not_told_brains(model, folds, study)
            or _why_not_learnt(model, folds, study)
        )
        is not None
    )


def why_refused(model: NamedModel, study: Study) -> str | None:
    """Say why a model cannot be run on these trials; None where it can."""
    needs, target = model.input_needs, study.question.target
    last = stages_of(model.estimator)[-1]
    if target.kind == "none":
        if not (hasattr(last, "fit") and hasattr(last, "score_samples")):
            return "nothing is told, and it has no score_samples that says how trials fit it."
    elif not (hasattr(last, "fit") and hasattr(last, "predict")):
        return "it has no fit and predict, so it is no model. Put one after it."
    for package in model.packages:
        if find_spec(package) is None:
            return (
                f"it needs {package}, which is not installed. Install it with: pip install "
                f'"neurodecode[{_EXTRAS.get(package, package)}]"'
            )
    try:
        weights_of(model.estimator)
    except NeurodecodeError as error:
        return str(error)
    if target.kind != "none" and not learns(model.target_needs.targets, target.kind):
        several = " or ".join(model.target_needs.targets)
        return f"it learns {several}, and the target is a {target.kind}."
    access = study.question.access
    if model.calibrated and access.calibration is None:
        return (
            f"it must be told labels of some trials of the tested, and target_access is "
            f"{access.name}. Say target_access: {{calibration: 5}}, or leave that step out."
        )
    if model.transductive and not access.transductive:
        return (
            "it must be shown all test rows before it answers one, and target_access is "
            f"{access.name}. Say target_access: transductive, which the table then tells, or leave "
            "renorm out."
        )
    updates = model.updates(access)
    if model.must_update and not updates:
        return (
            "it takes in the test trials one after the other (recursive: true), and may learn "
            "nothing of them. Say target_access: {updates: unlabelled}, or recursive: false."
        )
    if updates == "delayed_labels" and target.kind in ("none", "brain", "picture"):
        return (
            f"it goes on learning from labels, and the target is {target.kind}. Say updates: "
            "unlabelled under target_access."
        )
    if study.question.tune and model.name in study.question.tune.grids:
        if model.calibrated:
            return (
                "it must be told labels of some trials of the tested, and inner folds have none of "
                "theirs. Leave it out of tune."
            )
        if model.transductive:
            return (
                "it must be shown all test rows before it answers one, and inner folds show none "
                "of theirs. Leave it out of tune."
            )
    if model.sequential and access.one_by_one:
        return (
            "it leans on earlier windows of a recording, and target_access: one_by_one hands it "
            "one at a time. Remove one_by_one: it never sees later ones."
        )
    truth = {target.column or target.signal, "label"}
    columns, told = set(model.columns), set(model.training_columns)
    forbidden = sorted(truth & (columns | told))
    if forbidden and model.role != "ceiling":
        return f"it asks to see {forbidden[0]!r}, which is the truth that it is tested on."
    if "previous" in columns | told and model.role != "control":
        return "it asks to see 'previous', which is made for controls alone."
    gives_away = [c for c in _NAME_THE_SHOWN if c in columns] if target.signal else []
    if gives_away and target.kind not in ("brain", "series") and model.role == "model":
        return (
            f"it asks to see {gives_away[0]!r} of the tested, which names what it is to tell. Ask "
            "for it in training_columns, which are handed over with the training rows alone."
        )
    needed = model.needed_columns
    missing = [c for c in needed if c != "previous" and c not in study.trials.rows]
    if missing:
        known = [c for c in study.trials.rows.columns if c not in {*truth, "uid"}]
        return (
            f"it needs the column {missing[0]!r}, which these rows lack."
            f"{nearest(missing[0], known)}"
        )
    reason = _why_not_told(model, study)
    if reason is not None or needs.signals == 0:
        return reason
    if not isinstance(needs.signals, int):
        return _why_no_signals(model, needs.signals, study)
    inputs = study.inputs
    if needs.signals != len(inputs.signals):
        said = ", ".join(inputs.signals)
        return (
            f"it takes {needs.signals} signal(s), and there are {len(inputs.signals)} "
            f"({said}). Begin with join_signals: {{names: [{said}]}}; encode.banded_ridge takes "
            f"bands: [{said}] of them."
        )
    signal = inputs.signal()
    axes = next((p.axes for p in signal.used() if p.axes != needs.axes), signal.used()[0].axes)
    if needs.axes is not None and axes != needs.axes:
        wanted, there = " × ".join(needs.axes), " × ".join(axes)
        return f"it takes trials of {wanted}, and these are trials of {there}."
    reason = (
        why_not_chained(model.estimator, axes)
        or _why_no_places(model, signal)
        or _why_not_space(model, signal)
    )
    if reason is not None:
        return reason
    lengths = np.unique(signal.length)
    if needs.spaces == "many" and not needs.ragged and len(lengths) > 1:
        return (
            f"it takes trials of one length, and these are of {lengths[0]} to {lengths[-1]} "
            "samples. Give windows one length, and bring recordings to one rate."
        )
    if needs.full_rank and (reason := why_singular(signal, study.trials.rows)) is not None:
        return reason
    return _why_short(model, study)


def _why_not_told(model: NamedModel, study: Study) -> str | None:
    """Say why training rows have no signal that a model is told beside the target."""
    known = [name for name in study.trials.signals if name != ORACLE_SIGNAL]
    for name in model.training_signals:
        if name not in known:
            return (
                f"it is told the signal {name!r} of the training rows, and there is none."
                f"{nearest(name, known)} Declare it under features, or name a track of the "
                "recordings."
            )
        try:
            Entries.of_signal(study.trials.signals[name])
        except FileNotFoundError:  # features that are not computed yet
            continue
        except DataError as error:
            return f"it is told the signal {name!r} of the training rows: {error}"
    if model.training_signals and model.unlabelled:
        return (
            "it is told signals of the training rows, and learns from rows of unknown target too, "
            "of which nothing is told. Ask for one of them in its needs."
        )
    return None


def _why_not_told_brains(model: NamedModel, folds: Sequence[Fold], study: Study) -> str | None:
    """Say why a model cannot be told the brains of people with voxels of their own."""
    target = study.question.target
    brains = target.y(study.trials) if target.kind == "brain" else None
    if not isinstance(brains, BrainTruth) or brains.spaces.max() < 1:
        return None
    return why_one_space(model, folds, brains, study.question)


def _why_not_learnt(model: NamedModel, folds: Sequence[Fold], study: Study) -> str | None:
    """Say why a model cannot learn from the training rows of a fold, as they lie."""
    stages = stages_of(model.estimator)
    checking = [one.check_rows for one in stages if hasattr(one, "check_rows")]
    apart = [one.check_apart for one in stages if hasattr(one, "check_apart")]
    asked = tuple(dict.fromkeys((*model.columns, *model.training_columns)))

    for fold in folds if checking or apart else ():
        train, test = (
            Beside.of(study.trials.rows.take(index), asked, {}).table
            for index in (fold.index("train", "val"), fold.index("test"))
        )
        try:
            for check in checking:
                check(train)
            # Where the leak itself is measured, the table says so.
            for check in apart if "optimistic" not in fold.flags else ():
                check(train, test)
        except (ConfigError, DataError, LeakError) as error:
            return f"fold {fold.name}: {error}"
    return None


def _why_no_places(model: NamedModel, signal: TrialSignal) -> str | None:
    """Say which sensor has no position, for a model that reads sensors by where they are."""
    if not model.input_needs.positions:
        return None
    spaces = dict.fromkeys(part.space for part in signal.used())
    return next((said for space in spaces if (said := why_no_place(space)) is not None), None)


def _why_not_space(model: NamedModel, signal: TrialSignal) -> str | None:
    """Say what a stage, by its ``check_space``, finds wrong with what trials are.

    Of the first stage, and of those behind steps that keep what columns are: trials of one axis.
    """
    flat = all(len(part.axes) == 1 for part in signal.used())
    for stage in stages_of(model.estimator):
        if hasattr(stage, "check_space"):
            for space in dict.fromkeys(part.space for part in signal.used()):
                try:
                    stage.check_space(space)
                except (ConfigError, DataError) as error:
                    return str(error)
        if not (flat and getattr(stage, "keeps_space", False)):
            return None
    return None


def why_no_place(space: Space) -> str | None:
    """Say which sensor has no position, to whom needs them; None where all have one."""
    places = space.positions
    known = np.zeros(len(space), dtype=bool)
    if places is not None:
        known = np.isfinite(places).all(axis=1)
    if known.all():
        return None
    i = int(np.flatnonzero(~known)[0])
    name = space.names[i] if space.names else f"number {i}"
    return (
        f"it reads sensors by where they are, and {int((~known).sum())} of {len(space)} have no "
        f"position, the first {name!r}. Give the recordings a montage, or pick the sensors that "
        "have one."
    )


def _why_short(model: NamedModel, study: Study) -> str | None:
    """Say why trials are too short, or their rate another one; arguments of a grid come later."""
    tune, signal = study.question.tune, study.inputs.signal()
    if tune is not None and model.name in tune.grids:
        return None
    for part in signal.used():
        shortest = shortest_trial(signal.length, part)
        n_times, sfreq = (None if shortest < 0 else shortest), part.sfreq
        for stage in stages_of(model.estimator):
            if hasattr(stage, "check_shape"):
                try:
                    stage.check_shape(len(part.space), n_times, sfreq)
                except (ConfigError, DataError) as error:
                    return str(error)
            if getattr(stage, "gives", None) != SAME:
                n_times = sfreq = None
    return None


def _why_no_signals(model: NamedModel, names: tuple[str, ...], study: Study) -> str | None:
    """Say why the signals that a model names cannot be had."""
    if names == (ORACLE_SIGNAL,):
        if study.oracle is None:
            return "there is no oracle: only simulated recordings have one, for what they plant."
        if model.role != "ceiling":
            return (
                "it asks for what the oracle of a simulation says, which the ceiling alone is told."
            )
        return None
    there = study.inputs.signals
    lacking = [name for name in names if name not in there]
    if lacking:
        return f"it takes the signal {lacking[0]!r}, and there are: {', '.join(there) or 'none'}."
    if len(names) > 1 and not (model.input_needs.trials or model.input_needs.batches):
        return "it names several signals, which an array cannot hold. Ask for trials in its needs."
    return None


def _what_differs(folds: Sequence[Fold], study: Study, *, ragged: bool) -> str | None:
    """Say in which fold trials do not fit together, and why; None where all do.

    Two montages may still be those of two people who share no fold.
    """
    inputs = study.inputs
    if len(inputs.signals) != 1 or _difference(inputs, ragged) is None:
        return None
    for fold in folds:
        used = inputs.take(fold.index("train", "val", "test", "adapt"))
        difference = _difference(used, ragged)
        if difference is not None:
            return f"fold {fold.name}: {difference}"
    return None


def _difference(trials: Trials, ragged: bool) -> str | None:
    try:
        trials.check_alike(lengths=not ragged)
    except DataError as error:
        return str(error)
    return None


def _why_differs(model: NamedModel, differs: Mapping[bool, str | None]) -> str | None:
    needs = model.input_needs
    alone = needs.signals == 0 or needs.signals == (ORACLE_SIGNAL,) or needs.spaces == "many"
    return None if alone else differs[needs.ragged]
