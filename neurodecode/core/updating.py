"""Stages that go on learning after they were fitted: from what is tested, in the order of time."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

Updates = Literal["", "unlabelled", "delayed_labels"]


def goes_on(stage: object) -> bool:
    """Whether a stage can go on learning: it has a method ``update(X, y=None)``."""
    return callable(getattr(stage, "update", None))


def learning(stages: Sequence[Any], updates: Updates) -> tuple[tuple[bool, ...], tuple[bool, ...]]:
    """Say which stages learn from each trial as it comes, and which once its label is told.

    Parameters
    ----------
    stages : sequence of stages
        The predictor last.
    updates : {"", "unlabelled", "delayed_labels"}
        From what may be learnt: nothing; each trial, before it is answered; or labels too, by
        stages that learn labels (``supervised``), which then learn from nothing else.

    Returns
    -------
    at_once, when_told : tuple of bool
        One a stage.
    """
    can = [updates != "" and goes_on(stage) for stage in stages]
    labels = [
        updates == "delayed_labels" and getattr(stage, "supervised", i == len(stages) - 1)
        for i, stage in enumerate(stages)
    ]
    at_once = tuple(one and not told for one, told in zip(can, labels, strict=True))
    return at_once, tuple(one and told for one, told in zip(can, labels, strict=True))


def updated(
    stages: Sequence[Any],
    X: Any,
    learns: Sequence[bool],
    y: np.ndarray | None = None,
    *,
    hand: Callable[[Any, Any], Any] = lambda stage, X: X,
) -> Any:
    """Let stages learn from trials, and give what the last of them is handed for these.

    Each stage learns before it transforms, so that what comes behind sees the trials as they are
    answered.

    Parameters
    ----------
    stages : sequence of fitted stages
        Changed where they learn.
    X : ndarray or Trials
        What the first is handed.
    learns : sequence of bool
        Which stages learn.
    y : ndarray, shape (n_trials,), optional
        Their labels.
    hand : callable
        Gives a stage its input as it asks for it.
    """
    for stage, does in zip(stages[:-1], learns[:-1], strict=True):
        X = hand(stage, X)
        if does:
            stage.update(X, y)
        X = stage.transform(X)
    if learns[-1]:
        stages[-1].update(hand(stages[-1], X), y)
    return X
