"""`Metric`: a function on arrays with what a table must know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.gallery import Gallery
from neurodecode.core.timeline import Timeline

Candidates = Gallery | np.ndarray | None  # an array holds the vectors of a gallery
Chance = Callable[..., float]
Terms = Callable[..., tuple[np.ndarray, np.ndarray | None]]
Summary = Callable[[np.ndarray, np.ndarray], float]
Pairwise = Callable[[np.ndarray, np.ndarray], np.ndarray]
OfTargets = Callable[[np.ndarray, np.ndarray], np.ndarray]
Redrawn = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
Bounded = Literal["", "r", "r2"]
ScoreNeed = Literal["none", "any", "probability"]
TimeNeed = Literal["none", "windows", "tasks"]
# A softmax in float32 is off by 1e-6; shares that were never normalised are off by far more.
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Retrieval:
    """How a metric judges places in a gallery, as `neurodecode.metrics.places` gives them.

    Parameters
    ----------
    direction : {"brain_to_image", "image_to_brain"}
        What ranks what.
    judge : callable
        ``judge(better, alike, n_candidates) -> values``, of any shape.
    summary : {"mean", "median"}
        What the score is of the values.
    """

    direction: Literal["brain_to_image", "image_to_brain"]
    judge: Callable[[np.ndarray, np.ndarray, int], np.ndarray]
    summary: Literal["mean", "median"] = "mean"

    def of(self, values: np.ndarray) -> np.ndarray:
        """Give the score of values along the last axis."""
        return (np.median if self.summary == "median" else np.mean)(values, axis=-1)


@dataclass(frozen=True)
class Metric:
    """A score of predictions.

    Parameters
    ----------
    function : callable
        ``function(true, pred, *, scores=None, rows=None, gallery=None) -> float`` on arrays. It
        raises `DataError` where the score is not defined, saying why.
    direction : {"up", "down"}
        Which way is better.
    range : tuple of float
        Lowest and highest value.
    kinds : tuple of str
        Kinds of target that it judges.
    scores : {"none", "any", "probability"}
        What it needs beside the predicted class.
    min_classes : int
        Fewest classes among the rows that are scored together.
    chance : callable
        ``chance(true, prior, gallery=None) -> float``: what one can expect who knows the training
        targets and no brain. `prior` is the frequency of each class in training, shape
        (n_classes,), or the mean of the training targets, shape (n_targets,); empty where it is
        unknown. NaN where chance has no formula: the shuffled null and ``baseline.mean_target``
        then tell.
    two_classes : bool
        Whether it is defined for targets of two classes alone.
    terms : callable, optional
        ``terms(true, pred, scores=None, rows=None, gallery=None) -> values, groups``: what each row
        adds, NaN where it adds nothing. The score is the mean of values, or where there are groups,
        of their means. Rows can then be drawn again, as in a bootstrap, without scoring them anew.
    times : {"none", "windows", "tasks"}
        What it asks of `rows`, a `neurodecode.core.timeline.Timeline`: when windows were, or also
        which tasks the recordings had.
    summary : callable, optional
        ``summary(values, times) -> float``, where the score is no mean: of values, shape (n_rows,
        …), and how often each row is drawn; NaN where a draw has none.
    retrieval : Retrieval, optional
        Of metrics that are made of places in a gallery.
    pairwise : callable, optional
        ``pairwise(true, pred) -> values``, shape (n_true, n_pred): what each row would add if it
        had been answered as each of the others was; `terms` are its diagonal. Pairings can then be
        dealt anew without scoring them.
    of_targets : callable, optional
        ``of_targets(true, pred) -> values``, shape (n_targets,), where the score is their mean: of
        rows of numbers, shape (n_rows, n_targets). NaN of a target that has no score.
    bounded_by : {"", "r", "r2"}
        Unit of the noise ceiling that no model passes but by chance; empty where there is none.
    redrawn : callable, optional
        ``redrawn(true, pred, times) -> scores``, shape (n_draws,): of rows of numbers, of which
        each is drawn as often as `times`, shape (n_draws, n_rows), says; NaN of a draw that has no
        score. All draws of a bootstrap are then scored together.
    view : str
        What of pictures it is of, as `neurodecode.metrics.views` has it; empty: what is told.
    """

    function: Callable[..., float]
    direction: Literal["up", "down"]
    range: tuple[float, float]
    kinds: tuple[str, ...]
    scores: ScoreNeed
    min_classes: int
    chance: Chance
    two_classes: bool = False
    terms: Terms | None = None
    times: TimeNeed = "none"
    summary: Summary | None = None
    retrieval: Retrieval | None = None
    pairwise: Pairwise | None = None
    of_targets: OfTargets | None = None
    bounded_by: Bounded = ""
    redrawn: Redrawn | None = None
    view: str = ""

    @property
    def name(self) -> str:
        """Name by which experiments call it."""
        return f"{self.function.__name__}@{self.view}" if self.view else self.function.__name__

    def __call__(self, true: np.ndarray, pred: np.ndarray, **named: object) -> float:
        """Score arrays; see the function's own documentation."""
        return self.function(true, pred, **named)

    def evaluate(
        self,
        true: np.ndarray,
        pred: np.ndarray,
        *,
        scores: np.ndarray | None,
        score_kind: str,
        kind: str,
        n_classes: int | None = None,
        rows: Timeline | None = None,
        gallery: Candidates = None,
    ) -> float | str:
        """Score one group of rows, or say why that cannot be.

        Parameters
        ----------
        true, pred : ndarray, shape (n,) or (n, n_targets)
            Class codes, values or vectors.
        scores : ndarray, shape (n, n_classes), or None
        score_kind : {"probability", "margin", ""}
        kind : str
            The target's kind.
        n_classes : int, optional
            How many classes the target declares; told from the codes without it.
        rows : Timeline, optional
            When the rows were and the tasks around them, for metrics that ask.
        gallery : Gallery or ndarray, shape (n_stimuli, n_targets), optional
            What identification tells the true one from; those that are scored together without.

        Returns
        -------
        score : float or str
            Text says why there is none.
        """
        why_not = self._why_not(true, pred, scores, score_kind, kind, n_classes)
        if why_not is None and self.times != "none":
            why_not = _why_no_times(self.times, rows)
        if why_not is not None:
            return f"{self.name} {why_not}"
        try:
            return float(self.function(true, pred, scores=scores, rows=rows, gallery=gallery))
        except DataError as error:
            return f"{self.name}: {error}"

    def _why_not(
        self,
        true: np.ndarray,
        pred: np.ndarray,
        scores: np.ndarray | None,
        score_kind: str,
        kind: str,
        n_classes: int | None,
    ) -> str | None:
        if kind not in self.kinds:
            return f"judges {' or '.join(self.kinds)}, and the target is a {kind}"
        if len(true) == 0:
            return "needs a test row, and there is none"
        if self.scores != "none" and scores is None:
            return "needs scores, and the model gives none"
        if self.scores == "probability":
            if score_kind != "probability":
                return f"needs probabilities, and the model gives {score_kind}s"
            assert scores is not None  # looked at above
            reason = _why_no_probabilities(scores)
            if reason is not None:
                return reason
        if self.two_classes:
            declared = n_classes or int(max(true.max(), pred.max())) + 1
            if declared > 2:
                return f"is of two classes, and the target has {declared}; use {self.name}_macro"
        if self.min_classes > 1 and len(np.unique(true)) < self.min_classes:
            return f"needs {self.min_classes} classes among the rows scored together"
        return None


