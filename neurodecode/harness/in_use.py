"""Hold a study to what decoders in use can have: no sample of the future, none of the tested."""

from dataclasses import replace

import numpy as np

from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.stages import stages_of
from neurodecode.core.updating import goes_on
from neurodecode.harness.question import Overlap, Question
from neurodecode.harness.study import Study
from neurodecode.protocols import inner_groups, near, purge
from neurodecode.protocols._in_use import demands_of, trial_groups

_ROUNDING = 1e-6  # s: onsets and lengths are sums of samples


def check_in_use(study: Study) -> None:
    """Refuse what no decoder in use could have, before anything is split.

    Raises
    ------
    LeakError
        If a preparation looks ahead, or the tested rows are shown beforehand.
    ConfigError
        If windows have no known times, or no model can go on learning as it is let to.
    """
    access = study.question.access
    models = [model for model in study.question.models if model.role == "model"]
    if access.updates and not any(model.updates(access) for model in models):
        raise ConfigError(
            f"target_access: updates: {access.updates}, and none of the models goes on learning. "
            "Add one that does, such as riemann.adaptive_mdm, or leave updates out."
        )
    demands = demands_of(study.question.protocol)
    if demands is None:
        return
    if demands.gap and access.transductive:
        raise LeakError(
            "target_access: transductive shows windows before their time, which no decoder in use "
            "can have. Let it learn as it goes, target_access: {updates: unlabelled}, or give it "
            "an earlier part of the session, {unlabelled: 0.2}."
        )
    if demands.gap and np.isnan(study.trials.rows["start"]).any():
        raise ConfigError(
            "protocol: there are trials of unknown onset, so no gap can be kept between training "
            "and test. Use recordings with times."
        )
    if demands.causal and study.ahead > 0:
        named = f" ({', '.join(study.looking_ahead)})" if study.looking_ahead else ""
        far = (
            "at the whole recording"
            if np.isinf(study.ahead)
            else f"{study.ahead:.3g} s into the future"
        )
        raise LeakError(
            f"prepare: it looks {far}{named}, and a decoder in use has no later sample. Use "
            "phase: causal (filter: {method: iir, phase: causal}, resample: {phase: causal}), and "
            "leave out what is computed over the whole recording; or measure what it gives away: "
            "protocol: {reference_zero_phase: …}."
        )


def needed_gap(study: Study) -> float:
    """Seconds that training and test windows of one recording are to be apart: 0 offline.

    The length of a window, what preparations remember, and what adaptation remembers, together;
    or more, where the protocol says so.

    Raises
    ------
    LeakError
        If the protocol asks for less.
    """
    demands = demands_of(study.question.protocol)
    if demands is None or not demands.gap:
        return 0.0
    rows = study.trials.rows
    length = float(np.max(rows["stop"] - rows["start"], initial=0.0))
    memory = _adaptation(study.question, rows)
    needed = length + study.reach + memory
    asked: float | None = getattr(study.question.protocol, "gap", None)
    if asked is None:
        return needed
    if asked < needed - _ROUNDING:
        raise LeakError(
            f"protocol: a gap of {asked:g} s is less than the {needed:.3g} s that are needed: "
            f"windows are {length:g} s long, preparations remember {study.reach:.3g} s"
            + (f", adaptation {memory:.3g} s" if memory else "")
            + ". Leave gap out."
        )
    return asked


def overlap_of(question: Question) -> Overlap:
    """Say what happens to training windows that overlap test windows: what the question asks.

    A protocol that is there to measure what they give away keeps them.
    """
    demands = demands_of(question.protocol)
    return "allowed" if demands is not None and not demands.gap else question.overlap


def keep_apart(fold: Fold, rows: Rows, overlap: str, gap: float) -> Fold:
    """Take training windows within the gap of a test window out of a fold, and assert that.

    Parameters
    ----------
    fold : Fold
    rows : Rows
    overlap : {"purge", "refuse", "allowed"}
        What happens to them; where no gap is asked, `neurodecode.protocols.purge` says.
    gap : float
        Seconds; 0: windows may not overlap.

    Raises
    ------
    LeakError
        If such a window is left, or they are refused and there is one.
    """
    if gap == 0:
        return purge(fold, rows, overlap)
    told = ("train", "val", "adapt", "unlabelled")
    if overlap == "purge":
        index = near(fold, rows, gap - _ROUNDING, fold.index(*told))
        role = fold.role.copy()
        role[index] = 0
        fold = replace(fold, role=role, purged=fold.purged + len(index))
    left = near(fold, rows, gap - _ROUNDING, fold.index(*told))
    if len(left):
        first = left[0]
        raise LeakError(
            f"fold {fold.name}: {len(left)} training windows overlap a test window or lie within "
            f"{gap:.3g} s of one, the first in {rows['recording'][first]} from "
            f"{rows['start'][first]:g} to {rows['stop'][first]:g} s. Use overlap: purge, or a "
            "protocol that keeps runs apart."
        )
    return fold


def inner_groups_of(
    question: Question, rows: Rows, paired_by: tuple[str, ...]
) -> np.ndarray | None:
    """Say which training rows inner folds may not part; see `neurodecode.protocols.inner_groups`.

    Under a protocol of decoders in use, where there is one run alone, these are stretches of whole
    trials, as many as there are inner folds.
    """
    apart, demands = question.protocol.apart, demands_of(question.protocol)
    if demands is None or not demands.gap or question.tune is None:
        return inner_groups(rows, apart, paired_by)
    if apart and len(np.unique(rows.codes(*apart))) > 1:
        return inner_groups(rows, apart, paired_by)
    return trial_groups(rows, question.tune.n_splits)


def _adaptation(question: Question, rows: Rows) -> float:
    """Seconds in which the slowest model that adapts forgets half of what it has seen."""
    half_lives = [
        getattr(stage, "half_life", 0.0)
        for model in question.models
        if model.updates(question.access)
        for stage in stages_of(model.estimator)
        if goes_on(stage)
    ]
    if not half_lives:
        return 0.0
    recording, start = rows.codes("recording"), rows["start"]
    hops = np.diff(start)[np.diff(recording) == 0]
    return max(half_lives) * float(np.median(hops)) if len(hops) else 0.0
