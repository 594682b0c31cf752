"""What the page says of dissimilarities that were compared."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.rdms import Rdms
from neurodecode.harness.rsa.options import RsaOptions
from neurodecode.harness.rsa.run import stored_models, stored_rdms
from neurodecode.harness.rsa.table import NOT_AT_ZERO, RsaRow
from neurodecode.report.asked import Asked, Line
from neurodecode.report.embedded import Picture, as_svg, as_webp
from neurodecode.report.results import Results
from neurodecode.report.rsa_figures import agreement_figure, course_figures, map_figure, rdm_figure
from neurodecode.report.tables import number, spaced
from neurodecode.report.words import counted, flag_sentence

_DESCRIBED = ("geo_topological", "geodesic")  # options that say what of RDMs is compared
_MOST_RDMS = 16
_MOST_MAPS = 6  # regions
_MOST_PAIRS = 120  # of models whose difference is told
_MOST_PLACES = 12  # regions that are drawn one by one


@dataclass(frozen=True)
class RsaPart:
    """Tables and figures of one analysis."""

    tables: list[tuple[str, list[RsaRow]]]
    has_region: bool
    has_time: bool
    has_p: bool
    terms: list[tuple[str, str]]
    flags: list[tuple[str, str]]
    agreements: list[Picture]
    courses: list[Picture]
    rdms: list[Picture]
    subjects: pd.DataFrame | None
    differences: pd.DataFrame | None
    fitted: list[tuple[str, RsaRow]]


def rsa_part(results: Results) -> RsaPart:
    """Lay out the tables and figures of an analysis."""
    rows = [row for row in results.rows() if isinstance(row, RsaRow)]
    metrics = results.index["metrics"]
    flags = sorted({flag for row in rows for flag in row.flags})
    return RsaPart(
        tables=[(spaced(one), [row for row in rows if row.metric == one]) for one in metrics],
        has_region=any(row.region for row in rows),
        has_time=any(row.time is not None for row in rows),
        has_p=any(row.p is not None for row in rows),
        terms=list(_terms(results, rows)),
        flags=[(flag, flag_sentence(flag)) for flag in flags],
        agreements=list(_agreements(metrics, rows)),
        courses=list(_courses(metrics, rows)),
        rdms=list(_rdms(results)),
        subjects=_subjects(rows),
        differences=_differences(results),
        fitted=[
            (f"{row.model}{_place(row)}", row)
            for row in rows
            if row.member_scores and row.time is None
        ],
    )


def rsa_verdict(results: Results) -> list[str]:
    """Say in a few sentences what came out under the first comparison."""
    metric = results.index["metrics"][0]
    rows = [r for r in results.rows() if isinstance(r, RsaRow) and r.metric == metric]
    models = [row for row in rows if row.role == "model"]
    if not models:
        return ["No model has a score."]
    best = max(models, key=lambda row: row.mean)
    n_models = len({row.model for row in models})
    place = _place(best)
    said = [
        f"{'The model' if n_models == 1 else f'Best of {n_models} models'}: {best.model}{place}, "
        f"{spaced(metric)} {number(best.mean)}"
        + (f" (95 % interval {number(best.ci_low)} to {number(best.ci_high)})"
           if best.ci_low == best.ci_low else "")
        + f" over {counted(best.n_units, 'subject')} and {counted(best.n_trials, 'condition')}."
    ]  # fmt: skip
    if best.ceiling_low is not None and best.ceiling_high is not None:
        within = best.mean >= best.ceiling_low
        said.append(
            f"The noise ceiling is {number(best.ceiling_low)} to {number(best.ceiling_high)}: "
            + (
                "it tells what subjects share as well as they tell it of each other."
                if within
                else "subjects share more than it tells."
            )
        )
    if best.p is not None:
        said.append(
            f"p is {best.p:.3f}: the share of permutations of the conditions under which "
            + {
                "max": "any model, anywhere, is as far above its own chance.",
                "bh": "it scores as well, corrected for the rate of false discoveries.",
                "none": "it scores as well, not corrected for the other rows.",
            }[results.index["options"]["correction"]]
        )
    if 0 < sum(bool(row.member_scores) for row in models) < len(models):
        said.append(
            "Models that are fitted are scored on fewer pairs than the others: hold them against "
            "their members in the same folds."
        )
    if n_models > 1:
        said.append("The best was picked by the scores below, which favours it a little.")
    return said


def rsa_asked(results: Results, resolved: Mapping[str, Any]) -> list[Asked]:
    """Say what was asked: data, dissimilarities, comparison, models."""
    index, options = results.index, results.index["options"]
    data = resolved.get("data", {})
    told = "RDMs or patterns in memory" if "in_memory" in data else str(data.get("card"))
    jobs = index["jobs"]
    subjects, regions = ({job[key] for job in jobs} for key in ("subject", "region"))
    several = f", {counted(len(regions), 'region')}" if len(regions) > 1 else ""
    noise = "" if options["noise"] == "none" else f", noise {options['noise']}"
    distance = {
        "precomputed": "As they were given.",
        "crossnobis": f"crossnobis over runs{noise}.",
    }.get(options["distance"], f"{options['distance']}{noise}.")
    made = spaced(RsaOptions(**{k: options[k] for k in _DESCRIBED if k in options}).descriptor)
    distance += f" Compared: {made}." if made else ""
    drawn = " and ".join(options["resample"])
    asked = [
        Asked("Data", (Line(f"{told}: {counted(len(subjects), 'subject')}{several}, "
                            f"{counted(len(index['conditions']), 'condition')}."),)),
        Asked("Dissimilarity", (Line(distance),)),
        Asked("Compared by", tuple(Line("", name=spaced(one)) for one in index["metrics"])),
        Asked("Interval over", (Line(f"{drawn}."),)),
    ]  # fmt: skip
    models = {one["name"]: one for one in index["model_rdms"]}
    for role, term in (("model", "Models"), ("nuisance", "Taken out first")):
        mine = [one["name"] for one in index["models"] if one["role"] == role]
        if mine:
            asked.append(Asked(term, tuple(_model(models[name]) for name in mine)))
    return asked


def _model(one: Mapping[str, Any]) -> Line:
    if one["kind"] == "fixed":
        return Line("", name=one["name"])
    return Line(f"{one['kind']}: {', '.join(one['members'])}", name=one["name"])


def _terms(results: Results, rows: Sequence[RsaRow]) -> Iterator[tuple[str, str]]:
    options = results.index["options"]
    yield "score", "Mean over subjects, each compared with the model by itself."
    yield "interval", _interval(options, rows)
    if any(row.ceiling_low is not None for row in rows):
        yield (
            "ceiling",
            "How well the mean RDM of the other subjects tells a subject (lower), and that of all, "
            "this one among them (upper). The best possible model lies between. Both depend on how "
            "many subjects there are: compare no groups of different size by them.",
        )
    if any(row.metric in NOT_AT_ZERO for row in rows):
        yield (
            "chance",
            "Zero; of comparisons that do not centre, the mean over permuted conditions.",
        )
    if any(row.p is not None for row in rows):
        how = {
            "max": "A share of permutations whose largest excess over all models, regions and "
            "times is as large, each in standard deviations of its own permutations (family-wise).",
            "bh": "Corrected over models, regions and times for the rate of false discoveries "
            "(Benjamini & Hochberg).",
            "none": "Of each row alone: with many rows, some are small by chance.",
        }[options["correction"]]
        yield (
            "permuted",
            f"Condition labels of the models dealt anew, {options['n_permutations']} times, alike "
            "for all models and places: mean and standard deviation."
            + (
                " Models with weights are fitted anew each time."
                if any(one["kind"] != "fixed" for one in results.index["model_rdms"])
                else ""
            ),
        )
        yield "p", how
    if any(row.member_scores for row in rows):
        yield (
            "fitted models",
            "Scored on subjects and within folds of conditions that they were not fitted to. Folds "
            "have fewer pairs than all conditions: hold them against their members in the same "
            "folds, below, and not against the rows of fixed models.",
        )
    if any(row.role == "ceiling" for row in rows):
        yield (
            "split-half reliability",
            f"RDMs of random halves of the runs compared with each other, mean of "
            f"{options['split_half']}, stepped up to all runs (Spearman & Brown): how well RDMs of "
            "as many other runs of the same brain would agree with these. Of no model; a little "
            "low where noise is large.",
        )


def _interval(options: Mapping[str, Any], rows: Sequence[RsaRow]) -> str:
    n = max((row.n_units for row in rows), default=0)
    over = [one for one in options["resample"] if one == "conditions" or n > 1]
    if not over or (over == ["conditions"] and options["n_bootstraps"] == 0):
        return "None: one subject has no spread, and conditions were not resampled."
    told = " and ".join(over)
    return f"95 %, over {told}: how the score would vary with others of them."


def _agreements(metrics: Sequence[str], rows: Sequence[RsaRow]) -> Iterator[Picture]:
    for metric in metrics:
        mine = [row for row in rows if row.metric == metric and row.time is None]
        for region in list(dict.fromkeys(row.region for row in mine))[:_MOST_PLACES]:
            here = [row for row in mine if row.region == region]
            told = "; ".join(f"{row.model} {number(row.mean)}" for row in here)
            title = f"{region}, {spaced(metric)}" if region else spaced(metric)
            yield as_svg(agreement_figure(here), f"{title}: {told}.", title=title)


def _courses(metrics: Sequence[str], rows: Sequence[RsaRow]) -> Iterator[Picture]:
    for metric in metrics:
        mine = [row for row in rows if row.metric == metric and row.time is not None]
        for region, figure, told in course_figures(mine) if mine else ():
            title = f"{region}, {spaced(metric)}" if region else spaced(metric)
            yield as_webp(figure, told, quality=90, title=title, caption=told)


def _rdms(results: Results) -> Iterator[Picture]:
    """Draw the mean of subjects in each region, and the models; and the means as maps of points."""
    data, models = (
        stored_rdms(results.store, results.index), stored_models(results.store, results.index),
    )  # fmt: skip
    rows, names = [], []
    for region, mine in data.table.groupby("region", sort=False):
        rows.append(_mean(data.values[mine.index]))
        n = len(set(mine["subject"]))
        names.append(f"{region or 'data'}" + (f", mean of {n}" if n > 1 else ""))
    whole = [i for i, one in enumerate(rows) if np.isfinite(one).all()][:_MOST_MAPS]
    maps = np.array([rows[i] for i in whole]), [names[i] for i in whole]
    for one in models:
        for value, member in zip(one.values, one.members or ("",), strict=True):
            rows.append(value)
            names.append(f"{one.name}: {member}" if member else one.name)
    rows, names = rows[:_MOST_RDMS], names[:_MOST_RDMS]
    table = pd.DataFrame({"subject": [f"{i}" for i in range(len(rows))]})
    shown = Rdms(pd.DataFrame(rows).to_numpy(), data.conditions, table)
    figure, told = rdm_figure(shown, names, results.trials())
    yield as_webp(figure, told, quality=88, caption=told)
    if whole:  # points have distances to all
        figure, told = map_figure(*maps, results.trials())
        yield as_webp(figure, told, quality=88, caption=told)


def _mean(rdms: np.ndarray) -> np.ndarray:
    """Average over those that have a pair; NaN where none has."""
    known = np.isfinite(rdms)
    total, n = np.where(known, rdms, 0).sum(axis=0), known.sum(axis=0)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _subjects(rows: Sequence[RsaRow]) -> pd.DataFrame | None:
    """Scores by subject, a column a model and place; None of one subject, or of many times."""
    mine = [row for row in rows if row.time is None and row.n_units > 1]
    if not mine:
        return None
    several = len({row.metric for row in mine}) > 1
    columns = {
        f"{row.model}{_place(row)}" + (f", {spaced(row.metric)}" if several else ""): row.per_unit
        for row in mine
    }
    table = pd.DataFrame(columns)
    own = {k: n for row in mine for k, n in row.conditions_per_unit.items()}
    if own:
        table.index = pd.Index(
            [f"{name} ({counted(own[name], 'condition')})" for name in table.index]
        )
    chosen = {row.metric: row.quantiles_per_unit for row in mine if row.quantiles_per_unit}
    if len(chosen) == 1:  # each comparison has its own
        (ends,) = chosen.values()
        told = {
            name: f"{name} (quantiles {low:g} to {high:g})" for name, (low, high) in ends.items()
        }
        table = table.rename(index=told)
    table.index.name = "subject"
    return table


def _differences(results: Results) -> pd.DataFrame | None:
    """Give which of two models is better, under the first comparison; None where there is none."""
    found = results.differences(results.index["metrics"][0])
    found = pd.DataFrame(found[found["time"].isna()])
    return None if len(found) == 0 or len(found) > _MOST_PAIRS else found


def _place(row: RsaRow) -> str:
    time = "" if row.time is None else f" at {row.time:.3f} s"
    return (f" in {row.region}" if row.region else "") + time
