"""Data, models and options of one representational similarity analysis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.trials import Trials
from neurodecode.harness.rsa.models import ModelRdm
from neurodecode.harness.rsa.options import CHOSEN, RsaOptions
from neurodecode.harness.rsa.site import check_shared
from neurodecode.harness.rsa.sources import Source, in_order


@dataclass(frozen=True, eq=False)
class RsaStudy:
    """What an analysis is of.

    Parameters
    ----------
    title : str
    sources : tuple of Source
        One a subject and region.
    models : tuple of ModelRdm
    options : RsaOptions
    conditions : DataFrame
        A row a condition that any subject has, in the order of RDMs; ``condition`` and what else is
        known of each.
    seed : int
    made_from : mapping
        For provenance: plain data.
    notes : tuple of str
    failed : mapping of str to str
        Recordings that could not be prepared, and why.
    simulated : bool
        Whether recordings were made, with a planted effect.

    Raises
    ------
    ConfigError
        If nuisance names no model, or all of them.
    DataError
        If quantiles are to be chosen by others, and there are fewer than three subjects.
    """

    title: str
    sources: tuple[Source, ...]
    models: tuple[ModelRdm, ...]
    options: RsaOptions
    conditions: pd.DataFrame
    seed: int = 0
    made_from: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    simulated: bool = False

    def __post_init__(self):
        names = [one.name for one in self.models]
        unknown = [one for one in self.options.nuisance if one not in names]
        if unknown:
            raise ConfigError(f"nuisance: no model is called {unknown[0]!r}; there are: "
                              f"{', '.join(names)}.")  # fmt: skip
        if set(names) <= set(self.options.nuisance):
            raise ConfigError("nuisance: all models are; name one more, which is to be compared.")
        n_subjects = len({one.subject for one in self.sources})
        if self.options.geo_topological == CHOSEN and n_subjects < 3:
            raise DataError(
                f"geo_topological: {CHOSEN}: quantiles are chosen by how others agree, and there "
                f"are {n_subjects} subjects. Three are the fewest; say two quantiles."
            )
        many = [n for n in self.options.nuisance if self.model(n).kind != "fixed"]
        if many:
            raise ConfigError(f"nuisance: {many[0]!r} is fitted itself; name its members instead.")

    def model(self, name: str) -> ModelRdm:
        """Give the model of this name."""
        return next(one for one in self.models if one.name == name)

    def key(self) -> str:
        """Digest of data, models and options: a name for the analysis."""
        data = [one.parts(self.options, self.seed) for one in self.sources]
        return digest([data, [one.content for one in self.models], vars(self.options), self.seed])


def all_conditions(sources: Sequence[Source]) -> tuple[str, ...]:
    """Give the conditions that sources have: the union, where they differ in them.

    Raises
    ------
    DataError
        If there are fewer than three; or where subjects differ, one has fewer than four, or no two
        of a region share four.
    """
    names = sources[0].names
    if any(one.names != names for one in sources):
        names = tuple(in_order(np.concatenate([one.conditions for one in sources])))
    if len(names) < 3:
        raise DataError(
            f"{len(names)} conditions have {len(names) // 2} pairs: there is nothing "
            "to correlate. Three are needed, and more are better."
        )
    for region in dict.fromkeys(one.region for one in sources):
        mine = [one for one in sources if one.region == region]
        own = np.array([[name in set(one.names) for name in names] for one in mine])
        if (own != own[0]).any():
            check_shared(own, [one.subject for one in mine], region)
    return names


def same_conditions(sources: Sequence[Source]) -> tuple[str, ...]:
    """Give the conditions that all sources have, where none are named and their order says which.

    Raises
    ------
    DataError
        As `all_conditions`, or if a subject has others than the first.
    """
    first = sources[0]
    for one in sources[1:]:
        if one.names != first.names:
            raise DataError(
                f"{one.label} has {len(one.names)} conditions and {first.label} "
                f"{len(first.names)}, and none is named. Name them: conditions={{SUBJECT: [NAME, "
                "…]}, the same name for the same one."
            )
    return all_conditions(sources)


def sources_of_trials(trials: Trials, options: RsaOptions) -> tuple[Source, ...]:
    """Find subjects, regions and conditions in trials, whose first signal is the brain's.

    Parameters
    ----------
    trials : Trials
    options : RsaOptions

    Raises
    ------
    ConfigError
        If a column that options name is not there.
    """
    rows, signal = trials.rows, next(iter(trials.signals))
    column = options.conditions or condition_column(rows)
    by_region = "" if options.regions == "types" else options.regions
    asked = (("conditions", column), ("runs", options.runs), ("regions", by_region))
    for said, name in asked:
        if name and name not in rows:
            raise ConfigError(
                f"rsa: {said}: trials have no column {name!r}; there are: "
                f"{', '.join(rows.columns)}."
            )
    region = rows[by_region].astype(str) if by_region else np.full(len(rows), "", object)
    subject = np.asarray(rows["subject"], dtype=str)
    found = []
    for name in dict.fromkeys(subject):
        for area in dict.fromkeys(region[subject == name]):
            at = np.flatnonzero((subject == name) & (region == area))
            found += _sources_of(trials.take(at), name, str(area), column, options, signal)
    return tuple(found)


def condition_column(rows: Any) -> str:
    """Name the column of conditions where none is said."""
    for name in ("stimulus", "label"):
        if name in rows:
            return name
    raise ConfigError(
        f"rsa: conditions: say which column has them; there are: {', '.join(rows.columns)}."
    )


def conditions_table(trials: Trials, options: RsaOptions, names: Sequence[str]) -> pd.DataFrame:
    """Give a row a condition, with those columns of the trials that have one value each."""
    rows: Any = trials.rows.table
    column = options.conditions or condition_column(trials.rows)
    grouped = rows.assign(condition=rows[column].astype(str)).groupby("condition", sort=True)
    most = grouped.nunique(dropna=False).max()
    same = [name for name in most.index if most[name] <= 1 and name not in ("uid", "recording")]
    return grouped.first().loc[list(names), same].reset_index()


def condition_vectors(
    trials: Trials, options: RsaOptions, names: Sequence[str], signal: str
) -> np.ndarray:
    """Give what the first trial of each condition points to in a signal.

    Raises
    ------
    ConfigError
        If trials have no such signal.
    """
    if signal not in trials.signals:
        raise ConfigError(
            f"features: there are no {signal!r}, neither declared under features nor as a track of "
            f"the recordings; there are: {', '.join(trials.signals)}."
        )
    of = np.asarray(trials.rows[options.conditions or condition_column(trials.rows)], dtype=object)
    at = [int(np.argmax(of.astype(str) == name)) for name in names]
    return trials.take(at).array(signal)


def _sources_of(
    trials: Trials, subject: str, region: str, column: str, options: RsaOptions, signal: str
) -> list[Source]:
    trials.check_alike(signal)
    brain = trials.signal(signal)
    part = brain.used()[0]
    conditions = np.asarray(trials.rows[column], dtype=object).astype(str)
    runs = np.asarray(trials.rows[options.runs]).astype(str) if options.runs else None
    times = None
    if part.axes[-1] == "time" and part.sfreq:
        # Epochs are entries, whose part says when they begin.
        times = (part.tmin if brain.length[0] < 0 else _tmin(trials), part.sfreq)
    content = digest([trials.key(), signal])

    def read(channels: np.ndarray | None = None) -> np.ndarray:
        X = trials.array(signal)
        return X if channels is None else X[:, channels]

    if options.regions != "types":
        return [Source(subject, region, read, content, conditions, runs, times)]
    types = np.array(part.space.types)
    if len(types) == 0:
        raise ConfigError(
            "rsa: regions: types: channels are of no regions here. Name a column of the trials, or "
            "leave it out."
        )
    return [
        Source(
            subject,
            str(one),
            partial(read, np.flatnonzero(types == one)),
            digest([content, str(one)]),
            conditions,
            runs,
            times,
        )
        for one in dict.fromkeys(types)
    ]


def _tmin(trials: Trials) -> float:
    """Seconds from an event to the first sample of its window."""
    start, onset = (np.asarray(trials.rows[name], float)[0] for name in ("start", "onset"))
    return float(start - onset) if np.isfinite(start - onset) else 0.0
