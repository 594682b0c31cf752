"""Published scores: what groups printed for pipelines on data sets, and what each of them is.

``configs/published/moabb.csv`` holds the figures, ``moabb.yaml`` beside it what data sets,
paradigms, evaluations and pipelines are; sources and licences stand at the head of the table.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from neurodecode.core.config import Call, bind
from neurodecode.core.files import shipped_folder
from neurodecode.core.nodes import load

Bands = tuple[tuple[float, ...], ...]  # corners of each band in Hz


@dataclass(frozen=True)
class PublishedScore:
    """One figure as it was printed.

    Parameters
    ----------
    dataset, paradigm, pipeline, evaluation, metric : str
        Metric is ``roc_auc`` or ``accuracy``.
    mean, sd : float
        Over subjects and sessions; between 0 and 1.
    caution : str
        Why it is no bar to compare with, or with what care; empty for nothing known.
    source : str
        The file that it was copied from.
    """

    dataset: str
    paradigm: str
    pipeline: str
    evaluation: str
    metric: str
    mean: float
    sd: float
    caution: str
    source: str


@dataclass(frozen=True)
class Evaluation:
    """Who was trained on and tested; `tuned` is the number of inner folds.

    Bands, in Hz, are given where they were others than the paradigm's.
    """

    protocol: str
    n_splits: int | None = None
    tuned: int = 3
    bands: Bands = ()


@dataclass(frozen=True)
class Paradigm:
    """Bands that trials were filtered to, in Hz, and the classes by the data sets' own names."""

    bands: Bands
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetFacts:
    """How many there were, and the window in seconds from the marker, both ends included.

    `stimuli` are rates of flicker in Hz.
    """

    subjects: int
    sessions: int
    sfreq: float
    channels: int
    interval: tuple[float, ...]
    stimuli: tuple[float, ...] = ()


@dataclass(frozen=True)
class CardTask:
    """A published paradigm under the name that a card's task has for it."""

    paradigm: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class CardOf:
    """A card of a published data set, and its tasks that are published paradigms."""

    dataset: str
    tasks: Mapping[str, CardTask]


@dataclass(frozen=True)
class Recipe:
    """A model that is a published pipeline.

    Parameters
    ----------
    steps : tuple of Call
    grid : mapping of str to tuple
        What was chosen from on inner folds.
    differs : tuple of str
        What is not the same, where it is another implementation.
    """

    steps: tuple[Call, ...]
    grid: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    differs: tuple[str, ...] = ()


@dataclass(frozen=True)
class PipelineOf:
    """Models that are a published pipeline; bands in Hz where it has its own.

    `around_stimuli` makes a band of each rate of flicker: from so many Hz below to as many above.
    """

    models: tuple[Recipe, ...]
    bands: Bands = ()
    around_stimuli: float = 0.0


@dataclass(frozen=True)
class Published:
    """All published figures, and what their words mean."""

    evaluations: Mapping[str, Evaluation]
    paradigms: Mapping[str, Paradigm]
    datasets: Mapping[str, DatasetFacts]
    cards: Mapping[str, CardOf]
    pipelines: Mapping[str, PipelineOf]
    scores: tuple[PublishedScore, ...] = ()

    def bands(self, score: PublishedScore) -> Bands:
        """Give the bands that the trials of a figure were filtered to, in Hz."""
        pipeline = self.pipelines.get(score.pipeline, PipelineOf(()))
        around, facts = pipeline.around_stimuli, self.datasets[score.dataset]
        if around:
            return tuple((rate - around, rate + around) for rate in facts.stimuli)
        own = self.evaluations[score.evaluation].bands
        return pipeline.bands or own or self.paradigms[score.paradigm].bands


@cache
def read_published(kind: Literal["moabb"] = "moabb") -> Published:
    """Read the shipped figures.

    Raises
    ------
    ConfigError
        If the files beside the figures hold what cannot be meant, a line each.
    """
    folder = shipped_folder("configs") / "published"
    root, problems = load(folder / f"{kind}.yaml")
    meaning = bind(Published, root, "", problems)
    problems.stop()
    assert meaning is not None  # problems stop
    return Published(
        **{name: value for name, value in vars(meaning).items() if name != "scores"},
        scores=tuple(_scores(folder / f"{kind}.csv")),
    )


def _scores(path: Path) -> list[PublishedScore]:
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return [
        PublishedScore(
            mean=_fraction(row.pop("score_mean")), sd=_fraction(row.pop("score_std")), **row
        )
        for row in rows
    ]


def _fraction(percent: str) -> float:
    return round(float(percent) / 100, 6)  # 91.71 becomes 0.9171, not its neighbour
