"""`Predictions`: what a model said of each test row."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.target import n_axes

AXES = ((), ("time",), ("train_time", "time"))  # by their number


@dataclass(frozen=True, eq=False)
class Predictions:
    """One entry a test row.

    Parameters
    ----------
    uid : ndarray of str, shape (n_rows,)
        The rows.
    kind : str
        The target's kind.
    pred : ndarray
        Class codes, shape (n_rows,), for labels; values, shape (n_rows,); vectors and brains, shape
        (n_rows, n); series, shape (n_rows, n, n_times); pictures, float32 of shape (n_rows, height,
        width, channels), from 0 to 1. Further axes are those of `axes`.
    scores : ndarray, shape (n_rows, …, n_classes), or None
        One column a class; for two classes a margin is given as (-margin, margin).
    score_kind : {"probability", "margin", ""}
        What the scores are.
    samples : tuple of int
        Samples of a trial that the times of `axes` are: of windows, their last ones. Empty: times
        are the samples of a trial, each of them.
    """

    uid: np.ndarray
    kind: str
    pred: np.ndarray
    scores: np.ndarray | None = None
    score_kind: Literal["probability", "margin", ""] = ""
    samples: tuple[int, ...] = ()

    @property
    def axes(self) -> tuple[str, ...]:
        """Axes beyond rows: ``time``; or ``train_time`` and ``time``, of generalization."""
        return AXES[self.pred.ndim - n_axes(self.kind)]

    def __post_init__(self):
        if len(self.uid) != len(self.pred):
            raise DataError(f"{len(self.pred)} predictions for {len(self.uid)} test rows.")
        if not 0 <= self.pred.ndim - n_axes(self.kind) < len(AXES):
            one = {1: "number", 2: "vector", 3: "series", 4: "picture"}[n_axes(self.kind)]
            raise DataError(
                f"predictions of shape {self.pred.shape}; one {one} a test row is needed, or one "
                "at each time."
            )
        if self.scores is not None and len(self.scores) != len(self.uid):
            raise DataError(f"scores of {len(self.scores)} rows for {len(self.uid)} test rows.")
        values = self.pred if self.scores is None else self.scores
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise DataError(
                f"{int((~np.isfinite(values.reshape(len(values), -1))).any(axis=1).sum())} of "
                f"{len(values)} predictions "
                "are not finite numbers. Look for NaN or flat channels in the training data."
            )

    def __len__(self) -> int:
        return len(self.uid)

    def __repr__(self) -> str:
        return f"Predictions({len(self)} × {self.kind}, scores: {self.score_kind or 'none'})"
