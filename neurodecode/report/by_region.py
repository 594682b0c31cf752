"""What encoders reach in each region of the brain, on the page."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neurodecode.core.names import find
from neurodecode.harness.score import collect_groups
from neurodecode.harness.target_scores import target_scores
from neurodecode.report.figures import CONTROL, plain_text
from neurodecode.report.results import Results
from neurodecode.report.tables import spaced

_COLOURS = ("#1f5582", "#b5541c", "#00704a", "#7a4fa0", "#8a6d00", "#a83244", "#2e8b9a", "#4b4b4b")
_MOST_REGIONS = 24
_SPREAD = 0.6  # of a row, that its models are spread over


def region_scores(results: Results, metric: str) -> pd.DataFrame:
    """Give the mean score over the targets of each region, a row a model.

    Parameters
    ----------
    results : Results
        Of encoders.
    metric : str
        Whose score is a mean over targets.

    Returns
    -------
    scores : DataFrame
        A column a region, those of most targets first: the mean over its targets, then over people.
        Models, then oracles; empty where targets have no region, or all have one.
    """
    store, judged = results.store, find(metric, "metrics")
    truth = store.truth(store.rows())
    roles = {row.model: row.role for row in results.rows() if row.metric == metric and not row.note}
    shown = [name for name, role in roles.items() if role == "model"]
    shown += [name for name, role in roles.items() if role == "ceiling"]
    tables: dict[int, pd.DataFrame] = {}
    frames = []
    for model in shown:
        groups = collect_groups(store, only=lambda job, model=model: job["model"] == model)
        itself = (group for group in groups if group.is_itself)
        for (subject, number), score in target_scores(judged, itself, truth).items():
            table = tables.setdefault(number, store.target_space(number).table())
            if "region" not in table or "time" in table:
                return pd.DataFrame()
            mine = pd.DataFrame({"region": table["region"], "score": score})
            frames.append(mine[mine["region"] != ""].assign(model=model, subject=subject))
    if not frames:
        return pd.DataFrame()
    every = pd.concat(frames, ignore_index=True)
    n_targets: Any = every.groupby("region", sort=False).size()
    order = n_targets.sort_values(ascending=False, kind="stable").index
    if len(order) < 2:
        return pd.DataFrame()
    of_people: Any = every.groupby(["model", "region", "subject"])["score"].mean()
    means = of_people.groupby(level=["model", "region"]).mean().unstack("region")
    return means.loc[shown, order]


def region_figure(results: Results, metric: str) -> tuple[Figure, str] | None:
    """Draw a mark a model in each region.

    Parameters
    ----------
    results : Results
        Of encoders.
    metric : str
        Whose score is a mean over targets.

    Returns
    -------
    figure : matplotlib Figure
    told : str
        What it shows, in words. None of both where targets are not of several regions.
    """
    scores = region_scores(results, metric)
    if scores.empty:
        return None
    n_regions = scores.shape[1]
    scores = scores.iloc[:, :_MOST_REGIONS]
    oracles = {row.model for row in results.rows() if row.role == "ceiling"}
    figure = Figure(figsize=(6.4, 1.1 + 0.42 * scores.shape[1]), layout="constrained")
    ax = figure.subplots()
    rows = np.arange(scores.shape[1])
    models = [name for name in scores.index if name not in oracles]
    offsets = np.linspace(-_SPREAD / 2, _SPREAD / 2, len(models)) if len(models) > 1 else [0.0]
    for i, (name, offset) in enumerate(zip(models, offsets, strict=True)):
        ax.plot(
            scores.loc[name], rows + offset, ls="", marker="o", ms=5, alpha=0.9,
            color=_COLOURS[i % len(_COLOURS)], label=plain_text(name, 40),
        )  # fmt: skip
    for name in scores.index.intersection(list(oracles)):
        ax.plot(
            scores.loc[name], rows, ls="", marker="|", ms=16, mew=1.6, color=CONTROL,
            label=plain_text(name, 40),
        )  # fmt: skip
    ax.axvline(0, color="#bbbbbb", lw=0.8, zorder=0)
    ax.set_yticks(rows, [plain_text(str(one), 30) for one in scores], fontsize=9)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel(spaced(metric), fontsize=10)
    ax.tick_params(labelsize=9)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
    up = find(metric, "metrics").direction == "up"
    own = scores.loc[models]
    best = own.idxmax() if up else own.idxmin()
    told = "; ".join(f"{one} {own.loc[best[one], one]:.3f} ({best[one]})" for one in own)
    least = "" if n_regions == scores.shape[1] else f" of the {_MOST_REGIONS} with most targets"
    return figure, f"Means over the targets of each region{least}, then people. Best: {told}."
