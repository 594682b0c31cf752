"""What stands beside a score in the table: its noise ceiling, and the fraction that it reaches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodecode.core.truth import BrainTruth
from neurodecode.harness.dependence import interval_over, unit_of
from neurodecode.harness.noise_ceilings import NoiseCeiling, Whose, noise_ceilings
from neurodecode.harness.score import Group
from neurodecode.harness.store import Store
from neurodecode.harness.target_scores import target_scores
from neurodecode.metrics.metric import Metric
from neurodecode.metrics.of_ceiling import above


@dataclass(frozen=True)
class Bound:
    """The noise ceiling of a row of the table, and the score as a fraction of it.

    Parameters
    ----------
    ceiling : float or None
        Mean over the targets that count, then over units; None where there is none.
    fraction : float or None
        Sum of their scores over the sum of their ceilings, then the mean over units.
    low, high : float or None
        95 % interval of the fraction over units; None where there is one.
    by : str
        Function that gave it.
    unit : {"r", "r2", ""}
    of : str
        ``single``, or ``mean_k`` where scores are made against means of repeats.
    n_above, n_targets : int
        Targets that count: those whose reliability is above the threshold.
    note : str
        Why there is none, of what could have one.
    """

    ceiling: float | None = None
    fraction: float | None = None
    low: float | None = None
    high: float | None = None
    by: str = ""
    unit: str = ""
    of: str = ""
    n_above: int = 0
    n_targets: int = 0
    note: str = ""


class Bounds:
    """Noise ceilings of a study, and the scores of its models as fractions of them.

    Parameters
    ----------
    store : Store
    groups : sequence of Group
        As `neurodecode.harness.score.collect_groups` gives them.
    """

    def __init__(self, store: Store, groups: Sequence[Group]):
        index = store.index()
        self._of_brain = index["target"]["kind"] == "brain"
        self._threshold = index["noise_ceiling"]["threshold"]
        self._inflation, self._unit = index["inflation"], unit_of(index["within"])
        self._truth: Any = store.truth(store.rows()) if self._of_brain else None
        self.found: Mapping[Whose, NoiseCeiling] | str = (
            noise_ceilings(store) if self._of_brain else "what is told is no brain"
        )
        self._groups: dict[str, list[Group]] = {}
        for group in groups if self._of_brain else ():
            if group.is_itself:
                self._groups.setdefault(group.model, []).append(group)

    def of(self, model: str, metric: Metric) -> Bound:
        """Give the ceiling that stands beside a model's score."""
        if not self._of_brain or not metric.bounded_by:
            return Bound()
        if isinstance(self.found, str):
            return Bound(note=self.found)
        assert isinstance(self._truth, BrainTruth)
        scores = target_scores(metric, self._groups.get(model, ()), self._truth)
        mine = {whose: score for whose, score in scores.items() if whose in self.found}
        if not mine:
            return Bound(note="nothing that was scored was shown twice")
        sums = {
            whose: _sums(score, self.found[whose], metric.bounded_by, self._threshold)
            for whose, score in mine.items()
        }
        one = next(iter(self.found.values()))
        counted = [self.found[whose].scored for whose in mine]
        about = {
            "by": one.function,
            "unit": metric.bounded_by,
            "of": one.scored.of,
            "n_above": int(sum(above(of, self._threshold).sum() for of in counted)),
            "n_targets": sum(map(len, counted)),
        }
        # Spaces of one subject (sessions with cells of their own) are one unit.
        units: dict[str, np.ndarray] = {}
        for (subject, _), found in sums.items():
            units[subject] = units.get(subject, np.zeros(3)) + found
        several = np.array([one for one in units.values() if one[2] > 0 and one[1] > 0])
        if not len(several):
            return Bound(**about, note=f"no target has a reliability above {self._threshold:g}")
        fractions = several[:, 0] / several[:, 1]
        low, high = self._interval(fractions)
        ceiling = float(np.mean(several[:, 1] / several[:, 2]))
        return Bound(ceiling, float(np.mean(fractions)), low, high, **about)

    def _interval(self, fractions: np.ndarray) -> tuple[float | None, float | None]:
        if len(fractions) < 2 or self._unit != "subject":
            return None, None
        ends = interval_over(fractions, self._inflation["unit"], self._inflation["repeats"])
        return ends if np.isfinite(ends[0]) else (None, None)


def _sums(score: np.ndarray, ceiling: NoiseCeiling, unit: str, threshold: float) -> np.ndarray:
    """Sum scores and ceilings over targets that count, and count these: over both halves.

    Targets are selected by one half of the stimuli. Their ceilings are those of the other half,
    since what chance helped to select is too high. Of an r they are roots of those of all stimuli:
    the root of a noisy number is too low. Of signal plus noise, 300 targets of a reliability from 0
    to .5 shown twice, the signal itself then reaches .97, .98, .985 and .996 of a ceiling in r of
    40, 80, 200 and 1000 stimuli, and 1.04, 1.02, 1.00 and 1.00 in r2.
    """
    total = np.zeros(3)
    for half, other in (ceiling.halves, ceiling.halves[::-1]):
        value = half.value if unit == "r2" else _root(ceiling.scored.value)
        counted = above(other, threshold) & np.isfinite(score) & np.isfinite(value)
        total += score[counted].sum(), value[counted].sum(), counted.sum()
    return total


def _root(value: np.ndarray) -> np.ndarray:
    """Root that keeps the sign, so that nothing is cut."""
    return np.sign(value) * np.sqrt(np.abs(value))
