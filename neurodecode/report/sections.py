"""What the page says of results, as values: the template lays them out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from neurodecode.harness.read_reliability import Reliability
from neurodecode.harness.table_row import TableRow
from neurodecode.report.asked import Asked
from neurodecode.report.embedded import Picture
from neurodecode.report.picture_grid import Retrieval
from neurodecode.report.reconstructions import Reconstructions
from neurodecode.report.rsa_page import RsaPart


@dataclass(frozen=True)
class Retrieved:
    """What the page says of the pictures that a model's answers are most like."""

    model: str
    n_entries: int
    retrievals: list[Retrieval]
    drawn: Picture | None


@dataclass(frozen=True)
class Bands:
    """What the page says of what each band of features adds to the R² of a model."""

    model: str
    unit: str
    parts: list[Any]  # rows of the table
    drawn: Picture
    unique: list[Any]  # likewise, of what is lost without each; empty where it is not known
    unique_drawn: Picture | None


@dataclass(frozen=True)
class Online:
    """What the page says of decoders that ran over recordings."""

    unit: str
    explained: list[str]
    pairs: list[Picture]
    events: list[dict[str, str]]
    courses: list[Picture]
    curves: list[Picture]


@dataclass(frozen=True)
class Section:
    """What the page says of one results folder; the template lays it out."""

    anchor: str
    title: str
    name: str
    date: str
    verdict: list[str]
    verdict_flags: tuple[str, ...]
    asked: list[Asked]
    metrics: list[str]
    rows: list[TableRow]
    has_p: bool
    has_ceiling: bool
    ceilings: str
    noise_ceiling: str
    chance: str
    shuffled: str
    interval: str
    flags: list[tuple[str, str]]
    units: pd.DataFrame | None
    scores: list[Picture]
    reliability: list[Reliability]
    bands: list[Bands]
    targets: list[Picture]
    courses: list[Picture]
    reconstructions: Reconstructions | None
    retrieved: Retrieved | None
    repeats: list[Picture]
    trainings: list[Picture]
    online: Online | None
    confusions: list[Picture]
    attention: list[Picture]
    patterns: list[Picture]
    pattern_notes: list[str]
    undrawn: dict[str, list[str]]
    many_classes: bool
    tested: dict[str, str]
    left_out: list[tuple[str, int]]
    troubles: list[str]
    notes: list[str]
    warnings: list[tuple[str, int, str]]
    n_more_warnings: int
    provenance: Mapping[str, Any]
    resolved: str
    in_memory: bool
    shipped: bool
    rsa: None = None


@dataclass(frozen=True)
class RsaSection:
    """What the page says of results whose RDMs were compared."""

    anchor: str
    title: str
    name: str
    date: str
    verdict: list[str]
    verdict_flags: tuple[str, ...]
    asked: list[Asked]
    rsa: RsaPart
    troubles: list[str]
    notes: list[str]
    provenance: Mapping[str, Any]
    resolved: str
    in_memory: bool
    shipped: bool
    warnings: tuple[()] = ()
    n_more_warnings: int = 0
