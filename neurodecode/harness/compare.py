"""Whether one model is better than another: paired tests over units, from stored predictions.

A unit is what is scored apart: a subject, else a session or a fold. Differences are taken within
units. Where there is one unit, its test trials (their blocks, where there are any) are drawn again
for both models at once, and the row says ``test-set only``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import Literal

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.names import find
from neurodecode.harness.differences import Tested, questions_differ, rows_differ, tested_rows
from neurodecode.harness.paired_bootstrap import bootstrapped
from neurodecode.harness.paired_tests import TESTS, Test, over_trials, over_units
from neurodecode.harness.rsa.run import ANALYSIS
from neurodecode.harness.store import Store
from neurodecode.harness.table import table_rows
from neurodecode.harness.table_row import TableRow
from neurodecode.linalg.permutation import Alternative, benjamini_hochberg, holm

Correction = Literal["holm", "fdr_bh", "none"]
ALTERNATIVES: tuple[Alternative, ...] = ("two-sided", "greater", "less")
CORRECTIONS: tuple[Correction, ...] = ("holm", "fdr_bh", "none")
_WORDS = {"holm": "Holm", "fdr_bh": "Benjamini-Hochberg"}
_CORRECT = {"holm": holm, "fdr_bh": benjamini_hochberg, "none": np.asarray}
_NAN = float("nan")


@dataclass(frozen=True)
class Comparison:
    """One model against another.

    Parameters
    ----------
    first, second : str
        Models; with the experiment or folder in brackets where there are several.
    metric : str
    first_mean, second_mean : float
        Scores over the units.
    difference : float
        First less second, mean over units.
    ci_low, ci_high : float
        95 % interval of the difference: Student t over units (bias-corrected bootstrap from 20
        on); percentiles of the paired bootstrap for one unit. Wider, where what is tested also
        trains the models that the others are tested on. NaN, with a flag, where the spread of the
        differences tells nothing.
    dz, dz_low, dz_high : float
        Mean difference in s.d. of the differences, with its 95 % interval from the noncentral t;
        NaN for one unit, or where all differences are equal.
    p : float
        NaN of a corrected t test without spread.
    p_adjusted : float
        Corrected for all comparisons of the table.
    n_units : int
    unit : str
    test : str
        What p is of, and how it was corrected.
    flags : tuple of str
    per_unit : dict of str to float
        Difference of each unit.
    note : str
        Why there is no comparison, or empty.
    """

    first: str
    second: str
    metric: str
    first_mean: float = _NAN
    second_mean: float = _NAN
    difference: float = _NAN
    ci_low: float = _NAN
    ci_high: float = _NAN
    dz: float = _NAN
    dz_low: float = _NAN
    dz_high: float = _NAN
    p: float = _NAN
    p_adjusted: float = _NAN
    n_units: int = 0
    unit: str = ""
    test: str = ""
    flags: tuple[str, ...] = ()
    per_unit: dict[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, eq=False)
class _Entry:
    """A model of a results folder, with its row of the table; what is read, is read once."""

    store: Store
    row: TableRow
    label: str

    @cached_property
    def inflation(self) -> dict[str, float]:
        return self.store.index()["inflation"]

    @cached_property
    def tested(self) -> Tested:
        return tested_rows(self.store, self.row.model)

    @cached_property
    def draws(self) -> tuple[np.ndarray, tuple[str, ...]]:
        return bootstrapped(self.store, self.row.model, self.row.metric)


def compare_results(
    stores: Sequence[Store],
    *,
    metric: str | None = None,
    models: Sequence[str] | None = None,
    against: str | None = None,
    test: Test = "auto",
    alternative: Alternative = "two-sided",
    correction: Correction = "holm",
) -> tuple[list[Comparison], list[str]]:
    """Compare models within a results folder, or across several.

    Parameters
    ----------
    stores : sequence of Store
        Within one folder each pair of models is compared. Across folders each model with the same
        one in the others; where no model is in two of them, each with each.
    metric : str, optional
        The first one of the first folder without.
    models : sequence of str, optional
        Which ones, controls included; all models and no control without.
    against : str, optional
        Compare with this model or control alone, that of the same folder where there is one.
    test : {"auto", "sign_flip", "wilcoxon", "corrected_t"}
        Of the differences of several units. ``auto``: sign flips, or where units train each other's
        models, as in leave-one-subject-out, the corrected t test.
    alternative : {"two-sided", "greater", "less"}
        Of the first score less the second, whether greater is better or, as of losses, lower;
        then the row says so.
    correction : {"holm", "fdr_bh", "none"}

    Returns
    -------
    comparisons : list of Comparison
    notes : list of str
        What the experiments ask differently.

    Raises
    ------
    ConfigError
        If a name is not there, there is nothing to compare, or no pair has the same units.
    """
    for name, value, known in (
        ("test", test, TESTS),
        ("alternative", alternative, ALTERNATIVES),
        ("correction", correction, CORRECTIONS),
    ):
        if value not in known:
            raise ConfigError(f"compare: {name} is {value!r}; give one of {', '.join(known)}.")
    metric, entries = _entries(stores, metric)
    pairs = _pairs(entries, models, against)
    asked: dict[tuple[Store, Store], dict[str, str]] = {}
    comparisons = []
    lower_is_better = find(metric, "metrics").direction == "down"
    for first, second in pairs:
        flags = ["lower is better"] if lower_is_better else []
        if first.store != second.store:
            both = first.store, second.store
            if both not in asked:
                asked[both] = questions_differ(*both)
            flags += [f"{key} differs" for key in asked[both]]
        flags += rows_differ(first.tested, second.tested)
        comparisons.append(_compare(first, second, flags, test, alternative))
    if all(one.note for one in comparisons):
        raise ConfigError([f"{one.first}, {one.second}: {one.note}" for one in comparisons])
    notes = [
        f"{key} differs: {said} ({first.folder} / {second.folder})"
        for (first, second), differences in asked.items()
        for key, said in differences.items()
    ]
    return _corrected(comparisons, correction), notes


def _entries(stores: Sequence[Store], metric: str | None) -> tuple[str, list[_Entry]]:
    """Rows of all tables under one metric, with labels that tell folders apart."""
    folders = [one.folder.resolve() for one in stores]
    twice = [one for i, one in enumerate(stores) if folders[i] in folders[:i]]
    if not stores or twice:
        what = f"{twice[0].folder} is given twice" if twice else "no results are given"
        raise ConfigError(f"compare: {what}. Name one results folder, or several.")
    for store in stores:
        if store.index().get("analysis") == ANALYSIS:
            raise ConfigError(
                f"{store.folder}: RDMs were compared there, and no predictions are stored. Which "
                "of two models is better is on its page, and in Results.differences()."
            )
    metric = str(metric or stores[0].index()["metrics"][0])
    find(metric, "metrics")
    names = [store.index()["name"] for store in stores]
    entries = []
    for store, name in zip(stores, names, strict=True):
        scored = store.index()["metrics"]
        if metric not in scored:
            there = ", ".join(scored)
            raise ConfigError(
                f"{store.folder}: metric {metric!r} was not scored; there are: {there}. Run it "
                f"again with --set metrics=[{metric}]: no model is fitted anew for that."
            )
        place = name if names.count(name) == 1 else str(store.folder)
        entries += [
            _Entry(store, row, row.model if len(stores) == 1 else f"{row.model} [{place}]")
            for row in table_rows(store)
            if row.metric == metric
        ]
    return metric, entries


def _pairs(
    entries: Sequence[_Entry], models: Sequence[str] | None, against: str | None
) -> list[tuple[_Entry, _Entry]]:
    known = list(dict.fromkeys(one.row.model for one in entries))
    for name in (*(models or ()), *([] if against is None else [against])):
        if name not in known:
            raise ConfigError(f"compare: no model is called {name!r}.{nearest(name, known)}")
    chosen = [
        one
        for one in entries
        if (one.row.role == "model" if models is None else one.row.model in models)
    ]
    if against is not None:
        references = [one for one in entries if one.row.model == against]
        pairs = [
            (one, other)
            for one in chosen
            if one.row.model != against
            for other in [r for r in references if r.store == one.store] or references
        ]
    elif len({one.store for one in entries}) == 1:
        pairs = list(combinations(chosen, 2))
    else:
        across = [pair for pair in combinations(chosen, 2) if pair[0].store != pair[1].store]
        same = [pair for pair in across if pair[0].row.model == pair[1].row.model]
        pairs = same or across
    if not pairs:
        there = ", ".join(known)
        raise ConfigError(
            f"compare: there is nothing to compare {', '.join(o.label for o in chosen) or 'with'} "
            f"with. Name another with --against, or other --models; there are: {there}."
        )
    return pairs


def _compare(
    first: _Entry, second: _Entry, flags: list[str], test: Test, alternative: Alternative
) -> Comparison:
    metric = first.row.metric
    pair = Comparison(first.label, second.label, metric, flags=tuple(flags))
    note = _why_not(first, second, flags)
    if note:
        return replace(pair, note=note)
    one, other = first.row.per_unit, second.row.per_unit
    per_unit = {name: _difference(one[name], other[name]) for name in one}
    differences = np.array(list(per_unit.values()))
    unit, n_units = first.row.unit, len(differences)
    pair = replace(
        pair,
        first_mean=float(np.mean(list(one.values()))),
        second_mean=float(np.mean([other[name] for name in one])),
        difference=float(differences.mean()),
        n_units=n_units,
        unit=unit,
        per_unit=per_unit,
    )
    of = "row" if n_units == 1 else "unit"
    inflation = max(one.inflation[of] for one in (first, second))
    if n_units == 1:
        (draws, blocks), (other_draws, _) = first.draws, second.draws
        n_draws = min(len(draws), len(other_draws))  # the same draws, of which times have fewer
        n_trials = first.row.n_trials
        whole = "" if len(blocks) == n_trials else f"{len(blocks)} blocks of "
        outcome = over_trials(
            draws[:n_draws] - other_draws[:n_draws], pair.difference, inflation,
            f"{whole}{n_trials} test {first.row.tested}s", alternative,
        )  # fmt: skip
    else:
        # Of seeds that differ, the fewer: the rest of the inflation is then of mutual training.
        repeats = min(one.inflation["repeats"] for one in (first, second))
        outcome = over_units(differences, unit, inflation, test, alternative, repeats)
    return replace(pair, **{**vars(outcome), "flags": (*flags, *outcome.flags)})


def _difference(one: float, other: float) -> float:
    """Give the difference of two scores; 0 where means of equal scores differ by rounding."""
    return 0.0 if np.isclose(one, other, rtol=1e-12, atol=0) else one - other


def _why_not(first: _Entry, second: _Entry, flags: list[str]) -> str:
    """Say why two models cannot be paired; empty where they can."""
    for one in (first, second):
        if one.row.note:
            return f"{one.label} has no score ({one.row.note})"
    if first.row.unit != second.row.unit:
        return f"units differ: one is scored by {first.row.unit}, one by {second.row.unit}"
    units, others = set(first.row.per_unit), set(second.row.per_unit)
    if units != others:
        lone = ", ".join(sorted(units ^ others))
        return f"units differ: {first.row.unit} {lone} has a score of one of the two alone"
    if len(units) > 1:
        return ""
    odd = [flag for flag in flags if flag.startswith("rows differ")]
    if not odd and first.draws[1] != second.draws[1]:
        odd = ["their blocks differ"]
    return f"with one {first.row.unit} trials are paired, and {odd[0]}" if odd else ""


def _corrected(comparisons: list[Comparison], correction: Correction) -> list[Comparison]:
    known = [i for i, one in enumerate(comparisons) if np.isfinite(one.p)]
    adjusted = _CORRECT[correction](np.array([comparisons[i].p for i in known]))
    corrected = list(comparisons)
    for i, p in zip(known, adjusted.tolist(), strict=True):
        how = f"; {_WORDS[correction]} over {len(known)}" if correction in _WORDS else ""
        if len(known) == 1 or not how:
            how = "; not corrected" if len(known) > 1 else ""
        one = comparisons[i]
        corrected[i] = replace(one, p_adjusted=p, test=one.test + how)
    return corrected
