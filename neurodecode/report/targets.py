"""What the page shows of single targets: scores against noise ceilings, and where they are."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neurodecode.core.names import find
from neurodecode.core.space import Space
from neurodecode.harness.table_row import TableRow
from neurodecode.harness.targets import PART
from neurodecode.report.by_region import region_figure
from neurodecode.report.figures import MODEL
from neurodecode.report.maps import Colours, how_drawn, in_slices, plot_patterns
from neurodecode.report.patterns import MeanPatterns
from neurodecode.report.results import Results
from neurodecode.report.surfaces import can_be_drawn, on_the_surface
from neurodecode.report.tables import spaced

_MOST_MAPS = 3  # people, or spaces of theirs
_BY = {
    "anova_nc": "an analysis of variance of stimuli that were repeated",
    "explainable_variance": "the variance that repeated runs have in common",
    "ncsnr_nsd": "the noise of repeats about their mean, of standardised values",
    "split_half": "correlations of halves of the repeats, stepped up to all of them",
    "data_set": "the files that the data set comes with",
}
_CHOSEN = "viridis"
Drawn = tuple[str, Figure, str]  # title, figure, what it shows


def ceiling_sentence(results: Results) -> str:
    """Say of what the noise ceilings are, or why there are none; empty where none can be."""
    if results.index["target"]["kind"] != "brain":
        return ""
    rows = [row for row in results.rows() if row.ceiling_by or row.ceiling_note]
    known = [row for row in rows if row.ceiling is not None]
    if not known:
        return f"None: {rows[0].ceiling_note}." if rows else ""
    row = known[0]
    of = "means of repeats" if row.ceiling_of == "mean_k" else "single rows"
    threshold = results.index["noise_ceiling"]["threshold"]
    selected = (
        ""
        if row.ceiling_by == "data_set"
        else " Each half of the stimuli selects them for the ceiling of the other."
    )
    return (
        f"The most that a perfect model would score against the noise, of {of}, by "
        f"{_BY[row.ceiling_by]}. Both columns are of the {row.n_above} of {row.n_targets} targets "
        f"whose reliability is above {threshold:g}: their mean ceiling, and the sum of their "
        f"scores over the sum of their ceilings.{selected} Nothing is cut, so that a "
        "fraction may pass 1 by chance. The score itself is of all targets."
    )


def target_figures(results: Results) -> Iterator[Drawn]:
    """Draw the targets of the best model under the first metric that is a mean over them."""
    row = _best(results)
    if row is None:
        return
    targets = results.targets(row.metric, row.model)
    bounded = "ceiling" in targets and bool(np.isfinite(targets["ceiling"].to_numpy()).any())
    yield _distribution(targets, row, bounded=bounded)
    by_region = region_figure(results, row.metric)
    if by_region is not None:
        yield f"{spaced(row.metric)} by region", *by_region
    if "time" in targets:
        yield _course(targets, row, bounded=bounded)
        return
    shown: Any = list(targets.groupby(["subject", "space"], sort=False))
    for (subject, number), mine in shown[:_MOST_MAPS]:
        space = results.store.target_space(int(number)).space
        who = f"subject {subject}" if subject else "all subjects"
        maps = {"score": mine["score"].to_numpy()}
        if bounded:
            maps["noise ceiling"] = mine["ceiling"].to_numpy()
        yield from _maps(space, maps, row, who)
        for name in _choices(mine):
            yield from _chosen(space, name, mine[name].to_numpy(), row, who)


def _best(results: Results) -> TableRow | None:
    """Give the row whose targets are shown, of the first metric that is a mean over targets."""
    if results.index["target"]["kind"] != "brain":
        return None
    for metric in results.index["metrics"]:
        judged = find(metric, "metrics")
        if judged.of_targets is None:
            continue
        rows = [
            row
            for row in results.rows()
            if row.metric == metric and row.role == "model" and not row.note
        ]
        better = 1 if judged.direction == "up" else -1
        return max(rows, key=lambda row: better * row.mean, default=None)
    return None


def _distribution(targets: pd.DataFrame, row: TableRow, *, bounded: bool) -> Drawn:
    known = targets.dropna(subset=["score"])
    n = len(known)
    figure = Figure(figsize=(7.6 if bounded else 4.2, 3.1), layout="constrained")
    axes = figure.subplots(1, 2 if bounded else 1, squeeze=False).ravel()
    values = {"score": known["score"].to_numpy()}
    if bounded:
        both = known.dropna(subset=["ceiling"])
        values["noise ceiling"] = both["ceiling"].to_numpy()
        ax = axes[1]
        ax.scatter(
            both["ceiling"], both["score"], s=max(2, min(12, 4000 / max(n, 1))), alpha=0.5,
            color=MODEL, lw=0,
        )  # fmt: skip
        ends = np.array(ax.get_xlim())
        ax.plot(ends, ends, color="#222222", lw=0.9, ls=(0, (4, 3)))
        ax.axhline(0, color="#bbbbbb", lw=0.8, zorder=0)
        ax.set_xlim(*ends)
        ax.set_xlabel(f"noise ceiling in {row.ceiling_unit}")
        ax.set_ylabel(spaced(row.metric))
    bins = np.histogram_bin_edges(np.concatenate(list(values.values())), bins=40)
    for (name, one), colour in zip(values.items(), (MODEL, "#c98a3b"), strict=False):
        axes[0].hist(one, bins=bins, color=colour, alpha=0.65, label=name)
    axes[0].set_xlabel(spaced(row.metric))
    axes[0].set_ylabel("targets")
    axes[0].legend(frameon=False, fontsize=9)
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8.5)
    told = f"{n} targets of {row.model}: median {spaced(row.metric)} {known['score'].median():.3f}"
    if bounded:
        told += (
            f", median noise ceiling {known['ceiling'].median():.3f}. Dotted: a score that is all "
            "that noise lets be told"
        )
    if "p_max" in known:
        n_above = np.sum(known["p_max"].to_numpy() < 0.05)
        told += f". {n_above} have a p below .05, corrected for all targets of the person"
    return "Scores of single targets", figure, f"{told}."


def _course(targets: pd.DataFrame, row: TableRow, *, bounded: bool) -> Drawn:
    """Draw means over channels at each time of a trial."""
    figure = Figure(figsize=(5.6, 2.9), layout="constrained")
    ax = figure.subplots()
    names = {"score": (MODEL, "-")} | ({"ceiling": ("#c98a3b", "--")} if bounded else {})
    for name, (colour, style) in names.items():
        means: Any = targets.groupby("time")[name].mean()
        label = "noise ceiling" if name == "ceiling" else name
        ax.plot(means.index, means.to_numpy(), color=colour, ls=style, label=label)
    ax.axhline(0, color="#bbbbbb", lw=0.8, zorder=0)
    ax.set_xlabel("seconds from the event")
    ax.set_ylabel(spaced(row.metric))
    ax.legend(frameon=False, fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)
    return "Over time", figure, f"{row.model}: mean over channels at each time of a trial."


def _maps(space: Space, maps: Mapping[str, np.ndarray], row: TableRow, who: str) -> Iterator[Drawn]:
    title = f"{spaced(row.metric)}, {who}"
    if can_be_drawn(space):
        yield title, on_the_surface(space, maps, Colours.about_zero(maps)), _on_surface(space)
        return
    if not _has_places(space):
        return
    patterns = MeanPatterns(row.model, maps, space, False, 1, 1, 0)
    yield title, plot_patterns(patterns), how_drawn(patterns)


def _chosen(
    space: Space, name: str, values: np.ndarray, row: TableRow, who: str
) -> Iterator[Drawn]:
    """Draw what was chosen for each target, on a scale of its own."""
    numbers = np.unique(values)
    low, high = float(numbers.min()), float(numbers.max())
    ticks = tuple(numbers[:: max(1, len(numbers) // 6)].astype(float))
    colours = Colours(
        _CHOSEN, low, max(high, low + 1), ticks, tuple(f"{one:g}" for one in ticks)
    )  # fmt: skip
    maps, title = {name: values.astype(float)}, f"Best {name}, {who}"
    what = f"The {name} that {row.model} chose for each target, on training rows."
    if can_be_drawn(space):
        yield title, on_the_surface(space, maps, colours), f"{what} {_on_surface(space)}"
    elif space.kind == "voxels" and space.ijk is not None:
        drawn = how_drawn(MeanPatterns(row.model, maps, space, False, 1, 1, 0))
        yield title, in_slices(space, maps, colours), f"{what} {drawn}"


def _choices(targets: pd.DataFrame) -> list[str]:
    """Columns of what was chosen: they come after those that every table has."""
    own = {*targets.columns[: list(targets).index("score") + 1], "p", "p_max", "q"}
    own |= {"ceiling", "fraction"}
    return [name for name in targets if name not in own and not name.startswith(PART)]


def _has_places(space: Space) -> bool:
    return (space.kind == "voxels" and space.ijk is not None and space.affine is not None) or (
        space.kind == "sensors" and space.positions is not None
    )


def _on_surface(space: Space) -> str:
    every = "" if space.shape[0] == space.shape[1] == 10_242 else ", every vertex of fsaverage5"
    return f"On the inflated surface of {space.mesh}{every}; grey has no vertices."
