"""Noise ceilings beside scores: what repeats of the tested stimuli let a perfect encoder tell."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError
from neurodecode.core.rows import Rows, in_time
from neurodecode.core.truth import BrainTruth
from neurodecode.harness.asked_ceiling import AUTOMATIC, DATA_SET, FUNCTIONS, NONE
from neurodecode.harness.repeats import first_repeats
from neurodecode.harness.store import Store
from neurodecode.linalg.groups import group_means
from neurodecode.metrics.ceiling import Ceiling, as_reliability, for_mean_of

STIMULUS = "stimulus"
Whose = tuple[str, int]  # a subject and the number of a space
_BYTES = 2**26  # of the repeats of a block of targets
_FEWEST = 5  # stimuli in a half by which targets are selected for the other


@dataclass(frozen=True, eq=False)
class NoiseCeiling:
    """The noise ceiling of one person's targets, of what is scored.

    Parameters
    ----------
    subject : str
        Empty where people are scored together.
    function : str
    scored : Ceiling
        ``reliability`` of what scores are made against: single rows, or means of repeats.
    halves : tuple of Ceiling
        The same from either half of the stimuli: by each, targets are selected for the other.
    n_stimuli : int
        With two repeats or more; 0 where the data set came with the ceiling.
    n_repeats : tuple of int
        Fewest and most of them.
    """

    subject: str
    function: str
    scored: Ceiling
    halves: tuple[Ceiling, Ceiling]
    n_stimuli: int
    n_repeats: tuple[int, int]


def noise_ceilings(store: Store) -> dict[Whose, NoiseCeiling] | str:
    """Compute the noise ceiling of each tested person's targets from stored truth, or say why not.

    Parameters
    ----------
    store : Store

    Returns
    -------
    ceilings : dict, or str
        Of each subject (empty where people are scored together) and number of a space, whose
        targets they are. Text says why there is none.
    """
    index = store.index()
    asked = index["noise_ceiling"]["function"]
    if index["target"]["kind"] != "brain":
        return "what is told is no brain"
    if asked == NONE:
        return "not asked for (ceiling: none)"
    tested = tested_rows(store, index)
    if not len(tested):
        return "nothing was tested yet"
    found = _of_repeats(store, index, tested) if asked != DATA_SET else ""
    if isinstance(found, str) and asked in (AUTOMATIC, DATA_SET):
        known = _of_data_set(store, index, tested)
        found = known or found or "the data set comes with none"
    return found


def _of_repeats(
    store: Store, index: Mapping[str, Any], tested: pd.Series
) -> dict[Whose, NoiseCeiling] | str:
    table, at = store.rows(), tested.index.to_numpy()
    if STIMULUS not in table:
        return "no column says which stimulus was shown, so no repeats are known"
    rows, asked = Rows(table).take(at), index["noise_ceiling"]
    truth: Any = store.truth(table)
    items, runs_on = _items(rows, index)
    function = asked["function"]
    if function == AUTOMATIC:
        function = "explainable_variance" if runs_on else "anova_nc"
    found: dict[Whose, NoiseCeiling] = {}
    for whose, mine in _by_whose(rows, index, truth.spaces[at]):
        mine = mine[items[mine] >= 0]
        own = np.unique(items[mine], return_inverse=True)[1]
        if len(mine) == 0 or np.bincount(own).max() < 2:
            continue
        order = _order(rows.take(mine), own, runs_on=runs_on)
        layout = _layout(own[order])
        try:
            found[whose] = _ceiling(
                whose[0],
                function,
                asked["arguments"],
                truth[at[mine]],
                np.unique(tested.to_numpy()[mine], return_inverse=True)[1],
                np.where(layout < 0, -1, order[layout]),
                np.bincount(own),
                averaged=index["aggregate"] is not None,
            )
        except DataError as error:
            return f"{function}: {error}"
    return found or "no tested stimulus was shown twice to one person"


def _of_data_set(
    store: Store, index: Mapping[str, Any], tested: pd.Series
) -> dict[Whose, NoiseCeiling]:
    """Give the ceilings that the spaces have from their files; none where one has none."""
    table, at = store.rows(), tested.index.to_numpy()
    rows, truth = Rows(table).take(at), store.truth(table)
    assert isinstance(truth, BrainTruth)  # what is written of a brain
    items = _items(rows, index)[0]
    found: dict[Whose, NoiseCeiling] = {}
    for whose, mine in _by_whose(rows, index, truth.spaces[at]):
        value = store.target_space(whose[1]).ceiling
        if value is None:
            return {}
        counts = np.bincount(np.unique(items[mine[items[mine] >= 0]], return_inverse=True)[1])
        averaged = index["aggregate"] is not None and len(counts)
        n_repeats = 1 / float(np.mean(1 / counts)) if averaged else 1.0
        of = for_mean_of(Ceiling(value, "reliability", "single"), n_repeats)
        found[whose] = NoiseCeiling(whose[0], DATA_SET, of, (of, of), 0, (0, 0))
    return found


def _by_whose(
    rows: Rows, index: Mapping[str, Any], spaces: np.ndarray
) -> Iterator[tuple[Whose, np.ndarray]]:
    """Give each subject (empty where people are scored together) and space, and their rows."""
    within = "subject" in index["within"]
    subjects = rows["subject"].astype(str) if within else np.full(len(rows), "", dtype=object)
    whose = list(zip(subjects.tolist(), spaces.tolist(), strict=True))
    for one in dict.fromkeys(whose):
        yield one, np.flatnonzero([other == one for other in whose])


def tested_rows(store: Store, index: Mapping[str, Any]) -> pd.Series:
    """Give what tested rows are scored together with, indexed by their position in the study."""
    position = pd.Index(store.rows()["uid"])
    table, classes = store.rows(), tuple(index["target"]["classes"])
    fold_of: dict[str, str] = {}
    for job in store.answers(index):
        itself = job["draw"] is None and job["permutation"] is None and job["ceiling"] is None
        if itself and job["seed"] == index["seeds"][0] and job["fold"] not in fold_of:
            fold_of[job["fold"]] = job["key"]
    at, named = [], []
    for fold, key in fold_of.items():
        here = position.get_indexer(pd.Index(store.predictions(key, classes).uid))
        at.append(here)
        named += [fold] * len(here)
    where = np.concatenate(at) if at else np.zeros(0, dtype=np.int64)
    names: Any = pd.Series("", index=where)
    for unit in index["within"]:
        told = named if unit == "fold" else table[unit].astype(str).to_numpy()[where]
        names = names + "|" + np.asarray(told, dtype=object)
    return names[~names.index.duplicated()].sort_index()


def _items(rows: Rows, index: Mapping[str, Any]) -> tuple[np.ndarray, bool]:
    """Give a number of what each row shows (-1: nothing named), and whether it runs on in time.

    Of what runs on, rows of one stimulus (a film) are told apart by their place in the run.
    """
    aggregate = index["aggregate"]
    if aggregate is None and STIMULUS not in rows:
        return np.full(len(rows), -1), False
    by = list(aggregate["by"]) if aggregate is not None else [STIMULUS]
    if "subject" in index["within"] and "subject" not in by:
        by.append("subject")
    named = np.logical_and.reduce([pd.notna(rows[name]) for name in by])
    runs_on = index["target"]["rotates"] and _contiguous(rows)
    codes = rows.codes(*by)
    if runs_on:
        frame = pd.DataFrame({"run": rows.codes("recording"), "code": codes})
        place = frame.groupby(["run", "code"]).cumcount()
        codes = pd.factorize(pd.Series(list(zip(codes, place, strict=True))))[0]
    if aggregate is not None and aggregate["n"] is not None:
        named &= first_repeats(rows, codes, aggregate["n"])
    return np.where(named, codes, -1), bool(runs_on)


def _contiguous(rows: Rows) -> bool:
    """Whether most rows begin where the row before ends, as the volumes of a run do."""
    if "start" not in rows or "stop" not in rows:
        return False
    start, stop = rows["start"].astype(float), rows["stop"].astype(float)
    same = rows["recording"][1:] == rows["recording"][:-1]
    follows = np.isclose(start[1:], stop[:-1], atol=1e-3)
    return bool(same.any() and np.mean(follows[same]) > 0.9)


def _order(rows: Rows, items: np.ndarray, *, runs_on: bool) -> np.ndarray:
    """Order rows by what they show, then in time; what runs on keeps the order of its first run."""
    time = np.empty(len(rows), dtype=np.int64)
    time[in_time(rows, np.arange(len(rows)))] = np.arange(len(rows))
    if not runs_on:
        return np.lexsort((time, items))
    first = np.full(items.max() + 1, len(rows))
    np.minimum.at(first, items, time)
    return np.lexsort((time, first[items]))


def _layout(items: np.ndarray) -> np.ndarray:
    """Give the place of each repeat of each item among rows that are sorted by item; -1 for none.

    Repeats of a film are not numbered by run: where runs show several films, no run has all.

    Returns
    -------
    layout : ndarray of int, shape (n_repeats, n_items)
        The first time that each was shown, the second and so on.
    """
    begins = np.flatnonzero(np.r_[True, items[1:] != items[:-1]])
    item = np.cumsum(np.r_[False, items[1:] != items[:-1]])
    repeat = np.arange(len(items)) - begins[item]
    layout = np.full((repeat.max() + 1, len(begins)), -1)
    layout[repeat, item] = np.arange(len(items))
    return layout


def _ceiling(
    subject: str,
    function: str,
    arguments: Mapping[str, Any],
    y: np.ndarray,
    groups: np.ndarray,
    layout: np.ndarray,
    counts: np.ndarray,
    *,
    averaged: bool,
) -> NoiseCeiling:
    """Compute the ceiling of rows, in blocks of targets; `counts`: repeats of each stimulus."""
    # Scores are about the mean of what is scored together, so what groups differ by is no signal.
    means = group_means(y, groups)
    n_repeats = 1 / float(np.mean(1 / counts)) if averaged else 1.0
    first, second = _halves(layout)
    several = []
    for columns in _blocks(layout.size, y.shape[1]):
        centred = y[:, columns] - means[:, columns][groups]
        repeats = np.where(layout[..., None] < 0, np.nan, centred[layout])
        parts = [repeats, repeats[:, first], repeats[:, second]]
        several.append([_of(function, arguments, one, n_repeats) for one in parts])
    whole, *halves = (_joined(one) for one in zip(*several, strict=True))
    repeated = counts[counts > 1]
    return NoiseCeiling(
        subject, function, whole, (halves[0], halves[1]), len(repeated),
        (int(repeated.min()), int(repeated.max())),
    )  # fmt: skip


def _of(
    function: str, arguments: Mapping[str, Any], repeats: np.ndarray, n_repeats: float
) -> Ceiling:
    if function == "ncsnr_nsd":
        repeats = repeats / np.sqrt(np.nanmean(repeats**2, axis=(0, 1)))
    return for_mean_of(as_reliability(FUNCTIONS[function](repeats, **arguments)), n_repeats)


def _halves(layout: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give two halves of the stimuli, in order of time.

    Were targets selected by the stimuli whose ceiling they then have, the signal itself would reach
    .62 and .74 of it, of 10 and 18 stimuli (shown twice, reliabilities from 0 to .5, r2); as it is
    1.14 and 1.05.
    """
    repeated = np.flatnonzero((layout >= 0).sum(axis=0) > 1)
    if len(repeated) < 2 * _FEWEST:
        raise DataError(
            f"{len(repeated)} stimuli were shown twice, and half of them must select targets for "
            f"the ceiling of the other half: {2 * _FEWEST} at least"
        )
    first, second = np.array_split(repeated, 2)
    return first, second


def _joined(ceilings: Iterable[Ceiling]) -> Ceiling:
    """Join the ceilings of blocks of targets."""
    several = list(ceilings)
    value = np.concatenate([one.value for one in several])
    one = several[0]
    return Ceiling(value, one.unit, one.of, n_repeats=one.n_repeats)


def _blocks(n_rows: int, n_targets: int) -> Iterator[slice]:
    size = max(1, _BYTES // (8 * max(1, n_rows)))
    return (slice(start, start + size) for start in range(0, n_targets, size))
