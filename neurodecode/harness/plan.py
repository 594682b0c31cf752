"""`plan`: folds, jobs with key and state, refused pairs. Nothing is fitted here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.entries import Entries
from neurodecode.core.errors import ConfigError, DataError, LeakError
from neurodecode.core.fold import Fold
from neurodecode.core.names import catalogue, find
from neurodecode.core.stages import stages_of
from neurodecode.core.truth import BrainTruth, Told, Truth
from neurodecode.harness.access import grant
from neurodecode.harness.averaged import check_groups, check_mean_inputs, few_repeats
from neurodecode.harness.dependence import inflations
from neurodecode.harness.doubts import Doubts
from neurodecode.harness.galleries import TOLD_APART, Galleries
from neurodecode.harness.in_use import check_in_use, keep_apart, needed_gap, overlap_of
from neurodecode.harness.jobs import Job, JobKeys
from neurodecode.harness.keep import final_fold
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.own_voxels import centre_rows, check_own_voxels
from neurodecode.harness.pairing import check_paired
from neurodecode.harness.question import Question
from neurodecode.harness.refusals import Refused, find_refused
from neurodecode.harness.study import Study
from neurodecode.harness.truth import TrainingTruth
from neurodecode.harness.tune import check_tuning
from neurodecode.harness.views import Views
from neurodecode.protocols import check_shown, check_training, claims_of, verify, with_unlabelled

MIN_FOR_SIGN_FLIPS = 6  # subjects: 2^6 sign flips reach p = .016


@dataclass(frozen=True, eq=False)
class PlannedFold:
    """A verified fold of one seed, with what the table must say of it."""

    seed: int
    fold: Fold
    flags: tuple[str, ...]
    prior: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """All that would be computed.

    Parameters
    ----------
    study : Study
    folds : tuple of PlannedFold
    jobs : tuple of Job
        Grouped by fold.
    refused : tuple of Refused
    notes : tuple of str
        What a reader should know, such as inputs that are flattened.
    finals : tuple of Job
        Models that are fitted once more on all rows, to be kept.
    """

    study: Study
    folds: tuple[PlannedFold, ...]
    jobs: tuple[Job, ...]
    refused: tuple[Refused, ...]
    notes: tuple[str, ...]
    finals: tuple[Job, ...] = ()


def make_plan(study: Study) -> Plan:
    """Split, verify, refuse what cannot be, and name every job.

    Raises
    ------
    LeakError
        If a fold breaks its protocol's claim, overlap is refused, or a decoder in use could not
        have what it is given.
    DataError
        If no trial is of a class, or a training fold lacks one.
    ConfigError
        If no model can be run on these data, or a metric judges another kind of target.
    """
    question = study.question
    _check_metrics(question)
    check_tuning(question)
    check_in_use(study)
    check_mean_inputs(study)
    _check_aggregate(study)
    truth = TrainingTruth(study)
    y = truth.y
    _check_classes(study, y)
    _check_pooling(study)
    folds = tuple(_folds(study, y))
    _check_gallery(study, y, folds)
    refused = find_refused(study, [planned.fold for planned in folds])
    without = {one.model for one in refused}
    models = [model for model in question.models if model.name not in without]
    if not any(model.role == "model" for model in models):
        raise ConfigError("\n".join(f"{r.model} cannot be run: {r.reason}" for r in refused))
    min_trials = max(model.target_needs.min_trials for model in models)
    keys = JobKeys(study, truth)
    n_permutations = 0 if tested_by_sign_flips(study, folds) else question.n_permutations
    jobs: list[Job] = []
    for planned in folds:
        if isinstance(y, np.ndarray) and question.target.kind == "label":
            check_training(planned.fold, y, question.target, min_trials)
        fold, seed = planned.fold, planned.seed
        jobs += [keys.job(model, seed, fold) for model in models]
        nulled = [model for model in models if model.role == "model"]
        for draw in range(question.n_draws):
            jobs += [keys.job(model, seed, fold, draw) for model in nulled]
        for number in range(n_permutations):
            jobs += [keys.job(model, seed, fold, permutation=number) for model in nulled]
    finals = ()
    if question.keep != "none":
        whole, kept = final_fold(study), [model for model in models if model.role == "model"]
        finals = tuple(keys.job(model, question.seeds[0], whole) for model in kept)
    _check_starts(study, jobs)
    few = few_repeats(study, [planned.fold for planned in folds])
    notes = (*_notes(models, study), *_left_out(folds, question), *filter(None, [few]))
    return Plan(study, folds, tuple(jobs), refused, notes, finals)


def _check_metrics(question: Question) -> None:
    """Hold every metric to being known, and to judging what is told."""
    problems, kind = list[str](), question.target.kind
    for name in question.metrics:
        try:
            judged: Any = find(name, "metrics")
        except ConfigError as error:
            problems += [f"metrics: {said}" for said in error.problems]
            continue
        if kind not in judged.kinds:
            problems.append(
                f"metrics: {name} judges {' or '.join(judged.kinds)}, and the target is a {kind}."
            )
    if problems:
        others: dict[str, Any] = {name: find(name, "metrics") for name in catalogue("metrics")}
        known = [name for name, one in others.items() if kind in one.kinds]
        raise ConfigError([*problems, f"metrics: of a {kind} there are: {', '.join(known)}."])


def _check_gallery(study: Study, y: Truth, folds: Sequence[PlannedFold]) -> None:
    """Refuse prototypes of concepts without another picture: known before anything is fitted."""
    question, target = study.question, study.question.target
    asked = question.gallery == "prototype" and target.kind in TOLD_APART
    if not asked or study.lacks_truth or isinstance(y, BrainTruth):
        return
    table = study.features.get(target.signal)
    told = None if table is None else (table.part.open(), table.concept)
    galleries = Galleries.of(question.gallery, question.likeness, y, study.trials.rows.table, told)
    try:
        for seed in question.seeds:
            tested = [one.fold.index("test") for one in folds if one.seed == seed]
            true = np.asarray(y[np.concatenate(tested)])
            galleries.gallery(true, np.zeros((1, true[0].size)), None)
    except DataError as error:
        raise ConfigError(f"score: gallery: prototype: {error}.") from None


def _check_starts(study: Study, jobs: list[Job]) -> None:
    """Hold every fitted model that another starts from to having seen nothing of what is tested."""
    if study.pretrained is None:
        return
    asking = {(job.start, id(job.fold)): job for job in jobs if job.start is not None}
    if not asking:
        raise ConfigError(
            "init: none of the models starts from a fitted one. Name one that does, such as "
            "linear.probe, or remove init."
        )
    for job in asking.values():
        assert job.start is not None  # chosen so
        for apart in claims_of(study.question.protocol):
            rows = study.trials.rows
            study.pretrained.check(job.start, job.fold, rows, apart, study.origin)


def tested_by_sign_flips(study: Study, folds: Sequence[PlannedFold]) -> bool:
    """Whether p is of sign flips of subject means, which need no model fitted anew.

    Subjects that train each other's models have scores that lean on each other, so that their signs
    do not flip one by one.
    """
    if "subject" not in study.question.within:
        return False
    if len(set(study.trials.rows["subject"])) < MIN_FOR_SIGN_FLIPS:
        return False
    return inflations(folds, study.trials.rows, study.question.within)["unit"] == 1


def _check_aggregate(study: Study) -> None:
    """Refuse columns that rows lack before anything is fitted: they are asked for when scored."""
    there = study.trials.rows.columns
    aggregate = study.question.aggregate
    for column in aggregate.by if aggregate else ():
        if column not in there:
            raise ConfigError(
                f"aggregate: by: the rows have no column {column!r}.{nearest(column, there)}"
            )


def _check_classes(study: Study, y: Truth) -> None:
    target = study.question.target
    if target.kind != "label":
        return
    there = sorted({str(label) for label in study.trials.rows[target.column]})
    for code, name in enumerate(target.classes):
        if not np.any(y == code):
            lost = "; ".join(f"{reason}: {n}" for reason, n in study.ignored.items())
            raise DataError(
                f"target: none of the {len(y)} trials has the {target.column} {name!r}, one of the "
                f"classes.{nearest(name, there)} Correct the classes, or look at what was left "
                f"out ({lost or 'nothing'})."
            )


def _check_pooling(study: Study) -> None:
    """Refuse one score, or one model, of brains of several spaces: known before data are."""
    target, within = study.question.target, study.question.within
    if target.kind != "brain":
        return
    y = target.y(study.trials)
    if not isinstance(y, BrainTruth) or y.spaces.max() < 1:
        return
    if study.question.keep != "none":
        raise ConfigError(
            f"keep: {study.question.keep} fits one model on all rows, and these are of "
            f"{y.spaces.max() + 1} spaces. Run one subject, as in data: {{subjects: […]}}, or keep "
            "none."
        )
    if not {"subject", "fold"} & set(within):
        raise ConfigError(
            f"score: within is {list(within)}, which pools brains of {y.spaces.max() + 1} "
            "spaces, whose voxels are not each other's. Add subject."
        )


def _folds(study: Study, y: Truth) -> Iterator[PlannedFold]:
    question, rows = study.question, study.trials.rows
    brains = question.target.y(study.trials) if question.target.kind == "brain" else None
    is_known, claims = question.target.known(y), claims_of(question.protocol)
    known = np.flatnonzero(is_known)
    if len(known) == 0:
        raise DataError("no row has a known target. Look at target: and at the labels of the file.")
    asked = any(model.unlabelled for model in question.models)
    doubts, gap = Doubts(study), needed_gap(study)
    for seed in question.seeds:
        names = set()
        for found in question.protocol.split(rows.take(known), question.target, seed):
            role = np.zeros(len(rows), dtype=np.uint8)
            role[known] = found.role
            fold = replace(found, role=role)
            if fold.name in names:
                raise LeakError(f"two folds are called {fold.name!r}. Give each its own name.")
            names.add(fold.name)
            for apart in claims:
                verify(fold, rows, apart)
            if question.target.kind == "brain":
                check_shown(fold, rows)
            if study.paired_by:
                check_paired(fold, rows, study.paired_by)
            fold = grant(fold, rows, is_known, y, question.access, _pool(study, fold, is_known))
            if asked:
                fold = with_unlabelled(fold, rows, is_known, claims)
            check_groups(study, fold)
            fold = keep_apart(fold, rows, overlap_of(question), gap)
            train = fold.index("train", "val")
            if len(train) == 0:
                within = f", or lies within {gap:.3g} s of one" if gap else ""
                raise LeakError(
                    f"fold {fold.name}: every training row overlaps a test window{within}. Use a "
                    "protocol that keeps runs apart, or shorter windows."
                )
            if isinstance(brains, BrainTruth):  # their spaces are known before their data are
                check_own_voxels(fold, rows, brains, question)
                train = centre_rows(fold, brains)
            yield PlannedFold(seed, fold, doubts.of(fold), _prior(y[train], study))


def _pool(study: Study, fold: Fold, known: np.ndarray) -> np.ndarray | None:
    """Rows of the tested that calibration is taken from, where their protocol names them."""
    choose: Any = getattr(study.question.protocol, "calibration_rows", None)
    if choose is None or study.question.access.calibration is None:
        return None
    pool = choose(fold, study.trials.rows)
    return pool[known[pool]]


def _prior(y: Told, study: Study) -> tuple[float, ...]:
    """Frequencies of the classes in training, or the mean of the training targets."""
    if study.question.target.kind != "label":
        mean = y.mean() if isinstance(y, Entries) else y.mean(axis=0, dtype=np.float64)
        return tuple(mean.reshape(-1).tolist())
    counts = np.bincount(y, minlength=len(study.question.target.classes))
    return tuple(counts / counts.sum())


def _notes(models: list[NamedModel], study: Study) -> Iterator[str]:
    yield from study.notes
    views = Views(study.question.views, Path())
    for name in study.question.views:
        if why_not := views.why_not(name):
            metrics = [one for one in study.question.metrics if one.partition("@")[2] == name]
            yield f"{', '.join(metrics)}: will not be computed: {why_not}"
    for model in models:
        plain = getattr(stages_of(model.estimator)[-1], "judged_beside", "")
        if plain and not any(plain in other.name for other in models):
            yield (
                f"{model.name}: no score says what it adds to {plain}, which is not asked for. "
                f"Name encode.{plain} too."
            )
    if study.lacks_truth:
        yield (
            f"the truth ({study.question.target.kind}) is read when recordings are prepared and "
            "features computed; until then no job is known to be done."
        )
    if len(study.inputs.signals) != 1:
        return
    axes = study.inputs.signal().used()[0].axes
    if len(axes) > 1:
        for model in models:
            if model.input_needs.signals != 0 and model.flattens:
                shape = " × ".join(axes)
                yield f"{model.name} takes rows of numbers: trials of {shape} are flattened."


def _left_out(folds: Sequence[PlannedFold], question: Question) -> Iterator[str]:
    """Say how many rows no fold trains on because of what they share with the tested."""
    several = [one.fold for one in folds if one.fold.left_out]
    if several:
        most = max(several, key=lambda fold: fold.left_out)
        what = " or ".join(name for claim in claims_of(question.protocol)[:1] for name in claim)
        yield (
            f"{len(several)} of {len(folds)} folds leave rows out of training that show a tested "
            f"{what}: {most.left_out} in {most.name}, which is the most."
        )
