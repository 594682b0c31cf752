"""Figures of representational similarity: RDMs, agreement with models, and its course in time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import rankdata

from neurodecode.core.rdms import Rdms
from neurodecode.harness.rsa.table import CEILING_OF, RsaRow
from neurodecode.linalg.mds import classical_mds
from neurodecode.report.figures import CHANCE, plain_text, plot_scores, scores_size
from neurodecode.report.tables import spaced

CEILING: dict[str, Any] = {"fc": "#e9e4d6", "ec": "none"}
COLOURS = ("#1f5582", "#b3541e", "#3b7a57", "#7a3b6b", "#8a7a1e", "#4b4b4b", "#a83244", "#2e8b9a")
_SIDE = 1.75  # inches of one RDM
_MAP = 2.6  # inches of one map
_SHAPES = ("o", "^", "s")  # where colours are used up
_MOST_GROUPS = 20  # of conditions: more names cannot be read beside a matrix
_COURSE = (6.4, 3.2)  # inches
_LEVEL = 0.05
_NO_GROUPS = ("condition", "subject", "session", "run", "stimulus")  # columns of conditions


def agreement_figure(rows: Sequence[RsaRow]) -> Figure:
    """Draw models against subjects: points, means, intervals, permuted labels, noise ceilings.

    Parameters
    ----------
    rows : sequence of RsaRow
        Of one comparison, region and time.
    """
    figure = Figure(figsize=scores_size(rows), layout="constrained")
    plot_agreement(rows, figure.subplots())
    return figure


def plot_agreement(rows: Sequence[RsaRow], ax: Axes | None = None) -> Axes:
    """Draw what `agreement_figure` says on axes.

    Parameters
    ----------
    rows : sequence of RsaRow
        Of one comparison, region and time.
    ax : matplotlib Axes, optional
        Without one, a pyplot figure is made, which notebooks show.

    Returns
    -------
    ax : matplotlib Axes
    """
    # How many subjects there are is said beside the table; a hollow mark for it tells no more.
    shown = [
        replace(row, flags=tuple(f for f in row.flags if not f.startswith(CEILING_OF)))
        for row in rows
    ]
    ax = plot_scores(shown, ax, below="the brain beside itself, no model")
    low, high = rows[0].ceiling_low, rows[0].ceiling_high
    if low is not None and high is not None:
        ax.axvspan(low, high, zorder=0, **CEILING)
        ax.text(
            (low + high) / 2, 1, "noise ceiling", transform=ax.get_xaxis_transform(), ha="center",
            va="bottom", fontsize=9.5, color="#7d7048",
        )  # fmt: skip
    return ax


def course_figures(rows: Sequence[RsaRow]) -> Iterator[tuple[str, Figure, str]]:
    """Draw how models agree with the brain over time, a figure a region.

    Parameters
    ----------
    rows : sequence of RsaRow
        Of one comparison, all with a time.

    Yields
    ------
    region : str
    figure : matplotlib Figure
    told : str
        What it shows, in words.
    """
    for region in dict.fromkeys(row.region for row in rows):
        mine = [row for row in rows if row.region == region]
        figure = Figure(figsize=_COURSE, layout="constrained")
        yield region, figure, _draw_course(figure.subplots(), mine)


def plot_course(rows: Sequence[RsaRow], ax: Axes | None = None) -> Axes:
    """Draw what `course_figures` says on axes, of one comparison and region.

    Parameters
    ----------
    rows : sequence of RsaRow
    ax : matplotlib Axes, optional
        Without one, a pyplot figure is made, which notebooks show.

    Returns
    -------
    ax : matplotlib Axes
    """
    if ax is None:
        _, ax = plt.subplots(figsize=_COURSE, layout="constrained")
    _draw_course(ax, rows)
    return ax


def rdm_figure(rdms: Rdms, names: Sequence[str], conditions: pd.DataFrame) -> tuple[Figure, str]:
    """Draw RDMs as the places of their dissimilarities, conditions in the order of their groups.

    Parameters
    ----------
    rdms : Rdms
    names : sequence of str
        A title each.
    conditions : DataFrame
        A row a condition, in the order of the RDMs.

    Returns
    -------
    figure : matplotlib Figure
    told : str
        What it shows, in words.
    """
    order, groups, column = grouped(conditions)
    n_columns = min(4, len(rdms))
    n_rows = -(-len(rdms) // n_columns)
    figure = Figure(
        figsize=(_SIDE * n_columns + (1.1 if groups else 0.2), (_SIDE + 0.35) * n_rows + 0.4),
        layout="constrained",
    )
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    for ax in axes.flat[len(rdms) :]:
        ax.set_axis_off()
    drawn: Any = None
    places = Rdms(_places(rdms.values), rdms.conditions, rdms.table).squares()
    for i, (ax, name) in enumerate(zip(axes.flat, names, strict=False)):
        shown = np.ma.masked_invalid(places[i][np.ix_(order, order)])
        drawn = ax.imshow(shown, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
        ax.set_title(plain_text(name, 26), fontsize=9.5, loc="left")
        ax.spines[:].set_visible(False)
        ax.set_xticks([])
        ax.set_yticks([])
        _mark(ax, groups, named=i % n_columns == 0)
    bar = figure.colorbar(drawn, ax=axes, shrink=0.5, aspect=14, pad=0.02)
    bar.set_ticks([0, 0.5, 1], labels=["least", "median", "most"], fontsize=8.5)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue] (a spine)
    told = f"RDMs of {', '.join(names)}; conditions by {column}" if column else "RDMs"
    return figure, f"{told}. Colour: place among the dissimilarities of the same RDM."


def map_figure(
    rdms: np.ndarray, names: Sequence[str], conditions: pd.DataFrame
) -> tuple[Figure, str]:
    """Draw conditions as points whose distances are near dissimilarities, coloured by category.

    Parameters
    ----------
    rdms : ndarray, shape (n_rdms, n_pairs)
        Without NaN.
    names : sequence of str
        A title each.
    conditions : DataFrame
        A row a condition, in the order of the RDMs.

    Returns
    -------
    figure : matplotlib Figure
    told : str
        What it shows, in words.
    """
    order, groups, column = grouped(conditions)
    n_columns = min(3, len(rdms))
    n_rows = -(-len(rdms) // n_columns)
    figure = Figure(
        figsize=(_MAP * n_columns + (1.5 if groups else 0.2), (_MAP + 0.3) * n_rows),
        layout="constrained",
    )
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    for ax in axes.flat[len(rdms) :]:
        ax.set_axis_off()
    shares = []
    for ax, rdm, name in zip(axes.flat, rdms, names, strict=False):
        places, share = classical_mds(rdm)
        shares.append(f"{name} {share:.0%}")
        for i, (group, a, b) in enumerate(groups or [("", 0, len(order))]):
            mine = places[order[a:b]]
            shape, colour = _SHAPES[i // len(COLOURS)], COLOURS[i % len(COLOURS)]
            label = plain_text(group, 24) or None
            ax.scatter(*mine.T, s=16, marker=shape, c=colour, linewidths=0, alpha=0.85, label=label)
        ax.set_title(plain_text(name, 30), fontsize=9.5, loc="left")
        ax.set_aspect("equal", adjustable="datalim")
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_color("#cccccc")
    if groups:
        handles, labels = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=8.5)
    by = f", by {column}" if column else ""
    return figure, (
        f"Conditions as points{by}: squared distances between them are near dissimilarities "
        f"(classical scaling). Shown of all spread: {', '.join(shares)}."
    )


def grouped(conditions: pd.DataFrame) -> tuple[np.ndarray, list[tuple[str, int, int]], str]:
    """Order conditions by their category, where a column has one.

    Returns
    -------
    order : ndarray of int
    groups : list of (name, first, after the last)
    column : str
        Of the conditions; empty where none has groups.
    """
    n = len(conditions)
    names = [name for name in conditions.columns if name not in _NO_GROUPS]
    counts = {name: len({str(one) for one in conditions[name]}) for name in names}
    fit = [name for name, k in counts.items() if 2 <= k <= min(_MOST_GROUPS, n // 2)]
    if not fit:
        return np.arange(n), [], ""
    column = "category" if "category" in fit else max(fit, key=lambda name: counts[name])
    labels = conditions[column].astype(str).to_numpy()
    first = {name: i for i, name in reversed(list(enumerate(labels)))}
    order = np.array(sorted(range(n), key=lambda i: (first[labels[i]], i)))
    sorted_labels = labels[order]
    starts = [0, *(np.flatnonzero(sorted_labels[1:] != sorted_labels[:-1]) + 1).tolist(), n]
    groups = [(str(sorted_labels[a]), a, b) for a, b in pairwise(starts)]
    return order, groups, column


def _places(values: np.ndarray) -> np.ndarray:
    """Place of each dissimilarity among those of its RDM, from 0 to 1; NaN stay."""
    found = np.full(values.shape, np.nan)
    for i, one in enumerate(values):
        kept = ~np.isnan(one)
        ranks = rankdata(one[kept])
        # A model of two levels is drawn from end to end.
        found[i, kept] = (ranks - ranks.min()) / max(np.ptp(ranks), 1)
    return found


def _mark(ax: Axes, groups: list[tuple[str, int, int]], *, named: bool) -> None:
    """Set groups of conditions apart by lines, and name them beside the first matrix of a line."""
    for _, first, _ in groups[1:]:
        ax.axhline(first - 0.5, color="white", lw=0.6)
        ax.axvline(first - 0.5, color="white", lw=0.6)
    if groups and named:
        ax.set_yticks(
            [(a + b - 1) / 2 for _, a, b in groups],
            [plain_text(name, 20) for name, _, _ in groups],
            fontsize=max(5.0, 8.5 - 0.2 * len(groups)),
        )
        ax.tick_params(length=0)


def _draw_course(ax: Axes, every: Sequence[RsaRow]) -> str:
    rows = [row for row in every if row.role == "model"]
    times = sorted({row.time for row in rows if row.time is not None})
    first = [row for row in rows if row.model == rows[0].model]
    bounds = {row.time: (row.ceiling_low, row.ceiling_high) for row in first}
    ends = np.array([bounds[t] for t in times], dtype=np.float64)
    if np.isfinite(ends).any():
        ax.fill_between(times, ends[:, 0], ends[:, 1], zorder=0, label="noise ceiling", **CEILING)
    ax.axhline(0, color=CHANCE, ls=":", lw=1.2)
    said = []
    models = list(dict.fromkeys(row.model for row in rows))
    low = min([*(row.ci_low for row in rows if np.isfinite(row.ci_low)), 0.0])
    for i, model in enumerate(models):
        mine = {row.time: row for row in rows if row.model == model}
        colour = COLOURS[i % len(COLOURS)]
        mean = np.array([mine[t].mean for t in times])
        limits = np.array([(mine[t].ci_low, mine[t].ci_high) for t in times])
        if np.isfinite(limits).any():
            ax.fill_between(times, limits[:, 0], limits[:, 1], color=colour, alpha=0.15, lw=0)
        ax.plot(times, mean, color=colour, lw=1.7, label=plain_text(model, 30))
        sure = [t for t in times if (p := mine[t].p) is not None and p < _LEVEL]
        height = low - 0.03 * (i + 1) * max(1e-9, float(np.nanmax(mean)) - low)
        ax.plot(sure, np.full(len(sure), height), ls="", marker="s", ms=2.6, color=colour)
        if sure:
            said.append(f"{model} from {sure[0]:.3f} s ({len(sure)} of {len(times)} times)")
    ax.set_xlabel("seconds from the event", fontsize=10)
    ax.set_ylabel(spaced(rows[0].metric), fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    above = "; ".join(said) if said else "none"
    return f"Squares: corrected p below {_LEVEL:g}: {above}. Bands: 95 % interval."
