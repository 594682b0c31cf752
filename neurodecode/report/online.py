"""What the page shows of decoders that ran over recordings: events, time course, curves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.timeline import Timeline
from neurodecode.harness.score import Group, collect_groups
from neurodecode.harness.scorer import Scorer
from neurodecode.harness.table import unit_of
from neurodecode.metrics.operating_curve import OperatingCurve, operating_curve
from neurodecode.metrics.probability import binned
from neurodecode.metrics.time_course import Course, Detections, course_of, detections_of
from neurodecode.report.results import Results

CLOCK = "baseline.clock"
_MOST_MODELS = 3  # beside the clock: small pictures of more would be a wall


@dataclass(frozen=True, eq=False)
class Unit:
    """What a model did in one subject (session, fold), over all that was tested of it.

    Parameters
    ----------
    name : str
    detections : Detections
    course : Course
    curve : OperatingCurve or None
        None of a model without probabilities.
    bins : tuple of ndarray, or None
        As `neurodecode.metrics.probability.binned` gives.
    """

    name: str
    detections: Detections
    course: Course
    curve: OperatingCurve | None
    bins: tuple[np.ndarray, np.ndarray, np.ndarray] | None


@dataclass(frozen=True, eq=False)
class Replayed:
    """A model that ran over recordings, one `Unit` a subject."""

    model: str
    role: str
    units: tuple[Unit, ...]

    @property
    def latency(self) -> np.ndarray:
        """Seconds to detection of all tasks that were detected, ascending."""
        return np.sort(np.concatenate([one.detections.latency for one in self.units]))


def runs_of(results: Results, ranked: Sequence[str]) -> list[Replayed]:
    """Give the models to show: the best of them, and the clock.

    Parameters
    ----------
    results : Results
    ranked : sequence of str
        Models, the best first.

    Returns
    -------
    runs : list of Replayed
        Empty where windows did not slide over tasks with idle between them.
    """
    if results.index["schedule"] is None or not results.index["schedule"]["idle"]:
        return []
    roles = {one["name"]: one["role"] for one in results.index["models"]}
    shown = list(ranked[:_MOST_MODELS])
    shown += [name for name in roles if name.startswith(CLOCK)][:1]
    unit, scorer = unit_of(results.index["within"]), Scorer.of(results.store)
    groups: dict[tuple[str, str], list[Group]] = {}
    for group in collect_groups(results.store):
        if group.is_itself and not group.axes and group.model in shown:
            name = "all" if unit == "study" else str(getattr(group, unit))
            groups.setdefault((group.model, name), []).append(group)
    found: dict[str, list[Unit]] = {name: [] for name in shown}
    for (model, name), several in sorted(groups.items()):
        try:
            found[model].append(_unit(name, several, scorer))
        except DataError:
            continue  # the table says why there is no score
    return [Replayed(model, roles[model], tuple(units)) for model, units in found.items() if units]


def mean_course(run: Replayed) -> Course:
    """Give the mean over units of what is decided around onsets, on the times that all have."""
    courses = [unit.course for unit in run.units]
    n_before = [int(np.argmin(np.abs(one.time))) for one in courses]
    first = min(n_before)
    last = min(len(one.time) - n for one, n in zip(courses, n_before, strict=True))
    cut = [slice(n - first, n + last) for n in n_before]
    with np.errstate(invalid="ignore"):
        share = _known_mean([one.share[:, at] for one, at in zip(courses, cut, strict=True)])
        right = _known_mean([one.right[at] for one, at in zip(courses, cut, strict=True)])
    return Course(
        time=courses[0].time[cut[0]],
        share=share,
        n_tasks=np.sum([one.n_tasks for one in courses], axis=0),
        right=right,
        duration=float(np.median([one.duration for one in courses])),
    )


def mean_curve(run: Replayed, at: np.ndarray) -> np.ndarray | None:
    """Share of tasks detected at rates of false activations, the mean over units."""
    curves = [unit.curve for unit in run.units]
    if any(curve is None for curve in curves):
        return None
    return np.mean([[curve.at(one) for one in at] for curve in curves if curve], axis=0)


def event_rows(runs: Sequence[Replayed], unit: str) -> Iterator[dict[str, str]]:
    """Give a row of text for each model and unit: what became of its tasks and of idle.

    Yields
    ------
    row : dict of str to str
        Heading to cell.
    """
    for run in runs:
        for one in run.units:
            found = one.detections
            latency = "none detected"
            if found.n_detected:
                low, middle, high = np.percentile(found.latency, [25, 50, 75])
                latency = f"{middle:.2f} [{low:.2f}, {high:.2f}]"
            yield {
                "model": run.model,
                unit: one.name,
                "tasks detected": f"{found.n_detected} of {found.n_tasks}",
                "missed": str(found.n_tasks - found.n_detected),
                "latency, s: median [quartiles] of detected": latency,
                "tasks with a wrong class": str(found.n_mistaken),
                "false activations a minute of idle": (
                    f"{found.n_false / found.idle_minutes:.2f}" if found.idle_minutes else "no idle"
                ),
                "activations in the second after tasks": str(found.n_late),
            }


def _unit(name: str, groups: Sequence[Group], scorer: Scorer) -> Unit:
    """Put the folds of a unit together; seeds beyond the first repeat them, and are left out."""
    seed = min(group.seed for group in groups)
    several = [group for group in groups if group.seed == seed]
    timelines = [scorer.rows_of(group) for group in several]
    parts = [one for one in timelines if one is not None]
    rows = _joined(several, parts, scorer)
    pred = np.concatenate([group.pred for group in several])
    true = np.concatenate([group.true for group in several])
    scores = None
    if all(g.scores is not None and g.score_kind == "probability" for g in several):
        scores = np.concatenate([g.scores for g in several if g.scores is not None])
    return Unit(
        name,
        detections_of(pred, rows),
        course_of(pred, rows),
        None if scores is None else operating_curve(scores, rows),
        None if scores is None else binned(true, scores),
    )


def _joined(groups: Sequence[Group], parts: Sequence[Timeline], scorer: Scorer) -> Timeline:
    """Timeline of the rows of several groups, as if they had been scored together."""
    assert scorer.timeline is not None  # of labels there is one
    whole = scorer.timeline.take(np.concatenate([group.rows for group in groups]))
    waits = [np.concatenate([getattr(one, name) for one in parts]) for name in
             ("dwell", "refractory")]  # fmt: skip
    return whole.decided_by(*waits)


def _known_mean(several: Sequence[np.ndarray]) -> np.ndarray:
    stacked = np.stack(several)
    known = np.isfinite(stacked)
    n_known = known.sum(axis=0)
    total = np.where(known, stacked, 0).sum(axis=0)
    return np.divide(total, n_known, out=np.full(total.shape, np.nan), where=n_known > 0)
