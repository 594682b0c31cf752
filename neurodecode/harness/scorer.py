"""Scores from stored predictions: neither data nor model is needed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError, NeurodecodeError
from neurodecode.core.gallery import Gallery
from neurodecode.core.names import find
from neurodecode.core.timeline import Timeline
from neurodecode.harness.galleries import TOLD_APART, Brains, Galleries
from neurodecode.harness.score import NO_DRAW, Group
from neurodecode.harness.store import Store
from neurodecode.harness.views import Views
from neurodecode.metrics.metric import Metric
from neurodecode.metrics.places import Direction, Places, places

_COLUMNS = (
    "model", "metric", "seed", "fold", "subject", "session", "draw", "permutation", "train_time",
    "time", "score", "chance", "n_trials", "n_candidates", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Score:
    """Score of a group under a metric, or why there is none.

    Parameters
    ----------
    value, chance : float
        NaN where `note` says why there is none.
    n_candidates : int
        Size of the gallery, of metrics of retrieval.
    note : str
    """

    value: float = float("nan")
    chance: float = float("nan")
    n_candidates: int = 0
    note: str = ""


@dataclass(frozen=True, eq=False)
class Scorer:
    """What scoring asks of the study beside the rows.

    Parameters
    ----------
    kind : str
        The target's kind.
    n_classes : int
    galleries : Galleries or None
        What the true one is told from; None where the target is no vector or picture.
    brains : Brains or None
        What that is where the target is the brain.
    timeline : Timeline or None
        Of all rows of the study, and its tasks.
    views : Views or None
        Features of pictures, of metrics that ask for them.
    """

    kind: str
    n_classes: int
    galleries: Galleries | None
    timeline: Timeline | None = None
    brains: Brains | None = None
    views: Views | None = None

    @staticmethod
    def of(store: Store) -> "Scorer":
        """Read what scoring needs from a results folder."""
        index, rows = store.index(), store.rows()
        kind, classes = index["target"]["kind"], index["target"]["classes"]
        galleries = timeline = None
        if kind in TOLD_APART:
            y: Any = store.truth(rows)
            galleries = Galleries.of(index["gallery"], index["likeness"], y, rows, store.gallery())
        if kind == "label":
            timeline = Timeline.of(rows, classes, store.schedule())
        brains = Brains.of(index["likeness"], rows) if kind == "brain" else None
        views = Views.of_index(index, store.folder)
        return Scorer(kind, len(classes), galleries, timeline, brains, views)

    def seen(self, metric: Metric, group: Group) -> "tuple[Scorer, Group] | str":
        """Give a group as a metric sees it, features in place of pictures, and who scores that.

        Returns
        -------
        seen : tuple of Scorer and Group, or str
            These themselves where the metric is of what is told; text says why there is nothing to
            be seen, as where weights are absent. Features are told apart by their correlation,
            among those of the pictures that are scored together.
        """
        if self.views is None or metric.view not in self.views:
            return self, group
        try:
            true, pred = (self.views.features(metric.view, one) for one in (group.true, group.pred))
        except NeurodecodeError as error:
            return f"{metric.name}: {error}"
        features = Scorer(self.kind, 0, Galleries("tested", "correlation"))
        nothing = {"prior": np.zeros(0), "centre": None, "centre_of": None}
        return features, replace(group, true=true, pred=pred, **nothing)

    def gallery_of(self, group: Group) -> Gallery | None:
        """Give what the rows of a group are told from; None where the target is no such thing.

        Raises
        ------
        DataError
            If a concept has no picture to make a prototype of.
        """
        if self.brains is not None:
            return self.brains.gallery(group.rows, group.true, group.centre, group.centre_of)
        if self.galleries is None:
            return None
        return self.galleries.gallery(group.true, group.centre, group.centre_of)

    def rows_of(self, group: Group) -> Timeline | None:
        """When the rows of a group were; None where the target is no label."""
        if self.timeline is None:
            return None
        mine = self.timeline.take(group.rows)
        return mine if group.waits is None else mine.decided_by(*group.waits.T)

    def score(self, metric: Any, group: Group) -> float | str:
        """One score, or why it is not computed."""
        (found,) = self.scores([metric], group)
        return found.note or found.value

    def scores(self, metrics: Sequence[Metric], group: Group) -> list[Score]:
        """Score a group under several metrics; places in its gallery are counted once."""
        placed: dict[Direction, Places | str] = {}
        gallery: Gallery | str | None = None
        if len(group.true) and any(one.retrieval and not one.view for one in metrics):
            try:
                gallery = self.gallery_of(group)
            except DataError as error:
                gallery = str(error)
        return [
            self._seen(metric, group)
            if metric.view
            else self._score(metric, group, gallery, placed)
            for metric in metrics
        ]

    def _seen(self, metric: Metric, group: Group) -> Score:
        found = self.seen(metric, group)
        if isinstance(found, str):
            return Score(note=found)
        scorer, group = found
        gallery = scorer.gallery_of(group) if metric.retrieval is not None else None
        return scorer._score(metric, group, gallery, {})

    def of_rows(self, metric: Metric, group: Group) -> np.ndarray:
        """Give what each row of a group adds to a score.

        Parameters
        ----------
        metric : Metric
        group : Group

        Returns
        -------
        values : ndarray, shape (n_rows,)
            NaN of rows that add nothing, and of all where the metric is not made of rows, or has
            no score here.
        """
        if metric.terms is None or isinstance(self.score(metric, group), str):
            return np.full(len(group.true), np.nan)
        return metric.terms(
            group.true,
            group.pred,
            scores=group.scores,
            rows=self.rows_of(group),
            gallery=None if metric.retrieval is None else self.gallery_of(group),
        )[0]

    def _score(
        self,
        metric: Metric,
        group: Group,
        gallery: Gallery | str | None,
        placed: dict[Direction, Places | str],
    ) -> Score:
        how = metric.retrieval
        if how is None or gallery is None:
            value = self._evaluated(metric, group)
            if isinstance(value, str):
                return Score(note=value)
            return Score(value, metric.chance(group.true, group.prior))
        if how.direction not in placed:
            placed[how.direction] = _placed(group, gallery, how.direction)
        found = placed[how.direction]
        if isinstance(found, str) or isinstance(gallery, str):
            return Score(note=f"{metric.name}: {found}")
        try:
            value = float(how.of(how.judge(found.better, found.alike, found.n_candidates)))
        except DataError as error:
            return Score(note=f"{metric.name}: {error}")
        chance = metric.chance(group.true, group.prior, gallery)
        return Score(value, chance, found.n_candidates)

    def _evaluated(self, metric: Metric, group: Group) -> float | str:
        if metric.times == "tasks" and group.permutation != NO_DRAW:
            return f"{metric.name}: tasks stand in time, where labels of rows are permuted"
        return metric.evaluate(
            group.true,
            group.pred,
            scores=group.scores,
            score_kind=group.score_kind,
            kind=self.kind,
            n_classes=self.n_classes or None,
            rows=None if metric.times == "none" else self.rows_of(group),
        )


def _placed(group: Group, gallery: Gallery | str, direction: Direction) -> Places | str:
    """Give the places of the rows, or say why there are none."""
    if isinstance(gallery, str):
        return gallery
    try:
        return places(group.true, group.pred, gallery, direction)
    except DataError as error:
        return str(error)


def score_groups(store: Store, groups: list[Group]) -> pd.DataFrame:
    """Give the scores of all groups and metrics as a table.

    Returns
    -------
    scores : DataFrame
        ``model metric seed fold subject session draw permutation train_time time score chance
        n_trials n_candidates note``; `n_candidates` is the size of the gallery, of metrics of
        retrieval; times in seconds from the event, NaN where there are none; `score` is NaN where
        `note` says why it is not computed. Of nulls, only equal times are scored.
    """
    index, scorer = store.index(), Scorer.of(store)
    times = index["times"]

    def seconds(group: Group, place: int) -> float:
        sample = group.samples[place] if group.samples and place >= 0 else place
        return np.nan if place < 0 else times["tmin"] + sample / times["sfreq"]

    metrics = [find(name, "metrics") for name in index["metrics"]]
    rows: list[list[tuple[Any, ...]]] = [[] for _ in metrics]
    for group in groups:
        for train_time, time, cell in group.cells(all_cells=group.is_itself):
            for mine, metric, found in zip(
                rows, metrics, scorer.scores(metrics, cell), strict=True
            ):
                mine.append(
                    (
                        group.model, metric.name, group.seed, group.fold, group.subject,
                        group.session, group.draw, group.permutation,
                        seconds(group, train_time), seconds(group, time), found.value,
                        found.chance, len(cell.true), found.n_candidates, found.note,
                    )
                )  # fmt: skip
    return pd.DataFrame([row for mine in rows for row in mine], columns=list(_COLUMNS))
