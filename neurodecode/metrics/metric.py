"""`Metric`: a function on arrays with what a table must know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

Chance = Callable[[np.ndarray, np.ndarray], float]
ScoreNeed = Literal["none", "any", "probability"]


@dataclass(frozen=True)
class Metric:
    """A score of predictions.

    Parameters
    ----------
    function : callable
        ``function(true, pred, *, scores=None, rows=None, gallery=None) -> float`` on arrays.
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
        ``chance(true, prior) -> float``, prior being the classes' frequencies in training.
    """

    function: Callable[..., float]
    direction: Literal["up", "down"]
    range: tuple[float, float]
    kinds: tuple[str, ...]
    scores: ScoreNeed
    min_classes: int
    chance: Chance

    @property
    def name(self) -> str:
        """Name by which experiments call it."""
        return self.function.__name__

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
    ) -> float | str:
        """Score one group of rows, or say why that cannot be.

        Parameters
        ----------
        true, pred : ndarray, shape (n,)
            Class codes, or values.
        scores : ndarray, shape (n, n_classes), or None
        score_kind : {"probability", "margin", ""}
        kind : str
            The target's kind.

        Returns
        -------
        score : float or str
            Text says why there is none.
        """
        if kind not in self.kinds:
            return f"{self.name} judges {' or '.join(self.kinds)}, and the target is a {kind}"
        if self.scores != "none" and scores is None:
            return f"{self.name} needs scores, and the model gives none"
        if self.scores == "probability" and score_kind != "probability":
            return f"{self.name} needs probabilities, and the model gives {score_kind}s"
        if self.min_classes > 1 and len(np.unique(true)) < self.min_classes:
            return f"{self.name} needs {self.min_classes} classes among the rows scored together"
        return float(self.function(true, pred, scores=scores))


def metric(
    *,
    direction: Literal["up", "down"],
    range: tuple[float, float],  # noqa: A002 (the field's word)
    kinds: tuple[str, ...],
    chance: Chance,
    scores: ScoreNeed = "none",
    min_classes: int = 1,
) -> Callable[[Callable[..., float]], Metric]:
    """Make a function a `Metric`; the function's bare name is the metric's."""

    def decorate(function: Callable[..., float]) -> Metric:
        made = Metric(function, direction, range, kinds, scores, min_classes, chance)
        object.__setattr__(made, "__doc__", function.__doc__)
        return made

    return decorate