def metric(
    *,
    direction: Literal["up", "down"],
    range: tuple[float, float],  # noqa: A002 (the field's word)
    kinds: tuple[str, ...],
    chance: Chance,
    scores: ScoreNeed = "none",
    min_classes: int = 1,
    two_classes: bool = False,
    terms: Terms | None = None,
    times: TimeNeed = "none",
    summary: Summary | None = None,
    retrieval: Retrieval | None = None,
    pairwise: Pairwise | None = None,
    of_targets: OfTargets | None = None,
    bounded_by: Bounded = "",
    redrawn: Redrawn | None = None,
) -> Callable[[Callable[..., float]], Metric]:
    """Make a function a `Metric`; the function's bare name is the metric's."""

    def decorate(function: Callable[..., float]) -> Metric:
        made = Metric(
            function,
            direction,
            range,
            kinds,
            scores,
            min_classes,
            chance,
            two_classes,
            terms,
            times,
            summary,
            retrieval,
            pairwise,
            of_targets,
            bounded_by,
            redrawn,
        )
        object.__setattr__(made, "__doc__", function.__doc__)
        return made

    return decorate


def one_half(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
    """One half: answers that say nothing rank a random pair right half the time."""
    del true, prior, gallery
    return 0.5


def zero(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
    """Zero: the mean of a correlation or an agreement, where answers do not depend on the truth."""
    del true, prior, gallery
    return 0.0


def no_formula(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
    """NaN: what one who sees no brain can expect follows from no formula for this metric."""
    del true, prior, gallery
    return float("nan")


def _why_no_times(asked: TimeNeed, rows: Timeline | None) -> str | None:
    if rows is None:
        return "needs the times of the windows, which are not known here"
    if asked == "tasks" and rows.n_tasks == 0:
        return (
            "needs windows that slide over recordings with tasks (windows: length, hop, "
            "otherwise: idle)"
        )
    return None


def _why_no_probabilities(scores: np.ndarray) -> str | None:
    worst = scores.flat[np.argmax(np.abs(scores - 0.5))]
    if not -_TOLERANCE <= worst <= 1 + _TOLERANCE:
        return f"needs probabilities, and one score is {worst:.3g}"
    sums = scores.sum(axis=1)
    worst = sums[np.argmax(np.abs(sums - 1))]
    if abs(worst - 1) > _TOLERANCE:
        return f"needs probabilities that sum to 1, and those of a row sum to {worst:.6g}"
    return None
